//! What was recorded from three real Kafka 4.3.1 nodes, against runs of the same steps.
//!
//! `data/failover.json` holds 12 experiments on combined nodes 1 to 3: what was done, and what
//! was seen then. Each has a scenario in `data/failover` that does the same.
//!
//! Equal: leader, leader epoch, replicas, ISR, ELR, last known ELR and offline replicas at every
//! recorded moment; counts, offsets and errors (code and text) of sends; what a consumer can read,
//! what was acknowledged and is lost; leader epoch checkpoints on the disks; answers to asked-for
//! elections; the active controller where it was noted.
//!
//! Times are bounds, for the recorded ones and ours alike: a broker that falls silent is fenced
//! `broker.session.timeout.ms` (9 s) after its last heartbeat, which is at most
//! `broker.heartbeat.interval.ms` (2 s) old when it falls; the rest is two seconds for the
//! controller's checks, the way of the metadata and a busy machine. How long a restart takes is
//! a fact about that machine: only an upper bound here.
//!
//! Chance in the recording, made certain in the scenarios: how many records were written when
//! the leader was killed, how many of them a dying leader still took in (acks=0), and that one
//! record of fifty was on its way when the followers were paused.

#[path = "failover/lab.rs"]
mod lab;

use lab::Lab;

/// From the last sign of life of a broker to the end of its session, as seen from its fall.
const SESSION_ENDS: (u64, u64) = (7_000, 11_000);
/// A restarted node is back in the ISR within this time.
const BACK_WITHIN: u64 = 30_000;

/// A follower that asks a new leader too early asks again after `replica.fetch.backoff.ms` (1 s);
/// the high watermark waits for it.
const FOLLOWERS_FETCH: u64 = 1_500;

macro_rules! lab {
    ($name:literal) => {
        Lab::new(
            $name,
            include_str!(concat!("data/failover/", $name, ".toml")),
        )
    };
}

fn leader_killed(mut lab: Lab, sends: usize, dying: bool) {
    lab.controller();
    lab.state_is("topic created");
    lab.falls_within(1, 10_000);
    lab.state_is("kill -9 of the leader starts");
    lab.first_after_gap(SESSION_ENDS);
    if dying {
        lab.state_within("a new leader", 1_000);
    }
    lab.all_end(sends, 10_000);
    lab.state_is("state after");
    lab.controller();
    lab.wait(FOLLOWERS_FETCH);
    lab.count_all();
    lab.log("log against acknowledgements");
    lab.checkpoints();
    lab.rises_within(1, 30_000);
    let ms = lab.state_within("killed node back in the ISR", BACK_WITHIN);
    lab.both_within("restart to full ISR", ms, (0, BACK_WITHIN));
    lab.wait(500);
    lab.checkpoints();
    lab.done();
}

#[test]
fn acks_all_leader_killed() {
    leader_killed(lab!("acks-all-leader-killed"), 402, false);
}

#[test]
fn acks_1_leader_killed() {
    leader_killed(lab!("acks-1-leader-killed"), 403, false);
}

#[test]
fn acks_0_leader_killed() {
    leader_killed(lab!("acks-0-leader-killed"), 476, true);
}

fn followers_paused_leader_killed(mut lab: Lab) {
    lab.state_is("topic created");
    lab.sends("50 records on a healthy partition", 1_000);
    lab.falls_within(2, 10_000);
    lab.sends("50 records with both followers paused", 2_000);
    lab.falls_within(1, 10_000);
    // Both nodes left were paused, and with them their sessions with the quorum.
    lab.state_within("new leader", 15_000);
    lab.sends("10 more records", 2_000);
    lab.wait(FOLLOWERS_FETCH);
    lab.log("log against acknowledgements");
    lab.rises_within(1, 30_000);
    lab.state_within("old leader back in the ISR", BACK_WITHIN);
    lab.wait(500);
    lab.log("log against acknowledgements");
    lab.checkpoints();
    lab.done();
}

#[test]
fn acks_1_followers_paused_leader_killed() {
    followers_paused_leader_killed(lab!("acks-1-followers-paused-leader-killed"));
}

#[test]
fn acks_all_followers_paused_leader_killed() {
    followers_paused_leader_killed(lab!("acks-all-followers-paused-leader-killed"));
}

fn below_min_insync_replicas(mut lab: Lab, refused_within_ms: u64) {
    lab.state_is("topic created");
    lab.controller();
    lab.sends("acks=all, ISR of 2", 1_000);
    lab.falls_within(2, 10_000);
    let ms = lab.state_within("ISR shrank", 15_000);
    lab.both_within("kill to shrink", ms, SESSION_ENDS);
    lab.sends("acks=all without retries", refused_within_ms);
    lab.sends("acks=all with retries for 4 s", 5_000);
    lab.sends("acks=1", 1_000);
    lab.wait(500);
    lab.latest("latest offset a consumer sees");
    lab.rises_within(2, 30_000);
    lab.state_within("ISR is whole", BACK_WITHIN);
    lab.wait(500);
    lab.latest("latest offset");
    lab.sends("acks=all", 1_000);
    lab.checkpoints();
    lab.done();
}

