//! One node on a stand: every request is made by hand, every sync ends when the test says so.

use super::cluster::{CLUSTER_ID, config_of, directory};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message};
use crate::kafka::raft::log::EpochAndOffset;
use crate::kafka::raft::messages::{self, Ballot, FetchPosition};
use crate::kafka::raft::quorum_state::VoterKey;
use crate::kafka::raft::{NotLeader, RaftNode};
use crate::kafka::vocabulary::{Kafka, Timer};
use crate::sim::{ConnId, Corr, Effect, NodeId, Span, Stand};

/// A node and its machine.
pub(super) struct Bench {
    pub(super) stand: Stand<Kafka>,
    pub(super) raft: RaftNode,
    voters: i32,
    corr: u32,
}

impl Bench {
    /// Node 1 of a quorum of `voters`, just booted, everything durable.
    pub(super) fn new(voters: i32) -> Self {
        let mut stand = Stand::new(NodeId(0), 1);
        let raft = boot(&mut stand, voters);
        let mut bench = Bench {
            stand,
            raft,
            voters,
            corr: 0,
        };
        bench.sync();
        bench
    }

    /// Node 1 of a quorum of three as the leader of epoch 1.
    pub(super) fn leader() -> Self {
        let mut bench = Bench::new(3);
        bench.await_candidate();
        bench
            .raft
            .transition_to_leader(vec![1, 2], &mut bench.stand.ctx());
        bench.sync();
        bench
    }

    pub(super) fn await_candidate(&mut self) {
        self.stand.advance(Span::from_secs(3));
        while let Some((_, Timer::Raft(timer))) = self.stand.timers.pop_due(self.stand.mono) {
            self.raft.handle_timer(timer, &mut self.stand.ctx());
        }
        self.raft.transition_to_candidate(&mut self.stand.ctx());
        self.sync();
    }

    /// Lets all syncs end.
    pub(super) fn sync(&mut self) {
        loop {
            let pending = self.raft.store.pending().iter().copied();
            let Some(sync) = pending.chain(self.raft.log.pending()).next() else {
                return;
            };
            assert!(self.raft.handle_synced(sync, &mut self.stand.ctx()));
        }
    }

    /// The process dies and boots from its files.
    pub(super) fn restart(&mut self) {
        self.sync();
        self.stand.timers.clear();
        self.raft = boot(&mut self.stand, self.voters);
        self.sync();
    }

    /// Sends a request; the answer if it came at once.
    pub(super) fn ask(&mut self, request: impl Into<Message>, version: i16) -> Option<Message> {
        self.corr += 1;
        let (conn, corr) = (ConnId(9_000), Corr(self.corr));
        self.raft
            .handle_request(conn, corr, version, request.into(), &mut self.stand.ctx());
        self.answer()
    }

    /// The answer to the last request.
    pub(super) fn answer(&self) -> Option<Message> {
        let effects = self.stand.outbox.effects.iter();
        effects.rev().find_map(|effect| match effect {
            Effect::Respond { corr, body, .. } if *corr == Corr(self.corr) => {
                Some((**body).clone())
            }
            _ => None,
        })
    }

    pub(super) fn vote(&mut self, ballot: &Ballot) -> (ErrorCode, bool) {
        let request = messages::vote_request(CLUSTER_ID, 1, ballot);
        let answer = self.ask(request, 2);
        let answer = answer.or_else(|| {
            self.sync();
            self.answer()
        });
        match answer {
            Some(Message::VoteResponse(response)) => {
                let (verdict, granted) =
                    messages::read_vote_response(&response).expect("a partition");
                (verdict.error, granted)
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn fetch(&mut self, position: &FetchPosition) -> Option<FetchAnswer> {
        match self.ask(messages::fetch_request(CLUSTER_ID, position), 18) {
            Some(Message::FetchResponse(answer)) => Some(answer),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn fetch_error(&mut self, position: &FetchPosition) -> ErrorCode {
        let answer = self.fetch(position).expect("refused at once");
        messages::read_fetch_response(&answer)
            .expect("a partition")
            .0
            .error
    }

    pub(super) fn append(&mut self) -> Result<i64, NotLeader> {
        let result = self
            .raft
            .append(&[MetadataRecord::NoOp], &mut self.stand.ctx());
        self.sync();
        result
    }
}

fn boot(stand: &mut Stand<Kafka>, voters: i32) -> RaftNode {
    let mut hosts = Hosts::default();
    (1..=voters).for_each(|id| hosts.insert(format!("c{id}"), NodeId(id as u16 - 1)));
    RaftNode::boot(config_of(1, voters, None), &hosts, &mut stand.ctx()).expect("room on the disk")
}

pub(super) fn ballot(candidate: i32, epoch: i32, log_end: (i32, i64)) -> Ballot {
    Ballot {
        epoch,
        candidate: VoterKey::of(candidate, directory(candidate)),
        log_end: EpochAndOffset {
            epoch: log_end.0,
            offset: log_end.1,
        },
        pre_vote: false,
    }
}

pub(super) fn pre(ballot: Ballot) -> Ballot {
    Ballot {
        pre_vote: true,
        ..ballot
    }
}

pub(super) fn position(epoch: i32, offset: i64, last_epoch: i32) -> FetchPosition {
    FetchPosition {
        replica: VoterKey::of(2, directory(2)),
        epoch,
        offset,
        last_epoch,
        high_watermark: -1,
        max_bytes: 1 << 20,
        max_wait_ms: 500,
    }
}
