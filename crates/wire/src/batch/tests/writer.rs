//! What the writer refuses, and that a refused row leaves no trace.

use uuid::Uuid;

use super::*;
use crate::batch::{
    Batch, BatchError, DecodeLimits, Header, Kind, MAX_BATCH_BYTES, MAX_BODY_BYTES, MAX_COLUMNS, ResultCode, refusal,
};

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

#[test]
fn a_batch_of_the_most_bytes_is_within_what_a_device_accepts() {
    assert_eq!(DecodeLimits::default().body_bytes, MAX_BODY_BYTES);
    assert_eq!(MAX_BODY_BYTES - MAX_BATCH_BYTES, MAX_COLUMNS as u64);
    // Values of every encoding: a byte more than in the COPY, for each column, is the most.
    let rows = |of: &[&[usize]]| -> Vec<Row> {
        let row = |(at, lengths): (usize, &&[usize])| {
            let values = lengths.iter().map(|length| text(&"x".repeat(*length)));
            std::iter::once(id(at as u128 + 1)).chain(values).collect()
        };
        of.iter().enumerate().map(row).collect()
    };
    let cases: [&[&[usize]]; 4] =
        [&[&[]], &[&[0, 1, 300, 70_000]], &[&[0, 5], &[9, 5]], &[&[1, 300], &[70_000, 70_000]]];
    for case in cases {
        let columns = case[0].len() + 1;
        let mut writer = writer_of(&rows(case), columns);
        let raw = writer.raw_bytes();
        let file = writer.finish(fields(Compression::Zstd)).unwrap();
        let body = Header::parse(&file).unwrap().body_bytes;
        assert!(body <= raw + columns as u64, "{case:?}: {body} of {raw}");
    }
}
