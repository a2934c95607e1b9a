//! The reference page of the language, in Markdown, printed from the tables that the parser
//! itself reads by.

use super::codes::Code;
use super::expr::{Field, Op, SubjectKind, Type};
use super::limits::LIMITS;
use super::read::{ACTIONS, RULES};
use super::shapes::{SHAPES, Shape, When};
use super::words::UNITS;
use crate::kafka::config::Sabotage;
use crate::kafka::protocol::Message;
use crate::kafka::vocabulary::{NoteKind, Salience, Work};
use std::fmt::Write as _;

/// The page.
pub fn reference() -> String {
    let mut page = Page::default();
    page.line(HEAD);
    words(&mut page);
    tables(&mut page);
    actions(&mut page);
    expressions(&mut page);
    rules(&mut page);
    notes(&mut page);
    messages(&mut page);
    page.line(BRANCHES);
    costs(&mut page);
    sabotages(&mut page);
    codes(&mut page);
    limits(&mut page);
    page.text
}

const HEAD: &str = "\
# The scenario language

<!-- Printed by `kafkalab reference` from the parser's own tables. Do not edit. -->

A scenario is one TOML file: a cluster, its workload, timed and triggered steps, narration, questions
and expectations. It is a lesson, a test and a bug report at once. This page is format 1. Nothing
unknown is ever ignored: a key, a word or a name that is not here is an error with its place.
";

const BRANCHES: &str = "\
## Branches

`[branch.NAME]` is the file again with only what differs, under the same seed. Tables merge by key, items
of lists are addressed by name or id (`producer.p1.config.acks = \"1\"`, `expect.no-loss.outcome = \"fails\"`),
everything else replaces what was there. `remove = [\"step.trap\"]` takes out,
`[[branch.NAME.step]]` adds. `main` is the file itself. `kafkalab run` runs the file and every branch, and
passes when each expectation has its outcome.
";

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, level: usize, title: &str) {
        let marks = "#".repeat(level);
        self.line(&format!("{marks} {title}\n"));
    }

    /// A row of a table; bars within cells are escaped.
    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    fn table(&mut self, heads: &[&str]) {
        self.row(heads);
        let rule: Vec<_> = heads.iter().map(|_| "---").collect();
        self.row(&rule);
    }

    fn end_of_table(&mut self) {
        self.text.push('\n');
    }
}

fn words(page: &mut Page) {
    page.heading(2, "Words");
    let units: Vec<_> = UNITS.iter().map(|(unit, _)| format!("`{unit}`")).collect();
    page.table(&["Word", "Form"]);
    let durations = format!(
        "`5ms`, `1m30s`: numbers with units; units are {}",
        units.join(", ")
    );
    page.row(&["duration", &durations]);
    for (word, form) in [
        (
            "span",
            "`\"1ms..6ms\"`: two durations, uniform, both ends included; or one duration",
        ),
        ("ratio", "`\"0.5%\"`: at most four decimals"),
        (
            "size",
            "`\"64KiB\"`: a whole number with `B`, `KiB`, `MiB` or `GiB`",
        ),
        ("size a second", "`\"1MiB/s\"`"),
        ("name", "a letter or `_`, then letters, digits, `_` and `-`"),
        (
            "topic name",
            "as in Kafka: letters, digits, `.`, `_` and `-`",
        ),
        (
            "partition",
            "`orders-0`: a topic, a dash, a number; in expressions a topic with a dot stands in single quotes",
        ),
        (
            "text",
            "one text, or `{ en = \"…\", zh = \"…\" }`; `{orders-0.hw}` in it is the value at that moment",
        ),
    ] {
        page.row(&[word, form]);
    }
    page.end_of_table();
}

fn tables(page: &mut Page) {
    page.heading(2, "Tables");
    let of_actions: Vec<&str> = ACTIONS.iter().map(|row| row.word).collect();
    for shape in SHAPES {
        if !of_actions.contains(&shape.what) {
            page.heading(3, shape.title);
            keys(page, shape);
        }
    }
}

