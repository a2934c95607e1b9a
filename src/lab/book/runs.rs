//! Runs of scenarios, moments of them, and values at those moments, each computed once.
//!
//! Whatever is asked is put in the words of the scenario language and appended to the file that
//! runs: a narration for a moment or a value, an expectation for a fact. The parser's checks hold
//! for it, and a narration changes no history.

use super::target::{Target, Way};
use crate::kafka::vocabulary::Salience;
use crate::lab::scenario::run::{Finished, Options, Session, run_observed};
use crate::lab::scenario::{Claim, Expr, Fact, Parsed, Scenario, Template, parse};
use crate::lab::trace::{Recorder, Trace};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The id of what is appended.
const PROBE: &str = "of-the-book";

/// A run that is over, and its trace.
pub(super) struct Told {
    pub(super) finished: Finished,
    pub(super) trace: Trace,
}

/// All runs that were needed so far.
pub(super) struct Runs<'a> {
    find: &'a dyn Fn(&str) -> Option<String>,
    finished: BTreeMap<(String, String), Rc<Told>>,
    moments: BTreeMap<Target, Rc<Session>>,
}

impl<'a> Runs<'a> {
    /// Knows the scenarios that `find` knows.
    pub(super) fn new(find: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Runs {
            find,
            finished: BTreeMap::new(),
            moments: BTreeMap::new(),
        }
    }

    /// The text of a scenario.
    pub(super) fn source(&self, name: &str) -> Result<String, String> {
        (self.find)(name).ok_or_else(|| format!("no scenario \"{name}\""))
    }

    /// A scenario file without errors, with more at its end.
    pub(super) fn parsed(&self, name: &str, more: &str) -> Result<Parsed, String> {
        let source = format!("{}\n{more}", self.source(name)?);
        parse(&source).map_err(|problems| {
            let first = problems.first().map_or("", |first| first.message.as_str());
            format!("{name}: {first}")
        })
    }

    fn scenario(&self, target: &Target, more: &str) -> Result<Scenario, String> {
        let parsed = self.parsed(&target.scenario, more)?;
        let scenario = parsed.branch(&target.branch).cloned();
        scenario.ok_or_else(|| format!("{}: no branch \"{}\"", target.scenario, target.branch))
    }

    /// A run to its end.
    pub(super) fn finished(&mut self, target: &Target) -> Result<Rc<Told>, String> {
        let key = (target.scenario.clone(), target.branch.clone());
        if let Some(told) = self.finished.get(&key) {
            return Ok(told.clone());
        }
        let told = Rc::new(self.tell(target, "")?);
        self.finished.insert(key, told.clone());
        Ok(told)
    }

    fn tell(&self, target: &Target, more: &str) -> Result<Told, String> {
        let scenario = self.scenario(target, more)?;
        let recorder = |names: &_| Recorder::new(names, Salience::Story);
        let options = Options::default();
        let (finished, recorder) = run_observed(&target.branch, &scenario, &options, recorder);
        if let Some(why) = &finished.report.failure {
            return Err(format!("{}: could not go on: {why}", target.scenario));
        }
        let trace = finished.trace(recorder, &target.scenario, scenario.title.said());
        Ok(Told { finished, trace })
    }

    /// The run at the target's moment.
    pub(super) fn at(&mut self, target: &Target) -> Result<Rc<Session>, String> {
        if let Some(session) = self.moments.get(target) {
            return Ok(session.clone());
        }
        let session = Rc::new(self.go(target)?);
        self.moments.insert(target.clone(), session.clone());
        Ok(session)
    }

    fn go(&self, target: &Target) -> Result<Session, String> {
        let options = Options {
            check: false,
            ..Options::default()
        };
        let way = target.way()?;
        let more = match &way {
            Way::Trigger(trigger) => probe(trigger, PROBE),
            Way::End | Way::Step(_) => String::new(),
        };
        let mut session = Session::new(&self.scenario(target, &more)?, &options);
        let reached = match way {
            Way::End => {
                while session.step(&mut ()) {}
                true
            }
            Way::Step(moment) => session.go_to(moment),
            Way::Trigger(_) => go_to_probe(&mut session),
        };
        match reached {
            true => Ok(session),
            false => {
                let (run, moment) = (target.run(), &target.moment);
                Err(format!("{run}: the moment \"{moment}\" never comes"))
            }
        }
    }

    /// A text of the scenario language with its values at the target's moment: `{orders-0.hw}`,
    /// or the value alone, without braces.
    pub(super) fn value(&mut self, target: &Target, text: &str) -> Result<String, String> {
        let text = match text.contains('{') {
            true => text.to_owned(),
            false => format!("{{{text}}}"),
        };
        let template = self.template(target, &text)?;
        let session = self.at(target)?;
        let scope = session.run().scope(session.world());
        Ok(scope.render(&template))
    }

    fn template(&self, target: &Target, text: &str) -> Result<Template, String> {
        let scenario = self.scenario(target, &probe("at = \"0s\"", text))?;
        let is_probe = |id: &Option<String>| id.as_deref() == Some(PROBE);
        let tell = scenario.tells.into_iter().find(|tell| is_probe(&tell.id));
        tell.map(|tell| tell.text.en)
            .ok_or_else(|| format!("{}: takes no narration", target.scenario))
    }

    /// Whether an expression is true at the target's moment.
    pub(super) fn holds(&mut self, target: &Target, expr: &str) -> Result<bool, String> {
        let expr = self.expr(target, expr)?;
        let session = self.at(target)?;
        Ok(session.run().scope(session.world()).holds(&expr))
    }

    fn expr(&self, target: &Target, expr: &str) -> Result<Expr, String> {
        let quoted = toml_edit::Value::from(expr);
        let more = format!("[[expect]]\nid = \"{PROBE}\"\nfinally = {quoted}\n");
        let scenario = self.scenario(target, &more)?;
        let mut claims = scenario.expects.into_iter();
        let claim = claims.find(|expect| expect.id.as_deref() == Some(PROBE));
        match claim.map(|expect| expect.claim) {
            Some(Claim::Finally(Fact::Expr(expr))) => Ok(expr),
            _ => Err(format!("\"{expr}\" is no expression")),
        }
    }

    /// The number of the step after which a moment is reached.
    pub(super) fn step_of(&mut self, target: &Target) -> Result<u64, String> {
        Ok(self.at(target)?.world().step_no().0)
    }

    /// Whether the first notes that match follow each other, and what was seen. The matchers are
    /// inline tables of a scenario file.
    pub(super) fn in_order(
        &self,
        target: &Target,
        matchers: &[String],
    ) -> Result<(bool, String), String> {
        let list = matchers.join(", ");
        let more = format!("[[expect]]\nid = \"{PROBE}\"\norder = [{list}]\n");
        let report = self.tell(target, &more)?.finished.report;
        let mut judged = report.expectations.into_iter();
        let judged = judged.find(|judged| judged.id == PROBE);
        judged
            .map(|judged| (judged.held, judged.reason))
            .ok_or_else(|| format!("{}: judges no order", target.scenario))
    }
}

fn probe(trigger: &str, text: &str) -> String {
    let text = toml_edit::Value::from(text);
    format!("[[tell]]\nid = \"{PROBE}\"\n{trigger}\ntext = {text}\n")
}

/// Steps until the probe was told.
fn go_to_probe(session: &mut Session) -> bool {
    let mut seen = 0;
    loop {
        let told = session.run().told();
        if told[seen..].iter().any(|told| told.en == PROBE) {
            return true;
        }
        seen = told.len();
        if !session.step(&mut ()) {
            return false;
        }
    }
}
