//! The parts of the book that the engine writes: pictures, tables, values and checked answers.
//!
//! A page is Markdown. A mark in it says what stands behind it, up to the next end:
//!
//! ```text
//! <!-- kafkalab: records 12-acks/acks-1 rec-5..rec-7 -->
//! ...generated...
//! <!-- kafkalab end -->
//! ```
//!
//! A mark alone on its line stands for a block, one within a line for a word. [`render`] computes
//! every part anew; whoever compares its pages with the ones at hand finds what is stale. Nothing
//! is read or written here: pages and quizzes come as texts.
//!
//! | file | concern |
//! |---|---|
//! | `marks` | where generated parts begin and end |
//! | `target` | `12-acks/acks-1#after:trap`: a run, a branch, a moment |
//! | `runs` | runs, moments and values, each computed once |
//! | `blocks`, `tables`, `picture` | what a mark may ask for |
//! | `shelf` | the reference pages |
//! | `quiz`, `answers`, `sheet` | quizzes: read, held against the engine, written |
//! | `markdown` | text that stays text on a page |

mod answers;
mod blocks;
mod markdown;
mod marks;
mod picture;
mod quiz;
mod runs;
mod sheet;
mod shelf;
mod tables;
mod target;

#[cfg(test)]
mod tests;

use blocks::Desk;
use marks::Piece;
use runs::Runs;
use std::collections::BTreeMap;

/// Texts by path, the parts of a path separated by `/`.
pub type Files = BTreeMap<String, String>;

/// What is wrong with a page or a quiz.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The page.
    pub file: String,
    /// The line of the mark, from 1.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

/// Pages as they should be.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// Every page that was given, and the pictures that marks made.
    pub files: Files,
    /// Marks that could not be followed; their old text stands.
    pub complaints: Vec<Complaint>,
}

/// Computes the generated parts of all pages. `files` holds the pages (`.md`) and the quizzes
/// and scenarios beside them (`.toml`); `find` gives the text of any other scenario by its name.
pub fn render(files: &Files, find: &dyn Fn(&str) -> Option<String>) -> Rendered {
    let beside = |name: &str| {
        let is_it = |path: &str| path.rsplit('/').next() == Some(name);
        let own = files.iter().find(|(path, _)| is_it(path));
        own.map(|(_, text)| text.clone()).or_else(|| find(name))
    };
    let mut runs = Runs::new(&beside);
    let mut rendered = Rendered::default();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        let mut desk = Desk {
            runs: &mut runs,
            files,
            page: path,
            pictures: Files::new(),
        };
        let page = page(&mut desk, text, &mut rendered.complaints);
        let pictures = desk.pictures;
        rendered.files.extend(pictures);
        rendered.files.insert(path.clone(), page);
    }
    rendered
}

fn page(desk: &mut Desk<'_, '_>, text: &str, complaints: &mut Vec<Complaint>) -> String {
    let mut page = String::with_capacity(text.len());
    for piece in marks::pieces(text) {
        let (mark, made) = match piece {
            Piece::Text(text) => {
                page.push_str(text);
                continue;
            }
            Piece::Open(line) => {
                complaints.push(Complaint {
                    file: desk.page.to_owned(),
                    line,
                    text: "this mark has no end".to_owned(),
                });
                continue;
            }
            Piece::Mark(mark) => {
                let made = blocks::write(desk, mark.words, mark.is_block);
                (mark, made)
            }
        };
        let body = made.unwrap_or_else(|text| {
            let (file, line) = (desk.page.to_owned(), mark.line);
            complaints.push(Complaint { file, line, text });
            mark.body.to_owned()
        });
        page.push_str(mark.head);
        page.push_str(&mark.spaced(&body));
        page.push_str(marks::END);
    }
    page
}
