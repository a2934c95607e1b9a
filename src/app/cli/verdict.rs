//! What a run says to a person.

use super::Surroundings;
use super::file_runs::{FileRuns, Records};
use crate::kafka::config::Acks;
use crate::lab::scenario::run::{Ending, Fate, Finished, Judged, RecordFate, Report, Told};
use crate::lab::text::{Lang, harmless as clean};
use crate::sim::Time;

/// More records than this are folded unless all are asked for.
const FOLD_ABOVE: usize = 40;

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
    fn good(&self, text: &str) -> String {
        self.with("32", text)
    }
    fn bad(&self, text: &str) -> String {
        self.with("31;1", text)
    }
    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }
    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }
}

/// The whole verdict of one file.
pub(super) fn print(file: &FileRuns, records: Records, lang: Lang, around: Surroundings) {
    let paint = Paint(around.color);
    println!(
        "{}  {}",
        paint.bold(&clean(&file.title)),
        paint.dim(&file.name)
    );
    for finished in &file.runs {
        print_run(finished, records, lang, &paint);
    }
    print_totals(file, &paint);
}

fn print_run(finished: &Finished, records: Records, lang: Lang, paint: &Paint) {
    let report = &finished.report;
    let word = if report.passed() {
        paint.good("passed")
    } else {
        paint.bad("FAILED")
    };
    println!();
    println!(
        "{} {}",
        paint.bold(&format!("branch {}", report.branch)),
        word
    );
    let line = format!(
        "  seed {}, ready {} after power-on, {} virtual, {} steps, trace {:016x}",
        report.seed,
        millis(report.virtual_ms.1),
        millis(report.virtual_ms.0),
        report.steps.0,
        report.trace_hash
    );
    println!("{}", paint.dim(&line));
    if let Some(why) = &report.failure {
        println!("  {}: {}", paint.bad("could not go on"), clean(why));
    }
    let ready = finished.run.ready_at();
    print_told(&report.told, ready, lang, paint);
    print_records(report, ready, records, paint);
    print_partitions(report);
    print_expectations(report, paint);
}

fn print_told(told: &[Told], ready: Time, lang: Lang, paint: &Paint) {
    if told.is_empty() {
        return;
    }
    println!("  story");
    for told in told {
        let text = lang.pick(&told.en, &told.zh);
        let mark = if told.ask.is_some() { "? " } else { "" };
        println!(
            "    {}  {mark}{}",
            paint.dim(&seconds(told.at, ready)),
            clean(text)
        );
    }
}

fn print_records(report: &Report, ready: Time, records: Records, paint: &Paint) {
    if records == Records::None || report.records.is_empty() {
        return;
    }
    println!("  records");
    let fold = records == Records::Auto && report.records.len() > FOLD_ABOVE;
    let mut index = 0;
    while index < report.records.len() {
        let first = &report.records[index];
        let run = if fold {
            same_fate(&report.records[index..])
        } else {
            1
        };
        if records != Records::Lost || matches!(first.fate, Fate::Lost(_)) {
            print_fate(&report.records[index..index + run], ready, paint);
        }
        index += run;
    }
    let lost = report.lost().count();
    let summary = format!("    {}", totals(report));
    println!(
        "{}",
        if lost > 0 {
            paint.bad(&summary)
        } else {
            summary
        }
    );
}

/// `10 sent, 9 acknowledged, 1 lost after its acknowledgement`; with acks=0 nothing is
/// acknowledged, only handed to the network.
fn totals(report: &Report) -> String {
    let ended = |r: &&RecordFate| matches!(r.sent.ending, Ending::Acknowledged { .. });
    let count = |records: Vec<&RecordFate>| {
        let lost = records
            .iter()
            .filter(|r| matches!(r.fate, Fate::Lost(_)))
            .count();
        (records.len(), lost)
    };
    let (promised, unpromised): (Vec<_>, Vec<_>) = report
        .records
        .iter()
        .filter(ended)
        .partition(|r| r.acks != Acks::None);
    let mut text = format!("{} sent", report.records.len());
    let (acknowledged, lost) = count(promised);
    if acknowledged > 0 || unpromised.is_empty() {
        text.push_str(&format!(
            ", {acknowledged} acknowledged, {lost} acknowledged and lost"
        ));
    }
    let (handed, lost) = count(unpromised);
    if handed > 0 {
        text.push_str(&format!(
            ", {handed} handed to the network (acks=0), {lost} of them lost"
        ));
    }
    text
}

