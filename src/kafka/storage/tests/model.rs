//! Random histories of a log against a naive model: a list of batches.

use super::*;
use crate::kafka::storage::{Isolation, read_offset_checkpoint, write_offset_checkpoint};
use crate::sim::Tail;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Append { count: i64, producer: i64 },
    Follow { gap: i64 },
    Truncate { keep: usize },
    StartAnew { above: i64 },
    Roll,
    Flush,
    SyncsComplete,
    Checkpoint,
    RaiseLogStart { batch: usize },
    Retain { segments: i64 },
    Kill,
    CleanStop,
    PowerOff { tail: u8, draws: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (1..5_i64, -1..3_i64).prop_map(|(count, producer)| Step::Append { count, producer }),
        2 => (0..1_i64).prop_map(|gap| Step::Follow { gap }),
        2 => (0..40_usize).prop_map(|keep| Step::Truncate { keep }),
        1 => (0..9_i64).prop_map(|above| Step::StartAnew { above }),
        1 => Just(Step::Roll),
        1 => Just(Step::Flush),
        1 => Just(Step::SyncsComplete),
        2 => Just(Step::Checkpoint),
        1 => (0..40_usize).prop_map(|batch| Step::RaiseLogStart { batch }),
        1 => (1..5_i64).prop_map(|segments| Step::Retain { segments }),
        1 => Just(Step::Kill),
        1 => Just(Step::CleanStop),
        2 => (1..4_u8, any::<u64>()).prop_map(|(tail, draws)| Step::PowerOff { tail, draws }),
    ];
    proptest::collection::vec(step, 1..70)
}

/// What was ever appended and not cut, from the first segment of the log on.
type Batches = Vec<RecordBatch>;

struct Model {
    bench: Bench,
    /// Never loses its head to retention: a power-off may bring old segments back.
    batches: Batches,
    /// The log starts here if there is no batch.
    start: i64,
    epoch: i32,
    sequences: BTreeMap<i64, i32>,
    /// The log after each step.
    versions: Vec<Batches>,
    log_start: i64,
    /// A crash may lower the log start; what producers wrote below is not learnt again.
    highest_start: i64,
    /// The log was cut and has not grown since.
    cut: bool,
}

const POINTS: &str = "recovery-point-offset-checkpoint";
const STARTS: &str = "log-start-offset-checkpoint";

impl Model {
    fn new() -> Model {
        Model {
            bench: Bench::new(small_config()),
            batches: Vec::new(),
            start: 0,
            epoch: 0,
            sequences: BTreeMap::new(),
            versions: vec![Vec::new()],
            log_start: 0,
            highest_start: 0,
            cut: false,
        }
    }

    fn end(&self) -> i64 {
        self.batches
            .last()
            .map_or(self.start, RecordBatch::next_offset)
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        // The sync of a cut is over before records of the next epoch arrive.
        if self.cut && matches!(step, Step::Append { .. } | Step::Follow { .. }) {
            self.bench.disk.complete_all_syncs();
        }
        self.cut = match step {
            Step::Truncate { .. } | Step::StartAnew { .. } => true,
            Step::Append { .. } | Step::Follow { .. } => false,
            _ => self.cut,
        };
        match *step {
            Step::Append { count, producer } => self.append(count, producer),
            Step::Follow { gap } => self.follow(gap),
            Step::Truncate { keep } => self.truncate(keep),
            Step::StartAnew { above } => self.start_anew(above),
            Step::Roll => drop(self.bench.log.roll(&mut self.bench.disk, 0)),
            Step::Flush => self.bench.log.flush(&mut self.bench.disk),
            Step::SyncsComplete => self.bench.disk.complete_all_syncs(),
            Step::Checkpoint => self.checkpoint(),
            Step::RaiseLogStart { batch } => self.raise_log_start(batch),
            Step::Retain { segments } => self.retain(segments),
            Step::Kill => self.kill()?,
            Step::CleanStop => self.clean_stop()?,
            Step::PowerOff { tail, draws } => self.power_off(tail, draws)?,
        }
        self.bench.commit();
        self.highest_start = self.highest_start.max(self.log_start);
        self.versions.push(self.batches.clone());
        self.check()
    }

