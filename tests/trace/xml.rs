//! Is a text well-formed XML, as far as a picture uses it: tags that close, attributes in quotes,
//! known entities, no character that XML forbids.

/// The first thing that is wrong.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        content(&rest[..start])?;
        let end = rest[start..].find('>').ok_or("a tag without end")? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().ok_or("nothing is open")?;
            if last != name {
                return Err(format!("{name} closes {last}"));
            }
            continue;
        }
        let (own, closed) = tag
            .strip_suffix('/')
            .map_or((tag, false), |tag| (tag, true));
        if own.contains('<') || own.matches('"').count() % 2 != 0 {
            return Err(format!("a bad tag: {own}"));
        }
        content(own)?;
        let name = own.split(' ').next().unwrap_or("");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("a bad name: {name}"));
        }
        if !closed {
            open.push(name);
        }
    }
    content(rest)?;
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("left open: {open:?}"))
    }
}

fn content(text: &str) -> Result<(), String> {
    if let Some(c) = text.chars().find(|c| c.is_control() && *c != '\n') {
        return Err(format!("a forbidden character: {c:?}"));
    }
    for (at, _) in text.match_indices('&') {
        let known = ["&lt;", "&gt;", "&amp;", "&quot;"];
        if !known.iter().any(|entity| text[at..].starts_with(entity)) {
            return Err(format!(
                "a bare &: {}",
                text[at..].chars().take(20).collect::<String>()
            ));
        }
    }
    Ok(())
}
