//! `kafkalab list`: the scenarios that are built in.

use super::{PASSED, REFUSED};
use crate::lab::scenario::{Parsed, library, parse};
use clap::Args;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

/// Arguments of `list`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab list                 number, name, titles
  kafkalab list --branches      with the branches of each
  kafkalab list --json          for programs
  kafkalab run 12-acks          run one; `kafkalab run 12` does the same")]
pub(super) struct ListArguments {
    /// The branches of each, with their titles.
    #[arg(long)]
    branches: bool,
    /// One JSON array instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ListArguments) -> u8 {
    let mut all = Vec::new();
    for (name, text) in library::LIBRARY {
        match parse(text) {
            Ok(parsed) => all.push((*name, parsed)),
            Err(_) => {
                eprintln!("error: the built-in scenario {name} does not parse");
                return REFUSED;
            }
        }
    }
    match arguments.json {
        true => print_json(&all),
        false => print_lines(&all, arguments.branches),
    }
    PASSED
}

fn print_lines(all: &[(&str, Parsed)], branches: bool) {
    let names = all.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let titles = all
        .iter()
        .map(|(_, parsed)| parsed.main.title.en.literal().width());
    let titles = titles.max().unwrap_or(0);
    for (name, parsed) in all {
        let number = library::number(name).map_or(String::new(), |n| format!("{n:02}"));
        let (en, zh) = (
            parsed.main.title.en.literal(),
            parsed.main.title.zh.literal(),
        );
        let gap = " ".repeat(titles.saturating_sub(en.width()));
        println!("{number:>2}  {name:<names$}  {en}{gap}  {zh}");
        for (branch, scenario) in parsed.branches.iter().filter(|_| branches) {
            println!("      --branch {branch}: {}", scenario.title.en.literal());
        }
    }
}

fn print_json(all: &[(&str, Parsed)]) {
    let rows = all.iter().map(|(name, parsed)| {
        let branches = parsed.branches.iter().map(|(branch, _)| branch.as_str());
        json!({
            "name": name,
            "number": library::number(name),
            "title": {
                "en": parsed.main.title.en.literal(),
                "zh": parsed.main.title.zh.literal(),
            },
            "branches": branches.collect::<Vec<_>>(),
            "questions": parsed.main.asks.len(),
        })
    });
    println!("{:#}", serde_json::Value::Array(rows.collect()));
}
