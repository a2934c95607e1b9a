//! Bad files, and where and what their problem is.

use super::bad_table::APPENDED;
use super::{BASE, marked};
use crate::lab::scenario::{Code, parse};
use Code::*;

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
    let elsewhere = [BadFormat, VacuousRule, ConfigFile, UnknownInFile];
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

/// The two whose pieces do not stand behind the base: a header, and a file beside the scenario.
fn by_piece(code: Code, piece: &str) -> String {
    let expect = "[[expect]]\nid = \"no-loss\"\nalways = \"no-duplicate\"\n";
    match code {
        BadFormat => BASE.replace("format = 1", piece),
        VacuousRule if piece.contains("always") => format!("{BASE}{expect}{piece}\n"),
        VacuousRule => format!(
            "{BASE}{}{piece}\n",
            expect.replace("no-duplicate", "acked-not-lost")
        ),
        ConfigFile | UnknownInFile => {
            let key = piece.lines().nth(1).expect("a key");
            BASE.replace("brokers = 3", &format!("brokers = 3\n{key}"))
        }
        _ => format!("{BASE}\n{piece}\n"),
    }
}

#[test]
fn every_code_has_an_example_that_is_wrong_and_one_that_is_right() {
    use crate::lab::scenario::parse_from;
    let mut offences = Vec::new();
    for code in Code::ALL {
        let example = code.example().expect("an example");
        let file = |wrong: bool| {
            let line = if wrong {
                "confluent.metrics.enable=true\n"
            } else {
                ""
            };
            move |path: &str| match path {
                "server.properties" => Ok(format!("num.partitions=3\n{line}")),
                other => Err(format!("{other}: no such file")),
            }
        };
        let codes = |piece: &str, wrong: bool| {
            let files = file(wrong);
            let found = match parse_from(&by_piece(*code, piece), &[], &files) {
                Ok(parsed) => parsed.warnings,
                Err(problems) => problems,
            };
            found.iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        let (wrong, right) = (codes(example.wrong, true), codes(example.right, false));
        if !wrong.iter().all(|found| found == code) || wrong.is_empty() || !right.is_empty() {
            offences.push(format!(
                "{code:?}: wrong has {wrong:?}, right has {right:?}"
            ));
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn a_brokers_own_file_lies_under_the_configs_of_the_scenario() {
    use crate::lab::scenario::{NodeIdx, parse_from, write};
    let text = "node.id=7\nlog.dirs=/var/kafka\nnum.partitions=5\nmin.insync.replicas=2\n\
                num.partitions=6\nnum.io.threads=8\n";
    let source = BASE.replace(
        "brokers = 3",
        "brokers = 3\nconfig-file = \"server.properties\"\nconfig = { \"min.insync.replicas\" = 1 }",
    );
    let parsed = parse_from(&source, &[], &|_| Ok(text.to_owned())).expect("sound");
    let codes: Vec<_> = parsed.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, [ConfigNotRead]);
    let config = parsed.main.cluster.broker_config(NodeIdx(0));
    assert_eq!(config.num_partitions, 6);
    assert_eq!(config.topic_defaults.min_insync_replicas, 1);
    let again = parse(&write(&parsed.main)).expect("sound");
    assert_eq!(again.main, parsed.main);
    let (source, span) =
        marked(&source.replace("\"server.properties\"", "⟦\"server.properties\"⟧"));
    for text in [Ok("num.partitions=many".to_owned()), Err("gone".to_owned())] {
        let problems = parse_from(&source, &[], &|_| text.clone()).expect_err("bad");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].span, span);
    }
}
