//! Branches: the file again with only what differs. They are merged into the tree before
//! anything is read, so that every value keeps its position.

use super::codes::Code;
use super::cx::shorten;
use super::limits::{MAX_BRANCHES, MAX_MERGED_BYTES};
use super::pos::Pos;
use super::problem::{Problem, Problems};
use super::tree::{Entry, Node, Table, Value};
use super::words::is_name;

/// The name of the file itself among its branches.
pub const MAIN: &str = "main";

/// Lists whose items are addressed by the text under a key.
const LISTS: &[(&str, &str)] = &[
    ("node", "name"),
    ("topic", "name"),
    ("producer", "name"),
    ("consumer", "name"),
    ("group", "name"),
    ("step", "id"),
    ("tell", "id"),
    ("ask", "id"),
    ("expect", "id"),
    ("link", "id"),
];

/// Takes the branches out of the file: what is left is `main`.
pub(super) fn take(root: &mut Table, bytes: usize, problems: &mut Problems) -> Vec<Entry> {
    let Some(at) = root.entries.iter().position(|e| e.key == "branch") else {
        return Vec::new();
    };
    let entry = root.entries.remove(at);
    let Value::Table(table) = entry.node.value else {
        let message = "branches are tables: [branch.NAME]";
        problems.push(Problem::new(Code::WrongType, entry.node.pos, message));
        return Vec::new();
    };
    let mut branches = table.entries;
    let most = MAX_BRANCHES.min(MAX_MERGED_BYTES / bytes.max(1));
    if branches.len() > most {
        let message = format!("{} branches of {bytes} bytes each", branches.len());
        let problem = Problem::new(Code::TooLarge, branches[most].key_pos, message);
        problems.push(problem.label(format!("the limit for this file is {most}")));
        branches.truncate(most);
    }
    branches.retain(|branch| is_sound(branch, problems));
    branches
}

fn is_sound(branch: &Entry, problems: &mut Problems) -> bool {
    if !is_name(&branch.key) || branch.key == MAIN {
        let message = format!("\"{}\" cannot be a branch's name", shorten(&branch.key));
        problems.push(Problem::new(Code::BadName, branch.key_pos, message));
        return false;
    }
    if !matches!(branch.node.value, Value::Table(_)) {
        let message = "a branch is a table";
        problems.push(Problem::new(Code::WrongType, branch.node.pos, message));
        return false;
    }
    true
}

/// The file with a branch merged in.
pub(super) fn merge(main: &Table, branch: &Entry, problems: &mut Problems) -> Table {
    let mut merged = main.clone();
    let Value::Table(change) = &branch.node.value else {
        return merged;
    };
    if let Some(paths) = change.node("remove") {
        remove(&mut merged, paths, problems);
    }
    for entry in change.entries.iter().filter(|e| e.key != "remove") {
        match LISTS.iter().find(|(list, _)| *list == entry.key) {
            Some((_, key)) => merge_list(&mut merged, entry, key, problems),
            None => merge_entry(&mut merged, entry),
        }
    }
    merged
}

/// Tables merge by key, everything else is replaced.
fn merge_entry(base: &mut Table, entry: &Entry) {
    let Some(node) = base.node_mut(&entry.key) else {
        base.entries.push(entry.clone());
        return;
    };
    match (&mut node.value, &entry.node.value) {
        (Value::Table(base), Value::Table(change)) => {
            change.entries.iter().for_each(|e| merge_entry(base, e));
        }
        _ => *node = entry.node.clone(),
    }
}

/// A list adds items; a table changes items by name.
fn merge_list(base: &mut Table, entry: &Entry, key: &str, problems: &mut Problems) {
    match &entry.node.value {
        Value::Array(items) => match base.node_mut(&entry.key).map(|node| &mut node.value) {
            Some(Value::Array(list)) => list.extend(items.iter().cloned()),
            Some(_) => {}
            None => base.entries.push(entry.clone()),
        },
        Value::Table(changes) => {
            let list = base.node_mut(&entry.key).map(|node| &mut node.value);
            let mut none = Vec::new();
            let items = match list {
                Some(Value::Array(items)) => items,
                _ => &mut none,
            };
            for change in &changes.entries {
                merge_item(items, change, (&entry.key, key), problems);
            }
        }
        _ => {
            let message = format!(
                "change {0} by name, or add with [[branch.NAME.{0}]]",
                entry.key
            );
            problems.push(Problem::new(Code::WrongType, entry.node.pos, message));
        }
    }
}

fn merge_item(
    items: &mut [Node],
    change: &Entry,
    (list, key): (&str, &str),
    problems: &mut Problems,
) {
    let at = position(items, key, &change.key);
    let Some(item) = at.and_then(|at| items.get_mut(at)) else {
        let name = change.key.as_str();
        problems.push(no_item(items, (list, key), name, change.key_pos));
        return;
    };
    match (&mut item.value, &change.node.value) {
        (Value::Table(base), Value::Table(change)) => {
            change.entries.iter().for_each(|e| merge_entry(base, e));
        }
        _ => {
            let message = format!("a table of what changes in this {list} is needed");
            problems.push(Problem::new(Code::WrongType, change.node.pos, message));
        }
    }
}

fn position(items: &[Node], key: &str, name: &str) -> Option<usize> {
    items
        .iter()
        .position(|item| name_of(item, key) == Some(name))
}

fn name_of<'n>(item: &'n Node, key: &str) -> Option<&'n str> {
    match &item.value {
        Value::Table(table) => table.text(key),
        _ => None,
    }
}

