//! `[[expect]]`: what must hold, and the table of rules.

use super::{matchers, name};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::{Cx, shorten};
use crate::lab::scenario::expr::{Op, Operand};
use crate::lab::scenario::expr_check::Within;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::model::{Claim, Expect, Fact, Rule};
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::Node;
use crate::lab::scenario::words::is_name;

/// A rule by name, with its title in two languages.
#[derive(Clone, Copy, Debug)]
pub struct RuleDoc {
    /// The word.
    pub word: &'static str,
    /// The title in English.
    pub en: &'static str,
    /// The title in Chinese.
    pub zh: &'static str,
    /// The rule; none is not built yet.
    pub rule: Option<Rule>,
}

macro_rules! rules {
    ($($word:literal $en:literal $zh:literal $rule:expr;)*) => {
        /// Every rule.
        pub const RULES: &[RuleDoc] = &[$(RuleDoc {
            word: $word,
            en: $en,
            zh: $zh,
            rule: $rule,
        },)*];
    };
}

rules! {
    "acked-not-lost" "No acknowledged record is lost." "已应答的记录不会丢失。"
        Some(Rule::AckedNotLost { widened: false });
    "one-leader-per-epoch" "A leader epoch has one leader." "一个纪元只有一个领导者。"
        Some(Rule::OneLeaderPerEpoch);
    "logs-agree-below-hw" "Replicas agree below the high watermark." "高水位以下各副本一致。"
        Some(Rule::LogsAgreeBelowHw);
    "no-ack-below-min-isr" "Nothing is acknowledged below min.insync.replicas."
        "同步副本不足时不应答。" Some(Rule::NoAckBelowMinIsr);
    "hw-not-backwards" "What consumers see never goes back." "消费者看到的高水位不后退。"
        Some(Rule::HwNotBackwards);
    "reads-repeat" "An offset is always read the same." "同一 offset 每次读到的内容相同。"
        Some(Rule::ReadsRepeat);
    "one-owner" "A partition has one owner in a group." "组内一个分区只有一个拥有者。" None;
    "no-duplicate" "No record is stored twice." "没有记录被存两次。" Some(Rule::NoDuplicate);
    "order-per-producer" "A producer's records keep their order." "同一生产者的记录保持顺序。"
        Some(Rule::OrderPerProducer);
    "no-aborted-read" "Aborted records are never read." "不会读到已中止的记录。" None;
    "one-worker" "One worker at a time has a record." "一条记录同时只有一个处理者。" None;
    "commit-not-past-work" "Nothing is committed before it is processed."
        "未处理完的不会被提交。" None;
}

const CLAIMS: &[&str] = &[
    "always",
    "never",
    "sometimes",
    "finally",
    "at",
    "within",
    "count",
    "order",
    "same-as",
];

pub(super) fn expect(cx: &mut Cx<'_>, node: &Node) -> Option<Expect> {
    let mut fields = Fields::of(cx, node, &shapes::EXPECT)?;
    let id = fields.node("id").and_then(|node| name(cx, node));
    let claims = fields.given(CLAIMS.iter().copied());
    let claim = match claims[..] {
        [(key, node)] => claim(cx, &mut fields, key, node).map(|claim| (claim, node.pos)),
        [] => {
            let problem = Problem::new(Code::MissingKey, fields.pos, "nothing is expected");
            cx.push(problem.label(format!("one of {} is needed", CLAIMS.join(", "))));
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!("two claims: {first} and {second}");
            let pos = fields.key_pos(second);
            cx.problem(Code::Exclusive, pos, message);
            None
        }
    };
    let widened = widened(cx, &mut fields, claim.as_ref().map(|(claim, _)| claim));
    let outcome = fields.node("outcome");
    let words = [("holds", true), ("fails", false)];
    let holds = outcome.and_then(|node| cx.word(node, "outcomes", &words));
    fields.finish(cx);
    let (mut claim, pos) = claim?;
    if widened {
        widen(&mut claim);
    }
    Some(Expect {
        id,
        claim,
        holds: holds.unwrap_or(true),
        pos,
    })
}

/// `acks = "1"` beside the rule `acked-not-lost`.
fn widened(cx: &mut Cx<'_>, fields: &mut Fields<'_>, claim: Option<&Claim>) -> bool {
    let Some(node) = fields.node("acks") else {
        return false;
    };
    let widened = cx.word(node, "acks", &[("all", false), ("1", true)]);
    let fact = match claim {
        Some(Claim::Always(f) | Claim::Never(f) | Claim::Sometimes(f) | Claim::Finally(f)) => f,
        Some(_) => &Fact::Rule(Rule::NoDuplicate),
        None => return false,
    };
    if !matches!(fact, Fact::Rule(Rule::AckedNotLost { .. })) {
        let pos = fields.key_pos("acks");
        cx.problem(
            Code::Exclusive,
            pos,
            "`acks` widens the rule acked-not-lost",
        );
    }
    widened.unwrap_or(false)
}

