//! The application's loop: it polls, hears of errors, and works on what came.

use super::fetcher::Fetched;
use super::{Application, Consumer, POLL_TIMEOUT, fail, record_digest};
use crate::kafka::vocabulary::{Kafka, Note, Outcome, Work};
use crate::sim::{CallId, Ctx, Span, Time};

impl Consumer {
    pub(super) fn start_poll(&mut self, id: CallId, ctx: &mut Ctx<'_, Kafka>) {
        match &mut self.application {
            Application::Idle => {
                self.application = Application::Polling {
                    call: Some(id),
                    deadline: ctx.mono() + POLL_TIMEOUT,
                };
            }
            Application::Processing { next, .. } if next.is_none() && !self.poll_loop => {
                *next = Some(id);
            }
            _ => fail(id, "The application is polling already.", ctx),
        }
    }

    /// The application's part; true if a poll returned.
    pub(super) fn run_application(&mut self, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let mut returned = false;
        loop {
            match self.application.clone() {
                Application::Processing {
                    records,
                    until,
                    next,
                } if until <= ctx.mono() => {
                    self.processed += records;
                    self.application = self.after_processing(next, ctx);
                }
                Application::Polling { call, deadline } => {
                    if !self.try_return_poll(call, deadline, ctx) {
                        return returned;
                    }
                    returned = true;
                }
                _ => return returned,
            }
        }
    }

    fn after_processing(&self, next: Option<CallId>, ctx: &Ctx<'_, Kafka>) -> Application {
        let deadline = ctx.mono() + POLL_TIMEOUT;
        match (self.poll_loop, next) {
            (true, _) => Application::Polling {
                call: None,
                deadline: Time::NEVER,
            },
            (false, None) => Application::Idle,
            (false, call) => Application::Polling { call, deadline },
        }
    }

    /// Ends the poll if there is something to return; false if it goes on.
    fn try_return_poll(
        &mut self,
        call: Option<CallId>,
        deadline: Time,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if let Some((error, message)) = self.error.take()
            && let Some(call) = call
        {
            ctx.complete(call, Outcome::Failed { error, message });
            self.application = Application::Idle;
            return true;
        }
        let records = self.collect(ctx);
        if records.is_empty() {
            let late = deadline <= ctx.mono();
            if let (true, Some(call)) = (late, call) {
                ctx.complete(call, Outcome::Done);
                self.application = Application::Idle;
            }
            return late;
        }
        let count = records.len() as u64;
        self.note_received(records, ctx);
        if let Some(call) = call {
            ctx.complete(call, Outcome::Done);
        }
        self.application = Application::Processing {
            records: count,
            until: ctx.mono() + Span(self.process.0.saturating_mul(count)),
            next: None,
        };
        true
    }

    fn note_received(&mut self, records: Vec<Fetched>, ctx: &mut Ctx<'_, Kafka>) {
        ctx.spend(Work::ConsumeRecords, records.len() as u64);
        for fetched in records {
            let record = &fetched.record;
            ctx.note(Note::RecordReceived {
                client: self.no,
                partition: self.link.metadata.tp(&fetched.tp),
                offset: record.offset,
                digest: record_digest(record.key.as_deref(), record.value.as_deref()),
            });
            if let Some(state) = self.assignment.state_mut(&fetched.tp) {
                state.received += 1;
            }
        }
    }
}
