//! `kafkalab describe`: topics and quorum at any moment, in the shape of Kafka's own tools.

use super::{FAILED, Surroundings, files, output};
use crate::lab::cluster::View;
use crate::lab::scenario::MAIN;
use crate::lab::scenario::run::{Moment, Options, Session};
use crate::lab::text::harmless;
use crate::lab::trace::{quorum_replication, quorum_status, topics};
use crate::sim::Time;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `describe`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab describe 06 --at 8s                    while a follower is out of the ISR
  kafkalab describe 06                            in the end
  kafkalab describe 12 --branch acks-1 --at 12s --only topics
  kafkalab describe 07 --at step:2000             after that step (numbers as in `export --as text`)

What is printed has the shape of kafka-topics.sh --describe and of
kafka-metadata-quorum.sh describe --status and --replication.")]
pub(super) struct DescribeArguments {
    /// A scenario: a file, a name or a number.
    scenario: PathBuf,
    /// The moment: `step:10432`, or scenario time as `40s`; the end if none is given.
    #[arg(long, value_name = "MOMENT")]
    at: Option<Moment>,
    /// Which branch; `main` is the file itself.
    #[arg(long, default_value = MAIN)]
    branch: String,
    /// Instead of the scenario's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Only this part.
    #[arg(long, value_enum)]
    only: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `kafka-topics.sh --describe`.
    Topics,
    /// `kafka-metadata-quorum.sh describe --status`.
    Status,
    /// `kafka-metadata-quorum.sh describe --replication`.
    Replication,
}

impl Part {
    const ALL: [Part; 3] = [Part::Topics, Part::Status, Part::Replication];

    fn command(self) -> &'static str {
        match self {
            Part::Topics => "kafka-topics.sh --describe",
            Part::Status => "kafka-metadata-quorum.sh describe --status",
            Part::Replication => "kafka-metadata-quorum.sh describe --replication",
        }
    }

    fn text(self, view: View<'_>) -> Option<String> {
        match self {
            Part::Topics => Some(topics(view)),
            Part::Status => quorum_status(view),
            Part::Replication => quorum_replication(view),
        }
    }
}

pub(super) fn run(arguments: &DescribeArguments, around: Surroundings) -> u8 {
    match session(arguments, around) {
        Ok(session) => print(arguments, &session),
        Err(code) => code,
    }
}

/// The run at the moment that is asked for.
fn session(arguments: &DescribeArguments, around: Surroundings) -> Result<Session, u8> {
    let (source, parsed) = files::load_source(&arguments.scenario, around)?;
    let scenario = files::branch(&parsed, &arguments.branch, &source.name)?;
    let options = Options {
        seed: arguments.seed,
        check: false,
        ..Options::default()
    };
    let mut session = Session::new(&scenario, &options);
    let moment = arguments.at.unwrap_or(Moment::Step(u64::MAX));
    if !session.go_to(moment) && arguments.at.is_some() {
        let last = session.world().step_no().0;
        eprintln!("warning: the run ended before, with step {last}; this is how it ended");
    }
    Ok(session)
}

fn print(arguments: &DescribeArguments, session: &Session) -> u8 {
    let view = View::new(session.world(), &session.run().plan().names);
    let mut text = String::new();
    if let Some(part) = arguments.only {
        return match part.text(view) {
            Some(text) => output::put(None, &text),
            None => {
                eprintln!("error: nobody leads the quorum at this moment");
                FAILED
            }
        };
    }
    text.push_str(&format!("# {}\n", place(session)));
    for part in Part::ALL {
        let shown = part.text(view);
        let shown = shown.unwrap_or_else(|| "nobody leads the quorum at this moment\n".to_owned());
        text.push_str(&format!("\n# {}\n{shown}", part.command()));
    }
    output::put(None, &text)
}

/// `after step 2000, at 1.234 s of the scenario, seed 7`.
fn place(session: &Session) -> String {
    let (world, run) = (session.world(), session.run());
    let ready = run.ready_at();
    let at = match ready {
        Time::NEVER => "before the cluster is ready".to_owned(),
        _ => {
            let ms = world.now().since(ready).as_millis();
            format!("at {}.{:03} s of the scenario", ms / 1_000, ms % 1_000)
        }
    };
    let seed = run.plan().scenario.seed;
    harmless(&format!(
        "after step {}, {at}, seed {seed}",
        world.step_no().0
    ))
}
