//! A damaged, cut or lying file is an error: never a panic, never a part of a batch.

use proptest::prelude::*;

use super::*;
use crate::batch::{Batch, BatchError, DecodeLimits, Header, Kind, ResultCode};

fn decode(file: &[u8]) -> Result<Batch, BatchError> {
    Batch::decode(file, DecodeLimits::default())
}

/// The file with a changed header, whose checksum is right again.
fn with_header(file: &[u8], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::parse(file).unwrap();
    let body = &file[header.bytes()..];
    change(&mut header);
    [&header.encode(), body].concat()
}

/// A file around this uncompressed body, with digest, sizes and checksum right.
fn with_body(rows: u32, columns: usize, body: &[u8]) -> Vec<u8> {
    let file = writer_of(&[], columns).finish(fields(Compression::None)).unwrap();
    let mut header = Header::parse(&file).unwrap();
    header.rows = rows;
    header.file_size = (header.bytes() + body.len()) as u64;
    header.body_bytes = body.len() as u64;
    header.digest = blake3::hash(body).into();
    header.first_key = Uuid::from_slice(body.get(5..21).unwrap_or(&[0; 16])).unwrap();
    header.last_key = header.first_key;
    [&header.encode(), body].concat()
}

/// A body of one row: its object id, then these columns.
fn one_row(columns: &[u8]) -> Vec<u8> {
    [&[1, 16, 0, 0, 0][..], &[9; 16], columns].concat()
}

fn small_files() -> Vec<Vec<u8>> {
    let compressions = [Compression::None, Compression::Zstd];
    compressions.into_iter().flat_map(|compression| [sample_file(compression), deletes_file(compression)]).collect()
}

#[test]
fn any_flipped_bit_is_an_error() {
    for mut file in small_files() {
        for bit in 0..file.len() * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&file).is_err(), "bit {bit}");
            file[bit / 8] ^= 1 << (bit % 8);
        }
        decode(&file).unwrap();
    }
}

#[test]
fn any_cut_and_any_addition_is_an_error() {
    for file in small_files() {
        for end in 0..file.len() {
            assert!(decode(&file[..end]).is_err(), "cut at {end}");
        }
        assert!(decode(&[&file[..], &[0]].concat()).is_err());
    }
}

