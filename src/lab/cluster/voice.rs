//! [`Voice`]: speaks of machines, topics and clients by their names, long or short.

use super::{ClientRef, Names, View};
use crate::kafka::vocabulary::{ClientNo, TopicTag, Tp};
use crate::lab::text::Speaker;
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// The metadata topic, by the tag of its id.
const METADATA_TOPIC: (TopicTag, &str) = (TopicTag(1), "__cluster_metadata");

/// Names of topics by tag, also of topics that are gone by now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicNames(BTreeMap<TopicTag, String>);

impl TopicNames {
    /// Remembers every topic that the cluster has now.
    pub fn learn(&mut self, view: View<'_>) {
        let Some(truth) = view.truth() else { return };
        for topic in truth.topics.values() {
            let tag = TopicTag::from(topic.id);
            self.0.entry(tag).or_insert_with(|| topic.name.clone());
        }
    }

    /// Whether this topic's name is known.
    pub fn knows(&self, tag: TopicTag) -> bool {
        tag == METADATA_TOPIC.0 || self.0.contains_key(&tag)
    }

    /// The name of a topic.
    pub fn name(&self, tag: TopicTag) -> Option<&str> {
        self.0.get(&tag).map(String::as_str)
    }
}

/// Where a voice has the names of topics from.
#[derive(Clone, Copy)]
enum Topics<'a> {
    Now(View<'a>),
    Known(&'a TopicNames),
}

/// The names of a cluster.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    names: &'a Names,
    topics: Topics<'a>,
    short: bool,
}

impl<'a> Voice<'a> {
    /// Knows the topics that the cluster has now.
    pub fn now(view: View<'a>) -> Self {
        Voice {
            names: view.names,
            topics: Topics::Now(view),
            short: false,
        }
    }

    /// Knows the topics that were learnt.
    pub fn new(names: &'a Names, topics: &'a TopicNames) -> Self {
        Voice {
            names,
            topics: Topics::Known(topics),
            short: false,
        }
    }

    /// The same with short names of servers: `b0` for `broker-0`, `q1` for `controller-1`.
    pub fn short(mut self) -> Self {
        self.short = true;
        self
    }
}

impl Speaker for Voice<'_> {
    fn machine(&self, node: NodeId) -> String {
        match self.short {
            true => self.names.short(node),
            false => self.names.machine(node).to_owned(),
        }
    }

    fn server(&self, id: i32) -> String {
        match self.names.by_kafka_id(id) {
            Some(node) => self.machine(node),
            None => self.names.server(id),
        }
    }

    fn topic(&self, tag: TopicTag) -> String {
        let known = match self.topics {
            _ if tag == METADATA_TOPIC.0 => Some(METADATA_TOPIC.1),
            Topics::Now(view) => view.topic_name(tag),
            Topics::Known(topics) => topics.name(tag),
        };
        known.map_or_else(|| format!("{tag:?}"), str::to_owned)
    }

    fn client(&self, node: NodeId, client: ClientNo) -> String {
        let known = self.names.client_name(ClientRef { node, client });
        known.map_or_else(|| self.machine(node), str::to_owned)
    }
}

impl View<'_> {
    /// `web_log-0`, or the tag where no server knows the name.
    pub fn tp_name(&self, tp: Tp) -> String {
        Voice::now(*self).partition(tp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::cluster::ClusterSpec;

    #[test]
    fn short_names_are_short_and_never_those_of_another() {
        let mut spec = ClusterSpec::new(3, 2);
        spec.servers[1].name = "b2".to_owned();
        spec.servers[4].name = "controller-main".to_owned();
        let names = spec.names();
        let topics = TopicNames::default();
        let voice = Voice::new(&names, &topics).short();
        let short: Vec<_> = (0..6).map(|node| voice.machine(NodeId(node))).collect();
        assert_eq!(
            short,
            ["b0", "b2", "broker-2", "q0", "controller-main", "admin"]
        );
        assert_eq!(voice.server(100), "q0");
        assert_eq!(voice.server(7), "node-7");
        assert_eq!(voice.topic(TopicTag(1)), "__cluster_metadata");
        assert_eq!(voice.client(NodeId(5), ClientNo(0)), "admin");
    }
}