fn widen(claim: &mut Claim) {
    let (Claim::Always(fact) | Claim::Never(fact) | Claim::Sometimes(fact) | Claim::Finally(fact)) =
        claim
    else {
        return;
    };
    if let Fact::Rule(Rule::AckedNotLost { widened }) = fact {
        *widened = true;
    }
}

fn claim(cx: &mut Cx<'_>, fields: &mut Fields<'_>, key: &str, node: &Node) -> Option<Claim> {
    match key {
        "always" => fact(cx, node).map(Claim::Always),
        "never" => fact(cx, node).map(Claim::Never),
        "sometimes" => fact(cx, node).map(Claim::Sometimes),
        "finally" => fact(cx, node).map(Claim::Finally),
        "at" => {
            let time = cx.duration(node);
            let that = fields.required(cx, "that").and_then(|node| cx.expr(node));
            Some(Claim::At(time?, that?))
        }
        "within" => within(cx, node),
        "count" => count(cx, node),
        "order" => {
            let listed = cx.list(node)?.len();
            let notes = cx.each(node, matchers::note)?;
            (notes.len() == listed).then_some(Claim::Order(notes))
        }
        _ => same_as(cx, fields, node),
    }
}

/// A rule or an expression.
fn fact(cx: &mut Cx<'_>, node: &Node) -> Option<Fact> {
    let text = cx.text(node)?;
    if let Some(row) = RULES.iter().find(|row| row.word == text) {
        if row.rule.is_none() {
            let message = format!("the rule `{text}` is not built yet");
            cx.problem(Code::NotBuilt, node.pos, message);
        }
        return row.rule.map(Fact::Rule);
    }
    if !is_name(text) || matches!(text, "true" | "false") {
        return cx.expr(node).map(Fact::Expr);
    }
    let message = format!("no rule \"{}\"", shorten(text));
    let known = RULES.iter().map(|row| row.word);
    let problem = Problem::new(Code::UnknownRule, node.pos, message);
    cx.push(problem.among(text, "rules", known));
    None
}

fn within(cx: &mut Cx<'_>, node: &Node) -> Option<Claim> {
    let mut fields = Fields::of(cx, node, &shapes::WITHIN)?;
    let of = fields.required(cx, "of").and_then(|node| cx.step(node));
    let time = fields
        .required(cx, "time")
        .and_then(|node| cx.duration(node));
    let that = fields.required(cx, "that").and_then(|node| cx.expr(node));
    fields.finish(cx);
    Some(Claim::Within {
        of: of?,
        time: time?,
        that: that?,
    })
}

/// `{ note = …, is = "== 3" }`.
fn count(cx: &mut Cx<'_>, node: &Node) -> Option<Claim> {
    let mut fields = Fields::of(cx, node, &shapes::COUNT)?;
    fields.and(&shapes::NOTE);
    let note = matchers::note_fields(cx, &mut fields);
    let is = fields.required(cx, "is");
    let is = is.and_then(|node| cx.quantity(node, Code::BadExpression, comparison));
    if note.is_some() {
        fields.finish(cx);
    }
    let (op, n) = is?;
    Some(Claim::Count {
        note: Box::new(note?),
        op,
        n,
    })
}

fn comparison(text: &str) -> Result<(Op, i64), String> {
    let wrong = || "a comparison with a number: \"== 3\", \">= 1\"".to_owned();
    let words = Op::WORDS.iter().filter(|(word, _)| !is_name(word));
    let found = words
        .filter_map(|(word, op)| Some((*op, text.trim().strip_prefix(word)?)))
        .next();
    let (op, rest) = found.ok_or_else(wrong)?;
    let n = rest.trim().parse().map_err(|_| wrong())?;
    Ok((op, n))
}

fn same_as(cx: &mut Cx<'_>, fields: &mut Fields<'_>, node: &Node) -> Option<Claim> {
    let branch = cx.text(node)?;
    let on = fields.required(cx, "on");
    let on = on.and_then(|node| cx.each(node, path));
    if !cx.names.branches.iter().any(|name| name == branch) {
        let message = format!("no branch \"{}\"", shorten(branch));
        let known = cx.names.branches.clone();
        let problem = Problem::new(Code::UnknownBranch, node.pos, message);
        let known = known.iter().map(String::as_str);
        cx.push(problem.among(branch, "branches", known));
        return None;
    }
    Some(Claim::SameAs {
        branch: branch.to_owned(),
        on: on?,
    })
}

fn path(cx: &mut Cx<'_>, node: &Node) -> Option<Operand> {
    let text = cx.text(node)?;
    let within = Within::of(cx, node.pos, text);
    cx.operand(text, within)
}
