use super::*;
use crate::lab::scenario::run::{Options, run};
use crate::lab::scenario::{ACTIONS, Code, Scenario, action_word, library};
use std::collections::BTreeSet;

/// A scenario of the program, and the same without words for learners.
fn embedded(name: &str) -> (Scenario, Scenario) {
    let (_, source) = library::find(name).expect("it comes with the program");
    let file = parse(source).expect("it is right").main;
    let mut plain = file.clone();
    plain.tells.clear();
    plain.asks.clear();
    plain.steps.iter_mut().for_each(|step| step.note = None);
    (file, plain)
}

fn trace_hash(scenario: &Scenario) -> u64 {
    let finished = run("main", scenario, &Options::default(), &mut |_| {});
    finished.report.trace_hash
}

fn assert_same(name: &str, draft: &Draft) {
    let (file, plain) = embedded(name);
    let built = draft.build().expect("it is right");
    assert_eq!(built, plain);
    assert_eq!(trace_hash(&built), trace_hash(&file));
}

fn lesson(seed: u64, en: &str, zh: &str, cluster: Cluster) -> Draft {
    let lesson = scenario(text(en, zh)).seed(seed).cluster(cluster);
    let lesson = lesson.network(all_links().latency("1ms..3ms"));
    lesson.client(producer("p1").config("acks", "all"))
}

fn orders() -> Topic {
    let topic = topic("orders").partitions(1).replication(3);
    topic.place(0, ["broker-0", "broker-1", "broker-2"])
}

fn to_orders(value: &str) -> Send {
    records("p1", "orders").partition(0).value(value)
}

fn on_orders(name: &str) -> Table {
    note(name).with("partition", "orders-0")
}

#[test]
fn followers_pull() {
    let cluster = brokers(3).controllers(3);
    let cluster = cluster.config("replica.lag.time.max.ms", 3_000);
    let held = message("Fetch").with("from", "broker-2");
    let shrunk = || on_orders("IsrChanged").with("isr", ["broker-0", "broker-1"]);
    let copied = on_orders("Replicated").with("on", "broker-2");
    let back = on_orders("IsrChanged").with("isr", ["broker-0", "broker-1", "broker-2"]);
    let two = "orders-0.leo == 2 and orders-0.hw == 1 and producer.p1.acked == 1";
    let draft = lesson(6, "Followers pull", "副本主动拉取", cluster)
        .topic(orders())
        .step(at("500ms").id("first").send(to_orders("first")).mark())
        .step(at("2s").id("hold").hold(held.with("to", "broker-0")).mark())
        .step(at("3s").id("second").send(to_orders("second")))
        .step(at("10s").id("release").release("hold").mark())
        .expect(always("acked-not-lost").id("no-loss"))
        .expect(holds_at("4s", two).id("waits-for-the-isr"))
        .expect(within("6s", "second", "orders-0.isr == [broker-0, broker-1]").id("shrinks"))
        .expect(
            holds_at("9900ms", "orders-0.hw == 2 and producer.p1.acked == 2").id("then-answers"),
        )
        .expect(in_order([shrunk(), copied.with("base", 1), back]).id("comes-back"))
        .expect(
            finally("size(orders-0.isr) == 3 and orders-0@broker-2.log == orders-0@broker-0.log")
                .id("same-logs"),
        )
        .end(ends_at("20s"));
    assert_same("06-followers-pull", &draft);
}

