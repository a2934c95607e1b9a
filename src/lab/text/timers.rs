//! What each timer is for.

use super::lang::{Both, both};
use crate::kafka::vocabulary::{
    BrokerTimer, ClientTimer, ControllerTimer, RaftTimer, ReplicaTimer, Timer,
};

/// What is due when the timer rings.
pub fn timer_phrase(timer: Timer) -> Both {
    match timer {
        Timer::Raft(timer) => raft(timer),
        Timer::Controller(timer) => controller(timer),
        Timer::Broker(timer) => broker(timer),
        Timer::Replica(timer) => replica(timer),
        Timer::Client(_, timer) => client(timer),
    }
}

fn raft(timer: RaftTimer) -> Both {
    match timer {
        RaftTimer::State => both(
            "an election, fetch or resign timeout of the quorum",
            "quorum 的选举、拉取或退位超时",
        ),
        RaftTimer::CheckQuorum => both(
            "the quorum leader must have heard from a majority",
            "quorum leader 此刻必须已有多数派的消息",
        ),
        RaftTimer::BeginQuorumEpoch => both(
            "BeginQuorumEpoch is to be sent again",
            "重发 BeginQuorumEpoch",
        ),
        RaftTimer::AppendLinger => both(
            "metadata records have lingered long enough",
            "元数据记录的 linger 已到",
        ),
        RaftTimer::ParkedFetch(_) => both(
            "a parked fetch of metadata is to be answered",
            "应答被留住的元数据 fetch",
        ),
        RaftTimer::Request => both(
            "a request of the quorum has had no answer, or its back-off is over",
            "quorum 请求无应答，或退避结束",
        ),
        RaftTimer::Fetch => both("the next fetch of metadata", "下一次元数据 fetch"),
    }
}

fn controller(timer: ControllerTimer) -> Both {
    match timer {
        ControllerTimer::Session => both("a broker's session ends", "某个 broker 的会话到期"),
        ControllerTimer::NoOp => both("a no-op record of the controller", "控制器的 no-op 记录"),
        ControllerTimer::Balance => both("preferred leaders are to be balanced", "平衡首选领导者"),
        ControllerTimer::UncleanElection => {
            both("unclean elections are tried again", "再次尝试 unclean 选举")
        }
        ControllerTimer::Registration => both("the controller registers", "控制器注册"),
    }
}

fn broker(timer: BrokerTimer) -> Both {
    match timer {
        BrokerTimer::Registration => {
            both("the broker registers, or tries again", "broker 注册或重试")
        }
        BrokerTimer::Heartbeat => both("the next heartbeat", "下一次心跳"),
        BrokerTimer::ControllerChannel => both(
            "a request to the controller has had no answer, or its back-off is over",
            "发给控制器的请求无应答，或退避结束",
        ),
        BrokerTimer::RegistrationTimeout => {
            both("the first registration took too long", "首次注册超时")
        }
    }
}

fn replica(timer: ReplicaTimer) -> Both {
    match timer {
        ReplicaTimer::Delayed(_) => both("a delayed request expires", "被延迟的请求到期"),
        ReplicaTimer::IsrShrink => both(
            "look for followers that lag (replica.lag.time.max.ms)",
            "检查落后的跟随者（replica.lag.time.max.ms）",
        ),
        ReplicaTimer::Fetcher(_) => both("a replica fetcher tries again", "副本拉取线程重试"),
        ReplicaTimer::FetcherRequest => both("a fetch has had no answer", "fetch 无应答"),
        ReplicaTimer::HighWatermarkCheckpoint => {
            both("high watermarks are written down", "写下高水位 checkpoint")
        }
        ReplicaTimer::RecoveryPointCheckpoint => {
            both("recovery points are written down", "写下恢复点 checkpoint")
        }
        ReplicaTimer::LogStartCheckpoint => both(
            "log start offsets are written down",
            "写下日志起点 checkpoint",
        ),
        ReplicaTimer::Retention => both(
            "look for segments past their retention",
            "检查超过保留期的 segment",
        ),
        ReplicaTimer::FileDelete => both(
            "files of deleted segments are removed",
            "清除已删除 segment 的文件",
        ),
        ReplicaTimer::ProducerExpiration => both(
            "producers long idle are forgotten",
            "忘记长期空闲的 producer",
        ),
        ReplicaTimer::AlterPartition => both("AlterPartition is sent again", "重发 AlterPartition"),
    }
}

fn client(timer: ClientTimer) -> Both {
    match timer {
        ClientTimer::Sender => both(
            "the sender has something to do: linger, back-off, expiry",
            "发送线程有事可做：linger、退避或过期",
        ),
        ClientTimer::Network => both(
            "a request has had no answer, or a connection may be tried again",
            "请求无应答，或可以重新连接",
        ),
        ClientTimer::Application => both("the application goes on", "应用程序继续"),
        ClientTimer::Call(_) => both(
            "a call of the application runs out of time",
            "应用的调用超时",
        ),
        ClientTimer::Metadata => both("metadata is old", "元数据过期"),
    }
}
