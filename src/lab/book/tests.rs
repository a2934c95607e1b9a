use super::{Files, Rendered, render};
use pulldown_cmark::{Event, Options, Parser};

const SMALL: &str = r#"
format = 1
kafka = "4.3"
seed = 3
title = { en = "A *small* <b>one</b>", zh = "小" }
[cluster]
brokers = 1
controllers = 1
[[topic]]
name = "orders"
partitions = 1
replication = 1
[[producer]]
name = "p1"
[[step]]
id = "first"
at = "1s"
send = { from = "p1", topic = "orders", value = "one" }
[[step]]
id = "second"
at = "2s"
send = { from = "p1", topic = "orders", value = "VALUE" }
[[tell]]
id = "said"
at = "3s"
text = "orders-0 ends with {orders-0:1.value}."
[end]
at = "4s"
"#;

fn with_value(value: &str) -> impl Fn(&str) -> Option<String> {
    let quoted = toml_edit::Value::from(value).to_string();
    let text = SMALL.replace("\"VALUE\"", &quoted);
    move |name| (name == "small").then(|| text.clone())
}

fn page(text: &str, quiz: &str) -> Rendered {
    let files = [("p/page.md", text), ("p/quiz.toml", quiz)];
    let files: Files = files.map(|(path, text)| (path.into(), text.into())).into();
    render(&files, &with_value("two"))
}

fn body(mark: &str) -> String {
    let text = format!("<!-- kafkalab: {mark} -->\n<!-- kafkalab end -->\n");
    let rendered = page(&text, "");
    assert_eq!(rendered.complaints, [], "{mark}");
    rendered.files["p/page.md"].clone()
}

fn complaint(text: &str, quiz: &str) -> String {
    let rendered = page(text, quiz);
    assert_eq!(rendered.files["p/page.md"], text, "what was there stays");
    let all: Vec<String> = (rendered.complaints.iter())
        .map(|c| format!("{}:{}: {}", c.file, c.line, c.text))
        .collect();
    all.join("\n")
}

#[test]
fn values_stand_within_a_line_and_a_second_time_changes_nothing() {
    let text =
        "It ends at <!-- kafkalab: value orders-0.leo at small#2500ms -->9<!-- kafkalab end -->.";
    let rendered = page(text, "");
    let once = &rendered.files["p/page.md"];
    assert_eq!(*once, text.replace(">9<", ">2<"));
    assert_eq!(page(once, "").files["p/page.md"], *once);
}

#[test]
fn moments_are_times_steps_triggers_and_the_end() {
    for (moment, ends) in [
        ("1500ms", "1"),
        ("after:first", "0"),
        ("when:orders-0.leo==1", "1"),
        ("note:{ note = \"Appended\", base = 1 }", "2"),
        ("end", "2"),
    ] {
        let target = super::target::Target::of(&format!("small#{moment}")).expect(moment);
        let find = with_value("two");
        let mut runs = super::runs::Runs::new(&find);
        assert_eq!(
            runs.value(&target, "orders-0.leo"),
            Ok(ends.into()),
            "{moment}"
        );
    }
    assert!(complaint(&inline("now at small#when:orders-0.leo == 7"), "").contains("never comes"));
    assert!(complaint(&inline("now at small#soon:1"), "").contains("after, when, note or step"));
    assert!(complaint(&inline("orders-0.loe at small#1s"), "").contains("loe"));
    assert!(complaint(&inline("now at large#1s"), "").contains("no scenario \"large\""));
    assert!(complaint(&inline("now at small/b#1s"), "").contains("no branch \"b\""));
}

fn inline(words: &str) -> String {
    format!("a\n<!-- kafkalab: value {words} -->x<!-- kafkalab end --> b")
}

#[test]
fn what_is_asked_changes_no_history() {
    let find = with_value("two");
    let run = |more: &str| {
        let text = format!("{}\n{more}", find("small").expect("is there"));
        let parsed = crate::lab::scenario::parse(&text).expect("no errors");
        let options = crate::lab::scenario::run::Options::default();
        let finished = crate::lab::scenario::run::run("main", &parsed.main, &options, &mut |_| {});
        finished.report.trace_hash
    };
    let tells = "[[tell]]\nat = \"1234ms\"\ntext = \"x\"\n[[tell]]\n\
                 when = \"orders-0.leo == 1\"\ntext = \"{orders-0.hw}\"\n";
    assert_eq!(run(""), run(tells));
}

