//! Quizzes beside a chapter: TOML, read strictly.
//!
//! ```toml
//! [[question]]
//! id = "who-knows"
//! type = "choice"                 # short, order, which-event, state-after
//! ask = "What does the leader believe?"
//! at = "07-acks-all#after:trap"
//! choose = [
//!   { text = "6", that = "orders-0.hw == 6", right = true },
//!   { text = "7", that = "orders-0.hw == 7", why = "Nobody has told it." },
//! ]
//! because = "It hears of copies from fetches only."
//! ```

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) id: String,
    /// Markdown.
    pub(super) ask: String,
    /// Markdown; said with the answer.
    pub(super) because: Option<String>,
    pub(super) kind: Kind,
}

/// What is asked for, and where the engine looks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// One answer of several; `at` is there if answers say what the engine must find.
    Choice {
        at: Option<String>,
        choose: Vec<Choice>,
    },
    /// A value.
    Short {
        at: String,
        value: String,
        answer: String,
    },
    /// Several values at one moment.
    State {
        at: String,
        values: Vec<[String; 2]>,
    },
    /// What happens, in its order: text and note.
    Order {
        run: String,
        steps: Vec<[String; 2]>,
    },
    /// The event with which an expression becomes true.
    Event {
        run: String,
        becomes: String,
        choose: Vec<Choice>,
    },
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) text: String,
    pub(super) right: bool,
    /// Why it is wrong.
    pub(super) why: Option<String>,
    /// True at the moment for the right answer alone.
    pub(super) that: Option<String>,
    /// The moment that refutes or shows it.
    pub(super) see: Option<String>,
    /// The note that the event is.
    pub(super) event: Option<String>,
}

/// Reads a quiz. The error names the question.
pub(super) fn read(text: &str) -> Result<Vec<Question>, String> {
    let document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    if let Some((key, _)) = document.iter().find(|(key, _)| *key != "question") {
        return Err(format!("unknown key \"{key}\""));
    }
    let questions = document.get("question").and_then(Item::as_array_of_tables);
    let questions = questions.ok_or("there is no [[question]]")?;
    let mut all: Vec<Question> = Vec::new();
    for (number, table) in questions.iter().enumerate() {
        let question = question(table).map_err(|why| {
            let id = table.get("id").and_then(Item::as_str).unwrap_or("?");
            format!("question {} ({id}): {why}", number + 1)
        })?;
        if all.iter().any(|other| other.id == question.id) {
            return Err(format!("two questions are called \"{}\"", question.id));
        }
        all.push(question);
    }
    Ok(all)
}

const COMMON: [&str; 4] = ["id", "type", "ask", "because"];

fn question(table: &Table) -> Result<Question, String> {
    let kind = text(table, "type")?;
    let (own, kind): (&[&str], Kind) = match kind.as_str() {
        "choice" => (&["at", "choose"], choice(table)?),
        "short" => (
            &["at", "value", "answer"],
            Kind::Short {
                at: text(table, "at")?,
                value: text(table, "value")?,
                answer: text(table, "answer")?,
            },
        ),
        "state-after" => (
            &["at", "values"],
            Kind::State {
                at: text(table, "at")?,
                values: pairs(table, "values", ["of", "is"])?,
            },
        ),
        "order" => (
            &["run", "steps"],
            Kind::Order {
                run: text(table, "run")?,
                steps: pairs(table, "steps", ["text", "note"])?,
            },
        ),
        "which-event" => (
            &["run", "becomes", "choose"],
            Kind::Event {
                run: text(table, "run")?,
                becomes: text(table, "becomes")?,
                choose: choices(table)?,
            },
        ),
        other => {
            return Err(format!(
                "no type \"{other}\"; there are choice, short, state-after, order, which-event"
            ));
        }
    };
    let known = |key: &str| COMMON.contains(&key) || own.contains(&key);
    match table.iter().find(|(key, _)| !known(key)) {
        Some((key, _)) => Err(format!("unknown key \"{key}\"")),
        None => Ok(Question {
            id: text(table, "id")?,
            ask: text(table, "ask")?,
            because: maybe(table.get("because").and_then(Item::as_value), "because")?,
            kind,
        }),
    }
}

