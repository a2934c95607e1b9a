//! Values that several subcommands take.

use crate::lab::text::Lang;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// A language: `en` or `zh`.
pub(super) fn lang() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(Lang::ALL.map(Lang::word)).try_map(|word| word.parse::<Lang>())
}
