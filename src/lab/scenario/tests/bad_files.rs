//! Bad files, and where and what their problem is. The expected place stands between ⟦ and ⟧.

use super::{BASE, marked};
use crate::lab::scenario::{Code, parse};
use Code::*;

/// Appended to [`BASE`]; the only problem is this one, at the marked place.
const APPENDED: &[(Code, &str)] = &[
    // TOML itself.
    (Syntax, "[time]\nstart = ⟦2026-01-01T00:00:00Zzz⟧"),
    (
        Syntax,
        "[[step]]\nat = \"1s\"\n⟦at⟧ = \"2s\"\ncrash = \"b0\"",
    ),
    // Keys.
    (UnknownKey, "⟦colour⟧ = 1\n"),
    (
        UnknownKey,
        "[[step]]\nat = \"1s\"\n⟦chrash⟧ = \"broker-0\"\nmark = true",
    ),
    (
        UnknownKey,
        "[[step]]\nat = \"1s\"\nsend = { from = \"p1\", topic = \"orders\", ⟦vlaue⟧ = \"x\" }",
    ),
    (
        UnknownKey,
        "[[step]]\nwhen = { message = \"Fetch\", ⟦form⟧ = \"broker-1\" }\ndrop = true",
    ),
    (
        UnknownKey,
        "[[step]]\nwhen = { note = \"Appended\", ⟦offset⟧ = 1 }\ncrash = \"b0\"",
    ),
    (MissingKey, "⟦[[step]]⟧\ncrash = \"broker-0\""),
    (
        MissingKey,
        "[[step]]\nat = \"1s\"\nsend = ⟦{ from = \"p1\" }⟧",
    ),
    (
        MissingKey,
        "[[step]]\nat = \"1s\"\nstart = ⟦{ wipe = true }⟧",
    ),
    (
        MissingKey,
        "[[step]]\nat = \"1s\"\n⟦every⟧ = \"1s\"\ncrash = \"b0\"",
    ),
    (
        MissingKey,
        "[[step]]\nwhen = ⟦{ from = \"broker-1\" }⟧\ncrash = \"b0\"",
    ),
    (MissingKey, "⟦[[expect]]⟧\nid = \"x\""),
    (WrongType, "[[step]]\nat = ⟦1⟧\ncrash = \"broker-0\""),
    (WrongType, "[[step]]\nat = \"1s\"\ncrash = ⟦0⟧"),
    (WrongType, "[network]\nlatency = ⟦[1, 2]⟧"),
    (
        WrongType,
        "[[step]]\nat = \"1s\"\nmark = ⟦\"yes\"⟧\ncrash = \"b0\"",
    ),
    (WrongType, "⟦[tell]⟧\nwhen = \"true\""),
    (
        Exclusive,
        "[[step]]\nat = \"1s\"\n⟦when⟧ = \"now > 2s\"\ncrash = \"b0\"",
    ),
    (
        Exclusive,
        "[[step]]\nat = \"1s\"\ncrash = \"b0\"\n⟦start⟧ = \"b0\"",
    ),
    (
        Exclusive,
        "[[step]]\nat = \"1s\"\n⟦times⟧ = 3\ncrash = \"b0\"",
    ),
    (
        Exclusive,
        "[[step]]\nwhen = \"now > 2s\"\n⟦every⟧ = \"1s\"\ntimes = 2\ncrash = \"b0\"",
    ),
    (
        Exclusive,
        "[[step]]\nat = \"1s\"\ncut = ⟦{ from = [\"b0\"] }⟧",
    ),
    (
        Exclusive,
        "[[step]]\nat = \"1s\"\nslow = ⟦{ node = \"b0\" }⟧",
    ),
    (
        Exclusive,
        "[[expect]]\nfinally = \"no-duplicate\"\n⟦always⟧ = \"no-duplicate\"",
    ),
    (
        Exclusive,
        "[[expect]]\nalways = \"no-duplicate\"\n⟦acks⟧ = \"1\"",
    ),
    (NoEffect, "⟦[[step]]⟧\nat = \"1s\"\nwait = \"1s\""),
    // Words.
    (BadDuration, "[[step]]\nat = ⟦\"5\"⟧\ncrash = \"b0\""),
    (BadDuration, "[[step]]\nat = ⟦\"999999d\"⟧\ncrash = \"b0\""),
    (BadDuration, "[network]\nlatency = ⟦\"6ms..1ms\"⟧"),
    (BadQuantity, "[network]\nloss = ⟦\"0.5\"⟧"),
    (BadQuantity, "[network]\nbandwidth = ⟦\"1MB/s\"⟧"),
    (
        BadQuantity,
        "[[step]]\nat = \"1s\"\nload = { from = \"p1\", topic = \"orders\", rate = ⟦\"10\"⟧, for = \"1s\", size = \"1B\" }",
    ),
    (
        BadQuantity,
        "[[step]]\nat = \"1s\"\nsend = { from = \"p1\", topic = \"orders\", value = { hex = ⟦\"abc\"⟧ } }",
    ),
    (
        OutOfRange,
        "[[step]]\nat = \"1s\"\nsend = { from = \"p1\", topic = \"orders\", count = ⟦0⟧ }",
    ),
    (
        OutOfRange,
        "[[step]]\nat = \"1s\"\nclock = { node = \"b0\", drift = ⟦99999999⟧ }",
    ),
    (
        OutOfRange,
        "[[step]]\nat = \"1s\"\nsend = { from = \"p1\", topic = \"orders\", timestamp = ⟦99999999999999999999⟧ }",
    ),
    (
        UnknownWord,
        "[[step]]\nat = \"1s\"\npower-off = { node = \"b0\", tail = ⟦\"gone\"⟧ }",
    ),
    (
        UnknownWord,
        "[[producer]]\nname = \"p3\"\nclient = ⟦\"ruby\"⟧",
    ),
    (
        UnknownWord,
        "[[step]]\nat = \"1s\"\nmark = true\nfocus = ⟦\"nobody\"⟧",
    ),
    (
        UnknownWord,
        "[[expect]]\nalways = \"no-duplicate\"\noutcome = ⟦\"fail\"⟧",
    ),
    (
        UnknownWord,
        "[[step]]\nwhen = { message = \"ProduceResponse\", error = ⟦\"NOT_LEADER\"⟧ }\ndrop = true",
    ),
    (BadName, "[[topic]]\nname = ⟦\"a/b\"⟧"),
    (
        BadName,
        "[[step]]\nid = ⟦\"a b\"⟧\nat = \"1s\"\ncrash = \"b0\"",
    ),
    (BadName, "[branch.⟦main⟧]\nseed = 1"),
    (BadCalendar, "[time]\nstart = ⟦\"yesterday\"⟧"),
    (BadCalendar, "[time]\nstart = ⟦2026-01-01⟧"),
    (
        BadText,
        "[[tell]]\nat = \"1s\"\ntext = \"a ⟦{⟧orders-0.hw\"",
    ),
    (BadText, "[[tell]]\nat = \"1s\"\ntext = \"a ⟦}⟧\""),
    (
        BadQuestion,
        "[[ask]]\nat = \"1s\"\ntext = \"?\"\nchoose = ⟦[{ en = \"a\", right = true }]⟧",
    ),
    (
        BadQuestion,
        "[[ask]]\nat = \"1s\"\ntext = \"?\"\nchoose = ⟦[{ en = \"a\", wrong = \"x\" }, { en = \"b\", wrong = \"y\" }]⟧",
    ),
    (
        BadQuestion,
        "[[ask]]\nat = \"1s\"\ntext = \"?\"\nchoose = [{ en = \"a\", right = true }, ⟦{ en = \"b\" }⟧]",
    ),
    // Names.
    (UnknownNode, "[[step]]\nat = \"1s\"\ncrash = ⟦\"broker-4\"⟧"),
    (
        UnknownNode,
        "[[step]]\nat = \"1s\"\ncut = { between = [[\"b0\", ⟦\"b9\"⟧], [\"b1\"]] }",
    ),
    (
        UnknownNode,
        "[[step]]\nwhen = \"orders-0@⟦broker-7⟧.leo == 3\"\ncrash = \"b0\"",
    ),
    (
        UnknownNode,
        "[[step]]\nwhen = \"orders-0.leader == ⟦brokr-1⟧\"\ncrash = \"b0\"",
    ),
    (
        UnknownNode,
        "[[step]]\nwhen = \"orders-0.isr contains ⟦55⟧\"\ncrash = \"b0\"",
    ),
    (
        UnknownNode,
        "[[topic]]\nname = \"t\"\nplace = { 0 = [⟦\"q0\"⟧] }",
    ),
    (
        UnknownPartition,
        "[[step]]\nat = \"1s\"\ncrash = { leader = ⟦\"orders-9\"⟧ }",
    ),
    (
        UnknownPartition,
        "[[step]]\nat = \"1s\"\ncrash = { leader = ⟦\"order-0\"⟧ }",
    ),
    (
        UnknownPartition,
        "[[step]]\nat = \"1s\"\nsend = { from = \"p1\", topic = ⟦\"order\"⟧ }",
    ),
    (
        UnknownPartition,
        "[[step]]\nat = \"1s\"\nsend = { from = \"p1\", topic = \"orders\", partition = ⟦2⟧ }",
    ),
    (
        UnknownPartition,
        "[[expect]]\nfinally = \"⟦orders-2⟧.hw == 1\"",
    ),
    (
        UnknownPartition,
        "[[expect]]\nfinally = \"consumer.c1.position(⟦orders-7⟧) == 1\"",
    ),
    (
        UnknownClient,
        "[[step]]\nat = \"1s\"\nsend = { from = ⟦\"p9\"⟧, topic = \"orders\" }",
    ),
    (UnknownClient, "[[step]]\nat = \"1s\"\npoll = ⟦\"p1\"⟧"),
    (
        UnknownClient,
        "[[expect]]\nfinally = \"producer.⟦p7⟧.acked == 1\"",
    ),
    (UnknownStep, "[[step]]\nafter = ⟦\"tarp\"⟧\ncrash = \"b0\""),
    (UnknownStep, "[[step]]\nat = \"1s\"\nheal = ⟦\"nothing\"⟧"),
    (
        UnknownMessage,
        "[[step]]\nwhen = { message = ⟦\"Fecth\"⟧ }\ndrop = true",
    ),
    (
        UnknownNote,
        "[[step]]\nwhen = { note = ⟦\"HighWatermarkAdvance\"⟧ }\ncrash = \"b0\"",
    ),
    (UnknownRule, "[[expect]]\nalways = ⟦\"acked-not-lots\"⟧"),
    (
        UnknownBranch,
        "[[expect]]\nsame-as = ⟦\"other\"⟧\non = [\"orders-0.hw\"]",
    ),
    (NeedsMessage, "[[step]]\nat = \"1s\"\nhold = ⟦true⟧"),
    (
        Exclusive,
        "[[step]]\nwhen = { message = \"Fetch\" }\ndrop = { ⟦message⟧ = \"Fetch\" }",
    ),
    (Duplicate, "[[topic]]\nname = ⟦\"orders\"⟧"),
    (Duplicate, "[[consumer]]\nname = ⟦\"p1\"⟧"),
    (Duplicate, "[[producer]]\nname = ⟦\"broker-0\"⟧"),
    (Duplicate, "⟦[[node]]⟧\nname = \"extra\"\nid = 1"),
    (
        Duplicate,
        "[[step]]\nid = \"x\"\nat = \"1s\"\ncrash = \"b0\"\n[[step]]\nid = ⟦\"x\"⟧\nat = \"2s\"\nstart = \"b0\"",
    ),
    (
        Duplicate,
        "[[step]]\nat = \"1s\"\nadd-broker = { name = ⟦\"broker-0\"⟧ }",
    ),
    (
        BadPlace,
        "[[topic]]\nname = \"t\"\npartitions = 2\nplace = ⟦{ 0 = [\"b0\"] }⟧",
    ),
    (
        BadPlace,
        "[[topic]]\nname = \"t\"\nplace = { ⟦1⟧ = [\"b0\"] }",
    ),
    (
        BadPlace,
        "[[topic]]\nname = \"t\"\nreplication = 2\nplace = { 0 = ⟦[\"b0\"]⟧ }",
    ),
    (
        BadPlace,
        "[[topic]]\nname = \"t\"\nreplication = 2\nplace = { 0 = ⟦[\"b0\", \"b0\"]⟧ }",
    ),
    (
        TooManyReplicas,
        "[[topic]]\nname = ⟦\"t\"⟧\nreplication = 4",
    ),
    (
        Cycle,
        "⟦[[step]]⟧\nid = \"x\"\nafter = \"y\"\ncrash = \"b0\"\n[[step]]\nid = \"y\"\nafter = \"x\"\nstart = \"b0\"",
    ),
    // Configs.
    (
        UnknownConfig,
        "[[producer]]\nname = \"p3\"\nconfig = { ⟦ack⟧ = \"all\" }",
    ),
    (
        UnknownConfig,
        "[[topic]]\nname = \"t\"\nconfig = { ⟦\"log.segment.bytes\"⟧ = 1 }",
    ),
    (
        BadConfig,
        "[[producer]]\nname = \"p3\"\nconfig = { acks = ⟦\"2\"⟧ }",
    ),
    (
        BadConfig,
        "[[topic]]\nname = \"t\"\nconfig = { \"min.insync.replicas\" = ⟦0⟧ }",
    ),
    (
        BadConfig,
        "[[node]]\nname = \"broker-0\"\nconfig = { \"num.partitions\" = ⟦\"abc\"⟧ }",
    ),
    (
        WrongType,
        "[[topic]]\nname = \"t\"\nconfig = { retention = ⟦{ ms = 1 }⟧ }",
    ),
    (
        NeedsIdempotence,
        "[[producer]]\nname = \"p3\"\nconfig = { acks = ⟦\"1\"⟧, \"enable.idempotence\" = true }",
    ),
    // Expressions.
    (BadExpression, "[[expect]]\nfinally = \"orders-0.hw ⟦=⟧ 3\""),
    (
        BadExpression,
        "[[expect]]\nfinally = \"1 < orders-0.hw ⟦<⟧ 3\"",
    ),
    (
        BadExpression,
        "[[expect]]\nfinally = \"orders-0.hw ⟦+⟧ 1 == 3\"",
    ),
    (
        BadExpression,
        "[[expect]]\nfinally = \"orders-0.hw == 3 and⟦⟧\"",
    ),
    (
        BadExpression,
        "[[expect]]\nfinally = \"(orders-0.hw == 3⟦⟧\"",
    ),
    (
        BadExpression,
        "[[expect]]\nfinally = \"orders-0.hw == ⟦5x⟧\"",
    ),
    (
        BadExpression,
        "[[expect]]\nfinally = \"orders-0:⟦x⟧.exists\"",
    ),
    (
        UnknownField,
        "[[expect]]\nfinally = \"orders-0.⟦how⟧ == 3\"",
    ),
    (
        UnknownField,
        "[[expect]]\nfinally = \"consumer.c1.⟦position⟧ == 3\"",
    ),
    (
        UnknownField,
        "[[expect]]\nfinally = \"orders-0.⟦hw⟧(orders-0) == 3\"",
    ),
    (
        UnknownWord,
        "[[expect]]\nfinally = \"broker.b0.state == ⟦dead⟧\"",
    ),
    (Mismatch, "[[expect]]\nfinally = \"orders-0.hw == ⟦5ms⟧\""),
    (
        Mismatch,
        "[[expect]]\nfinally = \"orders-0.isr ⟦<⟧ [broker-0]\"",
    ),
    (Mismatch, "[[expect]]\nfinally = \"⟦orders-0.hw⟧\""),
    (
        Mismatch,
        "[[expect]]\nfinally = \"broker-0 in ⟦orders-0.hw⟧\"",
    ),
    (
        Mismatch,
        "[[expect]]\nfinally = \"orders-0@b0.log == ⟦orders-0.hw⟧\"",
    ),
    (
        Mismatch,
        "[[expect]]\nfinally = \"size(⟦orders-0.hw⟧) == 1\"",
    ),
    (
        UnknownField,
        "[[tell]]\nat = \"1s\"\ntext = { en = \"HW {orders-0.⟦hv⟧}\", zh = \"x\" }",
    ),
    (
        BadExpression,
        "[[expect]]\ncount = { note = \"Appended\", is = ⟦\"many\"⟧ }",
    ),
    // What is known and not built.
    (NotBuilt, "[[step]]\nat = \"1s\"\n⟦begin⟧ = \"p1\""),
    (NotBuilt, "[[step]]\nat = \"1s\"\n⟦random⟧ = { of = [] }"),
    (NotBuilt, "[[consumer]]\nname = \"c2\"\n⟦group⟧ = \"g\""),
    (NotBuilt, "[[⟦group⟧]]\nname = \"g\""),
    (NotBuilt, "[[expect]]\nalways = ⟦\"one-owner\"⟧"),
    (NotBuilt, "[[expect]]\nfinally = \"⟦group⟧.g.members == 3\""),
    (
        NotBuilt,
        "[[step]]\nat = \"1s\"\ncrash = { ⟦coordinator⟧ = \"g\" }",
    ),
    // Branches.
    (NoSuchItem, "[branch.x]\nproducer.⟦p7⟧.config.acks = \"1\""),
    (NoSuchItem, "[branch.x]\nremove = [⟦\"step.nothing\"⟧]"),
    (NoSuchItem, "[branch.x]\nremove = [⟦\"cost\"⟧]"),
    (BadConfig, "[branch.x]\nproducer.p1.config.acks = ⟦\"7\"⟧"),
    (UnknownKey, "[branch.x]\nproducer.p1.⟦colour⟧ = \"7\""),
    (
        UnknownNode,
        "[[branch.x.step]]\nat = \"1s\"\ncrash = ⟦\"broker-8\"⟧",
    ),
    (WrongType, "[branch]\nx = ⟦1⟧"),
    // Limits.
    (
        OutOfRange,
        "[[topic]]\nname = \"t\"\npartitions = ⟦1000000⟧",
    ),
    (
        TooLarge,
        "[[step]]\nat = \"1s\"\nevery = \"1s\"\ntimes = 1000\nsend = ⟦{ from = \"p1\", topic = \"orders\", count = 1000000 }⟧",
    ),
    // Warnings.
    (
        ConfigNotRead,
        "[[node]]\nname = \"broker-0\"\nconfig = { ⟦\"num.io.threads\"⟧ = 8 }",
    ),
    (
        MinIsrAboveReplication,
        "[[topic]]\nname = \"audit\"\nconfig = { \"min.insync.replicas\" = ⟦3⟧ }",
    ),
    (
        EvenQuorum,
        "⟦[[node]]⟧\nname = \"controller-3\"\nroles = \"controller\"\nid = 103",
    ),
    (AfterTheEnd, "⟦[[step]]⟧\nat = \"2h\"\ncrash = \"b0\""),
    (
        AfterTheEnd,
        "[[expect]]\nat = ⟦\"2h\"⟧\nthat = \"now > 1s\"",
    ),
];

