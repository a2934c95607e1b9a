//! The scenario language: from a TOML file to a [`Scenario`], or to all of its problems at once.
//!
//! The way of a file: `tree` reads TOML with the position of every key and value, `branches`
//! merges what differs into copies of it, `read` makes a [`Scenario`] of each, `validate`
//! holds its parts against each other. Nothing unknown is ignored, nothing panics, and what a
//! file may ask for is bounded ([`limits`]).
//!
//! `shapes`, `read`'s actions and rules, `expr`'s fields, `codes` and [`limits`] are tables: what
//! they hold is what the parser takes and what [`reference()`] prints. [`format()`] tidies a file up,
//! [`mutate`] tells what its expectations notice.

mod action;
mod branches;
pub mod builder;
mod code_examples;
mod codes;
mod cx;
mod echoes;
mod expr;
mod expr_check;
mod expr_lex;
mod expr_parse;
mod fields;
mod format;
pub mod library;
pub mod limits;
mod matcher;
mod model;
pub mod mutate;
mod names;
mod pos;
mod problem;
mod properties;
mod read;
mod reference;
mod render;
pub mod run;
mod settings;
mod shapes;
mod texts;
mod tree;
mod validate;
mod words;
mod write;

#[cfg(test)]
mod tests;

pub use action::{
    Action, Corrupt, Cut, Disk, Keys, Load, Payload, Random, Send, Slowness, Tail, Tamper,
};
pub use branches::MAIN;
pub use code_examples::Example;
pub use codes::Code;
pub use cx::ReadFile;
pub use expr::{Expr, Field, Op, Operand, Path, Subject, SubjectKind, Type};
pub use format::format;
pub use matcher::{FieldValue, MessageMatcher, NoteMatcher};
pub use model::{
    Ask, Choice, Claim, ClientRef, Cluster, ConfigEntry, ConsumerSpec, Cost, End, EndWhen, Expect,
    Fact, Focus, LinkChange, LinkSpec, Network, NodeIdx, NodeSpec, Piece, Place, ProducerSpec,
    Repeat, Role, Rule, Scenario, Step, StepIdx, Tell, Template, Text, TopicSpec, Trigger, Until,
};
pub use pos::{At, Pos};
pub use problem::Problem;
pub use read::{ACTIONS, ActionDoc, RULES, RuleDoc};
pub use reference::reference;
pub use render::{line_and_column, render};
pub use settings::{Setting, SettingError};
pub use shapes::{Key, SHAPES, Shape, When};
pub use words::{SpanRange, duration};
pub use write::{action_text, action_word, write};

use cx::Cx;
use names::Names;
use problem::Problems;
use tree::Table;

/// A file without errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The file itself.
    pub main: Scenario,
    /// Its branches by name, in the order of the file.
    pub branches: Vec<(String, Scenario)>,
    /// What may not be meant.
    pub warnings: Vec<Problem>,
}

impl Parsed {
    /// The scenario of a branch; `main` is the file itself.
    pub fn branch(&self, name: &str) -> Option<&Scenario> {
        let branch = self.branches.iter().find(|(branch, _)| branch == name);
        match name {
            MAIN => Some(&self.main),
            _ => branch.map(|(_, scenario)| scenario),
        }
    }
}

/// Reads a scenario file. The error holds every problem of the file, warnings too, by position.
pub fn parse(source: &str) -> Result<Parsed, Vec<Problem>> {
    parse_with(source, &[])
}

/// Reads a scenario file with values of its own or of its branches replaced by `settings`. What
/// is wrong with a setting has no place in the file: a problem at its first byte.
pub fn parse_with(source: &str, settings: &[Setting]) -> Result<Parsed, Vec<Problem>> {
    let no_files = |_: &str| Err("only a scenario in a file can name another file".to_owned());
    parse_from(source, settings, &no_files)
}

/// The same for a scenario that may name files, such as a broker's `server.properties`.
pub fn parse_from(
    source: &str,
    settings: &[Setting],
    files: &ReadFile<'_>,
) -> Result<Parsed, Vec<Problem>> {
    let mut problems = Problems::default();
    if source.len() > limits::MAX_FILE_BYTES {
        let message = format!(
            "the file has {} bytes; the limit is {}",
            source.len(),
            limits::MAX_FILE_BYTES
        );
        return Err(vec![Problem::new(Code::TooLarge, Pos::default(), message)]);
    }
    let mut root = tree::read(source, &mut problems);
    let syntax = problems.syntax_errors();
    let branches = branches::take(&mut root, source.len(), &mut problems);
    let mut names = vec![MAIN.to_owned()];
    names.extend(branches.iter().map(|branch| branch.key.clone()));
    let main = settings::applied(root.clone(), settings, &mut problems);
    let main = scenario(&main, (source, files), &names, &mut problems);
    let mut others = Vec::new();
    for branch in &branches {
        let merged = branches::merge(&root, branch, &mut problems);
        let merged = settings::applied(merged, settings, &mut problems);
        let from = problems.len();
        let other = scenario(&merged, (source, files), &names, &mut problems);
        problems.note_since(from, &format!("in branch {}", branch.key));
        others.push((branch.key.clone(), other));
    }
    echoes::drop_echoes(source, &syntax, &mut problems);
    let (mut errors, warnings) = problems.into_sorted();
    if errors.is_empty() {
        return Ok(Parsed {
            main,
            branches: others,
            warnings,
        });
    }
    errors.extend(warnings);
    errors.sort_by_key(|problem| problem.span.start);
    Err(errors)
}

fn scenario(
    root: &Table,
    (source, files): (&str, &ReadFile<'_>),
    branches: &[String],
    problems: &mut Problems,
) -> Scenario {
    let names = Names {
        branches: branches.to_vec(),
        ..Names::default()
    };
    let mut cx = Cx {
        source,
        files,
        problems,
        names,
    };
    let scenario = read::scenario(&mut cx, root);
    validate::validate(&mut cx, &scenario);
    scenario
}