    fn append(&mut self, count: i64, producer: i64) {
        let batch = if producer < 0 {
            produced(count, self.end())
        } else {
            let sequence = self.sequences.entry(producer).or_insert(0);
            *sequence += count as i32;
            idempotent(producer, 0, *sequence - count as i32, count)
        };
        // The model does not care for order of sequences: cuts and restarts change them.
        let check = ProducerAppend {
            skip_duplicate_check: true,
            skip_sequence_check: true,
        };
        let Bench { disk, log } = &mut self.bench;
        let info = log
            .append_as_leader(disk, &batch, self.epoch, check, 0)
            .unwrap();
        assert_eq!(info.first_offset, self.end());
        self.batches.push(batch.stamped(self.end(), self.epoch));
    }

    fn follow(&mut self, gap: i64) {
        let batch = produced(2, self.end()).stamped(self.end() + gap, self.epoch);
        let chunk = crate::sim::Chunk {
            bytes: batch.bytes().clone(),
            sound: false,
        };
        let Bench { disk, log } = &mut self.bench;
        log.append_as_follower(disk, &chunk, 0).unwrap();
        self.batches.push(batch);
    }

    /// A new leader takes over with a new epoch, and this log is cut.
    fn truncate(&mut self, keep: usize) {
        let first = self.bench.log.segments()[0].0;
        let bottom = self
            .batches
            .first()
            .map_or(self.start, RecordBatch::base_offset);
        let kept = self.batches.iter().take(keep).last();
        let to = kept.map_or(bottom, RecordBatch::next_offset).max(first);
        if to < self.log_start {
            return;
        }
        let Bench { disk, log } = &mut self.bench;
        log.truncate_to(disk, to, true, 0).unwrap();
        self.batches.retain(|batch| batch.last_offset() < to);
        if self.batches.is_empty() {
            self.start = to;
        }
        self.epoch += 1;
    }

    fn start_anew(&mut self, above: i64) {
        let at = self.end() + above;
        let Bench { disk, log } = &mut self.bench;
        log.truncate_fully_and_start_at(disk, at, 0).unwrap();
        (self.batches, self.start, self.log_start) = (Vec::new(), at, at);
        self.epoch += 1;
    }

    fn checkpoint(&mut self) {
        let Bench { disk, log } = &mut self.bench;
        let entry = |offset| BTreeMap::from([(("web_log".to_owned(), 0), offset)]);
        write_offset_checkpoint(disk, POINTS, &entry(log.recovery_point())).unwrap();
        write_offset_checkpoint(disk, STARTS, &entry(log.offsets().log_start)).unwrap();
    }

    fn raise_log_start(&mut self, batch: usize) {
        let Some(to) = self.batches.get(batch).map(RecordBatch::base_offset) else {
            return;
        };
        if self.bench.log.maybe_increment_log_start(to) {
            self.log_start = to;
        }
    }

    fn retain(&mut self, segments: i64) {
        let retention_bytes = segments * 500;
        let config = TopicConfig {
            retention_bytes,
            retention_ms: -1,
            ..small_config()
        };
        let Bench { disk, log } = &mut self.bench;
        log.set_config(config);
        log.delete_old_segments(disk, 0).unwrap();
        log.remove_deleted(disk, i64::MAX);
        log.set_config(small_config());
        self.log_start = log.offsets().log_start;
    }

    /// Opens the log with what the checkpoints say.
    fn reopen(&mut self, clean: bool) {
        let offset = |bench: &Bench, path| {
            let entries = read_offset_checkpoint(&bench.disk, path).unwrap();
            entries.into_values().next().unwrap_or(0)
        };
        let point = offset(&self.bench, POINTS);
        let start = offset(&self.bench, STARTS);
        self.bench.restart_with(clean, point, start, i64::MAX);
        self.log_start = self.bench.log.offsets().log_start;
    }

    fn kill(&mut self) -> Result<(), TestCaseError> {
        let epochs = self.bench.log.epochs().to_vec();
        let start = self.log_start;
        self.reopen(false);
        prop_assert!(self.log_start <= start);
        // Of an empty log an epoch may be known that began before its end; a start forgets it.
        if self.log_start == start && start < self.end() {
            prop_assert_eq!(self.bench.log.epochs(), epochs);
        }
        Ok(())
    }

