//! Stories with a known end.

use super::cluster::{Cluster, agreed_leader, seat};
use crate::kafka::protocol::metadata_record::LogEntry;
use crate::kafka::vocabulary::{Note, NoteKind};
use crate::sim::{Fault, Span, Tail};

fn count(cluster: &Cluster, kind: NoteKind) -> usize {
    let notes = cluster.checker.notes.iter();
    notes.filter(|(_, note)| note.kind() == kind).count()
}

#[test]
fn a_new_quorum_elects_one_leader_that_begins_its_epoch() {
    for voters in [3, 5] {
        let mut cluster = Cluster::new(voters, 0, 7);
        let leader = cluster.await_leader();
        cluster.run(Span::from_secs(1));
        assert!(
            cluster.world.now().as_millis() < 5_000,
            "within two election timeouts"
        );
        let raft = cluster.raft(leader);
        assert_eq!(raft.epoch_start_offset(), Some(0));
        assert_eq!((raft.high_watermark(), raft.log_end()), (Some(1), 1));
        for node in 0..voters as usize {
            let [batch] = &cluster.node(node).committed[..] else {
                panic!("{:?}", cluster.node(node).committed);
            };
            let LogEntry::LeaderChange {
                leader: id,
                voters: all,
                granting_voters,
            } = &batch.entry
            else {
                panic!("{batch:?}");
            };
            assert_eq!(*id, leader as i32 + 1);
            assert_eq!(*all, (1..=voters).collect::<Vec<_>>());
            assert!(granting_voters.len() > voters as usize / 2);
            assert_eq!(
                (batch.base_offset, batch.epoch),
                (0, cluster.raft(leader).leader().1)
            );
        }
        cluster.assert_sound();
    }
}

#[test]
fn the_only_voter_leads_at_once_and_commits_alone() {
    let mut cluster = Cluster::new(1, 0, 1);
    cluster.append(0);
    cluster.run(Span::from_millis(20));
    assert_eq!(cluster.roles(), vec![("Leader", 1)]);
    cluster.append(0);
    cluster.run(Span::from_millis(20));
    assert_eq!(cluster.raft(0).high_watermark(), Some(2));
    cluster.run(Span::from_secs(60));
    assert_eq!(cluster.roles(), vec![("Leader", 1)], "it never resigns");
    cluster.act(Fault::Crash { node: seat(0) });
    cluster.act(Fault::Start {
        node: seat(0),
        wipe: false,
    });
    cluster.run(Span::from_millis(50));
    assert_eq!(cluster.roles(), vec![("Leader", 2)]);
    assert_eq!(
        cluster.raft(0).high_watermark(),
        Some(3),
        "a second leader change"
    );
    cluster.assert_sound();
}

#[test]
fn an_appended_record_reaches_everyone_and_then_its_commit() {
    let mut cluster = Cluster::new(3, 2, 3);
    let leader = cluster.await_leader();
    cluster.run(Span::from_secs(2));
    cluster.append(leader);
    cluster.run(Span::from_millis(100));
    let end = cluster.raft(leader).log_end();
    assert_eq!(end, 2);
    for node in 0..5 {
        let raft = cluster.raft(node);
        assert_eq!(
            (raft.log_end(), raft.high_watermark()),
            (end, Some(end)),
            "node {node}"
        );
        assert_eq!(cluster.node(node).committed, cluster.checker.committed());
    }
    assert_eq!(cluster.raft(3).role_name(), "Observer");
    cluster.assert_sound();
}

#[test]
fn a_quiet_quorum_keeps_its_leader_with_few_messages() {
    let mut cluster = Cluster::new(3, 1, 11);
    let leader = cluster.await_leader();
    cluster.run(Span::from_secs(1));
    let (epoch, steps) = (cluster.raft(leader).leader().1, cluster.world.step_no().0);
    cluster.run(Span::from_secs(60));
    assert_eq!(
        cluster.raft(leader).leader(),
        (Some(leader as i32 + 1), epoch)
    );
    assert!(cluster.raft(leader).is_leader());
    // Three fetchers, each twice a second: a request, a time-out, an answer; and the odd timer.
    let steps = cluster.world.step_no().0 - steps;
    assert!((900..1_500).contains(&steps), "{steps} steps in a minute");
}

#[test]
fn an_isolated_follower_does_not_disturb_the_epoch() {
    let mut cluster = Cluster::new(3, 0, 5);
    let leader = cluster.await_leader();
    cluster.run(Span::from_secs(1));
    let before = cluster.raft(leader).leader();
    let lonely = (leader + 1) % 3;
    cluster.isolate(lonely);
    cluster.run(Span::from_secs(60));
    assert_eq!(
        cluster.raft(lonely).leader().1,
        before.1,
        "it asks for pre-votes only"
    );
    assert!(count(&cluster, NoteKind::BecameProspective) > 10);
    cluster.append(leader);
    cluster.heal();
    cluster.run(Span::from_secs(10));
    assert_eq!(agreed_leader(&cluster.world), Some(leader));
    assert_eq!(cluster.raft(leader).leader(), before);
    assert_eq!(
        cluster.raft(lonely).log_end(),
        cluster.raft(leader).log_end()
    );
    cluster.assert_sound();
}

