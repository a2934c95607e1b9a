//! A cluster from empty disks to its first records, through the network alone.

use kafkalab::kafka::client::ClientSpec;
use kafkalab::kafka::config::ProducerConfig;
use kafkalab::kafka::vocabulary::{Call, ClientNo, ClientOp, Kafka, NewTopic, Outcome, SendRecord};
use kafkalab::lab::check::Checker;
use kafkalab::lab::cluster::{
    ClusterSpec, KafkaWorld, Names, Node, Prelude, ProcessSpec, Progress, View,
};
use kafkalab::sim::{Action, CallId, Driver, NodeId, SeededOracle, StepRecord, Time};

/// Boots, sends ten records, collects outcomes.
#[derive(Clone)]
struct Boot {
    names: Names,
    prelude: Prelude,
    progress: Progress,
    checker: Checker,
    outcomes: Vec<(CallId, Outcome)>,
    sends: u32,
}

impl Driver<Node> for Boot {
    fn after(
        &mut self,
        world: &KafkaWorld,
        record: &StepRecord<'_, Kafka>,
        act: &mut Vec<Action<Kafka>>,
    ) {
        self.checker.after(View::new(world, &self.names), record);
        self.outcomes.extend(record.outcomes.iter().cloned());
        if self.progress == Progress::Ready {
            return;
        }
        self.progress = self.prelude.after(world, &self.names, record, act);
        if self.progress == Progress::Ready {
            let node = self.names.find("p1").expect("it is in the cluster");
            for n in 0..self.sends {
                let record = SendRecord {
                    topic: "t".into(),
                    partition: Some(0),
                    value: Some(format!("r{n}").into()),
                    ..SendRecord::default()
                };
                let call = Call::Client(ClientNo(0), ClientOp::Send(record));
                act.push(Action::Call {
                    node,
                    id: CallId(1_000 + n),
                    call,
                });
            }
        }
    }
}

fn boot(brokers: usize, controllers: usize, seed: u64) -> (KafkaWorld, Boot) {
    let mut spec = ClusterSpec::new(brokers, controllers);
    spec.topics.push(NewTopic {
        name: "t".into(),
        partitions: 2,
        replication_factor: brokers.min(3) as i16,
        ..NewTopic::default()
    });
    let producer = ClientSpec::Producer {
        name: "p1".into(),
        config: ProducerConfig::default(),
    };
    spec.processes.push(ProcessSpec {
        name: "p1".into(),
        clients: vec![producer],
    });
    let (mut world, names) = spec.build();
    let all = (0..brokers as u16).map(NodeId).collect();
    let mut driver = Boot {
        prelude: Prelude::new(all, spec.topics.clone(), CallId(1)),
        progress: Progress::Waiting("power".into()),
        checker: Checker::default(),
        outcomes: Vec::new(),
        sends: 10,
        names,
    };
    let mut oracle = SeededOracle::new(seed);
    let mut act = Vec::new();
    while world.now() < Time::from_millis(20_000) && world.step(&mut oracle, &mut driver, &mut act)
    {
    }
    (world, driver)
}

fn acknowledges_ten_records(brokers: usize, controllers: usize, seed: u64) {
    let (world, driver) = boot(brokers, controllers, seed);
    assert_eq!(
        driver.progress,
        Progress::Ready,
        "{brokers} brokers, {controllers} controllers"
    );
    let sent = driver.outcomes.iter().filter(|(id, _)| id.0 >= 1_000);
    let offsets: Vec<_> = sent
        .map(|(_, outcome)| match outcome {
            Outcome::Sent { offset, .. } => *offset,
            other => panic!("a send failed: {other:?}"),
        })
        .collect();
    assert_eq!(offsets, (0..10).collect::<Vec<i64>>());
    assert_eq!(driver.checker.violations(), &[]);
    assert!(world.round_trip_error().is_none());
}

#[test]
fn three_brokers_and_three_controllers() {
    acknowledges_ten_records(3, 3, 1);
}

#[test]
fn combined_nodes() {
    acknowledges_ten_records(3, 0, 2);
    acknowledges_ten_records(1, 0, 3);
}

#[test]
fn one_controller_and_five() {
    acknowledges_ten_records(2, 1, 4);
    acknowledges_ten_records(4, 5, 5);
}
