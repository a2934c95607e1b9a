//! Pictures: the replicas of a partition as text, a part of a run as a sequence diagram, a part
//! of a scenario file.

use crate::kafka::vocabulary::Tp;
use crate::lab::cluster::{ReplicaView, View};
use crate::lab::text::Lang;
use crate::lab::trace::{Trace, svg};
use std::fmt::Write;

/// Offsets that a picture has room for: the last ones are shown.
const OFFSETS_MAX: i64 = 20;

/// The replicas of a partition at one moment: a cell an offset with the leader epoch of its
/// record, `[0]` below the high watermark that the replica knows, `(0)` from it on.
pub(super) fn replicas(view: View<'_>, name: &str) -> Result<String, String> {
    let tp = name.rsplit_once('-').and_then(|(topic, number)| {
        let number = number.parse().ok()?;
        view.partition(topic, number)
    });
    let tp = tp.ok_or_else(|| format!("no partition \"{name}\" at that moment"))?;
    let registration = view.registration(tp).ok_or("nobody knows the partition")?;
    let isr: Vec<String> = (registration.isr.iter())
        .map(|id| view.names.server(*id))
        .collect();
    let mut text = format!(
        "{name}   leader {}, leader epoch {}, ISR {}\n",
        view.names.server(registration.leader),
        registration.leader_epoch,
        isr.join(" ")
    );
    let mut rows = Vec::new();
    for id in &registration.replicas {
        let mark = match view.replica_of(*id, tp) {
            None => 'x',
            Some(_) if *id == registration.leader => '*',
            Some(_) if registration.isr.contains(id) => '+',
            Some(_) => '-',
        };
        rows.push((view.names.server(*id), mark, view.replica_of(*id, tp)));
    }
    draw(&mut text, view, tp, &rows);
    text.push_str("* leads   + in sync   - out of sync   x down   [e] below the high watermark   ");
    text.push_str("(e) above it; e is the leader epoch of the record\n");
    Ok(text)
}

type Row<'a> = (String, char, Option<ReplicaView<'a>>);

fn draw(text: &mut String, view: View<'_>, tp: Tp, rows: &[Row<'_>]) {
    let up = rows.iter().filter_map(|row| row.2.as_ref());
    let end = up.clone().map(|replica| replica.offsets().log_end).max();
    let start = up.map(|replica| replica.offsets().log_start).min();
    let (end, start) = (end.unwrap_or(0), start.unwrap_or(0));
    let start = start.max(end - OFFSETS_MAX);
    let epoch = view.registration(tp).map_or(0, |known| known.leader_epoch);
    let cell = epoch.to_string().len().max(end.to_string().len());
    let name = rows.iter().map(|row| row.0.len()).max().unwrap_or(0).max(6);
    let _ = write!(text, "\n{:<name$}   ", "offset");
    for offset in start..end {
        let _ = write!(text, " {offset:>cell$} ");
    }
    text.push('\n');
    for (server, mark, replica) in rows {
        let _ = write!(text, "{server:<name$} {mark} ");
        if let Some(replica) = replica {
            cells(text, replica, (start, end), cell);
        }
        text.push('\n');
    }
    text.push('\n');
}

fn cells(text: &mut String, replica: &ReplicaView<'_>, (start, end): (i64, i64), width: usize) {
    let offsets = replica.offsets();
    for offset in start..end {
        let here = offset >= offsets.log_start && offset < offsets.log_end;
        let epoch = replica.partition.log().epoch_at(offset).filter(|_| here);
        let Some(epoch) = epoch else {
            let _ = write!(text, "{:w$}", "", w = width + 2);
            continue;
        };
        let _ = match offset < offsets.high_watermark {
            true => write!(text, "[{epoch:>width$}]"),
            false => write!(text, "({epoch:>width$})"),
        };
    }
    let (hw, leo) = (offsets.high_watermark, offsets.log_end);
    let _ = write!(text, "  high watermark {hw}, log end {leo}");
}

/// A trace as an SVG picture.
pub(super) fn sequence(trace: &Trace) -> String {
    svg(trace, Lang::En)
}

/// A part of a TOML file: a table by its name, an item of a list of tables by list and id or name.
pub(super) fn excerpt<'a>(source: &'a str, key: &str) -> Option<&'a str> {
    let starts = starts(source);
    let ends = starts.iter().skip(1).copied().chain([source.len()]);
    let parts = starts.iter().zip(ends);
    let mut parts = parts.map(|(from, to)| without_comments(&source[*from..to]));
    parts.find(|part| {
        let head = part.lines().next().unwrap_or_default();
        match head
            .strip_prefix("[[")
            .and_then(|head| head.strip_suffix("]]"))
        {
            Some(list) => {
                let id = key.strip_prefix(list).and_then(|key| key.strip_prefix('.'));
                id.is_some_and(|id| {
                    let is = |word: &str| {
                        part.lines()
                            .any(|line| line == format!("{word} = \"{id}\""))
                    };
                    is("id") || is("name")
                })
            }
            None => head == format!("[{key}]"),
        }
    })
}

/// Where tables begin.
fn starts(source: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        if line.starts_with('[') {
            starts.push(at);
        }
        at += line.len();
    }
    starts
}

/// A table without the comment of the next one.
fn without_comments(part: &str) -> &str {
    let mut part = part.trim_end();
    while let Some((before, last)) = part.rsplit_once('\n')
        && last.starts_with('#')
    {
        part = before.trim_end();
    }
    part
}
