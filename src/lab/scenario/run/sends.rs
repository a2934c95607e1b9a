//! What `send` and `load` give to producers: one record after the other.

use super::Run;
use super::plan::Plan;
use super::records::{Ending, Sent};
use super::script::Due;
use crate::kafka::client::record_digest;
use crate::kafka::vocabulary::{Call, ClientOp, Kafka, SendRecord};
use crate::lab::scenario::action::{Action as Deed, Keys, Load, Payload, Send};
use crate::lab::scenario::limits::{MAX_PAYLOAD_BYTES, MAX_RECORDS};
use crate::lab::scenario::model::{ClientRef, StepIdx};
use crate::sim::{Action, Span, Time, TraceHash};
use bytes::Bytes;

impl Run {
    /// Sends the record number `n` of a step and schedules the next; records without a time
    /// between them go at once.
    pub(super) fn next_record(
        &mut self,
        plan: &Plan,
        now: Time,
        step: StepIdx,
        mut n: u32,
        act: &mut Vec<Action<Kafka>>,
    ) {
        let action = plan.scenario.steps[step.0]
            .action
            .as_ref()
            .map(|action| &action.it);
        let (count, every) = match action {
            Some(Deed::Send(send)) => (send.count, send.every),
            Some(Deed::Load(load)) => (load.count().min(u64::from(u32::MAX)) as u32, load.every),
            _ => return,
        };
        while n < count && !self.is_over() {
            match action {
                Some(Deed::Send(send)) => self.send(plan, now, send, n, act),
                Some(Deed::Load(load)) => self.load(plan, now, (step, load), n, act),
                _ => return,
            }
            n += 1;
            if n < count && every > Span::ZERO {
                let at = now + every;
                self.last_timed = self.last_timed.max(at);
                self.script.push(at, Due::Next(step, n));
                return;
            }
        }
    }

    fn send(&mut self, plan: &Plan, now: Time, send: &Send, n: u32, act: &mut Vec<Action<Kafka>>) {
        let number = u64::from(n);
        let bytes =
            |payload: &Option<Payload>| payload.as_ref().map(|payload| payload.bytes(number));
        let headers = send.headers.iter();
        let record = SendRecord {
            topic: send.topic.clone(),
            partition: send.partition,
            key: bytes(&send.key),
            value: bytes(&send.value),
            headers: headers
                .map(|(k, v)| (k.clone(), Some(v.bytes(number))))
                .collect(),
            timestamp: send.timestamp,
        };
        self.submit(plan, now, send.from, record, act);
    }

    fn load(
        &mut self,
        plan: &Plan,
        now: Time,
        (step, load): (StepIdx, &Load),
        n: u32,
        act: &mut Vec<Action<Kafka>>,
    ) {
        let mut hash = TraceHash(plan.scenario.seed);
        hash.word(step.0 as u64);
        hash.word(u64::from(n));
        let key = match &load.keys {
            Keys::None => None,
            Keys::Count(0) => None,
            Keys::Count(count) => Some(format!("key-{}", hash.0 % u64::from(*count))),
            Keys::List(keys) if keys.is_empty() => None,
            Keys::List(keys) => Some(keys[n as usize % keys.len()].clone()),
        };
        let mut value = format!("{}-{n}-", step.0).into_bytes();
        value.resize(load.size as usize, b'.');
        let record = SendRecord {
            topic: load.topic.clone(),
            key: key.map(Bytes::from),
            value: Some(Bytes::from(value)),
            ..SendRecord::default()
        };
        self.submit(plan, now, load.from, record, act);
    }

    fn submit(
        &mut self,
        plan: &Plan,
        now: Time,
        producer: usize,
        record: SendRecord,
        act: &mut Vec<Action<Kafka>>,
    ) {
        let Some(seat) = plan.client(ClientRef::Producer(producer)) else {
            return;
        };
        self.payload += (record.key.as_ref().map_or(0, Bytes::len)
            + record.value.as_ref().map_or(0, Bytes::len)) as u64;
        if let Some(why) = too_much(self.records.sent_count() as u64, self.payload) {
            return self.fail(why);
        }
        let id = self.call();
        self.records.called(
            id,
            Sent {
                producer,
                topic: record.topic.clone(),
                partition: record.partition,
                value: record.value.clone(),
                digest: record_digest(record.key.as_deref(), record.value.as_deref()),
                at: now,
                ended: None,
                ending: Ending::Pending,
            },
        );
        let op = ClientOp::Send(record);
        act.push(Action::Call {
            node: seat.node,
            id,
            call: Call::Client(seat.client, op),
        });
    }
}

/// Why no more is sent: what a file does not say, such as how often a state recurs, is bounded
/// while it runs.
fn too_much(sent: u64, bytes: u64) -> Option<String> {
    let over = sent >= MAX_RECORDS || bytes > MAX_PAYLOAD_BYTES;
    over.then(|| format!("{sent} records of {bytes} bytes are over the limit of a run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_does_not_send_without_end() {
        assert_eq!(too_much(MAX_RECORDS - 1, MAX_PAYLOAD_BYTES), None);
        assert!(too_much(MAX_RECORDS, 0).is_some());
        assert!(too_much(0, MAX_PAYLOAD_BYTES + 1).is_some());
    }
}
