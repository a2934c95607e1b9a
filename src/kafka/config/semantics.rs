//! Version switches and planted bugs, all in one place. Each is read in one place of the logic.

use super::IoModel;

/// How a follower finds where its log departs from the leader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Truncation {
    /// By diverging epoch (KIP-595), as Kafka does today.
    #[default]
    Epoch,
    /// To the follower's own high watermark, as Kafka did before KIP-101 (KAFKA-1211).
    HighWatermark,
}

/// When a follower may join the ISR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IsrAdmission {
    /// At the high watermark and at the leader epoch's start offset (KAFKA-7128).
    #[default]
    HighWatermarkAndEpochStart,
    /// At the high watermark alone, as before Kafka 2.1.
    HighWatermark,
}

/// Which Kafka the simulation follows where versions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// Follower truncation.
    pub truncation: Truncation,
    /// ISR admission.
    pub isr_admission: IsrAdmission,
    /// Reject ISR members with a stale broker epoch (KIP-903).
    pub stale_broker_epoch_check: bool,
    /// Eligible leader replicas (KIP-966).
    pub eligible_leader_replicas: bool,
    /// The high watermark stands while the ISR is below min.insync.replicas (KIP-966).
    pub min_isr_gates_high_watermark: bool,
    /// How logs are read and written.
    pub io: IoModel,
    /// Planted bugs.
    pub sabotage: Sabotages,
}

impl Default for Semantics {
    /// Kafka 4.3.
    fn default() -> Self {
        Semantics {
            truncation: Truncation::default(),
            isr_admission: IsrAdmission::default(),
            stale_broker_epoch_check: true,
            eligible_leader_replicas: true,
            min_isr_gates_high_watermark: true,
            io: IoModel::default(),
            sabotage: Sabotages::default(),
        }
    }
}

/// A set of planted bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sabotages(u64);

impl Sabotages {
    /// Whether `sabotage` is planted.
    pub fn has(self, sabotage: Sabotage) -> bool {
        self.0 & (1 << sabotage as u32) != 0
    }

    /// The set with `sabotage` in it.
    pub fn with(self, sabotage: Sabotage) -> Self {
        Sabotages(self.0 | 1 << sabotage as u32)
    }
}

macro_rules! sabotages {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal, trips $invariant:literal;)*) => {
        /// A planted bug; each trips the invariant that it names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Sabotage {
            $($(#[doc = $doc])* $name,)*
        }

        impl Sabotage {
            /// Every planted bug.
            pub const ALL: &'static [Sabotage] = &[$(Sabotage::$name,)*];

            /// The word used in scenario files.
            pub fn word(self) -> &'static str {
                match self { $(Sabotage::$name => $word,)* }
            }

            /// The invariant that it trips.
            pub fn invariant(self) -> &'static str {
                match self { $(Sabotage::$name => $invariant,)* }
            }

            /// What it does.
            pub fn doc(self) -> &'static str {
                match self { $(Sabotage::$name => concat!($($doc,)*),)* }
            }
        }
    };
}

sabotages! {
    /// A truncation leaves the high watermark where it was (KAFKA-3978).
    HighWatermarkAboveLogEnd = "hw-above-log-end", trips "I1";
    /// A follower that restarts forgets the last record of its log.
    LoseLastRecordAtBoot = "lose-last-record-at-boot", trips "I2";
    /// The leader moves the high watermark to its own log end without waiting for the ISR.
    LeaderIgnoresIsr = "leader-ignores-isr", trips "I4";
    /// A follower ignores a diverging epoch and keeps its records.
    SkipTruncation = "skip-truncation", trips "I5";
    /// A follower stamps its own leader epoch on the batches that it copies.
    FollowerRestampsEpoch = "follower-restamps-epoch", trips "I6";
    /// The controller elects a new leader without a new leader epoch.
    ReuseLeaderEpoch = "reuse-leader-epoch", trips "I7";
    /// A broker takes partition metadata with an older partition epoch.
    AcceptOldMetadata = "accept-old-metadata", trips "I8";
    /// LATEST is answered though the high watermark is below the epoch's start (KAFKA-2334).
    LatestBeforeEpochStart = "latest-before-epoch-start", trips "I9";
    /// Consumers may read up to the log end.
    ExposeUncommitted = "expose-uncommitted", trips "I10";
    /// A fenced broker stays in the ISR.
    FencedStaysInIsr = "fenced-stays-in-isr", trips "I12";
    /// acks=all is answered when the leader has appended.
    AckAtLeaderAppend = "ack-at-leader-append", trips "I13";
    /// A broker does not look for duplicates of a producer's batches.
    SkipDuplicateCheck = "skip-duplicate-check", trips "I16";
    /// A broker accepts any sequence of a producer.
    SkipSequenceCheck = "skip-sequence-check", trips "I17";
    /// A controller forgets whom it voted for.
    ForgetVote = "forget-vote", trips "I30";
    /// A quorum follower keeps its log when it diverges from the leader's.
    KeepDivergingMetadata = "keep-diverging-metadata", trips "I31";
    /// A broker skips the ISR of partition changes when it replays metadata.
    SkipIsrReplay = "skip-isr-replay", trips "I32";
    /// The quorum leader lets its high watermark go back.
    QuorumHighWatermarkFalls = "quorum-hw-falls", trips "I33";
    /// The quorum leader commits with one vote fewer than a majority.
    CommitWithoutMajority = "commit-without-majority", trips "I35";
}
