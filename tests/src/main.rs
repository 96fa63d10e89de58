//! The processes under test.
fn main() {}
