//! The small words of the language: durations, spans, ratios, sizes, rates, names, times.

use super::limits::MAX_DURATION_NS;
use crate::sim::Span;

/// A range of durations, uniform, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanRange {
    /// The shortest.
    pub min: Span,
    /// The longest.
    pub max: Span,
}

pub(super) const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// `1m30s`. The error says what is wrong.
pub fn duration(text: &str) -> Result<Span, String> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() || text.is_empty() {
        let (number, after) = split_digits(rest);
        if number.is_empty() {
            return Err("a duration is a number and a unit: 5ms, 1m30s".to_owned());
        }
        let letters = after.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, after) = after.split_at(letters.unwrap_or(after.len()));
        let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(no_unit(unit));
        };
        let part = number.parse().ok().and_then(|n: u64| n.checked_mul(*size));
        let sum = part.and_then(|part| total.checked_add(part));
        total = sum.filter(|sum| *sum <= MAX_DURATION_NS).ok_or_else(|| {
            let days = MAX_DURATION_NS / 86_400_000_000_000;
            format!("longer than the limit of {days} days")
        })?;
        rest = after;
    }
    Ok(Span::from_nanos(total))
}

fn no_unit(unit: &str) -> String {
    match unit {
        "" => "a unit is required: ns, us, ms, s, m, h or d".to_owned(),
        _ => format!("no unit \"{unit}\"; units are ns, us, ms, s, m, h and d"),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// `1ms..6ms`, or one duration for both ends.
pub(super) fn span_range(text: &str) -> Result<SpanRange, String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let (min, max) = (duration(min)?, duration(max)?);
    match min <= max {
        true => Ok(SpanRange { min, max }),
        false => Err("the first duration is the shorter one".to_owned()),
    }
}

/// `0.5%` in parts in a million.
pub(super) fn ratio(text: &str) -> Result<u32, String> {
    let wrong = || "a ratio is a percentage with at most 4 decimals: 0.5%".to_owned();
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 4 {
        return Err(wrong());
    }
    let parts: u32 = format!("{whole}{decimals:0<4}")
        .parse()
        .map_err(|_| wrong())?;
    match parts <= 1_000_000 {
        true => Ok(parts),
        false => Err("a ratio is at most 100%".to_owned()),
    }
}

/// `10MiB` in bytes.
pub(super) fn size(text: &str) -> Result<i64, String> {
    let wrong = || "a size is a whole number with B, KiB, MiB or GiB: 64KiB".to_owned();
    let (number, unit) = split_digits(text);
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(wrong()),
    };
    let number: i64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// `1MiB/s` in bytes a second, at least one.
pub(super) fn bandwidth(text: &str) -> Result<i64, String> {
    let wrong = || "a bandwidth is a size a second: 1MiB/s".to_owned();
    let bytes = size(text.strip_suffix("/s").ok_or_else(wrong)?)?;
    match bytes > 0 {
        true => Ok(bytes),
        false => Err("a bandwidth is at least 1B/s".to_owned()),
    }
}

/// `100/s`: the time between two.
pub(super) fn rate(text: &str) -> Result<Span, String> {
    let wrong = || "a rate is a whole number a second, from 1/s to 1000000/s".to_owned();
    let number = text.strip_suffix("/s").ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match (1..=1_000_000).contains(&number) {
        true => Ok(Span::from_nanos(1_000_000_000 / number)),
        false => Err(wrong()),
    }
}

/// `+5s` or `-5s` in nanoseconds.
pub(super) fn jump(text: &str) -> Result<i64, String> {
    let wrong = "a jump is a duration with a sign: +5s, -200ms";
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return Err(wrong.to_owned()),
    };
    // A duration has at most 366 days of nanoseconds, far below the largest i64.
    Ok(sign * duration(rest)?.as_nanos() as i64)
}

/// Whether `text` is a name of the language.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && text.len() <= 249 && chars.all(is_name_part)
}

pub(super) fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether Kafka takes `text` as a topic's name (`Topic.validate`).
pub(super) fn is_topic_name(text: &str) -> bool {
    let part = |c: char| is_name_part(c) || c == '.';
    !text.is_empty() && text.len() <= 249 && text != "." && text != ".." && text.chars().all(part)
}

/// A topic's name and a partition's number: split at the last dash.
pub(super) fn split_partition(text: &str) -> Option<(&str, i32)> {
    let (topic, number) = text.rsplit_once('-')?;
    let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty();
    let number = number.parse().ok().filter(|_| plain)?;
    (!topic.is_empty()).then_some((topic, number))
}