#[test]
fn a_mark_that_can_not_be_followed_is_reported_with_its_line() {
    let open = "one\n\n<!-- kafkalab: story small -->\nno end";
    assert!(complaint(open, "").contains("p/page.md:3: this mark has no end"));
    let block = |words: &str| format!("a\n\n<!-- kafkalab: {words} -->\n<!-- kafkalab end -->\n");
    for (words, says) in [
        ("stroy small", "no block is called \"stroy\""),
        ("records small one..three", "sends no \"three\""),
        ("records small two..one", "goes backwards"),
        ("log orders-7 at small#end", "no partition \"orders-7\""),
        ("question small what", "asks nothing called \"what\""),
        ("source small step.third", "no part \"step.third\""),
        ("sequence small 1s 2s a/b", "no name of a picture"),
        ("glossary offset, of set", "the glossary has no \"of set\""),
        ("configs brokers", "configs broker, topic"),
        ("quiz other.toml", "no quiz"),
    ] {
        let said = complaint(&block(words), "");
        assert!(
            said.starts_with("p/page.md:3: ") && said.contains(says),
            "{words}: {said}"
        );
    }
    let within = "a <!-- kafkalab: story small --> b <!-- kafkalab end -->";
    assert!(complaint(within, "").contains("alone on a line"));
}

#[test]
fn marks_in_code_are_text() {
    let text = "```text\n<!-- kafkalab: nonsense -->\n```\n";
    assert_eq!(complaint(text, ""), "");
}

#[test]
fn the_picture_of_a_log_tells_what_replicas_know() {
    let log = body("log orders-0 at small#end");
    assert!(
        log.contains("broker-0 * [0][0]  high watermark 2, log end 2"),
        "{log}"
    );
    assert!(log.contains("offset      0  1 "), "{log}");
}

#[test]
fn a_screen_is_the_snapshot_of_a_test() {
    let find = |name: &str| {
        let text = "---\nsource: tests/screens.rs\nexpression: screen\n---\n+--+\n|  |\n+--+\n";
        (name == "small.snap").then(|| text.to_owned())
    };
    let text = |name: &str| format!("<!-- kafkalab: screen {name} -->\n<!-- kafkalab end -->\n");
    let rendered = render(&Files::from([("a.md".to_owned(), text("small"))]), &find);
    assert!(rendered.files["a.md"].contains("\n```text\n+--+\n|  |\n+--+\n```\n"));
    let rendered = render(&Files::from([("a.md".to_owned(), text("none"))]), &find);
    assert_eq!(rendered.complaints.len(), 1);
}

#[test]
fn a_sequence_becomes_a_picture_beside_the_page() {
    let text = "<!-- kafkalab: sequence small 900ms 1500ms sent -->\n<!-- kafkalab end -->\n";
    let rendered = page(text, "");
    let picture = &rendered.files["p/pictures/sent.svg"];
    assert!(
        picture.starts_with("<svg") && picture.contains("Produce"),
        "{picture}"
    );
    assert!(rendered.files["p/page.md"].contains("](pictures/sent.svg)"));
}

const QUIZ: &str = r#"
[[question]]
id = "length"
type = "short"
ask = "How long is it?"
at = "small#1500ms"
value = "orders-0.leo"
answer = "1"
[[question]]
id = "choose"
type = "choice"
ask = "How long is it?"
at = "small#end"
choose = [
  { text = "two", that = "orders-0.leo == 2", right = true },
  { text = "one", that = "orders-0.leo == 1", why = "There is a second.", see = "small#end" },
]
[[question]]
id = "state"
type = "state-after"
ask = "What is there?"
at = "small#end"
values = [{ of = "orders-0.hw", is = "2" }, { of = "producer.p1.acked", is = "2" }]
[[question]]
id = "order"
type = "order"
ask = "In which order?"
run = "small"
steps = [
  { text = "sent", note = { note = "BatchSent", first = 0 } },
  { text = "appended", note = { note = "Appended", base = 0 } },
  { text = "acknowledged", note = { note = "RecordAcknowledged", send = 0 } },
]
[[question]]
id = "event"
type = "which-event"
ask = "Which event makes the log longer?"
run = "small"
becomes = "orders-0.leo == 1"
choose = [
  { text = "the append", event = { note = "Appended", base = 0 }, right = true },
  { text = "the send", event = { note = "BatchSent", first = 0 }, why = "It has only left." },
]
"#;

const QUIZ_MARK: &str = "<!-- kafkalab: quiz quiz.toml -->\n<!-- kafkalab end -->\n";

