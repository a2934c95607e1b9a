use super::*;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::NoteKind;
use crate::sim::Span;

fn sound(source: &str) -> Parsed {
    match parse(source) {
        Ok(parsed) => parsed,
        Err(problems) => panic!("{}", render(&problems, source, "x.toml", false)),
    }
}

fn with(text: &str) -> Scenario {
    sound(&format!("{BASE}\n{text}\n")).main
}

fn only_step(text: &str) -> Step {
    let scenario = with(text);
    assert_eq!(scenario.steps.len(), 1);
    scenario.steps[0].clone()
}

fn only_action(text: &str) -> Action {
    let step = only_step(&format!("[[step]]\nat = \"1s\"\n{text}"));
    step.action.expect("an action").it
}

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

#[test]
fn every_scenario_of_the_library_is_sound() {
    for (name, source) in LIBRARY {
        let parsed = sound(source);
        let warnings = render(&parsed.warnings, source, name, false);
        assert_eq!(parsed.warnings, [], "{warnings}");
    }
}

#[test]
fn every_scenario_of_the_library_teaches() {
    for (name, source) in LIBRARY {
        let parsed = sound(source);
        let scenario = &parsed.main;
        assert!(!scenario.tells.is_empty(), "{name} tells");
        assert!(!scenario.asks.is_empty(), "{name} asks");
        assert!(!scenario.expects.is_empty(), "{name} expects");
        let branches = parsed.branches.iter().map(|(_, scenario)| scenario);
        for scenario in std::iter::once(scenario).chain(branches) {
            for text in texts(scenario).into_iter().filter(|text| is_prose(text)) {
                assert_ne!(text.en, text.zh, "{name} has both languages");
            }
        }
    }
}

/// All that a learner reads.
fn texts(scenario: &Scenario) -> Vec<&Text> {
    let choices = scenario.asks.iter().flat_map(|ask| &ask.choose);
    let wrong = choices.clone().filter_map(|choice| choice.wrong.as_ref());
    (scenario.tells.iter().map(|tell| &tell.text))
        .chain(scenario.asks.iter().map(|ask| &ask.text))
        .chain(scenario.steps.iter().filter_map(|step| step.note.as_ref()))
        .chain(choices.map(|choice| &choice.text))
        .chain(wrong)
        .chain([&scenario.title])
        .collect()
}

/// Whether a text has words of a language, and not only names and numbers.
fn is_prose(text: &Text) -> bool {
    let said = text.en.literal();
    let words = said.split_whitespace();
    words
        .filter(|word| word.chars().all(char::is_alphabetic))
        .count()
        > 1
}

#[test]
fn acks_has_three_branches() {
    let (_, source) = library::find("12").expect("in the library");
    let parsed = sound(source);
    let acks: Vec<_> = ["main", "acks-1", "acks-0"]
        .iter()
        .map(|name| parsed.branch(name).expect("a branch"))
        .map(|scenario| scenario.producers[0].config[0].value.clone())
        .collect();
    assert_eq!(acks, ["all", "1", "0"]);
    assert_eq!(parsed.branch("acks-2"), None);
}

#[test]
fn nodes_have_names_ids_and_roles() {
    let scenario = with(
        "[[node]]\nname = \"broker-1\"\nrack = \"r1\"\nconfig = { \"num.partitions\" = 4 }\n[[node]]\nname = \"extra\"\nid = 9",
    );
    let nodes: Vec<_> = (scenario.cluster.nodes.iter())
        .map(|n| (n.name.as_str(), n.id, n.role))
        .collect();
    assert_eq!(
        nodes,
        [
            ("broker-0", 0, Role::Broker),
            ("broker-1", 1, Role::Broker),
            ("broker-2", 2, Role::Broker),
            ("controller-0", 100, Role::Controller),
            ("controller-1", 101, Role::Controller),
            ("controller-2", 102, Role::Controller),
            ("extra", 9, Role::Broker),
        ]
    );
    let config = scenario.cluster.broker_config(NodeIdx(1));
    assert_eq!(config.num_partitions, 4);
    assert_eq!(config.rack.as_deref(), Some("r1"));
    assert_eq!(scenario.cluster.broker_config(NodeIdx(0)).num_partitions, 1);
}

#[test]
fn combined_nodes_are_both() {
    let source = BASE.replace("controllers = 3", "controllers = \"combined\"");
    let nodes = sound(&source).main.cluster.nodes;
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node.role == Role::Combined));
}

