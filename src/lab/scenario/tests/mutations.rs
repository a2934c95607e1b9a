//! Hostile files: mutated sound ones must end in a scenario or in problems, never in a panic,
//! and soon.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;

/// A change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(Index, usize),
    Insert(Index, String),
    Double(Index, usize),
    Swap(Index, Index),
    Cut(Index),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let piece = prop_oneof![
        Just("[[".to_owned()),
        Just("]]".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("(".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("broker-9".to_owned()),
        Just("orders-0:7@b0.".to_owned()),
        Just("not (".to_owned()),
        Just("\n[branch.x]\n".to_owned()),
        Just("\nremove = [\"step.trap\", \"end\"]\n".to_owned()),
        Just("é中\u{200d}\u{0}\r\t".to_owned()),
        "[ -~]{0,6}",
        any::<char>().prop_map(String::from),
    ];
    let mutation = prop_oneof![
        (any::<Index>(), 1..40_usize).prop_map(|(at, n)| Mutation::Delete(at, n)),
        (any::<Index>(), piece).prop_map(|(at, text)| Mutation::Insert(at, text)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, n)| Mutation::Double(at, n)),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        any::<Index>().prop_map(Mutation::Cut),
    ];
    prop::collection::vec(mutation, 1..6)
}

fn apply(text: &str, mutation: &Mutation) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return String::new();
    }
    let length = chars.len();
    match mutation {
        Mutation::Delete(at, n) => {
            let at = at.index(length);
            chars.drain(at..(at + n).min(length));
        }
        Mutation::Insert(at, piece) => {
            let at = at.index(length);
            chars.splice(at..at, piece.chars());
        }
        Mutation::Double(at, n) => {
            let at = at.index(length);
            let part: Vec<char> = chars[at..(at + n).min(length)].to_vec();
            chars.splice(at..at, part);
        }
        Mutation::Swap(a, b) => chars.swap(a.index(length), b.index(length)),
        Mutation::Cut(at) => chars.truncate(at.index(length)),
    }
    chars.into_iter().collect()
}

/// Formatting keeps the comments and the meaning, and doing it again changes nothing.
fn survive_formatting(source: &str) {
    let Ok(text) = format(source) else {
        return;
    };
    let again = format(&text).expect("what was written is TOML");
    assert_eq!(again, text, "from {source}");
    match (parse(source), parse(&text)) {
        (Ok(before), Ok(after)) => {
            assert_eq!((before.main, before.branches), (after.main, after.branches));
        }
        (Err(before), Err(after)) => {
            let codes = |problems: &[Problem]| problems.iter().map(|p| p.code).collect::<Vec<_>>();
            assert_eq!(codes(&before), codes(&after), "{source}\n{text}");
        }
        (before, after) => panic!("{before:?}\n{after:?}"),
    }
}

fn survive(source: &str) {
    survive_formatting(source);
    match parse(source) {
        Ok(parsed) => {
            render(&parsed.warnings, source, "x.toml", false);
            let written = write(&parsed.main);
            let again = parse(&written).map(|again| again.main);
            assert_eq!(again, Ok(parsed.main), "{written}");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.len() <= limits::MAX_PROBLEMS + 1);
            let shown = render(&problems, source, "x.toml", true);
            assert!(shown.contains("not run"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutated_files_do_not_panic(
        which in 0..=LIBRARY.len(),
        mutations in mutations(),
    ) {
        let everything = include_str!("everything.toml");
        let source = LIBRARY.get(which).map_or(everything, |(_, source)| source);
        let mutated = mutations.iter().fold(source.to_owned(), |text, m| apply(&text, m));
        survive(&mutated);
    }

    #[test]
    fn any_text_does_not_panic(source in "\\PC{0,200}") {
        survive(&source);
    }

    #[test]
    fn any_expression_does_not_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "orders-0", "@", "b0", ".", "leo", "hw", "==", "<", "in", "contains", "and", "or",
                "not", "(", ")", "[", "]", ",", "1", "5ms", "none", "true", "size", ":", "7",
                "producer", "p1", "'", "isr", "now", "state", "leader", "é",
            ]),
            0..20,
        ),
        spaced: bool,
    ) {
        let text = words.join(if spaced { " " } else { "" });
        survive(&format!("{BASE}\n[[expect]]\nfinally = \"{text}\"\n"));
    }
}

#[test]
fn hostile_files_end_soon() {
    let deep = 100_000;
    let files = [
        format!("{BASE}\nx = {}", "[".repeat(deep)),
        format!("{BASE}\nx = {}", "{a=".repeat(deep)),
        format!("{BASE}\n[{}]", vec!["a"; deep].join(".")),
        format!("{BASE}\n[[expect]]\nfinally = \"{}\"", "(".repeat(deep)),
        format!("{BASE}\n[[expect]]\nfinally = \"{}\"", "not (".repeat(deep)),
        format!(
            "{BASE}\n[[expect]]\nfinally = \"{}true\"",
            "size([".repeat(deep)
        ),
        format!(
            "{BASE}\n[[expect]]\nfinally = \"true{}\"",
            " or true".repeat(deep)
        ),
        format!(
            "{BASE}\n{}",
            "[[step]]\nafter=\"z\"\ncrash=\"b7\"\n".repeat(20_000)
        ),
        format!(
            "{BASE}\n{}",
            (0..30_000)
                .map(|i| format!("k{i} = {i}\n"))
                .collect::<String>()
        ),
        format!(
            "{BASE}\n{}",
            (0..20_000)
                .map(|i| format!("[[topic]]\nname=\"t{i}\"\n"))
                .collect::<String>()
        ),
        format!(
            "{BASE}\n{}",
            (0..30_000)
                .map(|i| format!("[branch.b{i}]\nseed=1\n"))
                .collect::<String>()
        ),
        format!(
            "{BASE}\n[[tell]]\nat=\"1s\"\ntext = \"{}\"",
            "{orders-0.hw}".repeat(50_000)
        ),
        "[".repeat(limits::MAX_FILE_BYTES),
        "\"".repeat(limits::MAX_FILE_BYTES),
        "a".repeat(limits::MAX_FILE_BYTES + 1),
    ];
    for source in files {
        survive(&source);
    }
}
