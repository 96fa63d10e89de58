//! Parts of a file.

use proptest::prelude::*;

use crate::batch::{Assembler, BatchError, PART_BYTES, Parts, join, split};

proptest! {
    #[test]
    fn parts_make_the_file_again(file in proptest::collection::vec(any::<u8>(), 0..500), size in 0..600_usize) {
        let expected = Parts::of(&file, size);
        prop_assert!(split(&file, size).all(|part| part.len() <= size.max(1)));
        prop_assert_eq!(join(split(&file, size), expected).unwrap(), file);
    }
}

#[test]
fn no_part_is_longer_than_the_limit() {
    let file = vec![0; PART_BYTES * 2 + 1];
    let sizes: Vec<_> = split(&file, usize::MAX).map(<[u8]>::len).collect();
    assert_eq!(sizes, [PART_BYTES, PART_BYTES, 1]);
}

#[test]
fn missing_and_surplus_parts_are_named() {
    let expected = Parts { count: 2, bytes: 5 };
    let parts = |what, actual, expected| Err(BatchError::Parts { what, expected, actual });
    assert_eq!(join([&b"abc"[..]], expected), parts("parts", 1, 2));
    assert_eq!(join([&b"abc"[..], b"d"], expected), parts("bytes", 4, 5));
    assert_eq!(join([&b"abc"[..], b"def"], expected), parts("bytes", 6, 5));
    assert_eq!(join([&b"ab"[..], b"c", b"de"], expected), parts("parts", 3, 2));
}

#[test]
fn an_assembler_knows_what_comes_next_and_keeps_what_it_has() {
    let mut assembler = Assembler::new(Parts { count: 2, bytes: u64::MAX });
    assembler.push(b"abc").unwrap();
    assert_eq!((assembler.next_part(), assembler.bytes()), (1, 3));
    let mut assembler = Assembler::new(Parts { count: 2, bytes: 4 });
    assert!(assembler.push(b"too long").is_err());
    assembler.push(b"ab").unwrap();
    assembler.push(b"cd").unwrap();
    assert_eq!(assembler.finish().unwrap(), b"abcd");
}
