//! `kafkalab partition`: which partition a key gets, for each family of clients.

use super::PASSED;
use crate::kafka::client::partition_of_key;
use crate::kafka::config::{ClientKind, PartitionerKind, ProducerConfig};
use clap::{Args, ValueEnum};
use serde_json::json;

/// Arguments of `partition`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab partition --key order-7 --partitions 12
  kafkalab partition --key a --key b --key c --partitions 3 --client java
  kafkalab partition --key order-7 --partitions 12 --json

The clients differ: a key that a Java producer sends to one partition, librdkafka and sarama may
send to another. Where order per key matters, set their partitioners alike.")]
pub(super) struct PartitionArguments {
    /// The key, as UTF-8. May be given several times.
    #[arg(long, required = true, value_name = "KEY")]
    key: Vec<String>,
    /// How many partitions the topic has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    partitions: u32,
    /// Only this family of clients.
    #[arg(long, value_enum, default_value_t = Client::All)]
    client: Client,
    /// One JSON array instead of text.
    #[arg(long)]
    json: bool,
}

/// A family of clients.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Apache Kafka's own.
    Java,
    /// librdkafka, and what is built on it.
    Librdkafka,
    /// IBM/sarama, for Go.
    Sarama,
    /// All of them.
    All,
}

/// Partitioners that look at keys; the first of a client is its default.
const ROWS: &[(Client, PartitionerKind, &str, &str)] = &[
    (
        Client::Java,
        PartitionerKind::BuiltIn,
        "built-in",
        "murmur2",
    ),
    (
        Client::Librdkafka,
        PartitionerKind::ConsistentRandom,
        "consistent_random",
        "CRC-32",
    ),
    (
        Client::Librdkafka,
        PartitionerKind::Murmur2Random,
        "murmur2_random",
        "murmur2",
    ),
    (
        Client::Librdkafka,
        PartitionerKind::Fnv1aRandom,
        "fnv1a_random",
        "FNV-1a",
    ),
    (
        Client::Sarama,
        PartitionerKind::SaramaHash,
        "NewHashPartitioner",
        "FNV-1a, absolute value",
    ),
    (
        Client::Sarama,
        PartitionerKind::SaramaReferenceHash,
        "NewReferenceHashPartitioner",
        "FNV-1a, sign bit off",
    ),
];

impl Client {
    fn word(self) -> &'static str {
        match self {
            Client::Java => "java",
            Client::Librdkafka => "librdkafka",
            Client::Sarama => "sarama",
            Client::All => "all",
        }
    }

    fn kind(self) -> ClientKind {
        match self {
            Client::Librdkafka => ClientKind::Librdkafka,
            Client::Sarama => ClientKind::Sarama,
            Client::Java | Client::All => ClientKind::Java,
        }
    }
}

pub(super) fn run(arguments: &PartitionArguments) -> u8 {
    let wanted = |client: Client| arguments.client == Client::All || arguments.client == client;
    let mut objects = Vec::new();
    for key in &arguments.key {
        if !arguments.json {
            let n = arguments.partitions;
            println!("key \"{}\", {n} partitions", key.escape_debug());
        }
        for (client, kind, name, hash) in ROWS.iter().filter(|row| wanted(row.0)) {
            let partition = partition(*client, *kind, key, arguments.partitions);
            let is_default = *kind == ProducerConfig::defaults(client.kind()).partitioner;
            if arguments.json {
                objects.push(json!({
                    "key": key,
                    "partitions": arguments.partitions,
                    "client": client.word(),
                    "partitioner": name,
                    "default": is_default,
                    "partition": partition,
                }));
                continue;
            }
            let place = partition.map_or("any (no key)".to_owned(), |n| n.to_string());
            let usual = if is_default { "  its default" } else { "" };
            let how = format!("{name} ({hash})");
            println!("  {:<10}  {how:<52}  {place:>6}{usual}", client.word());
        }
    }
    if arguments.json {
        println!("{:#}", serde_json::Value::Array(objects));
    }
    PASSED
}

fn partition(client: Client, kind: PartitionerKind, key: &str, partitions: u32) -> Option<u32> {
    let config = ProducerConfig {
        partitioner: kind,
        ..ProducerConfig::defaults(client.kind())
    };
    partition_of_key(&config, key.as_bytes(), partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// murmur2 of a, ab, abc: recorded from the Java client. CRC-32 of a is e8b7be43, its FNV-1a
    /// e40c292c, as their definitions have it.
    #[test]
    fn partitions_are_those_of_the_clients() {
        let java = |key| partition(Client::Java, PartitionerKind::BuiltIn, key, 12);
        assert_eq!(["a", "ab", "abc"].map(java), [Some(4), Some(2), Some(3)]);
        let of_a = |client, kind| partition(client, kind, "a", 12);
        let cases = [
            (
                Client::Librdkafka,
                PartitionerKind::ConsistentRandom,
                Some(3),
            ),
            (Client::Librdkafka, PartitionerKind::Murmur2Random, Some(4)),
            (Client::Sarama, PartitionerKind::SaramaHash, Some(0)),
            (
                Client::Sarama,
                PartitionerKind::SaramaReferenceHash,
                Some(8),
            ),
            (Client::Sarama, PartitionerKind::Random, None),
        ];
        for (client, kind, expected) in cases {
            assert_eq!(of_a(client, kind), expected, "{kind:?}");
        }
        let consistent = PartitionerKind::ConsistentRandom;
        assert_eq!(partition(Client::Librdkafka, consistent, "", 12), None);
    }
}
