//! Questions to runs, as a person or a program asks them: `why`, `diff`, `run --set`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs the command and reads what it writes"
)]

mod program;

use program::{kafkalab, stderr, stdout};
use serde_json::Value;

fn json(arguments: &[&str], code: i32) -> Value {
    let output = kafkalab(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

#[test]
fn why_a_record_was_lost() {
    let output = kafkalab(&["why", "12-acks#acks-1", "why", "was", "rec-6", "lost"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn why_a_record_was_lost_in_chinese() {
    let output = kafkalab(&["why", "19", "alone-3 为什么丢了", "--lang", "zh"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn why_a_high_watermark_stands_where_it_stands() {
    let output = kafkalab(&["why", "07", "why is the high watermark of orders-0 6"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn an_answer_is_one_json_object_with_steps_to_jump_to() {
    let object = json(&["why", "18", "orders-0.leader", "--json"], 0);
    let steps = object["chain"].as_array().expect("a chain");
    assert!(steps.iter().all(|link| link["step"].as_u64().is_some()));
    let roles: Vec<_> = steps.iter().map(|link| link["role"].as_str()).collect();
    assert!(roles.contains(&Some("fault")) && roles.contains(&Some("setting")));
    assert_eq!(object["proofs"][0]["what"], "isolate (cut)");
    assert_eq!(object["proofs"][0]["changes"], true);
    let output = kafkalab(&["why", "18", "orders-0.leader", "--json", "--no-proof"]);
    assert!(stdout(&output).contains("\"proofs\": []"));
}

#[test]
fn a_question_that_is_not_understood_is_answered_with_questions() {
    for question in [
        "why is the sky blue",
        "why was it lost",
        "\u{1b}[31m",
        "rec-77 lost",
    ] {
        let output = kafkalab(&["why", "12", question]);
        assert_eq!(output.status.code(), Some(2), "{question}");
        assert!(stdout(&output).is_empty());
        assert!(!stderr(&output).contains('\u{1b}'));
    }
    let output = kafkalab(&["why", "12", "why is the sky blue"]);
    assert!(stderr(&output).contains("orders-0.hw"));
    let output = kafkalab(&["why", "12#acks-2", "orders-0.hw"]);
    assert!(stderr(&output).contains("main, acks-1, acks-0"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn two_branches_side_by_side() {
    let output = kafkalab(&["diff", "12", "--branch-b", "acks-1"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn a_difference_is_an_exit_code_and_an_object() {
    let object = json(&["diff", "12", "12#main", "--json"], 0);
    assert_eq!(object["equal"], true);
    assert_eq!(object["a"]["trace_hash"], object["b"]["trace_hash"]);
    let same = [
        "diff",
        "12#acks-1",
        "12",
        "--set-b",
        "producer.p1.config.acks=1",
        "--json",
    ];
    let object = json(&same, 0);
    assert_eq!(object["equal"], true, "a branch is its settings");
    let object = json(&["diff", "12", "--seed-b", "3", "--json"], 1);
    let same = object["same_steps"].as_u64().expect("a number");
    assert_eq!(object["first"]["a"]["step"], same + 1);
    assert_eq!(kafkalab(&["diff", "12", "nowhere"]).status.code(), Some(2));
    let unknown = ["diff", "12", "--set-b", "producer.p1.config.ackss=1"];
    assert_eq!(kafkalab(&unknown).status.code(), Some(2));
}

#[test]
fn settings_make_a_table_against_what_was_lost() {
    let sweep = [
        "run",
        "12",
        "--branch",
        "main",
        "--seeds",
        "2",
        "--set",
        "producer.p1.config.acks=1,all",
        "--json",
    ];
    let object = json(&sweep, 0);
    let rows = object["rows"].as_array().expect("rows");
    let lost: Vec<_> = rows.iter().map(|row| &row["lost"]["median"]).collect();
    assert_eq!(lost, [1, 0]);
    assert_eq!(rows[0]["failed_expectations"]["no-loss"], 2);
    assert_eq!(rows[1]["passed"], 2);
    // broker-0 dies at 3.3 s and its session lasts 9 s from its last heartbeat, sent every 2 s.
    for row in rows {
        let without = row["unavailable_ms"]["median"].as_u64().expect("a number");
        assert!((7_000..=9_500).contains(&without), "{without}");
        assert!(row["longest_wait_ms"]["max"].as_u64() >= row["longest_wait_ms"]["min"].as_u64());
    }
    assert_eq!(
        json(&sweep, 0),
        object,
        "the order of threads does not matter"
    );
}

#[test]
fn one_value_is_an_ordinary_run() {
    let object = json(
        &[
            "run",
            "12",
            "--branch",
            "main",
            "--set",
            "producer.p1.config.acks=1",
            "--json",
        ],
        1,
    );
    let other = json(&["run", "12", "--branch", "acks-1", "--json"], 0);
    assert_eq!(
        object["runs"][0]["trace_hash"],
        other["runs"][0]["trace_hash"]
    );
}

#[test]
fn a_setting_that_is_unknown_says_what_may_be_meant() {
    for (setting, meant) in [
        ("producer.p1.config.ackss=1", "\"acks\""),
        ("producer.p9.config.acks=1,all", "p1"),
        ("acks=1,all", "producer.p1.config.acks"),
        (
            "cluster.config.broker.session.timeout=1",
            "broker.session.timeout.ms",
        ),
        ("producer.p1.config.acks=all,7", "Invalid value 7"),
    ] {
        let output = kafkalab(&["run", "12", "--set", setting]);
        assert_eq!(output.status.code(), Some(2), "{setting}");
        assert!(
            stderr(&output).contains(meant),
            "{setting}: {}",
            stderr(&output)
        );
    }
}
