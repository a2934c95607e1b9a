//! [`FetchSessionCache`]: what the fetches of followers and consumers need not repeat (KIP-227,
//! `FetchSession`, behaviour.md 2.19).
//!
//! ```text
//! (id, epoch) of a request      what it is
//! (any, 0)                      full; closes session id; the answer may open a session
//! (any, -1)                     full; closes session id; no session
//! (id, n > 0)                   incremental: the session's partitions with the changes given;
//!                               answered partitions only that have news
//! ```

use super::fetch_answer::Reply;
use super::partition::FetchSpec;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::TopicName;
use crate::kafka::vocabulary::{Kafka, Purpose};
use crate::sim::{Ctx, Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// `min.incremental.fetch.session.eviction.ms` (fixed in Kafka too).
const EVICTION_AGE: Span = Span::from_secs(120);
/// Asks for a full fetch that opens a session.
pub(super) const INITIAL_EPOCH: i32 = 0;
/// Asks for a full fetch without a session.
pub(super) const FINAL_EPOCH: i32 = -1;

/// A topic as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TopicRef {
    Id(Uuid),
    Name(Arc<str>),
}

impl TopicRef {
    pub(super) fn new(id: Uuid, name: &TopicName, uses_ids: bool) -> Self {
        if uses_ids {
            TopicRef::Id(id)
        } else {
            TopicRef::Name(name.as_str().into())
        }
    }
}

/// A partition as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionKey {
    pub(super) topic: TopicRef,
    pub(super) partition: i32,
}

/// What a fetch is to its session (`FetchContext`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchContext {
    /// Refused.
    Error(ErrorCode),
    /// Full, without a session.
    Sessionless,
    /// Full; the answer may open a session.
    Full { uses_ids: bool, privileged: bool },
    /// Incremental; the session stood at `epoch` after the request.
    Incremental { session: i32, epoch: i32 },
}

/// An answer as the session leaves it.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) error: ErrorCode,
    pub(super) session_id: i32,
    pub(super) replies: Vec<Reply>,
    pub(super) opened: Option<i32>,
}

impl Answered {
    fn of(session_id: i32, replies: Vec<Reply>) -> Self {
        Answered {
            error: ErrorCode::NONE,
            session_id,
            replies,
            opened: None,
        }
    }

    fn error(error: ErrorCode, session_id: i32) -> Self {
        Answered {
            error,
            ..Answered::of(session_id, Vec::new())
        }
    }
}

/// A partition in a session: what is asked of it and what its fetcher was last told.
#[derive(Clone, Debug)]
struct Cached {
    /// Its place in the order of reading.
    order: u64,
    spec: FetchSpec,
    high_watermark: i64,
    log_start: i64,
}

#[derive(Clone, Debug)]
struct Session {
    privileged: bool,
    uses_ids: bool,
    created: Time,
    last_used: Time,
    epoch: i32,
    partitions: BTreeMap<SessionKey, Cached>,
    /// Keys in the order of reading; a partition that gave records goes to the end.
    order: BTreeMap<u64, SessionKey>,
    next_order: u64,
}

/// All fetch sessions of a broker.
#[derive(Clone, Debug, Default)]
pub(super) struct FetchSessionCache {
    sessions: BTreeMap<i32, Session>,
}