fn choice(table: &Table) -> Result<Kind, String> {
    let at = maybe(table.get("at").and_then(Item::as_value), "at")?;
    let choose = choices(table)?;
    let judged = choose.iter().filter(|choice| choice.that.is_some()).count();
    match (judged, &at) {
        (0, None) => {}
        (n, Some(_)) if n == choose.len() => {}
        _ => return Err("with `at`, every answer needs `that`; without it, none".to_owned()),
    }
    Ok(Kind::Choice { at, choose })
}

fn choices(table: &Table) -> Result<Vec<Choice>, String> {
    let choices = items(table, "choose")?
        .into_iter()
        .map(|item| {
            let known = ["text", "right", "why", "that", "see", "event"];
            only(item, &known)?;
            Ok(Choice {
                text: needed(item, "text")?,
                right: item.get("right").and_then(Value::as_bool).unwrap_or(false),
                why: maybe(item.get("why"), "why")?,
                that: maybe(item.get("that"), "that")?,
                see: maybe(item.get("see"), "see")?,
                event: item.get("event").map(written),
            })
        })
        .collect::<Result<Vec<Choice>, String>>()?;
    if choices.iter().filter(|choice| choice.right).count() != 1 {
        return Err("exactly one answer must be right".to_owned());
    }
    let silent = choices.iter().find(|c| !c.right && c.why.is_none());
    match silent {
        Some(choice) => Err(format!("\"{}\" does not say why it is wrong", choice.text)),
        None => Ok(choices),
    }
}

fn pairs(table: &Table, key: &str, names: [&str; 2]) -> Result<Vec<[String; 2]>, String> {
    let items = items(table, key)?;
    if items.len() < 2 {
        return Err(format!("`{key}` needs two items or more"));
    }
    let pair = |item: &InlineTable| {
        only(item, &names)?;
        let second = item.get(names[1]).map(|value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => written(value),
        });
        let second = second.ok_or_else(|| format!("`{}` is missing", names[1]))?;
        Ok([needed(item, names[0])?, second])
    };
    items.into_iter().map(pair).collect()
}

fn items<'a>(table: &'a Table, key: &str) -> Result<Vec<&'a InlineTable>, String> {
    let list = table.get(key).and_then(Item::as_array);
    let list = list.ok_or_else(|| format!("`{key}` must be a list of tables"))?;
    let tables = list.iter().map(Value::as_inline_table);
    let tables: Option<Vec<_>> = tables.collect();
    tables.ok_or_else(|| format!("`{key}` must be a list of tables"))
}

fn only(item: &InlineTable, known: &[&str]) -> Result<(), String> {
    match item.iter().find(|(key, _)| !known.contains(key)) {
        Some((key, _)) => Err(format!("unknown key \"{key}\"")),
        None => Ok(()),
    }
}

fn text(table: &Table, key: &str) -> Result<String, String> {
    let value = maybe(table.get(key).and_then(Item::as_value), key)?;
    value.ok_or_else(|| format!("`{key}` is missing"))
}

fn needed(item: &InlineTable, key: &str) -> Result<String, String> {
    maybe(item.get(key), key)?.ok_or_else(|| format!("`{key}` is missing"))
}

fn maybe(value: Option<&Value>, key: &str) -> Result<Option<String>, String> {
    let Some(value) = value else { return Ok(None) };
    match value.as_str() {
        Some(text) => Ok(Some(text.trim().to_owned())),
        None => Err(format!("`{key}` must be a text")),
    }
}

/// A value as TOML, on one line.
fn written(value: &Value) -> String {
    value.to_string().trim().replace('\n', " ")
}