#[test]
fn a_lying_header_allocates_nothing() {
    let file = sample_file(Compression::Zstd);
    let limit_of = |change: fn(&mut Header)| match decode(&with_header(&file, change)) {
        Err(BatchError::Limit { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(limit_of(|header| header.body_bytes = u64::MAX), "bytes of the body");
    assert_eq!(limit_of(|header| header.body_bytes = 1 << 40), "bytes of the body");
    assert_eq!(limit_of(|header| header.rows = u32::MAX), "rows of the batch");
}

#[test]
fn no_limit_lets_a_body_grow_past_the_format() {
    let limits = DecodeLimits { body_bytes: u64::MAX, rows: u32::MAX };
    let file = with_header(&sample_file(Compression::Zstd), |header| header.body_bytes = 1 << 31);
    assert!(matches!(Batch::decode(&file, limits), Err(BatchError::Limit { .. })));
    let rows = with_body(u32::MAX, 2, &one_row(&[3, 0]));
    assert!(Batch::decode(&rows, limits).is_err());
}

#[test]
fn a_body_that_expands_past_its_stated_length_stops_there() {
    let bomb = zstd::bulk::compress(&vec![0; 50_000_000], 1).unwrap();
    let plain = with_body(1, 1, &one_row(&[]));
    let file = with_header(&plain, |header| {
        header.compression = Compression::Zstd;
        header.file_size = (header.bytes() + bomb.len()) as u64;
        header.digest = blake3::hash(&bomb).into();
    });
    let file = [&file[..Header::parse(&file).unwrap().bytes()], &bomb].concat();
    assert!(matches!(decode(&file), Err(BatchError::Zstd(_))));
}

#[test]
fn a_stated_length_must_be_the_length() {
    for compression in [Compression::None, Compression::Zstd] {
        let changes: [fn(&mut Header); 2] = [|header| header.body_bytes += 1, |header| header.body_bytes -= 1];
        for change in changes {
            assert!(decode(&with_header(&sample_file(compression), change)).is_err());
        }
    }
}

#[test]
fn header_fields_must_agree_with_each_other() {
    let field_of = |change: fn(&mut Header)| match Header::parse(&with_header(&sample_file(Compression::Zstd), change))
    {
        Err(BatchError::Header { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field_of(|header| header.result = ResultCode::INTERNAL), "result");
    assert_eq!(field_of(|header| header.attributes.clear()), "attribute count");
    assert_eq!(field_of(|header| header.attributes = vec![0; 1665]), "attribute count");
    assert_eq!(field_of(|header| header.kind = Kind::Deletes), "attribute count");
    assert_eq!(field_of(|header| header.rows = 0), "first and last key");
}

#[test]
fn the_first_column_must_hold_the_keys() {
    let file = sample_file(Compression::None);
    let changes: [fn(&mut Header); 2] =
        [|header| header.first_key = Uuid::max(), |header| header.last_key = Uuid::nil()];
    for change in changes {
        assert!(matches!(decode(&with_header(&file, change)), Err(BatchError::Column { column: 0, .. })));
    }
    assert!(matches!(decode(&with_body(1, 1, &[0])), Err(BatchError::Column { column: 0, .. })));
}

#[test]
fn a_column_must_be_what_the_format_says() {
    let whole = decode(&with_body(1, 2, &one_row(&[3, 1, b'x']))).unwrap();
    assert_eq!(whole.column(1).unwrap().get(0), Some(&b"x"[..]));
    let bad: [&[u8]; 10] = [
        &[],
        &[6],
        &[3],
        &[3, 2, b'x'],
        &[3, 1, b'x', 0],
        &[1, 1, 0, 0],
        &[1, 255, 255, 255, 255],
        &[2, 1, 0, 0, 0, 1],
        &[2, 1, 0, 0, 0, 0b11, b'x'],
        &[5, 254, 255, 255, 255],
    ];
    for columns in bad {
        assert!(decode(&with_body(1, 2, &one_row(columns))).is_err(), "{columns:?}");
    }
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let words = |file: &[u8]| decode(file).unwrap_err().to_string();
    let file = sample_file(Compression::None);
    assert_eq!(words(b"PK\x03\x04 and so on"), "not a batch file: it starts with [50, 4b, 03, 04]");
    assert_eq!(words(&file[..70]), "first key at offset 64 needs 16 bytes, only 6 are left");
    assert_eq!(words(&file[..400]), format!("the header says {} bytes, the file has 400", file.len()));
    let encoding = with_body(1, 2, &one_row(&[9]));
    assert_eq!(words(&encoding), "column 1 at body offset 21: its encoding is unknown");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn garbage_is_an_error(garbage in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(decode(&garbage).is_err());
        prop_assert!(decode(&[b"SJRN\x01\0", &garbage[..]].concat()).is_err());
    }

    #[test]
    fn a_garbage_body_under_a_right_header_is_rows_or_an_error(
        rows in prop_oneof![0..70_u32, any::<u32>()],
        columns in 1..4_usize,
        body in proptest::collection::vec(prop_oneof![0..6_u8, any::<u8>()], 0..200),
    ) {
        read_everything(&with_body(rows, columns, &one_row(&body)));
        read_everything(&with_body(rows, columns, &body));
    }

    #[test]
    fn a_changed_body_under_a_right_header_is_rows_or_an_error(
        at in any::<prop::sample::Index>(), byte: u8, rows in 1..5_u32,
    ) {
        let file = sample_file(Compression::None);
        let mut body = file[Header::parse(&file).unwrap().bytes()..].to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        read_everything(&with_body(rows, 6, &body));
    }

    #[test]
    fn garbage_under_zstd_is_an_error_or_rows(garbage in proptest::collection::vec(any::<u8>(), 0..100), magic: bool) {
        let start: &[u8] = if magic { &[0x28, 0xb5, 0x2f, 0xfd] } else { &[] };
        let body = [start, &garbage].concat();
        let file = with_header(&with_body(1, 1, &body), |header| header.compression = Compression::Zstd);
        read_everything(&file);
    }
}

/// Whatever decodes must be readable at every position, and every null and value must be counted.
fn read_everything(file: &[u8]) {
    let limits = DecodeLimits { body_bytes: 100_000, rows: 100_000 };
    let Ok(batch) = Batch::decode(file, limits) else { return };
    for column in batch.columns() {
        assert_eq!(column.iter().count(), batch.rows());
        assert_eq!(column.get(batch.rows()), None);
    }
    assert_eq!(batch.object_ids().count(), batch.rows());
}
