//! Tests of the language as a whole.

mod bad_files;
mod bad_table;
mod good_files;
mod mutations;
mod runs;

use super::library::LIBRARY;
use super::*;
use std::ops::Range;

/// A small sound file.
const BASE: &str = r#"format = 1
kafka = "4.3"
seed = 1
title = "base"

[cluster]
brokers = 3
controllers = 3

[end]
at = "1h"

[[topic]]
name = "orders"
partitions = 2
replication = 3

[[producer]]
name = "p1"
config = { acks = "all" }

[[consumer]]
name = "c1"
partitions = ["orders-0", "orders-1"]
"#;

/// A text without its marks ⟦ and ⟧, and the place between them.
fn marked(text: &str) -> (String, Range<usize>) {
    let start = text.find('⟦').expect("a mark");
    let end = text.find('⟧').expect("a second mark") - '⟦'.len_utf8();
    (text.replace(['⟦', '⟧'], ""), start..end)
}