#[test]
fn each_problem_is_found_at_its_place() {
    let mut wrong = Vec::new();
    for (code, text) in APPENDED {
        // What is not in a table belongs to the beginning of the file.
        let (source, span) = match text.trim_start_matches('⟦').starts_with('[') {
            true => marked(&format!("{BASE}\n{text}\n")),
            false => marked(&format!("{text}\n{BASE}")),
        };
        let found = match parse(&source) {
            Ok(parsed) => parsed.warnings,
            Err(problems) => problems,
        };
        let found: Vec<_> = found.iter().map(|p| (p.code, p.span.clone())).collect();
        if found != [(*code, span.clone())] {
            wrong.push(format!(
                "{text}\n  found {found:?}\n  not {code:?} at {span:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_code_has_a_bad_file() {
    // Those that BASE must lack something for, and one that hides behind another.
    let elsewhere = [BadFormat, VacuousRule];
    for code in Code::ALL {
        let here = APPENDED.iter().any(|(shown, _)| shown == code);
        assert!(here || elsewhere.contains(code), "{code:?}");
    }
}

#[test]
fn the_format_must_be_known() {
    for (from, to) in [("format = 1", "format = ⟦2⟧"), ("\"4.3\"", "⟦\"3.9\"⟧")] {
        let (source, span) = marked(&BASE.replace(from, to));
        let problems = parse(&source).expect_err("not known");
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].code, &problems[0].span), (BadFormat, &span));
    }
}

#[test]
fn a_rule_about_nobody_is_doubtful() {
    let source = BASE.replace("\"all\"", "\"1\"");
    let rule = "[[expect]]\nalways = ⟦\"acked-not-lost\"⟧\n";
    let (source, span) = marked(&format!("{source}{rule}"));
    let parsed = parse(&source).expect("a warning only");
    assert_eq!(parsed.warnings.len(), 1);
    let warning = &parsed.warnings[0];
    assert_eq!((warning.code, &warning.span), (VacuousRule, &span));
    let widened = source.replace("[[expect]]", "[[expect]]\nacks = \"1\"");
    assert_eq!(parse(&widened).expect("sound").warnings, []);
}

#[test]
fn all_problems_come_at_once() {
    let source = format!(
        "{BASE}
[[step]]
at = \"5\"
crash = \"broker-4\"
colour = 1
[[step]]
when = \"orders-9.hw == 1 and orders-0.how == 2 or orders-0.hw == 3s\"
begin = \"p1\"
[[expect]]
always = \"nothing\"
"
    );
    let problems = parse(&source).expect_err("many");
    let codes: Vec<_> = problems.iter().map(|p| p.code).collect();
    let expected = [
        BadDuration,
        UnknownNode,
        UnknownKey,
        UnknownPartition,
        UnknownField,
        Mismatch,
        NotBuilt,
        UnknownRule,
    ];
    assert_eq!(codes, expected);
}

#[test]
fn a_syntax_error_hides_only_its_own_echoes() {
    let broken = BASE.replace("name = \"orders\"", "name = orders");
    let source = format!("{broken}\n[[step]]\nat = \"5\"\ncrash = {{ leader = \"orders-0\" }}\n");
    let problems = parse(&source).expect_err("broken");
    let codes: Vec<_> = problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, [Syntax, BadDuration]);
}

#[test]
fn a_problem_of_main_is_not_told_again_for_a_branch() {
    let source = format!("{BASE}\n[[step]]\nat = \"5\"\ncrash = \"b0\"\n[branch.x]\nseed = 1\n");
    assert_eq!(parse(&source).expect_err("one").len(), 1);
}

#[test]
fn a_problem_of_a_branch_names_it() {
    let source = format!("{BASE}\n[branch.x]\nremove = [\"topic.orders\"]\n");
    let problems = parse(&source).expect_err("the consumer reads orders");
    assert!(problems.iter().all(|p| p.notes == ["in branch x"]));
}

/// Dropping echoes must never leave a file without its errors.
#[test]
fn a_file_with_a_syntax_error_is_never_sound() {
    for at in 0..BASE.len() {
        let source = format!("{}\u{1}{}", &BASE[..at], &BASE[at..]);
        assert!(parse(&source).is_err(), "at {at}");
    }
}