fn keys(page: &mut Page, shape: &Shape) {
    page.line(&format!("{}\n", shape.doc));
    if shape.keys.is_empty() {
        return;
    }
    page.table(&["Key", "Value", "Meaning"]);
    for key in shape.keys {
        let word = match key.when {
            When::Must => format!("`{}` (needed)", key.word),
            When::May | When::Beside => format!("`{}`", key.word),
        };
        page.row(&[&word, key.value, key.doc]);
    }
    page.end_of_table();
}

fn actions(page: &mut Page) {
    page.heading(2, "Actions");
    page.line(
        "Topology and client actions are requests of a client through the network; process, network, \
         disk and clock act from outside. Words that are not built yet are known and refused (K012).\n",
    );
    page.table(&["Action", "Value", "What it does"]);
    for row in ACTIONS {
        let doc = match row.is_built() {
            true => row.doc.to_owned(),
            false => format!("{} *Not built yet.*", row.doc),
        };
        page.row(&[
            &format!("`{}`", row.word),
            &format!("`{}`", row.value),
            &doc,
        ]);
    }
    page.end_of_table();
    for row in ACTIONS {
        if let Some(shape) = SHAPES.iter().find(|shape| shape.what == row.word) {
            page.heading(3, shape.title);
            keys(page, shape);
        }
    }
}

fn expressions(page: &mut Page) {
    page.heading(2, "Expressions");
    page.line(GRAMMAR);
    let operators: Vec<_> = Op::WORDS
        .iter()
        .map(|(word, _)| format!("`{word}`"))
        .collect();
    page.line(&format!("Operators: {}.\n", operators.join(", ")));
    page.table(&["Subject", "Field", "Value"]);
    for (kind, written) in SUBJECTS {
        for (of, field, value, takes_partition) in Field::table() {
            if of == kind {
                let argument = if *takes_partition { "(orders-0)" } else { "" };
                let field = format!("`{}{argument}`", field.word());
                page.row(&[written, &field, &type_text(*value)]);
            }
        }
    }
    page.end_of_table();
}

/// Every kind of subject, and how it is written.
const SUBJECTS: &[(SubjectKind, &str)] = &[
    (
        SubjectKind::Partition,
        "`orders-0`: the controller's record of it; `hw`, `leo`, `lso` of the current leader",
    ),
    (
        SubjectKind::Replica,
        "`orders-0@broker-1`: a replica's own view",
    ),
    (
        SubjectKind::Record,
        "`orders-0:7`, `orders-0:7@broker-1`: the record at an offset",
    ),
    (SubjectKind::Producer, "`producer.p1`"),
    (SubjectKind::Consumer, "`consumer.c1`"),
    (
        SubjectKind::Broker,
        "`broker.broker-1`: a broker or controller",
    ),
    (SubjectKind::Topic, "`topic.orders`"),
    (SubjectKind::Controller, "`controller`: the active one"),
];

fn type_text(value: Type) -> String {
    match value {
        Type::Word(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        }
        Type::Log => "a log: only `==` and `!=` with another log".to_owned(),
        other => other.describe().to_owned(),
    }
}

