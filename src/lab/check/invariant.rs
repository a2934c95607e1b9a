//! The invariants by name, and what a violation says.

use crate::sim::{StepNo, Time};
use std::fmt;

macro_rules! invariants {
    ($($name:ident $title:literal;)*) => {
        /// An invariant of the protocol.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs, reason = "see `title`")]
        pub enum Invariant { $($name,)* }

        impl Invariant {
            /// Every invariant that is checked.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name,)*];

            /// `I4`.
            pub fn id(self) -> &'static str {
                match self { $(Invariant::$name => stringify!($name),)* }
            }

            /// What must hold.
            pub fn title(self) -> &'static str {
                match self { $(Invariant::$name => $title,)* }
            }
        }
    };
}

invariants! {
    I1 "log start <= last stable offset <= high watermark <= log end";
    I2 "what was acknowledged to acks=all is in the leader's log";
    I4 "a leader and every in-sync replica agree below the leader's high watermark";
    I5 "two replicas agree below the lower of their high watermarks";
    I6 "one leader epoch and offset name one record and one prefix";
    I7 "one broker leads in one leader epoch";
    I8 "leader and partition epochs never go back";
    I9 "what one client is told of the log's end never goes back";
    I10 "what a consumer has read stays at its offset";
    I12 "in-sync replicas, eligible leaders and leader fit each other";
    I13 "no acknowledgement of acks=all below min.insync.replicas";
    I16 "each sequence of a producer is in the log once, in order";
    I17 "an idempotent producer's records stand in the order in which they were sent";
    I30 "one quorum leader in one quorum epoch";
    I31 "what the quorum committed is in every later leader's log";
    I32 "every image of the metadata at one offset is the same";
    I33 "quorum epochs, and a quorum leader's high watermark, never go back";
    I35 "a majority of voters holds what the quorum's leader calls committed";
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// After which step.
    pub step: StepNo,
    /// When.
    pub at: Time,
    /// What was seen.
    pub text: String,
}
