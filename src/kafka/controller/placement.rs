//! Replica placement (`StripedReplicaPlacer`): partitions are striped over racks and, within a
//! rack, over brokers, so that leaders and replicas are spread evenly. A rack gives its unfenced
//! brokers first; a leader is never placed on a fenced one.
//!
//! One [`RackList`] places all partitions of a topic. Its epoch counts placements since the last
//! shuffle; each broker list starts one place further in each epoch.

use super::errors::ApiError;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use std::collections::BTreeMap;

/// Chance: a number below its argument.
pub(super) type Draw<'a> = &'a mut dyn FnMut(usize) -> usize;

/// A broker that may hold replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsableBroker {
    pub(super) id: i32,
    pub(super) rack: Option<String>,
    pub(super) fenced: bool,
}

/// The registered brokers without those in controlled shutdown. A fenced one has left its
/// controlled shutdown behind.
pub(super) fn usable_brokers(image: &MetadataImage) -> Vec<UsableBroker> {
    let usable = image.brokers.values();
    usable
        .filter(|broker| broker.fenced || !broker.in_controlled_shutdown)
        .map(|broker| UsableBroker {
            id: broker.id,
            rack: broker.rack.clone(),
            fenced: broker.fenced,
        })
        .collect()
}

/// Places `partitions` partitions with `replication_factor` replicas each. The first replica of
/// each is its preferred leader.
pub(super) fn place(
    partitions: i32,
    replication_factor: i16,
    brokers: &[UsableBroker],
    draw: Draw<'_>,
) -> Result<Vec<Vec<i32>>, ApiError> {
    check(replication_factor, brokers).map_err(|inner| {
        let text =
            format!("Unable to replicate the partition {replication_factor} time(s): {inner}");
        ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, text)
    })?;
    let mut racks = RackList::new(brokers, draw);
    Ok((0..partitions)
        .map(|_| racks.place(replication_factor as usize, draw))
        .collect())
}

fn check(replication_factor: i16, brokers: &[UsableBroker]) -> Result<(), String> {
    if replication_factor <= 0 {
        return Err(format!(
            "Invalid replication factor {replication_factor}: \
             the replication factor must be positive."
        ));
    }
    if brokers.iter().all(|broker| broker.fenced) {
        return Err(
            "All brokers are currently fenced, or have all their log directories \
                    cordoned."
                .to_string(),
        );
    }
    if replication_factor as usize > brokers.len() {
        return Err(format!(
            "The target replication factor of {replication_factor} cannot be reached because \
             only {} broker(s) are registered or some brokers have all their log directories \
             cordoned.",
            brokers.len()
        ));
    }
    Ok(())
}

#[derive(Clone, Debug, Default)]
struct BrokerList {
    brokers: Vec<i32>,
    index: usize,
    offset: usize,
    epoch: usize,
}

impl BrokerList {
    fn initialize(&mut self, draw: Draw<'_>) {
        self.brokers.sort_unstable();
        if !self.brokers.is_empty() {
            self.offset = draw(self.brokers.len());
        }
    }

    fn next(&mut self, epoch: usize) -> Option<i32> {
        let len = self.brokers.len();
        if len == 0 {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % len;
        }
        if self.index >= len {
            return None;
        }
        let broker = self.brokers.get((self.index + self.offset) % len).copied();
        self.index += 1;
        broker
    }
}

#[derive(Clone, Debug, Default)]
struct Rack {
    unfenced: BrokerList,
    fenced: BrokerList,
}

impl Rack {
    fn next(&mut self, epoch: usize) -> Option<i32> {
        let unfenced = self.unfenced.next(epoch);
        unfenced.or_else(|| self.fenced.next(epoch))
    }
}

struct RackList {
    racks: Vec<Rack>,
    unfenced: usize,
    epoch: usize,
    offset: usize,
}

impl RackList {
    fn new(brokers: &[UsableBroker], draw: Draw<'_>) -> Self {
        let mut by_name: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        for broker in brokers {
            let rack = by_name.entry(broker.rack.as_deref()).or_default();
            let list = match broker.fenced {
                true => &mut rack.fenced,
                false => &mut rack.unfenced,
            };
            list.brokers.push(broker.id);
        }
        let mut racks: Vec<Rack> = by_name.into_values().collect();
        for rack in &mut racks {
            rack.fenced.initialize(draw);
            rack.unfenced.initialize(draw);
        }
        let offset = draw(racks.len().max(1));
        RackList {
            racks,
            unfenced: brokers.iter().filter(|broker| !broker.fenced).count(),
            epoch: 0,
            offset,
        }
    }

    fn place(&mut self, replicas: usize, draw: Draw<'_>) -> Vec<i32> {
        // With a single unfenced broker there is nothing to vary.
        if self.epoch == self.unfenced && self.unfenced > 1 {
            self.shuffle(draw);
            self.epoch = 0;
        }
        if self.offset >= self.racks.len() {
            self.offset = 0;
        }
        let mut placed = Vec::with_capacity(replicas);
        let leader_rack = self.place_leader(&mut placed);
        self.place_followers(replicas, leader_rack, &mut placed);
        self.epoch += 1;
        self.offset += 1;
        placed
    }

    /// Returns the rack that gave the leader.
    fn place_leader(&mut self, placed: &mut Vec<i32>) -> Option<usize> {
        let count = self.racks.len();
        for step in 0..count {
            let place = (self.offset + step) % count;
            let leader = self.racks.get_mut(place)?.unfenced.next(self.epoch);
            if let Some(leader) = leader {
                placed.push(leader);
                return Some(place);
            }
        }
        None
    }

    /// Walks the racks in turn; the one that gave the leader is passed over once.
    fn place_followers(
        &mut self,
        replicas: usize,
        leader_rack: Option<usize>,
        placed: &mut Vec<i32>,
    ) {
        let mut passed_over = leader_rack;
        let mut place = self.offset;
        let mut without_success = 0;
        while placed.len() < replicas && without_success <= self.racks.len() {
            without_success += 1;
            if passed_over == Some(place) {
                passed_over = None;
            } else if let Some(broker) = self.racks.get_mut(place).and_then(|r| r.next(self.epoch))
            {
                placed.push(broker);
                without_success = 0;
            }
            place = (place + 1) % self.racks.len();
        }
        self.fill_up(replicas, placed);
    }

    /// A list last used in the same epoch before a shuffle may be used up; whoever is left
    /// takes the place then.
    fn fill_up(&self, replicas: usize, placed: &mut Vec<i32>) {
        let lists = self.racks.iter().flat_map(|r| [&r.unfenced, &r.fenced]);
        for broker in lists.flat_map(|list| &list.brokers) {
            if placed.len() < replicas && !placed.contains(broker) {
                placed.push(*broker);
            }
        }
    }

    fn shuffle(&mut self, draw: Draw<'_>) {
        shuffle(&mut self.racks, draw);
        for rack in &mut self.racks {
            shuffle(&mut rack.fenced.brokers, draw);
            shuffle(&mut rack.unfenced.brokers, draw);
        }
    }
}

fn shuffle<T>(items: &mut [T], draw: Draw<'_>) {
    for i in (1..items.len()).rev() {
        items.swap(i, draw(i + 1));
    }
}
