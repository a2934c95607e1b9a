//! Files of the data directory itself, which is the root of a machine's disk.

use super::files::parse_name;
use super::uuid_text::{uuid_from_text, uuid_to_text};
use crate::kafka::protocol::TopicPartition;
use crate::sim::{Disk, DiskError};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who owns the directory.
pub const META_PROPERTIES_FILE: &str = "meta.properties";
/// Is there after a clean stop, and only then (`CleanShutdownFileHandler`).
pub const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";
/// Recovery points of all logs.
pub const RECOVERY_POINT_CHECKPOINT: &str = "recovery-point-offset-checkpoint";
/// High watermarks of all logs.
pub const REPLICATION_OFFSET_CHECKPOINT: &str = "replication-offset-checkpoint";
/// Log starts that are above the first segment's base offset.
pub const LOG_START_OFFSET_CHECKPOINT: &str = "log-start-offset-checkpoint";

/// What `meta.properties` says (version 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The broker's or controller's id.
    pub node_id: i32,
    /// The directory's own id (KIP-858).
    pub directory_id: Uuid,
    /// The cluster's id.
    pub cluster_id: String,
}

/// Writes `meta.properties` in one piece, dated `now_ms`, and asks for it to be durable.
pub fn write_meta_properties(
    disk: &mut Disk,
    meta: &MetaProperties,
    now_ms: i64,
) -> Result<(), DiskError> {
    let text = format!(
        "#\n#{}\nnode.id={}\ndirectory.id={}\nversion=1\ncluster.id={}\n",
        java_date(now_ms),
        meta.node_id,
        uuid_to_text(meta.directory_id),
        meta.cluster_id
    );
    let file = disk.replace(META_PROPERTIES_FILE, text.into_bytes().into())?;
    disk.sync(file);
    Ok(())
}

/// Reads `meta.properties`; an error if it is missing, of another version, or lacks a field.
pub fn read_meta_properties(disk: &Disk) -> Result<MetaProperties, String> {
    let text = read_text(disk, META_PROPERTIES_FILE)
        .ok_or_else(|| format!("No readable {META_PROPERTIES_FILE}"))?;
    let lines = text.lines().filter(|line| !line.starts_with(['#', '!']));
    let properties: BTreeMap<&str, &str> = lines.filter_map(|line| line.split_once('=')).collect();
    let property = |name: &str| {
        let value = properties.get(name).map(|value| value.trim());
        value.ok_or_else(|| format!("No {name} in {META_PROPERTIES_FILE}"))
    };
    let bad = |name: &str| format!("Bad {name} in {META_PROPERTIES_FILE}");
    if property("version")? != "1" {
        return Err(bad("version"));
    }
    Ok(MetaProperties {
        node_id: property("node.id")?.parse().map_err(|_| bad("node.id"))?,
        directory_id: uuid_from_text(property("directory.id")?)
            .ok_or_else(|| bad("directory.id"))?,
        cluster_id: property("cluster.id")?.to_owned(),
    })
}

/// Leaves the mark of a clean stop, with the epoch under which the broker was registered
/// (KIP-966).
pub fn write_clean_shutdown(disk: &mut Disk, broker_epoch: i64) -> Result<(), DiskError> {
    let text = format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}");
    let file = disk.replace(CLEAN_SHUTDOWN_FILE, text.into_bytes().into())?;
    disk.sync(file);
    Ok(())
}

/// Whether the mark of a clean stop is there, whatever it says.
pub fn has_clean_shutdown(disk: &Disk) -> bool {
    disk.open(CLEAN_SHUTDOWN_FILE).is_some()
}

/// The broker epoch in the mark of a clean stop.
pub fn clean_shutdown_epoch(disk: &Disk) -> Option<i64> {
    let text = read_text(disk, CLEAN_SHUTDOWN_FILE)?;
    let (_, after) = text.split_once("\"brokerEpoch\"")?;
    let number = after.trim_start().strip_prefix(':')?.trim_start();
    let end = number.find(|c: char| c != '-' && !c.is_ascii_digit())?;
    number[..end].parse().ok()
}

/// Removes the mark: from now on a stop is unclean.
pub fn remove_clean_shutdown(disk: &mut Disk) {
    disk.delete(CLEAN_SHUTDOWN_FILE);
}

/// The folders of logs on the disk, by name. A folder whose name is no partition's (marked
/// `-delete` or `-stray`, or foreign) is left out.
pub fn partition_folders(disk: &Disk) -> BTreeMap<String, TopicPartition> {
    let paths = disk.list("");
    let folders = paths.iter().filter_map(|path| {
        let (folder, file) = path.split_once('/')?;
        let known = parse_name(file).is_some() || file == super::files::METADATA_FILE;
        let partition = parse_partition_folder(folder).filter(|_| known)?;
        Some((folder.to_owned(), partition))
    });
    folders.collect()
}

