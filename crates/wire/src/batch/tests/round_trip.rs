//! What goes in comes out.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::batch::{Batch, DecodeLimits, Header, Kind, MAX_COLUMNS};

fn rows_in(batch: &Batch) -> Vec<Row> {
    let columns: Vec<_> = batch.columns().collect();
    (0..batch.rows()).map(|row| columns.iter().map(|column| column.get(row).map(<[u8]>::to_vec)).collect()).collect()
}

fn decode(file: &[u8]) -> Batch {
    Batch::decode(file, DecodeLimits::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_rows_come_out_as_they_went_in((columns, rows) in any_rows(), compression in any_compression()) {
        let file = writer_of(&rows, columns).finish(fields(compression)).unwrap();
        let batch = decode(&file);
        prop_assert_eq!(batch.header(), &Header::parse(&file).unwrap());
        prop_assert_eq!(batch.header().attributes.len(), columns);
        prop_assert_eq!(rows_in(&batch), rows);
    }

    #[test]
    fn any_ids_come_out_as_they_went_in(numbers in proptest::collection::vec(any::<u128>(), 0..300)) {
        let mut writer = BatchWriter::for_deletes(9);
        for number in &numbers {
            writer.push_id(Uuid::from_u128(*number)).unwrap();
        }
        let batch = decode(&writer.finish(fields(Compression::Zstd)).unwrap());
        prop_assert_eq!(batch.header().kind, Kind::Deletes);
        prop_assert!(batch.object_ids().map(|id| id.as_u128()).eq(numbers));
    }
}

#[test]
fn the_header_says_what_the_writer_was_told_and_counted() {
    let file = sample_file(Compression::Zstd);
    let header = Header::parse(&file[..200]).unwrap();
    let told = fields(Compression::Zstd);
    assert_eq!(header.session, told.session);
    assert_eq!(header.batch_number, told.batch_number);
    assert_eq!(header.object_type_code, told.object_type_code);
    assert_eq!(header.metadata_version, told.metadata_version);
    assert_eq!(header.compression, told.compression);
    assert_eq!((header.kind, header.rows), (Kind::Rows, 3));
    assert_eq!((header.first_key, header.last_key), (Uuid::from_u128(1), Uuid::from_u128(0xff)));
    assert_eq!(header.attributes, [100, 101, 102, 103, 104, 105]);
    assert_eq!(header.file_size, file.len() as u64);
}

#[test]
fn a_batch_may_have_no_rows() {
    let batch = decode(&writer_of(&[], 4).finish(fields(Compression::Zstd)).unwrap());
    assert_eq!((batch.rows(), batch.columns().len()), (0, 4));
    assert!(batch.header().first_key.is_nil() && batch.header().last_key.is_nil());
    assert_eq!(batch.column(0).unwrap().get(0), None);
}

#[test]
fn a_row_may_be_as_wide_as_postgres_allows() {
    let value = |column: usize| if column.is_multiple_of(3) { None } else { text(&column.to_string()) };
    for columns in [1600, MAX_COLUMNS] {
        let row = |key: u128| -> Row { std::iter::once(id(key)).chain((1..columns).map(value)).collect() };
        let rows = vec![row(1), row(2)];
        let file = writer_of(&rows, columns).finish(fields(Compression::Zstd)).unwrap();
        assert_eq!(rows_in(&decode(&file)), rows);
    }
}

#[test]
fn a_value_may_be_longer_than_any_part() {
    let rows = vec![vec![id(1), Some(vec![7; 3_000_000])], vec![id(2), text("short")], vec![id(3), None]];
    let file = writer_of(&rows, 2).finish(fields(Compression::Zstd)).unwrap();
    assert_eq!(rows_in(&decode(&file)), rows);
}

#[test]
fn lengths_around_the_null_marks_stay_lengths() {
    for length in [254, 255, 256, 65_534, 65_535, 65_536] {
        let rows = vec![vec![id(1), Some(vec![1; length])], vec![id(2), None], vec![id(3), text("x")]];
        let file = writer_of(&rows, 2).finish(fields(Compression::None)).unwrap();
        assert_eq!(rows_in(&decode(&file)), rows, "length {length}");
    }
}

#[test]
fn there_is_nothing_past_the_last_row_or_column() {
    let batch = decode(&sample_file(Compression::Zstd));
    assert!(batch.column(6).is_none());
    for column in batch.columns() {
        assert_eq!(column.get(3), None);
        assert_eq!(column.get(usize::MAX), None);
    }
}

#[test]
fn a_writer_is_as_new_after_finish() {
    let mut writer = writer_of(&sample_rows(), 6);
    let first = writer.finish(fields(Compression::Zstd)).unwrap();
    assert_eq!((writer.rows(), writer.raw_bytes()), (0, 0));
    for row in sample_rows() {
        writer.push_copy_row(&tuple(&row)).unwrap();
    }
    assert_eq!(writer.finish(fields(Compression::Zstd)).unwrap(), first);
}
