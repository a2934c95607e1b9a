//! The codes of problems: errors from K001, warnings from K101. Codes are never given a new
//! meaning; `kafkalab explain K014` prints the explanation.

macro_rules! codes {
    ($($name:ident = $number:literal $title:literal $explain:literal;)*) => {
        /// What kind of problem a scenario has.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Code { $($name = $number,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// A few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// What it means and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $explain,)* }
            }
        }
    };
}

impl Code {
    /// `K014`.
    pub fn word(self) -> String {
        format!("K{:03}", self as u16)
    }

    /// The code of `K014` or `k14`.
    pub fn from_word(word: &str) -> Option<Code> {
        let digits = word.strip_prefix(['K', 'k'])?;
        let number: u16 = digits.parse().ok()?;
        Code::ALL
            .iter()
            .copied()
            .find(|code| *code as u16 == number)
    }

    /// Whether it is a warning only: the scenario runs.
    pub fn is_warning(self) -> bool {
        self as u16 > 100
    }

    /// Whether it may be the mere echo of a definition that could not be read.
    pub(super) fn may_be_an_echo(self) -> bool {
        use Code::*;
        let echoes = [
            UnknownNode,
            UnknownPartition,
            UnknownClient,
            UnknownStep,
            UnknownBranch,
            MissingKey,
            NoSuchItem,
            TooManyReplicas,
        ];
        echoes.contains(&self)
    }
}

