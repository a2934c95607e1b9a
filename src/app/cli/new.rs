//! `kafkalab new`: a scenario to begin with.

use super::{BAD_INPUT, PASSED, REFUSED};
use clap::Args;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Arguments of `new`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab new my-lesson        writes my-lesson.toml, which `kafkalab run my-lesson.toml` passes
  kafkalab new lessons/first    in a folder that is there
  kafkalab new -                to standard output

Exit codes: 0 written, 2 a bad name, 3 the file is there already or cannot be written.")]
pub(super) struct NewArguments {
    /// The file's name; `.toml` is added.
    name: PathBuf,
}

/// The scenario, with TITLE in the place of its title.
const TEMPLATE: &str = include_str!("new.toml");

pub(super) fn run(arguments: &NewArguments) -> u8 {
    if arguments.name == Path::new("-") {
        print!("{}", template("a new lesson"));
        return PASSED;
    }
    let Some(stem) = arguments.name.file_stem().and_then(|stem| stem.to_str()) else {
        eprintln!("error: {}: not a file's name", arguments.name.display());
        return BAD_INPUT;
    };
    let path = arguments.name.with_extension("toml");
    match write(&path, &template(stem)) {
        Ok(()) => {
            let name = path.display();
            println!("wrote {name}; `kafkalab run {name}` runs it");
            PASSED
        }
        Err(error) => {
            let why = match error.kind() {
                std::io::ErrorKind::AlreadyExists => "is there already".to_owned(),
                _ => error.to_string(),
            };
            eprintln!("error: {}: {why}", path.display());
            REFUSED
        }
    }
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// The template with a title, which is escaped for TOML and for the braces of texts.
fn template(title: &str) -> String {
    let mut escaped = String::new();
    for c in title.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '{' | '}' => escaped.extend([c, c]),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    TEMPLATE.replace("TITLE", &escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::run::{Options, run};
    use crate::lab::scenario::{format, parse};

    #[test]
    fn the_template_passes_as_it_is() {
        let text = template("a \"quoted\\\" {title}\u{1b}[31m");
        let parsed = parse(&text).expect("sound");
        assert_eq!(parsed.warnings, []);
        let main = ("main".to_owned(), parsed.main);
        for (name, scenario) in [main].into_iter().chain(parsed.branches) {
            let finished = run(&name, &scenario, &Options::default(), &mut |_| {});
            let report = finished.report;
            assert!(report.passed(), "{name}: {:?}", report.expectations);
        }
        assert_eq!(
            format(&text).as_deref(),
            Ok(text.as_str()),
            "it is formatted"
        );
    }
}
