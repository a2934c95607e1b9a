//! Searching the story: the hits become marks for `]` and `[`.

use super::model::Model;
use crate::lab::text::{Lang, Speaker};
use crate::sim::StepNo;
use std::collections::BTreeSet;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hits {
    pub(super) needle: String,
    pub(super) steps: Vec<StepNo>,
}

/// Searches the sentences of all beats and all narration that are known, and goes to the next
/// hit.
pub(super) fn find(model: &mut Model, needle: &str) {
    if needle.is_empty() {
        model.hits = None;
        return;
    }
    let known = model.session.is_known();
    let lang = model.lang();
    let steps = steps(model, needle, lang);
    let count = steps.len();
    let now = model.session.now();
    let next = steps.iter().find(|step| **step > now).copied();
    let needle = needle.to_owned();
    model.hits = (count > 0).then_some(Hits { needle, steps });
    if let Some(step) = next {
        model.jump(step);
    }
    let word = match (lang, count) {
        (Lang::En, 0) => "found nowhere".to_owned(),
        (Lang::En, 1) => "1 hit; Esc forgets it".to_owned(),
        (Lang::En, count) => format!("{count} hits: ] [ move among them, Esc forgets them"),
        (Lang::Zh, 0) => "没有找到".to_owned(),
        (Lang::Zh, count) => format!("{count} 处命中：] [ 跳转，Esc 清除"),
    };
    let so_far = lang.pick(
        " (so far: the scout is still under way)",
        "（仅限目前已知部分）",
    );
    model.word = Some(if known { word } else { word + so_far });
}

fn steps(model: &Model, needle: &str, lang: Lang) -> Vec<StepNo> {
    let needle = needle.to_lowercase();
    let fits = |text: &str| text.to_lowercase().contains(&needle);
    let voice = model.session.voice();
    let names: &dyn Speaker = &voice;
    let beats = model.session.beats().iter();
    let beats = beats.filter(|beat| model.is_beat(beat) && fits(&beat.tell(names, lang)));
    let told = model.session.scout().run().told().iter();
    let told = told.filter(|told| fits(lang.pick(&told.en, &told.zh)));
    // What was told when the driver woke is seen after the next step.
    let told = told.filter_map(|told| {
        let from = StepNo(told.step.0.saturating_sub(1));
        model.session.beat_after(from, |beat| beat.at >= told.at)
    });
    let steps: BTreeSet<StepNo> = beats.chain(told).map(|beat| beat.step).collect();
    steps.into_iter().collect()
}
