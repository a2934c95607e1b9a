//! The `kafkalab` command.

fn main() -> std::process::ExitCode {
    kafkalab::app::cli::run()
}
