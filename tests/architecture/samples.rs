//! The checks themselves are checked: samples with offences that must be found, and look-alikes
//! that must not.

use crate::arrows::judge;
use crate::lexer::tokens;
use crate::paths::paths;
use crate::size;
use crate::source::{Source, is_paper, mark_tests, papers, reached};

/// The offences of a file: path and judgement.
fn offences(name: &str, text: &str) -> Vec<(String, String)> {
    let source = Source::new(name, text);
    let named = paths(&source.tokens, &source.module);
    let judged = named
        .iter()
        .filter_map(|path| Some((path.segments.join("::"), judge(&source.module, path)?)));
    judged.collect()
}

/// The paths at fault.
fn faults(name: &str, text: &str) -> Vec<String> {
    offences(name, text)
        .into_iter()
        .map(|offence| offence.0)
        .collect()
}

#[test]
fn a_floor_that_names_a_higher_one_is_found_wherever_it_does() {
    let text = "
        use crate::kafka::storage::Log;
        fn f(x: &crate::lab::Trace) -> Vec<crate::app::cli::Row> { crate::sim::go(x) }
        macro_rules! m { () => { $crate::kafka::raft::go() } }
    ";
    let expected = [
        "kafka::storage::Log",
        "lab::Trace",
        "app::cli::Row",
        "kafka::raft::go",
    ];
    assert_eq!(faults("src/sim/world/step.rs", text), expected);
    let (_, offence) = &offences("src/sim/world/step.rs", text)[0];
    assert_eq!(offence, "sim may not name kafka");
}

#[test]
fn rooms_of_one_level_and_higher_rooms_are_found() {
    let text = "use crate::kafka::{protocol::Ids, replica::{self, Partition}, server::X as Y};";
    let expected = [
        "kafka::replica",
        "kafka::replica::Partition",
        "kafka::server::X",
    ];
    assert_eq!(faults("src/kafka/controller/topics.rs", text), expected);
    assert_eq!(faults("src/kafka/server/mod.rs", text), [""; 0]);
    assert_eq!(
        faults(
            "src/kafka/storage/mod.rs",
            "use crate::kafka::metadata::Image;"
        )
        .len(),
        1
    );
    assert_eq!(
        faults(
            "src/kafka/protocol/mod.rs",
            "use crate::kafka::config::Row;"
        )
        .len(),
        1
    );
    assert_eq!(
        faults("src/lab/check/mod.rs", "use crate::lab::trace::Line;").len(),
        1
    );
    assert_eq!(
        faults("src/lab/scenario/mod.rs", "use crate::lab::trace::Line;").len(),
        0
    );
    assert_eq!(
        faults("src/app/tui/view.rs", "use crate::app::terminal::Raw;").len(),
        1
    );
}

#[test]
fn super_that_climbs_out_of_a_room_is_found() {
    assert_eq!(
        faults("src/kafka/raft/mod.rs", "use super::replica::X;"),
        ["kafka::replica::X"]
    );
    assert_eq!(
        faults("src/kafka/raft/node.rs", "use super::super::server::X;"),
        ["kafka::server::X"]
    );
    assert_eq!(
        faults("src/kafka/raft/node.rs", "use super::{super::client, Log};"),
        ["kafka::client"]
    );
    assert_eq!(
        faults("src/sim/time.rs", "fn f() { super::super::lab::f() }"),
        ["lab::f"]
    );
    assert_eq!(
        faults("src/kafka/raft/node.rs", "use super::quorum::X;"),
        [""; 0]
    );
    assert_eq!(
        faults(
            "src/kafka/raft/node.rs",
            "use self::super::super::client::X;"
        ),
        ["kafka::client::X"]
    );
}

#[test]
fn inline_modules_are_counted_by_super() {
    let text = "
        fn f() { if x { y } }
        mod tests { use super::super::Vote; mod deep { use super::super::super::super::client::X; } }
        use super::super::client::Y;
    ";
    assert_eq!(
        faults("src/kafka/raft/node.rs", text),
        ["kafka::client::X", "kafka::client::Y"]
    );
}

#[test]
fn a_whole_floor_or_crate_is_no_way_round() {
    let texts = [
        "use crate::kafka;",
        "use crate::kafka::*;",
        "use crate::kafka::{self as k};",
        "use crate::*;",
        "use crate as house;",
        "use super::super::*;",
        "use super::super as floor;",
        "use crate::Exported;",
        "use crate::kafka::unheard_of::X;",
    ];
    for text in texts {
        assert_eq!(faults("src/kafka/raft/node.rs", text).len(), 1, "{text}");
    }
    assert_eq!(
        faults(
            "src/lab/check/mod.rs",
            "use crate::kafka; use crate::sim::*;"
        ),
        [""; 0]
    );
}

