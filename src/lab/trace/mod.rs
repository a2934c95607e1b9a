//! What a run leaves behind for others: its steps, told or drawn, and its metrics.
//!
//! | file | concern |
//! |---|---|
//! | `recorder` | an observer that keeps the steps that matter |
//! | `step`, `window` | a kept step; which ones an export shows |
//! | `entries` | steps, narration and pauses in their order |
//! | `jsonl` | versioned JSON lines (`docs/trace.schema.json`) |
//! | `transcript`, `listing` | the story as text; every step as a line |
//! | `rows` | the run as rows of a sequence diagram |
//! | `mermaid`, `svg` | these rows drawn |
//! | `perfetto` | a track a node, spans and arrows, for a trace viewer |
//! | `metrics`, `gauges`, `meters` | counts under Kafka's own JMX names |
//! | `describe` | topics and quorum in the shape of Kafka's tools |
//!
//! An observer has no influence on a history: with and without one the trace hash is the same.
//! Text that comes from files and records is escaped for what it goes into.

mod describe;
mod entries;
mod gauges;
mod jsonl;
mod listing;
mod mermaid;
mod meters;
mod metrics;
mod perfetto;
mod recorder;
mod rows;
mod step;
mod svg;
mod transcript;
mod window;

pub use describe::{quorum_replication, quorum_status, topics};
pub use jsonl::{FORMAT, jsonl};
pub use listing::listing;
pub use mermaid::mermaid;
pub use metrics::{Metrics, MetricsRecorder};
pub use perfetto::perfetto;
pub use recorder::{Origin, Recorder, Telling, Trace};
pub use step::Step;
pub use svg::svg;
pub use transcript::transcript;
pub use window::Window;
