//! I1: the four offsets of each replica are in order.

use super::{Glance, Invariant};
use crate::kafka::vocabulary::{Note, Tp};

/// Nothing is remembered: the order is a fact of one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets;

impl Offsets {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>) {
        let touched = glance
            .notes()
            .filter_map(|(node, note)| Some((node, touched(note)?)));
        for (node, tp) in touched {
            let Some(replica) = glance.view.replica(node, tp) else {
                continue;
            };
            let o = replica.offsets();
            let ordered = o.log_start <= o.last_stable
                && o.last_stable <= o.high_watermark
                && o.high_watermark <= o.log_end;
            if !ordered {
                let who = glance.view.names.machine(node).to_owned();
                let what = glance.view.tp_name(tp);
                glance.violated(
                    Invariant::I1,
                    format!(
                        "{who} has {what} with log start {}, last stable offset {}, high \
                         watermark {}, log end {}",
                        o.log_start, o.last_stable, o.high_watermark, o.log_end
                    ),
                );
            }
        }
    }
}

/// The partition whose offsets a note says have moved.
fn touched(note: Note) -> Option<Tp> {
    match note {
        Note::Appended { partition, .. }
        | Note::Replicated { partition, .. }
        | Note::HighWatermarkAdvanced { partition, .. }
        | Note::HighWatermarkHeard { partition, .. }
        | Note::LogTruncated { partition, .. }
        | Note::LogRecovered { partition, .. }
        | Note::LogStartAdvanced { partition, .. }
        | Note::BecameLeader { partition, .. }
        | Note::BecameFollower { partition, .. } => Some(partition),
        _ => None,
    }
}
