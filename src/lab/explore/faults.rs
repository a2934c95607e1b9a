//! What breaks, when, and when it is mended. Each fault is one or two steps of a scenario.

use super::dice::Dice;
use super::generate::{Shape, WORK_MS};
use std::fmt::Write;

/// Faults of a schedule, at least and at most.
const FAULTS: (u64, u64) = (3, 7);

/// The steps of a schedule's faults.
pub(super) fn text(dice: &mut Dice, shape: &Shape) -> String {
    let mut text = String::new();
    for number in 0..dice.range(FAULTS.0, FAULTS.1) {
        let from = dice.range(500, WORK_MS - 4_000);
        let lasts = dice.one([200, 1_000, 2_500, 4_000, 8_000]);
        let to = from + dice.range(lasts / 2, lasts);
        let id = format!("f{number}");
        let (breaks, mends) = fault(dice, shape, &id);
        let _ = writeln!(
            text,
            "[[step]]\nid = \"{id}\"\nat = \"{from}ms\"\nmark = true\n{breaks}\n"
        );
        if !mends.is_empty() {
            let _ = writeln!(
                text,
                "[[step]]\nid = \"{id}-end\"\nat = \"{to}ms\"\n{mends}\n"
            );
        }
    }
    text
}

/// How it breaks and how it is mended.
fn fault(dice: &mut Dice, shape: &Shape, id: &str) -> (String, String) {
    match dice.range(0, 99) {
        0..20 => process(dice, shape),
        20..35 => power(dice, shape),
        35..45 => pause(dice, shape),
        45..75 => cut(dice, shape, id),
        75..87 => link(dice, shape),
        87..92 => clock(dice, shape),
        92..96 => stop(dice, shape),
        _ => admin(dice, shape),
    }
}

fn process(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let node = server(dice, shape);
    (format!("crash = {node}"), format!("start = {node}"))
}

fn stop(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let node = server(dice, shape);
    (format!("stop = {node}"), format!("start = {node}"))
}

fn power(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let node = server(dice, shape);
    let tail = dice.one(["lost", "torn", "kept", "drawn"]);
    let breaks = format!("power-off = {{ node = {node}, tail = \"{tail}\" }}");
    (breaks, format!("start = {node}"))
}

fn pause(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let node = server(dice, shape);
    (format!("pause = {node}"), format!("resume = {node}"))
}

/// One side of a cut is one broker; the other brokers, controllers or clients.
fn cut(dice: &mut Dice, shape: &Shape, id: &str) -> (String, String) {
    let one = broker(dice, shape);
    let others = match dice.range(0, 5) {
        0 if shape.controllers > 0 => "\"all controllers\"".to_owned(),
        1 if shape.controllers > 0 => "[\"all brokers\", \"all controllers\"]".to_owned(),
        2 => broker(dice, shape),
        3 => "\"p0\"".to_owned(),
        _ => "\"all brokers\"".to_owned(),
    };
    let cut = match dice.range(0, 2) {
        0 => format!("cut = {{ between = [{one}, {others}] }}"),
        1 => format!("cut = {{ from = {one}, to = {others} }}"),
        _ => format!("cut = {{ from = {others}, to = {one} }}"),
    };
    (cut, format!("heal = \"{id}\""))
}

fn link(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let from = server(dice, shape);
    let to = dice.one(["\"all brokers\"", "\"p0\"", "\"c0\""]);
    let (breaks, mends) = dice.one([
        ("loss = \"5%\"", "loss = \"0%\""),
        ("loss = \"60%\"", "loss = \"0%\""),
        ("latency = \"200ms..900ms\"", "latency = \"1ms..3ms\""),
        ("duplicate = \"30%\"", "duplicate = \"0%\""),
        ("reorder = \"30%\"", "reorder = \"0%\""),
    ]);
    let link = |change| format!("link = {{ from = {from}, to = {to}, both = true, {change} }}");
    (link(breaks), link(mends))
}

fn clock(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let node = server(dice, shape);
    let (there, back) = dice.one([("+1h", "-1h"), ("-30s", "+30s"), ("+5s", "-5s")]);
    let jump = |by| format!("clock = {{ node = {node}, jump = \"{by}\" }}");
    (jump(there), jump(back))
}

fn admin(dice: &mut Dice, shape: &Shape) -> (String, String) {
    let partition = dice.pick(&shape.partitions()).unwrap_or_default();
    let create = "create-topic = { name = \"late\", partitions = 1, replication = 1 }";
    match dice.percent(50) {
        true => (
            format!("elect = {{ partition = \"{partition}\", mode = \"preferred\" }}"),
            String::new(),
        ),
        false => (create.to_owned(), "delete-topic = \"late\"".to_owned()),
    }
}

/// A broker, or a controller.
fn server(dice: &mut Dice, shape: &Shape) -> String {
    match shape.controllers > 0 && dice.percent(25) {
        true => format!("\"controller-{}\"", dice.range(0, shape.controllers - 1)),
        false => broker(dice, shape),
    }
}

fn broker(dice: &mut Dice, shape: &Shape) -> String {
    format!("\"broker-{}\"", dice.range(0, shape.brokers - 1))
}
