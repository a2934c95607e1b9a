//! What a topic may be called (`org.apache.kafka.common.internals.Topic`).

const MAX_NAME_LENGTH: usize = 249;

/// Why a name is no topic's name, in Kafka's words.
pub(crate) fn validate(name: &str) -> Result<(), String> {
    match reason(name) {
        Some(reason) => Err(format!("Topic name is invalid: {reason}")),
        None => Ok(()),
    }
}

fn reason(name: &str) -> Option<String> {
    // Kafka counts UTF-16 units.
    let length = name.encode_utf16().count();
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        Some("the empty string is not allowed".to_string())
    } else if name == "." || name == ".." {
        Some(format!("'{name}' is not allowed"))
    } else if length > MAX_NAME_LENGTH {
        Some(format!(
            "the length of '{name}' is longer than the max allowed length {MAX_NAME_LENGTH}"
        ))
    } else if !name.chars().all(is_legal) {
        Some(format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, \
             '.', '_' and '-'"
        ))
    } else {
        None
    }
}

/// The first of `existing` that would share the name of its metrics with `name`: a period and an
/// underscore are the same there.
pub(super) fn colliding<'a>(
    name: &str,
    mut existing: impl Iterator<Item = &'a String>,
) -> Option<&'a String> {
    let may_collide = |name: &str| name.contains(['.', '_']);
    let unified = name.replace('.', "_");
    if !may_collide(name) {
        return None;
    }
    existing.find(|other| may_collide(other) && other.replace('.', "_") == unified)
}
