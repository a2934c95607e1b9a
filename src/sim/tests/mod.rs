//! The World on toy nodes.

mod connections;
mod toy;
