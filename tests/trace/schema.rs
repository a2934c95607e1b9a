//! As much of JSON Schema as `docs/trace.schema.json` uses. A keyword that is not known here is
//! an error: nothing in the schema is silently not checked.

use serde_json::Value;

const KNOWN: [&str; 14] = [
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "oneOf",
    "enum",
    "const",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minimum",
];

/// Whether `value` is what `schema` says.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let rules = schema.as_object().ok_or("a schema is an object")?;
    if let Some(unknown) = rules.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("the keyword {unknown} is not checked"));
    }
    if let Some(name) = schema["$ref"].as_str() {
        let place = name
            .strip_prefix('#')
            .ok_or("a reference within the schema")?;
        let target = root.pointer(place).ok_or(format!("{name} is missing"))?;
        check(root, target, value)?;
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let results: Vec<_> = options
            .iter()
            .map(|option| check(root, option, value))
            .collect();
        if results.iter().filter(|result| result.is_ok()).count() != 1 {
            return Err(format!("not one of: {results:?}"));
        }
    }
    one_value(schema, value)?;
    object(root, schema, value)?;
    if let (Some(items), Some(array)) = (rules.get("items"), value.as_array()) {
        array.iter().try_for_each(|item| check(root, items, item))?;
    }
    Ok(())
}

fn one_value(schema: &Value, value: &Value) -> Result<(), String> {
    let rules = schema.as_object().ok_or("a schema is an object")?;
    if rules.get("const").is_some_and(|only| only != value) {
        return Err(format!("{value} is not {}", schema["const"]));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|known| !known.contains(value))
    {
        return Err(format!("{value} is none of {}", schema["enum"]));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(only) => vec![only],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(value, name)) {
        return Err(format!("{value} is not of type {types:?}"));
    }
    let least = schema["minimum"].as_i64();
    let too_small = least
        .zip(value.as_i64())
        .is_some_and(|(least, value)| value < least);
    if too_small {
        Err(format!("{value} is too small"))
    } else {
        Ok(())
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn object(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    let required = schema["required"].as_array();
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            return Err(format!("{name} is missing"));
        }
    }
    for (name, value) in object {
        match schema["properties"].get(name) {
            Some(rule) => check(root, rule, value).map_err(|why| format!("{name}: {why}"))?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{name} is unknown"));
            }
            None => {}
        }
    }
    Ok(())
}
