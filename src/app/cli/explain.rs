//! `kafkalab explain`: what a problem of a scenario file means, with an example; and the words of
//! the language.

use super::{BAD_INPUT, PASSED};
use crate::kafka::vocabulary::NoteKind;
use crate::lab::scenario::{ACTIONS, Code, RULES, library};
use clap::Args;

/// Arguments of `explain`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab explain                  all codes
  kafkalab explain K014             one code, with an example
  kafkalab explain crash            an action
  kafkalab explain acked-not-lost   a rule
  kafkalab explain LeaderElected    a note")]
pub(super) struct ExplainArguments {
    /// A code as it stands in the message, or a word of the language; all codes if none is given.
    code: Option<String>,
}

pub(super) fn run(arguments: &ExplainArguments) -> u8 {
    let Some(word) = &arguments.code else {
        for code in Code::ALL {
            println!("{}  {}", code.word(), code.title());
        }
        return PASSED;
    };
    match Code::from_word(word)
        .map(explain)
        .or_else(|| of_language(word))
    {
        Some(text) => {
            println!("{text}");
            PASSED
        }
        None => {
            let word = word.escape_debug();
            eprintln!("error: no code \"{word}\"; `kafkalab explain` lists them");
            if library::find(&word.to_string()).is_some() {
                eprintln!("  = to run that scenario: kafkalab run {word}");
            }
            BAD_INPUT
        }
    }
}

/// A code with its example.
fn explain(code: Code) -> String {
    let kind = if code.is_warning() {
        "warning"
    } else {
        "error"
    };
    let head = format!("{} ({kind}): {}", code.word(), code.title());
    let mut text = format!("{head}\n\n{}\n", wrapped(code.explanation()));
    if let Some(example) = code.example() {
        for (title, piece) in [("Wrong:", example.wrong), ("Right:", example.right)] {
            text.push_str(&format!("\n{title}\n"));
            for line in piece.lines() {
                text.push_str(format!("    {line}").trim_end());
                text.push('\n');
            }
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// A word that is no code.
fn of_language(word: &str) -> Option<String> {
    let action = ACTIONS.iter().find(|row| row.word == word).map(|row| {
        let built = if row.is_built() {
            ""
        } else {
            "\nNot built yet."
        };
        format!("action {word} = {}\n\n{}{built}", row.value, row.doc)
    });
    let rule = || {
        let row = RULES.iter().find(|row| row.word == word)?;
        let built = if row.rule.is_some() {
            ""
        } else {
            "\nNot built yet."
        };
        Some(format!("rule {word}\n\n{}\n{}{built}", row.en, row.zh))
    };
    let note = || {
        let kind = NoteKind::ALL.iter().find(|kind| kind.name() == word)?;
        let fields = kind.fields().join(", ");
        Some(format!("note {{ {fields} }}\n\n{}", kind.doc().trim()))
    };
    action.or_else(rule).or_else(note)
}

/// Lines of at most 80 columns.
fn wrapped(text: &str) -> String {
    const COLUMNS: usize = 80;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > COLUMNS {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_with_an_example() {
        for code in Code::ALL {
            let text = explain(*code);
            assert!(text.contains("Wrong:") && text.contains("Right:"), "{text}");
            let prose = text.lines().take_while(|line| *line != "Wrong:");
            assert!(
                prose.into_iter().all(|line| line.chars().count() <= 80),
                "{text}"
            );
        }
    }

    #[test]
    fn words_of_the_language_are_told() {
        for word in [
            "crash",
            "begin",
            "acked-not-lost",
            "one-owner",
            "LeaderElected",
        ] {
            assert!(of_language(word).is_some(), "{word}");
        }
        assert_eq!(of_language("K014"), None);
    }
}
