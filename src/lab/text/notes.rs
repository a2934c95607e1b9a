//! A sentence for every kind of note.
//!
//! Placeholders are the note's fields; `{me}` is the machine that noted it.

use super::lang::{Both, both};
use super::template::{Shown, fill};
use super::{Lang, Speaker};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{Note, NoteKind, Value};
use crate::sim::NodeId;

/// What a note says. `me` is the machine that noted it.
pub fn sentence(note: &Note, me: NodeId, names: &dyn Speaker, lang: Lang) -> String {
    fill(note_template(note.kind()).of(lang), lang, &|name| {
        if name == "me" {
            return Shown::text(names.machine(me));
        }
        let mut shown = None;
        note.for_each_field(|field, value| {
            if field == name {
                shown = Some(show(field, value, me, names, lang));
            }
        });
        shown
    })
}

fn show(field: &str, value: Value, me: NodeId, names: &dyn Speaker, lang: Lang) -> Shown {
    let none = lang.pick("none", "无");
    let server = |id: i32| match id {
        0.. => names.server(id),
        _ => none.to_owned(),
    };
    let (text, truth) = match value {
        Value::Int(-1) if field == "acks" => ("all".to_owned(), true),
        // The first attempt is 1.
        Value::Int(number) if field == "attempt" => (number.to_string(), number > 1),
        Value::Int(number) => (number.to_string(), number > 0),
        Value::Node(id) => (server(id), id >= 0),
        Value::Nodes(set) if set.is_empty() => (none.to_owned(), false),
        Value::Nodes(set) => (set.iter().map(server).collect::<Vec<_>>().join(" "), true),
        Value::Partition(tp) => (names.partition(tp), true),
        Value::Topic(topic) => (names.topic(topic), true),
        Value::Client(client) => (names.client(me, client), true),
        Value::Error(error) => (error.name().to_owned(), error != ErrorCode::NONE),
        Value::Word(word) => (word.to_owned(), true),
        Value::Bool(bool) => (bool.to_string(), bool),
    };
    Shown { text, truth }
}

/// The template of a kind of note.
pub fn note_template(kind: NoteKind) -> Both {
    let entry = NOTES.iter().find(|(known, _)| *known == kind);
    entry.map_or(both(kind.doc(), kind.doc()), |(_, text)| *text)
}

macro_rules! table {
    ($($kind:ident $en:literal $zh:literal)*) => {
        &[$((NoteKind::$kind, both($en, $zh)),)*]
    };
}

