mod copy;
mod damage;
mod golden;
mod parts;
mod pgvalue;
mod round_trip;
mod writer;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::{BatchWriter, Compression, HeaderFields};

/// A row as its fields; `None` is a null.
type Row = Vec<Option<Vec<u8>>>;

fn fields(compression: Compression) -> HeaderFields {
    HeaderFields {
        session: Uuid::from_u128(0x01890a5d_ac96_774b_bcce_b302099a8057),
        batch_number: 7,
        object_type_code: 2,
        metadata_version: 41,
        compression,
    }
}

/// One column of several rows.
type Values = Vec<Option<Vec<u8>>>;

/// The row as Postgres' binary COPY sends it.
fn tuple(row: &Row) -> Vec<u8> {
    let mut out = (row.len() as i16).to_be_bytes().to_vec();
    for field in row {
        match field {
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(value) => {
                out.extend_from_slice(&(value.len() as i32).to_be_bytes());
                out.extend_from_slice(value);
            }
        }
    }
    out
}

fn id(number: u128) -> Option<Vec<u8>> {
    Some(Uuid::from_u128(number).as_bytes().to_vec())
}

fn text(value: &str) -> Option<Vec<u8>> {
    Some(value.as_bytes().to_vec())
}

/// Three rows that need every encoding but the widest.
fn sample_rows() -> Vec<Row> {
    let long = "x".repeat(300);
    vec![
        vec![id(1), None, text("12345678"), None, text("Ada"), text(&long)],
        vec![id(2), None, text("abcdefgh"), text("1234"), None, text("")],
        vec![id(0xff), None, text("ABCDEFGH"), text("5678"), text("Grace"), None],
    ]
}

fn writer_of(rows: &[Row], columns: usize) -> BatchWriter {
    let mut writer = BatchWriter::for_rows((100..).take(columns).collect()).unwrap();
    for row in rows {
        writer.push_copy_row(&tuple(row)).unwrap();
    }
    writer
}

fn sample_file(compression: Compression) -> Vec<u8> {
    writer_of(&sample_rows(), 6).finish(fields(compression)).unwrap()
}

fn deletes_file(compression: Compression) -> Vec<u8> {
    let mut writer = BatchWriter::for_deletes(100);
    for number in [3, 5, 8] {
        writer.push_id(Uuid::from_u128(number)).unwrap();
    }
    writer.finish(fields(compression)).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Values of one column: of one width or of many, with or without nulls, short or past 255 bytes.
fn any_column(rows: usize) -> impl Strategy<Value = Values> {
    let widths =
        prop_oneof![Just(0..=0_usize), (0..20_usize).prop_map(|width| width..=width), Just(0..=30), Just(200..=300)];
    (widths, prop_oneof![Just(1e-6), Just(0.5), Just(1.0 - 1e-6)])
        .prop_flat_map(move |(width, filled)| vec(option::weighted(filled, vec(any::<u8>(), width)), rows))
}

/// Tables of the same number of fields a row, the first a uuid.
fn any_rows() -> impl Strategy<Value = (usize, Vec<Row>)> {
    (0..150_usize, 0..8_usize).prop_flat_map(|(rows, columns)| {
        let ids = vec(vec(any::<u8>(), 16).prop_map(Some), rows);
        let others = vec(any_column(rows), columns);
        (Just(columns + 1), (ids, others).prop_map(rows_of))
    })
}

fn rows_of((ids, others): (Values, Vec<Values>)) -> Vec<Row> {
    let columns = [vec![ids], others].concat();
    let rows = columns[0].len();
    (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

fn any_compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::None), Just(Compression::Zstd)]
}
