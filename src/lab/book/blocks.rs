//! What a mark may ask for: its first word, and what follows.

use super::markdown::{code, details, fenced, plain, seconds, table};
use super::runs::Runs;
use super::target::Target;
use super::{Files, picture, quiz, sheet, shelf, tables};
use crate::lab::scenario::{Ask, duration};
use crate::lab::text::Lang;
use crate::lab::trace::{Trace, Window, topics, transcript};
use crate::sim::Time;

/// What a page is written with.
pub(super) struct Desk<'r, 'a> {
    pub(super) runs: &'r mut Runs<'a>,
    pub(super) files: &'r Files,
    /// The page's path.
    pub(super) page: &'r str,
    /// Pictures that the page shows, by path.
    pub(super) pictures: Files,
}

/// What stands behind a mark. The error says what is wrong with the mark, or where the author and
/// the engine disagree.
pub(super) fn write(
    desk: &mut Desk<'_, '_>,
    words: &str,
    is_block: bool,
) -> Result<String, String> {
    let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
    let rest = rest.trim();
    if word == "value" {
        return value(desk, rest);
    }
    if !is_block {
        return Err(format!(
            "\"{word}\" is a block: its mark stands alone on a line"
        ));
    }
    match word {
        "story" => story(desk, rest),
        "question" => question(desk, rest),
        "records" => tables::records(desk.runs, rest),
        "branches" => tables::branches(desk.runs, rest),
        "expectations" => tables::expectations(desk.runs, rest),
        "log" => log(desk, rest),
        "topics" => described(desk, rest),
        "transcript" => told(desk, rest),
        "sequence" => sequence(desk, rest),
        "source" => source(desk, rest),
        "screen" => screen(desk, rest),
        "quiz" => quiz_sheet(desk, rest),
        "glossary" => shelf::glossary(rest),
        "invariants" => Ok(shelf::invariants()),
        "rules" => Ok(shelf::rules()),
        "configs" => shelf::configs(rest),
        "scenarios" => shelf::scenarios(desk.runs, rest),
        _ => Err(format!(
            "no block is called \"{word}\"; there are value, story, question, records, branches, \
             expectations, log, topics, transcript, sequence, source, screen, quiz, glossary, invariants, \
             rules, configs and scenarios"
        )),
    }
}

/// `N` words; the last one takes the rest.
fn words<const N: usize>(text: &str, usage: &str) -> Result<[String; N], String> {
    let all: Vec<String> = text.splitn(N, ' ').map(|w| w.trim().to_owned()).collect();
    <[String; N]>::try_from(all).map_err(|_| format!("write {usage}"))
}

/// `WHAT at RUN#MOMENT`; a moment may hold spaces.
fn at<'a>(text: &'a str, usage: &str) -> Result<(&'a str, Target), String> {
    let (what, target) = text
        .split_once(" at ")
        .ok_or_else(|| format!("write {usage}"))?;
    Ok((what.trim(), Target::of(target.trim())?))
}

fn value(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let (text, target) = at(rest, "value EXPRESSION at RUN#MOMENT")?;
    Ok(plain(&desk.runs.value(&target, text)?))
}

/// The narration of a run, with the moments at which it is told.
fn story(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let (target, lang) = match rest.split_once(' ') {
        Some((target, "zh")) => (target, Lang::Zh),
        Some(_) => return Err("write story RUN, or story RUN zh".to_owned()),
        None => (rest, Lang::En),
    };
    let told = desk.runs.finished(&Target::of(target)?)?;
    let ready = told.finished.run.ready_at();
    let narration = told.finished.report.told.iter();
    let rows: Vec<_> = narration
        .filter(|told| told.ask.is_none())
        .map(|told| {
            let at = seconds(told.at.since(ready).as_millis());
            vec![at, plain(lang.pick(&told.en, &told.zh))]
        })
        .collect();
    Ok(table(&[lang.pick("time", "时间"), ""], &rows))
}

/// A question of a scenario, its answers in a block that opens.
fn question(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let [target, id] = words(rest, "question RUN ID")?;
    let told = desk.runs.finished(&Target::of(&target)?)?;
    let asks = &told.finished.run.plan().scenario.asks;
    let is_it = |ask: &Ask| ask.id.as_deref() == Some(id.as_str());
    let index = asks.iter().position(is_it);
    let index = index.ok_or_else(|| format!("{target} asks nothing called \"{id}\""))?;
    let mut asked = told.finished.report.told.iter();
    let asked = asked
        .find(|told| told.ask == Some(index))
        .ok_or_else(|| format!("{target} never comes to ask \"{id}\""))?;
    let choices: Vec<sheet::Offer> = asks[index]
        .choose
        .iter()
        .map(|choice| sheet::Offer {
            text: plain(&choice.text.en.literal()),
            right: choice.right,
            why: choice.wrong.as_ref().map(|why| plain(&why.en.literal())),
            seen: None,
        })
        .collect();
    let answers = details("Answer", &sheet::answers(&choices, None));
    let asked = plain(&asked.en);
    Ok(format!(
        "**{asked}**\n\n{}\n{answers}",
        sheet::options(&choices)
    ))
}

