//! The command line: `:t 12.3`, `:step 10432`, `:mark trap`, `:filter detail`.

use super::model::Model;
use super::session::Address;
use crate::kafka::vocabulary::Salience;
use crate::sim::StepNo;

/// Does what a line says; the word of the model says what was wrong with it.
pub(super) fn run(model: &mut Model, line: &str) {
    let mut words = line.split_whitespace();
    let (name, rest) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let address = match name {
        "" => return,
        "t" | "time" | "mark" => Address::parse(rest),
        "step" => match rest.parse() {
            Ok(step) => Ok(Address::Step(StepNo(step))),
            Err(_) => Err(":step 10432".to_owned()),
        },
        "filter" => return filter(model, rest),
        _ => {
            let known = ":t 12.3  :step 10432  :mark ID  :filter story|detail";
            model.word = Some(known.to_owned());
            return;
        }
    };
    match address {
        Ok(address) => model.seek_to(address),
        Err(why) => model.word = Some(why),
    }
}

fn filter(model: &mut Model, word: &str) {
    model.settings.filter = match word {
        "story" => Salience::Story,
        "detail" => Salience::Detail,
        _ => {
            model.word = Some(":filter story  :filter detail".to_owned());
            return;
        }
    };
}
