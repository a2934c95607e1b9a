//! Every step, fault, call and timer is told in both languages, with nothing left unfilled.

use super::*;
use crate::kafka::vocabulary::{
    BrokerTimer, Call, ClientNo, ClientOp, ClientTimer, ControllerTimer, Kafka, NewTopic,
    OffsetSpec, RaftTimer, ReplicaTimer, SendRecord, Timer, TopicTag,
};
use crate::sim::{
    Action, CallId, ConnId, Corr, Cut, CutId, Fault, Head, HoldId, LinkChange, LostReason,
    MessageKind, NodeId, Span, StepKind, SyncId, Tail, Time, Verdict,
};
use std::collections::BTreeSet;

/// Says numbers for names.
pub(super) struct Plain;

impl Speaker for Plain {
    fn machine(&self, node: NodeId) -> String {
        format!("m{}", node.0)
    }
    fn server(&self, id: i32) -> String {
        format!("b{id}")
    }
    fn topic(&self, _: TopicTag) -> String {
        "orders".to_owned()
    }
    fn client(&self, _: NodeId, client: ClientNo) -> String {
        format!("p{}", client.0)
    }
}

fn faults() -> Vec<Fault> {
    let node = NodeId(3);
    let (from, to) = (NodeId(1), NodeId(2));
    let cut = |both| {
        Fault::Cut(Cut {
            id: CutId(1),
            from: vec![from],
            to: vec![to, node],
            both,
        })
    };
    let change = LinkChange {
        latency: Some((Span::from_millis(1), Span::from_millis(5))),
        loss: Some(20_000),
        duplicate: Some(1),
        reorder: Some(500_000),
        bandwidth: Some(0),
    };
    let mut faults = vec![
        Fault::Crash { node },
        Fault::Start { node, wipe: false },
        Fault::Start { node, wipe: true },
        Fault::Pause { node },
        Fault::Resume { node },
        cut(true),
        cut(false),
        Fault::Heal { id: None },
        Fault::Heal { id: Some(CutId(1)) },
        Fault::SetLink {
            from,
            to,
            change,
            both: true,
        },
        Fault::Slow {
            node,
            percent: 300,
            each: Span::ZERO,
        },
        Fault::Slow {
            node,
            percent: 100,
            each: Span::from_millis(2),
        },
        Fault::DiskFull { node, full: true },
        Fault::DiskFull { node, full: false },
        Fault::DiskCapacity {
            node,
            bytes: Some(9),
        },
        Fault::DiskCapacity { node, bytes: None },
        Fault::DiskSlow {
            node,
            percent: 200,
            latency: None,
        },
        Fault::DiskSlow {
            node,
            percent: 100,
            latency: Some(Span::from_millis(9)),
        },
        Fault::DiskCorrupt {
            node,
            path: "a/b".to_owned(),
            at: 7,
            bytes: vec![1, 2],
        },
        Fault::ClockJump { node, ms: -5 },
        Fault::ClockDrift { node, ppm: 50 },
        Fault::Release { id: None },
    ];
    let tails = [Tail::Kept, Tail::Lost, Tail::Torn, Tail::Drawn];
    faults.extend(tails.map(|tail| Fault::PowerOff { node, tail }));
    faults
}

fn calls() -> Vec<Call> {
    let topic = || "orders".to_owned();
    let tps = || vec![(topic(), 0), (topic(), 1)];
    let ops = [
        ClientOp::Send(SendRecord {
            topic: topic(),
            ..SendRecord::default()
        }),
        ClientOp::Send(SendRecord {
            topic: topic(),
            partition: Some(0),
            ..SendRecord::default()
        }),
        ClientOp::Flush,
        ClientOp::Close,
        ClientOp::Assign(tps()),
        ClientOp::Seek(topic(), 0, OffsetSpec::Earliest),
        ClientOp::Seek(topic(), 0, OffsetSpec::At(3)),
        ClientOp::Pause(tps()),
        ClientOp::Resume(tps()),
        ClientOp::Poll,
        ClientOp::CreateTopic(NewTopic {
            name: topic(),
            ..NewTopic::default()
        }),
        ClientOp::DeleteTopic(topic()),
        ClientOp::ElectLeader(topic(), 0, true),
        ClientOp::ElectLeader(topic(), 0, false),
        ClientOp::ListOffset(topic(), 0, OffsetSpec::Latest),
        ClientOp::ListOffset(topic(), 0, OffsetSpec::Timestamp(4)),
    ];
    let clients = ops.into_iter().map(|op| Call::Client(ClientNo(0), op));
    clients.chain([Call::Shutdown]).collect()
}

