//! A scenario file in one form: blanks, indents and empty lines are uniform; comments, the order
//! of tables and keys and the way values are written stay; only keys with dots come together with
//! those of the same table. What is read from it stays the same.

use super::codes::Code;
use super::limits::MAX_FILE_BYTES;
use super::pos::Pos;
use super::problem::{Problem, Problems};
use super::tree::{self, Node, Value as TreeValue};
use toml_edit::{Array, DocumentMut, InlineTable, Item, RawString, Table, Value};

/// What an item of a list on lines of its own is indented by.
const INDENT: &str = "  ";

/// The file in its form.
///
/// # Errors
/// The syntax errors of a file that is not TOML.
pub fn format(source: &str) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::default();
    if source.len() > MAX_FILE_BYTES {
        let message = format!(
            "the file has {} bytes; the limit is {MAX_FILE_BYTES}",
            source.len()
        );
        return Err(vec![Problem::new(Code::TooLarge, Pos::default(), message)]);
    }
    let before = tree::read(source, &mut problems);
    let (errors, _) = problems.into_sorted();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut document: DocumentMut = source.parse().map_err(|error: toml_edit::TomlError| {
        let pos = error.span().map_or_else(Pos::default, Pos::of);
        vec![Problem::new(Code::Syntax, pos, error.message().to_owned())]
    })?;
    let trailing = format!("{}\n", raw(Some(document.trailing())));
    document.set_trailing(lines_before(&trailing, Gap::Keep));
    table(document.as_table_mut());
    let mut text = document.to_string();
    text.truncate(text.trim_end().len());
    text.push('\n');
    let text = text.trim_start_matches('\n').to_owned();
    // The form must not change what is read. Where it would, the file keeps its own.
    let mut problems = Problems::default();
    let after = tree::read(&text, &mut problems);
    match problems.len() == 0 && same_tables(&before, &after) {
        true => Ok(text),
        false => Ok(source.to_owned()),
    }
}

/// Empty lines before an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// At most one, where there was one.
    Keep,
    /// None before the first comment or the item.
    None,
    /// One before the first comment or the item.
    One,
}

fn raw(text: Option<&RawString>) -> &str {
    text.and_then(RawString::as_str).unwrap_or("")
}

/// Comments and empty lines that stand before an item, and the end of the line before them.
fn lines_before(text: &str, gap: Gap) -> String {
    let mut lines: Vec<&str> = text.split('\n').map(str::trim).collect();
    // Behind the last newline stands the indent of the item itself.
    lines.pop();
    let mut tidy = String::new();
    let mut blank = gap == Gap::One;
    let mut first = true;
    for line in lines {
        match line {
            "" if first && gap != Gap::Keep => {}
            "" => blank = true,
            comment => {
                if std::mem::take(&mut blank) {
                    tidy.push('\n');
                }
                tidy.push_str(comment);
                tidy.push('\n');
                first = false;
            }
        }
    }
    if blank {
        tidy.push('\n');
    }
    tidy
}

/// A comment at the end of a line.
fn comment_behind(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        comment => format!(" {comment}"),
    }
}

/// A table and the tables in it.
fn table(table: &mut Table) {
    pairs(table, &mut true);
    for (mut key, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => sub_table(inner),
            Item::ArrayOfTables(items) => items.iter_mut().for_each(sub_table),
            Item::Value(_) | Item::None => continue,
        }
        key.leaf_decor_mut().clear();
        key.dotted_decor_mut().clear();
    }
}

fn sub_table(inner: &mut Table) {
    if !inner.is_implicit() && !inner.is_dotted() {
        let decor = inner.decor_mut();
        let before = lines_before(raw(decor.prefix()), Gap::One);
        let behind = comment_behind(raw(decor.suffix()));
        decor.set_prefix(before);
        decor.set_suffix(behind);
        return table(inner);
    }
    if inner.is_implicit() {
        table(inner);
    }
}

/// The keys of a table that have values, those with dots too. `first`: none was met yet.
fn pairs(table: &mut Table, first: &mut bool) {
    for (mut key, item) in table.iter_mut() {
        match item {
            Item::Value(item) => {
                let gap = if *first { Gap::None } else { Gap::Keep };
                *first = false;
                let before = lines_before(raw(key.leaf_decor().prefix()), gap);
                key.leaf_decor_mut().set_prefix(before);
                key.leaf_decor_mut().set_suffix(" ");
                let behind = comment_behind(raw(item.decor().suffix()));
                value(item, "");
                item.decor_mut().set_prefix(" ");
                item.decor_mut().set_suffix(behind);
            }
            Item::Table(inner) if inner.is_dotted() => {
                key.dotted_decor_mut().clear();
                pairs(inner, first);
            }
            _ => {}
        }
    }
}

fn value(value: &mut Value, indent: &str) {
    match value {
        Value::Array(items) => array(items, indent),
        Value::InlineTable(inner) => inline(inner, indent),
        _ => {}
    }
}

