use crate::kafka::client::ClientSpec;
use crate::kafka::client::testing::{Cluster, Harness};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{ClientOp, NewTopic, OffsetSpec, Outcome};

fn admin(cluster: Cluster) -> Harness {
    let name = "admin".to_owned();
    Harness::new(cluster, ClientSpec::Admin { name }, 3)
}

fn create(name: &str) -> ClientOp {
    ClientOp::CreateTopic(NewTopic {
        name: name.to_owned(),
        partitions: 2,
        replication_factor: -1,
        configs: vec![("min.insync.replicas".to_owned(), "2".to_owned())],
        ..NewTopic::default()
    })
}

#[test]
fn a_topic_is_created_by_the_broker_that_metadata_names() {
    let mut harness = admin(Cluster::new(2, 1));
    let call = harness.call(create("u"));
    harness.run_until_quiet(1_000);
    assert_eq!(harness.outcomes[&call], Outcome::Done);
    assert_eq!(harness.cluster.log("u", 1), [""; 0]);
    let last = harness.requests.last().expect("a request");
    assert_eq!((last.message.name(), last.version), ("CreateTopics", 7));
}

#[test]
fn refusals_keep_code_and_text_and_only_some_are_tried_again() {
    let mut cluster = Cluster::new(1, 1);
    cluster.admin_errors.extend([41, 36]);
    let mut harness = admin(cluster);
    let call = harness.call(create("t"));
    harness.run_until_quiet(5_000);
    let (error, message) = (ErrorCode::TOPIC_ALREADY_EXISTS, "because".to_owned());
    assert_eq!(harness.outcomes[&call], Outcome::Failed { error, message });
    let tries = harness
        .requests
        .iter()
        .filter(|sent| sent.message.name() == "CreateTopics");
    assert_eq!(tries.count(), 2, "again after NOT_CONTROLLER");
}

#[test]
fn a_call_times_out_after_a_minute() {
    let mut cluster = Cluster::new(1, 1);
    cluster.set_down(1, true);
    let mut harness = admin(cluster);
    let call = harness.call(create("u"));
    harness.run_ms(59_999);
    assert!(harness.outcomes.is_empty());
    harness.run_ms(1);
    let error = ErrorCode::REQUEST_TIMED_OUT;
    let message = "Timed out waiting for a node assignment. Call: createTopics".to_owned();
    assert_eq!(harness.outcomes[&call], Outcome::Failed { error, message });
}

#[test]
fn offsets_are_listed_by_the_leader() {
    let mut cluster = Cluster::new(2, 2);
    cluster.fill(1, 0..7);
    let mut harness = admin(cluster);
    let list = |spec| ClientOp::ListOffset("t".to_owned(), 1, spec);
    let earliest = harness.call(list(OffsetSpec::Earliest));
    let latest = harness.call(list(OffsetSpec::Latest));
    harness.run_until_quiet(1_000);
    assert_eq!(harness.outcomes[&earliest], Outcome::Offset(0));
    assert_eq!(harness.outcomes[&latest], Outcome::Offset(7));
    harness.cluster.move_leader(1, 1);
    let latest = harness.call(list(OffsetSpec::Latest));
    harness.run_until_quiet(1_000);
    assert_eq!(
        harness.outcomes[&latest],
        Outcome::Offset(7),
        "after asking the old leader"
    );
}
