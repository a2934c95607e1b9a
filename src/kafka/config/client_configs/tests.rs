use super::*;

fn java(configs: &[(&str, &str)]) -> Result<ProducerConfig, String> {
    producer(ClientKind::Java, configs)
}

fn producer(client: ClientKind, configs: &[(&str, &str)]) -> Result<ProducerConfig, String> {
    let mut config = ProducerConfig::defaults(client);
    for (name, value) in configs {
        config.apply(name, value).map_err(|e| e.to_string())?;
    }
    config.finish().map_err(|e| e.to_string())?;
    Ok(config)
}

#[test]
fn values_are_checked_in_kafkas_words() {
    let cases = [
        (
            ("acks", "2"),
            "Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1",
        ),
        (
            ("batch.size", "-1"),
            "Invalid value -1 for configuration batch.size: Value must be at least 0",
        ),
        (
            ("linger.ms", "soon"),
            "Invalid value soon for configuration linger.ms: Not a number of type LONG",
        ),
        (
            ("enable.idempotence", "yes"),
            "Invalid value yes for configuration enable.idempotence: Expected value to be either \
             true or false",
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(java(&[config]), Err(expected.to_owned()));
    }
}

#[test]
fn idempotence_rules_depend_on_what_was_set_by_name() {
    assert!(java(&[]).expect("defaults are fine").enable_idempotence);
    let silent = java(&[("acks", "1")]).expect("acks=1 switches idempotence off");
    assert!(!silent.enable_idempotence);
    let silent = java(&[("retries", "0")]).expect("retries=0 switches idempotence off");
    assert!(!silent.enable_idempotence);
    let explicit = ("enable.idempotence", "true");
    assert_eq!(
        java(&[explicit, ("acks", "1")]).unwrap_err(),
        "Must set acks to all in order to use the idempotent producer. Otherwise we cannot \
         guarantee idempotence."
    );
    assert_eq!(
        java(&[explicit, ("retries", "0")]).unwrap_err(),
        "Must set retries to non-zero when using the idempotent producer."
    );
    let in_flight = ("max.in.flight.requests.per.connection", "6");
    for configs in [&[in_flight][..], &[in_flight, ("acks", "1")][..]] {
        assert_eq!(
            java(configs).unwrap_err(),
            "To use the idempotent producer, max.in.flight.requests.per.connection must be set \
             to at most 5. Current value is 6."
        );
    }
    assert!(java(&[in_flight, ("enable.idempotence", "false")]).is_ok());
}

#[test]
fn the_delivery_timeout_covers_linger_and_a_request() {
    let refused = java(&[("delivery.timeout.ms", "30004")]).unwrap_err();
    assert_eq!(
        refused,
        "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms"
    );
    assert!(java(&[("delivery.timeout.ms", "30005")]).is_ok());
    let raised = java(&[("request.timeout.ms", "200000")]).expect("the default gives way");
    assert_eq!(raised.delivery_timeout, Span::from_millis(200_005));
}

#[test]
fn a_reconnect_backoff_alone_is_not_exponential() {
    let alone = java(&[("reconnect.backoff.ms", "70")]).expect("valid");
    assert_eq!(alone.reconnect_backoff_max, Span::from_millis(70));
    let mut consumer = ConsumerConfig::defaults(ClientKind::Java);
    consumer.apply("reconnect.backoff.ms", "70").expect("valid");
    consumer.finish().expect("no rule is broken");
    assert_eq!(consumer.reconnect_backoff_max, Span::from_millis(70));
}

/// sarama's config.go: Producer.Timeout = 10 s goes into the request, Net.ReadTimeout = 30 s is how
/// long it waits.
#[test]
fn sarama_tells_the_broker_another_timeout_than_its_own() {
    let go = producer(ClientKind::Sarama, &[]).expect("defaults");
    assert_eq!(go.produce_timeout, Some(Span::from_millis(10_000)));
    assert_eq!(go.request_timeout, Span::from_millis(30_000));
    let hasty = producer(ClientKind::Sarama, &[("Net.ReadTimeout", "5000")]).expect("its own name");
    assert_eq!(hasty.request_timeout, Span::from_millis(5_000));
}

#[test]
fn foreign_families_have_their_own_rules_and_names() {
    let idempotent = ("enable.idempotence", "true");
    let c = producer(ClientKind::Librdkafka, &[idempotent]).expect("adjusted");
    assert_eq!(c.max_in_flight, 5);
    let names = [idempotent, ("max.in.flight", "6")];
    assert_eq!(
        producer(ClientKind::Librdkafka, &names).unwrap_err(),
        "`max.in.flight` must be set <= 5 when `enable.idempotence` is true"
    );
    let go = producer(ClientKind::Sarama, &[("Producer.Idempotent", "true")]);
    assert_eq!(
        go.unwrap_err(),
        "Idempotent producer requires Producer.RequiredAcks to be WaitForAll"
    );
    assert!(java(&[("Producer.Idempotent", "true")]).is_err());
}

/// `tests/data/kafka-configs-4.3.1.json`, printed by Kafka 4.3.1 itself.
#[test]
fn java_defaults_are_those_of_the_release() {
    let text = include_str!("../../../../tests/data/kafka-configs-4.3.1.json");
    let all: serde_json::Value = serde_json::from_str(text).expect("a JSON document");
    for (section, names) in [("producer", PRODUCER_NAMES), ("consumer", CONSUMER_NAMES)] {
        let list = all[section].as_array().expect("a list of configs");
        let mut seen = 0;
        for config in list {
            let name = config["name"].as_str().expect("a name");
            let Some(default) = config["default"].as_str() else {
                continue;
            };
            if !names.contains(&name) {
                continue;
            }
            seen += 1;
            assert!(default_is(section, name, default), "{name} = {default}");
        }
        assert!(seen >= 14, "{section}: only {seen} configs were compared");
    }
}

/// Setting the recorded default must leave the defaults as they are.
fn default_is(section: &str, name: &str, value: &str) -> bool {
    if section == "producer" {
        let mut config = ProducerConfig::defaults(ClientKind::Java);
        config.apply(name, value).expect("a default is valid");
        config.explicit.clear();
        config == ProducerConfig::default()
    } else {
        let mut config = ConsumerConfig::defaults(ClientKind::Java);
        config.apply(name, value).expect("a default is valid");
        config.explicit.clear();
        config == ConsumerConfig::default()
    }
}
