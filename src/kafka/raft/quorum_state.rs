//! The file `quorum-state`: epoch, leader and vote that must survive a restart
//! (`FileQuorumStateStore`).
//!
//! Written as version 0 of `QuorumStateData` (kraft.version 0), which knows the id but not the
//! directory of the voter that was voted for. Every write replaces the file and is synced; until
//! the sync is over the node sends no request and no answer, because Kafka's thread waits there.
//! A state equal to the one last written is not written again.

use super::FOLDER;
use crate::sim::{Disk, DiskError, SyncId};
use bytes::Bytes;
use std::fmt::Write;
use uuid::Uuid;

/// A voter as it is voted for: its id, and its directory where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VoterKey {
    pub(super) id: i32,
    pub(super) directory: Option<Uuid>,
}

impl VoterKey {
    /// A key as it travels: a zero directory is an unknown one.
    pub(super) fn of(id: i32, directory: Uuid) -> Self {
        let directory = Some(directory).filter(|directory| !directory.is_nil());
        VoterKey { id, directory }
    }

    /// Whether a vote for this key is a vote for `other` (`ReplicaKey.matches`).
    pub(super) fn matches(self, other: VoterKey) -> bool {
        self.id == other.id && (self.directory.is_none() || self.directory == other.directory)
    }
}

/// What the file says (`ElectionState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Election {
    pub(super) epoch: i32,
    pub(super) leader: Option<i32>,
    pub(super) voted: Option<VoterKey>,
}

/// The file is there, but it is no `quorum-state` of a supported version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads and writes the file; knows which writes are not durable yet.
#[derive(Clone, Debug, Default)]
pub(super) struct QuorumStateStore {
    written: Option<Election>,
    pending: Vec<SyncId>,
}

impl QuorumStateStore {
    /// Whether a written state is not durable yet.
    pub(super) fn is_syncing(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The syncs under way.
    #[cfg(test)]
    pub(super) fn pending(&self) -> &[SyncId] {
        &self.pending
    }

    /// What the disk holds; none if there is no file.
    pub(super) fn read(&mut self, disk: &Disk) -> Result<Option<Election>, Malformed> {
        let Some(file) = disk.open(&path()) else {
            return Ok(None);
        };
        let bytes = disk.read(file, 0, disk.len(file));
        let election = std::str::from_utf8(&bytes)
            .ok()
            .and_then(parse)
            .ok_or(Malformed)?;
        self.written = Some(election);
        Ok(Some(election))
    }

    /// Writes `election` and asks for its sync, unless it is what was written last.
    pub(super) fn write(
        &mut self,
        disk: &mut Disk,
        election: Election,
        voters: &[i32],
    ) -> Result<(), DiskError> {
        if self.written == Some(election) {
            return Ok(());
        }
        let file = disk.replace(&path(), Bytes::from(format(&election, voters)))?;
        self.written = Some(election);
        self.pending.push(disk.sync(file));
        Ok(())
    }

    /// A sync is over; false if it was not one of this file.
    pub(super) fn handle_synced(&mut self, sync: SyncId) -> bool {
        let before = self.pending.len();
        self.pending.retain(|pending| *pending != sync);
        self.pending.len() != before
    }
}

fn path() -> String {
    format!("{FOLDER}/quorum-state")
}

/// One line of JSON with the fields in the order of Kafka's generated converter.
fn format(election: &Election, voters: &[i32]) -> String {
    let mut line = format!(
        r#"{{"clusterId":"","leaderId":{},"leaderEpoch":{},"votedId":{},"appliedOffset":0,"#,
        election.leader.unwrap_or(-1),
        election.epoch,
        election.voted.map_or(-1, |voted| voted.id),
    );
    line.push_str(r#""currentVoters":["#);
    for (index, voter) in voters.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String can not fail.
        let _ = write!(line, r#"{comma}{{"voterId":{voter}}}"#);
    }
    line.push_str(r#"],"data_version":0}"#);
    line
}

fn parse(line: &str) -> Option<Election> {
    let line = line.trim_end();
    if !line.starts_with('{') || !line.ends_with('}') || number(line, "data_version")? != 0 {
        return None;
    }
    let id = |key| Some(number(line, key)?).filter(|id| *id >= 0);
    Some(Election {
        epoch: number(line, "leaderEpoch").filter(|epoch| *epoch >= 0)?,
        leader: id("leaderId"),
        voted: id("votedId").map(|id| VoterKey {
            id,
            directory: None,
        }),
    })
}

/// The number of the field `key`. No string in the file can hold a quoted field name.
fn number(line: &str, key: &str) -> Option<i32> {
    let field = format!("\"{key}\":");
    let after = &line[line.find(&field)? + field.len()..];
    let end = after.find([',', '}'])?;
    after[..end].trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn election() -> Election {
        Election {
            epoch: 7,
            leader: None,
            voted: Some(VoterKey::of(3, Uuid::nil())),
        }
    }

    #[test]
    fn the_file_looks_as_kafka_writes_it() {
        // The shape of QuorumStateDataJsonConverter.write for version 0, then data_version.
        let expected = concat!(
            r#"{"clusterId":"","leaderId":-1,"leaderEpoch":7,"votedId":3,"appliedOffset":0,"#,
            r#""currentVoters":[{"voterId":1},{"voterId":3}],"data_version":0}"#
        );
        assert_eq!(format(&election(), &[1, 3]), expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut disk = Disk::new();
        let mut store = QuorumStateStore::default();
        assert_eq!(store.read(&disk), Ok(None));
        assert_eq!(store.write(&mut disk, election(), &[1, 3]), Ok(()));
        assert!(store.is_syncing());
        let sync = store.pending()[0];
        assert!(store.handle_synced(sync) && !store.handle_synced(sync));
        assert!(!store.is_syncing());
        assert_eq!(store.write(&mut disk, election(), &[1, 3]), Ok(()));
        assert!(!store.is_syncing(), "an equal state is not written again");
        assert_eq!(
            QuorumStateStore::default().read(&disk),
            Ok(Some(election()))
        );
    }

    #[test]
    fn damage_is_noticed() {
        let whole = format(&election(), &[1]);
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(parse(&whole.replace(":7,", ":x,")), None);
        assert_eq!(
            parse(&whole.replace("data_version\":0", "data_version\":9")),
            None
        );
        assert!(parse(&whole).is_some());
    }
}
