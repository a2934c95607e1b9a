//! What a run says to a program.

use super::file_runs::FileRuns;
use crate::kafka::config::Acks;
use crate::lab::scenario::run::{Ending, Fate, Finished, RecordFate, Report};
use crate::lab::trace::Metrics;
use serde_json::{Value, json};

/// Prints one object: of the file, or of all files.
pub(super) fn print(mut objects: Vec<Value>, files: usize) {
    let value = match (files, objects.len()) {
        (1, 1) => objects.remove(0),
        _ => json!({ "files": objects }),
    };
    println!("{value:#}");
}

/// The object of one file.
pub(super) fn file(file: &FileRuns) -> Value {
    json!({
        "file": file.name,
        "title": file.title,
        "passed": file.runs.iter().all(|run| run.report.passed()),
        "runs": file.runs.iter().zip(&file.metrics).map(run).collect::<Vec<_>>(),
    })
}

fn run((finished, metrics): (&Finished, &Option<Metrics>)) -> Value {
    let report = &finished.report;
    let expectations = report.expectations.iter().map(|judged| {
        json!({
            "id": judged.id,
            "outcome": if judged.held { "holds" } else { "fails" },
            "wanted": if judged.wanted { "holds" } else { "fails" },
            "passed": judged.passed(),
            "reason": judged.reason,
        })
    });
    let violations = report.violations.iter().map(|violation| {
        json!({
            "invariant": violation.invariant.id(),
            "step": violation.step.0,
            "text": violation.text,
        })
    });
    let partitions = report.partitions.iter().map(|partition| {
        json!({
            "name": partition.name,
            "leader": partition.leader,
            "leader_epoch": partition.leader_epoch,
            "isr": partition.isr,
            "elr": partition.elr,
            "high_watermark": partition.offsets.map(|offsets| offsets.0),
            "log_end": partition.offsets.map(|offsets| offsets.1),
        })
    });
    let ready = finished.run.ready_at();
    json!({
        "branch": report.branch,
        "seed": report.seed,
        "passed": report.passed(),
        "trace_hash": format!("{:016x}", report.trace_hash),
        "steps": report.steps.0,
        "prelude_steps": report.steps.1,
        "virtual_ms": report.virtual_ms.0,
        "prelude_ms": report.virtual_ms.1,
        "unavailable_ms": report.unavailable.as_millis(),
        "longest_wait_ms": report.longest_wait.as_millis(),
        "failure": report.failure,
        "expectations": expectations.collect::<Vec<_>>(),
        "violations": violations.collect::<Vec<_>>(),
        "suspensions": report.suspensions,
        "unfired": report.unfired,
        "unrest": report.unrest,
        "counts": counts(report),
        "metrics": metrics,
        "partitions": partitions.collect::<Vec<_>>(),
        "records": report.records.iter().map(|r| record(r, ready)).collect::<Vec<_>>(),
    })
}

fn counts(report: &Report) -> Value {
    let acknowledged = |r: &&RecordFate| matches!(r.sent.ending, Ending::Acknowledged { .. });
    json!({
        "sent": report.records.len(),
        "acknowledged": report.records.iter().filter(acknowledged).count(),
        "lost": report.lost().count(),
        "duplicated": report.anomalies.duplicated.len(),
        "reordered": report.anomalies.reordered.len(),
        "unseen": report.anomalies.unseen.len(),
        "received": report.received,
    })
}

fn record(record: &RecordFate, ready: crate::sim::Time) -> Value {
    let (fate, why) = match &record.fate {
        Fate::Kept => ("kept", None),
        Fate::Lost(why) => ("lost", Some(why)),
        Fate::Written(why) => ("written", Some(why)),
        Fate::Refused(why) => ("not-written", Some(why)),
        Fate::Expired => ("expired", None),
    };
    let (ending, partition, offset) = match &record.sent.ending {
        Ending::Pending => ("pending", None, None),
        Ending::Acknowledged { partition, offset } => (
            "acknowledged",
            Some(*partition),
            (*offset >= 0).then_some(*offset),
        ),
        Ending::Failed { .. } => ("failed", None, None),
    };
    let acks = match record.acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    };
    json!({
        "producer": record.producer,
        "acks": acks,
        "value": record.sent.label(),
        "topic": record.sent.topic,
        "partition": partition,
        "offset": offset,
        "sent_ms": record.sent.at.since(ready).as_millis(),
        "ended_ms": record.sent.ended.map(|(at, _)| at.since(ready).as_millis()),
        "ending": ending,
        "fate": fate,
        "why": why,
    })
}
