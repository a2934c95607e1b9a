//! Traces of runs: what exporters write, that nothing in them is obeyed by whoever shows them,
//! that looking on changes nothing, and that metrics and descriptions say what happened.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "reads scenarios and the schema"
)]

#[path = "trace/schema.rs"]
mod schema;
#[path = "trace/xml.rs"]
mod xml;

use kafkalab::kafka::vocabulary::{NoteKind, Salience};
use kafkalab::lab::cluster::View;
use kafkalab::lab::scenario::run::{Finished, Moment, Options, Session, run, run_observed};
use kafkalab::lab::scenario::{Scenario, parse};
use kafkalab::lab::text::Lang;
use kafkalab::lab::trace::{
    Metrics, MetricsRecorder, Recorder, Trace, Window, jsonl, listing, mermaid, perfetto,
    quorum_replication, quorum_status, svg, topics, transcript,
};
use kafkalab::sim::{Span, Time};
use serde_json::Value;

const SMALL: &str = include_str!("data/trace-small.toml");

fn scenario(source: &str) -> Scenario {
    parse(source)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
        .main
}

fn options() -> Options {
    Options {
        check: false,
        ..Options::default()
    }
}

fn trace(scenario: &Scenario, salience: Salience) -> Trace {
    let recorder = |names: &_| Recorder::new(names, salience);
    let (finished, recorder) = run_observed("main", scenario, &options(), recorder);
    let ready = finished.run.ready_at();
    let trace = finished.trace(recorder, "small", scenario.title.said());
    trace.within(Window::from(salience, ready))
}

fn small(salience: Salience) -> Trace {
    trace(&scenario(SMALL), salience)
}

fn measured(source: &str) -> (Finished, Metrics) {
    let scenario = scenario(source);
    let (finished, metrics) = run_observed("main", &scenario, &options(), MetricsRecorder::new);
    let metrics = metrics.finish(&finished.world);
    (finished, metrics)
}

type Exporter = fn(&Trace, Lang) -> String;

const EXPORTERS: [(&str, Exporter); 6] = [
    ("transcript", transcript),
    ("text", listing),
    ("jsonl", jsonl),
    ("mermaid", mermaid),
    ("svg", svg),
    ("perfetto", perfetto),
];

#[test]
fn the_story_is_told_in_both_languages() {
    let trace = small(Salience::Story);
    insta::assert_snapshot!("transcript-en", transcript(&trace, Lang::En));
    insta::assert_snapshot!("transcript-zh", transcript(&trace, Lang::Zh));
}

#[test]
fn the_story_is_drawn_for_mermaid() {
    insta::assert_snapshot!("mermaid", mermaid(&small(Salience::Story), Lang::En));
}

#[test]
fn the_story_is_written_as_json_lines() {
    insta::assert_snapshot!("jsonl", jsonl(&small(Salience::Story), Lang::En));
}

#[test]
fn nothing_in_an_export_is_obeyed() {
    let scenario = scenario(SMALL);
    let value = "\u{1b}[31m<script>";
    assert!(
        SMALL.contains("\\u001b[31m<script>"),
        "the value is hostile"
    );
    let trace = trace(&scenario, Salience::Background);
    for (name, export) in EXPORTERS {
        for lang in Lang::ALL {
            let text = export(&trace, lang);
            let raw = text.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(raw, None, "{name}: a control character");
            assert!(!text.contains('\u{202e}'), "{name}: a mark of direction");
            let pages = name != "transcript" && name != "text";
            assert!(!(pages && text.contains("<script")), "{name}: a tag");
            assert!(!text.contains(value), "{name}: the value as it is");
            assert!(text.contains("31m"), "{name}: the value is shown");
        }
    }
}

#[test]
fn json_lines_are_what_the_schema_says() {
    let text = std::fs::read_to_string("docs/trace.schema.json").expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let traces = [Salience::Background, Salience::Story].map(small);
    for trace in &traces {
        let text = jsonl(trace, Lang::Zh);
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        for line in &lines {
            schema::check(&schema, &schema, line).unwrap_or_else(|why| panic!("{why}\n{line:#}"));
        }
        let steps = lines.iter().filter(|line| line["type"] == "step").count();
        assert_eq!(Some(steps as u64), lines[0]["steps"].as_u64());
        assert_eq!(steps, trace.steps.len());
    }
    let mut broken: Value =
        serde_json::from_str(jsonl(&traces[1], Lang::En).lines().nth(1).expect("a line"))
            .expect("JSON");
    broken["no"] = "seven".into();
    assert!(
        schema::check(&schema, &schema, &broken).is_err(),
        "the check can fail"
    );
}

