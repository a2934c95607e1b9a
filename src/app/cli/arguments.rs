//! Values that several subcommands take.

use crate::lab::text::Lang;
use crate::sim::Span;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// A language: `en` or `zh`.
pub(super) fn lang() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(Lang::ALL.map(Lang::word)).try_map(|word| word.parse::<Lang>())
}

/// A length of time as in scenario files: `40s`, `1500ms`.
pub(super) fn duration(text: &str) -> Result<Span, String> {
    crate::lab::scenario::duration(text)
}
