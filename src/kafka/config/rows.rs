//! The rows of the config table: name, type, default, range, doc; by scope, in alphabetical order.

use super::table::{ConfigDef, Kind::*, Scope, Valid::*};

macro_rules! rows {
    ($($scope:ident { $($name:literal $kind:ident $default:tt $valid:ident $(($($arg:tt)*))?
        $doc:literal;)* })*) => {
        pub(super) const ROWS: &[ConfigDef] = &[$($(ConfigDef {
            name: $name,
            scope: Scope::$scope,
            kind: $kind,
            default: rows!(@default $default),
            valid: $valid $(($($arg)*))?,
            doc: $doc,
        },)*)*];
    };
    (@default null) => { None };
    (@default $text:literal) => { Some($text) };
}

rows! {
Broker {
    "auto.create.topics.enable" Bool "true" Any
        "Whether asking for the metadata of an unknown topic creates it.";
    "auto.leader.rebalance.enable" Bool "true" Any
        "Whether the controller moves leaderships back to preferred replicas by itself.";
    "broker.heartbeat.interval.ms" Int "2000" Any
        "How often a broker sends a heartbeat to the active controller.";
    "broker.rack" Str null Any
        "The rack that the broker stands in; replicas are spread over racks.";
    "broker.session.timeout.ms" Int "9000" Any
        "After this long without a heartbeat the controller fences the broker.";
    "controlled.shutdown.enable" Bool "true" Any
        "Whether a stopping broker first hands over its leaderships.";
    "controller.quorum.append.linger.ms" Int "25" AtLeast(0)
        "How long the quorum leader gathers records before it appends them.";
    "controller.quorum.election.backoff.max.ms" Int "1000" AtLeast(0)
        "The longest wait before a new election after a lost one.";
    "controller.quorum.election.timeout.ms" Int "1000" AtLeast(0)
        "How long a candidate waits for votes before it tries again.";
    "controller.quorum.fetch.max.bytes" Int "1048576" AtLeast(1)
        "The most bytes that one fetch of the metadata log asks for.";
    "controller.quorum.fetch.timeout.ms" Int "2000" AtLeast(0)
        "After this long without a fetch from the leader a voter starts an election.";
    "controller.quorum.request.timeout.ms" Int "2000" AtLeast(0)
        "How long a node of the quorum waits for an answer.";
    "controller.quorum.retry.backoff.ms" Int "20" AtLeast(0)
        "How long a node of the quorum waits before it tries again.";
    "default.replication.factor" Int "1" Any
        "Replicas of a topic that is created without a number.";
    "fetch.max.bytes" Int "57671680" AtLeast(1024)
        "The most bytes in one answer to a fetch.";
    "initial.broker.registration.timeout.ms" Int "60000" Any
        "A broker that is not registered by then ends.";
    "internal.metadata.log.segment.bytes" Int null Any
        "Segment size of the metadata log without a lower bound, for tests.";
    "leader.imbalance.check.interval.seconds" Long "300" AtLeast(1)
        "How often the controller looks for leaders that are not the preferred ones.";
    "log.cleanup.policy" List "delete" OneOf(&["compact", "delete"])
        "Whether old segments are deleted, compacted or both.";
    "log.flush.interval.messages" Long "9223372036854775807" AtLeast(1)
        "How many records may be unflushed in a log.";
    "log.flush.interval.ms" Long null Any
        "How long a record may stay unflushed; unset, the scheduler interval counts.";
    "log.flush.offset.checkpoint.interval.ms" Int "60000" AtLeast(0)
        "How often recovery points are written down.";
    "log.flush.start.offset.checkpoint.interval.ms" Int "60000" AtLeast(0)
        "How often log start offsets are written down.";
    "log.index.interval.bytes" Int "4096" AtLeast(0)
        "Bytes of records between two entries of the offset index.";
    "log.index.size.max.bytes" Int "10485760" AtLeast(4)
        "The largest size of an index; a full index rolls the segment.";
    "log.initial.task.delay.ms" Long "30000" AtLeast(0)
        "Background tasks of logs begin this long after the start.";
    "log.message.timestamp.after.max.ms" Long "3600000" AtLeast(0)
        "How far a record's timestamp may lie in the future.";
    "log.message.timestamp.before.max.ms" Long "9223372036854775807" AtLeast(0)
        "How far a record's timestamp may lie in the past.";
    "log.message.timestamp.type" Str "CreateTime" OneOf(&["CreateTime", "LogAppendTime"])
        "Whether the producer or the broker stamps records.";
    "log.retention.bytes" Long "-1" Any
        "A partition larger than this loses its oldest segments; -1 is no limit.";
    "log.retention.check.interval.ms" Long "300000" AtLeast(1)
        "How often logs are searched for segments to delete.";
    "log.retention.hours" Int "168" Any
        "Age in hours at which segments are deleted, unless minutes or ms are set.";
    "log.retention.minutes" Int null Any
        "Age in minutes at which segments are deleted, unless ms is set.";
    "log.retention.ms" Long null Any
        "Age in milliseconds at which segments are deleted; -1 is never.";
    "log.roll.hours" Int "168" AtLeast(1)
        "A segment is rolled at this age in hours, unless ms is set.";
    "log.roll.jitter.hours" Int "0" AtLeast(0)
        "The most that the roll age is lowered at random, in hours.";
    "log.roll.jitter.ms" Long null Any
        "The most that the roll age is lowered at random.";
    "log.roll.ms" Long null Any
        "A segment is rolled at this age.";
    "log.segment.bytes" Int "1073741824" AtLeast(1_048_576)
        "The largest size of a segment.";
    "log.segment.delete.delay.ms" Long "60000" AtLeast(0)
        "Files of a deleted segment are removed this much later.";
    "max.incremental.fetch.session.cache.slots" Int "1000" AtLeast(0)
        "How many fetch sessions a broker keeps.";
    "message.max.bytes" Int "1048588" AtLeast(0)
        "The largest batch that a broker takes.";
    "metadata.log.max.record.bytes.between.snapshots" Long "20971520" AtLeast(1)
        "A metadata snapshot is due after this many bytes of records.";
    "metadata.log.max.snapshot.interval.ms" Long "3600000" AtLeast(0)
        "A metadata snapshot is due after this time; 0 is never.";
    "metadata.log.segment.bytes" Int "1073741824" AtLeast(8_388_608)
        "The largest size of a segment of the metadata log.";
    "metadata.max.idle.interval.ms" Int "500" AtLeast(0)
        "The active controller writes a no-op record after this much silence; 0 is never.";
    "min.insync.replicas" Int "1" AtLeast(1)
        "The smallest ISR with which acks=all is accepted and the high watermark moves.";
    "num.partitions" Int "1" AtLeast(1)
        "Partitions of a topic that is created without a number.";
    "producer.id.expiration.check.interval.ms" Int "600000" AtLeast(1)
        "How often idle producer ids are looked for.";
    "producer.id.expiration.ms" Int "86400000" AtLeast(1)
        "A producer id that is idle this long is forgotten.";
    "replica.fetch.backoff.ms" Int "1000" AtLeast(0)
        "How long a follower waits after a failed fetch of a partition.";
    "replica.fetch.max.bytes" Int "1048576" AtLeast(0)
        "The most bytes of one partition that a follower asks for.";
    "replica.fetch.min.bytes" Int "1" Any
        "A follower's fetch waits at the leader until there are this many bytes.";
    "replica.fetch.response.max.bytes" Int "10485760" AtLeast(0)
        "The most bytes in one answer to a follower.";
    "replica.fetch.wait.max.ms" Int "500" Any
        "The longest that a follower's fetch waits at the leader.";
    "replica.high.watermark.checkpoint.interval.ms" Long "5000" Any
        "How often high watermarks are written down.";
    "replica.lag.time.max.ms" Long "30000" Any
        "A follower that has not caught up for this long leaves the ISR.";
    "replica.socket.timeout.ms" Int "30000" Any
        "How long a follower waits for the answer to a fetch.";
    "request.timeout.ms" Int "30000" Any
        "How long a broker waits for the answer to its own requests.";
    "unclean.leader.election.enable" Bool "false" Any
        "Whether a replica outside the ISR may be elected when no other is left.";
    "unclean.leader.election.interval.ms" Long "300000" AtLeast(1)
        "How often unclean elections are tried again.";
}

Topic {
    "cleanup.policy" List "delete" OneOf(&["compact", "delete"])
        "Whether old segments are deleted, compacted or both.";
    "file.delete.delay.ms" Long "60000" AtLeast(0)
        "Files of a deleted segment are removed this much later.";
    "flush.messages" Long "9223372036854775807" AtLeast(1)
        "How many records may be unflushed.";
    "flush.ms" Long "9223372036854775807" AtLeast(0)
        "How long a record may stay unflushed.";
    "index.interval.bytes" Int "4096" AtLeast(0)
        "Bytes of records between two entries of the offset index.";
    "internal.segment.bytes" Int null Any
        "Segment size without a lower bound, for tests.";
    "max.message.bytes" Int "1048588" AtLeast(0)
        "The largest batch that is taken.";
    "message.timestamp.after.max.ms" Long "3600000" AtLeast(0)
        "How far a record's timestamp may lie in the future.";
    "message.timestamp.before.max.ms" Long "9223372036854775807" AtLeast(0)
        "How far a record's timestamp may lie in the past.";
    "message.timestamp.type" Str "CreateTime" OneOf(&["CreateTime", "LogAppendTime"])
        "Whether the producer or the broker stamps records.";
    "min.insync.replicas" Int "1" AtLeast(1)
        "The smallest ISR with which acks=all is accepted and the high watermark moves.";
    "retention.bytes" Long "-1" Any
        "A partition larger than this loses its oldest segments; -1 is no limit.";
    "retention.ms" Long "604800000" AtLeast(-1)
        "Age at which segments are deleted; -1 is never.";
    "segment.bytes" Int "1073741824" AtLeast(1_048_576)
        "The largest size of a segment.";
    "segment.index.bytes" Int "10485760" AtLeast(4)
        "The largest size of an index; a full index rolls the segment.";
    "segment.jitter.ms" Long "0" AtLeast(0)
        "The most that the roll age is lowered at random.";
    "segment.ms" Long "604800000" AtLeast(1)
        "A segment is rolled at this age.";
    "unclean.leader.election.enable" Bool "false" Any
        "Whether a replica outside the ISR may be elected when no other is left.";
}

Producer {
    "acks" Str "all" OneOf(&["all", "-1", "0", "1"])
        "Who must have a record before it is acknowledged: nobody (0), the leader (1), the ISR (all).";
    "batch.size" Int "16384" AtLeast(0)
        "The size up to which records of a partition are gathered.";
    "buffer.memory" Long "33554432" AtLeast(0)
        "The most bytes that wait to be sent.";
    "delivery.timeout.ms" Int "120000" AtLeast(0)
        "A record that is not acknowledged by then has failed.";
    "enable.idempotence" Bool "true" Any
        "Whether brokers drop repeated batches of this producer.";
    "linger.ms" Long "5" AtLeast(0)
        "How long a batch waits for more records.";
    "max.block.ms" Long "60000" AtLeast(0)
        "How long a send waits for metadata or memory.";
    "max.in.flight.requests.per.connection" Int "5" AtLeast(1)
        "How many requests may wait for an answer on one connection.";
    "max.request.size" Int "1048576" AtLeast(0)
        "The largest request.";
    "metadata.max.age.ms" Long "300000" AtLeast(0)
        "Metadata older than this is asked for again.";
    "partitioner.adaptive.partitioning.enable" Bool "true" Any
        "Whether keyless records prefer partitions with short queues.";
    "partitioner.availability.timeout.ms" Long "0" AtLeast(0)
        "A partition whose leader takes nothing for this long gets no keyless records; 0 is never.";
    "partitioner.class" Class null Any
        "Who picks the partition instead of the built-in partitioner.";
    "partitioner.ignore.keys" Bool "false" Any
        "Whether the built-in partitioner ignores keys.";
    "reconnect.backoff.max.ms" Long "1000" AtLeast(0)
        "The longest wait before a lost connection is tried again.";
    "reconnect.backoff.ms" Long "50" AtLeast(0)
        "The first wait before a lost connection is tried again.";
    "request.timeout.ms" Int "30000" AtLeast(0)
        "How long an answer is waited for.";
    "retries" Int "2147483647" Between(0, i32::MAX as i64)
        "How often a failed batch is sent again.";
    "retry.backoff.max.ms" Long "1000" AtLeast(0)
        "The longest wait before another try.";
    "retry.backoff.ms" Long "100" AtLeast(0)
        "The first wait before another try.";
}

Consumer {
    "auto.offset.reset" Str "latest" OneOf(&["latest", "earliest", "none", "by_duration:PnDTnHnMn.nS"])
        "Where reading begins without a position.";
    "default.api.timeout.ms" Int "60000" AtLeast(0)
        "How long a call without a time of its own may take.";
    "fetch.max.bytes" Int "52428800" AtLeast(0)
        "The most bytes in one answer.";
    "fetch.max.wait.ms" Int "500" AtLeast(0)
        "The longest that a fetch waits at the leader.";
    "fetch.min.bytes" Int "1" AtLeast(0)
        "A fetch waits at the leader until there are this many bytes.";
    "isolation.level" Str "read_uncommitted" OneOf(&["read_committed", "read_uncommitted"])
        "Whether records of open and aborted transactions are read.";
    "max.partition.fetch.bytes" Int "1048576" AtLeast(0)
        "The most bytes of one partition in one answer.";
    "max.poll.records" Int "500" AtLeast(1)
        "The most records that one poll gives.";
    "metadata.max.age.ms" Long "300000" AtLeast(0)
        "Metadata older than this is asked for again.";
    "reconnect.backoff.max.ms" Long "1000" AtLeast(0)
        "The longest wait before a lost connection is tried again.";
    "reconnect.backoff.ms" Long "50" AtLeast(0)
        "The first wait before a lost connection is tried again.";
    "request.timeout.ms" Int "30000" AtLeast(0)
        "How long an answer is waited for.";
    "retry.backoff.max.ms" Long "1000" AtLeast(0)
        "The longest wait before another try.";
    "retry.backoff.ms" Long "100" AtLeast(0)
        "The first wait before another try.";
}

}
