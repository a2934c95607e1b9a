//! What a step changed: two pictures held against each other.

use super::{ClientLook, Life, NodeLook, PartitionLook, Picture, QuorumLook, ReplicaLook};

/// One thing that is not what it was, in Kafka's words: `b2 LEO 7 -> 8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub of: String,
    /// What.
    pub what: String,
}

/// What is different now.
pub(in crate::app::tui) fn changes(before: &Picture, now: &Picture) -> Vec<Change> {
    let mut found = Found::default();
    for node in &now.nodes {
        if let Some(old) = before.node(node.node) {
            found.node(old, node);
        }
    }
    for partition in &now.partitions {
        match before.partition(partition.tp) {
            Some(old) => found.partition(old, partition),
            None => found.push(&partition.name, "created".to_owned()),
        }
    }
    for gone in &before.partitions {
        if now.partition(gone.tp).is_none() && now.partitions.len() < before.partitions.len() {
            found.push(&gone.name, "gone".to_owned());
        }
    }
    for (old, controller) in before.quorum.iter().zip(&now.quorum) {
        found.controller(old, controller);
    }
    for (old, client) in before.clients.iter().zip(&now.clients) {
        found.client(old, client);
    }
    if before.cuts != now.cuts {
        let (old, new) = (before.cuts.len(), now.cuts.len());
        found.push("links", format!("cut {old} -> {new}"));
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn push(&mut self, of: &str, what: String) {
        let of = of.to_owned();
        self.0.push(Change { of, what });
    }

    fn moved<T: PartialEq + std::fmt::Display>(&mut self, of: &str, what: &str, old: T, now: T) {
        if old != now {
            self.push(of, format!("{what} {old} -> {now}"));
        }
    }

    fn node(&mut self, old: &NodeLook, now: &NodeLook) {
        self.moved(&now.name, "is", word(old.life), word(now.life));
    }

    fn partition(&mut self, old: &PartitionLook, now: &PartitionLook) {
        let leader = |look: &PartitionLook| look.leader.clone().unwrap_or_else(|| "none".into());
        self.moved(&now.name, "leader", leader(old), leader(now));
        self.moved(&now.name, "leader epoch", old.epoch, now.epoch);
        self.moved(&now.name, "ISR", old.isr.join(" "), now.isr.join(" "));
        self.moved(&now.name, "ELR", old.elr.join(" "), now.elr.join(" "));
        for replica in &now.replicas {
            let was = old.replicas.iter().find(|was| was.node == replica.node);
            if let Some(was) = was {
                self.replica(&now.name, was, replica);
            }
        }
    }

    fn replica(&mut self, partition: &str, old: &ReplicaLook, now: &ReplicaLook) {
        let of = format!("{} {partition}", now.name);
        if old.from_disk != now.from_disk {
            // A process that dies or starts: what it knew and what its disk says are two things.
            return;
        }
        let end = |look: &ReplicaLook| look.offsets.map_or(-1, |offsets| offsets.log_end);
        let hw = |look: &ReplicaLook| look.offsets.map_or(-1, |offsets| offsets.high_watermark);
        let start = |look: &ReplicaLook| look.offsets.map_or(-1, |offsets| offsets.log_start);
        self.moved(&of, "LEO", end(old), end(now));
        self.moved(&of, "HW", hw(old), hw(now));
        self.moved(&of, "log start", start(old), start(now));
        let known = |look: &ReplicaLook| look.known.unwrap_or(-1);
        if now.known.is_some() {
            self.moved(&of, "known to leader", known(old), known(now));
        }
        if old.leads_in.is_some() != now.leads_in.is_some() {
            let (old, now) = (role(old), role(now));
            self.moved(&of, "role", old, now);
        } else if let (Some(old), Some(now)) = (old.epoch, now.epoch) {
            self.moved(&of, "epoch", old, now);
        }
    }

    fn controller(&mut self, old: &QuorumLook, now: &QuorumLook) {
        let role = |look: &QuorumLook| look.role.unwrap_or("down");
        self.moved(&now.name, "quorum role", role(old), role(now));
        self.moved(&now.name, "quorum epoch", old.epoch, now.epoch);
        let hw = |look: &QuorumLook| look.high_watermark.unwrap_or(-1);
        self.moved(&now.name, "metadata log end", old.log_end, now.log_end);
        self.moved(&now.name, "metadata HW", hw(old), hw(now));
    }

    fn client(&mut self, old: &ClientLook, now: &ClientLook) {
        if let (Some(old), Some(look)) = (&old.producer, &now.producer) {
            self.moved(&now.name, "sent", old.sent, look.sent);
            self.moved(&now.name, "acked", old.acked, look.acked);
            self.moved(&now.name, "failed", old.failed, look.failed);
            self.moved(&now.name, "in flight", old.in_flight, look.in_flight);
            self.moved(&now.name, "waiting", old.buffered, look.buffered);
            self.moved(&now.name, "retries", old.retries, look.retries);
        }
        if let (Some(old), Some(look)) = (&old.consumer, &now.consumer) {
            let at = |look: &(String, Option<i64>, u64, Option<i64>)| look.1.unwrap_or(-1);
            for (was, is) in old.reads.iter().zip(&look.reads) {
                let of = format!("{} {}", now.name, is.0);
                self.moved(&of, "position", at(was), at(is));
            }
            self.moved(&now.name, "processed", old.processed, look.processed);
        }
    }
}

fn role(look: &ReplicaLook) -> &'static str {
    if look.leads_in.is_some() {
        "leader"
    } else {
        "follower"
    }
}

fn word(life: Life) -> &'static str {
    match life {
        Life::Down => "down",
        Life::Starting => "starting",
        Life::Fenced => "fenced",
        Life::Up => "up",
        Life::Stopping => "stopping",
        Life::Paused => "paused",
    }
}