/// The replicas of a partition at a moment.
fn log(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let (partition, target) = at(rest, "log PARTITION at RUN#MOMENT")?;
    let session = desk.runs.at(&target)?;
    let scope = session.run().scope(session.world());
    let text = picture::replicas(scope.view, partition)?;
    Ok(fenced("text", &text))
}

/// Topics as `kafka-topics.sh --describe` shows them.
fn described(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let session = desk.runs.at(&Target::of(rest)?)?;
    let scope = session.run().scope(session.world());
    Ok(fenced("text", &topics(scope.view)))
}

/// What happened between two moments, a line each.
fn told(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let [target, from, to] = words(rest, "transcript RUN FROM TO")?;
    let trace = part(desk, &target, &from, &to)?;
    let text = transcript(&trace, Lang::En);
    // Name, title and an empty line stand first.
    let lines: Vec<&str> = text.lines().skip(3).collect();
    match lines.is_empty() {
        true => Err(format!("{target}: nothing to tell from {from} to {to}")),
        false => Ok(fenced("text", &lines.join("\n"))),
    }
}

fn part(desk: &mut Desk<'_, '_>, target: &str, from: &str, to: &str) -> Result<Trace, String> {
    let told = desk.runs.finished(&Target::of(target)?)?;
    let ready = told.finished.run.ready_at();
    let moment = |text: &str| duration(text).map(|span| ready + span);
    let (from, to): (Time, Time) = (moment(from)?, moment(to)?);
    let salience = told.trace.salience;
    Ok(told.trace.clone().within(Window { salience, from, to }))
}

/// A sequence diagram: an image of its own beside the page.
fn sequence(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let [target, from, to, name] = words(rest, "sequence RUN FROM TO NAME")?;
    let mut trace = part(desk, &target, &from, &to)?;
    // The page says what the narration would.
    trace.told.clear();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!(
            "\"{name}\" is no name of a picture: letters, digits, -"
        ));
    }
    let folder = desk.page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = match folder {
        "" => format!("pictures/{name}.svg"),
        folder => format!("{folder}/pictures/{name}.svg"),
    };
    let text = picture::sequence(&trace);
    if desk.pictures.insert(path, text).is_some() {
        return Err(format!("two pictures of this page are called \"{name}\""));
    }
    let title = plain(&trace.origin.title.en);
    Ok(format!(
        "![{title}: messages from {from} to {to}](pictures/{name}.svg)"
    ))
}

/// A part of a scenario file: `step.trap`, `branch.acks-1`, `topic.orders`, `network`.
fn source(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let [name, keys] = words(rest, "source SCENARIO KEY [KEY...]")?;
    let source = desk.runs.source(&name)?;
    let parts: Result<Vec<&str>, String> = keys
        .split(' ')
        .map(|key| {
            picture::excerpt(&source, key).ok_or_else(|| format!("{name} has no part \"{key}\""))
        })
        .collect();
    Ok(fenced("toml", &parts?.join("\n\n")))
}

/// A screen of the visualiser, as the snapshot that its tests hold it against.
fn screen(desk: &mut Desk<'_, '_>, name: &str) -> Result<String, String> {
    let snapshot = desk.runs.source(&format!("{name}.snap"));
    let snapshot = snapshot.map_err(|_| format!("no screen \"{name}\""))?;
    // What the snapshot is of stands first, between two lines of dashes.
    let body = snapshot.splitn(3, "---\n").last().unwrap_or_default();
    Ok(fenced("text", body))
}

fn quiz_sheet(desk: &mut Desk<'_, '_>, rest: &str) -> Result<String, String> {
    let folder = desk.page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let [file, ids] = match rest.split_once(' ') {
        Some((file, ids)) => [file, ids],
        None => [rest, ""],
    };
    let path = match folder {
        "" => file.to_owned(),
        folder => format!("{folder}/{file}"),
    };
    let text = desk.files.get(&path);
    let text = text.ok_or_else(|| format!("no quiz {} beside this page", code(&path)))?;
    let questions = quiz::read(text).map_err(|why| format!("{path}: {why}"))?;
    let ids: Vec<&str> = ids.split_whitespace().collect();
    if let Some(lost) = (ids.iter()).find(|id| !questions.iter().any(|q| q.id == **id)) {
        return Err(format!("{path}: no question \"{lost}\""));
    }
    let chosen = questions
        .iter()
        .filter(|q| ids.is_empty() || ids.contains(&q.id.as_str()));
    let sheets: Result<Vec<String>, String> = chosen
        .map(|question| {
            sheet::write(desk.runs, question)
                .map_err(|why| format!("{path}: {}: {why}", question.id))
        })
        .collect();
    Ok(sheets?.join("\n\n"))
}
