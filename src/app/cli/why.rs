//! `kafkalab why`: the chain of causes of something in a run.

use super::progress::Progress;
use super::subject::{Subject, refuse, setting};
use super::{PASSED, Surroundings, arguments};
use crate::lab::explain::{Answer, Decider, Inquiry, Link, Proof, Question, Role, clock};
use crate::lab::scenario::Setting;
use crate::lab::scenario::run::{Moment, Options};
use crate::lab::text::{Lang, harmless};
use crate::sim::Time;
use clap::Args;
use serde_json::{Value, json};

/// So many histories without something are tried at most.
const PROOFS_MAX: usize = 8;
/// A run with more steps is not run again for a proof.
const PROOF_STEPS_MAX: u64 = 2_000_000;

/// Arguments of `why`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab why 12-acks#acks-1 why was rec-6 lost
  kafkalab why 12#acks-1 orders-0:6                    the record acknowledged there
  kafkalab why 07 why is the high watermark of orders-0 6
  kafkalab why 07 orders-0.hw --at 3.2s                or --at step:1310
  kafkalab why 18 why did broker-1 become leader
  kafkalab why 19 why is broker-1 out of the ISR
  kafkalab why 07 why was rec-6 not acknowledged       or: acknowledged so late
  kafkalab why 07 why is rec-6 in the log twice        says so if it is not
  kafkalab why 12#acks-1 rec-6 为什么丢了 --lang zh

Every line names its step; `kafkalab play SCENARIO --at step:N` goes there. What decided it is
proved: the scenario is run again without it.

Exit codes: 0 answered, 2 a bad file or a question that is not understood.")]
pub(super) struct WhyArguments {
    /// A scenario: a file, or the name or number of a built-in one; #BRANCH for a branch of it.
    #[arg(value_name = "SCENARIO[#BRANCH]")]
    scenario: String,
    /// The question, in words of any order or as an expression.
    #[arg(required = true)]
    question: Vec<String>,
    /// About which moment: step:N, or a time after ready (12.3s).
    #[arg(long, value_name = "MOMENT")]
    at: Option<Moment>,
    /// This branch; `main` is the file itself.
    #[arg(long)]
    branch: Option<String>,
    /// Instead of the scenario's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Another value for something in the file, as `run --set` takes it.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<Setting>,
    /// Do not run the scenario again without what decided it.
    #[arg(long)]
    no_proof: bool,
    /// The language of the answer.
    #[arg(long, default_value = "en", value_parser = arguments::lang())]
    lang: Lang,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &WhyArguments, around: Surroundings) -> u8 {
    match answer(arguments, around) {
        Ok(()) => PASSED,
        Err(code) => code,
    }
}

fn answer(arguments: &WhyArguments, around: Surroundings) -> Result<(), u8> {
    let branch = arguments.branch.as_deref();
    let subject = Subject::load(&arguments.scenario, branch, &arguments.set, around)?;
    let options = Options {
        seed: arguments.seed,
        check: false,
        round_trip: false,
    };
    let inquiry = Inquiry::new(
        &subject.branch,
        &subject.scenario,
        &options,
        &mut |_: Time| {},
    );
    let text = arguments.question.join(" ");
    let question = inquiry
        .question(&text)
        .map_err(|unclear| refuse(&text, &unclear.to_string()))?;
    let mut answer = inquiry
        .answer(&question, arguments.at)
        .map_err(|why| refuse(&text, &why))?;
    if !arguments.no_proof {
        answer.proofs = prove(&inquiry, &question, &answer, around);
    }
    match arguments.json {
        true => println!("{:#}", object(&subject, &inquiry, &answer, &text)),
        false => print(arguments, &subject, &inquiry, &answer, around),
    }
    Ok(())
}

