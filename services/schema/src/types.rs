//! From a column in Postgres to an attribute. Pure.

use sojourn_metadata::{Attribute, DataType};
use sojourn_platform::catalog::{Column, TypeKind};

/// The schema of Postgres' own types.
const BUILT_IN: &str = "pg_catalog";
/// What a type modifier has over the number it means: the size of a length word.
const HEADER: i32 = 4;

/// What a column holds. Everything that is not one of Postgres' own native types is [`DataType::Other`]: domains,
/// enums, arrays, composites, ranges, and the types of extensions.
#[must_use]
pub fn data_type(column: &Column) -> DataType {
    if column.type_schema != BUILT_IN || column.type_kind != TypeKind::Base {
        return DataType::Other;
    }
    match column.type_name.as_str() {
        "uuid" => DataType::Uuid,
        "bool" => DataType::Bool,
        "int2" => DataType::Int2,
        "int4" => DataType::Int4,
        "int8" => DataType::Int8,
        "float4" => DataType::Float4,
        "float8" => DataType::Float8,
        "numeric" => DataType::Numeric { precision: digits(column.typmod) },
        // Not "char": its binary form is one byte that need not be text.
        "text" | "varchar" | "bpchar" | "name" => DataType::Text,
        "date" => DataType::Date,
        "timestamp" => DataType::Timestamp,
        "timestamptz" => DataType::TimestampTz,
        "bytea" => DataType::Bytea,
        "json" => DataType::Json,
        "jsonb" => DataType::Jsonb,
        _ => DataType::Other,
    }
}

/// Whether a column can hold object ids.
#[must_use]
pub fn is_uuid(column: &Column) -> bool {
    data_type(column) == DataType::Uuid
}

/// The attribute of a column.
#[must_use]
pub fn attribute(column: &Column) -> Attribute {
    Attribute {
        id: u32::from(column.number.unsigned_abs()),
        name: column.name.clone(),
        data_type: data_type(column),
        sql_type: column.sql_type.clone(),
        required: column.not_null,
        has_default: column.has_default,
        generated: column.generated,
        max_length: max_length(column),
        enum_values: column.enum_labels.clone(),
    }
}

/// All digits that a `numeric(precision, scale)` can have; none where it is not limited.
///
/// A negative scale adds digits before the point: `numeric(3,-2)` holds 99900. A scale beyond the precision adds none
/// that count.
fn digits(typmod: i32) -> Option<u16> {
    let packed = typmod.checked_sub(HEADER).filter(|packed| *packed >= 0)?;
    let (precision, scale) = (packed >> 16, ((packed & 0x7ff) ^ 1024) - 1024);
    u16::try_from(precision - scale.min(0)).ok()
}

/// The greatest length in characters of `varchar(n)` and `char(n)`.
fn max_length(column: &Column) -> Option<u32> {
    let limited = column.type_schema == BUILT_IN && matches!(column.type_name.as_str(), "varchar" | "bpchar");
    let length = column.typmod.checked_sub(HEADER).filter(|_| limited)?;
    u32::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_schema: &str, type_name: &str, type_kind: TypeKind, typmod: i32) -> Column {
        Column {
            relation: 1,
            number: 3,
            name: "x".into(),
            type_schema: type_schema.into(),
            type_name: type_name.into(),
            type_kind,
            typmod,
            sql_type: type_name.into(),
            not_null: false,
            has_default: false,
            generated: false,
            enum_labels: vec![],
            role_reads: true,
            role_uses_type_schema: true,
        }
    }

    #[test]
    fn only_postgres_own_types_are_native() {
        let native = |name| data_type(&column("pg_catalog", name, TypeKind::Base, -1));
        assert_eq!(native("int4"), DataType::Int4);
        assert_eq!(native("bpchar"), DataType::Text);
        for other in ["_int4", "char", "interval", "time", "inet", "money", "xml", "int4range"] {
            assert_eq!(native(other), DataType::Other, "{other}");
        }
        assert_eq!(data_type(&column("public", "uuid", TypeKind::Base, -1)), DataType::Other);
        assert_eq!(data_type(&column("pg_catalog", "text", TypeKind::Domain, -1)), DataType::Other);
    }

    #[test]
    fn modifiers_are_understood() {
        let numeric = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + HEADER;
        assert_eq!(digits(numeric(14, 2)), Some(14));
        assert_eq!(digits(numeric(1000, 0)), Some(1000));
        assert_eq!(digits(numeric(3, -2)), Some(5));
        assert_eq!(digits(numeric(3, 5)), Some(3));
        assert_eq!(digits(-1), None);
        let length = |name, typmod| max_length(&column("pg_catalog", name, TypeKind::Base, typmod));
        assert_eq!(length("varchar", 84), Some(80));
        assert_eq!(length("bpchar", 5), Some(1));
        assert_eq!(length("varchar", -1), None);
        assert_eq!(length("bit", 12), None);
    }
}