/// The partition of a folder's name: `web_log-0`.
pub fn parse_partition_folder(folder: &str) -> Option<TopicPartition> {
    let (topic, partition) = folder.rsplit_once('-')?;
    let digits = !partition.is_empty() && partition.bytes().all(|b| b.is_ascii_digit());
    if topic.is_empty() || !digits {
        return None;
    }
    Some(TopicPartition::new(topic, partition.parse().ok()?))
}

fn read_text(disk: &Disk, path: &str) -> Option<String> {
    let file = disk.open(path)?;
    String::from_utf8(disk.read(file, 0, disk.len(file)).to_vec()).ok()
}

/// `Sun Nov 22 15:16:51 UTC 2026`, as `java.util.Date` prints a time.
fn java_date(ms: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    format!(
        "{} {} {day:02} {:02}:{:02}:{:02} UTC {year}",
        DAYS[days.rem_euclid(7) as usize],
        MONTHS[month],
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month (0 to 11) and day of a day counted from 1970-01-01, in the Gregorian calendar.
/// Years run from March here, so that the leap day is the last one.
fn civil_from_days(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    (year, month as usize, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = include_str!("../../../tests/data/segments/data-dir/meta.properties");

    #[test]
    fn meta_properties_are_the_recorded_bytes() {
        let meta = MetaProperties {
            node_id: 1,
            directory_id: uuid_from_text("kfLVKsYsPGhLKULZcXIYzg").unwrap(),
            cluster_id: "a2Fma2FsYWItcmVhbC0wMQ".into(),
        };
        let mut disk = Disk::new();
        // 2026-11-22 15:16:51 UTC
        write_meta_properties(&mut disk, &meta, 1_795_360_611_000).unwrap();
        assert_eq!(
            read_text(&disk, META_PROPERTIES_FILE).as_deref(),
            Some(RECORDED)
        );
        assert_eq!(read_meta_properties(&disk), Ok(meta));
    }

    #[test]
    fn bad_meta_properties_are_an_error() {
        let mut disk = Disk::new();
        assert!(read_meta_properties(&disk).is_err());
        for (from, to) in [
            ("version=1", "version=0"),
            ("node.id=1", "node.id=one"),
            ("kfLVKsYsPGhLKULZcXIYzg", "short"),
            ("cluster.id", "cluster"),
        ] {
            let text = RECORDED.replace(from, to);
            disk.replace(META_PROPERTIES_FILE, text.into_bytes().into())
                .unwrap();
            assert!(read_meta_properties(&disk).is_err(), "{to}");
        }
    }

    #[test]
    fn the_mark_of_a_clean_stop_is_the_recorded_bytes() {
        let mut disk = Disk::new();
        assert!(!has_clean_shutdown(&disk));
        write_clean_shutdown(&mut disk, 11).unwrap();
        let recorded = include_str!("../../../tests/data/segments/data-dir/kafka_cleanshutdown");
        assert_eq!(
            read_text(&disk, CLEAN_SHUTDOWN_FILE).as_deref(),
            Some(recorded)
        );
        assert_eq!(clean_shutdown_epoch(&disk), Some(11));
        remove_clean_shutdown(&mut disk);
        assert!(!has_clean_shutdown(&disk));
        for text in [
            "",
            "{}",
            "{\"brokerEpoch\":",
            "{\"brokerEpoch\":x}",
            "{\"brokerEpoch\":12",
        ] {
            disk.replace(CLEAN_SHUTDOWN_FILE, text.to_owned().into_bytes().into())
                .unwrap();
            assert!(has_clean_shutdown(&disk));
            assert_eq!(clean_shutdown_epoch(&disk), None, "{text}");
        }
    }

    #[test]
    fn only_folders_of_partitions_count() {
        let mut disk = Disk::new();
        for path in [
            "a.b-c-12/partition.metadata",
            "web-0/00000000000000000000.log",
            "web-1.0123456789abcdef-delete/00000000000000000000.log",
            "web/00000000000000000000.log",
            "web-2/readme",
            "meta.properties",
        ] {
            disk.create(path).unwrap();
        }
        let folders: Vec<_> = partition_folders(&disk).into_values().collect();
        let expected = [
            TopicPartition::new("a.b-c", 12),
            TopicPartition::new("web", 0),
        ];
        assert_eq!(folders, expected);
    }

    #[test]
    fn dates_are_javas() {
        assert_eq!(java_date(0), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(java_date(951_782_399_000), "Mon Feb 28 23:59:59 UTC 2000");
        assert_eq!(java_date(951_782_400_000), "Tue Feb 29 00:00:00 UTC 2000");
        assert_eq!(java_date(4_107_542_400_000), "Mon Mar 01 00:00:00 UTC 2100");
    }
}