const NOTES: &[(NoteKind, Both)] = table! {
    BecameProspective
        "{me} hears of no quorum leader and asks for pre-votes in epoch {epoch}"
        "{me} 没有 quorum leader 的消息，在纪元 {epoch} 请求 pre-vote"
    BecameCandidate
        "{me} is a candidate for quorum leader in epoch {epoch}"
        "{me} 在纪元 {epoch} 成为 quorum leader 的候选人"
    BecameQuorumLeader
        "{me} won the quorum's election: it leads epoch {epoch}, which starts at offset {start}"
        "{me} 赢得 quorum 选举：领导纪元 {epoch}，该纪元从 offset {start} 开始"
    BecameQuorumFollower
        "{me} follows quorum leader {leader} in epoch {epoch}"
        "{me} 在纪元 {epoch} 跟随 quorum leader {leader}"
    BecameUnattached
        "{me} knows no quorum leader of epoch {epoch}"
        "{me} 不知道纪元 {epoch} 的 quorum leader"
    ResignedQuorum
        "{me} gave up leading the quorum in epoch {epoch}"
        "{me} 放弃在纪元 {epoch} 领导 quorum"
    VoteAnswered
        "{me} {granted?grants|refuses} {candidate} {pre_vote?a pre-vote|its vote} for epoch {epoch}"
        "{me} 在纪元 {epoch} {granted?同意|拒绝}把{pre_vote? pre-vote |选票}投给 {candidate}"
    QuorumHighWatermarkAdvanced
        "the metadata log is committed up to offset {to} (was {from})"
        "元数据日志已提交到 offset {to}（之前 {from}）"
    MetadataLogTruncated
        "{me} cut its metadata log from {from} to {to} to agree with the quorum leader"
        "{me} 把元数据日志从 {from} 截断到 {to}，以与 quorum leader 一致"
    MetadataLogAppended
        "{me} appended {base..last} to its metadata log in epoch {epoch}"
        "{me} 在纪元 {epoch} 把 {base..last} 写入元数据日志"

    ControllerActivated
        "{me} is the active controller of epoch {epoch}"
        "{me} 成为纪元 {epoch} 的活动控制器"
    ControllerDeactivated
        "{me} is no longer the active controller (epoch {epoch})"
        "{me} 不再是活动控制器（纪元 {epoch}）"
    BrokerRegistered
        "{broker} registered and got broker epoch {broker_epoch}"
        "{broker} 完成注册，broker epoch 为 {broker_epoch}"
    RegistrationRefused
        "the registration of {broker} was refused: {error}"
        "{broker} 的注册被拒绝：{error}"
    BrokerUnfenced
        "{broker} was unfenced: it may lead and be in sync"
        "{broker} 解除隔离（unfenced）：可以担任领导者并进入 ISR"
    BrokerFenced
        "{broker} was fenced: it can neither lead nor be in sync"
        "{broker} 被隔离（fenced）：不能担任领导者，也不能在 ISR 中"
    ControlledShutdownBegan
        "{broker} entered controlled shutdown: its leaderships move away first"
        "{broker} 进入 controlled shutdown：先移走它的领导权"
    TopicCreated
        "topic {topic} was created with {partitions} partition(s)"
        "创建了 topic {topic}，共 {partitions} 个分区"
    TopicDeleted
        "topic {topic} was deleted"
        "topic {topic} 已删除"
    LeaderElected
        "{leader?{leader} was elected leader of {partition}{unclean? uncleanly}|{partition} lost its leader}: leader epoch {epoch}"
        "{leader?{leader} {unclean?以 unclean 方式}当选 {partition} 的领导者|{partition} 失去领导者}：领导纪元 {epoch}"
    IsrChanged
        "the ISR of {partition} is now {isr} (partition epoch {partition_epoch})"
        "{partition} 的 ISR 现在是 {isr}（partition epoch {partition_epoch}）"
    ElrChanged
        "the eligible leader replicas of {partition} are now {elr}"
        "{partition} 的 ELR 现在是 {elr}"
    AlterPartitionRefused
        "the controller refused what {broker} proposed for the ISR of {partition}: {error}"
        "控制器拒绝了 {broker} 对 {partition} 的 ISR 提议：{error}"
    RequestRefused
        "the controller refused a request: {error}"
        "控制器拒绝了一个请求：{error}"
    ProducerIdsAllocated
        "{broker} got a block of producer ids from {first} on"
        "{broker} 得到从 {first} 开始的一段 producer id"
    HeartbeatAnswered
        "the heartbeat of {broker} was answered: {fenced?fenced|not fenced}"
        "已应答 {broker} 的心跳：{fenced?fenced|未 fenced}"

    BrokerStarted
        "{broker} started after {clean?a clean|an unclean} stop"
        "{broker} 启动，上次停止{clean?正常|不正常}"
    BrokerReady
        "{broker} is ready (broker epoch {broker_epoch})"
        "{broker} 就绪（broker epoch {broker_epoch}）"
    BrokerStopping
        "{broker} is stopping"
        "{broker} 正在停止"
    BrokerHalted
        "{broker} ended by itself: {error}"
        "{broker} 自行终止：{error}"
    MetadataReplayed
        "{me} replayed metadata up to offset {offset}"
        "{me} 已重放元数据到 offset {offset}"

    BecameLeader
        "{me} leads {partition} in epoch {epoch}, which starts at offset {start}"
        "{me} 在纪元 {epoch} 领导 {partition}，该纪元从 offset {start} 开始"
    BecameFollower
        "{me} follows {leader} for {partition} in epoch {epoch}"
        "{me} 在纪元 {epoch} 跟随 {leader} 复制 {partition}"
    Appended
        "{me} (leader) appended {base..last} of {partition} in epoch {epoch}"
        "{me}（领导者）在纪元 {epoch} 写入 {partition} 的 {base..last}"
    Replicated
        "{me} (follower) appended {base..last} of {partition} from epoch {epoch}"
        "{me}（跟随者）写入 {partition} 的 {base..last}（纪元 {epoch}）"
    HighWatermarkAdvanced
        "the high watermark of {partition} moved from {from} to {to}"
        "{partition} 的高水位从 {from} 移到 {to}"
    HighWatermarkHeard
        "{me} heard that the high watermark of {partition} is {to} (was {from})"
        "{me} 得知 {partition} 的高水位是 {to}（之前 {from}）"
    LogTruncated
        "{me} cut its log of {partition} from {from} to {to}"
        "{me} 把 {partition} 的日志从 {from} 截断到 {to}"
    DivergingEpochAnswered
        "{me} told {follower} that epoch {epoch} of {partition} ends at offset {end}"
        "{me} 告诉 {follower}：{partition} 的纪元 {epoch} 在 offset {end} 结束"
    IsrExpandProposed
        "{me} proposes to take {replica} into the ISR of {partition}"
        "{me} 提议把 {replica} 加入 {partition} 的 ISR"
    IsrShrinkProposed
        "{me} proposes to take {removed} out of the ISR of {partition}"
        "{me} 提议把 {removed} 移出 {partition} 的 ISR"
    IsrCommitted
        "{me} committed the ISR of {partition}: {isr} (partition epoch {partition_epoch})"
        "{me} 确认 {partition} 的 ISR：{isr}（partition epoch {partition_epoch}）"
    ProduceParked
        "a Produce up to offset {last} of {partition} waits for the ISR (acks=all)"
        "一个到 {partition} offset {last} 的 Produce 等待 ISR（acks=all）"
    ProduceAnswered
        "{me} answers a Produce to {partition} (acks={acks}): {error?{error}|{base..last} acknowledged}"
        "{me} 应答对 {partition} 的 Produce（acks={acks}）：{error?{error}|已确认 {base..last}}"
    ProduceRefused
        "{me} refused a Produce to {partition}: {error}"
        "{me} 拒绝了对 {partition} 的 Produce：{error}"
    DuplicateBatch
        "{me} knows the batch with sequence {sequence}: it stands in {partition} at offset {base} already"
        "{me} 认出序列号为 {sequence} 的批次：它已在 {partition} 的 offset {base}"
    FetchRefused
        "{me} refused a fetch of {partition}{replica? by {replica}}: {error}"
        "{me} 拒绝了{replica? {replica} }对 {partition} 的 fetch：{error}"
    FetchAnswered
        "{me} sends {bytes} bytes of {partition} from offset {offset} to {replica}"
        "{me} 把 {partition} 从 offset {offset} 起的 {bytes} 字节发给 {replica}"
    FollowerFetched
        "{replica} asks for {partition} from offset {offset}: it holds everything below"
        "{replica} 从 offset {offset} 拉取 {partition}：之前的它都有"
    SegmentRolled
        "{me} rolled a new segment of {partition} at offset {base}"
        "{me} 在 offset {base} 为 {partition} 切换到新的 segment"
    SegmentDeleted
        "{me} deleted the segment of {partition} that began at offset {base}"
        "{me} 删除了 {partition} 从 offset {base} 开始的 segment"
    LogStartAdvanced
        "the log of {partition} on {me} begins at {to} now (was {from})"
        "{me} 上 {partition} 的日志现在从 {to} 开始（之前 {from}）"
    LogRecovered
        "{me} recovered {partition} from its files up to offset {end}{truncated?; {truncated} bytes were cut}"
        "{me} 从文件恢复 {partition} 到 offset {end}{truncated?；截掉 {truncated} 字节}"
    LogCreated
        "{me} created a log for {partition}"
        "{me} 为 {partition} 创建了日志"
    LogDeleted
        "{me} deleted its log of {partition}"
        "{me} 删除了 {partition} 的日志"
    HighWatermarkCheckpointed
        "{me} wrote down the high watermarks of {partitions} partition(s)"
        "{me} 记下了 {partitions} 个分区的高水位"
    FetchSessionOpened
        "{me} opened fetch session {session}"
        "{me} 打开了 fetch session {session}"
    OffsetListed
        "{me} answers where {partition} {latest?ends|begins}: {error?{error}|offset {offset}}"
        "{me} 应答 {partition} {latest?末尾|开头}的位置：{error?{error}|offset {offset}}"
    FetchParked
        "{me} keeps a fetch of {partition} at offset {offset} until there is something to send"
        "{me} 先留住 {partition} 在 offset {offset} 的 fetch，等有数据再答"

    ProducerIdAssigned
        "{client} got producer id {producer_id}, epoch {epoch}"
        "{client} 得到 producer id {producer_id}，纪元 {epoch}"
    RecordBuffered
        "{client} put record {send} into a batch for {partition}"
        "{client} 把第 {send} 条记录放进 {partition} 的批次"
    BatchSent
        "{client} sends {count} record(s) from record {first} on to {partition}{attempt?, attempt {attempt}}"
        "{client} 向 {partition} 发送从第 {first} 条起的 {count} 条记录{attempt?，第 {attempt} 次尝试}"
    RecordAcknowledged
        "record {send} of {client} is acknowledged: {partition} offset {offset}"
        "{client} 的第 {send} 条记录得到确认：{partition} offset {offset}"
    RecordFailed
        "record {send} of {client} to {partition} failed for good: {error}"
        "{client} 发往 {partition} 的第 {send} 条记录彻底失败：{error}"
    BatchRetried
        "{client} will send the batch from record {first} on to {partition} again: {error}"
        "{client} 将重发 {partition} 从第 {first} 条起的批次：{error}"
    LeaderLearned
        "{client} learned that {leader} leads {partition} in epoch {epoch}"
        "{client} 得知 {leader} 在纪元 {epoch} 领导 {partition}"
    ConsumerFetched
        "{client} asks for {partition} from offset {offset}"
        "{client} 从 offset {offset} 拉取 {partition}"
    RecordReceived
        "{client} received {partition} offset {offset}"
        "{client} 收到 {partition} offset {offset}"
    PositionReset
        "{client} set its position in {partition} to offset {offset}"
        "{client} 把 {partition} 的位置重置为 offset {offset}"
    ConsumerError
        "{client} met an error at {partition}: {error}"
        "{client} 在 {partition} 遇到错误：{error}"
    ProducerEpochBumped
        "{client} goes on as producer id {producer_id} with epoch {epoch}"
        "{client} 以 producer id {producer_id}、纪元 {epoch} 继续"
    RequestTimedOut
        "{client} got no answer from {node} in time"
        "{client} 未在时限内收到 {node} 的应答"
    Disconnected
        "{client} lost its connection to {node}"
        "{client} 与 {node} 的连接断开"
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::vocabulary::{NodeId as Server, NodeSet, TopicTag, Tp};
    use crate::lab::text::template::names;
    use crate::lab::text::tests::Plain;
    use std::collections::BTreeSet;

    fn said(note: Note, lang: Lang) -> String {
        sentence(&note, NodeId(4), &Plain, lang)
    }

    #[test]
    fn every_kind_has_one_sentence_in_each_language() {
        for kind in NoteKind::ALL {
            let entries = NOTES.iter().filter(|(known, _)| known == kind);
            assert_eq!(entries.count(), 1, "{}", kind.name());
        }
        assert_eq!(NOTES.len(), NoteKind::ALL.len());
    }

    #[test]
    fn placeholders_are_fields_and_both_languages_use_the_same() {
        for (kind, text) in NOTES {
            let [en, zh] =
                [text.en, text.zh].map(|t| names(t).into_iter().collect::<BTreeSet<_>>());
            for name in en.union(&zh).filter(|name| *name != "me") {
                let fields = kind.fields();
                assert!(fields.contains(&name.as_str()), "{}: {name}", kind.name());
            }
            let of_note = |names: &BTreeSet<String>| {
                names
                    .iter()
                    .filter(|name| *name != "me")
                    .cloned()
                    .collect::<Vec<_>>()
            };
            assert_eq!(of_note(&en), of_note(&zh), "{}", kind.name());
            assert!(text.zh.chars().any(|c| c > '\u{2e7f}'), "{}", kind.name());
        }
    }

    #[test]
    fn sentences_read_well() {
        let tp = Tp {
            topic: TopicTag(1),
            partition: 0,
        };
        let appended = Note::Appended {
            partition: tp,
            base: 7,
            last: 9,
            epoch: 4,
        };
        assert_eq!(
            said(appended, Lang::En),
            "m4 (leader) appended offsets 7..9 of orders-0 in epoch 4"
        );
        let elected = |leader, unclean| Note::LeaderElected {
            partition: tp,
            leader: Server(leader),
            epoch: 4,
            unclean,
        };
        assert_eq!(
            said(elected(1, false), Lang::En),
            "b1 was elected leader of orders-0: leader epoch 4"
        );
        assert_eq!(
            said(elected(1, true), Lang::En),
            "b1 was elected leader of orders-0 uncleanly: leader epoch 4"
        );
        assert_eq!(
            said(elected(-1, false), Lang::En),
            "orders-0 lost its leader: leader epoch 4"
        );
        let isr = Note::IsrChanged {
            partition: tp,
            isr: NodeSet::of(&[2, 1]),
            partition_epoch: 3,
        };
        assert_eq!(
            said(isr, Lang::Zh),
            "orders-0 的 ISR 现在是 b1 b2（partition epoch 3）"
        );
        let elr = Note::ElrChanged {
            partition: tp,
            elr: NodeSet::default(),
        };
        assert_eq!(said(elr, Lang::Zh), "orders-0 的 ELR 现在是 无");
        let answered = |error| Note::ProduceAnswered {
            partition: tp,
            base: 7,
            last: 7,
            error,
            acks: -1,
        };
        assert_eq!(
            said(answered(ErrorCode::NONE), Lang::En),
            "m4 answers a Produce to orders-0 (acks=all): offset 7 acknowledged"
        );
        assert_eq!(
            said(
                answered(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
                Lang::En
            ),
            "m4 answers a Produce to orders-0 (acks=all): NOT_ENOUGH_REPLICAS_AFTER_APPEND"
        );
    }
}
