//! The clients' history, judged without any knowledge of the simulator: plain data in, anomalies
//! out (names after Jepsen's Kafka workload).

use std::collections::{BTreeMap, BTreeSet};

/// How a send ended, as its application saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Acknowledged at this offset of this partition; -1 where the client does not know.
    Acknowledged {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
    /// Failed: it may be in the log all the same.
    Failed,
    /// No answer yet.
    Pending,
}

/// One record that an application sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Whose; sends of one producer are in order.
    pub producer: String,
    /// The topic.
    pub topic: String,
    /// Of key and value.
    pub digest: i64,
    /// How it ended.
    pub outcome: SendOutcome,
}

/// One record that an application received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Whose.
    pub consumer: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Of key and value.
    pub digest: i64,
}

/// One record that is in a topic in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Of key and value.
    pub digest: i64,
}

/// What applications did and saw, and what is left in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHistory {
    /// In the order of the calls.
    pub sends: Vec<Send>,
    /// In the order of arrival.
    pub reads: Vec<Read>,
    /// The records below the high watermark in the end, by topic, partition and offset.
    pub log: Vec<LogEntry>,
    /// Where each partition's log begins: what lies below was deleted by retention.
    pub log_starts: BTreeMap<(String, i32), i64>,
}

/// What is wrong with a history. Numbers are places in `sends` or `reads`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// Acknowledged, and not in the log.
    pub lost: Vec<usize>,
    /// In the log more than once.
    pub duplicated: Vec<usize>,
    /// Behind a later send of the same producer in the same partition.
    pub reordered: Vec<usize>,
    /// Acknowledged, in the log, and given to no consumer although one reads its topic.
    pub unseen: Vec<usize>,
    /// Reads of a record that is not what the log has at that offset.
    pub inconsistent: Vec<usize>,
}

/// Finds the anomalies of a history. Records of one topic with equal digests can not be told
/// apart: they count as found as long as the log has enough of them.
pub fn judge(history: &ClientHistory) -> Anomalies {
    let places = places(history);
    Anomalies {
        lost: lost(history, &places),
        duplicated: duplicated(history, &places),
        reordered: reordered(history, &places),
        unseen: unseen(history, &places),
        inconsistent: inconsistent(history),
    }
}

type Place = (i32, i64);
type Places<'a> = BTreeMap<(&'a str, i64), Vec<Place>>;

fn places(history: &ClientHistory) -> Places<'_> {
    let mut places = Places::new();
    for entry in &history.log {
        let at = (entry.partition, entry.offset);
        places
            .entry((entry.topic.as_str(), entry.digest))
            .or_default()
            .push(at);
    }
    places
}

fn copies<'a>(places: &'a Places<'a>, send: &'a Send) -> &'a [Place] {
    places
        .get(&(send.topic.as_str(), send.digest))
        .map_or(&[], Vec::as_slice)
}

/// Below the log start: deleted, not lost.
fn deleted(history: &ClientHistory, send: &Send) -> bool {
    let SendOutcome::Acknowledged { partition, offset } = send.outcome else {
        return false;
    };
    let start = history.log_starts.get(&(send.topic.clone(), partition));
    offset >= 0 && start.is_some_and(|start| offset < *start)
}

fn lost(history: &ClientHistory, places: &Places<'_>) -> Vec<usize> {
    let mut used: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    let mut lost = Vec::new();
    for (index, send) in history.sends.iter().enumerate() {
        let SendOutcome::Acknowledged { partition, offset } = send.outcome else {
            continue;
        };
        if deleted(history, send) {
            continue;
        }
        let copies = copies(places, send);
        let found = match offset {
            0.. => copies.contains(&(partition, offset)),
            // The client does not know the offset: any copy that no other send claims will do.
            _ => {
                let claimed = used.entry((send.topic.as_str(), send.digest)).or_insert(0);
                *claimed += 1;
                *claimed <= copies.len()
            }
        };
        if !found {
            lost.push(index);
        }
    }
    lost
}

fn duplicated(history: &ClientHistory, places: &Places<'_>) -> Vec<usize> {
    let mut sent: BTreeMap<(&str, i64), Vec<usize>> = BTreeMap::new();
    for (index, send) in history.sends.iter().enumerate() {
        sent.entry((send.topic.as_str(), send.digest))
            .or_default()
            .push(index);
    }
    let too_many = |(key, sends): (&(&str, i64), &Vec<usize>)| {
        let copies = places.get(key).map_or(0, Vec::len);
        (copies > sends.len()).then(|| sends[0])
    };
    let mut duplicated: Vec<usize> = sent.iter().filter_map(too_many).collect();
    duplicated.sort_unstable();
    duplicated
}

fn reordered(history: &ClientHistory, places: &Places<'_>) -> Vec<usize> {
    let mut highest: BTreeMap<(&str, &str, i32), i64> = BTreeMap::new();
    let mut reordered = Vec::new();
    for (index, send) in history.sends.iter().enumerate() {
        // Only where a digest has one place is its order known.
        let [(partition, offset)] = copies(places, send) else {
            continue;
        };
        let key = (send.producer.as_str(), send.topic.as_str(), *partition);
        let high = highest.entry(key).or_insert(-1);
        if *offset < *high {
            reordered.push(index);
        }
        *high = (*high).max(*offset);
    }
    reordered
}

