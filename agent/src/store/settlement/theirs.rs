//! What the server has of an attribute in conflict, as far as the device was told.

use sojourn_metadata::{DataType, Entity};
use sojourn_wire::message::operation::Conflict;

use serde_json::Value;

use crate::store::image::Image;

/// The server's value; nothing when only the server knows it. The image comes first: it is whole, and spelt as the queue
/// is. A verdict tells no bytes, and cuts what is long.
pub(super) fn told(conflict: &Conflict, entity: Option<&Entity>, image: Option<&Image>) -> Option<Value> {
    let name = conflict.attribute.as_str();
    if let Some(Image::Hidden(values)) = image
        && let Some(value) = values.get(name)
    {
        return Some(value.clone());
    }
    let attribute = entity.and_then(|entity| entity.attribute(name));
    let is_binary = attribute.is_some_and(|attribute| attribute.data_type == DataType::Bytea);
    let value = serde_json::to_value(&conflict.theirs).ok()?;
    (!conflict.cut && !is_binary && !value.is_object()).then_some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sojourn_wire::message::operation::FieldValue;

    use super::*;
    use crate::store::tests::sample::metadata;

    #[test]
    fn the_image_comes_first_and_what_is_not_whole_is_not_told() {
        let conflict = |attribute: &str, theirs: FieldValue, cut| Conflict {
            attribute: attribute.to_owned(),
            mine: FieldValue::Null,
            base: None,
            theirs,
            cut,
        };
        let metadata = metadata();
        let image = Image::Hidden(json!({"name": "image"}).as_object().cloned().unwrap_or_default());
        let told = |conflict: &Conflict, image| told(conflict, metadata.entities.first(), image);
        let name = |cut| conflict("name", FieldValue::Text("B".into()), cut);
        assert_eq!(told(&name(false), None), Some(json!("B")));
        assert_eq!(told(&name(true), None), None);
        assert_eq!(told(&name(true), Some(&image)), Some(json!("image")));
        assert_eq!(told(&name(false), Some(&image)), Some(json!("image")));
        assert_eq!(told(&name(false), Some(&Image::Gone)), Some(json!("B")));
        assert_eq!(told(&conflict("industry", FieldValue::Null, false), Some(&image)), Some(Value::Null));
        assert_eq!(told(&conflict("logo", FieldValue::Null, false), Some(&image)), None);
    }
}
