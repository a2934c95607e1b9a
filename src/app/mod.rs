//! Faces: what a person or another program touches.

pub mod cli;
#[cfg(feature = "terminal")]
pub mod terminal;
pub mod tui;
