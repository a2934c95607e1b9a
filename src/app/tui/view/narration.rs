//! What happened, what the scenario tells about it, and what it asks.

use crate::app::tui::cells::{Row, Tone, width, wrap};
use crate::app::tui::model::Model;
use crate::app::tui::plain::seconds;
use crate::app::tui::quiz::{Answer, Asked};
use crate::app::tui::seen::tell;
use crate::lab::text::Lang;
use crate::sim::StepNo;

/// What happened in the present step, if that fits into a title.
pub(super) fn headline(model: &Model, room: usize) -> String {
    let text = happened(model);
    match fits(&text, room) {
        true => text,
        false => model.lang().pick("last", "刚才").to_owned(),
    }
}

/// A title has a line and a space on each side.
fn fits(text: &str, room: usize) -> bool {
    width(text) + 4 <= room
}

fn last(lang: Lang) -> &'static str {
    lang.pick("last: ", "刚才：")
}

fn happened(model: &Model) -> String {
    let (session, lang) = (&model.session, model.lang());
    if let Some(why) = session.failure() {
        return format!("{}{why}", lang.pick("failed: ", "失败："));
    }
    match session.seen() {
        Some(seen) => {
            let text = tell(seen, &session.voice(), lang);
            format!("{}{text}", last(lang))
        }
        None => lang.pick("the cluster is ready", "集群就绪").to_owned(),
    }
}

/// The question if one is open, else the story.
pub(super) fn rows(model: &Model, room: usize) -> Vec<Row> {
    let lang = model.lang();
    if let Some(open) = model.quiz.open() {
        return question(open, lang, room);
    }
    let mut rows = Vec::new();
    let text = happened(model);
    if !fits(&text, room) {
        let text = text.strip_prefix(last(lang)).unwrap_or(&text);
        let lines = wrap(text, room).into_iter();
        rows.extend(lines.map(|line| Row::new().say(line, Tone::Strong)));
    }
    rows.extend(prediction(model, room));
    rows.extend(story(model, room));
    if rows.is_empty() && model.session.now() == model.session.begin() {
        let text = lang.pick(
            "n goes on to the next event, p back, ? shows all keys.",
            "n 前进到下一个事件，p 后退，? 列出全部按键。",
        );
        rows.push(Row::plain(text));
    }
    rows
}

/// What was told in this step, or else the last thing told, dim.
fn story(model: &Model, room: usize) -> Vec<Row> {
    let (session, lang) = (&model.session, model.lang());
    let now = session.now();
    let is_fresh = |step: StepNo| StepNo(step.0 + 1) >= now;
    let fresh: Vec<_> = session.told().filter(|told| is_fresh(told.step)).collect();
    if fresh.is_empty() {
        let Some(last) = session.told().next_back() else {
            return Vec::new();
        };
        let clock = seconds(last.at.since(session.ready_at()).as_millis());
        let text = format!("({clock}) {}", lang.pick(&last.en, &last.zh));
        return wrap(&text, room).into_iter().map(Row::dim).collect();
    }
    let texts = fresh.into_iter().map(|told| lang.pick(&told.en, &told.zh));
    texts
        .flat_map(|text| wrap(text, room))
        .map(Row::plain)
        .collect()
}

/// One's own prediction, beside the fact that decides it.
fn prediction(model: &Model, room: usize) -> Vec<Row> {
    let (session, lang) = (&model.session, model.lang());
    let now = session.now();
    let mut coming = session.scout().coming().iter();
    let Some(coming) = coming.find(|coming| coming.before && coming.fires == now) else {
        return Vec::new();
    };
    let Some(Answer::Chosen(choice, right)) = model.quiz.answer(coming.ask) else {
        return Vec::new();
    };
    let asks = &session.scenario().asks;
    let Some(choice) = asks.get(coming.ask).and_then(|ask| ask.choose.get(choice)) else {
        return Vec::new();
    };
    let said = session.render(&choice.text, lang);
    let text = match (lang, right) {
        (Lang::En, true) => format!("+ this decides it; you said: {said}"),
        (Lang::En, false) => format!("x this decides it; your first word was: {said}"),
        (Lang::Zh, true) => format!("+ 这一步见分晓；你说的是：{said}"),
        (Lang::Zh, false) => format!("x 这一步见分晓；你最初说的是：{said}"),
    };
    let tone = if right { Tone::Good } else { Tone::Bad };
    let lines = wrap(&text, room).into_iter();
    lines.map(|line| Row::new().say(line, tone)).collect()
}

fn question(open: &Asked, lang: Lang, room: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let word = match open.before {
        true => lang.pick("? PREDICT  ", "? 预测  "),
        false => lang.pick("? QUESTION  ", "? 问题  "),
    };
    let lines = wrap(&format!("{word}{}", open.text(lang)), room);
    rows.extend(
        lines
            .into_iter()
            .map(|line| Row::new().say(line, Tone::Strong)),
    );
    let solved = open.is_solved();
    for (index, choice) in open.choices.iter().enumerate() {
        let letter = char::from(b'a' + (index as u8).min(25));
        let (sign, tone) = match (open.tried.contains(&index), choice.right) {
            (true, true) => ('+', Tone::Good),
            (true, false) => ('x', Tone::Bad),
            (false, _) => (' ', Tone::Plain),
        };
        let text = format!("{letter}) {}", choice.text(lang));
        for (at, line) in wrap(&text, room.saturating_sub(4)).into_iter().enumerate() {
            let lead = if at == 0 {
                format!("  {sign} ")
            } else {
                "    ".to_owned()
            };
            rows.push(Row::new().say(lead, tone).say(line, tone));
        }
    }
    let last = open.tried.last().and_then(|index| open.choices.get(*index));
    let (text, tone) = match last.map(|choice| (choice.right, choice.why_wrong(lang))) {
        Some((true, _)) => (lang.pick("Right. n goes on.", "正确。n 继续。"), Tone::Good),
        Some((false, Some(why))) if !solved => (why, Tone::Warn),
        Some((false, None)) if !solved => (lang.pick("Not so.", "不对。"), Tone::Warn),
        _ => return rows,
    };
    let lines = wrap(text, room).into_iter();
    rows.extend(lines.map(|line| Row::new().say(line, tone)));
    rows
}
