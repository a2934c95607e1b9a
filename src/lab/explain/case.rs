//! [`Case`]: a run with its trail, and the words for what is found there.

use super::answer::{Decider, Link, Role};
use super::faults::{Trouble, step_of};
use super::trail::{Deed, Noted, Trail};
use crate::kafka::config::BrokerConfig;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::{Note, Tp};
use crate::lab::cluster::Voice;
use crate::lab::scenario::run::{Finished, Plan, Run, Scope};
use crate::lab::scenario::{NodeIdx, Setting, action_word};
use crate::lab::text::{Lang, Said, Speaker, causes, fault_sentence, sentence, verdict_phrase};
use crate::sim::{NodeId, Span, StepNo, Time};

/// A run that is over, and what it left behind.
pub(super) struct Case<'a> {
    /// The run.
    pub(super) finished: &'a Finished,
    /// What it left behind.
    pub(super) trail: &'a Trail,
}

impl<'a> Case<'a> {
    pub(super) fn run(&self) -> &'a Run {
        &self.finished.run
    }

    pub(super) fn plan(&self) -> &'a Plan {
        self.finished.run.plan()
    }

    pub(super) fn scope(&self) -> Scope<'a> {
        self.finished.run.scope(&self.finished.world)
    }

    pub(super) fn voice(&self) -> Voice<'a> {
        self.trail.voice()
    }

    /// A partition by its name, also of a topic that is gone by now.
    pub(super) fn tp(&self, tp: &TopicPartition) -> Option<Tp> {
        let known = self.scope().view.partition(&tp.topic, tp.partition);
        known.or_else(|| {
            self.trail.notes().find_map(|noted| match noted.note {
                Note::LeaderElected { partition, .. }
                    if partition.partition == tp.partition
                        && self.voice().topic(partition.topic) == tp.topic =>
                {
                    Some(partition)
                }
                _ => None,
            })
        })
    }

    pub(super) fn name(&self, node: NodeId) -> String {
        self.voice().machine(node)
    }

    pub(super) fn server(&self, id: i32) -> String {
        self.plan().names.server(id)
    }

    pub(super) fn servers(&self, ids: impl IntoIterator<Item = i32>) -> String {
        let names: Vec<String> = ids.into_iter().map(|id| self.server(id)).collect();
        names.join(" ")
    }

    pub(super) fn node_of(&self, id: i32) -> Option<NodeId> {
        self.plan().names.by_kafka_id(id)
    }

    pub(super) fn id_of(&self, node: NodeId) -> i32 {
        self.plan().names.kafka_id(node).unwrap_or(-1)
    }

    /// Scenario time, `12.340 s`.
    pub(super) fn time(&self, at: Time) -> String {
        clock(at, self.run().ready_at())
    }

    /// The configs of a broker.
    pub(super) fn broker_config(&self, node: NodeId) -> BrokerConfig {
        self.plan()
            .scenario
            .cluster
            .broker_config(NodeIdx(node.index()))
    }

    /// A config of a topic as the scenario sets it: its own, else the cluster's.
    pub(super) fn topic_config(&self, topic: &str, name: &str) -> Option<String> {
        let scenario = &self.plan().scenario;
        let own = scenario.topics.iter().find(|known| known.name == topic);
        let own = own.map_or(&[][..], |topic| &topic.config);
        let entries = own.iter().chain(&scenario.cluster.config);
        let mut named = entries.filter(|entry| entry.name == name);
        named.next().map(|entry| entry.value.clone())
    }

    /// The replicas of a partition, preferred leader first.
    pub(super) fn replicas(&self, tp: Tp) -> Vec<i32> {
        let registration = self.scope().view.registration(tp);
        registration.map_or(Vec::new(), |partition| partition.replicas.clone())
    }

    /// A note as a link.
    pub(super) fn link(&self, noted: &Noted) -> Link {
        let voice = self.voice();
        let said = |lang: Lang| sentence(&noted.note, noted.node, &voice, lang);
        self.event(noted.step, noted.at, Some(noted.node), Said::by(said))
    }

    pub(super) fn event(&self, step: StepNo, at: Time, node: Option<NodeId>, said: Said) -> Link {
        Link {
            step,
            at,
            node,
            role: Role::Event,
            said,
        }
    }

    /// A setting at the place where it mattered.
    pub(super) fn setting(&self, like: &Link, said: Said) -> Link {
        Link {
            role: Role::Setting,
            said,
            ..like.clone()
        }
    }

    /// A trouble as a link.
    pub(super) fn trouble(&self, trouble: &Trouble) -> Link {
        let voice = self.voice();
        let said = |lang: Lang| match &trouble.deed {
            Deed::Fault(fault) => fault_sentence(fault, &voice, lang),
            Deed::Shutdown(node) => {
                let note = Note::BrokerStopping {
                    broker: crate::kafka::vocabulary::NodeId(self.id_of(*node)),
                };
                sentence(&note, *node, &voice, lang)
            }
            Deed::Message(verdict, from, to, name) => {
                let (from, to) = (voice.machine(*from), voice.machine(*to));
                let (name, what) = (name.unwrap_or("?"), verdict_phrase(*verdict, lang));
                match lang {
                    Lang::En => format!("{name} from {from} to {to} {what}"),
                    Lang::Zh => format!("{from} 发给 {to} 的 {name} {what}"),
                }
            }
        };
        let node = match &trouble.deed {
            Deed::Fault(fault) => fault.node(),
            Deed::Shutdown(node) => Some(*node),
            Deed::Message(..) => None,
        };
        Link {
            step: trouble.step,
            at: trouble.at,
            node,
            role: Role::Fault,
            said: Said::by(said),
        }
    }

    /// The step of the scenario behind a trouble.
    pub(super) fn fault(&self, trouble: &Trouble) -> Option<Decider> {
        let step = step_of(self.run(), trouble)?;
        let scenario = &self.plan().scenario;
        let spec = scenario.steps.get(step.0)?;
        let action = spec.action.as_ref()?;
        let id = spec.id.clone();
        let values = [
            (
                "name",
                id.unwrap_or_else(|| format!("step[{}]", step.0 + 1)),
            ),
            ("what", action_word(scenario, &action.it).to_owned()),
        ];
        Some(Decider::Fault {
            step,
            at: trouble.step,
            name: Said::new(causes::FAULT, &values),
        })
    }

    /// Links and deciders of troubles.
    pub(super) fn blame(
        &self,
        troubles: &[Trouble],
        chain: &mut Vec<Link>,
        deciders: &mut Vec<Decider>,
    ) {
        chain.extend(troubles.iter().map(|trouble| self.trouble(trouble)));
        deciders.extend(troubles.iter().filter_map(|trouble| self.fault(trouble)));
    }

    /// A setting of a producer with another value.
    pub(super) fn producer_setting(
        &self,
        producer: &str,
        name: &str,
        old: &str,
        value: &str,
    ) -> Decider {
        Decider::Setting {
            instead: Setting::new(format!("producer.{producer}.config.{name}"), value),
            old: old.to_owned(),
        }
    }

    /// A setting of a topic with another value; of the cluster for a topic that a step creates.
    pub(super) fn topic_setting(&self, topic: &str, name: &str, old: &str, value: &str) -> Decider {
        let topics = &self.plan().scenario.topics;
        let place = match topics.iter().any(|known| known.name == topic) {
            true => format!("topic.{topic}.config"),
            false => "cluster.config".to_owned(),
        };
        Decider::Setting {
            instead: Setting::new(format!("{place}.{name}"), value),
            old: old.to_owned(),
        }
    }
}

/// A span in seconds, `0.012 s`.
pub(super) fn lasted(span: Span) -> String {
    let ms = span.as_millis();
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// Scenario time in seconds, `12.340 s`; what came before ready has a minus.
pub fn clock(at: Time, ready: Time) -> String {
    let (sign, span) = match at < ready {
        true => ("-", ready.since(at)),
        false => ("", at.since(ready)),
    };
    format!("{sign}{}", lasted(span))
}