#[test]
fn below_min_insync_replicas_refused() {
    below_min_insync_replicas(lab!("below-min-insync-replicas"), 1_000);
}

/// The leader takes what it could not have taken a moment later, and never answers it.
#[test]
fn below_min_insync_replicas_race_at_the_shrink() {
    below_min_insync_replicas(lab!("below-min-insync-replicas-race-at-the-shrink"), 28_000);
}

#[test]
fn unclean_off_min_isr_1() {
    let mut lab = lab!("unclean-off-min-isr-1");
    lab.state_is("topic created");
    lab.controller();
    lab.sends("20 records on a whole ISR", 1_000);
    lab.falls_within(2, 10_000);
    lab.state_within("paused follower left the ISR", SESSION_ENDS.1);
    lab.sends("10 records with acks=1", 1_000);
    lab.falls_within(1, 10_000);
    lab.state_within("killed leader is seen as gone", 15_000);
    lab.wait(3_000);
    lab.state_is("3 s later");
    lab.sends("a send while there is no leader", 9_000);
    lab.election("preferred election asked for", 5_000);
    lab.election("unclean election asked for", 5_000);
    lab.state_within("after the asked-for election", 100);
    lab.sends("5 records to the new leader", 2_000);
    lab.wait(FOLLOWERS_FETCH);
    lab.log("log against acknowledgements");
    lab.checkpoints();
    lab.rises_within(1, 30_000);
    lab.state_within("old leader back", BACK_WITHIN);
    lab.wait(1_000);
    lab.log("log against acknowledgements");
    lab.checkpoints();
    lab.done();
}

#[test]
fn last_in_sync_replica_returns() {
    let mut lab = lab!("last-in-sync-replica-returns");
    lab.state_is("topic created");
    lab.sends("20 records", 1_000);
    lab.falls_within(2, 10_000);
    lab.state_within("follower left the ISR", SESSION_ENDS.1);
    lab.sends("10 records", 1_000);
    lab.falls_within(1, 10_000);
    lab.state_within("no leader", 15_000);
    lab.rises_within(1, 30_000);
    lab.state_within("last in-sync replica leads again", BACK_WITHIN);
    lab.state_within("ISR whole", BACK_WITHIN);
    lab.wait(500);
    lab.log("log against acknowledgements");
    lab.checkpoints();
    lab.done();
}

#[test]
fn follower_catches_up_and_preferred_election() {
    let mut lab = lab!("follower-catches-up-and-preferred-election");
    lab.state_is("topic created");
    lab.sends("100 records", 1_000);
    lab.falls_within(2, 10_000);
    let longest = lab.sends("2000 records while follower 2 is down", 15_000);
    assert!(
        (SESSION_ENDS.0..=SESSION_ENDS.1).contains(&longest),
        "{longest} ms"
    );
    lab.state_is("state");
    lab.rises_within(2, 30_000);
    let ms = lab.state_within("follower caught up", BACK_WITHIN);
    lab.both_within("restart to full ISR", ms, (0, BACK_WITHIN));
    lab.wait(500);
    lab.log("log");
    lab.falls_within(1, 30_000);
    lab.state_is("clean stop of leader 1");
    assert!(lab.has_file(1, ".kafka_cleanshutdown"));
    lab.rises_within(1, 30_000);
    lab.state_within("old leader back in the ISR, not leading", BACK_WITHIN);
    assert!(
        !lab.has_file(1, ".kafka_cleanshutdown"),
        "a mark is good for one start"
    );
    lab.checkpoints();
    lab.election("preferred election asked for", 30_000);
    lab.state_within("preferred replica leads", 1_000);
    lab.election("asked for once more", 5_000);
    lab.sends("5 records", 1_000);
    lab.wait(500);
    lab.checkpoints();
    lab.done();
}

#[test]
fn follower_paused_default_lag() {
    let mut lab = lab!("follower-paused-default-lag");
    lab.state_is("topic created");
    lab.setting("replica.lag.time.max.ms");
    lab.sends("10 records", 1_000);
    lab.falls_within(2, 10_000);
    let ms = lab.state_within("ISR shrank", 15_000);
    lab.both_within("pause to shrink", ms, SESSION_ENDS);
    let waited = lab.sends("one record with acks=all sent right after the pause", 1_000);
    assert!(
        (SESSION_ENDS.0..=SESSION_ENDS.1).contains(&waited),
        "{waited} ms"
    );
    lab.wait(8_000);
    lab.state_is("9 s later");
    lab.rises_within(2, 2_000);
    let ms = lab.state_within("ISR whole", 10_000);
    lab.both_within("resume to full ISR", ms, (0, 10_000));
    lab.done();
}

#[test]
fn learner() {
    let mut lab = lab!("learner");
    lab.state_is("topic created");
    lab.sends("1000 records", 1_000);
    lab.skip_time("produce, ms");
    lab.falls_within(1, 10_000);
    let waited = lab.sends("one record", 15_000);
    lab.both_within("kill to the next acknowledgement", waited, SESSION_ENDS);
    lab.state_is("state");
    lab.wait(500);
    lab.log("verify");
    lab.skip_time("verify, ms");
    lab.done();
}