fn array(items: &mut Array, indent: &str) {
    let around = |item: &Value| {
        [item.decor().prefix(), item.decor().suffix()].map(|text| raw(text).to_owned())
    };
    let on_lines = items
        .iter()
        .flat_map(around)
        .any(|text| text.contains('\n'))
        || raw(Some(items.trailing())).contains('\n');
    if !on_lines {
        for (at, item) in items.iter_mut().enumerate() {
            value(item, indent);
            item.decor_mut().set_prefix(if at == 0 { "" } else { " " });
            item.decor_mut().set_suffix("");
        }
        items.set_trailing("");
        items.set_trailing_comma(false);
        return;
    }
    let inner = format!("{indent}{INDENT}");
    // What stands between an item and its comma goes behind the comma.
    let mut left = String::new();
    for item in items.iter_mut() {
        left.push_str(raw(item.decor().prefix()));
        let before = within(&std::mem::take(&mut left), &inner);
        left.push_str(raw(item.decor().suffix()));
        value(item, &inner);
        item.decor_mut().set_prefix(before);
        item.decor_mut().set_suffix("");
    }
    left.push_str(raw(Some(items.trailing())));
    let comments = within(&left, &inner);
    let trailing = format!("{}\n{indent}", comments.trim_end());
    items.set_trailing(trailing);
    items.set_trailing_comma(!items.is_empty());
}

/// Comments within a list, and a line's beginning. A comment behind an item stays behind it.
fn within(text: &str, indent: &str) -> String {
    let mut tidy = String::new();
    for (at, line) in text.split('\n').map(str::trim).enumerate() {
        match (at, line) {
            (_, "") => {}
            (0, comment) => tidy.push_str(&format!(" {comment}")),
            (_, comment) => tidy.push_str(&format!("\n{indent}{comment}")),
        }
    }
    format!("{tidy}\n{indent}")
}

/// Braces on one line; those on several lines, or with dots in their keys, are left as they are.
fn inline(inner: &mut InlineTable, indent: &str) {
    let has_dots = |value: &Value| value.as_inline_table().is_some_and(InlineTable::is_dotted);
    let mut bare = inner.clone();
    bare.decor_mut().clear();
    if bare.to_string().contains('\n') || inner.iter().any(|(_, value)| has_dots(value)) {
        return;
    }
    let last = inner.len().saturating_sub(1);
    for (at, (mut key, item)) in inner.iter_mut().enumerate() {
        key.leaf_decor_mut().set_prefix(" ");
        key.leaf_decor_mut().set_suffix(" ");
        value(item, indent);
        item.decor_mut().set_prefix(" ");
        item.decor_mut()
            .set_suffix(if at == last { " " } else { "" });
    }
    inner.set_trailing("");
    inner.set_trailing_comma(false);
}

fn same_tables(a: &tree::Table, b: &tree::Table) -> bool {
    a.entries.len() == b.entries.len()
        && (a.entries.iter().zip(&b.entries)).all(|(a, b)| a.key == b.key && same(&a.node, &b.node))
}

fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (TreeValue::Str(a), TreeValue::Str(b)) => a == b,
        (TreeValue::Int(a), TreeValue::Int(b)) => a == b,
        (TreeValue::Float(a), TreeValue::Float(b)) => a == b,
        (TreeValue::Bool(a), TreeValue::Bool(b)) => a == b,
        (TreeValue::Date(a), TreeValue::Date(b)) => a == b,
        (TreeValue::Array(a), TreeValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (TreeValue::Table(a), TreeValue::Table(b)) => same_tables(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::library::LIBRARY;
    use crate::lab::scenario::parse;

    #[test]
    fn blanks_become_uniform_and_comments_stay() {
        let source = "\n\n# top\n\n\n  a=1#one\n\n\n\nb   =  [1,2 , 3,]  # list\n[ c ]# head\n\n\
                      x.y = {k=1,l = { m=[ ] }}\n# of d\n\n# more of d\n[[d]]\n\n\n  e = [\n1, # one\n\
                      # two\n  [2,3],\n  {f=1} # last\n]\n# end\n\n";
        let expected = "# top\n\na = 1 #one\n\nb = [1, 2, 3] # list\n\n[c] # head\n\
                        x.y = { k = 1, l = { m = [] } }\n\n# of d\n\n# more of d\n[[d]]\ne = [\n  1, # one\n  \
                        # two\n  [2, 3],\n  { f = 1 }, # last\n]\n# end\n";
        assert_eq!(format(source).as_deref(), Ok(expected));
        assert_eq!(format(expected).as_deref(), Ok(expected));
    }

    #[test]
    fn a_file_that_is_not_toml_is_refused() {
        let problems = format("a = \n[b").expect_err("bad");
        assert!(problems.iter().all(|problem| problem.code == Code::Syntax));
        assert_eq!(format("").as_deref(), Ok(""));
    }

    #[test]
    fn formatted_scenarios_mean_what_they_meant() {
        for (name, source) in LIBRARY {
            let text = format(source).expect("TOML");
            assert_eq!(format(&text).as_deref(), Ok(text.as_str()), "{name}");
            let (before, after) = (parse(source), parse(&text));
            let scenarios = |parsed: Result<crate::lab::scenario::Parsed, _>| {
                let parsed = parsed.expect("sound");
                (parsed.main, parsed.branches)
            };
            assert_eq!(scenarios(before), scenarios(after), "{name}");
            assert_eq!(comments(source), comments(&text), "{name}");
            assert_eq!(text, *source, "`kafkalab fmt scenarios/{name}.toml`");
        }
    }

    fn comments(text: &str) -> usize {
        text.matches('#').count()
    }
}
