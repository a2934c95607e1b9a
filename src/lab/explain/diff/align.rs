//! Which beats of two stories are the same: the longest common subsequence of what was said,
//! times and step numbers aside.

use crate::kafka::vocabulary::Salience;
use crate::lab::text::{Lang, Said};
use crate::lab::trace::{Step, Trace};
use crate::sim::{Action, Fault, NodeId, Span, StepNo, Time};

/// So many beats of each story are aligned behind their common beginning.
const ALIGNED_MAX: usize = 3_000;

/// Beats further apart do not stand for each other.
const NEAR: Span = Span::from_secs(1);

/// A beat of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Its step.
    pub step: StepNo,
    /// When.
    pub at: Time,
    /// Whose.
    pub node: Option<NodeId>,
    /// What.
    pub said: Said,
}

/// A place where two stories differ: a beat of one, or one of each that stand for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The beat on each side.
    pub beats: [Option<Beat>; 2],
}

impl Row {
    /// The earlier of its times after the sides' ready.
    fn at(&self, ready: [Time; 2]) -> u64 {
        let times = self.beats.iter().zip(ready);
        let after = times.filter_map(|(beat, ready)| Some(beat.as_ref()?.at.since(ready).0));
        after.min().unwrap_or(u64::MAX)
    }
}

pub(super) struct Aligned {
    pub(super) rows: Vec<Row>,
    pub(super) shared: usize,
    pub(super) left_out: usize,
}

pub(super) fn align(one: &Trace, other: &Trace) -> Aligned {
    let ready = [one.origin.ready_at, other.origin.ready_at];
    let (a, b) = (beats(one), beats(other));
    let same = |(x, y): &(&Beat, &Beat)| is_same(x, y);
    let prefix = a.iter().zip(&b).take_while(same).count();
    let suffix = a[prefix..]
        .iter()
        .rev()
        .zip(b[prefix..].iter().rev())
        .take_while(same)
        .count();
    let middle = |all: &[Beat]| all[prefix..all.len() - suffix].to_vec();
    let (mut a, mut b) = (middle(&a), middle(&b));
    let left_out = a.len().saturating_sub(ALIGNED_MAX) + b.len().saturating_sub(ALIGNED_MAX);
    a.truncate(ALIGNED_MAX);
    b.truncate(ALIGNED_MAX);
    let common = common(&a, &b);
    let (rows, moved) = paired(rows(a, b, &common), ready);
    Aligned {
        rows,
        shared: prefix + suffix + common.len() + moved,
        left_out,
    }
}

/// Joins beats of the two sides that are near in time and stand for each other. What is the same
/// but for its place is shared: their number.
fn paired(rows: Vec<Row>, ready: [Time; 2]) -> (Vec<Row>, usize) {
    let (mut lonely, mut all): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.beats[0].is_none());
    let mut moved = 0;
    for exact in [true, false] {
        for row in &mut all {
            let [Some(left), None] = &row.beats else {
                continue;
            };
            let since = left.at.since(ready[0]).0;
            let away = |right: &Beat| right.at.since(ready[1]).0.abs_diff(since);
            let fits = |right: &Beat| match exact {
                true => is_same(left, right),
                false => is_like(left, right),
            };
            let near = lonely.iter().enumerate().filter_map(|(index, other)| {
                let right = other.beats[1].as_ref()?;
                let near = away(right) < NEAR.0 && fits(right);
                near.then(|| (away(right), index))
            });
            if let Some((_, index)) = near.min() {
                row.beats[1] = lonely.swap_remove(index).beats[1].take();
            }
        }
        let before = all.len();
        all.retain(|row| match &row.beats {
            [Some(left), Some(right)] => !is_same(left, right),
            _ => true,
        });
        moved += before - all.len();
    }
    all.append(&mut lonely);
    all.sort_by_key(|row| row.at(ready));
    (all, moved)
}

/// The story after ready.
fn beats(trace: &Trace) -> Vec<Beat> {
    let voice = trace.voice();
    let told = |step: &Step| {
        let [en, zh] = Lang::ALL.map(|lang| step.story(Salience::Story, &voice, lang));
        let (step, at, node) = (step.no, step.at, step.node);
        let pairs = en.into_iter().zip(zh);
        let beat = move |(en, zh)| Beat {
            step,
            at,
            node,
            said: Said { en, zh },
        };
        pairs.map(beat).collect::<Vec<_>>()
    };
    let ready = trace.origin.ready_at;
    // The calendars are set when the cluster is ready, whenever that is.
    let sets_calendar = |step: &Step| {
        let action = step.action.as_ref();
        step.at == ready && matches!(action, Some(Action::Fault(Fault::ClockJump { .. })))
    };
    let steps = trace.steps.iter();
    let steps = steps.filter(|step| step.at >= ready && !sets_calendar(step));
    steps.flat_map(told).collect()
}