#[test]
fn the_picture_is_well_formed_and_needs_nothing_else() {
    for lang in Lang::ALL {
        let picture = svg(&small(Salience::Story), lang);
        xml::check(&picture).unwrap_or_else(|why| panic!("{why}"));
        let links = picture.matches("http").count();
        assert_eq!(links, 1, "only the name of the language");
        assert!(picture.contains("orders-0"));
    }
}

#[test]
fn trace_events_hang_together() {
    let trace = small(Salience::Background);
    let json: Value = serde_json::from_str(&perfetto(&trace, Lang::En)).expect("JSON");
    let events = json["traceEvents"].as_array().expect("events");
    let of = |phase: &str| {
        events
            .iter()
            .filter(|e| e["ph"] == phase)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("X").len(), trace.steps.len());
    let ids = |phase: &str| {
        of(phase)
            .iter()
            .map(|e| e["id"].as_u64())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("s"), ids("f"));
    assert!(ids("s").len() > 20);
    for start in of("s") {
        let inside = of("X").into_iter().any(|span| {
            let (at, from) = (start["ts"].as_u64(), span["ts"].as_u64());
            span["pid"] == start["pid"]
                && from <= at
                && at <= from.zip(span["dur"].as_u64()).map(|(a, b)| a + b)
        });
        assert!(inside, "an arrow begins in a span of its sender: {start}");
    }
}

#[test]
fn looking_on_changes_nothing() {
    let scenario = scenario(SMALL);
    let alone = run("main", &scenario, &options(), &mut |_| {});
    let observers = |names: &_| {
        (
            Recorder::new(names, Salience::Background),
            Some(MetricsRecorder::new(names)),
        )
    };
    let (seen, (recorder, _)) = run_observed("main", &scenario, &options(), observers);
    assert_eq!(alone.report.trace_hash, seen.report.trace_hash);
    assert_eq!(alone.world.step_no(), seen.world.step_no());
    let all = seen.trace(recorder, "small", scenario.title.said());
    let numbers: Vec<u64> = all.steps.iter().map(|step| step.no.0).collect();
    assert_eq!(numbers, (1..=seen.world.step_no().0).collect::<Vec<_>>());
}

#[test]
fn a_window_keeps_what_lies_in_it() {
    let all = small(Salience::Background);
    let ready = all.origin.ready_at;
    let (from, to) = (
        ready + Span::from_millis(500),
        ready + Span::from_millis(900),
    );
    let part = all.clone().within(Window {
        salience: Salience::Detail,
        from,
        to,
    });
    let wanted = |at: Time| from <= at && at <= to;
    let steps = all
        .steps
        .iter()
        .filter(|s| wanted(s.at) && s.salience() >= Salience::Detail);
    let steps: Vec<u64> = steps.map(|step| step.no.0).collect();
    assert!(!steps.is_empty());
    assert_eq!(
        part.steps.iter().map(|step| step.no.0).collect::<Vec<_>>(),
        steps
    );
    assert_eq!(part.seconds(ready + Span::from_millis(1_250)), "1.250");
    assert_eq!(
        part.seconds(Time::ZERO),
        format!(
            "-{}.{:03}",
            ready.as_millis() / 1_000,
            ready.as_millis() % 1_000
        )
    );
}

