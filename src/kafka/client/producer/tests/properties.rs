//! What must hold whatever goes wrong.

use super::java;
use crate::kafka::client::ClientSpec;
use crate::kafka::client::testing::{Cluster, FIRST, Fault, Harness};
use crate::kafka::vocabulary::Outcome;
use crate::sim::Span;
use proptest::prelude::*;

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        2 => Just(Fault::LoseRequest),
        2 => Just(Fault::LoseAnswer),
        1 => Just(Fault::Silence),
        2 => prop_oneof![Just(6), Just(7), Just(19), Just(3)].prop_map(Fault::Refuse),
        2 => prop_oneof![Just(20), Just(7)].prop_map(Fault::AppendAndRefuse),
        2 => (1_u64..300).prop_map(Fault::Delay),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is lost, refused or late: each record is in its partition exactly once, and in
    /// the order of the sends.
    ///
    /// A leader remembers five batches. That is enough while what goes wrong hits everything
    /// that follows on the connection. If single retries are refused while later batches are
    /// taken, or two leaders answer at once, more are needed; then the leader here has them.
    #[test]
    fn idempotence_keeps_order_and_writes_once(
        faults in prop::collection::vec(fault(), 0..40),
        sends in prop::collection::vec((0_i32..3, 0_u64..12), 1..60),
        moves in prop::collection::vec((0_usize..60, 0_i32..3, 1_i32..=2), 0..4),
        five in any::<bool>(),
        in_flight in 1_usize..=5,
        batch_size in prop_oneof![Just(1), Just(150), Just(16_384)],
        seed in any::<u64>(),
    ) {
        let config = java(|c| {
            c.max_in_flight = in_flight;
            c.batch_size = batch_size;
            c.linger = Span::from_millis(2);
            c.request_timeout = Span::from_millis(1_000);
        });
        let spec = ClientSpec::Producer { name: "p".to_owned(), config };
        let mut harness = Harness::new(Cluster::new(2, 3), spec, seed);
        let mut expected = vec![vec!["first".to_owned()]; 3];
        // A leader that has never seen the producer takes any sequence (behaviour.md 2.14): the
        // promise holds from the first batch that it has written.
        for partition in 0..3 {
            harness.send_to(Some(partition), None, "first");
        }
        harness.run_until_quiet(5_000);
        harness.cluster.remembered = if five { 5 } else { usize::MAX };
        let refused = |fault: &Fault| matches!(fault, Fault::Refuse(_));
        harness.cluster.faults.extend(faults.into_iter().filter(|f| !(five && refused(f))));
        for (index, (partition, wait)) in sends.into_iter().enumerate() {
            for (at, partition, leader) in &moves {
                if *at == index && !five {
                    harness.cluster.move_leader(*partition, *leader);
                }
            }
            let value = format!("{index}");
            harness.send_to(Some(partition), None, &value);
            expected[partition as usize].push(value);
            harness.run_ms(wait);
        }
        harness.run_until_quiet(110_000);
        for (partition, values) in (0..).zip(expected) {
            prop_assert_eq!(harness.log(partition), values);
        }
        let acked = harness.outcomes.values().all(|o| matches!(o, Outcome::Sent { .. }));
        prop_assert!(acked, "nothing fails");
        let producer = harness.process.producer(FIRST).expect("a producer");
        prop_assert_eq!((producer.in_flight(), producer.buffered()), (0, 0));
    }
}