fn is_same(one: &Beat, other: &Beat) -> bool {
    one.node == other.node && one.said.en == other.said.en
}

/// A longest common subsequence, as pairs of places.
fn common(a: &[Beat], b: &[Beat]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut lengths = vec![0_u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = match is_same(&a[i], &b[j]) {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < a.len() && j < b.len() {
        if is_same(&a[i], &b[j]) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// What lies between the common beats.
fn rows(a: Vec<Beat>, b: Vec<Beat>, common: &[(usize, usize)]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut from = (0, 0);
    let end = [(a.len(), b.len())];
    for (i, j) in common.iter().chain(&end) {
        let left = a[from.0..*i].iter().cloned();
        rows.extend(left.map(|beat| Row {
            beats: [Some(beat), None],
        }));
        let right = b[from.1..*j].iter().cloned();
        rows.extend(right.map(|beat| Row {
            beats: [None, Some(beat)],
        }));
        from = (i + 1, j + 1);
    }
    rows
}

/// Whether two beats of a machine say the same of the same thing, other numbers aside.
fn is_like(one: &Beat, other: &Beat) -> bool {
    one.node == other.node && shape(&one.said.en) == shape(&other.said.en)
}

/// A sentence without numbers, brackets and what follows a colon. Its first two words stay: they
/// name what it speaks of (`record 6`, `broker-1`).
fn shape(sentence: &str) -> String {
    let begins = sentence.split([':', ',']).next().unwrap_or("");
    let mut depth = 0_u32;
    let mut spaces = 0_u32;
    let keeps = |c: &char| {
        depth += u32::from(*c == '(');
        let outside = depth == 0;
        depth = depth.saturating_sub(u32::from(*c == ')'));
        spaces += u32::from(*c == ' ');
        outside && (spaces < 2 || !(c.is_ascii_digit() || ".s".contains(*c)))
    };
    begins.chars().filter(keeps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(words: &str) -> Vec<Beat> {
        let beat = |(no, word): (usize, &str)| Beat {
            step: StepNo(no as u64),
            at: Time(no as u64),
            node: None,
            said: Said {
                en: word.replace('_', " "),
                zh: String::new(),
            },
        };
        words.split_whitespace().enumerate().map(beat).collect()
    }

    fn differences(a: &str, b: &str) -> String {
        let (a, b) = (story(a), story(b));
        let common = common(&a, &b);
        let (rows, moved) = paired(rows(a, b, &common), [Time::ZERO; 2]);
        let word = |beat: &Option<Beat>| match beat {
            Some(beat) => beat.said.en.clone(),
            None => "-".to_owned(),
        };
        let all: Vec<String> = rows
            .iter()
            .map(|row| format!("{}|{}", word(&row.beats[0]), word(&row.beats[1])))
            .collect();
        match moved {
            0 => all.join(" "),
            moved => format!("{} moved {moved}", all.join(" ")).trim().to_owned(),
        }
    }

    #[test]
    fn what_is_shared_is_left_out_whatever_lies_between() {
        assert_eq!(differences("a b c d", "a b c d"), "");
        assert_eq!(differences("a b c d", "a c x d"), "b|- -|x");
        assert_eq!(differences("a b", ""), "a|- b|-");
        assert_eq!(differences("", "a"), "-|a");
    }

    #[test]
    fn what_only_stands_elsewhere_is_shared() {
        assert_eq!(differences("x a b c", "a b c x"), "moved 1");
        assert_eq!(differences("x a b y", "a b x z"), "y|- -|z moved 1");
    }

    #[test]
    fn beats_that_differ_in_numbers_stand_for_each_other() {
        assert_eq!(
            differences("a b_(leader)_ends_at_6 c", "a b_(leader)_ends_at_7:_d c"),
            "b (leader) ends at 6|b (leader) ends at 7: d"
        );
        assert_eq!(
            differences("a record_6_is_in crash c", "a boot record_7_is_in c"),
            "record 6 is in|- -|boot crash|- -|record 7 is in"
        );
        assert_eq!(
            shape("b (x) appended offsets 6..8"),
            shape("b (x) appended offset 6")
        );
    }
}