#[test]
fn metrics_say_what_happened() {
    let source = std::fs::read_to_string("scenarios/06-followers-pull.toml").expect("a file");
    let (finished, metrics) = measured(&source);
    let get = |node: &str, name: &str, attribute: &str| {
        let attributes = metrics.get(node).and_then(|of_node| of_node.get(name));
        attributes
            .and_then(|attributes| attributes.get(attribute))
            .copied()
    };
    let leader = "broker-0";
    let manager = |name| format!("kafka.server:type=ReplicaManager,name={name}");
    let topic = |name| format!("kafka.server:type=BrokerTopicMetrics,name={name}");
    let controller = |name| format!("kafka.controller:type=KafkaController,name={name}");
    // One follower falls out of the ISR and comes back. Kafka marks a change when the controller's
    // answer commits it, not where the metadata log was faster.
    let changes =
        ["IsrShrinksPerSec", "IsrExpandsPerSec"].map(|name| get(leader, &manager(name), "Count"));
    assert_eq!(changes[0], Some(1));
    let committed = finished.report.notes.of(NoteKind::IsrCommitted) as i64;
    assert_eq!(changes.into_iter().flatten().sum::<i64>(), committed);
    assert_eq!(
        get(leader, &manager("UnderReplicatedPartitions"), "Peak"),
        Some(1)
    );
    assert_eq!(
        get(leader, &manager("UnderReplicatedPartitions"), "Value"),
        Some(0)
    );
    assert_eq!(get(leader, &manager("LeaderCount"), "Value"), Some(1));
    let sent = finished.report.records.len() as i64;
    assert_eq!(get(leader, &topic("MessagesInPerSec"), "Count"), Some(sent));
    assert_eq!(
        get(
            leader,
            &format!("{},topic=orders", topic("MessagesInPerSec")),
            "Count"
        ),
        Some(sent)
    );
    let bytes = get(leader, &topic("BytesInPerSec"), "Count");
    assert_eq!(
        get("broker-1", &topic("ReplicationBytesInPerSec"), "Count"),
        bytes
    );
    assert_eq!(
        get(
            "p1",
            "kafka.producer:type=producer-metrics,client-id=p1",
            "record-send-total"
        ),
        Some(sent)
    );
    let active = (0..3).map(|n| {
        get(
            &format!("controller-{n}"),
            &controller("ActiveControllerCount"),
            "Value",
        )
    });
    assert_eq!(active.flatten().sum::<i64>(), 1);
    assert_eq!(
        get(
            "controller-0",
            &controller("OfflinePartitionsCount"),
            "Peak"
        ),
        Some(0)
    );
    // acks=all waits for the follower that is held: seconds, not milliseconds.
    let produce = "kafka.network:type=RequestMetrics,name=TotalTimeMs,request=Produce";
    assert_eq!(get(leader, produce, "Count"), Some(sent));
    assert!(get(leader, produce, "Max").is_some_and(|ms| ms > 1_000));
    let fetches = |name: &str| {
        get(
            leader,
            &format!("kafka.network:type=RequestMetrics,name=TotalTimeMs,request={name}"),
            "Count",
        )
    };
    let [all, follower, consumer] = ["Fetch", "FetchFollower", "FetchConsumer"].map(fetches);
    assert_eq!(all, Some(follower.unwrap_or(0) + consumer.unwrap_or(0)));
}

#[test]
fn the_cluster_is_described_as_kafkas_tools_do() {
    let mut session = Session::new(&scenario(SMALL), &options());
    assert!(session.go_to(Moment::At(Span::from_millis(600))));
    let (world, names) = (session.world(), &session.run().plan().names);
    let view = View::new(world, names);
    let id = view
        .truth()
        .and_then(|truth| truth.topic("orders"))
        .expect("the topic")
        .id;
    let id = kafkalab::kafka::storage::uuid_to_text(id);
    assert_eq!(
        topics(view),
        format!(
            "Topic: orders\tTopicId: {id}\tPartitionCount: 1\tReplicationFactor: 2\tConfigs: min.insync.replicas=1\n\
             \tTopic: orders\tPartition: 0\tLeader: 0\tReplicas: 0,1\tIsr: 0,1\tElr: \tLastKnownElr: \n"
        )
    );
    let status = quorum_status(view).expect("a leader");
    let keys: Vec<_> = status
        .lines()
        .map(|line| line.split(' ').next().unwrap_or(""))
        .collect();
    assert_eq!(
        keys,
        [
            "ClusterId:",
            "LeaderId:",
            "LeaderEpoch:",
            "HighWatermark:",
            "MaxFollowerLag:",
            "MaxFollowerLagTimeMs:",
            "CurrentVoters:",
            "CurrentObservers:"
        ]
    );
    assert!(
        status.contains("\"endpoints\": [\"CONTROLLER://controller-0:9093\"]"),
        "{status}"
    );
    let table = quorum_replication(view).expect("a leader");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('\t').map(str::trim).collect())
        .collect();
    assert_eq!(
        rows[0],
        [
            "NodeId",
            "DirectoryId",
            "LogEndOffset",
            "Lag",
            "LastFetchTimestamp",
            "LastCaughtUpTimestamp",
            "Status",
            ""
        ]
    );
    let mut ids: Vec<_> = rows[1..].iter().map(|row| (row[0], row[6])).collect();
    ids[1..].sort_unstable();
    assert_eq!(
        ids,
        [("100", "Leader"), ("0", "Observer"), ("1", "Observer")]
    );
    assert_eq!(rows[1][3], "0", "the leader does not lag behind itself");
    let past = session.go_to(Moment::Step(u64::MAX));
    assert!(!past && session.run().is_over());
}

#[test]
fn moments_are_steps_or_times() {
    assert_eq!("step:17".parse(), Ok(Moment::Step(17)));
    assert_eq!("1500ms".parse(), Ok(Moment::At(Span::from_millis(1_500))));
    for bad in ["step:", "step:-1", "soon", "", "12"] {
        assert!(bad.parse::<Moment>().is_err(), "{bad}");
    }
}