/// How many records from the first on share its producer, its fate and its kind of ending.
fn same_fate(records: &[RecordFate]) -> usize {
    let alike = |record: &&RecordFate| {
        record.producer == records[0].producer
            && record.fate == records[0].fate
            && std::mem::discriminant(&record.sent.ending)
                == std::mem::discriminant(&records[0].sent.ending)
    };
    records.iter().take_while(alike).count()
}

fn print_fate(records: &[RecordFate], ready: Time, paint: &Paint) {
    let (first, last) = (&records[0], &records[records.len() - 1]);
    let who = match records.len() {
        1 => format!("{} {}", first.producer, first.sent.label()),
        n => format!(
            "{} {} .. {} ({n})",
            first.producer,
            first.sent.label(),
            last.sent.label()
        ),
    };
    let place = |record: &RecordFate| match record.sent.ending {
        Ending::Acknowledged { partition, offset } if offset >= 0 => {
            format!("{}-{partition}:{offset}", record.sent.topic)
        }
        Ending::Acknowledged { partition, .. } => format!("{}-{partition}", record.sent.topic),
        _ => record.sent.topic.clone(),
    };
    let at = match records.len() {
        1 => place(first),
        _ => format!("{} .. {}", place(first), place(last)),
    };
    let answered = match (&first.sent.ending, first.sent.ended) {
        (Ending::Acknowledged { .. }, Some((at, _))) if first.acks == Acks::None => {
            format!("handed to the network {}", seconds(at, ready))
        }
        (Ending::Acknowledged { .. }, Some((at, _))) => {
            format!("acknowledged {}", seconds(at, ready))
        }
        (Ending::Failed { .. }, Some((at, _))) => format!("failed {}", seconds(at, ready)),
        _ => "no answer".to_owned(),
    };
    let fate = match &first.fate {
        Fate::Kept => paint.good("kept"),
        Fate::Lost(why) => format!("{}: {}", paint.bad("LOST"), clean(why)),
        Fate::Written(why) => format!("written all the same ({})", clean(why)),
        Fate::Refused(why) => format!("not written ({})", clean(why)),
        Fate::Expired => "deleted by retention".to_owned(),
    };
    let sent = seconds(first.sent.at, ready);
    println!("    {who:<14} sent {sent}  {answered:<24} {at:<16} {fate}");
}

fn print_partitions(report: &Report) {
    if report.partitions.is_empty() {
        return;
    }
    println!("  partitions in the end");
    for partition in &report.partitions {
        let offsets = match partition.offsets {
            Some((hw, leo)) => format!("high watermark {hw}, log end {leo}"),
            None => "no leader is up".to_owned(),
        };
        let elr = match partition.elr.is_empty() {
            true => String::new(),
            false => format!(", ELR {}", partition.elr.join(" ")),
        };
        println!(
            "    {}  leader {} epoch {}, ISR {}{elr}, {offsets}",
            partition.name,
            partition.leader,
            partition.leader_epoch,
            partition.isr.join(" ")
        );
    }
}

