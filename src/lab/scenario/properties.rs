//! `config-file`: a real broker's `server.properties`, in the format of Java's `Properties.load`.

use super::codes::Code;
use super::cx::{Cx, shorten};
use super::limits::MAX_FILE_BYTES;
use super::model::ConfigEntry;
use super::problem::Problem;
use super::tree::Node;
use crate::kafka::config::{BrokerConfig, Scope, find_config, known_configs};

/// What the cluster decides for each of its nodes; a file cannot.
const OWN: &[&str] = &[
    "advertised.listeners",
    "broker.id",
    "controller.listener.names",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "node.id",
    "process.roles",
    "zookeeper.connect",
];

/// A line of a properties file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Property {
    /// Where it begins, from 1.
    line: usize,
    key: String,
    value: String,
}

/// The configs of the file that `node` names; those that are decided elsewhere are left out.
pub(super) fn config_file(cx: &mut Cx<'_>, node: &Node) -> Vec<ConfigEntry> {
    let Some(path) = cx.text(node) else {
        return Vec::new();
    };
    let text = (cx.files)(path).and_then(|text| match text.len() > MAX_FILE_BYTES {
        true => Err(format!(
            "it has {} bytes, at most {MAX_FILE_BYTES}",
            text.len()
        )),
        false => Ok(text),
    });
    let text = match text {
        Ok(text) => text,
        Err(why) => {
            let message = format!("cannot read \"{}\"", shorten(path));
            cx.push(Problem::new(Code::ConfigFile, node.pos, message).label(why));
            return Vec::new();
        }
    };
    entries(cx, node, &text)
}

fn entries(cx: &mut Cx<'_>, node: &Node, text: &str) -> Vec<ConfigEntry> {
    let mut entries: Vec<ConfigEntry> = Vec::new();
    let (mut unknown, mut unread) = (Vec::new(), Vec::new());
    for property in properties(text) {
        let name = property.key.as_str();
        if OWN.contains(&name) {
            continue;
        }
        if !known_configs(Scope::Broker).any(|known| known == name) {
            unknown.push(shorten(name));
            continue;
        }
        if find_config(Scope::Broker, name).is_none() {
            unread.push(name.to_owned());
        } else if let Err(error) = BrokerConfig::default().apply(name, &property.value) {
            let problem = Problem::new(Code::BadConfig, node.pos, error.to_string());
            cx.push(problem.label(format!("line {} of the file", property.line)));
            continue;
        }
        // As in Kafka the last one of a name counts.
        entries.retain(|entry| entry.name != name);
        entries.push(ConfigEntry {
            name: name.to_owned(),
            value: property.value,
            pos: node.pos,
        });
    }
    warn(cx, node, Code::ConfigNotRead, "nothing reads yet", &unread);
    warn(
        cx,
        node,
        Code::UnknownInFile,
        "Kafka does not know",
        &unknown,
    );
    entries
}

fn warn(cx: &mut Cx<'_>, node: &Node, code: Code, what: &str, names: &[String]) {
    const SHOWN: usize = 8;
    if names.is_empty() {
        return;
    }
    let message = format!("{what} {} of the file's configs", names.len());
    let mut list = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        list.push_str(", …");
    }
    cx.push(Problem::new(code, node.pos, message).label(list));
}

/// The properties of a file.
fn properties(text: &str) -> Vec<Property> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, first)) = lines.next() {
        let mut line = first.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while ends_open(&line) {
            line.pop();
            match lines.next() {
                Some((_, next)) => line.push_str(next.trim_start()),
                None => break,
            }
        }
        let (key, value) = split(&line);
        found.push(Property {
            line: at + 1,
            key: unescaped(key),
            value: unescaped(value).trim_end().to_owned(),
        });
    }
    found
}

/// Whether the line goes on: it ends with an odd number of backslashes.
fn ends_open(line: &str) -> bool {
    let backslashes = line.chars().rev().take_while(|c| *c == '\\').count();
    !backslashes.is_multiple_of(2)
}

/// At the first `=`, `:` or blank that no backslash precedes.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '\\' => escaped = !escaped,
            '=' | ':' | ' ' | '\t' | '\u{c}' if !escaped => {
                let rest = line[at..].trim_start_matches([' ', '\t', '\u{c}']);
                let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
                return (&line[..at], value.trim_start_matches([' ', '\t', '\u{c}']));
            }
            _ => escaped = false,
        }
    }
    (line, "")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                plain.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: the documentation of Java's `Properties.load`; blanks at the end are
    /// trimmed, as Kafka's `ConfigDef` does.
    #[test]
    fn properties_are_those_of_java() {
        let text = "# c\n! c\n\nTruth = Beauty\n Truth:Beauty2\nTruth\t\t\t:Beauty3\n\
                    fruits    apple, banana, \\\n     pear\ncheeses\nk\\=a\\:b = v=1:2  \n\
                    u = \\u9886\\t\\\\\nlast = 1\\";
        let found: Vec<_> = properties(text)
            .into_iter()
            .map(|p| (p.line, p.key, p.value))
            .collect();
        let expected = [
            (4, "Truth", "Beauty"),
            (5, "Truth", "Beauty2"),
            (6, "Truth", "Beauty3"),
            (7, "fruits", "apple, banana, pear"),
            (9, "cheeses", ""),
            (10, "k=a:b", "v=1:2"),
            (11, "u", "领\t\\"),
            (12, "last", "1"),
        ];
        let expected: Vec<_> = expected
            .map(|(line, key, value)| (line, key.to_owned(), value.to_owned()))
            .to_vec();
        assert_eq!(found, expected);
    }
}