#[test]
fn semantics_and_sabotage() {
    let source = BASE.replace(
        "brokers = 3",
        "brokers = 3\nwire = \"roundtrip\"\nsemantics = { truncation = \"hw\", sabotage = [\"hw-above-log-end\"] }",
    );
    let cluster = sound(&source).main.cluster;
    use crate::kafka::config::{Sabotage, Truncation};
    assert!(cluster.wire_roundtrip);
    assert_eq!(cluster.semantics.truncation, Truncation::HighWatermark);
    let planted = cluster.semantics.sabotage;
    assert!(planted.has(Sabotage::HighWatermarkAboveLogEnd));
    assert!(!planted.has(Sabotage::LeaderIgnoresIsr));
    assert_eq!(
        cluster.broker_config(NodeIdx(0)).semantics,
        cluster.semantics
    );
}

#[test]
fn reading_and_writing_can_be_made_dear() {
    use crate::kafka::config::IoModel;
    let io = |semantics: &str| {
        let table = format!("brokers = 3\nsemantics = {{ {semantics} }}");
        let source = BASE.replace("brokers = 3", &table);
        sound(&source)
            .main
            .cluster
            .broker_config(NodeIdx(0))
            .semantics
            .io
    };
    assert_eq!(
        io("writes = \"append\", zero-copy = true"),
        IoModel::default()
    );
    assert!(!io("writes = \"in-place\"").sequential_writes);
    assert!(!io("zero-copy = false").zero_copy);
    assert_eq!(io("page-cache = \"64KiB\"").page_cache, Some(65_536));
    assert_eq!(io("page-cache = \"off\"").page_cache, Some(0));
}

#[test]
fn an_added_broker_can_be_spoken_of() {
    let scenario = with(
        "[[step]]\nat = \"1s\"\nadd-broker = { name = \"late\", id = 1 }\n[[step]]\nat = \"2s\"\ncrash = \"late\"",
    );
    let late = scenario.cluster.node("late").expect("a node");
    assert!(scenario.cluster.nodes[late.0].added);
    assert_eq!(scenario.cluster.nodes[late.0].id, 1);
    let actions: Vec<_> = (scenario.steps.iter())
        .map(|step| step.action.clone().expect("an action").it)
        .collect();
    let expected = [Action::AddBroker(late), Action::Crash(Place::Node(late))];
    assert_eq!(actions, expected);
}

