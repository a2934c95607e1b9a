//! The reference pages: glossary, invariants, rules, configs, scenarios.

use super::markdown::{code, plain, table};
use super::runs::Runs;
use crate::kafka::config::{ConfigDef, Scope, configs as known};
use crate::lab::check::Invariant;
use crate::lab::scenario::RULES;
use crate::lab::scenario::library::LIBRARY;
use crate::lab::text::{GLOSSARY, Term, term};

/// `glossary`: every term; `glossary TERM, TERM`: these.
pub(super) fn glossary(words: &str) -> Result<String, String> {
    let terms: Vec<&Term> = match words {
        "" => GLOSSARY.iter().collect(),
        words => words
            .split(',')
            .map(|word| {
                let word = word.trim();
                term(word).ok_or_else(|| format!("the glossary has no \"{word}\""))
            })
            .collect::<Result<_, _>>()?,
    };
    let row = |term: &&Term| {
        let names = [term.name.en, term.name.zh].map(plain);
        let lines = format!("{}<br>{}", plain(term.line.en), plain(term.line.zh));
        let [en, zh] = names;
        vec![en, zh, lines, code(term.kafka)]
    };
    let rows: Vec<_> = terms.iter().map(row).collect();
    Ok(table(
        &["term", "中文", "what it is", "Kafka's own name"],
        &rows,
    ))
}

/// `invariants`: what is checked after every step.
pub(super) fn invariants() -> String {
    let row = |invariant: &Invariant| vec![invariant.id().to_owned(), plain(invariant.title())];
    let rows: Vec<_> = Invariant::ALL.iter().map(row).collect();
    table(&["", "what must hold"], &rows)
}

/// `rules`: what an expectation may name.
pub(super) fn rules() -> String {
    let rows: Vec<_> = (RULES.iter())
        .map(|rule| {
            let built = match rule.rule {
                Some(_) => "",
                None => "not built yet",
            };
            vec![
                code(rule.word),
                plain(rule.en),
                plain(rule.zh),
                built.to_owned(),
            ]
        })
        .collect();
    table(&["rule", "", "", ""], &rows)
}

/// `configs SCOPE`: every config of a broker, topic, producer or consumer that something reads.
pub(super) fn configs(scope: &str) -> Result<String, String> {
    let scopes = [
        Scope::Broker,
        Scope::Topic,
        Scope::Producer,
        Scope::Consumer,
    ];
    let scope = scopes.into_iter().find(|known| known.word() == scope);
    let scope = scope.ok_or("write configs broker, topic, producer or consumer")?;
    let row = |def: &ConfigDef| {
        vec![
            code(def.name),
            def.kind.word().to_owned(),
            def.default.map_or("none".to_owned(), code),
            match def.valid.to_string() {
                valid if valid.is_empty() => valid,
                valid => plain(&valid),
            },
            plain(def.doc),
        ]
    };
    let of_scope = known().iter().filter(|def| def.scope == scope);
    let rows: Vec<_> = of_scope.map(row).collect();
    Ok(table(
        &["config", "type", "default", "valid", "what it does"],
        &rows,
    ))
}

/// `scenarios`: all that come with the program.
pub(super) fn scenarios(runs: &Runs<'_>, rest: &str) -> Result<String, String> {
    if !rest.is_empty() {
        return Err("write scenarios, and nothing else".to_owned());
    }
    let mut rows = Vec::new();
    for (name, _) in LIBRARY {
        let parsed = runs.parsed(name, "")?;
        let title = parsed.main.title.said();
        let branches: Vec<String> = (parsed.branches.iter())
            .map(|(branch, _)| code(branch))
            .collect();
        let [en, zh] = [title.en, title.zh].map(|text| plain(&text));
        rows.push(vec![code(name), en, zh, branches.join(", ")]);
    }
    Ok(table(&["scenario", "title", "标题", "branches"], &rows))
}
