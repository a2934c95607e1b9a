//! [`Said`]: a sentence that is ready in both languages.

use super::steps::say;
use super::{Both, Lang};

/// A sentence in both languages, its values filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Said {
    /// Fills `text` with values that are the same in both languages.
    pub fn new(text: Both, values: &[(&str, String)]) -> Self {
        Said::by(|lang| say(text, lang, values))
    }

    /// What `each` says in each language.
    pub fn by(each: impl Fn(Lang) -> String) -> Self {
        Said {
            en: each(Lang::En),
            zh: each(Lang::Zh),
        }
    }

    /// The sentence in one language.
    pub fn of(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.zh)
    }
}