/// Milliseconds since 1970 of a full date and time with offset (RFC 3339).
pub(super) fn calendar(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, offset_minutes) = split_offset(clock)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && (hour < 24 && minute < 60 && second < 60)
        && (!fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()));
    if !in_range {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let days = days_since_1970(year, month, day);
    let minutes = days * 1_440 + hour * 60 + minute - offset_minutes;
    let ms = (minutes * 60 + second) * 1_000 + millis;
    (ms >= 0).then_some(ms)
}

/// Three numbers of fixed lengths.
fn numbers(text: &str, between: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut numbers = [0; 3];
    for ((part, length), number) in parts.iter().zip(lengths).zip(&mut numbers) {
        let plain = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        *number = part.parse().ok().filter(|_| plain)?;
    }
    Some(numbers)
}

/// The clock, and the minutes that it is ahead of UTC.
fn split_offset(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = clock.rfind(['+', '-'])?;
    let (clock, offset) = clock.split_at(at);
    let [_, hours, minutes] = numbers(&format!("00:{}", offset.get(1..)?), ':', [2, 2, 2])?;
    let minutes = hours * 60 + minutes;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (minutes < 1_440).then_some((clock, sign * minutes))
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar: years begin in March here, so that
/// the leap day is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `2026-01-01T00:00:00Z`, or with milliseconds.
pub(super) fn calendar_text(ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    let fraction = match rest % 1_000 {
        0 => String::new(),
        part => format!(".{part:03}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        assert_eq!(duration("5ms"), Ok(Span::from_millis(5)));
        assert_eq!(duration("1m30s"), Ok(Span::from_secs(90)));
        assert_eq!(duration("2h3us"), Ok(Span::from_nanos(7_200_000_003_000)));
        assert_eq!(duration("0s"), Ok(Span::ZERO));
        for bad in ["", "5", "ms", "5 ms", "5x", "1.5s", "-1s", "400d", "5msec"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(duration("99999999999999999999d").is_err());
    }

    #[test]
    fn quantities() {
        assert_eq!(ratio("100%"), Ok(1_000_000));
        assert_eq!(ratio("0.5%"), Ok(5_000));
        assert_eq!(ratio("12.0001%"), Ok(120_001));
        assert_eq!(size("3KiB"), Ok(3_072));
        assert_eq!(bandwidth("1MiB/s"), Ok(1 << 20));
        assert_eq!(rate("100/s"), Ok(Span::from_millis(10)));
        assert_eq!(jump("-200ms"), Ok(-200_000_000));
        for bad in ["0.5", "101%", "1.23456%", ".5%", "%", "1.%", "1000%"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
        for bad in ["3", "3kb", "KiB", "9999999999GiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        assert!(rate("0/s").is_err() && bandwidth("0B/s").is_err() && jump("5s").is_err());
    }

    #[test]
    fn spans_are_ordered() {
        let range = span_range("1ms..6ms").expect("a span");
        assert_eq!((range.min.as_millis(), range.max.as_millis()), (1, 6));
        assert!(span_range("6ms..1ms").is_err());
        assert!(span_range("1ms..").is_err());
    }

    #[test]
    fn partitions_split_at_the_last_dash() {
        assert_eq!(split_partition("web-log-12"), Some(("web-log", 12)));
        assert_eq!(split_partition("orders"), None);
        assert_eq!(split_partition("-1"), None);
        assert_eq!(split_partition("orders-+1"), None);
    }

    #[test]
    fn calendar_times() {
        let ms = calendar;
        assert_eq!(ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(ms("2026-01-01T00:00:00Z"), Some(1_767_225_600_000));
        assert_eq!(ms("2024-02-29T12:00:00.250+02:00"), Some(1_709_200_800_250));
        let bad = [
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-1-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
        ];
        bad.iter()
            .for_each(|text| assert_eq!(ms(text), None, "{text}"));
    }

    proptest! {
        #[test]
        fn calendar_texts_are_read_back(ms in 0i64..253_402_300_800_000) {
            let text = calendar_text(ms);
            prop_assert_eq!(calendar(&text), Some(ms));
        }

        #[test]
        fn spans_print_as_durations(ns in 0u64..MAX_DURATION_NS) {
            let span = Span::from_nanos(ns);
            prop_assert_eq!(duration(&span.to_string()), Ok(span));
        }
    }
}