#[test]
fn the_leader_dies() {
    let cluster = brokers(3).controllers(3);
    let cluster = cluster.config("broker.session.timeout.ms", 9_000);
    let elected = on_orders("LeaderElected").with("leader", "broker-1");
    let elected = elected.with("epoch", 1).with("unclean", false);
    let answer = note("RecordAcknowledged").with("client", "p1");
    let cut_back = on_orders("LogTruncated").with("on", "broker-0");
    let draft = lesson(12, "acks 0, 1 and all", "acks 0、1 与 all", cluster)
        .topic(orders().config("min.insync.replicas", 2))
        .step(
            at("280ms")
                .id("send")
                .send(to_orders("rec-{n}").count(10).every("500ms")),
        )
        .step(
            at("3100ms")
                .id("cut")
                .mark()
                .cut_one_way(["broker-0"], ["broker-1", "broker-2"]),
        )
        .step(
            when("orders-0@broker-0.leo == 7")
                .wait("20ms")
                .id("trap")
                .mark()
                .focus("orders-0")
                .crash("broker-0"),
        )
        .step(after_by("trap", "1s").id("heal").heal("cut"))
        .step(after_by("trap", "17s").id("back").start("broker-0").mark())
        .expect(always("acked-not-lost").with_acks_1().id("no-loss"))
        .expect(within("12s", "trap", "orders-0.leader == broker-1").id("fails-over"))
        .expect(
            finally("orders-0.leader_epoch == 1 and orders-0.epoch_start == 6")
                .id("epoch-starts-without-it"),
        )
        .expect(in_order([elected, answer.with("send", 6).with("offset", 6)]).id("answer"))
        .expect(count(cut_back.with("from", 7).with("to", 6), "== 1").id("old-copy-is-cut"))
        .expect(finally("producer.p1.acked == 10 and producer.p1.failed == 0").id("told"))
        .expect(
            finally(
                "orders-0.hw == 10 and orders-0:6.value == rec-6 and orders-0:9.value == rec-9",
            )
            .id("stored"),
        )
        .expect(
            finally("size(orders-0.isr) == 3 and orders-0@broker-0.log == orders-0@broker-1.log")
                .id("same-logs"),
        )
        .end(ends_at("40s"));
    assert_same("12-acks", &draft);
}

#[test]
fn an_unclean_election() {
    let topic = topic("orders")
        .partitions(1)
        .replication(2)
        .place(0, ["broker-0", "broker-1"]);
    let topic = topic.config("min.insync.replicas", 1);
    let sends = |value: &str, count: u32| to_orders(value).count(count).every("20ms");
    let elected = on_orders("LeaderElected").with("leader", "broker-1");
    let cut_back = on_orders("LogTruncated").with("on", "broker-0");
    let cluster = brokers(2).controllers(3);
    let draft = lesson(19, "Unclean election", "不干净的选举", cluster)
        .topic(topic.config("unclean.leader.election.enable", true))
        .step(at("500ms").id("together").send(sends("both-{n}", 20)))
        .step(at("2s").id("freeze").pause("broker-1").mark())
        .step(
            when("orders-0.isr == [broker-0]")
                .id("alone")
                .wait("100ms")
                .send(sends("alone-{n}", 10)),
        )
        .step(
            after_by("alone", "2s")
                .id("kill")
                .crash("broker-0")
                .mark()
                .focus("orders-0"),
        )
        .step(after_by("kill", "2s").id("thaw").resume("broker-1"))
        .step(
            when("orders-0.leader_epoch >= 1 and orders-0.leader != none")
                .id("afterwards")
                .wait("1s")
                .send(sends("after-{n}", 5)),
        )
        .step(after_by("kill", "25s").id("back").start("broker-0").mark())
        .expect(always("acked-not-lost").id("no-loss").fails())
        .expect(sometimes("producer.p1.acked == 30").id("all-promised"))
        .expect(count(elected.with("unclean", true), "== 1").id("unclean"))
        .expect(never("orders-0.leader == none and orders-0.leader_epoch >= 1").id("leaderless"))
        .expect(
            finally(
                "orders-0.hw == 25 and orders-0:19.value == both-19 and \
                 orders-0:20.value == after-0",
            )
            .id("stored"),
        )
        .expect(count(cut_back.with("from", 30).with("to", 20), "== 1").id("old-leader-follows"))
        .expect(
            finally("size(orders-0.isr) == 2 and orders-0@broker-0.log == orders-0@broker-1.log")
                .id("same-logs"),
        )
        .end(ends_at("70s"));
    assert_same("19-unclean", &draft);
}

