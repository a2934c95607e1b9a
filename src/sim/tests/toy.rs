//! A toy program: every test of the World runs on it.
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
