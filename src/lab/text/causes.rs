//! Why something is so, in sentences. Placeholders are named values; an empty value is no value.
//!
//! `{at}` is a time for texts that stand alone; where a line shows its own time it is empty.

use super::lang::{Both, both};

macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident $en:literal $zh:literal)*) => {
        $($(#[$doc])* pub const $name: Both = both($en, $zh);)*

        /// Every sentence, by name.
        #[cfg(test)]
        const ALL: &[(&str, Both)] = &[$((stringify!($name), $name),)*];
    };
}

sentences! {
    // What became of a record: shared by the verdict of a run and by `why`.

    /// A leader appended, with acks=0.
    APPENDED
        "{node} appended it in leader epoch {epoch}"
        "{node} 在 leader 纪元 {epoch} 写入了它"
    /// A leader's promise.
    PROMISED
        "{node} acknowledged it{at? at {at}} with acks={acks}"
        "{node} {at?在 {at} }以 acks={acks} 应答了它"
    /// Who else had it: nobody.
    NO_COPY
        "no follower had fetched it"
        "没有副本拉取过它"
    /// Who else had it.
    COPIES
        "only {nodes} had fetched it"
        "只有 {nodes} 拉取过它"
    /// The leader's process ended.
    CRASHED
        "{node} crashed{at? at {at}}"
        "{node} {at?在 {at} }崩溃"
    /// The leader's machine ended.
    LOST_POWER
        "{node} lost power{at? at {at}}"
        "{node} {at?在 {at} }断电"
    /// The leader stood still.
    WAS_PAUSED
        "{node} was paused{at? at {at}}"
        "{node} {at?在 {at} }被暂停"
    /// Who led next, and with how much of the log.
    TOOK_OVER
        "{node} took over{unclean? by an unclean election} in leader epoch {epoch}{at? at {at}} with a log that ended at {start}"
        "{node} {at?在 {at} }{unclean?由 unclean 选举}接任，leader 纪元 {epoch}，它的日志到 {start} 为止"
    /// A copy went.
    CUT
        "{node} cut its log from {from} to {to}{at? at {at}}"
        "{node} {at?在 {at} }把日志从 {from} 截断到 {to}"
    /// acks=0: nobody was there.
    SENT_TO_NOBODY
        "it was sent{at? at {at}} when {node} was down since {since}; acks=0 hears no answer and does not send again"
        "它{at?在 {at} }发出时 {node} 从 {since} 起就已倒下；acks=0 听不到应答，也不会重发"
    /// acks=0: it never arrived.
    DIED_ON_ITS_WAY
        "it died on its way to the leader; acks=0 hears no answer and does not send again"
        "它在去领导者的路上丢失；acks=0 听不到应答，也不会重发"
    /// The topic was deleted.
    TOPIC_GONE
        "its topic is gone"
        "它的 topic 已不存在"
    /// No append is known.
    NOBODY_APPENDED
        "no leader is known to have appended it"
        "没有哪个领导者写入过它的记载"

    // What is asked and answered about a record.

    /// The answer: lost.
    IS_LOST
        "{record} of {producer} was acknowledged at {place} and is lost: in the end the log does not hold it"
        "{producer} 的 {record} 在 {place} 得到过应答，却丢失了：最后的日志里没有它"
    /// The answer: lost with acks=0.
    IS_LOST_UNPROMISED
        "{record} of {producer} is lost: in the end the log does not hold it. acks=0 had promised nothing"
        "{producer} 的 {record} 丢失了：最后的日志里没有它。acks=0 没有承诺过什么"
    /// The answer: kept.
    IS_KEPT
        "{record} of {producer} is not lost: it was acknowledged and stands at {place}"
        "{producer} 的 {record} 没有丢失：它得到了应答，位于 {place}"
    /// The answer: not acknowledged, in the log all the same.
    IS_WRITTEN
        "{record} of {producer} was not acknowledged ({why}), and is in the log all the same"
        "{producer} 的 {record} 没有得到应答（{why}），但仍在日志中"
    /// The answer: never promised, not there.
    IS_REFUSED
        "{record} of {producer} was not acknowledged and is not in the log: {why}"
        "{producer} 的 {record} 没有得到应答，也不在日志中：{why}"
    /// The answer: retention.
    IS_EXPIRED
        "{record} of {producer} was acknowledged, and retention has deleted it"
        "{producer} 的 {record} 得到过应答，后来按保留策略删除"
    /// The answer: acknowledged after all.
    IS_ACKED
        "{record} of {producer} was acknowledged at {at}, {waited} after it was sent"
        "{producer} 的 {record} 在 {at} 得到应答，距发送 {waited}"
    /// The answer with acks=0.
    IS_HANDED_OVER
        "{record} of {producer} was sent with acks=0: no broker ever answers, it counts as done when it has left"
        "{producer} 的 {record} 以 acks=0 发送：broker 从不应答，发出即算完成"
    /// The answer: it failed.
    IS_FAILED
        "{record} of {producer} was given up at {at}: {why}"
        "{producer} 的 {record} 在 {at} 被放弃：{why}"
    /// The answer: nothing was heard.
    IS_PENDING
        "{record} of {producer} has no answer: it was sent at {at}, and the run ended before one came"
        "{producer} 的 {record} 没有应答：它在 {at} 发出，到运行结束也没有等到"
    /// The answer: stands twice.
    IS_TWICE
        "{record} of {producer} is in the log {count} times: {places}"
        "{producer} 的 {record} 在日志中出现 {count} 次：{places}"
    /// The answer: stands once.
    IS_ONCE
        "{record} of {producer} is in the log once, at {places}; it was sent {count} time(s)"
        "{producer} 的 {record} 在日志中只有一份，位于 {places}；共发送 {count} 次"
    /// The answer: stands nowhere.
    IS_NOWHERE
        "{record} of {producer} is not in the log at all; it was sent {count} time(s)"
        "{producer} 的 {record} 根本不在日志中；共发送 {count} 次"
    /// The answer: read.
    IS_SEEN
        "{record} of {producer} was read by {nodes} at {at}"
        "{producer} 的 {record} 在 {at} 被 {nodes} 读到"
    /// The answer: nobody reads.
    NOBODY_READS
        "no consumer of the scenario reads {topic}"
        "场景中没有消费者读取 {topic}"
    /// The answer: behind the high watermark or gone.
    IS_UNSEEN
        "no consumer got {record} of {producer}"
        "没有消费者读到 {producer} 的 {record}"
    /// Why unseen: not in the log.
    NOT_IN_LOG
        "it is not in the log below the high watermark: {why}"
        "它不在高水位以下的日志中：{why}"
    /// Why unseen: the position.
    POSITION
        "{node} stands at offset {position} of {partition} in the end; the record is at {offset}"
        "{node} 最后停在 {partition} 的 offset {position}；该记录在 {offset}"

    // Steps of a record's way.

    /// The application calls.
    SENT
        "the application of {producer} sent {record} to {topic}"
        "{producer} 的应用把 {record} 发往 {topic}"
    /// What arrived where.
    ARRIVED
        "the request arrived at {node}"
        "请求到达 {node}"
    /// What did not arrive.
    NEVER_ARRIVED
        "the request to {node} died: {why}"
        "发往 {node} 的请求丢失：{why}"
    /// An answer that died.
    ANSWER_DIED
        "the answer of {node} died on its way back: {why}"
        "{node} 的应答在返回途中丢失：{why}"
    /// acks=1.
    WORD_OF_ONE
        "with acks=1 the leader alone answers, before any follower has the record"
        "acks=1 时只有领导者应答，不等任何副本拿到记录"
    /// acks=0.
    WORD_OF_NOBODY
        "with acks=0 nobody answers, and the producer does not send again"
        "acks=0 时无人应答，生产者也不会重发"
    /// acks=all, one in-sync replica.
    WORD_OF_ALONE
        "acks=all waits for the in-sync replicas, and {partition} had only {nodes} in sync; min.insync.replicas = {min} let that pass"
        "acks=all 等的是同步副本，而 {partition} 的 ISR 只剩 {nodes}；min.insync.replicas = {min} 允许这样"
    /// Idempotence off.
    NOT_IDEMPOTENT
        "without enable.idempotence a broker can not recognise a batch that is sent again"
        "没有 enable.idempotence，broker 无法认出重发的批次"
    /// Idempotence on.
    IDEMPOTENT
        "with enable.idempotence a leader recognises the sequence number of a batch that is sent again"
        "有 enable.idempotence 时，领导者能认出重发批次的序列号"

    // High watermarks.

    /// The answer.
    HW_IS
        "the high watermark of {partition} is {value} on {node}, its leader, whose log ends at {end}: it is the smallest log end that the leader knows of among the in-sync replicas {nodes}"
        "{partition} 的高水位在领导者 {node} 上是 {value}，其日志到 {end} 为止：高水位是领导者所知的同步副本 {nodes} 中最小的日志末端"
    /// The answer: nothing is left to commit.
    HW_IS_END
        "the high watermark of {partition} is {value} because the log of {node}, its leader, ends there and every in-sync replica ({nodes}) has asked for what follows"
        "{partition} 的高水位是 {value}：领导者 {node} 的日志到此为止，每个同步副本（{nodes}）都已请求其后的数据"
    /// The answer: too few in sync.
    HW_GATED
        "the high watermark of {partition} stays at {value} on {node}: only {nodes} in sync, fewer than min.insync.replicas = {min}"
        "{partition} 的高水位在 {node} 上停在 {value}：同步的只有 {nodes}，少于 min.insync.replicas = {min}"
    /// The answer: nobody leads.
    HW_NO_LEADER
        "{partition} has no leader at work at this moment, so that its high watermark can not move"
        "此刻 {partition} 没有在工作的领导者，高水位不会移动"
    /// The answer: a value that it never had.
    HW_NEVER
        "the high watermark of {partition} was never {value}; it went from {from} to {to}"
        "{partition} 的高水位从未是 {value}；它从 {from} 走到 {to}"
    /// When it holds.
    HW_WHILE
        "it was {value} from {from} to {to}"
        "它从 {from} 到 {to} 一直是 {value}"
    /// Who holds it back.
    KNOWN_END
        "the last that {leader} heard of {node} is a fetch from offset {offset}: as far as the leader knows, its log ends there"
        "{leader} 最后一次听到 {node} 是从 offset {offset} 的拉取：就领导者所知，它的日志到此为止"
    /// A follower that never asked.
    NEVER_FETCHED
        "{node} has not fetched from {leader} in this leader epoch"
        "{node} 在这个 leader 纪元里还没有向 {leader} 拉取过"
    /// It has more than the leader knows.
    HOLDS_MORE
        "{node} holds offset {offset} since then, but {leader} learns that only from its next fetch"
        "{node} 从这时起已有 offset {offset}，但 {leader} 要等它下一次拉取才知道"
    /// What the leader has beyond it.
    NOT_COMMITTED
        "{node} appended {base..last}: written by the leader, not yet committed"
        "{node} 写入 {base..last}：领导者已写，但尚未提交"
    /// What moved it next.
    MOVED_ON
        "it moved on to {value} on {node}"
        "它在 {node} 上前进到 {value}"

    // Elections and in-sync replicas.

    /// The answer.
    LEADS_BECAUSE
        "{node} became leader of {partition} in epoch {epoch} because {old} could lead no longer, and {node} is the first of the replicas {replicas} that was in sync and alive"
        "{node} 在纪元 {epoch} 成为 {partition} 的领导者：{old} 不能再领导，而 {node} 是副本 {replicas} 中第一个在 ISR 且存活的"
    /// The answer: unclean.
    LEADS_UNCLEAN
        "{node} became leader of {partition} in epoch {epoch} although it was not in sync: no in-sync replica was alive, and unclean.leader.election.enable allows any replica"
        "{node} 在纪元 {epoch} 成为 {partition} 的领导者，尽管它不在 ISR：没有存活的同步副本，而 unclean.leader.election.enable 允许任何副本"
    /// The answer: at creation.
    LEADS_FIRST
        "{node} leads {partition} in epoch {epoch} since the topic was created: it is the first of the replicas {replicas}"
        "{node} 自 topic 创建起在纪元 {epoch} 领导 {partition}：它是副本 {replicas} 中的第一个"
    /// The answer: a wish or the balance.
    LEADS_PREFERRED
        "{node} became leader of {partition} in epoch {epoch} because it is the preferred replica, the first of {replicas}, and in sync"
        "{node} 在纪元 {epoch} 成为 {partition} 的领导者：它是首选副本（{replicas} 中的第一个）且在 ISR"
    /// The answer: it came back.
    LEADS_BACK
        "{node} became leader of {partition} in epoch {epoch}: the partition had no leader, and {node}, which may lead, came back"
        "{node} 在纪元 {epoch} 成为 {partition} 的领导者：分区没有领导者，而可以领导的 {node} 回来了"
    /// The answer: nobody.
    LEADS_NOBODY
        "{partition} has no leader in epoch {epoch}: {old} could lead no longer, and no replica that is alive was in sync"
        "{partition} 在纪元 {epoch} 没有领导者：{old} 不能再领导，而存活的副本都不在 ISR"
    /// The answer: no such election.
    NEVER_LED
        "{node} never became leader of {partition}"
        "{node} 从未成为 {partition} 的领导者"
    /// The answer: never left.
    NEVER_LEFT_ISR
        "{node} never left the ISR of {partition}"
        "{node} 从未离开 {partition} 的 ISR"
    /// The answer: not a replica.
    NO_REPLICA
        "{node} holds no replica of {partition}"
        "{node} 没有 {partition} 的副本"
    /// The answer: too slow.
    LEFT_BEHIND
        "{node} left the ISR of {partition} because it had not been caught up with {leader} for replica.lag.time.max.ms = {limit}"
        "{node} 离开 {partition} 的 ISR：它已超过 replica.lag.time.max.ms = {limit} 没有追上 {leader}"
    /// The answer: fenced.
    LEFT_FENCED
        "{node} left the ISR of {partition} because the controller fenced it: no heartbeat for broker.session.timeout.ms = {limit}"
        "{node} 离开 {partition} 的 ISR：控制器隔离了它，因为超过 broker.session.timeout.ms = {limit} 没有心跳"
    /// The answer: shutdown.
    LEFT_STOPPING
        "{node} left the ISR of {partition} because it was being stopped"
        "{node} 离开 {partition} 的 ISR：它正在停止"
    /// The answer: an unclean leader knows nobody.
    LEFT_ELECTION
        "{node} left the ISR of {partition} with the election of {leader}, which begins with an ISR of its own"
        "{node} 在 {leader} 当选时离开 {partition} 的 ISR：新领导者从只有自己的 ISR 开始"
    /// Since when it is back.
    BACK_IN_ISR
        "{node} is in the ISR again"
        "{node} 重新进入 ISR"
    /// The last heartbeat.
    LAST_HEARTBEAT
        "the last heartbeat of {node} that {leader} answered"
        "{leader} 最后一次应答 {node} 的心跳"
    /// The session.
    SESSION
        "a broker that is silent for broker.session.timeout.ms = {limit} is fenced"
        "沉默超过 broker.session.timeout.ms = {limit} 的 broker 会被隔离"
    /// The lag.
    LAG
        "a follower that is not caught up for replica.lag.time.max.ms = {limit} leaves the ISR"
        "超过 replica.lag.time.max.ms = {limit} 没有追上的副本会离开 ISR"
    /// The unclean setting.
    UNCLEAN_ALLOWED
        "unclean.leader.election.enable = true: a replica that is behind may lead when no in-sync replica is alive"
        "unclean.leader.election.enable = true：没有存活的同步副本时，落后的副本也可以领导"

    // What would have been.

    /// A fault of the scenario.
    FAULT
        "{name} ({what})"
        "{name}（{what}）"
    /// Without a fault.
    WITHOUT
        "without {name}{step? at step {step}}: {outcome}"
        "没有 {name}{step?（步 {step}）}：{outcome}"
    /// With another setting.
    INSTEAD
        "with {key} = {value} instead of {old}: {outcome}"
        "若 {key} = {value}（而不是 {old}）：{outcome}"
    /// It could not be tried.
    UNTRIED
        "it could not be tried: {why}"
        "无法试验：{why}"
    /// An outcome of a record.
    O_KEPT
        "{record} is kept at {place}"
        "{record} 保留在 {place}"
    /// An outcome of a record.
    O_LOST
        "{record} is lost all the same"
        "{record} 还是丢失"
    /// An outcome of a record.
    O_UNKNOWN
        "{record} is not sent at all"
        "{record} 根本没有发出"
    /// An outcome of a record.
    O_WRITTEN
        "{record} is in the log, but was never acknowledged"
        "{record} 在日志中，但从未得到应答"
    /// An outcome of a record.
    O_REFUSED
        "{record} is neither acknowledged nor in the log, so that the producer knows"
        "{record} 既没有应答也不在日志中，生产者知道这一点"
    /// An outcome of a record.
    O_ACKED
        "{record} is acknowledged after {waited}"
        "{record} 在 {waited} 后得到应答"
    /// An outcome of a record.
    O_UNACKED
        "{record} is not acknowledged either"
        "{record} 同样没有应答"
    /// An outcome of a record.
    O_COPIES
        "{record} is in the log {count} time(s)"
        "{record} 在日志中出现 {count} 次"
    /// An outcome of a record.
    O_SEEN
        "{record} is read at {at}"
        "{record} 在 {at} 被读到"
    /// An outcome of a record.
    O_UNSEEN
        "{record} is not read either"
        "{record} 同样没有被读到"
    /// An outcome of a partition.
    O_HW
        "the high watermark is {value} at {at}"
        "在 {at} 高水位是 {value}"
    /// An outcome of a partition.
    O_LEADER
        "the leader is {node} at {at}"
        "在 {at} 领导者是 {node}"
    /// An outcome of a partition.
    O_ISR
        "the ISR is {nodes} at {at}"
        "在 {at} ISR 是 {nodes}"
    /// Nobody or nothing.
    NONE
        "none"
        "无"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::text::Lang;
    use crate::lab::text::template::names;
    use std::collections::BTreeSet;

    #[test]
    fn both_languages_use_the_same_values() {
        for (name, text) in ALL {
            let used =
                |lang: Lang| -> BTreeSet<String> { names(text.of(lang)).into_iter().collect() };
            assert_eq!(used(Lang::En), used(Lang::Zh), "{name}");
        }
    }
}