fn no_item(items: &[Node], (list, key): (&str, &str), name: &str, pos: Pos) -> Problem {
    let message = format!("no {list} with the {key} \"{}\"", shorten(name));
    let known: Vec<_> = items.iter().filter_map(|item| name_of(item, key)).collect();
    let what = format!("{key}s");
    Problem::new(Code::NoSuchItem, pos, message).among(name, &what, known.into_iter())
}

/// `remove = ["step.trap", "expect.no-loss", "producer.p1.config"]`.
fn remove(base: &mut Table, paths: &Node, problems: &mut Problems) {
    let Value::Array(items) = &paths.value else {
        let message = "remove is a list of paths: [\"step.trap\"]";
        problems.push(Problem::new(Code::WrongType, paths.pos, message));
        return;
    };
    for item in items {
        match &item.value {
            Value::Str(path) => remove_path(base, path, item.pos, problems),
            _ => {
                let message = "a path is a text: \"step.trap\"";
                problems.push(Problem::new(Code::WrongType, item.pos, message));
            }
        }
    }
}

fn remove_path(base: &mut Table, path: &str, pos: Pos, problems: &mut Problems) {
    let mut words = path.split('.');
    let first = words.next().unwrap_or("");
    let rest: Vec<&str> = words.collect();
    let Some((_, key)) = LISTS.iter().find(|(list, _)| *list == first) else {
        remove_key(base, &[&[first], &rest[..]].concat(), pos, problems);
        return;
    };
    let list = base.node_mut(first).map(|node| &mut node.value);
    let mut none = Vec::new();
    let items = match list {
        Some(Value::Array(items)) => items,
        _ => &mut none,
    };
    let name = rest.first().copied().unwrap_or("");
    match (position(items, key, name), rest.get(1..)) {
        (Some(at), None | Some([])) => drop(items.remove(at)),
        (Some(at), Some(keys)) => {
            if let Some(Value::Table(table)) = items.get_mut(at).map(|item| &mut item.value) {
                remove_key(table, keys, pos, problems);
            }
        }
        (None, _) => problems.push(no_item(items, (first, key), name, pos)),
    }
}

/// Puts a value from outside the file in its place: `producer.p1.config.acks`. Items of lists are
/// addressed as in branches; what follows `config` is one name, with its dots.
pub(super) fn set(base: &mut Table, path: &str, value: &Value, problems: &mut Problems) {
    let mut words = split_path(path).into_iter();
    let Some(first) = words.next() else { return };
    let rest: Vec<String> = words.collect();
    let Some((list, key)) = LISTS.iter().find(|(list, _)| *list == first) else {
        let whole: Vec<String> = std::iter::once(first).chain(rest).collect();
        return set_key(base, &whole, value, problems);
    };
    let [name, keys @ ..] = &rest[..] else {
        let message = format!("name the {list} and what to set of it");
        return problems.push(Problem::new(Code::NoSuchItem, Pos::default(), message));
    };
    let mut none = Vec::new();
    let items = match base.node_mut(list).map(|node| &mut node.value) {
        Some(Value::Array(items)) => items,
        _ => &mut none,
    };
    match position(items, key, name).and_then(|at| items.get_mut(at)) {
        Some(item) => {
            if let Value::Table(table) = &mut item.value {
                set_key(table, keys, value, problems);
            }
        }
        None => problems.push(no_item(items, (list, key), name, Pos::default())),
    }
}

/// The words of a path; quotes keep the dots of a word.
fn split_path(path: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in path.trim().chars() {
        let in_config = words.len() > 1 && words[words.len() - 2] == "config";
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted && !in_config => words.push(String::new()),
            c => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words
}

fn set_key(base: &mut Table, keys: &[String], value: &Value, problems: &mut Problems) {
    let [key, rest @ ..] = keys else {
        let message = "name what to set, as in producer.p1.config.acks";
        return problems.push(Problem::new(Code::NoSuchItem, Pos::default(), message));
    };
    let node = |value: Value| Node {
        value,
        pos: Pos::default(),
    };
    if base.node(key).is_none() {
        let empty = match rest.is_empty() {
            true => value.clone(),
            false => Value::Table(Table::default()),
        };
        base.entries.push(Entry {
            key: key.clone(),
            key_pos: Pos::default(),
            node: node(empty),
        });
    }
    let Some(place) = base.node_mut(key) else {
        return;
    };
    match (rest.is_empty(), &mut place.value) {
        (true, _) => *place = node(value.clone()),
        (false, Value::Table(inner)) => set_key(inner, rest, value, problems),
        (false, other) => {
            let message = format!("{} is {}, not a table", shorten(key), other.kind());
            problems.push(Problem::new(Code::WrongType, Pos::default(), message));
        }
    }
}

fn remove_key(base: &mut Table, keys: &[&str], pos: Pos, problems: &mut Problems) {
    let mut table = base;
    let mut keys = keys;
    while let [key, rest @ ..] = keys {
        let Some(at) = table.entries.iter().position(|e| e.key == *key) else {
            break;
        };
        if rest.is_empty() {
            table.entries.remove(at);
            return;
        }
        match &mut table.entries[at].node.value {
            Value::Table(inner) => table = inner,
            _ => break,
        }
        keys = rest;
    }
    let message = "there is nothing to remove";
    problems.push(Problem::new(Code::NoSuchItem, pos, message));
}