const GRAMMAR: &str = "\
```ebnf
expr    = conj { \"or\" conj } ;       conj = term { \"and\" term } ;
term    = [ \"not\" ] ( \"(\" expr \")\" | compare ) ;
compare = value [ operator value ] ;                   (* without operator: a boolean *)
value   = integer | duration | \"true\" | \"false\" | \"none\" | list | \"size\" \"(\" value \")\" | path | name ;
list    = \"[\" [ value { \",\" value } ] \"]\" ;            (* compared as a set *)
path    = subject \".\" field [ \"(\" partition \")\" ] | \"now\" ;
```

There is no arithmetic and no chained comparison. `none` equals only `none`; orderings with it are
false. `now` is scenario time. The subjects `group`, `txn` and `link` are not built yet.
";

fn rules(page: &mut Page) {
    page.heading(2, "Rules");
    page.table(&["Rule", "In English", "In Chinese"]);
    for row in RULES {
        let en = match row.rule {
            Some(_) => row.en.to_owned(),
            None => format!("{} *Not built yet.*", row.en),
        };
        page.row(&[&format!("`{}`", row.word), &en, row.zh]);
    }
    page.end_of_table();
}

fn notes(page: &mut Page) {
    page.heading(2, "Notes");
    page.line("Facts that nodes emit, in Kafka's words. Each field can be matched.\n");
    page.table(&["Note", "Fields", "What it says", "Salience"]);
    for kind in NoteKind::ALL {
        let fields = kind.fields().iter().zip(kind.field_types());
        let fields: Vec<_> = fields
            .map(|(field, kind)| format!("`{field}` {}", field_type(kind)))
            .collect();
        let salience = match kind.salience() {
            Salience::Story => "story",
            Salience::Detail => "detail",
            Salience::Background => "background",
        };
        let name = format!("`{}`", kind.name());
        page.row(&[&name, &fields.join(", "), kind.doc().trim(), salience]);
    }
    page.end_of_table();
}

/// What a matcher takes for a field of this Rust type.
fn field_type(rust: &str) -> &'static str {
    match rust {
        "bool" => "true or false",
        "ErrorCode" => "error",
        "Tp" => "partition",
        "TopicTag" => "topic",
        "ClientNo" => "client",
        "NodeId" => "node or `\"none\"`",
        "NodeSet" => "list of nodes",
        _ => "number",
    }
}

fn messages(page: &mut Page) {
    page.heading(2, "Messages");
    let names: Vec<_> = Message::NAMES
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    page.line(&format!("{}.\n", names.join(", ")));
}

fn costs(page: &mut Page) {
    page.heading(2, "Costs");
    let words: Vec<_> = Work::ALL
        .iter()
        .map(|work| format!("`{}`", work.word()))
        .collect();
    page.line(&format!(
        "Kinds of work in `[cost]`: {}.\n",
        words.join(", ")
    ));
}

fn sabotages(page: &mut Page) {
    page.heading(2, "Sabotages");
    page.table(&["Word", "The planted bug"]);
    for sabotage in Sabotage::ALL {
        page.row(&[&format!("`{}`", sabotage.word()), sabotage.doc().trim()]);
    }
    page.end_of_table();
}

fn codes(page: &mut Page) {
    page.heading(2, "Problems");
    page.line("Errors from K001, warnings from K101. A code never gets a new meaning.\n");
    for code in Code::ALL {
        page.heading(3, &format!("{}: {}", code.word(), code.title()));
        page.line(&format!("{}\n", code.explanation()));
        if let Some(example) = code.example() {
            for (title, piece) in [("Wrong", example.wrong), ("Right", example.right)] {
                let _ = writeln!(page.text, "{title}:\n\n```toml\n{piece}\n```\n");
            }
        }
    }
}

fn limits(page: &mut Page) {
    page.heading(2, "Limits");
    page.line("A file beyond one of them ends in an error, not in a full memory.\n");
    page.table(&["What", "At most"]);
    for limit in LIMITS {
        page.row(&[limit.doc.trim_end_matches('.'), &limit.most.to_string()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page holds every word that the parser takes.
    #[test]
    fn the_page_is_whole() {
        let page = reference();
        let has = |word: &str| assert!(page.contains(&format!("`{word}`")), "{word}");
        SHAPES.iter().flat_map(|shape| shape.keys).for_each(|key| {
            let written = [
                format!("`{}`", key.word),
                format!("`{}` (needed)", key.word),
            ];
            assert!(
                written.iter().any(|word| page.contains(word)),
                "{}",
                key.word
            );
        });
        ACTIONS.iter().for_each(|row| has(row.word));
        RULES.iter().for_each(|row| has(row.word));
        NoteKind::ALL.iter().for_each(|kind| has(kind.name()));
        Sabotage::ALL
            .iter()
            .for_each(|sabotage| has(sabotage.word()));
        for code in Code::ALL {
            assert!(page.contains(&code.word()), "{code:?}");
        }
        for (kind, ..) in Field::table() {
            assert!(SUBJECTS.iter().any(|(known, _)| known == kind), "{kind:?}");
        }
    }
}
