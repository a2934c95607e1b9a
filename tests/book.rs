//! The book: what its pages show is what the engine says, and its exercises can be done.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs the command and reads pages"
)]

mod program;

use program::{kafkalab, stderr};
use std::path::{Path, PathBuf};

#[test]
fn no_generated_part_is_stale() {
    let output = kafkalab(&["book"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_stale_part_is_reported_with_its_line_and_written_anew() {
    let folder = std::env::temp_dir().join(format!("kafkalab-book-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let page = folder.join("README.md");
    let text = "# A page\n\nEnds at <!-- kafkalab: value orders-0.hw at 12-acks#end -->11<!-- kafkalab end -->.\n";
    std::fs::write(&page, text).expect("a temporary file");
    let path = page.to_str().expect("UTF-8");
    let stale = kafkalab(&["book", path]);
    let untouched = std::fs::read_to_string(&page).expect("is there");
    let written = kafkalab(&["book", "--write", path]);
    let anew = std::fs::read_to_string(&page).expect("is there");
    std::fs::write(&page, text.replace("orders-0.hw", "orders-9.hw")).expect("a temporary file");
    let wrong = kafkalab(&["book", path]);
    std::fs::remove_dir_all(&folder).expect("it was there");
    let told = stderr(&stale);
    assert_eq!(stale.status.code(), Some(1), "{told}");
    assert!(
        told.contains("README.md:3: stale") && told.contains("-->10<!--"),
        "{told}"
    );
    assert_eq!(untouched, text);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    assert_eq!(anew, text.replace(">11<", ">10<"));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        stderr(&wrong).contains("README.md:3: "),
        "{}",
        stderr(&wrong)
    );
    assert_eq!(kafkalab(&["book", "no-such-folder"]).status.code(), Some(2));
}

/// Every command that the README and the book show in code is one.
#[test]
fn commands_that_are_shown_exist() {
    let mut shown = std::collections::BTreeSet::new();
    for page in [
        "README",
        "book/src/README",
        "book/src/00-tour",
        "book/src/12-acks",
    ] {
        let text = std::fs::read_to_string(format!("{page}.md")).expect("is there");
        let commands = text
            .split(['`', '\n'])
            .filter_map(|code| code.strip_prefix("kafkalab "));
        let words = commands.filter_map(|command| command.split(' ').next());
        shown.extend(words.map(str::to_owned));
    }
    for word in &shown {
        let output = kafkalab(&["help", word]);
        assert_eq!(output.status.code(), Some(0), "{word}: {}", stderr(&output));
    }
    assert!(shown.len() > 7, "{shown:?}");
}

/// An exercise fails as it is given. Its solution passes, and changes one setting.
#[test]
fn exercises_fail_as_given_and_pass_with_one_change() {
    for name in ["07-make-it", "12-make-it"] {
        let given = PathBuf::from(format!("book/src/{name}.toml"));
        let solved = PathBuf::from(format!("book/src/{name}.solution.toml"));
        let code = |file: &Path| {
            let output = kafkalab(&["run", file.to_str().expect("UTF-8")]);
            output.status.code()
        };
        assert_eq!((code(&given), code(&solved)), (Some(1), Some(0)), "{name}");
        let [given, solved] = [given, solved].map(|file| lines(&file));
        assert_eq!(given.len(), solved.len(), "{name}");
        let differ = given.iter().zip(&solved).filter(|(a, b)| a != b).count();
        assert_eq!(differ, 1, "{name}: the setting");
    }
}

/// The lines of a scenario without its comments.
fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}