#[test]
fn the_world_outside_is_for_the_outer_rooms() {
    let text = "
        use std::{collections::BTreeMap, fs::File, io::{self, Read, stdout}};
        fn f() -> core::time::Duration { ::std::thread::sleep(x); std::process::exit(1) }
        use std::collections::HashMap; use std::sync::{Arc, atomic::AtomicU8}; use std::io::*;
        use std as s;
    ";
    let expected = [
        "fs::File",
        "io::stdout",
        "time::Duration",
        "thread::sleep",
        "process::exit",
        "collections::HashMap",
        "sync::atomic::AtomicU8",
        "io::*",
        "",
    ];
    assert_eq!(faults("src/app/tui/model.rs", text), expected);
    assert_eq!(faults("src/kafka/raft/mod.rs", text), expected);
    assert_eq!(faults("src/app/cli/run.rs", text), [""; 0]);
}

#[test]
fn what_only_looks_like_a_path_is_none() {
    let text = r####"
        //! crate::kafka::raft
        /* std::fs /* crate::app */ crate::lab */
        pub(crate) fn f<'a>(s: &'a str) -> char { let c = '"'; let _ = "crate::kafka"; '\'' }
        const R: &str = r##"crate::lab "# std::fs::read"##;
        const B: &[u8] = b"std::net\" crate::app"; const C: char = b'\'' as char;
        pub(super) fn g() { self.crate_kafka; x.std.fs(); my::std::fs::read(); r#type() }
        pub(in crate::sim) fn h() {}
    "####;
    assert_eq!(faults("src/sim/world/mod.rs", text), [""; 0]);
    let behind = "const C: char = '\\''; fn f() { std::fs::read(\"x\") }";
    assert_eq!(faults("src/sim/world/mod.rs", behind), ["fs::read"]);
}

#[test]
fn functions_are_measured() {
    let text =
        "fn a() -> [u8; 2] {\n  fn b() {}\n}\ntrait T { fn c(); }\nmod tests {\n fn d() {\n\n} }";
    let found = size::functions(&tokens(text));
    let short = found
        .iter()
        .map(|f| (f.name.as_str(), f.line, f.lines, f.is_test));
    let expected = [("a", 1, 3, false), ("b", 2, 1, false), ("d", 6, 3, true)];
    assert_eq!(short.collect::<Vec<_>>(), expected);
}

#[test]
fn macros_are_found() {
    let text = "fn f() { std::dbg!(x); if a != (b) { todo!() } println! {\"todo!()\"} }";
    let found = size::macros(&tokens(text)).into_iter().map(|found| found.1);
    assert_eq!(found.collect::<Vec<_>>(), ["dbg", "todo", "println"]);
}

#[test]
fn files_without_a_mod_line_are_found() {
    let sources = [
        Source::new("src/lib.rs", "pub mod sim; // mod lab;"),
        Source::new("src/sim/mod.rs", "mod time;"),
        Source::new("src/sim/time.rs", ""),
        Source::new("src/lab/mod.rs", "mod text;"),
        Source::new("src/lab/text.rs", ""),
    ];
    let reached = reached(&sources);
    let lost = sources
        .iter()
        .filter(|source| !reached.contains(&source.module));
    assert_eq!(
        lost.map(|source| source.name.as_str()).collect::<Vec<_>>(),
        ["src/lab/mod.rs", "src/lab/text.rs"]
    );
}

#[test]
fn papers_are_found() {
    let line = concat!(
        "as (docs/not-modelled.",
        "md) and NOWHERE.",
        "md 2.1 say; cmd.mdx, .",
        "md."
    );
    let found: Vec<_> = papers(line).map(|paper| (paper, is_paper(paper))).collect();
    let [here, lost] = [
        concat!("docs/not-modelled.", "md"),
        concat!("NOWHERE.", "md"),
    ];
    assert_eq!(found, [(here, true), (lost, false)]);
}

#[test]
fn files_for_tests_are_found() {
    let lines = "#[cfg(test)] mod testing; #[cfg(test)] pub(crate) mod rig;
        #[cfg(unix)] mod tests; mod plain; #[cfg(test)] mod inline { mod x; }";
    let mut sources = [
        Source::new("src/sim/mod.rs", lines),
        Source::new("src/sim/testing/deep.rs", ""),
        Source::new("src/sim/rig.rs", ""),
        Source::new("src/sim/tests.rs", ""),
        Source::new("src/sim/plain.rs", ""),
        Source::new("src/lab/testing.rs", ""),
    ];
    mark_tests(&mut sources);
    let found = sources.iter().filter(|source| source.is_test);
    let names: Vec<_> = found.map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["src/sim/testing/deep.rs", "src/sim/rig.rs"]);
}
