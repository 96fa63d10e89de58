//! What the writer refuses, and that a refused row leaves no trace.

use uuid::Uuid;

use super::*;
use crate::batch::{Batch, BatchError, DecodeLimits, Header, Kind, MAX_COLUMNS, ResultCode, refusal};

#[test]
fn raw_bytes_and_rows_count_what_was_pushed() {
    let writer = writer_of(&sample_rows(), 6);
    let bytes: usize = sample_rows().iter().map(|row| tuple(row).len()).sum();
    assert_eq!((writer.rows(), writer.raw_bytes()), (3, bytes as u64));
    let mut deletes = BatchWriter::for_deletes(1);
    deletes.push_id(Uuid::nil()).unwrap();
    assert_eq!((deletes.rows(), deletes.raw_bytes()), (1, 16));
}

#[test]
fn a_refused_tuple_leaves_the_batch_as_it_was() {
    let good = tuple(&vec![id(1), text("abc")]);
    let mut writer = BatchWriter::for_rows(vec![1, 2]).unwrap();
    writer.push_copy_row(&good).unwrap();
    for end in 0..good.len() {
        assert!(writer.push_copy_row(&good[..end]).is_err(), "cut at {end}");
    }
    assert!(writer.push_copy_row(&[&good[..], &[0]].concat()).is_err());
    assert!(writer.push_copy_row(&[0xff, 0xff]).is_err());
    let file = writer.finish(fields(Compression::Zstd)).unwrap();
    let batch = Batch::decode(&file, DecodeLimits::default()).unwrap();
    assert_eq!(batch.rows(), 1);
    assert_eq!(batch.column(1).unwrap().get(0), Some(&b"abc"[..]));
}

#[test]
fn a_tuple_must_have_a_field_per_attribute_and_a_uuid_first() {
    let mut writer = BatchWriter::for_rows(vec![1, 2]).unwrap();
    let push = |writer: &mut BatchWriter, row: Row| writer.push_copy_row(&tuple(&row));
    let one = push(&mut writer, vec![id(1)]);
    assert_eq!(one, Err(BatchError::FieldCount { expected: 2, actual: 1 }));
    assert_eq!(push(&mut writer, vec![None, None]), Err(BatchError::ObjectId));
    assert_eq!(push(&mut writer, vec![text("no uuid"), None]), Err(BatchError::ObjectId));
}

#[test]
fn rows_and_ids_do_not_mix() {
    let row = tuple(&vec![id(1)]);
    let deletes = BatchWriter::for_deletes(1).push_copy_row(&row);
    assert_eq!(deletes, Err(BatchError::WrongKind(Kind::Deletes)));
    let rows = BatchWriter::for_rows(vec![1]).unwrap().push_id(Uuid::nil());
    assert_eq!(rows, Err(BatchError::WrongKind(Kind::Rows)));
}

#[test]
fn the_number_of_attributes_has_limits() {
    assert!(BatchWriter::for_rows(vec![]).is_err());
    assert!(BatchWriter::for_rows(vec![0; MAX_COLUMNS]).is_ok());
    assert!(BatchWriter::for_rows(vec![0; MAX_COLUMNS + 1]).is_err());
}

#[test]
fn a_refusal_says_why_and_is_no_batch() {
    let unknown = ResultCode(-5);
    for code in [ResultCode::FORBIDDEN, unknown] {
        let file = refusal(fields(Compression::Zstd), Kind::Rows, code);
        assert_eq!(Header::parse(&file).unwrap().result, code);
        assert_eq!(Batch::decode(&file, DecodeLimits::default()).unwrap_err(), BatchError::Refused(code));
    }
    assert_eq!(BatchError::Refused(unknown).to_string(), "the server refused the batch: unknown result -5");
}
