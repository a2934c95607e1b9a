//! Which room may name which: the plan of the house and the judgement of a path.

use crate::paths::Path;

/// The floors; each may name itself and those before it.
const FLOORS: [&str; 4] = ["sim", "kafka", "lab", "app"];

/// The rooms of each floor by level: a room may name itself and rooms of earlier levels. A floor
/// without levels is one room.
const ROOMS: [&[&[&str]]; 4] = [
    &[],
    &[
        &["protocol", "config"],
        &["vocabulary"],
        &["network_client", "storage", "metadata", "assignor"],
        &["raft", "controller", "replica", "coordinator", "client"],
        &["server"],
    ],
    &[
        &["text"],
        &["cluster"],
        &["check", "trace"],
        &["scenario"],
        &["explore", "explain", "book"],
    ],
    &[&["tui"], &["terminal", "gateway"], &["cli"]],
];

/// The rooms that may touch the world outside.
const OUTER: [&str; 3] = ["terminal", "gateway", "cli"];

/// What only those may name of the standard library, and why.
const OUTSIDE: [(&str, &str); 20] = [
    ("std::fs", "a node's files are on sim's Disk"),
    ("std::net", "messages travel through sim's Network"),
    ("std::thread", "one thread makes one history"),
    (
        "std::time",
        "time is virtual: ctx.mono, ctx.wall_ms, sim's Span",
    ),
    (
        "std::env",
        "a run is its scenario and seed, nothing around it",
    ),
    ("std::process", "a simulated process is a node"),
    ("std::os", "a history is the same on every system"),
    (
        "std::future",
        "a suspended future can not be cloned or hashed",
    ),
    (
        "std::task",
        "a suspended future can not be cloned or hashed",
    ),
    ("std::io::stdin", "input comes as an Action"),
    ("std::io::stdout", "output is a text that is returned"),
    ("std::io::stderr", "output is a text that is returned"),
    ("std::io::IsTerminal", "no output depends on where it goes"),
    ("std::sync::atomic", "no state that a World does not own"),
    ("std::sync::mpsc", "one thread makes one history"),
    ("std::sync::Mutex", "one thread makes one history"),
    ("std::sync::RwLock", "one thread makes one history"),
    ("std::sync::Condvar", "one thread makes one history"),
    ("std::collections::HashMap", "its order is random: BTreeMap"),
    ("std::collections::HashSet", "its order is random: BTreeSet"),
];

/// What is wrong with a path that the module names; `None` if nothing.
pub(crate) fn judge(module: &[String], path: &Path) -> Option<String> {
    if path.library {
        return judge_library(module, &path.segments);
    }
    let [floor, room] = place(module);
    let [to_floor, to_room] = place(&path.segments);
    let floor = floor?;
    let from = FLOORS.iter().position(|name| name == floor)?;
    let Some(to) = to_floor.and_then(|to| FLOORS.iter().position(|name| name == to)) else {
        return Some("names no floor: name the room itself".to_owned());
    };
    if to > from {
        return Some(format!("{} may not name {}", FLOORS[from], FLOORS[to]));
    }
    let room = room.filter(|_| from == to && !ROOMS[from].is_empty())?;
    judge_room(ROOMS[from], room, to_room)
}

/// Two rooms of one floor.
fn judge_room(levels: &[&[&str]], from: &str, to: Option<&String>) -> Option<String> {
    let Some(to) = to.filter(|to| *to != "*") else {
        return Some("names its whole floor: name the room itself".to_owned());
    };
    let level = |room: &str| levels.iter().position(|level| level.contains(&room));
    match (level(from), level(to)) {
        _ if from == to => None,
        (None, _) => Some(format!("{from} has no place in the plan")),
        (_, None) => Some(format!("{to} has no place in the plan")),
        (Some(here), Some(there)) if there >= here => Some(format!("{from} may not name {to}")),
        _ => None,
    }
}

/// True for what a test needs to read a recording.
pub(crate) fn reads_files(path: &Path) -> bool {
    path.library && path.segments.first().is_some_and(|module| module == "fs")
}

fn judge_library(module: &[String], segments: &[String]) -> Option<String> {
    let [floor, room] = place(module);
    let outer = room.is_some_and(|room| OUTER.contains(&room.as_str()));
    // The root of the binary returns an ExitCode.
    if floor.is_none() || floor.is_some_and(|floor| floor == "app") && outer {
        return None;
    }
    let path = format!("std::{}", segments.join("::"));
    if segments.is_empty() || segments[0] == "*" {
        return Some("names the whole standard library".to_owned());
    }
    let names = |banned: &str| {
        let rest = path.strip_prefix(banned);
        let whole = path.strip_suffix("::*").unwrap_or(&path);
        let covers = whole != path && banned.starts_with(&format!("{whole}::"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::")) || covers
    };
    let (_, reason) = OUTSIDE.iter().find(|(banned, _)| names(banned))?;
    Some(format!(
        "{path} is for app/{} only: {reason}",
        OUTER.join(", app/")
    ))
}

/// Floor and room of a path from the crate's root.
fn place(path: &[String]) -> [Option<&String>; 2] {
    [path.first(), path.get(1)]
}
