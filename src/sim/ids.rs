//! Dense identifiers. All are plain numbers so that tables can be vectors.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty) $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number as an index into a table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}

ids! {
    /// A machine of the World: its seat number, in the order in which seats were added.
    NodeId(u16) "n";
    /// A connection. Never reused within a World; belongs to one incarnation of each end.
    ConnId(u32) "c";
    /// Correlates a response with its request on one connection.
    Corr(u32) "r";
    /// A call that a driver made on a node; its outcome carries the same number.
    CallId(u32) "call";
    /// A request to make written bytes durable; `Input::Synced` answers it.
    SyncId(u32) "s";
    /// A file of one disk.
    FileId(u32) "f";
    /// The number of a step in the history of a World, from 1; 0 is "before everything".
    StepNo(u64) "#";
}