fn unseen(history: &ClientHistory, places: &Places<'_>) -> Vec<usize> {
    let read: BTreeSet<(&str, i64)> = history
        .reads
        .iter()
        .map(|read| (read.topic.as_str(), read.digest))
        .collect();
    let topics: BTreeSet<&str> = history
        .reads
        .iter()
        .map(|read| read.topic.as_str())
        .collect();
    let is_unseen = |send: &Send| {
        matches!(send.outcome, SendOutcome::Acknowledged { .. })
            && topics.contains(send.topic.as_str())
            && !copies(places, send).is_empty()
            && !read.contains(&(send.topic.as_str(), send.digest))
    };
    let sends = history.sends.iter().enumerate();
    sends
        .filter(|(_, send)| is_unseen(send))
        .map(|(index, _)| index)
        .collect()
}

fn inconsistent(history: &ClientHistory) -> Vec<usize> {
    let at: BTreeMap<(&str, i32, i64), i64> = history
        .log
        .iter()
        .map(|entry| {
            (
                (entry.topic.as_str(), entry.partition, entry.offset),
                entry.digest,
            )
        })
        .collect();
    let differs = |read: &Read| {
        at.get(&(read.topic.as_str(), read.partition, read.offset))
            .is_some_and(|digest| *digest != read.digest)
    };
    let reads = history.reads.iter().enumerate();
    reads
        .filter(|(_, read)| differs(read))
        .map(|(index, _)| index)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(digest: i64, outcome: SendOutcome) -> Send {
        Send {
            producer: "p".into(),
            topic: "t".into(),
            digest,
            outcome,
        }
    }

    fn acked(digest: i64, offset: i64) -> Send {
        send(
            digest,
            SendOutcome::Acknowledged {
                partition: 0,
                offset,
            },
        )
    }

    fn entry(offset: i64, digest: i64) -> LogEntry {
        LogEntry {
            topic: "t".into(),
            partition: 0,
            offset,
            digest,
        }
    }

    fn read(offset: i64, digest: i64) -> Read {
        Read {
            consumer: "c".into(),
            topic: "t".into(),
            partition: 0,
            offset,
            digest,
        }
    }

    #[test]
    fn a_clean_history_has_no_anomaly() {
        let history = ClientHistory {
            sends: vec![acked(10, 0), acked(11, 1), send(12, SendOutcome::Failed)],
            reads: vec![read(0, 10), read(1, 11)],
            log: vec![entry(0, 10), entry(1, 11), entry(2, 12)],
            ..ClientHistory::default()
        };
        assert_eq!(judge(&history), Anomalies::default());
    }

    #[test]
    fn an_acknowledged_record_that_is_gone_is_lost_unless_retention_took_it() {
        let mut history = ClientHistory {
            sends: vec![acked(10, 0), acked(11, 1), send(12, SendOutcome::Pending)],
            log: vec![entry(1, 99)],
            ..ClientHistory::default()
        };
        assert_eq!(judge(&history).lost, vec![0, 1]);
        history.log_starts.insert(("t".into(), 0), 1);
        assert_eq!(judge(&history).lost, vec![1]);
    }

    #[test]
    fn without_offsets_equal_records_are_counted() {
        let history = ClientHistory {
            sends: vec![acked(10, -1), acked(10, -1), acked(10, -1)],
            log: vec![entry(0, 10), entry(1, 10)],
            ..ClientHistory::default()
        };
        assert_eq!(judge(&history).lost, vec![2]);
    }

    #[test]
    fn a_record_twice_in_the_log_is_duplicated() {
        let history = ClientHistory {
            sends: vec![acked(10, 0), acked(11, 2)],
            log: vec![entry(0, 10), entry(1, 10), entry(2, 11)],
            ..ClientHistory::default()
        };
        assert_eq!(judge(&history).duplicated, vec![0]);
    }

    #[test]
    fn a_record_behind_a_later_one_is_reordered() {
        let history = ClientHistory {
            sends: vec![acked(10, 1), acked(11, 0)],
            log: vec![entry(0, 11), entry(1, 10)],
            ..ClientHistory::default()
        };
        assert_eq!(judge(&history).reordered, vec![1]);
    }

    #[test]
    fn what_nobody_read_is_unseen_and_what_changed_is_inconsistent() {
        let history = ClientHistory {
            sends: vec![acked(10, 0), acked(11, 1)],
            reads: vec![read(0, 77)],
            log: vec![entry(0, 10), entry(1, 11)],
            ..ClientHistory::default()
        };
        let anomalies = judge(&history);
        assert_eq!(anomalies.unseen, vec![0, 1]);
        assert_eq!(anomalies.inconsistent, vec![0]);
    }
}
