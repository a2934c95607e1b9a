//! Writes a question: what is asked, then the answer in a block that opens without a script.

use super::answers;
use super::markdown::{code, details, plain};
use super::quiz::{Choice, Kind, Question};
use super::runs::Runs;
use super::target::Target;

/// An answer to choose, as Markdown.
pub(super) struct Offer {
    pub(super) text: String,
    pub(super) right: bool,
    /// Why it is wrong.
    pub(super) why: Option<String>,
    /// The command that shows it.
    pub(super) seen: Option<String>,
}

/// The letters of answers.
fn letter(index: usize) -> char {
    char::from(b'a' + u8::try_from(index % 26).unwrap_or(0))
}

/// The answers to choose from.
pub(super) fn options(options: &[Offer]) -> String {
    let lines = options.iter().enumerate();
    lines
        .map(|(index, option)| format!("- **{}** {}\n", letter(index), option.text))
        .collect()
}

/// Which answer is right, and why the others are not.
pub(super) fn answers(options: &[Offer], because: Option<&str>) -> String {
    let mut text = String::new();
    for (index, option) in options.iter().enumerate().filter(|(_, o)| o.right) {
        text.push_str(&format!("**{}** {}", letter(index), option.text));
        text.push_str(&seen(option));
    }
    if let Some(because) = because {
        text.push_str(&format!("\n\n{because}"));
    }
    text.push_str("\n\n");
    for (index, option) in options.iter().enumerate() {
        if let Some(why) = &option.why {
            let seen = seen(option);
            text.push_str(&format!("- not **{}**: {why}{seen}\n", letter(index)));
        }
    }
    text
}

fn seen(option: &Offer) -> String {
    match &option.seen {
        Some(command) => format!(" See it: {}.", code(command)),
        None => String::new(),
    }
}

/// A question of a quiz, once the engine agrees with its answer.
pub(super) fn write(runs: &mut Runs<'_>, question: &Question) -> Result<String, String> {
    answers::check(runs, &question.kind)?;
    let because = question.because.as_deref();
    let (asked, answer) = match &question.kind {
        Kind::Choice { choose, .. } | Kind::Event { choose, .. } => {
            let choices = choices(runs, choose)?;
            (options(&choices), answers(&choices, because))
        }
        Kind::Short { answer, .. } => (String::new(), with(plain(answer), because)),
        Kind::State { values, .. } => {
            let asked = values.iter().map(|[of, _]| format!("- {}\n", code(of)));
            let told = values
                .iter()
                .map(|[of, is]| format!("- {}: {}\n", code(of), plain(is)));
            (asked.collect(), with(told.collect(), because))
        }
        Kind::Order { steps, .. } => {
            let mut shuffled: Vec<&str> = steps.iter().map(|[text, _]| text.as_str()).collect();
            shuffled.sort_unstable();
            let asked = shuffled.iter().map(|text| format!("- {text}\n"));
            let told = steps.iter().map(|[text, _]| format!("1. {text}\n"));
            (asked.collect(), with(told.collect(), because))
        }
    };
    let answer = details("Answer", &answer);
    Ok(format!("**{}**\n\n{asked}\n{answer}", question.ask))
}

fn with(answer: String, because: Option<&str>) -> String {
    match because {
        Some(because) => format!("{answer}\n\n{because}"),
        None => answer,
    }
}

fn choices(runs: &mut Runs<'_>, choose: &[Choice]) -> Result<Vec<Offer>, String> {
    let option = |choice: &Choice| {
        let seen = match &choice.see {
            None => None,
            Some(see) => {
                let target = Target::of(see)?;
                let step = runs.step_of(&target)?;
                Some(format!("kafkalab play {} --at step:{step}", target.run()))
            }
        };
        Ok(Offer {
            text: choice.text.clone(),
            right: choice.right,
            why: choice.why.clone(),
            seen,
        })
    };
    choose.iter().map(option).collect()
}
