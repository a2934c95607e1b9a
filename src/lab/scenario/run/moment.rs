//! Moments in words: `step:10432`, `12.3s`.

use super::Moment;
use crate::sim::Span;
use std::str::FromStr;

impl FromStr for Moment {
    type Err = String;

    /// `step:N`, `12.3s`, `1500ms`; a bare number is seconds.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is no moment: step:10432, 12.3s or 1500ms");
        if let Some(step) = text.strip_prefix("step:") {
            return step.parse().map(Moment::Step).map_err(|_| bad());
        }
        let (number, unit) = match text.strip_suffix("ms") {
            Some(number) => (number, 1_000_000),
            None => (text.strip_suffix('s').unwrap_or(text), 1_000_000_000),
        };
        let nanos = decimal(number, unit).ok_or_else(bad)?;
        Ok(Moment::At(Span(nanos)))
    }
}

/// A decimal number times `unit`, exactly.
fn decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let mut nanos = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut unit = unit;
    for digit in part.bytes() {
        unit /= 10;
        nanos = nanos.checked_add(u64::from(digit - b'0') * unit)?;
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_times() {
        let time = |ms| Ok(Moment::At(Span::from_millis(ms)));
        for (text, moment) in [
            ("step:10432", Ok(Moment::Step(10_432))),
            ("12.3s", time(12_300)),
            ("12.345", time(12_345)),
            ("1500ms", time(1_500)),
            ("0", time(0)),
        ] {
            assert_eq!(text.parse::<Moment>(), moment, "{text}");
        }
        for text in [
            "",
            "step:",
            "step:x",
            "s",
            ".5s",
            "1.x",
            "-3s",
            "99999999999999s",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
