//! The prelude: from power-on to *ready*, by real steps.
//!
//! Ready: the quorum has an active controller, every powered broker is unfenced and serves, the
//! declared topics were created by the `admin` client through the network, and every broker's
//! image shows a live leader for each of their partitions, which leads. Then consumers start.

use super::{ClientRef, KafkaWorld, Names, View};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{Call, ClientOp, Kafka, NewTopic, Outcome};
use crate::sim::{Action, CallId, Fault, NodeId, StepRecord, Time};
use std::collections::VecDeque;

/// A cluster that is not ready after this time has failed.
const READY_WITHIN: Time = Time::from_millis(60_000);

/// How far the prelude is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not ready; what it waits for.
    Waiting(String),
    /// Ready.
    Ready,
    /// It will never be ready; why.
    Failed(String),
}

/// Takes a cluster from power-on to ready. Part of the run's driver.
#[derive(Clone, Debug)]
pub struct Prelude {
    brokers: Vec<NodeId>,
    topics: VecDeque<NewTopic>,
    created: Vec<NewTopic>,
    creating: Option<CallId>,
    next_call: CallId,
}

impl Prelude {
    /// For the brokers that are powered on and these topics. Calls are numbered from
    /// `first_call`.
    pub fn new(brokers: Vec<NodeId>, topics: Vec<NewTopic>, first_call: CallId) -> Self {
        let topics = topics.into();
        Prelude {
            brokers,
            topics,
            created: Vec::new(),
            creating: None,
            next_call: first_call,
        }
    }

    /// The first call number that the prelude does not use.
    pub fn next_call(&self) -> CallId {
        self.next_call
    }

    /// Looks at the cluster after a step and asks for the next topic when it is time.
    pub fn after(
        &mut self,
        world: &KafkaWorld,
        names: &Names,
        record: &StepRecord<'_, Kafka>,
        act: &mut Vec<Action<Kafka>>,
    ) -> Progress {
        let view = View::new(world, names);
        for (id, outcome) in record.outcomes {
            if self.creating == Some(*id)
                && let Some(failure) = self.topic_created(outcome)
            {
                return Progress::Failed(failure);
            }
        }
        let waiting = match self.first_missing(view) {
            None => {
                start_consumers(world, names, act);
                return Progress::Ready;
            }
            Some(waiting) => waiting,
        };
        if self.brokers_serve(view).is_none() && self.creating.is_none() {
            self.create_next(names, act);
        }
        if world.now() > READY_WITHIN {
            return Progress::Failed(format!("not ready after 60 s: still waiting for {waiting}"));
        }
        Progress::Waiting(waiting)
    }

    fn topic_created(&mut self, outcome: &Outcome) -> Option<String> {
        self.creating = None;
        let topic = self.topics.pop_front()?;
        let name = topic.name.clone();
        self.created.push(topic);
        match outcome {
            // Nobody else makes topics before ready: an earlier try made it, its answer was lost.
            Outcome::Failed { error, .. } if *error == ErrorCode::TOPIC_ALREADY_EXISTS => None,
            Outcome::Failed { error, message } => Some(format!(
                "topic {name:?} could not be created: {error}: {message}"
            )),
            _ => None,
        }
    }

    fn create_next(&mut self, names: &Names, act: &mut Vec<Action<Kafka>>) {
        let (Some(topic), Some(ClientRef { node, client })) =
            (self.topics.front(), names.client("admin"))
        else {
            return;
        };
        let id = self.next_call;
        self.next_call.0 += 1;
        self.creating = Some(id);
        let call = Call::Client(client, ClientOp::CreateTopic(topic.clone()));
        act.push(Action::Call { node, id, call });
    }

    /// The first thing that ready waits for.
    fn first_missing(&self, view: View<'_>) -> Option<String> {
        if let Some(waiting) = self.brokers_serve(view) {
            return Some(waiting);
        }
        if let Some(topic) = self.topics.front() {
            return Some(format!("topic {:?} to be created", topic.name));
        }
        self.created
            .iter()
            .find_map(|topic| self.topic_waits(view, topic))
    }

    fn brokers_serve(&self, view: View<'_>) -> Option<String> {
        if view.active_controller().is_none() {
            return Some("an active controller".into());
        }
        let down = self.brokers.iter().find(|node| {
            !view
                .broker(**node)
                .is_some_and(|broker| broker.is_running())
        });
        down.map(|node| {
            format!(
                "{} to be registered and unfenced",
                view.names.machine(*node)
            )
        })
    }

    fn topic_waits(&self, view: View<'_>, topic: &NewTopic) -> Option<String> {
        let newest = view.truth()?;
        let known = newest.topic(&topic.name)?;
        let behind = self.brokers.iter().find(|node| {
            view.broker(**node)
                .is_none_or(|broker| broker.image().topic(&topic.name).is_none())
        });
        if let Some(node) = behind {
            return Some(format!(
                "{} to learn of {:?}",
                view.names.machine(*node),
                topic.name
            ));
        }
        let leaderless = known.partitions.iter().find(|(number, partition)| {
            let tp = crate::kafka::vocabulary::Tp::new(known.id, **number);
            let leads = view.replica_of(partition.leader, tp);
            !leads.is_some_and(|replica| replica.partition.is_leader())
        });
        leaderless.map(|(number, _)| format!("a leader of {}-{number}", topic.name))
    }
}

/// Client processes that waited for the topics.
fn start_consumers(world: &KafkaWorld, names: &Names, act: &mut Vec<Action<Kafka>>) {
    let clients = world.nodes().filter(|node| names.kafka_id(*node).is_none());
    let off = clients.filter(|node| !world.is_up(*node));
    act.extend(off.map(|node| Fault::Start { node, wipe: false }.into()));
}
