//! Tables of what became of records, of branches side by side, of expectations.

use super::markdown::{code, plain, seconds, table};
use super::runs::Runs;
use super::target::Target;
use crate::kafka::config::Acks;
use crate::lab::scenario::MAIN;
use crate::lab::scenario::run::{Ending, Fate, RecordFate, Report, acks_word};
use crate::sim::Time;

/// `records RUN [FIRST..LAST]`: each record, what its producer was told, what became of it.
pub(super) fn records(runs: &mut Runs<'_>, rest: &str) -> Result<String, String> {
    let (target, part) = match rest.split_once(' ') {
        Some((target, part)) => (target, Some(part.trim())),
        None => (rest, None),
    };
    let told = runs.finished(&Target::of(target)?)?;
    let all = &told.finished.report.records;
    let chosen = match part {
        None => &all[..],
        Some(part) => {
            let (first, last) = part.split_once("..").unwrap_or((part, part));
            let place = |label: &str| {
                let place = all.iter().position(|record| record.sent.label() == label);
                place.ok_or_else(|| format!("{target} sends no \"{label}\""))
            };
            let (first, last) = (place(first)?, place(last)?);
            all.get(first..=last)
                .ok_or_else(|| format!("\"{part}\" goes backwards"))?
        }
    };
    let ready = told.finished.run.ready_at();
    let rows: Vec<_> = chosen.iter().map(|record| row(record, ready)).collect();
    Ok(table(&["record", "sent", "answer", "in the end"], &rows))
}

fn row(record: &RecordFate, ready: Time) -> Vec<String> {
    let at = |at: Time| seconds(at.since(ready).as_millis());
    let sent = &record.sent;
    let answer = match (&sent.ending, sent.ended) {
        (Ending::Acknowledged { .. }, Some((time, _))) if record.acks == Acks::None => {
            format!("none; sent off {}", at(time))
        }
        (Ending::Acknowledged { partition, offset }, Some((time, _))) => {
            format!(
                "{}: {}-{partition}, offset {offset}",
                at(time),
                plain(&sent.topic)
            )
        }
        (Ending::Failed { .. }, Some((time, _))) => format!("{}: failed", at(time)),
        _ => "none".to_owned(),
    };
    let fate = match &record.fate {
        Fate::Kept => "kept".to_owned(),
        Fate::Lost(why) => format!("**lost**: {}", plain(why)),
        Fate::Written(why) => format!("stored all the same: {}", plain(why)),
        Fate::Refused(why) => format!("not stored: {}", plain(why)),
        Fate::Expired => "deleted by retention".to_owned(),
    };
    vec![code(&sent.label()), at(sent.at), answer, fate]
}

/// `branches SCENARIO`: a row a branch.
pub(super) fn branches(runs: &mut Runs<'_>, scenario: &str) -> Result<String, String> {
    let parsed = runs.parsed(scenario, "")?;
    let mut names = vec![MAIN.to_owned()];
    names.extend(parsed.branches.iter().map(|(name, _)| name.clone()));
    let mut rows = Vec::new();
    for branch in names {
        let target = Target {
            scenario: scenario.to_owned(),
            branch: branch.clone(),
            moment: "end".to_owned(),
        };
        let told = runs.finished(&target)?;
        let report = &told.finished.report;
        let title = &told.finished.run.plan().scenario.title;
        let mut row = vec![code(&branch), plain(&title.said().en)];
        row.extend(counts(report));
        rows.push(row);
    }
    let head = [
        "branch",
        "what it is",
        "acks",
        "sent",
        "answered",
        "lost",
        "twice",
        "longest wait",
        "no leader",
    ];
    Ok(table(&head, &rows))
}

/// acks, sent, answered, lost, twice, the longest wait, time without a leader.
fn counts(report: &Report) -> Vec<String> {
    let records = &report.records;
    let acks = records.first().map_or("", |record| acks_word(record.acks));
    let answered = records.iter().filter(|record| {
        let acknowledged = matches!(record.sent.ending, Ending::Acknowledged { .. });
        acknowledged && record.acks != Acks::None
    });
    vec![
        acks.to_owned(),
        records.len().to_string(),
        answered.count().to_string(),
        report.lost().count().to_string(),
        report.anomalies.duplicated.len().to_string(),
        seconds(report.longest_wait.as_millis()),
        seconds(report.unavailable.as_millis()),
    ]
}

/// `expectations RUN`: what the scenario claims and how it came out.
pub(super) fn expectations(runs: &mut Runs<'_>, rest: &str) -> Result<String, String> {
    let told = runs.finished(&Target::of(rest)?)?;
    let rows: Vec<_> = (told.finished.report.expectations.iter())
        .map(|judged| {
            let how = match (judged.wanted, judged.held) {
                (true, true) => "holds",
                (true, false) => "**does not hold**",
                (false, false) => "fails, as it should here",
                (false, true) => "**holds, and should not**",
            };
            vec![code(&judged.id), how.to_owned(), plain(&judged.reason)]
        })
        .collect();
    Ok(table(&["expectation", "", "seen"], &rows))
}
