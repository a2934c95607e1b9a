//! What a question is about: one branch of one scenario, `12-acks#acks-1`.

use super::{BAD_INPUT, Surroundings, files};
use crate::lab::explain::diff::Side;
use crate::lab::scenario::{MAIN, Parsed, Scenario, Setting, parse_with};
use crate::lab::text::harmless;
use std::path::Path;

/// One branch of a scenario.
pub(super) struct Subject {
    /// The scenario as it was named.
    pub(super) name: String,
    /// `main` or another.
    pub(super) branch: String,
    /// It.
    pub(super) scenario: Scenario,
}

impl Subject {
    /// Loads `SCENARIO#BRANCH`; `branch` and `settings` come from options. An error, which was
    /// told, is an exit code.
    pub(super) fn load(
        argument: &str,
        branch: Option<&str>,
        settings: &[Setting],
        around: Surroundings,
    ) -> Result<Subject, u8> {
        let (path, named) = split(argument);
        let (source, mut parsed) = files::load_source(Path::new(path), around)?;
        if !settings.is_empty() {
            parsed = with_settings(&source.text, settings)?;
        }
        let branch = branch.or(named).unwrap_or(MAIN);
        let scenario = files::branch(&parsed, branch, &source.name)?;
        Ok(Subject {
            name: source.name,
            branch: branch.to_owned(),
            scenario,
        })
    }

    /// `12-acks#acks-1`, or `12-acks` for the file itself.
    pub(super) fn title(&self) -> String {
        match self.branch == MAIN {
            true => self.name.clone(),
            false => format!("{}#{}", self.name, self.branch),
        }
    }

    /// It as one side of a comparison.
    pub(super) fn side(&self, seed: Option<u64>) -> Side<'_> {
        Side {
            branch: &self.branch,
            scenario: &self.scenario,
            seed,
        }
    }

    /// The command that shows a step.
    pub(super) fn play(&self, seed: Option<u64>, step: u64) -> String {
        let mut command = format!("kafkalab play {}", self.name);
        if self.branch != MAIN {
            command.push_str(&format!(" --branch {}", self.branch));
        }
        if let Some(seed) = seed {
            command.push_str(&format!(" --seed {seed}"));
        }
        format!("{command} --at step:{step}")
    }
}

/// A sound file with settings. An error, which was told, is an exit code.
pub(super) fn with_settings(source: &str, settings: &[Setting]) -> Result<Parsed, u8> {
    parse_with(source, settings).map_err(|problems| {
        let all: Vec<String> = settings.iter().map(Setting::to_string).collect();
        let why = Setting::error(&problems).text;
        refuse(&format!("--set {}", all.join(" ")), &why)
    })
}

/// Says what is wrong with an argument.
pub(super) fn refuse(argument: &str, why: &str) -> u8 {
    let why: Vec<String> = why.lines().map(harmless).collect();
    eprintln!("error: {}: {}", harmless(argument), why.join("\n"));
    BAD_INPUT
}

/// A file may have a `#` in its name.
fn split(argument: &str) -> (&str, Option<&str>) {
    if Path::new(argument).is_file() {
        return (argument, None);
    }
    match argument.rsplit_once('#') {
        Some((path, branch)) => (path, Some(branch)),
        None => (argument, None),
    }
}

/// `KEY=VALUE`.
pub(super) fn setting(text: &str) -> Result<Setting, String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("KEY=VALUE, as in producer.p1.config.acks=1")?;
    Ok(Setting::new(key.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_stands_behind_the_last_hash() {
        assert_eq!(split("12#acks-1"), ("12", Some("acks-1")));
        assert_eq!(split("a#b/12#main"), ("a#b/12", Some("main")));
        assert_eq!(split("12"), ("12", None));
        assert_eq!(
            split("scenarios/12-acks.toml"),
            ("scenarios/12-acks.toml", None)
        );
    }

    #[test]
    fn a_setting_is_a_key_and_a_value() {
        let expected = Setting::new("producer.p1.config.acks", "a=b");
        assert_eq!(setting("producer.p1.config.acks = a=b"), Ok(expected));
        assert!(setting("acks").is_err());
    }
}
