//! What came out differently: records, expectations, counts, partitions.

use super::millis;
use crate::lab::scenario::run::{Ending, Fate, Finished, PartitionEnd, RecordFate, Report};
use crate::lab::text::{Both, Said};
use crate::sim::{Span, Time};
use std::collections::BTreeMap;

/// An answer that takes this much longer, and twice as long, is a difference.
const LATER: Span = Span::from_millis(100);

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// What it is.
    pub what: String,
    /// The values.
    pub values: [String; 2],
}

/// A record that fared differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordContrast {
    /// `rec-6 of p1`.
    pub what: String,
    /// What became of it on each side, the answer's time included.
    pub fared: [Said; 2],
}

pub(super) fn contrasts(runs: &[Finished; 2]) -> Vec<Contrast> {
    let mut all = Vec::new();
    let reports = [&runs[0].report, &runs[1].report];
    for (what, value) in COUNTS {
        push(&mut all, what, reports.map(value));
    }
    for judged in &reports[0].expectations {
        let of = |report: &Report| {
            let same = report.expectations.iter().find(|j| j.id == judged.id);
            same.map_or("absent".to_owned(), |judged| {
                let word = if judged.held { "holds" } else { "fails" };
                format!("{word} ({})", judged.reason)
            })
        };
        let verdict = |text: &String| text.split(' ').next().map(str::to_owned);
        let values = reports.map(of);
        if verdict(&values[0]) != verdict(&values[1]) {
            push(&mut all, &format!("expectation {}", judged.id), values);
        }
    }
    for partition in &reports[0].partitions {
        let of = |report: &Report| {
            let same = report.partitions.iter().find(|p| p.name == partition.name);
            same.map_or("absent".to_owned(), describe)
        };
        push(&mut all, &partition.name, reports.map(of));
    }
    all
}

type Count = (&'static str, fn(&Report) -> String);

const COUNTS: &[Count] = &[
    ("sent", |report| report.records.len().to_string()),
    ("acknowledged", |report| {
        let acked = |r: &&RecordFate| matches!(r.sent.ending, Ending::Acknowledged { .. });
        report.records.iter().filter(acked).count().to_string()
    }),
    ("lost", |report| report.lost().count().to_string()),
    ("duplicated", |report| {
        report.anomalies.duplicated.len().to_string()
    }),
    ("reordered", |report| {
        report.anomalies.reordered.len().to_string()
    }),
    ("unseen", |report| report.anomalies.unseen.len().to_string()),
    ("received", |report| report.received.to_string()),
    ("unavailable", |report| millis(report.unavailable)),
    ("longest wait", |report| millis(report.longest_wait)),
    ("failure", |report| {
        report.failure.clone().unwrap_or("none".to_owned())
    }),
    ("violations", |report| report.violations.len().to_string()),
    ("passed", |report| report.passed().to_string()),
];

fn push(all: &mut Vec<Contrast>, what: &str, values: [String; 2]) {
    if values[0] != values[1] {
        let what = what.to_owned();
        all.push(Contrast { what, values });
    }
}

fn describe(partition: &PartitionEnd) -> String {
    let offsets = match partition.offsets {
        Some((hw, end)) => format!("high watermark {hw}, log end {end}"),
        None => "no leader is up".to_owned(),
    };
    format!(
        "leader {} epoch {}, ISR {}, {offsets}",
        partition.leader,
        partition.leader_epoch,
        partition.isr.join(" ")
    )
}

/// Records by producer and by their place among its sends.
pub(super) fn records(runs: &[Finished; 2]) -> Vec<RecordContrast> {
    let theirs = numbered(&runs[1].report);
    let ready = [runs[0].run.ready_at(), runs[1].run.ready_at()];
    let mut all = Vec::new();
    for (key, record) in numbered(&runs[0].report) {
        let other = theirs.get(&key).copied();
        if other.is_some_and(|other| is_alike(record, other)) {
            continue;
        }
        let absent = Said::new(
            Both {
                en: "not sent",
                zh: "没有发送",
            },
            &[],
        );
        all.push(RecordContrast {
            what: format!("{} of {}", record.sent.label(), record.producer),
            fared: [
                fared(record, ready[0]),
                other.map_or(absent, |other| fared(other, ready[1])),
            ],
        });
    }
    all
}

fn numbered(report: &Report) -> BTreeMap<(usize, usize), &RecordFate> {
    let mut next: BTreeMap<usize, usize> = BTreeMap::new();
    let number = |record: &RecordFate| {
        let next = next.entry(record.sent.producer).or_default();
        *next += 1;
        *next - 1
    };
    let mut number = number;
    let records = report.records.iter();
    records
        .map(|record| ((record.sent.producer, number(record)), record))
        .collect()
}

fn is_alike(one: &RecordFate, other: &RecordFate) -> bool {
    let fates = std::mem::discriminant(&one.fate) == std::mem::discriminant(&other.fate);
    let waits = [one, other].map(|record| {
        let ended = record.sent.ended;
        ended.map(|(at, _)| at.since(record.sent.at))
    });
    let waits = match waits {
        [Some(a), Some(b)] => {
            let (short, long) = (a.min(b), a.max(b));
            long.0 - short.0 < LATER.0 || long.0 < short.0.saturating_mul(2)
        }
        [a, b] => a.is_some() == b.is_some(),
    };
    one.sent.ending == other.sent.ending && fates && waits
}

fn fared(record: &RecordFate, ready: Time) -> Said {
    let place = match record.sent.ending {
        Ending::Acknowledged { partition, offset } if offset >= 0 => {
            format!("{}-{partition}:{offset}", record.sent.topic)
        }
        Ending::Acknowledged { partition, .. } => format!("{}-{partition}", record.sent.topic),
        _ => String::new(),
    };
    let at = record.sent.ended.map(|(at, _)| millis(at.since(ready)));
    let waited = record
        .sent
        .ended
        .map(|(at, _)| millis(at.since(record.sent.at)));
    let values = [
        ("place", place),
        ("at", at.unwrap_or_default()),
        ("waited", waited.unwrap_or_default()),
    ];
    Said::new(fate_text(record), &values)
}

fn fate_text(record: &RecordFate) -> Both {
    let both = |en, zh| Both { en, zh };
    match (&record.sent.ending, &record.fate) {
        (Ending::Acknowledged { .. }, Fate::Lost(_)) => both(
            "acknowledged at {at} as {place} after {waited}, LOST",
            "{at} 应答为 {place}，历时 {waited}，丢失",
        ),
        (Ending::Acknowledged { .. }, _) => both(
            "acknowledged at {at} as {place} after {waited}",
            "{at} 应答为 {place}，历时 {waited}",
        ),
        (Ending::Failed { .. }, Fate::Written(_)) => both(
            "failed at {at}, in the log all the same",
            "{at} 失败，但仍在日志中",
        ),
        (Ending::Failed { .. }, _) => both("failed at {at}", "{at} 失败"),
        (Ending::Pending, Fate::Written(_)) => both(
            "no answer, in the log all the same",
            "没有应答，但仍在日志中",
        ),
        (Ending::Pending, _) => both("no answer", "没有应答"),
    }
}
