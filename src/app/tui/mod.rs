//! The visualiser, without a terminal: a model, how events change it, how it is drawn. Pure: no
//! clock, no file, no terminal; time comes in as an event, pictures go out as a buffer of cells or
//! as lines of plain text.
//!
//! | file | concern |
//! |---|---|
//! | `session` | a run that is stepped both ways; `scout` runs ahead of it and finds the beats |
//! | `seen` | what is said of one step |
//! | `picture` | what is there at one moment, and what a step changed |
//! | `quiz` | questions: when they are asked, what was answered |
//! | `model`, `update` | the state of the screen, and what events do to it |
//! | `keys`, `command` | which key does what, and when; the command line |
//! | `find`, `inspect` | searching; what one thing is in full |
//! | `card` | the end: what was answered, what was expected, what next |
//! | `view` | the screens, a file a panel |
//! | `plain` | the same without a screen |
//! | `cells` | rows of text, and how wide characters are |

mod card;
mod cells;
mod command;
mod find;
mod inspect;
mod keys;
mod model;
mod picture;
mod plain;
mod quiz;
mod scout;
mod seen;
mod session;
mod update;
mod view;

pub use keys::{Command, GROUPS, Group, Key, ROWS, Row};
pub use model::{Look, Model, Overlay, Screen, Settings, Theme};
pub use picture::{
    Change, ClientLook, ConsumerLook, Flight, InvariantLook, Life, NodeLook, PartitionLook,
    Picture, Place, ProducerLook, QuorumLook, ReplicaLook, Standing,
};
pub use plain::{Heard, Plain};
pub use quiz::{Answer, Asked, Quiz};
pub use scout::{Beat, Mark, Scout};
pub use session::{Address, Session, Source};
pub use update::{Effect, Event};
pub use view::{draw, text};
