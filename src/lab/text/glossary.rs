//! The glossary: each term in both languages, one line of what it is, and Kafka's own name.

use super::lang::{Both, both};

/// A term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The term.
    pub name: Both,
    /// What it is.
    pub line: Both,
    /// What Kafka's sources, configs or tools call it.
    pub kafka: &'static str,
}

/// The entry of a term by its English or Chinese name or by Kafka's, whatever the case.
pub fn term(word: &str) -> Option<&'static Term> {
    let is = |name: &str| name.eq_ignore_ascii_case(word);
    GLOSSARY
        .iter()
        .find(|term| is(term.name.en) || is(term.name.zh) || is(term.kafka))
}

macro_rules! glossary {
    ($($en:literal $zh:literal $kafka:literal $line_en:literal $line_zh:literal)*) => {
        /// The terms, in the order of English.
        pub const GLOSSARY: &[Term] = &[$(Term {
            name: both($en, $zh),
            line: both($line_en, $line_zh),
            kafka: $kafka,
        },)*];
    };
}

glossary! {
    "acknowledgement" "确认" "acks"
        "the answer to a Produce; after how many copies it comes says acks: 0 none, 1 the leader's, all those of the ISR"
        "对 Produce 的应答；acks 决定有多少份副本后才应答：0 不等，1 等领导者，all 等整个 ISR"
    "active controller" "活动控制器" "KafkaController"
        "the controller that leads the quorum: it decides who leads and who is in sync"
        "领导 quorum 的控制器：由它决定谁是领导者、谁在 ISR 中"
    "batch" "批次" "RecordBatch"
        "records of one partition that travel and are stored together"
        "同一分区的一组记录，一起传输、一起存储"
    "broker" "broker" "broker"
        "a server that stores partitions and answers clients"
        "存储分区并服务客户端的服务器"
    "broker epoch" "broker epoch" "brokerEpoch"
        "which run of a broker speaks: the offset of its registration in the metadata log"
        "标识 broker 的某一次运行：其注册记录在元数据日志中的 offset"
    "checkpoint" "检查点" "replication-offset-checkpoint"
        "a file in which a broker writes down high watermarks, so that it has a start after a crash"
        "broker 记录高水位的文件，崩溃后由此开始"
    "committed" "已提交" "committed"
        "below the high watermark: every member of the ISR has it, and consumers may see it"
        "低于高水位：ISR 的每个成员都有，消费者可以看到"
    "consumer" "消费者" "KafkaConsumer"
        "a client that fetches records in the order of offsets; reading removes nothing"
        "按 offset 顺序拉取记录的客户端；读取不会删除任何东西"
    "controlled shutdown" "受控停止" "controlled shutdown"
        "a broker that is to stop first gives its leaderships away"
        "broker 停止前先交出领导权"
    "controller" "控制器" "controller"
        "a member of the quorum that keeps the metadata log"
        "维护元数据日志的 quorum 成员"
    "eligible leader replicas" "合格领导者副本" "eligibleLeaderReplicas"
        "replicas that left a small ISR but hold all that was committed; one of them may lead safely (ELR)"
        "离开过小的 ISR、但仍有全部已提交数据的副本，可以安全地成为领导者（ELR）"
    "fenced broker" "被隔离的 broker" "fenced"
        "a broker whose session is over or that has not caught up: it can neither lead nor be in sync"
        "会话到期或尚未追上的 broker：不能担任领导者，也不能在 ISR 中"
    "fetch" "拉取" "Fetch"
        "asks for records from an offset on; followers and consumers use the same request"
        "从某个 offset 起请求记录；跟随者和消费者用同一种请求"
    "fetch session" "拉取会话" "FetchSession"
        "what leader and fetcher remember of the last fetch, so that the next one says only what changed"
        "领导者与拉取方记住上次 fetch 的内容，下一次只说变化"
    "follower" "跟随者" "follower"
        "a replica that copies the leader by fetching"
        "通过拉取来复制领导者的副本"
    "heartbeat" "心跳" "BrokerHeartbeat"
        "what a broker sends to the active controller to keep its session"
        "broker 为维持会话发给活动控制器的请求"
    "high watermark" "高水位" "highWatermark"
        "the smallest log end of the ISR as the leader knows it; below it records are committed (HW)"
        "领导者所知的 ISR 中最小的日志末端；其下的记录已提交（HW）"
    "idempotent producer" "幂等生产者" "enable.idempotence"
        "a producer whose batches carry an id and sequence numbers, so that a retry is not stored twice"
        "批次带有 id 和序列号的生产者，重发不会存两次"
    "in-sync replicas" "同步副本" "isr"
        "replicas that keep up with the leader; the controller holds the list (ISR)"
        "跟得上领导者的副本，名单由控制器保管（ISR）"
    "leader" "领导者" "leader"
        "the replica of a partition that takes writes and serves fetches"
        "分区中接受写入、应答拉取的副本"
    "leader epoch" "领导纪元" "leaderEpoch"
        "counts the leaders of a partition; each batch carries the epoch in which it was written"
        "分区领导者的编号；每个批次都带有写入时的纪元"
    "linger" "linger" "linger.ms"
        "how long a producer waits for more records before it sends a batch"
        "生产者发送批次前等待更多记录的时间"
    "log end offset" "日志末端" "logEndOffset"
        "the offset that the next record will get (LEO)"
        "下一条记录将得到的 offset（LEO）"
    "log start offset" "日志起点" "logStartOffset"
        "the first offset that is still there"
        "仍然存在的第一个 offset"
    "message" "消息" "request, response"
        "a request or a response on its way; what users store is a record"
        "途中的请求或应答；用户存储的叫记录"
    "metadata log" "元数据日志" "__cluster_metadata"
        "the log of the quorum: brokers, topics, leaders, in-sync replicas, one record a change"
        "quorum 的日志：broker、topic、领导者、ISR，每次变化一条记录"
    "min insync replicas" "最小同步副本数" "min.insync.replicas"
        "with acks=all: a Produce is refused when the ISR is smaller"
        "acks=all 时：ISR 小于此数则拒绝 Produce"
    "offset" "offset" "offset"
        "the number of a record within its partition, from 0"
        "记录在分区内的编号，从 0 开始"
    "partition" "分区" "TopicPartition"
        "one log of a topic; order holds within it"
        "topic 的一个日志；顺序只在分区内成立"
    "partition epoch" "分区 epoch" "partitionEpoch"
        "counts the changes of a partition's record at the controller; an old proposal is refused by it"
        "控制器上分区记录的变化次数；过时的提议据此被拒绝"
    "power-off" "断电" "power off"
        "a machine loses what it wrote and did not sync; a crash of the process does not"
        "机器丢失未 sync 的数据；仅进程崩溃则不会"
    "producer" "生产者" "KafkaProducer"
        "a client that sends records in batches to the leaders"
        "把记录成批发给领导者的客户端"
    "producer id" "producer id" "producerId"
        "who wrote a batch, for the recognition of duplicates"
        "批次由谁写入，用于识别重复"
    "purgatory" "purgatory" "DelayedOperationPurgatory"
        "where requests wait that can not be answered yet: a Produce with acks=all, a fetch without records"
        "暂时不能应答的请求等待之处：acks=all 的 Produce、没有数据的 fetch"
    "quorum" "quorum" "controller.quorum.voters"
        "the controllers that vote; a majority commits metadata"
        "有投票权的控制器；多数派提交元数据"
    "record" "记录" "Record"
        "key, value, timestamp and headers: what users store"
        "key、value、时间戳和 header：用户存储的内容"
    "replica" "副本" "replica"
        "a copy of a partition on a broker"
        "分区在某个 broker 上的一份拷贝"
    "replication factor" "副本因子" "replicationFactor"
        "how many replicas a partition has"
        "分区有多少个副本"
    "retention" "保留" "retention.ms"
        "old segments are deleted by age or size"
        "按时间或大小删除旧的 segment"
    "segment" "segment" "LogSegment"
        "a file of a log with its indexes; only the last one is written"
        "日志的一个文件及其索引；只写最后一个"
    "sequence number" "序列号" "baseSequence"
        "counts the records of a producer id within a partition"
        "某个 producer id 在分区内的记录计数"
    "session" "会话" "broker.session.timeout.ms"
        "as long as heartbeats come the controller believes in a broker"
        "只要有心跳，控制器就相信该 broker"
    "sync" "sync" "fsync"
        "makes written bytes durable; Kafka does not sync before it acknowledges a record"
        "使写入的字节持久化；Kafka 确认记录之前并不 sync"
    "tombstone" "墓碑" "tombstone"
        "a record without a value: deletes its key in a compacted topic"
        "没有 value 的记录：在压实的 topic 中删除其 key"
    "topic" "topic" "topic"
        "a name for partitions that belong together"
        "一组分区的名字"
    "truncation" "截断" "truncate"
        "a follower cuts off what its leader does not have, found by leader epochs"
        "跟随者按领导纪元找出领导者没有的部分并切掉"
    "unclean election" "unclean 选举" "unclean.leader.election.enable"
        "a replica that may miss committed records becomes leader: service instead of safety"
        "可能缺少已提交记录的副本成为领导者：以安全换可用"
    "under-replicated" "副本不足" "UnderReplicatedPartitions"
        "a partition whose ISR is smaller than its list of replicas"
        "ISR 小于副本列表的分区"
    "voter" "投票者" "voter"
        "a controller that may vote and lead the quorum"
        "可以投票并领导 quorum 的控制器"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_in_order_whole_and_found_by_each_name() {
        assert!(
            GLOSSARY
                .windows(2)
                .all(|two| two[0].name.en < two[1].name.en)
        );
        for entry in GLOSSARY {
            let texts = [
                entry.name.en,
                entry.name.zh,
                entry.kafka,
                entry.line.en,
                entry.line.zh,
            ];
            assert!(
                texts.iter().all(|text| !text.trim().is_empty()),
                "{}",
                entry.name.en
            );
            assert!(
                entry.line.zh.chars().any(|c| c > '\u{2e7f}'),
                "{}",
                entry.name.en
            );
            assert_eq!(term(entry.name.en), Some(entry));
        }
        assert_eq!(term("高水位"), term("High Watermark"));
        assert_eq!(term("highwatermark"), term("high watermark"));
        assert_eq!(term("no such thing"), None);
    }
}
