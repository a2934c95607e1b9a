//! The runs of one file, and how they are to be told.

use crate::lab::scenario::run::Finished;
use crate::lab::trace::Metrics;
use clap::ValueEnum;

/// Which records to list.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Records {
    /// Each one, neighbours with one fate folded if there are many.
    Auto,
    /// Each one.
    All,
    /// Only lost ones.
    Lost,
    /// None.
    None,
}

/// One file's runs.
pub(super) struct FileRuns {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) runs: Vec<Finished>,
    /// Of each run, if they were asked for.
    pub(super) metrics: Vec<Option<Metrics>>,
}
