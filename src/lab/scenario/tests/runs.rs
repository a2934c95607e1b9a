//! What the words of the language do when a scenario runs.

use super::*;
use crate::lab::scenario::run::{Finished, Options, Report, run};

/// One broker, one topic, one producer; ends after two seconds.
const SMALL: &str = r#"format = 1
seed = 5
title = "small"

[cluster]
brokers = 1
controllers = 1

[[topic]]
name = "orders"
partitions = 1
replication = 1

[[producer]]
name = "p1"
config = { acks = "all" }

[[step]]
id = "send"
at = "100ms"
send = { from = "p1", topic = "orders", count = 6, every = "100ms" }
"#;

fn finished(text: &str, seed: Option<u64>) -> Finished {
    let source = format!("{SMALL}\n{text}\n");
    let parsed = match parse(&source) {
        Ok(parsed) => parsed,
        Err(problems) => panic!("{}", render(&problems, &source, "x.toml", false)),
    };
    let options = Options {
        seed,
        ..Options::default()
    };
    run("main", &parsed.main, &options, &mut |_| {})
}

fn report(text: &str) -> Report {
    finished(text, None).report
}

const END: &str = "[end]\nat = \"2s\"\n";

fn told(report: &Report) -> Vec<&str> {
    report.told.iter().map(|told| told.en.as_str()).collect()
}

#[test]
fn a_trigger_that_never_fires_tells_its_nearest_miss() {
    let cases = [
        (
            "when = \"orders-0.hw == 7\"",
            "orders-0.hw reached 6, never 7",
        ),
        (
            "when = \"7 < orders-0.hw\"",
            "orders-0.hw reached 6, never < 7",
        ),
        (
            "when = \"orders-0.leader == none\"",
            "orders-0.leader was broker-0, never none",
        ),
        (
            "when = \"orders-0.hw == 2 and orders-0.leo == 6\"",
            "each part was true once, never all at once",
        ),
        (
            "when = \"not orders-0.hw >= 0\"",
            "at the end orders-0.hw is 6",
        ),
        (
            "when = { note = \"HighWatermarkAdvanced\", partition = \"orders-0\", to = 9 }",
            "HighWatermarkAdvanced came with to = 6, never with 9",
        ),
        (
            "when = { note = \"TopicDeleted\" }",
            "no TopicDeleted was emitted",
        ),
        (
            "when = { note = \"RecordAcknowledged\", nth = 9 }",
            "RecordAcknowledged matched 6 times, not 9",
        ),
        ("when = { message = \"Vote\" }", "no Vote was delivered"),
        (
            "when = { message = \"Produce\", nth = 50 }",
            "Produce matched 6 times, not 50",
        ),
        ("at = \"3s\"", "it was due at 3s, after the end"),
    ];
    for (trigger, expected) in cases {
        let report = report(&format!(
            "{END}\n[[step]]\nid = \"x\"\n{trigger}\nmark = true"
        ));
        assert_eq!(report.unfired, [format!("x never fired: {expected}")]);
        assert!(!report.passed());
    }
    let chain = "[[step]]\nid = \"x\"\nwhen = \"orders-0.hw == 7\"\nmark = true\noptional = true\n\
                 [[step]]\nid = \"y\"\nafter = \"x\"\nmark = true";
    let report = report(&format!("{END}\n{chain}"));
    assert_eq!(
        report.unfired,
        ["y never fired: it comes after x, which never fired"]
    );
}

#[test]
fn an_end_that_never_comes_is_told() {
    let report = report("[end]\nwhen = \"orders-0.hw == 7\"");
    assert_eq!(
        report.unfired,
        ["the end never came: orders-0.hw reached 6, never 7"]
    );
    let reached = self::report("[end]\nwhen = \"orders-0.hw == 5\"");
    assert_eq!(reached.unfired, [""; 0]);
    assert!(reached.passed());
}

#[test]
fn what_was_never_seen_tells_its_nearest_miss() {
    let report = report(&format!(
        "{END}\n[[expect]]\nsometimes = \"orders-0.hw > 10\""
    ));
    let judged = &report.expectations[0];
    assert!(!judged.held);
    assert_eq!(
        judged.reason,
        "after no step; orders-0.hw reached 6, never > 10"
    );
}