#[test]
fn an_isolated_leader_resigns_and_what_it_wrote_alone_is_cut_away() {
    let mut cluster = Cluster::new(3, 1, 9);
    let old = cluster.await_leader();
    cluster.run(Span::from_secs(1));
    let epoch = cluster.raft(old).leader().1;
    cluster.isolate(old);
    cluster.run(Span::from_millis(10));
    (0..3).for_each(|_| cluster.append(old));
    cluster.run(Span::from_millis(3_500));
    assert!(
        !cluster.raft(old).is_leader(),
        "1.5 fetch timeouts without a majority"
    );
    cluster.run(Span::from_secs(10));
    let others = (0..3).filter(|node| *node != old);
    let new = others
        .into_iter()
        .find(|node| cluster.raft(*node).is_leader());
    let new = new.expect("the majority elects");
    assert!(cluster.raft(new).leader().1 > epoch);
    cluster.append(new);
    cluster.heal();
    cluster.run(Span::from_secs(10));
    assert_eq!(agreed_leader(&cluster.world), Some(new));
    let is_cut = |note: &Note| matches!(note, Note::MetadataLogTruncated { to, .. } if *to == 1);
    let mut notes = cluster.checker.notes.iter();
    assert!(notes.any(|(node, note)| *node == seat(old) && is_cut(note)));
    for node in 0..4 {
        assert_eq!(
            cluster.node(node).committed,
            cluster.checker.committed(),
            "node {node}"
        );
        assert_eq!(cluster.raft(node).log_end(), cluster.raft(new).log_end());
    }
    cluster.assert_sound();
}

#[test]
fn a_resigning_leader_hands_over_within_a_moment() {
    let mut cluster = Cluster::new(3, 0, 13);
    let old = cluster.await_leader();
    cluster.run(Span::from_secs(2));
    let (epoch, start) = (cluster.raft(old).leader().1, cluster.world.now());
    cluster.shut_down(old);
    let end = start + Span::from_millis(100);
    let is_new =
        |host: &super::cluster::Host| host.raft.is_leader() && host.raft.leader().1 == epoch + 1;
    let done = cluster.run_until(end, |world| {
        world
            .nodes()
            .filter_map(|node| world.node(node))
            .any(is_new)
    });
    assert!(done, "{:?}", cluster.roles());
    assert!(cluster.raft(old).is_shutdown_complete());
    cluster.run(Span::from_secs(10));
    assert!(!cluster.raft(old).is_leader());
    cluster.assert_sound();
}

#[test]
fn a_dead_leader_is_replaced_and_observers_find_the_new_one() {
    let mut cluster = Cluster::new(3, 2, 17);
    let old = cluster.await_leader();
    cluster.run(Span::from_secs(2));
    cluster.act(Fault::Crash { node: seat(old) });
    cluster.run(Span::from_secs(10));
    let new = agreed_leader(&cluster.world).expect("four nodes agree");
    assert_ne!(new, old);
    cluster.append(new);
    cluster.run(Span::from_secs(1));
    assert_eq!(cluster.node(4).committed, cluster.checker.committed());
    cluster.assert_sound();
}

#[test]
fn two_of_three_dead_commit_nothing() {
    let mut cluster = Cluster::new(3, 0, 19);
    let leader = cluster.await_leader();
    cluster.run(Span::from_secs(1));
    let committed = cluster.checker.committed().len();
    (0..3).filter(|node| *node != leader).for_each(|node| {
        cluster.act(Fault::Crash { node: seat(node) });
    });
    cluster.append(leader);
    cluster.run(Span::from_secs(30));
    assert_eq!(cluster.checker.committed().len(), committed);
    assert!(!cluster.raft(leader).is_leader());
    cluster.assert_sound();
}

#[test]
fn the_log_and_the_epoch_survive_a_power_cut_of_all() {
    let mut cluster = Cluster::new(3, 0, 23);
    let leader = cluster.await_leader();
    (0..20).for_each(|_| cluster.append(leader));
    cluster.run(Span::from_secs(1));
    let epoch = cluster.raft(leader).leader().1;
    assert_eq!(cluster.raft(leader).high_watermark(), Some(21));
    for node in 0..3 {
        cluster.act(Fault::PowerOff {
            node: seat(node),
            tail: Tail::Lost,
        });
    }
    cluster.run(Span::from_millis(10));
    for node in 0..3 {
        cluster.act(Fault::Start {
            node: seat(node),
            wipe: false,
        });
    }
    cluster.run(Span::from_secs(10));
    let new = cluster.await_leader();
    assert!(cluster.raft(new).leader().1 > epoch);
    assert_eq!(
        cluster.raft(new).high_watermark(),
        Some(22),
        "one more leader change"
    );
    assert_eq!(cluster.node(new).committed.len(), 22);
    cluster.assert_sound();
}

#[test]
fn equal_seeds_give_equal_histories() {
    let run = |seed| {
        let mut cluster = Cluster::new(5, 1, seed);
        cluster.run(Span::from_secs(20));
        cluster.world.trace_hash()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
