//! What must hold, and the end.

use super::value::{Table, Value};

/// An expectation: `[[expect]]`.
#[derive(Clone, Debug)]
pub struct Claim(pub(super) Table);

macro_rules! claims {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(fact: &str) -> Claim {
            Claim(Table::default().with(stringify!($name), fact))
        }
    )* };
}

claims! {
    /// A rule, as `acked-not-lost`, or an expression holds after every step of the engine.
    always;
    /// A rule or an expression holds after no step.
    never;
    /// A rule or an expression holds after at least one step.
    sometimes;
    /// A rule or an expression holds once the run has settled.
    finally;
}

/// An expression is true at a scenario time.
pub fn holds_at(time: impl Into<Value>, that: &str) -> Claim {
    Claim(Table::default().with("at", time).with("that", that))
}

/// An expression is true at the latest so long after a step has acted.
pub fn within(time: impl Into<Value>, of: &str, that: &str) -> Claim {
    let table = Table::default().with("of", of).with("time", time);
    Claim(Table::default().with("within", table.with("that", that)))
}

/// So many notes match, as `== 1`.
pub fn count(note: Table, is: &str) -> Claim {
    Claim(Table::default().with("count", note.with("is", is)))
}

/// The first note that matches each follows the one before it.
pub fn in_order<const N: usize>(notes: [Table; N]) -> Claim {
    Claim(Table::default().with("order", notes))
}

impl Claim {
    /// Its name.
    pub fn id(self, id: &str) -> Self {
        Claim(self.0.with("id", id))
    }

    /// The rule `acked-not-lost` looks at acks=1 as well.
    pub fn with_acks_1(self) -> Self {
        Claim(self.0.with("acks", "1"))
    }

    /// The claim is to fail.
    pub fn fails(self) -> Self {
        Claim(self.0.with("outcome", "fails"))
    }
}

/// How a run ends: `[end]`.
#[derive(Clone, Debug)]
pub struct End(pub(super) Table);

/// The end at a scenario time.
pub fn ends_at(time: impl Into<Value>) -> End {
    End(Table::default().with("at", time))
}

/// The end when an expression is true.
pub fn ends_when(expression: &str) -> End {
    End(Table::default().with("when", expression))
}

impl End {
    /// How long the run may take to settle.
    pub fn settle(self, time: impl Into<Value>) -> Self {
        End(self.0.with("settle", time))
    }

    /// What is down is started before settling.
    pub fn restart(self) -> Self {
        End(self.0.with("restart", true))
    }
}