#[test]
fn narration_and_questions_wait_for_messages_too() {
    let text = r#"
[[tell]]
when = { message = "Produce", nth = 2 }
text = "the second: {orders-0.leo}"

[[ask]]
before = { message = "ProduceResponse", count = 2 }
text = "and now?"
choose = [{ en = "a", right = true }, { en = "b", wrong = "no" }]
"#;
    let report = report(&format!("{END}{text}"));
    assert_eq!(told(&report), ["and now?", "the second: 1", "and now?"]);
}

#[test]
fn a_step_that_tampers_tells_its_note_and_sets_off_others() {
    let text = r#"
[[step]]
id = "held"
when = { message = "Produce", nth = 3 }
hold = true
note = "held"

[[step]]
after = { step = "held", wait = "500ms" }
release = "held"

[[expect]]
within = { of = "held", time = "600ms", that = "producer.p1.acked == 3" }

[[expect]]
within = { of = "held", time = "400ms", that = "producer.p1.acked == 3" }
outcome = "fails"
"#;
    let report = report(&format!("{END}{text}"));
    assert!(
        report.passed(),
        "{:?} {:?}",
        report.expectations,
        report.unfired
    );
    assert_eq!(told(&report), ["held"]);
}

#[test]
fn a_message_trigger_acts_on_as_many_messages_as_it_counts() {
    let text = |count: &str| {
        format!(
            "{END}\n[[topic]]\nname = \"echo\"\nreplication = 1\n[[producer]]\nname = \"p2\"\n\
             [[step]]\nwhen = {{ message = \"ProduceResponse\", to = \"p1\"{count} }}\n\
             send = {{ from = \"p2\", topic = \"echo\" }}"
        )
    };
    let sent = |count: &str| report(&text(count)).records.len();
    assert_eq!(sent(""), 7);
    assert_eq!(sent(", count = 3"), 9);
    assert_eq!(sent(", count = \"all\""), 12);
}

const CHAOS: &str = r#"
[[step]]
id = "chaos"
at = "200ms"
random = { of = [{ pause = "broker-0" }, { resume = "broker-0" }, { send = { from = "p1", topic = "orders", count = 2, every = "1ms" } }, { slow = { node = "broker-0", factor = 3 } }], times = 5, within = "300ms" }

[[step]]
after = "chaos"
mark = true
"#;

#[test]
fn what_is_drawn_is_told_and_repeats() {
    let run_of = |seed| finished(&format!("{END}{CHAOS}"), Some(seed));
    let (one, again, other) = (run_of(1), run_of(1), run_of(2));
    assert_eq!(one.report.trace_hash, again.report.trace_hash);
    assert_eq!(told(&one.report), told(&again.report));
    assert_ne!(told(&one.report), told(&other.report));
    let ready = one.run.ready_at();
    for drawn in &one.report.told {
        assert!(drawn.en.starts_with("drawn: ") && drawn.zh.starts_with("抽到："));
        let ms = drawn.at.since(ready).as_millis();
        assert!((200..=500).contains(&ms), "{ms}");
    }
    assert_eq!(one.report.told.len(), 5);
    let drawn = ["pause", "resume", "send", "slow"];
    let sends = told(&one.report)
        .iter()
        .filter(|text| text.contains("send ="))
        .count();
    assert_eq!(
        one.report.records.len(),
        6 + 2 * sends,
        "each draw sends anew"
    );
    let known = |text: &&str| {
        drawn
            .iter()
            .any(|word| text.contains(&format!("{word} = ")))
    };
    assert!(told(&one.report).iter().all(known));
}

#[test]
fn cuts_that_were_drawn_heal_with_their_step() {
    let text = r#"
[[step]]
id = "chaos"
at = "150ms"
random = { of = [{ cut = { between = [["p1"], ["broker-0"]] } }] }

[[step]]
at = "1s"
heal = "chaos"

[[expect]]
at = "900ms"
that = "producer.p1.acked == 1"
"#;
    let report = report(&format!("[end]\nat = \"60s\"\n{text}"));
    assert!(report.passed(), "{:?}", report.expectations);
    let acked = report
        .records
        .iter()
        .filter(|r| r.sent.ended.is_some())
        .count();
    assert_eq!(acked, 6);
}
