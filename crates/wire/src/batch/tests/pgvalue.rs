//! Binary values and their text, as Postgres 15 gave both (`select encode(numeric_send(v), 'hex'), v`); where our
//! text differs by rule (`T` for the blank, `Z` for `+00`) Postgres was asked to read it back.

use super::unhex;
use crate::batch::pgvalue::{self, ValueError};

type Write = fn(&[u8], &mut String) -> Result<(), ValueError>;

const NUMERIC: &[(&str, &str)] = &[
    ("0000000000000000", "0"),
    ("0000000000000001", "0.0"),
    ("0000000000000003", "0.000"),
    ("00010000000000000001", "1"),
    ("00010000400000000001", "-1"),
    ("0001000000000000000a", "10"),
    ("0001000000000000270f", "9999"),
    ("00010001000000000001", "10000"),
    ("000200010000000000010001", "10001"),
    ("00010002000000000001", "100000000"),
    ("0008000700000000000c0d801ed204d2162e23340d801ed2", "123456789012345678901234567890"),
    ("0001ffff400000011388", "-0.5"),
    ("0001fffe0000000503e8", "0.00001"),
    ("0002fffe0000000904d21388", "0.000012345"),
    ("0001ffff000000040001", "0.0001"),
    ("0002000000000002000103e8", "1.10"),
    ("00010000000000040001", "1.0000"),
    ("0003000100000006000109291a85", "12345.678900"),
    ("0003000140000002270f270f26ac", "-99999999.99"),
    ("0001ffff0000000403e8", "0.1000"),
    ("00000000c0000000", "NaN"),
    ("00000000d0000020", "Infinity"),
    ("00000000f0000020", "-Infinity"),
    ("0001fffb000000140001", "0.00000000000000000001"),
    ("00010005000000000001", "100000000000000000000"),
    ("000b00050000001400010000000000000000000000000000000000000001", "100000000000000000000.00000000000000000001"),
    ("00010003000000000001", "1000000000000"),
    ("0000000000000008", "0.00000000"),
    ("000a0000000000230003058724310e051efc0f060a530ef81f0e0b40", "3.14159265358979323846264338327950288"),
    (
        "00010020000000000064",
        "10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "0001ffdf400000820064",
        "-0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    ),
    ("0003000100000004000100000001", "10000.0001"),
    ("0001000100000000270f", "99990000"),
    ("0001ffff00000004270f", "0.9999"),
    ("0003000100000001138800001388", "50000000.5"),
    ("0001ffff000000040007", "0.0007"),
    ("0002000100000002007b11d7", "1234567.00"),
];

const DATE: &[(&str, &str)] = &[
    ("00000000", "2000-01-01"),
    ("ffffffff", "1999-12-31"),
    ("ffffd533", "1970-01-01"),
    ("0000265e", "2026-11-22"),
    ("00002279", "2024-02-29"),
    ("ffff718e", "1900-02-28"),
    ("ffff718f", "1900-03-01"),
    ("0000003b", "2000-02-29"),
    ("00008ee7", "2100-02-28"),
    ("00008ee8", "2100-03-01"),
    ("fff4dbf9", "0001-01-01"),
    ("fff4dbf8", "0001-12-31 BC"),
    ("fff49d7b", "0044-03-15 BC"),
    ("fff4d511", "0005-02-29 BC"),
    ("ffda9915", "4713-11-24 BC"),
    ("002c95d3", "9999-12-31"),
    ("002c95d4", "10000-01-01"),
    ("0039a81f", "12345-06-07"),
    ("7fda970c", "5874897-12-31"),
    ("7fffffff", "infinity"),
    ("80000000", "-infinity"),
];

const TIMESTAMP: &[(&str, &str)] = &[
    ("0000000000000000", "2000-01-01T00:00:00"),
    ("ffffffffffffffff", "1999-12-31T23:59:59.999999"),
    ("000303d977297240", "2026-11-22T10:11:12.123456"),
    ("000303d9772f3120", "2026-11-22T10:11:12.5"),
    ("000303d977279001", "2026-11-22T10:11:12.000001"),
    ("000303d9772916a0", "2026-11-22T10:11:12.1"),
    ("fffca2fec4c82000", "1970-01-01T00:00:00"),
    ("ff1af9e8fb4aa090", "0044-03-15T12:00:00.25 BC"),
    ("ff1fe2ffc59c5fff", "0001-12-31T23:59:59.999999 BC"),
    ("ff1fe2ffc59c6000", "0001-01-01T00:00:00"),
    ("0380e70b913b8000", "10000-01-01T00:00:00"),
    ("7fffff5bb3b29fff", "294276-12-31T23:59:59.999999"),
    ("fd0f9983eb0ae000", "4713-11-24T00:00:00 BC"),
    ("0001e7fbe286c000", "2017-01-01T00:00:00"),
    ("7fffffffffffffff", "infinity"),
    ("8000000000000000", "-infinity"),
    ("ffd139393ebb98c0", "1582-10-10T01:02:03"),
];

const TIMESTAMPTZ: &[(&str, &str)] = &[
    ("000303d977297240", "2026-11-22T10:11:12.123456Z"),
    ("000303d7ca004800", "2026-11-22T08:11:12Z"),
    ("0000000000000000", "2000-01-01T00:00:00Z"),
    ("ff1af9e8fb4aa090", "0044-03-15T12:00:00.25Z BC"),
    ("04640b2c309f8ab0", "12026-01-02T03:04:05.006Z"),
    ("7fffff5bb3b29fff", "294276-12-31T23:59:59.999999Z"),
    ("fd0f9983eb0ae000", "4713-11-24T00:00:00Z BC"),
    ("7fffffffffffffff", "infinity"),
    ("8000000000000000", "-infinity"),
    ("000000049c2464e0", "2000-01-01T05:29:59.5Z"),
];

const UUID: &[(&str, &str)] = &[
    ("00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
    ("01890a5dac96774bbcceb302099a8057", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ("ffffffffffffffffffffffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
];

fn assert_written(write: Write, table: &[(&str, &str)]) {
    for (hex, text) in table {
        let mut out = String::from("before ");
        write(&unhex(hex), &mut out).unwrap();
        assert_eq!(out, format!("before {text}"), "of {hex}");
    }
}

#[test]
fn values_kept_as_text_are_written_as_postgres_prints_them() {
    assert_written(pgvalue::write_numeric, NUMERIC);
    assert_written(pgvalue::write_date, DATE);
    assert_written(pgvalue::write_timestamp, TIMESTAMP);
    assert_written(pgvalue::write_timestamptz, TIMESTAMPTZ);
    assert_written(pgvalue::write_uuid, UUID);
}

#[test]
fn a_numeric_of_the_largest_weight_and_scale_has_all_its_digits() {
    let mut out = String::new();
    pgvalue::write_numeric(&unhex("00017fff00003fff0001"), &mut out).unwrap();
    assert_eq!(out.len(), 1 + 32767 * 4 + 1 + 16383);
    out.clear();
    pgvalue::write_numeric(&unhex("0001800040003fff0001"), &mut out).unwrap();
    assert_eq!(out.len(), 3 + 16383);
}

#[test]
fn numbers_and_booleans_are_read() {
    assert_eq!(pgvalue::read_bool(&[1]), Ok(true));
    assert_eq!(pgvalue::read_bool(&[0]), Ok(false));
    assert_eq!(pgvalue::read_int2(&unhex("8000")), Ok(-32768));
    assert_eq!(pgvalue::read_int4(&unhex("7fffffff")), Ok(2_147_483_647));
    assert_eq!(pgvalue::read_int8(&unhex("8000000000000000")), Ok(i64::MIN));
    assert_eq!(pgvalue::read_float4(&unhex("7f7fffff")), Ok(3.402_823_5e38));
    assert!(pgvalue::read_float4(&unhex("7fc00000")).unwrap().is_nan());
    assert_eq!(pgvalue::read_float8(&unhex("3fb999999999999a")), Ok(0.1));
    assert_eq!(pgvalue::read_float8(&unhex("fff0000000000000")), Ok(f64::NEG_INFINITY));
    assert!(pgvalue::read_float8(&unhex("8000000000000000")).unwrap().is_sign_negative());
}

#[test]
fn text_json_and_bytes_are_borrowed() {
    assert_eq!(pgvalue::read_text(&unhex("4772c3bcc39f6520f09f8c8d")), Ok("Grüße 🌍"));
    assert_eq!(pgvalue::read_text(b""), Ok(""));
    assert_eq!(pgvalue::read_json(br#"{"b": 1,  "a":2}"#), Ok(r#"{"b": 1,  "a":2}"#));
    let jsonb = unhex("017b2261223a205b312e35302c206e756c6c2c2022c3bc225d2c202262223a20317d");
    assert_eq!(pgvalue::read_jsonb(&jsonb), Ok(r#"{"a": [1.50, null, "ü"], "b": 1}"#));
    assert_eq!(pgvalue::read_bytea(&[0, 0xff]), [0, 0xff]);
}

#[test]
fn bytes_of_another_type_are_refused_and_leave_the_text_alone() {
    let writers: [Write; 5] = [
        pgvalue::write_numeric,
        pgvalue::write_date,
        pgvalue::write_timestamp,
        pgvalue::write_timestamptz,
        pgvalue::write_uuid,
    ];
    for write in writers {
        let mut out = String::from("kept");
        assert!(write(&[1, 2, 3], &mut out).is_err());
        assert_eq!(out, "kept");
    }
    for hex in ["0001000000000000", "00010000000000002710", "0000000012340000", "0000000000004000"] {
        assert!(pgvalue::write_numeric(&unhex(hex), &mut String::new()).is_err(), "{hex}");
    }
    assert!(pgvalue::read_bool(&[2]).is_err());
    assert!(pgvalue::read_bool(&[]).is_err());
    assert!(pgvalue::read_int4(&[0; 8]).is_err());
    assert!(pgvalue::read_text(&[0xff]).is_err());
    assert!(pgvalue::read_jsonb(b"").is_err());
    assert!(pgvalue::read_jsonb(b"\x02{}").is_err());
}

#[test]
fn an_error_names_the_type_and_the_problem() {
    let error = pgvalue::read_int8(&[0; 4]).unwrap_err();
    assert_eq!(error.to_string(), "these bytes are no int8: the length is wrong");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_value_or_an_error(raw in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
        let out = &mut String::new();
        let _ = pgvalue::write_numeric(&raw, out);
        let _ = pgvalue::write_date(&raw, out);
        let _ = pgvalue::write_timestamp(&raw, out);
        let _ = pgvalue::write_timestamptz(&raw, out);
        let _ = pgvalue::write_uuid(&raw, out);
        let _ = pgvalue::read_jsonb(&raw);
    }

    #[test]
    fn any_microsecond_and_any_day_has_a_text(micros in proptest::num::i64::ANY, day in proptest::num::i32::ANY) {
        let out = &mut String::new();
        pgvalue::write_timestamp(&micros.to_be_bytes(), out).unwrap();
        pgvalue::write_timestamptz(&micros.to_be_bytes(), out).unwrap();
        pgvalue::write_date(&day.to_be_bytes(), out).unwrap();
    }
}