fn timers() -> Vec<Timer> {
    use RaftTimer as R;
    use ReplicaTimer as P;
    let raft = [
        R::State,
        R::CheckQuorum,
        R::BeginQuorumEpoch,
        R::AppendLinger,
        R::ParkedFetch(1),
    ];
    let raft = raft
        .into_iter()
        .chain([R::Request, R::Fetch])
        .map(Timer::Raft);
    let replica = [
        P::Delayed(1),
        P::IsrShrink,
        P::Fetcher(1),
        P::FetcherRequest,
        P::Retention,
    ];
    let replica = replica.into_iter().map(Timer::Replica);
    let others = [
        Timer::Controller(ControllerTimer::Session),
        Timer::Broker(BrokerTimer::Heartbeat),
        Timer::Client(ClientNo(0), ClientTimer::Sender),
    ];
    raft.chain(replica).chain(others).collect()
}

fn kinds() -> Vec<StepKind<Kafka>> {
    let reasons = [
        LostReason::Loss,
        LostReason::Cut,
        LostReason::Dropped,
        LostReason::Gap,
        LostReason::Dead,
        LostReason::Closed,
        LostReason::Refused,
    ];
    let mut kinds = vec![
        StepKind::Action,
        StepKind::Boot,
        StepKind::Deliver,
        StepKind::Synced(SyncId(1)),
        StepKind::Call(CallId(1)),
        StepKind::Reset(ConnId(1)),
        StepKind::Halt,
    ];
    kinds.extend(reasons.map(StepKind::Lost));
    kinds.extend(timers().into_iter().map(StepKind::Timer));
    kinds
}

fn assert_said(text: &str, what: &dyn std::fmt::Debug) {
    assert!(!text.trim().is_empty(), "{what:?}");
    assert!(!text.contains(['{', '}']), "{what:?}: {text}");
    assert!(
        !text.contains("  ") && text.trim() == text,
        "{what:?}: {text}"
    );
}

#[test]
fn every_fault_is_told() {
    let codes: BTreeSet<u64> = faults().iter().map(Fault::code).collect();
    assert_eq!(
        codes.into_iter().collect::<Vec<_>>(),
        (1..=16).collect::<Vec<_>>()
    );
    for fault in faults() {
        let [en, zh] = Lang::ALL.map(|lang| fault_sentence(&fault, &Plain, lang));
        assert_said(&en, &fault);
        assert_said(&zh, &fault);
        assert_ne!(en, zh);
    }
}

#[test]
fn faults_read_well() {
    let said: Vec<_> = faults()
        .iter()
        .map(|f| fault_sentence(f, &Plain, Lang::En))
        .collect();
    for wanted in [
        "m3 boots with the disk it had in the beginning",
        "the network between m1 and m2 m3 is cut, in this direction only",
        "the link from m1 to m2 and back changes: latency 1ms..5ms, loss 2.0000 %, duplicates \
         0.0001 %, reordering 50.0000 %, bandwidth without limit",
        "syncs of m3 take the usual latency at 200 %",
    ] {
        assert!(
            said.iter().any(|text| text == wanted),
            "{wanted}\n{said:#?}"
        );
    }
}

#[test]
fn every_call_is_told() {
    for call in calls() {
        let [en, zh] = Lang::ALL.map(|lang| call_phrase(&call, NodeId(3), &Plain, lang));
        assert_said(&en, &call);
        assert_said(&zh, &call);
        assert_ne!(en, zh);
    }
}

#[test]
fn every_step_is_told_with_and_without_its_message() {
    let head = Head {
        conn: ConnId(1),
        corr: Corr(1),
        kind: MessageKind::Request,
        api_version: 3,
        from: NodeId(1),
        to: NodeId(2),
        departs: Time::ZERO,
        digest: 0,
    };
    let actions = [Action::Fault(Fault::Crash { node: NodeId(3) })];
    let called = calls().into_iter().map(|call| Action::Call {
        node: NodeId(3),
        id: CallId(1),
        call,
    });
    let actions: Vec<Option<Action<Kafka>>> = actions
        .into_iter()
        .chain(called)
        .map(Some)
        .chain([None])
        .collect();
    let verdicts = [
        Verdict::Deliver,
        Verdict::Drop,
        Verdict::Hold(HoldId(1)),
        Verdict::Duplicate,
        Verdict::Delay(Span::from_millis(3)),
    ];
    for kind in kinds() {
        for action in &actions {
            for (verdict, head) in verdicts
                .iter()
                .flat_map(|v| [(*v, None), (*v, Some(&head))])
            {
                let step = Happening {
                    kind,
                    node: Some(NodeId(3)),
                    head,
                    message: None,
                    action: action.as_ref(),
                    verdict,
                };
                for lang in Lang::ALL {
                    assert_said(&step_sentence(&step, &Plain, lang), &step);
                }
            }
        }
    }
}

#[test]
fn a_language_is_what_its_word_says() {
    for lang in Lang::ALL {
        assert_eq!(lang.word().parse(), Ok(lang));
        assert_eq!(lang.other().other(), lang);
    }
    assert!("fr".parse::<Lang>().is_err());
}
