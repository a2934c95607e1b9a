//! The scenarios that come with the program: their texts are part of it, so that it needs no
//! folder beside it.

use super::problem::nearest;

macro_rules! library {
    ($($name:literal)*) => {
        /// Name and text of every scenario, in the order of the course.
        pub const LIBRARY: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!("../../../scenarios/", $name, ".toml")),
        ),)*];
    };
}

library! {
    "00-tour"
    "03-batch-and-linger"
    "04-three-brokers"
    "05-order-per-partition"
    "06-followers-pull"
    "07-acks-all"
    "11-choose-partition"
    "12-acks"
    "13-segments"
    "14-cost-model"
    "16-sarama"
    "18-epochs"
    "19-unclean"
    "30-duplicate-broker-id"
    "31-more-replicas-than-brokers"
    "32-twelve-replicas"
}

/// The text of a scenario: by its name, or by the number that the name begins with (`7` and `07`
/// are `07-acks-all`).
pub fn find(name: &str) -> Option<(&'static str, &'static str)> {
    let exact = LIBRARY.iter().find(|(known, _)| *known == name);
    let by_number = || {
        let wanted = plain_number(name)?;
        (LIBRARY.iter()).find(|(known, _)| number(known) == Some(wanted))
    };
    exact.or_else(by_number).copied()
}

/// The number that a scenario's name begins with: its place in the course.
pub fn number(name: &str) -> Option<u32> {
    plain_number(name.split_once('-')?.0)
}

fn plain_number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The name that `name` is probably meant to be: the nearest in spelling, or one that has it as
/// a part.
pub fn suggest(name: &str) -> Option<&'static str> {
    let known: Vec<&'static str> = LIBRARY.iter().map(|(known, _)| *known).collect();
    let word = name.to_lowercase();
    let part = || (known.iter()).find(|known| word.len() > 2 && known.contains(&word));
    let without_number = || {
        let words: Vec<&'static str> = (known.iter())
            .map(|known| known.split_once('-').map_or(*known, |(_, word)| word))
            .collect();
        let near = nearest(name, &words)?;
        let at = words.iter().position(|word| *word == near)?;
        known.get(at)
    };
    nearest(name, &known).or_else(|| part().or_else(without_number).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_find_scenarios() {
        for word in ["07-acks-all", "07", "7"] {
            assert_eq!(find(word).map(|(name, _)| name), Some("07-acks-all"));
        }
        for word in ["", "-", "7x", "+7", "acks", "99999999999999999999"] {
            assert_eq!(find(word), None, "{word}");
        }
    }

    #[test]
    fn numbers_are_unique() {
        let mut numbers: Vec<_> = (LIBRARY.iter())
            .filter_map(|(name, _)| number(name))
            .collect();
        numbers.sort_unstable();
        let all = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), all);
    }

    #[test]
    fn a_miss_has_a_suggestion() {
        assert_eq!(suggest("12-ack"), Some("12-acks"));
        assert_eq!(suggest("segments"), Some("13-segments"));
        assert_eq!(suggest("segmnets"), Some("13-segments"));
        assert_eq!(suggest("zookeeper"), None);
    }
}
