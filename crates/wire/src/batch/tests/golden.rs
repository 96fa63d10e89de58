//! Golden files of format version 1: a change of the format breaks these tests before it breaks a device.
//!
//! Only the uncompressed files are compared byte for byte, since a newer zstd may compress differently;
//! the compressed ones must read as the same rows for ever. After a change that is meant (a new version),
//! run the tests with `SOJOURN_BLESS=1` to write the files again.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use super::*;
use crate::batch::{Batch, Column, DecodeLimits, Header, Kind, ResultCode, refusal};

fn path(name: &str, extension: &str) -> PathBuf {
    let folder = [env!("CARGO_MANIFEST_DIR"), "golden", "batch"].iter().collect::<PathBuf>();
    folder.join(format!("v1-{name}.{extension}"))
}

/// The cases; written first, where this is asked for.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    static BLESS: Once = Once::new();
    let files = cases();
    BLESS.call_once(|| {
        for (name, file) in files.iter().filter(|_| option_env!("SOJOURN_BLESS").is_some()) {
            fs::write(path(name, "bin"), file).unwrap();
            fs::write(path(name, "txt"), dump(file)).unwrap();
        }
    });
    files
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let wide = vec![vec![id(1), Some(vec![b'w'; 70_000])], vec![id(2), text("narrow")], vec![id(3), None]];
    vec![
        ("rows", sample_file(Compression::None)),
        ("rows-zstd", sample_file(Compression::Zstd)),
        ("deletes", deletes_file(Compression::None)),
        ("deletes-zstd", deletes_file(Compression::Zstd)),
        ("empty", writer_of(&[], 3).finish(fields(Compression::None)).unwrap()),
        ("long-value-zstd", writer_of(&wide, 2).finish(fields(Compression::Zstd)).unwrap()),
        ("refused", refusal(fields(Compression::None), Kind::Rows, ResultCode::FORBIDDEN)),
    ]
}

#[test]
fn files_of_version_1_read_as_they_always_did() {
    for (name, _) in files() {
        let file = fs::read(path(name, "bin")).unwrap();
        assert_eq!(dump(&file), fs::read_to_string(path(name, "txt")).unwrap(), "{name}");
    }
}

#[test]
fn the_writer_makes_files_of_version_1() {
    for (name, file) in files() {
        let golden = fs::read(path(name, "bin")).unwrap();
        if name.ends_with("-zstd") {
            assert_eq!(without_storage(&dump(&file)), without_storage(&dump(&golden)), "{name}");
        } else {
            assert_eq!(file, golden, "{name}");
        }
    }
}

/// Without the two lines that depend on how well zstd compresses.
fn without_storage(dump: &str) -> String {
    let depends = |line: &str| line.starts_with("file size") || line.starts_with("digest");
    dump.lines().filter(|line| !depends(line)).map(|line| format!("{line}\n")).collect()
}

fn dump(file: &[u8]) -> String {
    let header = Header::parse(file).unwrap();
    let mut out = dump_header(&header);
    match Batch::decode(file, DecodeLimits::default()) {
        Err(error) => writeln!(out, "\n{error}").unwrap(),
        Ok(batch) => {
            for (column, attribute) in batch.columns().zip(&header.attributes) {
                writeln!(out, "\nattribute {attribute}").unwrap();
                dump_column(&mut out, column);
            }
        }
    }
    out
}

fn dump_header(header: &Header) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| writeln!(out, "{name:17} {value}").unwrap();
    line("result", &format!("{} ({})", header.result.0, header.result));
    line("file size", &header.file_size);
    line("metadata version", &header.metadata_version);
    line("session", &header.session);
    line("batch number", &header.batch_number);
    line("object type code", &header.object_type_code);
    line("kind", &format!("{:?}", header.kind));
    line("rows", &header.rows);
    line("first key", &header.first_key);
    line("last key", &header.last_key);
    line("compression", &format!("{:?}", header.compression));
    line("attributes", &format!("{:?}", header.attributes));
    line("body bytes", &header.body_bytes);
    line("digest", &header.digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    out
}

fn dump_column(out: &mut String, column: Column<'_>) {
    for (row, value) in column.iter().enumerate() {
        match value {
            None => writeln!(out, "  {row}: null"),
            Some(value) if value.len() > 400 => writeln!(out, "  {row}: {} bytes", value.len()),
            Some(value) => writeln!(out, "  {row}: \"{}\"", value.escape_ascii()),
        }
        .unwrap();
    }
}
