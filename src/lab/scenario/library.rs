//! The scenarios that come with the program.

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
    "06-followers-pull"
    "07-acks-all"
    "12-acks"
    "13-segments"
    "18-epochs"
    "19-unclean"
}

/// The text of a scenario: by its name, or by the number that the name begins with.
pub fn find(name: &str) -> Option<(&'static str, &'static str)> {
    let exact = LIBRARY.iter().find(|(known, _)| *known == name);
    let by_number = || {
        let number = |known: &str| known.split('-').next() == Some(name);
        LIBRARY.iter().find(|(known, _)| number(known))
    };
    exact.or_else(by_number).copied()
}