#[test]
fn a_quiz_whose_author_is_right_is_written() {
    let rendered = page(QUIZ_MARK, QUIZ);
    assert_eq!(rendered.complaints, []);
    let text = &rendered.files["p/page.md"];
    assert_eq!(text.matches("<details>").count(), 5, "{text}");
    assert!(
        text.contains("- not **b**: There is a second. See it: `kafkalab play small --at step:")
    );
    assert!(
        text.contains("1. sent\n1. appended\n1. acknowledged"),
        "{text}"
    );
    assert!(
        text.contains("- acknowledged\n- appended\n- sent"),
        "{text}"
    );
}

#[test]
fn a_quiz_whose_author_is_wrong_is_refused() {
    for (from, to, says) in [
        (
            "answer = \"1\"",
            "answer = \"3\"",
            "orders-0.leo is 1, the author says 3",
        ),
        (
            "orders-0.leo == 2",
            "orders-0.leo == 3",
            "orders-0.leo == 3 is not true",
        ),
        (
            "orders-0.leo == 1\", why",
            "orders-0.leo > 1\", why",
            "orders-0.leo > 1 is true",
        ),
        (
            "is = \"2\" }, {",
            "is = \"1\" }, {",
            "orders-0.hw is 2, the author says 1",
        ),
        (
            "\"BatchSent\", first = 0 } },\n",
            "\"BatchSent\", first = 1 } },\n",
            "another order",
        ),
        (
            "becomes = \"orders-0.leo == 1\"",
            "becomes = \"orders-0.leo == 2\"",
            "from step",
        ),
        ("at = \"small#1500ms\"\n", "", "`at` is missing"),
        (
            "answer = \"1\"",
            "answer = \"1\"\nanser = \"1\"",
            "unknown key \"anser\"",
        ),
        (
            "right = true",
            "right = false",
            "exactly one answer must be right",
        ),
        (
            ", why = \"It has only left.\"",
            "",
            "does not say why it is wrong",
        ),
        (
            "id = \"state\"",
            "id = \"length\"",
            "two questions are called",
        ),
        ("type = \"short\"", "type = \"long\"", "no type \"long\""),
    ] {
        let wrong = QUIZ.replacen(from, to, 1);
        assert_ne!(wrong, QUIZ, "{from}");
        let said = complaint(QUIZ_MARK, &wrong);
        assert!(said.contains(says), "{to}: {said}");
    }
}

/// Whatever a record holds, a page shows it as text: no escape sequence, no element, no link, no
/// code or table that ends early.
#[test]
fn values_of_records_stay_text_on_a_page() {
    let marks = [
        "value orders-0:1.value at small#end",
        "story small",
        "records small",
        "transcript small 0s 4s",
    ];
    for value in [
        "\u{1b}[31mred",
        "<script>x</script>",
        "<!-- kafkalab end -->",
        "`code` ``` ~~~",
        "a | b \\| c",
        "[x](javascript:y) ![i](z)",
        "# h *e* _u_ **s** &amp; $m$",
        "{{#include /etc/hosts}}",
        "\u{202e}turned",
        "\n\n<b>",
    ] {
        for mark in marks {
            let text = format!("<!-- kafkalab: {mark} -->\n<!-- kafkalab end -->\n");
            let files = Files::from([("page.md".to_owned(), text)]);
            let rendered = render(&files, &with_value(value));
            assert_eq!(rendered.complaints, [], "{mark}");
            assert_harmless(&rendered.files["page.md"], &format!("{mark} {value:?}"));
        }
    }
}

fn assert_harmless(page: &str, what: &str) {
    let bad = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n');
    assert!(!page.contains(bad), "{what}\n{page}");
    assert!(!page.contains("{{#"), "{what}\n{page}");
    let mut blocks = 0;
    for event in Parser::new_ext(page, Options::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = html.trim();
                let ours = html.starts_with("<!-- kafkalab") || html == "<br>";
                assert!(ours, "{what}: {html}\n{page}");
                blocks += 1;
            }
            Event::Start(pulldown_cmark::Tag::Link { .. } | pulldown_cmark::Tag::Image { .. }) => {
                panic!("{what}: a link\n{page}")
            }
            Event::Start(pulldown_cmark::Tag::Strong) => {
                assert!(page.contains("**lost**"), "{what}: strong\n{page}");
            }
            Event::InlineMath(_) | Event::DisplayMath(_) => panic!("{what}: math\n{page}"),
            _ => {}
        }
    }
    assert_eq!(blocks, 2, "{what}: the two comments of the mark\n{page}");
}
