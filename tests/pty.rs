//! The visualiser in a real terminal: a pseudo-terminal and a reader of what it shows.

#![cfg(all(unix, feature = "terminal"))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs the program in a terminal and waits for it"
)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SIZE: PtySize = PtySize {
    rows: 24,
    cols: 80,
    pixel_width: 0,
    pixel_height: 0,
};

struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn open(arguments: &[&str]) -> Terminal {
        let pair = native_pty_system().openpty(SIZE).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_kafkalab"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its keyboard");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(SIZE.rows, SIZE.cols, 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (shown, kept) = (screen.clone(), raw.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 {
                    break;
                }
                shown.lock().expect("alive").process(&bytes[..count]);
                kept.lock()
                    .expect("alive")
                    .extend_from_slice(&bytes[..count]);
            }
        });
        Terminal {
            child,
            keys,
            screen,
            raw,
            _master: pair.master,
        }
    }

    fn lines(&self) -> Vec<String> {
        let screen = self.screen.lock().expect("alive");
        screen.screen().rows(0, SIZE.cols).collect()
    }

    fn footer(&self) -> String {
        self.lines().get(22).cloned().unwrap_or_default()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it listens");
        self.keys.flush().expect("it listens");
    }

    /// Waits until the screen is as wanted.
    fn wait(&self, what: &str, wanted: impl Fn(&[String]) -> bool) {
        let began = Instant::now();
        while !wanted(&self.lines()) {
            let shown = self.lines().join("\n");
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "no {what}:\n{shown}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the screen stands still.
    fn settle(&self) {
        let (mut last, mut still) = (self.lines(), 0);
        while still < 4 {
            std::thread::sleep(Duration::from_millis(3));
            let lines = self.lines();
            still = if lines == last { still + 1 } else { 0 };
            last = lines;
        }
    }

    fn exit(&mut self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.exit_code();
            }
            assert!(began.elapsed() < Duration::from_secs(10), "it ends");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw.lock().expect("alive")).into_owned()
    }
}

fn shows(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

/// The other screen is left and the cursor is shown: what a program wrote before it ended may
/// still be on its way.
fn assert_restored(terminal: &Terminal) {
    let is_restored = |raw: &str| {
        let (entered, left) = (raw.rfind("\x1b[?1049h"), raw.rfind("\x1b[?1049l"));
        entered.is_some() && left > entered && raw.contains("\x1b[?25h")
    };
    terminal.wait("terminal as it was", |_| is_restored(&terminal.raw()));
}

#[test]
fn the_tour_is_played_with_the_keys_that_are_shown() {
    let mut terminal = Terminal::open(&[]);
    terminal.wait("footer", |lines| lines[22].contains("n next"));
    let mut asked = 0;
    for _ in 0..400 {
        let footer = terminal.footer();
        let before = terminal.lines();
        if shows(&before, "THE END   p goes back") {
            break;
        }
        let key = if footer.contains("a b c") {
            asked += 1;
            assert!(
                asked < 20,
                "an answer settles a question:\n{}",
                before.join("\n")
            );
            "b"
        } else {
            assert!(
                footer.contains("n next"),
                "a way on is shown:\n{}",
                before.join("\n")
            );
            "n"
        };
        terminal.press(key);
        terminal.wait("answer to a key", |lines| lines != before);
        terminal.settle();
    }
    let lines = terminal.lines();
    assert!(shows(&lines, "THE END"), "{}", lines.join("\n"));
    assert!(
        shows(&lines, "1 right at the first try"),
        "{}",
        lines.join("\n")
    );
    assert!(terminal.footer().contains("q quit"));
    terminal.press("q");
    assert_eq!(terminal.exit(), 0);
    assert_restored(&terminal);
}

#[test]
fn the_first_picture_comes_at_once() {
    let began = Instant::now();
    let mut terminal = Terminal::open(&["play", "12"]);
    terminal.wait("title", |lines| shows(lines, "acks 0, 1 and all"));
    let took = began.elapsed();
    // The bound is 0.3 s for a release build on a quiet machine.
    assert!(took < Duration::from_secs(3), "{took:?}");
    terminal.press("\x03");
    assert_eq!(terminal.exit(), 0);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let mut terminal = Terminal::open(&["play", "12"]);
    terminal.wait("footer", |lines| lines[22].contains("n next"));
    let pid = terminal.child.process_id().expect("it runs").to_string();
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(killed.expect("kill runs").success());
    assert_eq!(terminal.exit(), 128 + 15);
    assert_restored(&terminal);
}

#[test]
fn a_copied_command_is_sent_to_the_clipboard_and_shown() {
    let mut terminal = Terminal::open(&["play", "12", "--at", "trap", "--branch", "acks-1"]);
    terminal.wait("moment", |lines| shows(lines, "3.307"));
    terminal.press("y");
    let line = "kafkalab play 12-acks --branch acks-1 --at step:";
    terminal.wait("command", |lines| shows(lines, line));
    assert!(
        terminal
            .raw()
            .contains("\x1b]52;c;a2Fma2FsYWIgcGxheSAxMi1hY2tz")
    );
    terminal.press("Q");
    assert_eq!(terminal.exit(), 0);
    terminal.wait("picture that stays", |_| {
        let raw = terminal.raw();
        let kept = raw.rsplit_once("\x1b[?1049l").map(|(_, kept)| kept);
        kept.is_some_and(|kept| kept.contains("orders-0  RF 3"))
    });
}

#[test]
fn plain_text_goes_on_where_the_screen_was() {
    let mut terminal = Terminal::open(&["play", "12", "--at", "trap"]);
    terminal.wait("moment", |lines| shows(lines, "3.307"));
    terminal.press("V");
    terminal.wait("prompt", |lines| shows(lines, "n next, p back"));
    terminal.press("q\n");
    assert_eq!(terminal.exit(), 0);
    assert_restored(&terminal);
}

/// A window that is closed leaves nobody to wait for.
#[test]
fn a_terminal_that_is_gone_ends_the_program() {
    let pair = native_pty_system().openpty(SIZE).expect("a terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_kafkalab"));
    command.arg("play");
    command.arg("07");
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().expect("its output");
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains("help") {
        let mut bytes = [0; 4_096];
        let count = output.read(&mut bytes).expect("a picture");
        shown.extend_from_slice(&bytes[..count]);
    }
    drop(output);
    drop(pair.master);
    let began = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        assert!(began.elapsed() < Duration::from_secs(10), "it runs on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
