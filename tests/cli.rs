//! The command as a person or a program uses it.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs the command and reads what it writes"
)]

mod program;

use program::{kafkalab, stdout};
use std::path::PathBuf;
use std::process::Command;

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("kafkalab-cli-{}-{name}", std::process::id()))
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let readme = std::fs::read_to_string("README.md").expect("beside the sources");
    let (_, after) = readme
        .split_once("<!-- output of scenarios/12-acks.toml: begin -->")
        .expect("the mark");
    let (shown, _) = after.split_once("<!-- output").expect("the other mark");
    let printed = stdout(&kafkalab(&["run", "scenarios/12-acks.toml"]));
    let lines = shown
        .lines()
        .filter(|line| !line.trim().is_empty() && line.trim() != "…" && !line.starts_with("```"));
    let mut count = 0;
    for line in lines {
        assert!(
            printed.lines().any(|other| other == line),
            "no longer printed: {line}"
        );
        count += 1;
    }
    assert!(count > 8, "the README shows an excerpt");
}

#[test]
fn a_run_is_one_json_object() {
    let output = kafkalab(&["run", "scenarios/12-acks.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let runs = object["runs"].as_array().expect("runs");
    let lost: Vec<_> = runs
        .iter()
        .map(|run| run["counts"]["lost"].as_u64())
        .collect();
    assert_eq!(lost, [Some(0), Some(1), Some(1)], "main, acks-1, acks-0");
    let record = &runs[1]["records"][6];
    assert_eq!(
        (record["fate"].as_str(), record["offset"].as_i64()),
        (Some("lost"), Some(6))
    );
    assert!(
        record["why"]
            .as_str()
            .is_some_and(|why| why.contains("broker-1 took over"))
    );
}

#[test]
fn another_seed_is_another_history_and_the_same_seed_the_same() {
    let hash = |seed: &str| {
        let output = kafkalab(&[
            "run",
            "scenarios/06-followers-pull.toml",
            "--json",
            "--seed",
            seed,
        ]);
        let object: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        object["runs"][0]["trace_hash"].as_str().map(str::to_owned)
    };
    assert_eq!(hash("5"), hash("5"));
    assert_ne!(hash("5"), hash("6"));
}

#[test]
fn bad_input_is_told_where_and_ends_with_two() {
    let file = temporary("bad.toml");
    let text = "format = 1\nkafka = \"4.3\"\nseed = 1\ntitle = \"x\"\n[cluster]\nbrokers = 3\n\
                controllers = 1\n[[step]]\nat = \"1s\"\ncrash = \"broker-4\"\n";
    std::fs::write(&file, text).expect("a temporary file");
    let output = kafkalab(&["run", file.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    std::fs::remove_file(&file).expect("it was there");
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("K014") && said.contains(":10:9"), "{said}");
    for arguments in [
        &["run", "scenarios/no-such-file.toml"][..],
        &["run", "scenarios"],
        &["run", "scenarios/12-acks.toml", "--branch", "acks-2"],
        &["run", "scenarios/12-acks.toml", "--seeds", "0"],
        &["explain", "K9999"],
        &["no-such-command"],
    ] {
        assert_eq!(kafkalab(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_failed_expectation_ends_with_one() {
    let file = temporary("fails.toml");
    let text = std::fs::read_to_string("scenarios/06-followers-pull.toml").expect("it is there");
    let wrong = format!("{text}\n[[expect]]\nfinally = \"now == 1s\"\n");
    std::fs::write(&file, wrong).expect("a temporary file");
    let output = kafkalab(&["run", file.to_str().expect("UTF-8")]);
    std::fs::remove_file(&file).expect("it was there");
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stdout(&output).contains("FAILED"));
}

#[test]
fn exported_folders_are_kafkas() {
    let dir = temporary("logs");
    let output = kafkalab(&[
        "run",
        "scenarios/13-segments.toml",
        "--records",
        "none",
        "--export-logs",
        dir.to_str().expect("UTF-8"),
    ]);
    assert_eq!(output.status.code(), Some(0));
    let partition = dir.join("main/broker-0/orders-0");
    let mut files: Vec<_> = std::fs::read_dir(&partition)
        .expect("the partition's folder")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    files.sort();
    let metadata = std::fs::read_to_string(partition.join("partition.metadata"));
    let log = std::fs::read(
        partition.join(
            files
                .iter()
                .find(|f| f.ends_with(".log"))
                .expect("a segment"),
        ),
    );
    std::fs::remove_dir_all(&dir).expect("it was there");
    assert!(
        metadata
            .expect("is there")
            .starts_with("version: 0\ntopic_id: ")
    );
    // Magic 2 stands at byte 16 of every batch.
    assert_eq!(log.expect("is there").get(16), Some(&2));
    for ending in [
        ".index",
        ".timeindex",
        ".snapshot",
        "leader-epoch-checkpoint",
    ] {
        assert!(
            files.iter().any(|file| file.ends_with(ending)),
            "{ending} in {files:?}"
        );
    }
}

#[test]
fn scenarios_run_by_name_and_number_from_any_folder() {
    let run = |word: &str| {
        Command::new(env!("CARGO_BIN_EXE_kafkalab"))
            .args(["run", word, "--json"])
            .current_dir(std::env::temp_dir())
            .output()
            .expect("the command starts")
    };
    let (by_name, by_number) = (run("06-followers-pull"), run("6"));
    assert_eq!(by_name.status.code(), Some(0));
    assert_eq!(by_name.stdout, by_number.stdout);
    let missed = run("06-folowers-pull");
    assert_eq!(missed.status.code(), Some(2));
    let said = String::from_utf8_lossy(&missed.stderr).into_owned();
    assert!(
        said.contains("did you mean") && said.contains("06-followers-pull"),
        "{said}"
    );
}

#[test]
fn several_scenarios_are_told_in_a_line_each() {
    let output = kafkalab(&["run", "6", "scenarios/13-segments.toml"]);
    assert_eq!(output.status.code(), Some(0));
    let printed = stdout(&output);
    assert_eq!(printed.lines().count(), 2, "{printed}");
    assert!(printed.lines().all(|line| line.starts_with("passed  ")));
    let one_bad = kafkalab(&["run", "6", "no-such-scenario"]);
    assert_eq!(one_bad.status.code(), Some(2));
    assert_eq!(stdout(&one_bad).lines().count(), 1);
}

#[test]
fn a_run_is_exported_by_name_or_number() {
    let story = |name| {
        stdout(&kafkalab(&[
            "export",
            name,
            "--as",
            "transcript",
            "--to",
            "3s",
        ]))
    };
    let text = story("06");
    assert!(
        text.contains("(leader) appended offset 0 of orders-0"),
        "{text}"
    );
    assert_eq!(text, story("06-followers-pull"));
    let zh = stdout(&kafkalab(&[
        "export",
        "06",
        "--as",
        "transcript",
        "--lang",
        "zh",
        "--to",
        "3s",
    ]));
    assert!(
        zh.contains("高水位") && !zh.contains("high watermark"),
        "{zh}"
    );
    let file = temporary("06.svg");
    let path = file.to_string_lossy();
    let output = kafkalab(&["export", "06", "--as", "svg", "--to", "3s", "--out", &path]);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), String::new())
    );
    let picture = std::fs::read_to_string(&file).expect("the picture");
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn an_export_says_what_is_wrong_with_its_arguments() {
    for (arguments, said) in [
        (
            &["export", "06", "--as", "transcript", "--branch", "side"][..],
            "branches are main",
        ),
        (
            &["export", "06", "--as", "transcript", "--from", "soon"],
            "soon",
        ),
        (&["export", "6", "--as", "pdf"], "mermaid"),
        (&["export", "no-such", "--as", "text"], "kafkalab list"),
        (&["describe", "06", "--at", "step:x"], "step:10432"),
    ] {
        let output = kafkalab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains(said), "{arguments:?}: {words}");
    }
}

#[test]
fn a_follower_that_is_out_of_the_isr_is_described() {
    let at = |moment: &str| {
        stdout(&kafkalab(&[
            "describe", "06", "--at", moment, "--only", "topics",
        ]))
    };
    assert!(
        at("1s").contains("Leader: 0\tReplicas: 0,1,2\tIsr: 0,1,2\t"),
        "{}",
        at("1s")
    );
    assert!(
        at("8s").contains("Leader: 0\tReplicas: 0,1,2\tIsr: 0,1\t"),
        "{}",
        at("8s")
    );
    let whole = stdout(&kafkalab(&["describe", "06"]));
    assert!(
        whole.contains("ClusterId:") && whole.contains("LastCaughtUpTimestamp"),
        "{whole}"
    );
}

#[test]
fn a_run_writes_traces_and_metrics() {
    let file = temporary("06.jsonl");
    let path = file.to_string_lossy();
    let output = kafkalab(&["run", "06", "--json", "--trace", &path]);
    assert_eq!(output.status.code(), Some(0));
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let run = &object["runs"][0];
    let shrinks = "kafka.server:type=ReplicaManager,name=IsrShrinksPerSec";
    assert_eq!(run["metrics"]["broker-0"][shrinks]["Count"], 1);
    let text = std::fs::read_to_string(&file).expect("the trace");
    let header: serde_json::Value =
        serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!(header["trace_hash"], run["trace_hash"]);
    let steps = text
        .lines()
        .filter(|line| line.contains("\"type\":\"step\""))
        .count() as u64;
    assert_eq!(Some(steps), run["steps"].as_u64());
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn a_new_scenario_passes_and_is_formatted() {
    let folder = temporary("new");
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let in_folder = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_kafkalab"))
            .args(arguments)
            .current_dir(&folder)
            .output()
            .expect("the command starts")
    };
    let codes: Vec<_> = [
        &["new", "lesson"][..],
        &["new", "lesson"],
        &["run", "lesson.toml"],
        &["check", "lesson.toml"],
        &["fmt", "--check", "lesson.toml"],
    ]
    .iter()
    .map(|arguments| in_folder(arguments).status.code())
    .collect();
    let file = folder.join("lesson.toml");
    let text = std::fs::read_to_string(&file).expect("it was written");
    let untidy = text.replace("seed = 1", "seed=1").replace("\n\n", "\n\n\n");
    std::fs::write(&file, untidy).expect("writable");
    let unformatted = in_folder(&["fmt", "--check", "lesson.toml"]).status.code();
    let formatted = in_folder(&["fmt", "lesson.toml"]).status.code();
    let after = std::fs::read_to_string(&file).expect("it is there");
    std::fs::remove_dir_all(&folder).expect("it was there");
    assert_eq!(codes, [Some(0), Some(3), Some(0), Some(0), Some(0)]);
    assert_eq!((unformatted, formatted), (Some(1), Some(0)));
    assert_eq!(after, text);
}

#[test]
fn check_tells_programs_where_problems_are_and_what_fails() {
    let file = temporary("check.toml");
    let text = std::fs::read_to_string("scenarios/06-followers-pull.toml").expect("it is there");
    let wrong = format!("{text}\n[[step]]\nat = \"1s\"\ncrash = \"broker-9\"\n");
    std::fs::write(&file, wrong).expect("a temporary file");
    let output = kafkalab(&["check", "--json", file.to_str().expect("UTF-8")]);
    std::fs::write(&file, MUTATED).expect("a temporary file");
    let mutated = kafkalab(&["check", "--json", "--mutate", file.to_str().expect("UTF-8")]);
    std::fs::remove_file(&file).expect("it was there");
    assert_eq!(output.status.code(), Some(2));
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let problem = &object["problems"][0];
    assert_eq!(problem["code"], "K014");
    assert_eq!(problem["column"], 9);
    assert_eq!(problem["line"], text.lines().count() + 4);
    let object: serde_json::Value = serde_json::from_str(&stdout(&mutated)).expect("JSON");
    assert_eq!(mutated.status.code(), Some(0), "{object}");
    let unfailing = &object["expectations_that_nothing_failed"];
    assert_eq!(*unfailing, serde_json::json!(["vacuous"]));
    let mutations = object["mutations"].as_array().expect("a list");
    let of = |kind: &str| {
        let tried = mutations.iter().find(|tried| tried["kind"] == kind);
        tried.expect("of every kind").clone()
    };
    assert_eq!(of("fault")["what"], "step 2 (pause)");
    assert_eq!(of("fault")["fails"][0]["expectation"], "stands-still");
    assert_eq!(of("setting")["what"], "linger.ms = 400 of p1");
    assert_eq!(of("setting")["fails"][0]["expectation"], "waits");
    assert_eq!(of("sabotage")["fails"], serde_json::json!([]));
}

/// A fault and a setting that an expectation each notices, and an expectation that nothing fails.
const MUTATED: &str = r#"format = 1
title = "small"
cost = "free"

[cluster]
brokers = 1
controllers = 1

[[topic]]
name = "orders"
replication = 1

[[producer]]
name = "p1"
config = { "linger.ms" = 400, acks = "all" }

[[step]]
at = "0s"
send = { from = "p1", topic = "orders", count = 2, every = "1s" }

[[step]]
at = "900ms"
pause = "broker-0"

[[step]]
at = "3s"
resume = "broker-0"

[[expect]]
id = "waits"
at = "300ms"
that = "producer.p1.acked == 0"

[[expect]]
id = "stands-still"
at = "2s"
that = "producer.p1.acked == 1"

[[expect]]
id = "vacuous"
always = "now >= 0s"

[end]
at = "4s"
"#;

#[test]
fn small_commands_answer() {
    for (arguments, expected) in [
        (&["list"][..], "12-acks"),
        (&["list", "--json"], "\"number\": 12"),
        (
            &["partition", "--key", "a", "--partitions", "12"],
            "murmur2",
        ),
        (&["explain"], "K014"),
        (&["explain", "K014"], "Right:"),
        (&["explain", "crash"], "survives"),
        (&["doctor"], "twice alike"),
        (&["completions", "zsh"], "#compdef kafkalab"),
        (&["reference"], "# The scenario language"),
        (&["new", "-"], "format = 1"),
    ] {
        let output = kafkalab(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(stdout(&output).contains(expected), "{arguments:?}");
    }
    let bad = ["partition", "--key", "a", "--partitions", "0"];
    assert_eq!(kafkalab(&bad).status.code(), Some(2));
}

#[test]
fn the_books_page_about_the_language_is_fresh() {
    let page = "book/src/reference/scenario-language.md";
    let committed = std::fs::read_to_string(page).expect("beside the sources");
    let fresh = kafkalab::lab::scenario::reference();
    let differs = committed.lines().zip(fresh.lines()).find(|(a, b)| a != b);
    let remedy = format!("`kafkalab reference > {page}`");
    assert!(committed == fresh, "stale, first at {differs:?}: {remedy}");
}
