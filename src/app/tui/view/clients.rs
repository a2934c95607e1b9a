//! Producers and consumers, each in its own eyes.

use crate::app::tui::cells::{Row, Tone, fit};
use crate::app::tui::inspect::{Item, acks};
use crate::app::tui::model::Model;
use crate::app::tui::picture::{ClientLook, ConsumerLook, ProducerLook};
use crate::lab::text::Lang;

/// The whole view.
pub(super) fn rows(model: &Model, _room: usize) -> Vec<Row> {
    let (picture, lang) = (model.session.picture(), model.lang());
    let mut rows = vec![Row::new()];
    if picture.clients.is_empty() {
        let text = lang.pick("this scenario has no clients", "这个场景没有客户端");
        rows.push(Row::dim(text));
    }
    for client in &picture.clients {
        let item = Item::Node(client.node);
        let selected = model.selected_item() == Some(item);
        let mut head = Row::new()
            .say(if selected { "> " } else { "  " }, Tone::Accent)
            .say(fit(&client.name, 12), Tone::Strong);
        head = head.say(kind(client, lang), Tone::Plain).of(item);
        let (word, tone) = state(client, lang);
        rows.push(head.say(format!("  {word}"), tone));
        if let Some(producer) = &client.producer {
            rows.extend(producer_rows(producer, lang));
        }
        if let Some(consumer) = &client.consumer {
            rows.extend(consumer_rows(consumer, lang));
        }
        rows.push(Row::new());
    }
    rows
}

fn kind(client: &ClientLook, lang: Lang) -> &'static str {
    match client.produces {
        true => lang.pick("producer", "生产者"),
        false => lang.pick("consumer", "消费者"),
    }
}

fn state(client: &ClientLook, lang: Lang) -> (&'static str, Tone) {
    match client.state {
        _ if client.paused => (lang.pick("x PAUSED", "x 暂停"), Tone::Bad),
        None => (lang.pick("x DOWN", "x 宕机"), Tone::Bad),
        Some(state) => (state, Tone::Dim),
    }
}

fn producer_rows(producer: &ProducerLook, lang: Lang) -> Vec<Row> {
    let idempotent = match producer.idempotent {
        true => format!(
            "  {} {} e{}",
            lang.pick("idempotent, id", "幂等，id"),
            producer.id.0,
            producer.id.1
        ),
        false => String::new(),
    };
    let counts = match lang {
        Lang::En => format!(
            "    sent {}  acked {}  failed {}  in flight {}  waiting {}  retries {}",
            producer.sent,
            producer.acked,
            producer.failed,
            producer.in_flight,
            producer.buffered,
            producer.retries
        ),
        Lang::Zh => format!(
            "    已发 {}  应答 {}  失败 {}  在途 {}  等待 {}  重试 {}",
            producer.sent,
            producer.acked,
            producer.failed,
            producer.in_flight,
            producer.buffered,
            producer.retries
        ),
    };
    vec![
        Row::plain(format!("    acks={}{idempotent}", acks(producer.acks))),
        Row::plain(counts),
    ]
}

fn consumer_rows(consumer: &ConsumerLook, lang: Lang) -> Vec<Row> {
    let mut rows = Vec::new();
    for (partition, position, received, lag) in &consumer.reads {
        let number = |n: &Option<i64>| n.map_or("?".to_owned(), |n| n.to_string());
        let (position, lag) = (number(position), number(lag));
        rows.push(Row::plain(match lang {
            Lang::En => {
                format!("    {partition}  position {position}  received {received}  lag {lag}")
            }
            Lang::Zh => format!("    {partition}  位置 {position}  收到 {received}  滞后 {lag}"),
        }));
    }
    let text = lang.pick("processed", "已处理");
    rows.push(Row::plain(format!("    {text} {}", consumer.processed)));
    rows
}

/// All of them in a line.
pub(super) fn line(model: &Model) -> Row {
    let lang = model.lang();
    let mut row = Row::new();
    for client in &model.session.picture().clients {
        row = row.say(client.name.clone(), Tone::Strong);
        row = match (&client.producer, &client.consumer) {
            (Some(producer), _) => row.say(short_producer(producer, lang), Tone::Plain),
            (_, Some(consumer)) => row.say(short_consumer(consumer, lang), Tone::Plain),
            _ => row.say(format!(" {}", state(client, lang).0), Tone::Bad),
        };
        row = row.say("   ", Tone::Plain);
    }
    row
}

fn short_producer(producer: &ProducerLook, lang: Lang) -> String {
    let mut text = format!(" acks={}", acks(producer.acks));
    let parts = [
        (producer.in_flight as i64, lang.pick("in flight", "在途")),
        (producer.buffered as i64, lang.pick("waiting", "等待")),
        (producer.retries as i64, lang.pick("retries", "重试")),
    ];
    for (count, word) in parts.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(" {word} {count}"));
    }
    text
}

fn short_consumer(consumer: &ConsumerLook, lang: Lang) -> String {
    let mut text = String::new();
    for (partition, position, _, lag) in &consumer.reads {
        let number = |n: &Option<i64>| n.map_or("?".to_owned(), |n| n.to_string());
        let (position, lag) = (number(position), number(lag));
        let (at, behind) = (lang.pick("pos", "位置"), lang.pick("lag", "滞后"));
        text.push_str(&format!(" {partition} {at} {position} {behind} {lag}"));
    }
    text
}

/// The same beside other panels.
pub(super) fn beside(model: &Model, _room: usize) -> Vec<Row> {
    let lang = model.lang();
    let mut rows = Vec::new();
    for client in &model.session.picture().clients {
        let row = Row::new().say(client.name.clone(), Tone::Strong);
        rows.push(match (&client.producer, client.state) {
            (_, None) => row.say(format!(" {}", state(client, lang).0), Tone::Bad),
            (Some(producer), _) => row.say(format!(" acks={}", acks(producer.acks)), Tone::Plain),
            (None, Some(state)) => row.say(format!(" {state}"), Tone::Dim),
        });
        if let Some(producer) = &client.producer {
            let number = |en, zh, n: i64| Row::plain(format!(" {} {n}", lang.pick(en, zh)));
            rows.push(match lang {
                Lang::En => Row::plain(format!(" sent {} acked {}", producer.sent, producer.acked)),
                Lang::Zh => Row::plain(format!(" 已发 {} 应答 {}", producer.sent, producer.acked)),
            });
            rows.push(number("in flight", "在途", producer.in_flight as i64));
            rows.push(number("waiting", "等待", producer.buffered as i64));
            rows.push(number("retries", "重试", producer.retries as i64));
        }
        if let Some(consumer) = &client.consumer {
            let text = short_consumer(consumer, lang);
            rows.push(Row::plain(text));
        }
        rows.push(Row::new());
    }
    rows
}