impl FetchSessionCache {
    /// Finds the session of a request and the partitions to be read, in order.
    pub(super) fn context(
        &mut self,
        (session_id, session_epoch): (i32, i32),
        uses_ids: bool,
        privileged: bool,
        asked: Vec<(SessionKey, FetchSpec)>,
        forgotten: &[SessionKey],
        now: Time,
    ) -> (FetchContext, Vec<(SessionKey, FetchSpec)>) {
        if session_epoch == INITIAL_EPOCH || session_epoch == FINAL_EPOCH {
            self.sessions.remove(&session_id);
            let context = if session_epoch == FINAL_EPOCH {
                FetchContext::Sessionless
            } else {
                FetchContext::Full {
                    uses_ids,
                    privileged,
                }
            };
            return (context, without_repetitions(asked));
        }
        let error = |error| (FetchContext::Error(error), Vec::new());
        let Some(session) = self.sessions.get_mut(&session_id) else {
            return error(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
        };
        if session.epoch != session_epoch {
            return error(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.uses_ids != uses_ids {
            return error(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        session.update(&asked, forgotten);
        if session.partitions.is_empty() {
            self.sessions.remove(&session_id);
            return (FetchContext::Sessionless, without_repetitions(asked));
        }
        session.last_used = now;
        session.epoch = next_epoch(session.epoch);
        let context = FetchContext::Incremental {
            session: session_id,
            epoch: session.epoch,
        };
        (context, session.specs())
    }

    /// Lets the session of a fetch take note of its answer: opens one, or leaves out what is no
    /// news.
    pub(super) fn answer(
        &mut self,
        context: FetchContext,
        replies: Vec<Reply>,
        capacity: usize,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Answered {
        match context {
            FetchContext::Error(error) => Answered::error(error, 0),
            FetchContext::Sessionless => Answered::of(0, replies),
            FetchContext::Full {
                uses_ids,
                privileged,
            } => {
                let opened = self.open(uses_ids, privileged, &replies, capacity, ctx);
                Answered {
                    opened,
                    ..Answered::of(opened.unwrap_or(0), replies)
                }
            }
            FetchContext::Incremental { session, epoch } => {
                let Some(known) = self.sessions.get_mut(&session) else {
                    // Evicted while the fetch was parked; the next request will learn of it.
                    return Answered::of(session, replies);
                };
                if known.epoch != epoch {
                    return Answered::error(ErrorCode::INVALID_FETCH_SESSION_EPOCH, session);
                }
                Answered::of(session, known.news(replies))
            }
        }
    }

    fn open(
        &mut self,
        uses_ids: bool,
        privileged: bool,
        replies: &[Reply],
        capacity: usize,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<i32> {
        let now = ctx.mono();
        let has_room = self.sessions.len() < capacity;
        if !has_room && !self.try_evict(privileged, replies.len(), now) {
            return None;
        }
        let id = self.new_id(ctx);
        let mut session = Session {
            privileged,
            uses_ids,
            created: now,
            last_used: now,
            epoch: next_epoch(INITIAL_EPOCH),
            partitions: BTreeMap::new(),
            order: BTreeMap::new(),
            next_order: 0,
        };
        for reply in replies {
            session.add(reply.key.clone(), reply.spec);
            if let Some(cached) = session.partitions.get_mut(&reply.key) {
                cached.high_watermark = reply.data.high_watermark;
                cached.log_start = reply.data.log_start_offset;
            }
        }
        self.sessions.insert(id, session);
        Some(id)
    }

    fn new_id(&self, ctx: &mut Ctx<'_, Kafka>) -> i32 {
        loop {
            let id = ctx.draw(Purpose::FetchSession, 0, 1..=i32::MAX as u64 - 1) as i32;
            if !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }

    /// Makes room for a new session of `size` partitions: a stale one goes first, else the least
    /// valuable one that is less valuable than the new one.
    fn try_evict(&mut self, privileged: bool, size: usize, now: Time) -> bool {
        let oldest = self
            .sessions
            .iter()
            .min_by_key(|(id, session)| (session.last_used, **id));
        let Some((oldest, session)) = oldest else {
            return false;
        };
        if now.since(session.last_used) > EVICTION_AGE {
            let oldest = *oldest;
            return self.sessions.remove(&oldest).is_some();
        }
        let evictable = |session: &Session| {
            let aged = now.since(session.created) > EVICTION_AGE;
            aged || privileged && !session.privileged
        };
        let least = self
            .sessions
            .iter()
            .filter(|(_, session)| evictable(session))
            .map(|(id, session)| (session.privileged, session.partitions.len(), *id))
            .min();
        match least {
            Some(least) if (privileged, size, 0) >= least => {
                self.sessions.remove(&least.2).is_some()
            }
            _ => false,
        }
    }
}

impl Session {
    fn add(&mut self, key: SessionKey, spec: FetchSpec) {
        let order = self.next_order;
        self.next_order += 1;
        self.order.insert(order, key.clone());
        let cached = Cached {
            order,
            spec,
            high_watermark: -1,
            log_start: -1,
        };
        self.partitions.insert(key, cached);
    }

    fn update(&mut self, asked: &[(SessionKey, FetchSpec)], forgotten: &[SessionKey]) {
        for (key, spec) in asked {
            match self.partitions.get_mut(key) {
                Some(cached) => cached.spec = *spec,
                None => self.add(key.clone(), *spec),
            }
        }
        for key in forgotten {
            if let Some(cached) = self.partitions.remove(key) {
                self.order.remove(&cached.order);
            }
        }
    }

    fn specs(&self) -> Vec<(SessionKey, FetchSpec)> {
        let spec_of = |key: &SessionKey| self.partitions.get(key).map(|cached| cached.spec);
        self.order
            .values()
            .filter_map(|key| Some((key.clone(), spec_of(key)?)))
            .collect()
    }

    /// Keeps the replies that tell something, and remembers what they tell.
    fn news(&mut self, replies: Vec<Reply>) -> Vec<Reply> {
        let mut news = Vec::new();
        for reply in replies {
            let Some(cached) = self.partitions.get_mut(&reply.key) else {
                continue;
            };
            if !cached.take(&reply) {
                continue;
            }
            if reply.has_records() {
                self.move_to_end(&reply.key);
            }
            news.push(reply);
        }
        news
    }

    fn move_to_end(&mut self, key: &SessionKey) {
        if let Some(cached) = self.partitions.get_mut(key) {
            self.order.remove(&cached.order);
            cached.order = self.next_order;
            self.order.insert(self.next_order, key.clone());
            self.next_order += 1;
        }
    }
}

impl Cached {
    /// Whether the reply is news; remembers it (`maybeUpdateResponseData`).
    fn take(&mut self, reply: &Reply) -> bool {
        let data = &reply.data;
        let failed = data.error_code != 0;
        let news = reply.has_records()
            || self.high_watermark != data.high_watermark
            || self.log_start != data.log_start_offset
            || data.preferred_read_replica.0 != -1
            || failed
            || reply.is_diverging();
        self.log_start = data.log_start_offset;
        // An error forgets the high watermark, so that the partition is told of when it is over.
        self.high_watermark = if failed { -1 } else { data.high_watermark };
        news
    }
}

fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}

/// A partition that is asked for twice is asked for as the last one says, in the first's place.
fn without_repetitions(asked: Vec<(SessionKey, FetchSpec)>) -> Vec<(SessionKey, FetchSpec)> {
    let mut kept: Vec<(SessionKey, FetchSpec)> = Vec::with_capacity(asked.len());
    let mut places: BTreeMap<SessionKey, usize> = BTreeMap::new();
    for (key, spec) in asked {
        match places.get(&key) {
            Some(at) => kept[*at].1 = spec,
            None => {
                places.insert(key.clone(), kept.len());
                kept.push((key, spec));
            }
        }
    }
    kept
}
