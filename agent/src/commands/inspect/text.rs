//! A batch file, for people.

use std::fmt;

use super::rows::RowsShown;
use super::{AttributeShown, HeaderShown, Inspected};
use crate::commands::plain_table;

/// The characters of a value that are shown; JSON has all of them.
const WIDEST: usize = 60;

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n{}", self.file.display(), self.header)?;
        match &self.problem {
            None => write!(f, "Right             yes: header and body are what they should be")?,
            Some(problem) => write!(f, "Right             no: {problem}")?,
        }
        match &self.content {
            Some(content) => write_rows(f, content, &self.header),
            None => Ok(()),
        }
    }
}

impl fmt::Display for HeaderShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Result            {} ({})", self.result, self.result_code)?;
        writeln!(f, "Kind              {}", self.kind)?;
        writeln!(f, "Compression       {}", self.compression)?;
        writeln!(f, "Metadata version  {}", self.metadata_version)?;
        writeln!(f, "File size         {} bytes, {} of them the header", self.file_size, self.header_bytes)?;
        writeln!(f, "Body              {} bytes before compression", self.body_bytes)?;
        writeln!(f, "Session           {}", self.session)?;
        writeln!(f, "Batch number      {}", self.batch_number)?;
        match &self.entity {
            Some(entity) => writeln!(f, "Object type code  {} ({entity})", self.object_type_code)?,
            None => writeln!(f, "Object type code  {}", self.object_type_code)?,
        }
        writeln!(f, "Row count         {}", self.row_count)?;
        writeln!(f, "First key         {}", self.first_key)?;
        writeln!(f, "Last key          {}", self.last_key)?;
        let attributes: Vec<String> = self.attributes.iter().map(AttributeShown::to_string).collect();
        writeln!(f, "Attributes        {}", attributes.join(", "))?;
        writeln!(f, "Digest            {} (BLAKE3 of the body as stored)", self.digest)
    }
}

impl fmt::Display for AttributeShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

fn write_rows(f: &mut fmt::Formatter<'_>, content: &RowsShown, header: &HeaderShown) -> fmt::Result {
    let RowsShown { offset, rows, misfit } = content;
    if rows.is_empty() {
        return write!(f, "\n\nNo rows from {offset} on: the file has {}.", header.row_count);
    }
    let title = |(index, attribute): (usize, &AttributeShown)| match (&attribute.name, index) {
        (Some(name), _) => name.clone(),
        (None, 0) => "object id".to_owned(),
        (None, _) => format!("attribute {}", attribute.id),
    };
    let titles: Vec<String> = header.attributes.iter().enumerate().map(title).collect();
    let titles: Vec<&str> = std::iter::once("row").chain(titles.iter().map(String::as_str)).collect();
    let mut table = plain_table(&titles);
    for (number, row) in (*offset..).zip(rows) {
        table.add_row(std::iter::once(number.to_string()).chain(row.iter().map(cell)));
    }
    write!(f, "\n\n{table}")?;
    let shown = offset + rows.len();
    if shown < header.row_count as usize {
        write!(f, "\n\nRows {offset} to {} of {}; go on with --offset {shown}", shown - 1, header.row_count)?;
    }
    match misfit {
        Some(misfit) => write!(f, "\n\nShown as bytes, for it is not of its attribute's type: {misfit}"),
        None => Ok(()),
    }
}

/// On one line, and no longer than a table bears.
fn cell(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::Null => "NULL".to_owned(),
        serde_json::Value::String(text) => text.chars().flat_map(visible).collect(),
        other => other.to_string(),
    };
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn visible(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let itself = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(itself)
}
