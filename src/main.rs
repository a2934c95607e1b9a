//! The `kafkalab` command.

/// A step makes many small allocations; this allocator makes them cheap and changes nothing else.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    kafkalab::app::cli::run()
}
