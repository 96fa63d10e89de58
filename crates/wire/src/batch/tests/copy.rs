//! The COPY stream, whole and in pieces.

use proptest::prelude::*;

use super::*;
use crate::batch::{BatchError, CopyStream};

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: &[u8] = b"\xff\xff";

fn stream_of(rows: &[Row]) -> Vec<u8> {
    let tuples: Vec<u8> = rows.iter().flat_map(tuple).collect();
    [HEADER, &tuples, TRAILER].concat()
}

/// Reads the stream in these chunks.
fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, BatchError> {
    let mut stream = CopyStream::new();
    let mut tuples = Vec::new();
    for mut chunk in chunks {
        while let Some(tuple) = stream.next_tuple(&mut chunk)? {
            tuples.push(tuple.to_vec());
        }
        assert!(chunk.is_empty(), "a chunk is used up before the next is asked for");
    }
    stream.finish().map(|()| tuples)
}

proptest! {
    #[test]
    fn tuples_are_the_same_wherever_chunks_end((_, rows) in any_rows(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let stream = stream_of(&rows);
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        ends.extend([0, stream.len()]);
        ends.sort_unstable();
        let chunks = ends.windows(2).map(|pair| &stream[pair[0]..pair[1]]);
        prop_assert_eq!(read(chunks).unwrap(), rows.iter().map(tuple).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_tuples_or_an_error(garbage in proptest::collection::vec(any::<u8>(), 0..200), header: bool, size in 1..50_usize) {
        let stream = if header { [HEADER, &garbage].concat() } else { garbage };
        let _ = read(stream.chunks(size));
    }
}

#[test]
fn byte_by_byte_is_as_good_as_whole() {
    let stream = stream_of(&sample_rows());
    let tuples: Vec<_> = sample_rows().iter().map(tuple).collect();
    assert_eq!(read(stream.chunks(1)).unwrap(), tuples);
    assert_eq!(read([&stream[..]]).unwrap(), tuples);
}

#[test]
fn a_tuple_within_a_chunk_is_not_copied() {
    let stream = stream_of(&sample_rows());
    let mut chunk = &stream[..];
    let tuple = CopyStream::new().next_tuple(&mut chunk).unwrap().unwrap().as_ptr();
    assert_eq!(tuple, stream[HEADER.len()..].as_ptr());
}

#[test]
fn a_stream_may_have_no_tuples_and_tuples_no_fields() {
    assert_eq!(read([HEADER, TRAILER]).unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(read([HEADER, b"\0\0", b"\0", b"\0", TRAILER]).unwrap(), [[0, 0], [0, 0]]);
}

#[test]
fn a_header_extension_and_harmless_flags_are_skipped() {
    let header = b"PGCOPY\n\xff\r\n\0\0\0\xff\xff\0\0\0\x03abc";
    let stream = [header, TRAILER].concat();
    assert_eq!(read(stream.chunks(1)).unwrap(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_stream_without_its_trailer_is_cut() {
    let stream = stream_of(&sample_rows());
    for end in 0..stream.len() {
        assert!(read([&stream[..end]]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_not_the_format_is_an_error() {
    let problem = |chunks: &[&[u8]]| match read(chunks.iter().copied()) {
        Err(BatchError::Copy { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(&[b"1\tAda\n"]), "the signature of a binary COPY is missing");
    assert_eq!(problem(&[b"PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0"]), "a critical flag is not understood");
    assert_eq!(problem(&[b"PGCOPY\n\xff\r\n\0\0\0\0\0\xff\0\0\0"]), "the header extension's length is negative");
    assert_eq!(problem(&[HEADER, b"\xff\xfe"]), "the field count is negative");
    assert_eq!(problem(&[HEADER, b"\0\x01\xff\xff\xff\xfe"]), "a field length is negative");
    assert_eq!(problem(&[HEADER, TRAILER, b"x"]), "there is data after the trailer");
    assert_eq!(problem(&[HEADER, b"\xff\xffx"]), "there is data after the trailer");
    assert_eq!(problem(&[HEADER, b"\xff", b"\xffx"]), "there is data after the trailer");
}