codes! {
    Syntax = 1 "not TOML"
        "The file is not valid TOML at this place. Strings need quotes, a key stands once in its \
         table, and a table in braces ends with a brace.";
    UnknownKey = 2 "unknown key"
        "Nothing reads this key here. Nothing unknown is ever ignored, since a misspelt fault \
         would make a test pass. The message lists the keys that this table takes.";
    MissingKey = 3 "a key is missing"
        "This table cannot be understood without the key that the message names.";
    WrongType = 4 "a value of another type is needed"
        "The value has another type than the key takes: a text instead of a number, one word \
         instead of a list.";
    BadDuration = 5 "not a duration"
        "A duration is a number with a unit, or several: 5ms, 1m30s. Units are ns, us, ms, s, m, \
         h and d; a unit is required. A span is two durations: 1ms..6ms, uniform, both ends \
         included.";
    BadQuantity = 6 "not a ratio, size or rate"
        "A ratio has at most four decimals and a percent sign: 0.5%. A size is a whole number \
         with B, KiB, MiB or GiB. A rate is a number a second: 100/s, for bandwidth 1MiB/s.";
    OutOfRange = 7 "a number is outside its range"
        "The value lies outside the range that the message gives.";
    BadFormat = 8 "unknown format"
        "The file says which format it is written in. This program reads format 1 and follows \
         Kafka 4.3.";
    Duplicate = 9 "a name is used twice"
        "Nodes, topics, clients, steps and expectations are called by name, so two of a kind \
         cannot share one.";
    UnknownWord = 10 "unknown word"
        "Only the words that the message lists are possible here.";
    Exclusive = 11 "keys do not go together"
        "A step has one trigger (at, after or when) and one action; an expectation makes one \
         claim. Some keys only mean something beside others.";
    NotBuilt = 12 "not built yet"
        "The language knows the word, the simulation does not do it yet. It is refused, because \
         a step that does nothing would be a lie.";
    UnknownConfig = 13 "Kafka has no such config"
        "Config names are those of Apache Kafka 4.3.1, each in its scope: a broker's name is not \
         a topic's. A real config that nothing reads yet is accepted with warning K101.";
    UnknownNode = 14 "no such node"
        "Nodes are called by name: broker-0 (short b0), controller-0 (short q0), or the name \
         given in [[node]] or add-broker. Roles are tables: { leader = \"orders-0\" }.";
    UnknownPartition = 15 "no such topic or partition"
        "A partition is its topic's name, a dash and a number from 0. Topics are declared in \
         [[topic]] or made by a create-topic step.";
    UnknownClient = 16 "no such client"
        "Clients are declared in [[producer]] and [[consumer]] and called by name; topology \
         actions are requests of the client \"admin\".";
    UnknownStep = 17 "no such step"
        "A step is called by its id, which must stand in the same file or branch.";
    BadConfig = 18 "Kafka refuses this value"
        "The value has the wrong type or lies outside Kafka's range for this config. The text is \
         Kafka's own.";
    BadExpression = 19 "the expression does not parse"
        "An expression compares values: orders-0.hw == 6 and not broker.broker-0.state == off. \
         There is no arithmetic and no chained comparison; names with a dot stand in single \
         quotes.";
    UnknownField = 20 "no such subject or field"
        "Subjects are a partition (orders-0), a replica's own view (orders-0@broker-1), a record \
         (orders-0:7), producer.NAME, consumer.NAME, broker.NAME, topic.NAME and controller; \
         each has its own fields.";
    Mismatch = 21 "these two cannot be compared"
        "Both sides of a comparison have one kind: numbers with numbers, nodes with nodes, sets \
         with sets. Orderings are for numbers and times; none equals only none.";
    UnknownMessage = 22 "no such message"
        "Messages are called as in Kafka's protocol: Fetch is the request, FetchResponse the \
         answer.";
    UnknownNote = 23 "no such note or field of a note"
        "Notes are the facts that nodes emit, such as HighWatermarkAdvanced; a matcher may give \
         each of the note's own fields.";
    UnknownRule = 24 "no such rule"
        "An expectation claims a rule by name or an expression.";
    UnknownBranch = 25 "no such branch"
        "Branches are the tables [branch.NAME]; main is the file itself.";
    NoSuchItem = 26 "the branch changes something that is not there"
        "In a branch the items of lists are addressed by name or id, as in \
         producer.p1.config.acks or step.trap.wait; [[branch.NAME.step]] adds.";
    NeedsMessage = 27 "which messages?"
        "hold, drop, duplicate and delay act on messages: either the step's trigger is a message \
         matcher, or the action's own table is one (a standing rule).";
    TooLarge = 28 "over a limit"
        "Scenarios have stated limits, so that a hostile file ends in an error and not in a full \
         memory.";
    BadPlace = 29 "the placement does not fit"
        "place gives each partition its replicas, preferred leader first: as many different \
         brokers as the replication, for partitions that the topic has.";
    BadText = 30 "the text has an open placeholder"
        "In a text {orders-0.hw} is replaced by the value; a brace of its own is written twice.";
    Cycle = 31 "these steps wait for each other"
        "Each step of the circle would come after itself, so none of them would ever act.";
    BadQuestion = 32 "the question has no right answer"
        "A question offers at least two answers, and one of them or more has right = true; the \
         others say why they are wrong.";
    TooManyReplicas = 33 "more replicas than brokers"
        "Kafka refuses a topic with more replicas than there are brokers \
         (INVALID_REPLICATION_FACTOR).";
    BadName = 34 "not a name"
        "A name begins with a letter or an underscore and has letters, digits, underscores and \
         dashes. Topic names follow Kafka's rule: up to 249 of letters, digits, dot, underscore \
         and dash, and not . or ..";
    BadCalendar = 35 "not a point in time"
        "A calendar time is written as 2026-01-01T00:00:00Z.";
    NoEffect = 36 "nothing happens in this step"
        "A step does something, or at least marks, shows or says something.";
    ConfigsClash = 37 "configs that do not go together"
        "Each of these configs is valid and the client refuses them together, as when idempotence \
         is asked for with acks other than all. The text is the client's own.";
    ConfigFile = 38 "the config file cannot be read"
        "config-file names a broker's server.properties, by a path relative to the scenario's own \
         file. A scenario that is built in has no files beside it.";

    ConfigNotRead = 101 "nothing reads this config yet"
        "Kafka has this config; the simulation does not read it yet, so it changes nothing.";
    MinIsrAboveReplication = 102 "min.insync.replicas has no effect"
        "Kafka uses the smaller of min.insync.replicas and the number of replicas.";
    EvenQuorum = 103 "an even number of controllers"
        "A quorum needs a majority: four controllers survive the loss of one, as three do.";
    AfterTheEnd = 104 "this comes after the end"
        "The scenario ends before this can happen.";
    VacuousRule = 105 "the rule looks at nothing"
        "acked-not-lost looks at what a producer with acks=all was promised, and here none has \
         it. With acks = \"1\" beside it the rule also looks at acks=1.";
    UnknownInFile = 106 "Kafka does not know this config of the file"
        "Kafka logs a config that it does not know and goes on: plugins may read it. So does a \
         config file here; in the scenario's own config such a name is an error.";
}