/// One step for each action.
fn all_actions() -> Vec<Step> {
    let step = || at("1s");
    let fetches = || message("Fetch").with("to", "broker-0");
    vec![
        step()
            .id("all")
            .send(records("p1", "orders").key("k").every("1ms").count(2)),
        step().send(records("p1", "orders").tombstone()),
        step().load("p1", "orders", "100/s", "2s", 100),
        step().poll("c1"),
        step().flush("p1"),
        step().close("c1"),
        step().assign("c1", ["orders-0"]),
        step().seek("c1", "orders-0", "begin"),
        step().seek("c1", "orders-0", 7),
        step().pause_fetch("c1", ["orders-0"]),
        step().resume_fetch("c1", ["orders-0"]),
        step().create_topic(topic("late").partitions(2).config("retention.ms", -1)),
        step().delete_topic("orders"),
        step().elect("orders-0", "unclean"),
        step().add_broker(
            node("broker-9")
                .id(9)
                .rack("r1")
                .config("num.partitions", 2),
        ),
        step().crash(leader("orders-0")),
        step().stop(follower("orders-0", 2)),
        step().start("all brokers"),
        step().start_wiped("broker-0"),
        step().pause(active_controller()),
        step().resume(["broker-0", "controller-0"]),
        step().power_off("broker-1", "torn"),
        step().slow("broker-1", 10),
        step().slow_each("broker-1", "5ms"),
        step().disk_full("broker-1", true),
        step().disk_slow("broker-1", "1s"),
        step().disk_corrupt("broker-1", "orders-0", 70, 8),
        step().clock_jump("broker-1", "-30s"),
        step().clock_drift("broker-1", 100),
        step()
            .id("cut")
            .cut("broker-0", "all controllers")
            .every("1s")
            .times(2),
        step().cut_one_way("broker-0", "p1").every("1s").until("5s"),
        step().heal("cut"),
        step().heal("all"),
        step().link(
            link("broker-0", "all brokers")
                .both_ways()
                .loss("5%")
                .bandwidth("1MiB/s"),
        ),
        step().id("hold").hold(fetches().with("for", "5ms")),
        step().release("hold"),
        step().drop(fetches()),
        when(fetches()).optional().duplicate(true),
        step().random(
            vec![drawn().crash("broker-0"), drawn().heal("all")],
            4,
            "1s",
        ),
        step().delay(fetches().with("for", "5ms")),
    ]
}

#[test]
fn every_action_of_the_language_can_be_built() {
    let mut draft = scenario("Everything")
        .cluster(brokers(3).wire_roundtrip().semantics("truncation", "hw"))
        .node(node("broker-2").roles("combined").rack("r1"))
        .topic(topic("orders").partitions(1).replication(3))
        .link(
            link("broker-0", "broker-1")
                .latency("1ms..2ms")
                .duplicate("1%")
                .reorder("1%"),
        )
        .free_of_cost()
        .client(producer("p1").client("sarama"))
        .client(consumer("c1", ["orders-0"]).polls_by_steps().process("1ms"))
        .tell(after("all"), text("All is sent.", "全部已发送。"))
        .end(ends_when("producer.p1.acked == 3").settle("10s").restart());
    for step in all_actions() {
        draft = draft.step(step);
    }
    // An even quorum is unwise and no error.
    let built = draft.build().expect("it is right");
    let actions = built.steps.iter().filter_map(|step| step.action.as_ref());
    let words: BTreeSet<&str> = actions
        .map(|action| action_word(&built, &action.it))
        .collect();
    let known = ACTIONS.iter().filter(|row| row.is_built());
    assert_eq!(words, known.map(|row| row.word).collect());
}

#[test]
fn what_is_wrong_is_said_as_of_a_file() {
    // One key twice in a step.
    let draft = scenario("Wrong")
        .cluster(brokers(1))
        .step(at("1s").crash("broker-0").crash("broker-0"));
    let error = draft.build().expect_err("it is wrong");
    assert!(error.problems.iter().any(|p| p.code == Code::Syntax));
    assert!(error.to_string().contains("crash"), "{error}");
    let draft = scenario("Wrong")
        .cluster(brokers(1).config("no.such.config", 1))
        .topic(topic("orders").replication(3))
        .step(at("soon").crash("broker-7").mark());
    let error = draft.build().expect_err("it is wrong");
    let codes: BTreeSet<Code> = error.problems.iter().map(|problem| problem.code).collect();
    for code in [
        Code::UnknownConfig,
        Code::TooManyReplicas,
        Code::BadDuration,
        Code::UnknownNode,
    ] {
        assert!(codes.contains(&code), "{code:?} is not in {codes:?}");
    }
}

#[test]
fn no_text_gets_out_of_its_quotes() {
    let nasty = "\"]\n[[step]]\n\\ \u{1b}[31m \u{0}\u{7f} 分区";
    let draft = scenario(nasty.replace(['{', '}'], ""))
        .cluster(brokers(1))
        .topic(topic("orders"))
        .client(producer("p1"))
        .step(at("1s").send(records("p1", "orders").value(nasty)));
    let built = draft.build().expect("a value may be anything");
    assert_eq!(built.steps.len(), 1);
    let error = scenario("x")
        .cluster(brokers(1).config(nasty, nasty))
        .build();
    let error = error.expect_err("there is no such config");
    assert!(
        error.problems.iter().all(|p| p.code == Code::UnknownConfig),
        "{error}"
    );
}