fn prove(
    inquiry: &Inquiry,
    question: &Question,
    answer: &Answer,
    around: Surroundings,
) -> Vec<Proof> {
    if inquiry.finished().report.steps.0 > PROOF_STEPS_MAX {
        return Vec::new();
    }
    let tried = &answer.deciders[..answer.deciders.len().min(PROOFS_MAX)];
    let mut progress = Progress::new(tried.len() as u64, around.progress);
    let mut at = |done: usize| progress.at(done as u64, "what if");
    let proofs = inquiry.prove(question, answer, tried, &mut at);
    progress.done();
    proofs
}

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        match self.0 {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

fn print(
    arguments: &WhyArguments,
    subject: &Subject,
    inquiry: &Inquiry,
    answer: &Answer,
    around: Surroundings,
) {
    let paint = Paint(around.color);
    let lang = arguments.lang;
    let report = &inquiry.finished().report;
    let head = format!(
        "{}, seed {}, trace {:016x}",
        subject.title(),
        report.seed,
        report.trace_hash
    );
    println!("{}", paint.with("2", &harmless(&head)));
    println!("{}", paint.with("1", &harmless(answer.verdict.of(lang))));
    print_chain(inquiry, answer, lang, &paint);
    print_proofs(answer, lang, &paint);
    if let Some(step) = best_step(answer) {
        let label = lang.pick("see it", "去看");
        println!("\n{label}: {}", subject.play(arguments.seed, step));
    }
}

fn print_chain(inquiry: &Inquiry, answer: &Answer, lang: Lang, paint: &Paint) {
    if answer.chain.is_empty() {
        return;
    }
    println!("\n{}", lang.pick("how it came to that", "经过"));
    let width = inquiry.trail().last().0.to_string().len();
    for link in &answer.chain {
        println!("{}", line(inquiry, link, lang, width, paint));
    }
}

fn line(inquiry: &Inquiry, link: &Link, lang: Lang, width: usize, paint: &Paint) -> String {
    let run = &inquiry.finished().run;
    let step = match link.step.0 {
        0 => " ".repeat(width + 5),
        no => format!("step {no:>width$}"),
    };
    let at = format!("{:>11}", clock(link.at, run.ready_at()));
    let who = link.node.map_or("", |node| run.plan().names.machine(node));
    let said = harmless(link.said.of(lang));
    let (mark, said) = match link.role {
        Role::Event => (" ", said),
        Role::Fault => ("!", paint.with("31", &said)),
        Role::Setting => ("=", paint.with("33", &said)),
    };
    let place = paint.with("2", &format!("{step} {at}  {who:<12}"));
    format!("  {place} {mark} {said}")
}

fn print_proofs(answer: &Answer, lang: Lang, paint: &Paint) {
    let (decisive, idle): (Vec<&Proof>, Vec<&Proof>) =
        answer.proofs.iter().partition(|proof| proof.changes);
    if !decisive.is_empty() {
        println!("\n{}", lang.pick("what decided it", "起决定作用的"));
        for proof in decisive {
            println!("  * {}", paint.with("32", &harmless(proof.said.of(lang))));
        }
    }
    if !idle.is_empty() {
        println!("\n{}", lang.pick("tried as well", "另外试过的"));
        for proof in idle {
            println!("  - {}", harmless(proof.said.of(lang)));
        }
    }
}

/// Where to look first: the deciding fault, else the moment, else the last link.
fn best_step(answer: &Answer) -> Option<u64> {
    let fault = answer.proofs.iter().find_map(|proof| match proof.decider {
        Decider::Fault { at, .. } if proof.changes => Some(at.0),
        _ => None,
    });
    let moment = answer.moment.map(|(step, _)| step.0);
    let last = answer.chain.iter().rfind(|link| link.step.0 > 0);
    fault.or(moment).or(last.map(|link| link.step.0))
}

fn object(subject: &Subject, inquiry: &Inquiry, answer: &Answer, text: &str) -> Value {
    let run = &inquiry.finished().run;
    let report = &inquiry.finished().report;
    let ready = run.ready_at();
    let said = |said: &crate::lab::text::Said| json!({ "en": said.en, "zh": said.zh });
    let link = |link: &Link| {
        json!({
            "step": link.step.0,
            "ms": link.at.since(ready).as_millis(),
            "node": link.node.map(|node| run.plan().names.machine(node)),
            "role": match link.role {
                Role::Event => "event",
                Role::Fault => "fault",
                Role::Setting => "setting",
            },
            "text": said(&link.said),
        })
    };
    let proof = |proof: &Proof| {
        let (kind, what) = match &proof.decider {
            Decider::Fault { name, .. } => ("without", name.en.clone()),
            Decider::Setting { instead, .. } => ("with", instead.to_string()),
        };
        json!({
            "kind": kind,
            "what": what,
            "changes": proof.changes,
            "text": said(&proof.said),
        })
    };
    json!({
        "scenario": subject.name,
        "branch": subject.branch,
        "seed": report.seed,
        "trace_hash": format!("{:016x}", report.trace_hash),
        "question": text,
        "answer": said(&answer.verdict),
        "moment": answer.moment.map(|(step, at)| json!({
            "step": step.0,
            "ms": at.since(ready).as_millis(),
        })),
        "chain": answer.chain.iter().map(link).collect::<Vec<_>>(),
        "proofs": answer.proofs.iter().map(proof).collect::<Vec<_>>(),
    })
}