#[test]
fn sends() {
    let action = only_action(
        r#"send = { from = "p1", topic = "orders", partition = 1, key = { hex = "00fF" }, value = "r{n}", headers = [["k", "v"]], count = 3, every = "5ms" }"#,
    );
    let Action::Send(send) = action else {
        panic!("a send");
    };
    assert_eq!((send.from, send.partition, send.count), (0, Some(1), 3));
    assert_eq!(send.every, Span::from_millis(5));
    assert_eq!(send.key.map(|key| key.bytes(0)), Some(vec![0, 0xff].into()));
    let value = send.value.expect("a value");
    assert_eq!(value.bytes(12), "r12");
    let tombstone =
        only_action(r#"send = { from = "p1", topic = "orders", key = "k", tombstone = true }"#);
    assert!(matches!(tombstone, Action::Send(send) if send.value.is_none()));
}

#[test]
fn places() {
    let node = |i| Place::Node(NodeIdx(i));
    let cases = [
        ("crash = \"broker-2\"", node(2)),
        ("crash = \"b2\"", node(2)),
        ("crash = \"q1\"", node(4)),
        (
            "crash = [\"b0\", \"b1\"]",
            Place::List(vec![node(0), node(1)]),
        ),
        ("crash = \"all brokers\"", Place::AllBrokers),
        ("crash = \"p1\"", Place::Client(ClientRef::Producer(0))),
        (
            "crash = { leader = \"orders-1\" }",
            Place::Leader(orders(1)),
        ),
        (
            "crash = { follower = \"orders-0\", nth = 2 }",
            Place::Follower(orders(0), 2),
        ),
        ("crash = { controller = true }", Place::ActiveController),
    ];
    for (text, place) in cases {
        assert_eq!(only_action(text), Action::Crash(place), "{text}");
    }
}

#[test]
fn faults() {
    let b0 = || Place::Node(NodeIdx(0));
    let b1 = || Place::Node(NodeIdx(1));
    let list = |place| Place::List(vec![place]);
    let cases = [
        (
            r#"start = { node = "b0", wipe = true }"#,
            Action::Start {
                node: b0(),
                wipe: true,
            },
        ),
        (
            r#"start = "b0""#,
            Action::Start {
                node: b0(),
                wipe: false,
            },
        ),
        (
            r#"power-off = { node = "b0", tail = "torn" }"#,
            Action::PowerOff {
                node: b0(),
                tail: Tail::Torn,
            },
        ),
        (
            r#"slow = { node = "b0", factor = 10 }"#,
            Action::Slow {
                node: b0(),
                by: Slowness::Factor(10),
            },
        ),
        (
            r#"cut = { between = [["b0"], ["b1"]] }"#,
            Action::Cut(Cut {
                from: list(b0()),
                to: list(b1()),
                both: true,
            }),
        ),
        (
            r#"cut = { from = "b0", to = "b1" }"#,
            Action::Cut(Cut {
                from: b0(),
                to: b1(),
                both: false,
            }),
        ),
        (r#"heal = "all""#, Action::Heal(None)),
        (
            r#"clock = { node = "b0", jump = "-5s" }"#,
            Action::Clock {
                node: b0(),
                jump_ns: -5_000_000_000,
                drift_ppm: None,
            },
        ),
    ];
    for (text, action) in cases {
        assert_eq!(only_action(text), action, "{text}");
    }
}

#[test]
fn messages_are_tampered_with_one_by_one_or_by_rule() {
    let step = only_step(
        "[[step]]\nwhen = { message = \"Fetch\", from = \"b2\", partition = \"orders-0\", offset = 8, nth = 2 }\nhold = { for = \"5ms\" }",
    );
    let Trigger::Message(matcher) = step.trigger else {
        panic!("a message trigger");
    };
    assert_eq!((matcher.message, matcher.offset), ("Fetch", Some(8)));
    assert_eq!((matcher.nth, matcher.count), (2, Some(1)));
    let action = step.action.expect("an action").it;
    let how = Tamper::HoldFor(Span::from_millis(5));
    assert_eq!(action, Action::Tamper { how, rule: None });
    let rule = only_action("drop = { message = \"ProduceResponse\", error = \"NONE\" }");
    let Action::Tamper {
        how: Tamper::Drop,
        rule: Some(rule),
    } = rule
    else {
        panic!("a standing rule");
    };
    assert_eq!((rule.message, rule.count), ("ProduceResponse", None));
}

#[test]
fn notes_match_by_their_own_fields() {
    let step = only_step(
        "[[step]]\nwhen = { note = \"IsrChanged\", partition = \"orders-0\", isr = [\"b0\", \"b1\"] }\nmark = true",
    );
    let Trigger::Note(matcher) = step.trigger else {
        panic!("a note trigger");
    };
    assert_eq!(matcher.note, NoteKind::IsrChanged);
    let fields = [
        (0, FieldValue::Partition(orders(0))),
        (1, FieldValue::Nodes(vec![NodeIdx(0), NodeIdx(1)])),
    ];
    assert_eq!(matcher.fields, fields);
}

#[test]
fn triggers_and_modifiers() {
    let scenario = with(
        "[[step]]\nid = \"a\"\nat = \"280ms\"\nevery = \"500ms\"\ntimes = 3\nmark = true\n\
         [[step]]\nafter = { step = \"a\", wait = \"17s\" }\nwait = \"1s\"\noptional = true\nstart = \"b0\"\n\
         [[step]]\nwhen = \"orders-0.hw == 6\"\ntimes = 2\nfocus = \"orders-0\"",
    );
    let [first, second, third] = &scenario.steps[..] else {
        panic!("three steps");
    };
    let repeat = first.repeat.clone().expect("repeats");
    assert_eq!(
        (repeat.every, repeat.times),
        (Span::from_millis(500), Some(3))
    );
    assert_eq!(
        second.trigger,
        Trigger::After(StepIdx(0), Span::from_secs(17))
    );
    assert!(second.optional && second.wait == Span::from_secs(1));
    assert!(matches!(third.trigger, Trigger::State(_, 2)));
    assert_eq!(third.focus, Some(Focus::Partition(orders(0))));
}

#[test]
fn expressions() {
    let sound = [
        "orders-0@broker-0.leo == 7 and orders-0.hw == 6",
        "not (orders-0.leader == none or now >= 1m30s)",
        "orders-0.leader in [broker-0, b1, 2]",
        "orders-0.isr contains orders-0.leader",
        "orders-0.isr == [broker-0, broker-1]",
        "size(orders-0.isr) >= 2",
        "broker.broker-0.state in [off, paused]",
        "orders-0@b0.role == leader",
        "orders-0:7@b1.exists",
        "orders-0:7.value == r7 and not orders-0:8.acked",
        "orders-0:7.value == 'r 7'",
        "consumer.c1.assigned contains orders-1",
        "consumer.c1.position(orders-0) > 3",
        "orders-0@b0.log != orders-0@b1.log",
        "controller.leader != none and controller.epoch > 0",
        "topic.orders.partitions == 2 and topic.orders.exists",
        "'orders-0'.hw == -1",
        "true",
    ];
    for text in sound {
        with(&format!("[[expect]]\nfinally = \"{text}\""));
    }
}

#[test]
fn topics_with_dots_stand_in_quotes() {
    with(
        "[[topic]]\nname = \"a.b\"\n[[expect]]\nfinally = \"'a.b-0'.hw == 0 and topic.'a.b'.exists\"",
    );
}

#[test]
fn precedence_is_not_and_or() {
    let scenario = with("[[expect]]\nfinally = \"orders-0.hw == 1 or not true and false\"");
    let Claim::Finally(Fact::Expr(Expr::Or(parts))) = &scenario.expects[0].claim else {
        panic!("an or");
    };
    let Expr::And(parts) = &parts[1] else {
        panic!("an and");
    };
    let not = Expr::Not(Box::new(Expr::Truth(Operand::Bool(true))));
    assert_eq!(parts[..], [not, Expr::Truth(Operand::Bool(false))]);
}

#[test]
fn texts_hold_values_and_braces() {
    let scenario = with("[[tell]]\nat = \"1s\"\ntext = { en = \"a {{b}} {orders-0.hw}!\" }");
    let pieces = &scenario.tells[0].text.zh.pieces;
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[0], Piece::Literal("a {b} ".to_owned()));
    assert!(matches!(&pieces[1], Piece::Value(Operand::Path(path)) if path.field == Field::Hw));
    assert_eq!(pieces[2], Piece::Literal("!".to_owned()));
}

#[test]
fn branches_merge_replace_remove_and_add() {
    let source = format!(
        "{BASE}
[[step]]
id = \"trap\"
at = \"1s\"
crash = \"b0\"
[branch.a]
seed = 7
producer.p1.config.acks = \"1\"
producer.p1.config.\"linger.ms\" = 0
step.trap.at = \"2s\"
[branch.b]
remove = [\"step.trap\", \"producer.p1.config\"]
[[branch.b.step]]
at = \"3s\"
stop = \"b1\"
"
    );
    let parsed = sound(&source);
    assert_eq!(parsed.main.seed, 1);
    let a = parsed.branch("a").expect("a");
    assert_eq!(a.seed, 7);
    let config: Vec<_> = (a.producers[0].config.iter())
        .map(|entry| (entry.name.as_str(), entry.value.as_str()))
        .collect();
    assert_eq!(config, [("acks", "1"), ("linger.ms", "0")]);
    assert_eq!(a.steps[0].trigger, Trigger::At(Span::from_secs(2)));
    let b = parsed.branch("b").expect("b");
    assert_eq!(b.producers[0].config, []);
    assert_eq!(b.steps.len(), 1);
    assert_eq!(b.steps[0].trigger, Trigger::At(Span::from_secs(3)));
}

#[test]
fn what_is_written_is_read_back() {
    for (name, source) in LIBRARY {
        let parsed = sound(source);
        let branches = parsed.branches.iter().map(|(_, scenario)| scenario);
        for scenario in branches.chain([&parsed.main]) {
            let written = write(scenario);
            let again = sound(&written).main;
            assert_eq!(&again, scenario, "{name}:\n{written}");
        }
    }
}

#[test]
fn everything_that_can_be_read_can_be_written() {
    let source = include_str!("everything.toml");
    let scenario = sound(source).main;
    let written = write(&scenario);
    assert_eq!(sound(&written).main, scenario, "{written}");
    // Each built action stands in the file, so that none escapes this test.
    for action in ACTIONS.iter().filter(|action| action.is_built()) {
        let key = format!("\n{} = ", action.word);
        assert!(source.contains(&key), "{} is missing", action.word);
        assert!(written.contains(&key), "{} is lost", action.word);
    }
}

#[test]
fn a_problem_is_shown_in_its_line() {
    let source = BASE.replace("seed = 1\n", "seed = 1\n# one line more\n")
        + "[[step]]\nat = \"1s\"\ncrash = \"broker-4\"\n";
    let problems = parse(&source).expect_err("one");
    let text = render(&problems, &source, "scenarios/07-acks-all.toml", false);
    let expected = r#"error[K014]: no broker "broker-4" in this cluster
  --> scenarios/07-acks-all.toml:28:9
   |
28 | crash = "broker-4"
   |         ^^^^^^^^^^ brokers are broker-0, broker-1, broker-2  (cluster.brokers, line 8)
   |
   = did you mean "broker-2"?

1 problem, scenario not run
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_config_that_nothing_reads_is_left_out_of_a_clients_own() {
    let source = format!(
        "{BASE}\n[[producer]]\nname = \"p2\"\nclient = \"sarama\"\nconfig = {{ \"client.id\" = \"x\", \"Producer.Retry.Max\" = 9 }}\n"
    );
    let parsed = parse(&source).expect("warnings only");
    let codes: Vec<_> = parsed.warnings.iter().map(|p| p.code).collect();
    assert_eq!(codes, [Code::ConfigNotRead]);
    let producer = &parsed.main.producers[1];
    assert_eq!(producer.config.len(), 2);
    let config = producer.producer_config().expect("no clash");
    assert_eq!(config.retries, 9);
}
