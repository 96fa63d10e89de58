//! `cargo demo` and `cargo stack`, and what wrong input is answered.
