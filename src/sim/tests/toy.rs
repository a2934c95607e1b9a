//! A toy program and a bench for it: every test of the World runs on these.
//!
//! A toy does what calls tell it: opens connections, sends numbered messages, answers them at
//! once or when told, writes a journal, arms timers. It notes everything that it hears.

use crate::sim::*;
use bytes::Bytes;

#[derive(Clone, Copy, Debug)]
pub(super) struct Toy;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Answered at once; the server spends so much work.
    Echo {
        id: u64,
        work: u64,
    },
    /// Answered when a call says so.
    Park {
        id: u64,
    },
    /// Gets no answer.
    Shout {
        id: u64,
    },
    /// Answered when its journal entry is synced.
    Store {
        id: u64,
    },
    Answer {
        id: u64,
    },
}

impl Message {
    pub(super) fn id(&self) -> u64 {
        match *self {
            Message::Echo { id, .. }
            | Message::Park { id }
            | Message::Shout { id }
            | Message::Store { id }
            | Message::Answer { id } => id,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Booted { journal: u64 },
    Heard { conn: ConnId, id: u64 },
    Answered { conn: ConnId, id: u64 },
    Rang { timer: u32, mono: Time },
    Durable { id: u64 },
    Gone { conn: ConnId },
    Drew { value: u64 },
    Full,
}

impl Canonical for Note {
    fn canonical(&self, hash: &mut TraceHash) {
        let words = match *self {
            Note::Booted { journal } => [1, journal, 0],
            Note::Heard { conn, id } => [2, u64::from(conn.0), id],
            Note::Answered { conn, id } => [3, u64::from(conn.0), id],
            Note::Rang { timer, mono } => [4, u64::from(timer), mono.0],
            Note::Durable { id } => [5, id, 0],
            Note::Gone { conn } => [6, u64::from(conn.0), 0],
            Note::Drew { value } => [7, value, 0],
            Note::Full => [8, 0, 0],
        };
        words.into_iter().for_each(|word| hash.word(word));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer(pub(super) u32);

impl Canonical for Timer {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(u64::from(self.0));
    }
}

#[derive(Clone, Debug)]
pub(super) enum Call {
    /// Opens the toy's next connection; outcome: its id.
    Connect(NodeId),
    /// Sends over the toy's connection of that number (from 0).
    Send(usize, Message),
    Close(usize),
    /// Closes a connection that another toy opened.
    CloseConn(ConnId),
    /// Answers all parked requests, last ones first.
    AnswerAll,
    Arm(Span, u32),
    /// A timer that arms itself again, for ever.
    Tick(Span, u32),
    Cancel(u32),
    Append(&'static [u8]),
    Sync(u64),
    Spend(u64),
    Draw {
        purpose: u8,
        subject: u32,
    },
    Halt,
}

#[derive(Clone, Copy)]
pub(super) struct Code(pub(super) u8);

impl From<Code> for u8 {
    fn from(code: Code) -> u8 {
        code.0
    }
}

impl Vocabulary for Toy {
    type Message = Message;
    type Call = Call;
    type Outcome = u64;
    type Note = Note;
    type Timer = Timer;
    type Purpose = Code;
    type Work = Code;

    fn digest(message: &Message) -> u64 {
        message.id()
    }

    fn size(_: &Message, _: i16) -> u64 {
        1_000
    }

    fn round_trip(message: &Message, _: i16) -> Result<(), String> {
        if message.id() == 666 {
            Err("666 does not survive".to_owned())
        } else {
            Ok(())
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) conns: Vec<ConnId>,
    pub(super) parked: Vec<(ConnId, Corr, u64)>,
    pub(super) storing: Vec<(SyncId, ConnId, Corr, u64)>,
    pub(super) syncing: Vec<(SyncId, u64)>,
    ticks: Vec<(u32, Span)>,
    halted: bool,
}

impl Canonical for Program {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(self.conns.len() as u64);
        self.parked.iter().for_each(|(_, _, id)| hash.word(*id));
    }
}

pub(super) const JOURNAL: &str = "journal";

impl Program {
    fn journal(ctx: &mut Ctx<'_, Toy>) -> FileId {
        ctx.disk.create(JOURNAL).unwrap_or(FileId(0))
    }

    fn answer(conn: ConnId, corr: Corr, id: u64, ctx: &mut Ctx<'_, Toy>) {
        ctx.respond(conn, corr, 0, Message::Answer { id });
    }

    fn append(bytes: Vec<u8>, ctx: &mut Ctx<'_, Toy>) -> FileId {
        let file = Self::journal(ctx);
        if ctx
            .disk
            .append(
                file,
                Chunk {
                    bytes: Bytes::from(bytes),
                    sound: true,
                },
            )
            .is_err()
        {
            ctx.note(Note::Full);
        }
        file
    }

    fn hear(&mut self, envelope: Envelope<Toy>, ctx: &mut Ctx<'_, Toy>) {
        let (conn, corr) = (envelope.conn, envelope.corr);
        let id = envelope.body.id();
        if envelope.kind == MessageKind::Response {
            ctx.note(Note::Answered { conn, id });
            return;
        }
        ctx.note(Note::Heard { conn, id });
        match *envelope.body {
            Message::Echo { work, .. } => {
                ctx.spend(Code(0), work);
                Self::answer(conn, corr, id, ctx);
            }
            Message::Park { .. } => self.parked.push((conn, corr, id)),
            Message::Shout { .. } => ctx.no_response(conn, corr),
            Message::Store { .. } => {
                let file = Self::append(id.to_le_bytes().to_vec(), ctx);
                let sync = ctx.disk.sync(file);
                self.storing.push((sync, conn, corr, id));
            }
            Message::Answer { .. } => {}
        }
    }

    fn synced(&mut self, sync: SyncId, ctx: &mut Ctx<'_, Toy>) {
        for (other, id) in &self.syncing {
            if *other == sync {
                ctx.note(Note::Durable { id: *id });
            }
        }
        for &(other, conn, corr, id) in &self.storing {
            if other == sync {
                Self::answer(conn, corr, id, ctx);
            }
        }
        self.storing.retain(|(other, ..)| *other != sync);
    }

    fn call(&mut self, call: Call, ctx: &mut Ctx<'_, Toy>) -> u64 {
        match call {
            Call::Connect(to) => {
                let conn = ctx.connect(to);
                self.conns.push(conn);
                return u64::from(conn.0);
            }
            Call::Send(conn, message) => {
                if let Some(conn) = self.conns.get(conn) {
                    ctx.request(*conn, 0, message);
                }
            }
            Call::Close(conn) => {
                if let Some(conn) = self.conns.get(conn) {
                    ctx.close(*conn);
                }
            }
            Call::CloseConn(conn) => ctx.close(conn),
            Call::AnswerAll => {
                while let Some((conn, corr, id)) = self.parked.pop() {
                    Self::answer(conn, corr, id, ctx);
                }
            }
            Call::Arm(after, timer) => ctx.arm_after(after, Timer(timer)),
            Call::Tick(every, timer) => {
                self.ticks.push((timer, every));
                ctx.arm_after(every, Timer(timer));
            }
            Call::Cancel(timer) => return u64::from(ctx.cancel(Timer(timer))),
            Call::Append(bytes) => {
                Self::append(bytes.to_vec(), ctx);
            }
            Call::Sync(id) => {
                let file = Self::journal(ctx);
                let sync = ctx.disk.sync(file);
                self.syncing.push((sync, id));
            }
            Call::Spend(units) => ctx.spend(Code(0), units),
            Call::Draw { purpose, subject } => {
                let value = ctx.draw(Code(purpose), subject, 0..=u64::MAX);
                ctx.note(Note::Drew { value });
            }
            Call::Halt => self.halted = true,
        }
        0
    }
}

impl StateMachine for Program {
    type V = Toy;
    type Config = ();

    fn boot(_: &(), ctx: &mut Ctx<'_, Toy>) -> Self {
        let journal = ctx.disk.open(JOURNAL).map_or(0, |file| ctx.disk.len(file));
        ctx.note(Note::Booted { journal });
        Program::default()
    }

    fn handle(&mut self, input: Input<Toy>, ctx: &mut Ctx<'_, Toy>) {
        match input {
            Input::Deliver(envelope) => self.hear(envelope, ctx),
            Input::Timer(Timer(timer)) => {
                ctx.note(Note::Rang {
                    timer,
                    mono: ctx.mono(),
                });
                if let Some((_, every)) = self.ticks.iter().find(|(other, _)| *other == timer) {
                    ctx.arm_after(*every, Timer(timer));
                }
            }
            Input::Synced(sync) => self.synced(sync, ctx),
            Input::Call(id, call) => {
                let outcome = self.call(call, ctx);
                ctx.complete(id, outcome);
            }
            Input::Reset(conn) => ctx.note(Note::Gone { conn }),
        }
    }

    fn halted(&self) -> bool {
        self.halted
    }
}

/// One step, as tests look at it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) no: StepNo,
    pub(super) at: Time,
    pub(super) departs: Time,
    pub(super) node: Option<NodeId>,
    pub(super) kind: StepKind<Toy>,
    pub(super) cause: StepNo,
    pub(super) request: StepNo,
    pub(super) head: Option<Head>,
    pub(super) verdict: Verdict,
    pub(super) notes: Vec<Note>,
    pub(super) outcomes: Vec<(CallId, u64)>,
}

/// Keeps every step; gives prepared verdicts by message id; acts after prepared steps.
#[derive(Clone, Default)]
pub(super) struct Keeper {
    pub(super) seen: Vec<Seen>,
    /// Message id, kind, and what to do with it the first time.
    pub(super) verdicts: Vec<(u64, MessageKind, Verdict)>,
    /// What to do after the step of that number.
    pub(super) acts: Vec<(StepNo, Action<Toy>)>,
}

impl Driver<Program> for Keeper {
    fn after(
        &mut self,
        _: &World<Program>,
        record: &StepRecord<'_, Toy>,
        act: &mut Vec<Action<Toy>>,
    ) {
        self.seen.push(Seen {
            no: record.no,
            at: record.at,
            departs: record.departs,
            node: record.node,
            kind: record.kind,
            cause: record.cause,
            request: record.request,
            head: record.head,
            verdict: record.verdict,
            notes: record.notes.to_vec(),
            outcomes: record.outcomes.to_vec(),
        });
        let due = self.acts.iter().filter(|(no, _)| *no == record.no);
        act.extend(due.map(|(_, action)| action.clone()));
    }

    fn on_deliver(&mut self, _: &World<Program>, envelope: &Envelope<Toy>) -> Verdict {
        let (id, kind) = (envelope.body.id(), envelope.kind);
        let found = self
            .verdicts
            .iter()
            .position(|(i, k, _)| (*i, *k) == (id, kind));
        found.map_or(Verdict::Deliver, |index| self.verdicts.remove(index).2)
    }
}

/// A World of toys with its oracle and driver.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) world: World<Program>,
    pub(super) oracle: SeededOracle,
    pub(super) keeper: Keeper,
    calls: u32,
}

pub(super) const MS: Span = Span::from_millis(1);

pub(super) fn ms(ms: u64) -> Time {
    Time::from_millis(ms)
}

impl Bench {
    /// `nodes` toys on links that take 1 ms, service free.
    pub(super) fn new(nodes: u16) -> Self {
        let link = LinkSettings::latency(MS, MS);
        Bench::with(
            nodes,
            1,
            WorldConfig {
                link,
                ..WorldConfig::default()
            },
        )
    }

    pub(super) fn with(nodes: u16, seed: u64, config: WorldConfig) -> Self {
        let mut world = World::new(config);
        for _ in 0..nodes {
            world.add_node((), Disk::new());
        }
        let oracle = SeededOracle::new(seed);
        let mut bench = Bench {
            world,
            oracle,
            keeper: Keeper::default(),
            calls: 0,
        };
        bench.run_until(Time::ZERO);
        bench
    }

    pub(super) fn call(&mut self, at: u64, node: u16, call: Call) -> CallId {
        self.calls += 1;
        let id = CallId(self.calls);
        self.world.schedule(
            ms(at),
            Action::Call {
                node: NodeId(node),
                id,
                call,
            },
        );
        id
    }

    pub(super) fn fault(&mut self, at: u64, fault: Fault) {
        self.world.schedule(ms(at), fault);
    }

    pub(super) fn run_until(&mut self, limit: Time) {
        let mut act = Vec::new();
        let (world, keeper) = (&mut self.world, &mut self.keeper);
        while world.step_until(limit, &mut self.oracle, keeper, &mut act, &mut ()) {}
        world.advance_to(limit.min(Time::from_millis(1 << 40)));
    }

    pub(super) fn run(&mut self) {
        self.run_until(ms(1 << 32));
    }

    /// The notes of a node with their times.
    pub(super) fn notes(&self, node: u16) -> Vec<(Time, Note)> {
        let steps = self
            .keeper
            .seen
            .iter()
            .filter(|seen| seen.node == Some(NodeId(node)));
        steps
            .flat_map(|seen| seen.notes.iter().map(|note| (seen.at, *note)))
            .collect()
    }

    /// The ids of the requests a node heard, in order.
    pub(super) fn heard(&self, node: u16) -> Vec<u64> {
        let id = |(_, note)| {
            if let Note::Heard { id, .. } = note {
                Some(id)
            } else {
                None
            }
        };
        self.notes(node).into_iter().filter_map(id).collect()
    }

    /// The ids of the answers a node got, in order.
    pub(super) fn answers(&self, node: u16) -> Vec<u64> {
        let id = |(_, note)| {
            if let Note::Answered { id, .. } = note {
                Some(id)
            } else {
                None
            }
        };
        self.notes(node).into_iter().filter_map(id).collect()
    }

    /// The steps that were `Lost`: time, message id and reason.
    pub(super) fn lost(&self) -> Vec<(Time, u64, LostReason)> {
        let lost = self
            .keeper
            .seen
            .iter()
            .filter_map(|seen| match (seen.kind, seen.head) {
                (StepKind::Lost(reason), Some(head)) => Some((seen.at, head.digest, reason)),
                _ => None,
            });
        lost.collect()
    }

    /// When a node learnt that a connection is gone.
    pub(super) fn resets(&self, node: u16) -> Vec<Time> {
        let notes = self.notes(node).into_iter();
        notes
            .filter(|(_, note)| matches!(note, Note::Gone { .. }))
            .map(|(at, _)| at)
            .collect()
    }
}

pub(super) fn echo(id: u64) -> Message {
    Message::Echo { id, work: 0 }
}

pub(super) fn park(id: u64) -> Message {
    Message::Park { id }
}
