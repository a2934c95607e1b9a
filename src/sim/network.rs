//! Links: one per ordered pair of machines, with latency, loss, duplication, reordering,
//! bandwidth and cuts.
//!
//! A row of links per sender, behind `Arc`, grown when first used. A machine's link to itself is
//! the loopback. Every message asks its link for a [`Route`]: when it arrives and what befalls it.

use super::{Label, NodeId, Oracle, Purpose, Span, Time};
use std::sync::Arc;

/// How one directed link treats messages. Ratios are parts in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// The shortest time a message takes.
    pub latency_min: Span,
    /// The longest time; each message draws uniformly between the two.
    pub latency_max: Span,
    /// How many messages die.
    pub loss: u32,
    /// How many messages arrive twice.
    pub duplicate: u32,
    /// How many messages may be overtaken by later ones.
    pub reorder: u32,
    /// Bytes a second; 0 is without limit.
    pub bandwidth: u64,
}

impl LinkSettings {
    /// A faultless link whose messages take between `min` and `max`.
    pub const fn latency(min: Span, max: Span) -> Self {
        let (latency_min, latency_max) = (min, max);
        LinkSettings {
            latency_min,
            latency_max,
            loss: 0,
            duplicate: 0,
            reorder: 0,
            bandwidth: 0,
        }
    }
}

impl Default for LinkSettings {
    fn default() -> Self {
        LinkSettings::latency(Span::from_micros(500), Span::from_micros(1_500))
    }
}

/// What to change of a link; `None` leaves a setting as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Shortest and longest latency.
    pub latency: Option<(Span, Span)>,
    /// See [`LinkSettings::loss`].
    pub loss: Option<u32>,
    /// See [`LinkSettings::duplicate`].
    pub duplicate: Option<u32>,
    /// See [`LinkSettings::reorder`].
    pub reorder: Option<u32>,
    /// See [`LinkSettings::bandwidth`].
    pub bandwidth: Option<u64>,
}

impl LinkChange {
    fn apply(&self, settings: &mut LinkSettings) {
        if let Some((min, max)) = self.latency {
            (settings.latency_min, settings.latency_max) = (min, max.max(min));
        }
        settings.loss = self.loss.unwrap_or(settings.loss);
        settings.duplicate = self.duplicate.unwrap_or(settings.duplicate);
        settings.reorder = self.reorder.unwrap_or(settings.reorder);
        settings.bandwidth = self.bandwidth.unwrap_or(settings.bandwidth);
    }
}

/// Names a cut, so that it can be healed alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CutId(pub u32);

/// Links that carry nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its name.
    pub id: CutId,
    /// Senders that are not heard.
    pub from: Vec<NodeId>,
    /// Receivers that do not hear them.
    pub to: Vec<NodeId>,
    /// The other direction too.
    pub both: bool,
}

impl Cut {
    fn pairs(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let pairs = self
            .from
            .iter()
            .flat_map(|&a| self.to.iter().map(move |&b| (a, b)));
        let both = self.both;
        pairs
            .filter(|(a, b)| a != b)
            .flat_map(move |(a, b)| [Some((a, b)), both.then_some((b, a))])
            .flatten()
    }
}

/// What a link does to one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) arrives: Time,
    /// It will die on its way.
    pub(super) lost: bool,
    /// Later messages may overtake it.
    pub(super) unordered: bool,
    /// A copy arrives then.
    pub(super) copy: Option<Time>,
}

const PURPOSES: usize = 7;

#[derive(Clone, Copy, Debug, Default)]
struct Link {
    /// Index into `Network::special`, plus one; 0 for the default of its kind.
    special: u16,
    cuts: u16,
    draws: [u32; PURPOSES],
    busy_until: Time,
    /// When the last cut ended.
    healed: Time,
}

/// All links.
#[derive(Clone, Debug)]
pub(super) struct Network {
    default: LinkSettings,
    loopback: LinkSettings,
    special: Vec<LinkSettings>,
    rows: Vec<Arc<Vec<Link>>>,
    cuts: Vec<Cut>,
}

impl Network {
    pub(super) fn new(default: LinkSettings, loopback: LinkSettings) -> Self {
        Network {
            default,
            loopback,
            special: Vec::new(),
            rows: Vec::new(),
            cuts: Vec::new(),
        }
    }

    /// The settings of a link.
    pub(super) fn settings(&self, from: NodeId, to: NodeId) -> LinkSettings {
        self.settings_of(&self.link(from, to), from, to)
    }

