//! Links: every relative one in the README, the docs and the book leads to a file, and to a heading
//! of it; every page of the book is in its summary.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "reads pages and looks for files"
)]

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// What stands in a page: where its links go, and which anchors it has.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

fn read(page: &Path) -> Page {
    let text = std::fs::read_to_string(page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    let mut found = Page::default();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(&text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                heading
                    .iter_mut()
                    .for_each(|heading| heading.push_str(&text));
            }
            Event::End(TagEnd::Heading(_)) => found.remember(&heading.take().unwrap_or_default()),
            _ => {}
        }
    }
    for line in text.lines() {
        let included = line.split("{{#include ").skip(1);
        let paths = included.filter_map(|rest| rest.split_once("}}"));
        found.links.extend(paths.map(|(path, _)| path.to_owned()));
    }
    found
}

impl Page {
    /// The anchor that GitHub and mdBook give a heading.
    fn remember(&mut self, heading: &str) {
        let letters = heading.trim().chars().filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_lowercase().to_string()),
            c if c.is_whitespace() => Some("-".to_owned()),
            _ => None,
        });
        let anchor: String = letters.collect();
        let mut another = anchor.clone();
        for n in 1.. {
            if self.anchors.insert(another) {
                break;
            }
            another = format!("{anchor}-{n}");
        }
    }
}

fn pages_of(folder: &str) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder}: {e}"));
    for entry in entries {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => pages.extend(pages_of(path.to_str().expect("UTF-8"))),
            false if path.extension().is_some_and(|e| e == "md") => pages.push(path),
            false => {}
        }
    }
    pages
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")];
    pages.extend(pages_of("docs"));
    pages.extend(pages_of("book/src"));
    pages
}

/// `a/b/../c` without the way back.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// What is wrong with a link of a page.
fn judge(page: &Path, link: &str) -> Option<String> {
    if link.is_empty() || link.contains("://") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (link, None),
    };
    let target = match path {
        "" => page.to_owned(),
        path => plain(&page.parent().unwrap_or(Path::new("")).join(path)),
    };
    if !target.exists() {
        return Some(format!("{link} leads nowhere"));
    }
    let known = |anchor: &str| read(&target).anchors.contains(anchor);
    match anchor {
        Some(anchor) if !known(anchor) => Some(format!("{link}: no such heading")),
        _ => None,
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in pages() {
        for link in read(&page).links {
            count += 1;
            wrong.extend(judge(&page, &link).map(|why| format!("{}: {why}", page.display())));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(count > 40, "{count} links");
}

#[test]
fn a_broken_link_is_noticed() {
    let page = Path::new("README.md");
    for link in [
        "docs/no-such.md",
        "book/src/SUMMARY.md#no-such-heading",
        "#no-such-heading",
    ] {
        assert!(judge(page, link).is_some(), "{link}");
    }
    for link in [
        "docs/not-modelled.md#groups",
        "https://kafka.apache.org",
        "#limits",
    ] {
        assert_eq!(judge(page, link), None, "{link}");
    }
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let summary = Path::new("book/src/SUMMARY.md");
    let listed: BTreeSet<PathBuf> = (read(summary).links.iter())
        .filter(|link| !link.is_empty())
        .map(|link| Path::new("book/src").join(link))
        .collect();
    let mut pages: BTreeSet<PathBuf> = pages_of("book/src").into_iter().collect();
    pages.remove(summary);
    assert_eq!(listed, pages);
}

/// The syllabus: 25 chapters, each with its title in both languages.
#[test]
fn the_summary_has_the_whole_syllabus() {
    let text = std::fs::read_to_string("book/src/SUMMARY.md").expect("is there");
    let (course, _) = text.split_once("# Reference").expect("the reference part");
    let chapters: Vec<&str> = course
        .lines()
        .filter(|line| line.starts_with("- ["))
        .collect();
    assert_eq!(chapters.len(), 25);
    for chapter in chapters {
        let chinese = chapter
            .chars()
            .any(|c| ('\u{4e00}'..'\u{a000}').contains(&c));
        assert!(chinese && chapter.contains(" · "), "{chapter}");
    }
}