fn print_expectations(report: &Report, paint: &Paint) {
    if !report.expectations.is_empty() {
        println!("  expectations");
    }
    for judged in &report.expectations {
        println!("    {} {}", mark(judged, paint), expectation(judged));
    }
    for unfired in &report.unfired {
        println!("    {} {}", paint.bad("FAILED"), clean(unfired));
    }
    for violation in &report.violations {
        let text = format!(
            "{} at step {}: {}",
            violation.invariant, violation.step.0, violation.text
        );
        println!("    {} invariant {}", paint.bad("VIOLATED"), clean(&text));
    }
    if let Some(unrest) = &report.unrest {
        println!(
            "    {} not at rest when the run ended: {}",
            paint.dim("note"),
            clean(unrest)
        );
    }
}

fn mark(judged: &Judged, paint: &Paint) -> String {
    if judged.passed() {
        paint.good("ok    ")
    } else {
        paint.bad("FAILED")
    }
}

fn expectation(judged: &Judged) -> String {
    let what = match (judged.wanted, judged.held) {
        (true, true) => "holds",
        (true, false) => "does not hold",
        (false, false) => "fails, as this branch teaches",
        (false, true) => "holds, though this branch wants it to fail",
    };
    format!("{} {what}: {}", judged.id, clean(&judged.reason))
}

fn print_totals(file: &FileRuns, paint: &Paint) {
    let passed = file.runs.iter().filter(|run| run.report.passed()).count();
    let all = file.runs.len();
    println!();
    match passed == all {
        true => println!(
            "{} of {all} branches",
            paint.good(&format!("{passed} passed"))
        ),
        false => println!(
            "{} of {all} branches",
            paint.bad(&format!("{} FAILED", all - passed))
        ),
    }
}

/// One line a run, for many seeds.
pub(super) fn print_table(file: &FileRuns, around: Surroundings) {
    let paint = Paint(around.color);
    println!(
        "{}  {}",
        paint.bold(&clean(&file.title)),
        paint.dim(&file.name)
    );
    let head =
        "branch           seed                 sent acked  lost  dup  trace             verdict";
    println!("{}", paint.dim(head));
    for finished in &file.runs {
        let report = &finished.report;
        let acked = report.records.iter();
        let acked = acked
            .filter(|r| matches!(r.sent.ending, Ending::Acknowledged { .. }))
            .count();
        let verdict = if report.passed() {
            paint.good("passed")
        } else {
            paint.bad("FAILED")
        };
        println!(
            "{:<16} {:<20} {:>4} {:>5} {:>5} {:>4}  {:016x}  {verdict}",
            report.branch,
            report.seed,
            report.records.len(),
            acked,
            report.lost().count(),
            report.anomalies.duplicated.len(),
            report.trace_hash
        );
    }
    print_totals(file, &paint);
}

/// One line a file, and below it what failed.
pub(super) fn print_line(file: &FileRuns, around: Surroundings) {
    let paint = Paint(around.color);
    let passed = file.runs.iter().all(|run| run.report.passed());
    let word = match passed {
        true => paint.good("passed"),
        false => paint.bad("FAILED"),
    };
    let branches = match file.runs.len() {
        1 => "1 branch".to_owned(),
        n => format!("{n} branches"),
    };
    let title = paint.dim(&clean(&file.title));
    println!("{word}  {:<36} {branches:<11} {title}", clean(&file.name));
    for run in file.runs.iter().filter(|run| !run.report.passed()) {
        for what in failures(&run.report) {
            println!("        branch {}: {what}", run.report.branch);
        }
    }
}

/// What failed in a run, a line each.
fn failures(report: &Report) -> Vec<String> {
    let expectations = report.expectations.iter().filter(|judged| !judged.passed());
    let violations = (report.violations.iter())
        .map(|violation| clean(&format!("{}: {}", violation.invariant, violation.text)));
    (report.failure.iter().map(|why| clean(why)))
        .chain(expectations.map(expectation))
        .chain(report.unfired.iter().map(|unfired| clean(unfired)))
        .chain(violations)
        .collect()
}

fn seconds(at: Time, ready: Time) -> String {
    let ms = at.since(ready).as_millis();
    format!("{:>3}.{:03} s", ms / 1_000, ms % 1_000)
}

fn millis(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