    /// The cuts in force.
    pub(super) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// True if the link carries nothing.
    pub(super) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.link(from, to).cuts > 0
    }

    /// True if the link was cut at some moment from `departs` to now.
    pub(super) fn was_cut_since(&self, from: NodeId, to: NodeId, departs: Time) -> bool {
        let link = self.link(from, to);
        link.cuts > 0 || link.healed > departs
    }

    /// Changes a link.
    pub(super) fn change(&mut self, from: NodeId, to: NodeId, change: &LinkChange) {
        let mut settings = self.settings(from, to);
        change.apply(&mut settings);
        let special = self.link(from, to).special;
        if special != 0 {
            self.special[usize::from(special) - 1] = settings;
        } else if let Ok(special) = u16::try_from(self.special.len() + 1) {
            self.special.push(settings);
            self.link_mut(from, to).special = special;
        }
    }

    /// Cuts links; a cut of the same name is healed first.
    pub(super) fn cut(&mut self, now: Time, cut: &Cut) {
        self.heal(now, Some(cut.id));
        for (from, to) in cut.pairs() {
            self.link_mut(from, to).cuts += 1;
        }
        self.cuts.push(cut.clone());
    }

    /// Heals one cut, or all of them.
    pub(super) fn heal(&mut self, now: Time, id: Option<CutId>) {
        let (healed, kept) = std::mem::take(&mut self.cuts)
            .into_iter()
            .partition(|cut| id.is_none_or(|id| id == cut.id));
        self.cuts = kept;
        let healed: Vec<Cut> = healed;
        for (from, to) in healed.iter().flat_map(Cut::pairs) {
            let link = self.link_mut(from, to);
            link.cuts -= 1;
            // A message that departs at this very instant finds the link whole.
            link.healed = now;
        }
    }

    /// Draws the fate of a message of `size` bytes.
    pub(super) fn route(
        &mut self,
        (from, to): (NodeId, NodeId),
        departs: Time,
        size: impl FnOnce() -> u64,
        oracle: &mut dyn Oracle,
    ) -> Route {
        let settings = self.settings(from, to);
        let link = self.link_mut(from, to);
        let mut die = Die {
            link,
            subject: subject(from, to),
            oracle,
        };
        let leaves = die.link.transmit(departs, settings.bandwidth, size);
        let mut arrives = leaves + die.latency(Purpose::Latency, &settings);
        let lost = die.hits(Purpose::Loss, settings.loss);
        let unordered = die.hits(Purpose::Reorder, settings.reorder);
        if unordered {
            arrives += die.latency(Purpose::Overtaken, &settings);
        }
        let copied = die.hits(Purpose::Duplicate, settings.duplicate);
        let copy = copied.then(|| arrives + die.latency(Purpose::Overtaken, &settings));
        Route {
            arrives,
            lost,
            unordered,
            copy,
        }
    }

    /// How long a connection's own signal (its opening or its end) takes.
    pub(super) fn signal(&mut self, (from, to): (NodeId, NodeId), oracle: &mut dyn Oracle) -> Span {
        let settings = self.settings(from, to);
        let link = self.link_mut(from, to);
        Die {
            link,
            subject: subject(from, to),
            oracle,
        }
        .latency(Purpose::Signal, &settings)
    }

    /// The label of the next choice about a link.
    pub(super) fn next_choice(&mut self, from: NodeId, to: NodeId) -> Label {
        self.link_mut(from, to)
            .next(Purpose::Fate, subject(from, to))
    }

    fn settings_of(&self, link: &Link, from: NodeId, to: NodeId) -> LinkSettings {
        match link.special {
            0 if from == to => self.loopback,
            0 => self.default,
            special => self.special[usize::from(special) - 1],
        }
    }

    fn link(&self, from: NodeId, to: NodeId) -> Link {
        self.rows
            .get(from.index())
            .and_then(|row| row.get(to.index()))
            .copied()
            .unwrap_or_default()
    }

    fn link_mut(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        if self.rows.len() <= from.index() {
            self.rows.resize_with(from.index() + 1, Arc::default);
        }
        let row = Arc::make_mut(&mut self.rows[from.index()]);
        if row.len() <= to.index() {
            row.resize(to.index() + 1, Link::default());
        }
        &mut row[to.index()]
    }
}

fn subject(from: NodeId, to: NodeId) -> u32 {
    u32::from(from.0) << 16 | u32::from(to.0)
}

impl Link {
    /// When the last byte is on the wire.
    fn transmit(&mut self, departs: Time, bandwidth: u64, size: impl FnOnce() -> u64) -> Time {
        if bandwidth == 0 {
            return departs;
        }
        let nanos = u128::from(size()) * 1_000_000_000 / u128::from(bandwidth);
        let takes = Span(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.busy_until = self.busy_until.max(departs) + takes;
        self.busy_until
    }

    fn next(&mut self, purpose: Purpose, subject: u32) -> Label {
        let count = &mut self.draws[purpose as usize];
        let label = Label {
            purpose: purpose as u8,
            subject,
            n: *count,
        };
        *count += 1;
        label
    }
}

/// Draws about one link. A question with one possible answer is not asked.
struct Die<'a> {
    link: &'a mut Link,
    subject: u32,
    oracle: &'a mut dyn Oracle,
}

impl Die<'_> {
    fn latency(&mut self, purpose: Purpose, settings: &LinkSettings) -> Span {
        let (min, max) = (settings.latency_min, settings.latency_max);
        if min >= max {
            return min;
        }
        let label = self.link.next(purpose, self.subject);
        Span(self.oracle.draw(label, min.0..=max.0))
    }

    fn hits(&mut self, purpose: Purpose, parts_in_a_million: u32) -> bool {
        if parts_in_a_million == 0 {
            return false;
        }
        let label = self.link.next(purpose, self.subject);
        self.oracle.draw(label, 0..=999_999) < u64::from(parts_in_a_million)
    }
}
