//! The ruler: one column per event, idle time folded and labelled. What comes later is a dot, so
//! that the ruler tells no answer.

use crate::app::tui::cells::{Row, Tone, width};
use crate::app::tui::model::Model;
use crate::app::tui::scout::{Beat, Gist};
use crate::kafka::vocabulary::NoteKind;
use crate::sim::{Action, Fault, NodeId, Span, StepKind, Time};

/// Idle time of this length is folded.
const FOLD_FROM: Span = Span::from_secs(1);

/// A letter for what happened, with its words.
pub(super) const LETTERS: &[(char, &str, &str)] = &[
    ('A', "append", "写入"),
    ('R', "replicate", "复制"),
    ('H', "high watermark moves", "高水位移动"),
    ('S', "send", "发送"),
    ('K', "acknowledged", "应答"),
    ('C', "consumed", "消费"),
    ('E', "election", "选举"),
    ('L', "leads", "领导"),
    ('f', "follows", "跟随"),
    ('I', "ISR", "ISR"),
    ('T', "truncates", "截断"),
    ('F', "fenced", "隔离"),
    ('U', "unfenced", "解除隔离"),
    ('B', "boots", "启动"),
    ('X', "crash", "崩溃"),
    ('/', "cut", "切断"),
    ('h', "healed", "恢复"),
    ('!', "refused or failed", "拒绝或失败"),
    ('Q', "quorum", "quorum"),
    ('o', "other", "其他"),
];

/// The letter of a beat.
pub(super) fn letter(beat: &Beat) -> char {
    match &beat.gist {
        Gist::Told => 'o',
        Gist::Step(seen) => match (&seen.action, seen.kind) {
            (Some(Action::Fault(fault)), _) => fault_letter(fault),
            (_, StepKind::Halt) => 'X',
            (_, StepKind::Lost(_)) => '!',
            _ => 'o',
        },
        Gist::Note(note) => note_letter(note.kind()),
    }
}

fn fault_letter(fault: &Fault) -> char {
    match fault {
        Fault::Crash { .. } | Fault::PowerOff { .. } | Fault::Pause { .. } => 'X',
        Fault::Start { .. } | Fault::Resume { .. } => 'B',
        Fault::Cut(_) => '/',
        Fault::Heal { .. } => 'h',
        _ => 'o',
    }
}

fn note_letter(kind: NoteKind) -> char {
    match kind {
        NoteKind::Appended => 'A',
        NoteKind::Replicated => 'R',
        NoteKind::HighWatermarkAdvanced => 'H',
        NoteKind::BatchSent => 'S',
        NoteKind::RecordAcknowledged => 'K',
        NoteKind::RecordReceived => 'C',
        NoteKind::LeaderElected => 'E',
        NoteKind::BecameLeader => 'L',
        NoteKind::BecameFollower => 'f',
        NoteKind::IsrChanged | NoteKind::IsrCommitted | NoteKind::ElrChanged => 'I',
        NoteKind::LogTruncated | NoteKind::MetadataLogTruncated => 'T',
        NoteKind::BrokerFenced => 'F',
        NoteKind::BrokerUnfenced => 'U',
        NoteKind::BrokerStarted => 'B',
        NoteKind::BrokerHalted => 'X',
        NoteKind::RecordFailed
        | NoteKind::ProduceRefused
        | NoteKind::RegistrationRefused
        | NoteKind::RequestRefused
        | NoteKind::FetchRefused
        | NoteKind::ConsumerError
        | NoteKind::RequestTimedOut => '!',
        NoteKind::BecameCandidate
        | NoteKind::BecameQuorumLeader
        | NoteKind::ResignedQuorum
        | NoteKind::ControllerActivated
        | NoteKind::ControllerDeactivated => 'Q',
        _ => 'o',
    }
}

/// A column of the ruler.
pub(super) struct Tick {
    pub(super) letter: char,
    pub(super) node: Option<NodeId>,
    pub(super) at: Time,
    /// It is later than the present step.
    pub(super) later: bool,
    /// It is the last one that is not.
    pub(super) is_now: bool,
    /// Idle time before it, if that is folded.
    pub(super) fold: Option<String>,
}

impl Tick {
    pub(super) fn width(&self) -> usize {
        1 + self.fold.as_ref().map_or(0, |fold| width(fold))
    }
}

/// The columns around the present one that fit, two thirds of them past.
pub(super) fn ticks(model: &Model, room: usize) -> Vec<Tick> {
    let now = model.session.now();
    let beats: Vec<&Beat> = model
        .session
        .beats()
        .iter()
        .filter(|beat| model.is_beat(beat))
        .collect();
    let past = beats.partition_point(|beat| beat.step <= now);
    let tick = |index: usize| {
        let beat = beats[index];
        let before = index.checked_sub(1).map(|index| beats[index].at);
        let idle = before.map(|before| beat.at.since(before));
        let idle = idle.filter(|idle| *idle >= FOLD_FROM);
        Tick {
            letter: letter(beat),
            node: beat.node,
            at: beat.at,
            later: index >= past,
            is_now: index + 1 == past,
            // Pauses of the future would tell of it.
            fold: idle
                .filter(|_| index < past)
                .map(|idle| format!("~{}s~", idle.as_millis() / 1_000)),
        }
    };
    let mut ticks = Vec::new();
    let mut used = 0;
    for index in (0..past).rev() {
        let tick = tick(index);
        used += tick.width();
        if used > room * 2 / 3 && beats.len() > past || used + 1 > room {
            used -= tick.width();
            break;
        }
        ticks.push(tick);
    }
    ticks.reverse();
    for index in past..beats.len() {
        let tick = tick(index);
        used += tick.width();
        if used + 1 > room {
            break;
        }
        ticks.push(tick);
    }
    ticks
}

/// The ruler in one row.
pub(super) fn row(model: &Model, room: usize) -> Row {
    let ticks = ticks(model, room);
    let mut row = Row::new();
    let starts = !ticks.iter().any(|tick| tick.is_now);
    if starts {
        row = row.say("^", Tone::Accent);
    }
    for tick in &ticks {
        if let Some(fold) = &tick.fold {
            row = row.say(fold.clone(), Tone::Dim);
        }
        row = match (tick.later, tick.is_now) {
            (true, _) => row.say(".", Tone::Dim),
            (_, true) => row
                .say(tick.letter.to_string(), Tone::Strong)
                .say("^", Tone::Accent),
            _ => row.say(tick.letter.to_string(), Tone::Plain),
        };
    }
    row
}
