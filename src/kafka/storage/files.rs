//! Names of the files of a log (`LogFileUtils`).

/// The suffix of files that are on their way out.
pub(super) const DELETED_SUFFIX: &str = ".deleted";
/// The leader epoch cache's file.
pub(super) const EPOCH_FILE: &str = "leader-epoch-checkpoint";
/// The file with the topic's id.
pub(super) const METADATA_FILE: &str = "partition.metadata";

/// What a file named by an offset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileKind {
    /// Batches.
    Log,
    /// The offset index.
    Index,
    /// The time index.
    TimeIndex,
    /// Aborted transactions.
    TxnIndex,
    /// Producer state.
    Snapshot,
}

impl FileKind {
    /// The kinds that make up a segment; a snapshot outlives its segment's files.
    pub(super) const OF_SEGMENT: [FileKind; 4] = [
        FileKind::Log,
        FileKind::Index,
        FileKind::TimeIndex,
        FileKind::TxnIndex,
    ];

    /// The ending of the name.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            FileKind::Log => ".log",
            FileKind::Index => ".index",
            FileKind::TimeIndex => ".timeindex",
            FileKind::TxnIndex => ".txnindex",
            FileKind::Snapshot => ".snapshot",
        }
    }
}

/// `web_log-0/00000000000000000027.log`.
pub(super) fn offset_path(folder: &str, offset: i64, kind: FileKind) -> String {
    format!("{folder}/{offset:020}{}", kind.suffix())
}

/// `web_log-0/leader-epoch-checkpoint`.
pub(super) fn path_in(folder: &str, file: &str) -> String {
    format!("{folder}/{file}")
}

/// The offset and kind of a file's name; none for any other file. Exactly twenty digits count,
/// as Kafka writes them.
pub(super) fn parse_name(name: &str) -> Option<(i64, FileKind)> {
    let (digits, suffix) = name.split_at_checked(20)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let offset = digits.parse().ok()?;
    let kinds = [FileKind::Snapshot].into_iter().chain(FileKind::OF_SEGMENT);
    let kind = kinds.into_iter().find(|kind| kind.suffix() == suffix)?;
    Some((offset, kind))
}
