//! The end card: the score, what was expected and how it came out, what next.

use super::cells::{Row, Tone, wrap};
use super::model::Model;
use super::quiz::Answer;
use crate::lab::scenario::run::{Ending, Judged, Report};
use crate::lab::scenario::{Claim, MAIN};
use crate::lab::text::Lang;

/// The widest screen: there the card has the fewest rows.
const WIDEST: usize = 200;

/// How many rows can be scrolled away, and one.
pub(super) fn length(model: &Model) -> usize {
    rows(model, WIDEST).len()
}

/// The rows of the card.
pub(super) fn rows(model: &Model, width: usize) -> Vec<Row> {
    let Some(report) = model.session.report() else {
        return Vec::new();
    };
    let lang = model.lang();
    let mut rows = Vec::new();
    verdict(model, report, lang, &mut rows);
    rows.push(Row::new());
    score(model, lang, &mut rows);
    next(model, lang, &mut rows);
    expectations(model, report, width, &mut rows);
    rows
}

fn verdict(model: &Model, report: &Report, lang: Lang, rows: &mut Vec<Row>) {
    let (text, tone) = match &report.failure {
        Some(why) => (
            format!(
                "{} {why}",
                lang.pick("the run could not go on:", "运行中断：")
            ),
            Tone::Bad,
        ),
        None if report.passed() => (
            lang.pick("It came out as the scenario says.", "结果与场景所说一致。")
                .to_owned(),
            Tone::Good,
        ),
        None => (
            lang.pick(
                "It did not come out as the scenario says.",
                "结果与场景所说不一致。",
            )
            .to_owned(),
            Tone::Bad,
        ),
    };
    rows.push(Row::new().say(text, tone));
    let acked = |ending: &Ending| matches!(ending, Ending::Acknowledged { .. });
    let acked = report
        .records
        .iter()
        .filter(|record| acked(&record.sent.ending))
        .count();
    let (sent, lost) = (report.records.len(), report.lost().count());
    let text = match lang {
        Lang::En => format!(
            "{sent} records sent, {acked} acknowledged, {lost} acknowledged and lost, {} received",
            report.received
        ),
        Lang::Zh => format!(
            "发送 {sent} 条，应答 {acked} 条，应答后丢失 {lost} 条，收到 {} 条",
            report.received
        ),
    };
    rows.push(Row::new().say(text, if lost > 0 { Tone::Bad } else { Tone::Plain }));
    let beats = model
        .session
        .count_beats(model.settings.filter, model.session.frontier())
        .1;
    let text = match lang {
        Lang::En => format!(
            "{beats} beats, {} steps, seed {}, trace {:016x}",
            report.steps.0, report.seed, report.trace_hash
        ),
        Lang::Zh => format!(
            "{beats} 拍，{} 步，种子 {}，trace {:016x}",
            report.steps.0, report.seed, report.trace_hash
        ),
    };
    rows.push(Row::dim(text));
}

fn score(model: &Model, lang: Lang, rows: &mut Vec<Row>) {
    let asks = model.session.scenario().asks.len();
    if asks == 0 {
        return;
    }
    let (right, asked) = model.quiz.score();
    let text = match lang {
        Lang::En => {
            format!("questions: {right} right at the first try, {asked} asked, {asks} in all")
        }
        Lang::Zh => format!("问题：首次答对 {right}，问过 {asked}，共 {asks}"),
    };
    rows.push(Row::new().say(text, Tone::Strong));
    for ask in 0..asks {
        let Some(spec) = model.session.scenario().asks.get(ask) else {
            continue;
        };
        let sign = match model.quiz.answer(ask) {
            Some(Answer::Chosen(_, true)) => ("+", Tone::Good),
            Some(Answer::Chosen(_, false)) => ("x", Tone::Bad),
            Some(Answer::Skipped) => ("-", Tone::Dim),
            None => (" ", Tone::Dim),
        };
        let text = model.session.render(&spec.text, lang);
        rows.push(
            Row::new()
                .say(format!("  {} ", sign.0), sign.1)
                .say(text, Tone::Plain),
        );
    }
    rows.push(Row::new());
}

fn expectations(model: &Model, report: &Report, width: usize, rows: &mut Vec<Row>) {
    let lang = model.lang();
    if !report.expectations.is_empty() {
        let text = lang.pick("what the scenario expects", "场景的期望");
        rows.push(Row::new().say(text, Tone::Strong));
    }
    let claims = &model.session.scenario().expects;
    for (index, judged) in report.expectations.iter().enumerate() {
        let compares = claims
            .get(index)
            .is_some_and(|e| matches!(e.claim, Claim::SameAs { .. }));
        rows.extend(expectation(judged, compares, lang, width));
    }
    for violation in &report.violations {
        let text = format!("  x {}: {}", violation.invariant, violation.text);
        rows.push(Row::new().say(text, Tone::Bad));
    }
    for unfired in &report.unfired {
        rows.push(Row::new().say(format!("  x {unfired}"), Tone::Bad));
    }
}

fn expectation(judged: &Judged, compares: bool, lang: Lang, width: usize) -> Vec<Row> {
    if compares {
        let text = lang.pick("compares branches: kafkalab run", "比较分支：kafkalab run");
        let text = format!("  ? {} {text}", judged.id);
        return vec![Row::dim(text)];
    }
    let what = match (judged.wanted, judged.held) {
        (true, true) => lang.pick("holds", "成立"),
        (true, false) => lang.pick("does not hold", "不成立"),
        (false, false) => lang.pick("fails, as this branch teaches", "如本分支所教，不成立"),
        (false, true) => lang.pick("holds, though it should fail", "本应不成立，却成立"),
    };
    let (sign, tone) = match judged.passed() {
        true => ("  + ", Tone::Good),
        false => ("  x ", Tone::Bad),
    };
    let text = format!("{} {what}: {}", judged.id, judged.reason);
    let lines = wrap(&text, width.saturating_sub(4));
    let rows = lines.into_iter().enumerate().map(|(at, line)| match at {
        0 => Row::new().say(sign, tone).say(line, Tone::Plain),
        _ => Row::plain(format!("    {line}")),
    });
    rows.collect()
}

fn next(model: &Model, lang: Lang, rows: &mut Vec<Row>) {
    let source = model.session.source();
    let mut next: Vec<String> = Vec::new();
    for branch in source
        .branches
        .iter()
        .filter(|branch| **branch != source.branch)
    {
        let name = &source.name;
        next.push(match branch.as_str() {
            MAIN => format!("kafkalab play {name}"),
            branch => format!("kafkalab play {name} --branch {branch}"),
        });
    }
    if let Some(scenario) = &source.next {
        next.push(format!("kafkalab play {scenario}"));
    }
    if next.is_empty() {
        return;
    }
    let text = lang.pick("what next", "接下来");
    rows.push(Row::new().say(text, Tone::Strong));
    rows.extend(next.into_iter().map(|line| Row::plain(format!("  {line}"))));
    rows.push(Row::new());
}
