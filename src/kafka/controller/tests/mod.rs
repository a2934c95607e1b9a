//! Tests of the controller on a rig: an image, the controller's soft state and a clock.

mod elections;
mod golden;
mod lifecycle;
mod partitions;
mod placement;
mod properties;
mod rig;
mod timed_elections;