    fn clean_stop(&mut self) -> Result<(), TestCaseError> {
        self.bench.log.close(&mut self.bench.disk, 0).unwrap();
        self.checkpoint();
        self.bench.disk.complete_all_syncs();
        let (epochs, start) = (self.bench.log.epochs().to_vec(), self.log_start);
        self.reopen(true);
        prop_assert_eq!(self.log_start, start);
        if start < self.end() {
            prop_assert_eq!(self.bench.log.epochs(), epochs);
        }
        Ok(())
    }

    /// What is left is a prefix of the log as it was at some moment.
    fn power_off(&mut self, tail: u8, mut draws: u64) -> Result<(), TestCaseError> {
        let tail = [Tail::Lost, Tail::Torn, Tail::Drawn, Tail::Kept][usize::from(tail)];
        self.bench.disk.lose_power(tail, |range| {
            draws = draws
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            range.start() + (draws >> 20) % (range.end() - range.start() + 1)
        });
        self.reopen(false);
        let left: Batches = self.bench.log.batches_from(&self.bench.disk, 0).collect();
        let first = left.first().map_or(0, RecordBatch::base_offset);
        let is_prefix_of = |version: &Batches| {
            let from = version
                .iter()
                .position(|batch| batch.base_offset() == first);
            from.is_some_and(|from| version[from..].starts_with(&left))
        };
        let found = self
            .versions
            .iter()
            .rev()
            .find(|version| is_prefix_of(version));
        prop_assert!(
            left.is_empty() || found.is_some(),
            "no moment had {:?}",
            self.bench.batches()
        );
        self.start = self.bench.log.offsets().log_end;
        let from = found.map_or(&[][..], |version| version);
        let end = left.last().map_or(0, RecordBatch::next_offset);
        self.batches = from
            .iter()
            .filter(|batch| batch.next_offset() <= end)
            .cloned()
            .collect();
        if left.is_empty() {
            self.batches.clear();
        }
        self.epoch += 1;
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let Bench { disk, log } = &self.bench;
        let offsets = log.offsets();
        prop_assert_eq!(
            (offsets.log_start, offsets.log_end),
            (self.log_start, self.end())
        );
        prop_assert!(offsets.log_start <= offsets.high_watermark);
        prop_assert!(offsets.high_watermark <= offsets.log_end);
        prop_assert!(log.recovery_point() <= offsets.log_end);
        let mut offset = offsets.log_start;
        let mut read = Vec::new();
        loop {
            let data = log
                .read(disk, offset, 300, true, Isolation::LogEnd)
                .unwrap();
            let Some(last) = data.chunks.last() else {
                break;
            };
            offset = RecordBatch::read(&last.bytes).unwrap().0.next_offset();
            read.extend(data.chunks.into_iter().map(|chunk| chunk.bytes));
        }
        let mut expected = self.batches.clone();
        expected.retain(|batch| batch.last_offset() >= self.log_start);
        let expected: Vec<_> = expected.iter().map(|batch| batch.bytes().clone()).collect();
        prop_assert_eq!(read, expected);
        self.check_epochs()?;
        self.check_producers()
    }

    fn check_epochs(&self) -> Result<(), TestCaseError> {
        for batch in self
            .batches
            .iter()
            .filter(|b| b.base_offset() >= self.log_start)
        {
            let epoch = self.bench.log.epoch_at(batch.base_offset());
            prop_assert_eq!(epoch, Some(batch.leader_epoch()));
        }
        Ok(())
    }

    /// A producer's last batch is a duplicate if sent again.
    fn check_producers(&self) -> Result<(), TestCaseError> {
        for id in 0..3 {
            let mut of_producer = self.batches.iter().rev().filter(|b| b.producer_id() == id);
            let Some(last) = of_producer
                .next()
                .filter(|b| b.base_offset() >= self.highest_start)
            else {
                continue;
            };
            let (mut log, mut disk) = (self.bench.log.clone(), self.bench.disk.clone());
            let check = ProducerAppend::default();
            let again = log.append_as_leader(&mut disk, last, self.epoch, check, 0);
            let Ok(info) = again else {
                return Err(TestCaseError::fail(format!("{again:?}")));
            };
            prop_assert!(info.duplicate);
            prop_assert_eq!(info.last_offset, last.last_offset());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn histories(steps in steps()) {
        let mut model = Model::new();
        for step in &steps {
            model.step(step)?;
        }
    }
}
