//! The words of questions: which of them say what is asked, which say nothing.

/// What a word can say is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Lost,
    Acknowledged,
    Twice,
    Read,
    Unseen,
    HighWatermark,
    Leader,
    Isr,
}

/// English words, whole.
pub(super) const WORDS: &[(Topic, &[&str])] = &[
    (
        Topic::Twice,
        &[
            "twice",
            "duplicate",
            "duplicated",
            "duplicates",
            "double",
            "doubled",
        ],
    ),
    (
        Topic::Lost,
        &[
            "lost", "lose", "loss", "missing", "gone", "vanished", "kept", "fate", "survive",
            "survived",
        ],
    ),
    (
        Topic::Acknowledged,
        &[
            "acknowledged",
            "acknowledge",
            "acked",
            "ack",
            "answered",
            "confirmed",
            "late",
            "slow",
            "failed",
        ],
    ),
    (Topic::Unseen, &["unseen", "unread"]),
    (
        Topic::Read,
        &["seen", "read", "received", "consumed", "visible"],
    ),
    (
        Topic::HighWatermark,
        &["hw", "watermark", "highwatermark", "committed"],
    ),
    (Topic::Isr, &["isr", "sync", "in-sync", "insync"]),
    (
        Topic::Leader,
        &[
            "leader",
            "lead",
            "leads",
            "led",
            "elected",
            "election",
            "leadership",
        ],
    ),
];

/// Chinese words, anywhere.
pub(super) const PHRASES: &[(Topic, &[&str])] = &[
    (Topic::Twice, &["两次", "重复", "两份"]),
    (Topic::Lost, &["丢", "不见", "没了", "保留"]),
    (Topic::Acknowledged, &["应答", "确认"]),
    (Topic::Read, &["读到", "消费", "看到"]),
    (Topic::HighWatermark, &["高水位"]),
    (Topic::Isr, &["同步"]),
    (Topic::Leader, &["领导", "当选", "选举"]),
];

/// Words that say nothing.
pub(super) const PASSED_OVER: &[&str] = &[
    "why",
    "was",
    "were",
    "is",
    "are",
    "did",
    "does",
    "do",
    "has",
    "have",
    "had",
    "been",
    "the",
    "a",
    "an",
    "of",
    "to",
    "in",
    "on",
    "at",
    "out",
    "from",
    "for",
    "by",
    "with",
    "it",
    "its",
    "so",
    "not",
    "never",
    "no",
    "n't",
    "become",
    "became",
    "becomes",
    "new",
    "high",
    "record",
    "message",
    "offset",
    "partition",
    "topic",
    "log",
    "stored",
    "sent",
    "there",
    "this",
    "that",
    "after",
    "before",
    "than",
    "more",
    "once",
    "cluster",
    "broker",
    "replica",
    "producer",
    "consumer",
    "nobody",
    "anybody",
    "only",
    "still",
    "when",
    "how",
    "what",
    "who",
    "be",
    "and",
    "or",
    "but",
    "stay",
    "stays",
    "stuck",
    "value",
    "any",
    "one",
    "left",
    "leave",
    "drop",
    "dropped",
    "fall",
    "fell",
    "why's",
    "because",
    "didn't",
    "wasn't",
    "isn't",
];

/// The words of a question: quotes keep spaces, Chinese is parted from names.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut chinese = false;
    for c in text.chars() {
        let is_chinese = c >= '\u{2e80}';
        let breaks = c.is_whitespace() || "?,;!？，。；！".contains(c);
        if c == '"' {
            quoted = !quoted;
        } else if breaks && !quoted {
            words.push(String::new());
        } else {
            if is_chinese != chinese && !quoted {
                words.push(String::new());
            }
            chinese = is_chinese;
            words.last_mut().into_iter().for_each(|word| word.push(c));
        }
    }
    let trimmed = words.iter().map(|word| word.trim_end_matches([':', '.']));
    trimmed
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
