//! Tones as colours. Without colour everything is still there: no tone says what a character does
//! not.

use crate::app::tui::cells::Tone;
use crate::app::tui::model::Theme;
use ratatui::style::{Color, Modifier, Style};

/// The style of a tone.
pub(super) fn style(theme: Theme, tone: Tone) -> Style {
    let plain = Style::new();
    let mono = theme == Theme::Mono;
    let color = |dark: Color, light: Color| match theme {
        Theme::Dark => plain.fg(dark),
        Theme::Light => plain.fg(light),
        Theme::Mono => plain,
    };
    match tone {
        Tone::Plain => plain,
        Tone::Dim if mono => plain,
        Tone::Dim => color(Color::DarkGray, Color::Gray),
        Tone::Strong => plain.add_modifier(Modifier::BOLD),
        Tone::Good => color(Color::Green, Color::Green),
        Tone::Warn => color(Color::Yellow, Color::Magenta),
        Tone::Bad => color(Color::LightRed, Color::Red).add_modifier(Modifier::BOLD),
        Tone::Accent => color(Color::Cyan, Color::Blue).add_modifier(Modifier::BOLD),
    }
}
