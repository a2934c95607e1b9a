//! `--export-logs`: every broker's folders, as they are in the end.

use crate::kafka::storage::exported;
use crate::lab::scenario::run::Finished;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes DIR/BRANCH/BROKER/… for every run; with several seeds DIR/BRANCH-SEED/BROKER/….
pub(super) fn export(dir: &Path, runs: &[Finished]) -> Result<(), String> {
    let many = runs
        .iter()
        .any(|run| run.report.seed != runs[0].report.seed);
    for finished in runs {
        let report = &finished.report;
        let name = match many {
            true => format!("{}-{}", report.branch, report.seed),
            false => report.branch.clone(),
        };
        export_run(&dir.join(name), finished)?;
    }
    Ok(())
}

fn export_run(dir: &Path, finished: &Finished) -> Result<(), String> {
    let names = &finished.run.plan().names;
    for (node, _) in names.servers() {
        let Some(disk) = finished.world.disk(node) else {
            continue;
        };
        for path in disk.list("") {
            let Some(bytes) = exported(disk, &path) else {
                continue;
            };
            let target = dir.join(names.machine(node)).join(relative(&path)?);
            write(&target, &bytes)?;
        }
    }
    Ok(())
}

/// A simulated path may not climb out of the folder.
fn relative(path: &str) -> Result<PathBuf, String> {
    let ok = path
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..");
    if ok {
        Ok(PathBuf::from(path))
    } else {
        Err(format!("{path:?} is no name for a file"))
    }
}

fn write(target: &Path, bytes: &[u8]) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", target.display());
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(said)?;
    }
    fs::write(target, bytes).map_err(said)
}
