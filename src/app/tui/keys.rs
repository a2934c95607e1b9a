//! Which key does what: one table for help, footer and dispatch.

use crate::lab::text::Lang;

/// A key, as a terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as on the keyboard")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    Backspace,
}

macro_rules! commands {
    ($($name:ident $word:literal)*) => {
        /// What a key asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "see the table of keys")]
        pub enum Command { $($name,)* Answer(u8), View(u8) }

        impl Command {
            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Command::$name => $word,)*
                    Command::Answer(_) => "answer",
                    Command::View(_) => "view",
                }
            }
        }
    };
}

commands! {
    Play "play" NextBeat "next-beat" PreviousBeat "previous-beat" NextStep "next-step"
    PreviousStep "previous-step" NextSame "next-same-node" PreviousSame "previous-same-node"
    NextMark "next-mark" PreviousMark "previous-mark" First "first" Last "last"
    Faster "faster" Slower "slower" Down "down" Up "up" PageDown "page-down" PageUp "page-up"
    Inspect "inspect" Back "back" NextView "next-view" PreviousView "previous-view"
    NextPartition "next-partition" PreviousPartition "previous-partition" Find "find"
    CommandLine "command-line" Skip "skip" Copy "copy" Language "language" Plain "plain"
    Theme "theme" Help "help" Quit "quit" QuitKeeping "quit-keeping"
}

/// The groups of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "see GROUPS")]
pub enum Group {
    Time,
    Look,
    Learn,
    Out,
}

/// The groups with their titles, in order.
pub const GROUPS: [(Group, &str, &str); 4] = [
    (Group::Time, "TIME", "时间"),
    (Group::Look, "LOOK", "查看"),
    (Group::Learn, "LEARN", "学习"),
    (Group::Out, "OUT", "其他"),
];

/// A row of the table: keys that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The group.
    pub group: Group,
    /// The keys as they are shown.
    pub label: &'static str,
    /// The keys and what they do.
    pub keys: &'static [(Key, Command)],
    /// What they do, in words.
    pub en: &'static str,
    /// The same in Chinese.
    pub zh: &'static str,
    /// In the footer: keys, English, Chinese.
    pub hint: Option<(&'static str, &'static str, &'static str)>,
}

impl Row {
    /// What the keys do.
    pub fn help(&self, lang: Lang) -> &'static str {
        lang.pick(self.en, self.zh)
    }
}

macro_rules! rows {
    ($($group:ident $label:literal [$($key:expr => $command:expr),* $(,)?] $en:literal $zh:literal
        $(hint $keys:literal $hint_en:literal $hint_zh:literal)?;)*) => {
        &[$(Row {
            group: Group::$group,
            label: $label,
            keys: &[$(($key, $command)),*],
            en: $en,
            zh: $zh,
            hint: rows!(@hint $($keys $hint_en $hint_zh)?),
        },)*]
    };
    (@hint) => { None };
    (@hint $keys:literal $en:literal $zh:literal) => { Some(($keys, $en, $zh)) };
}

use Command as C;
use Key::{Char, Ctrl};

/// The table of keys. The order is that of the footer: what matters most comes first.
pub const ROWS: &[Row] = rows! {
    Learn "a b c ..." [
        Char('a') => C::Answer(0), Char('b') => C::Answer(1), Char('c') => C::Answer(2),
        Char('d') => C::Answer(3), Char('e') => C::Answer(4), Char('f') => C::Answer(5),
    ] "answer the question" "回答问题" hint "a b c" "answer" "回答";
    Learn "s" [Char('s') => C::Skip] "skip the question" "跳过问题" hint "s" "skip" "跳过";
    Time "n Right" [Char('n') => C::NextBeat, Key::Right => C::NextBeat]
        "next beat" "下一拍" hint "n" "next" "下一步";
    Time "p Left" [Char('p') => C::PreviousBeat, Key::Left => C::PreviousBeat]
        "previous beat" "上一拍" hint "p" "back" "上一步";
    Time "space" [Char(' ') => C::Play] "play / pause" "播放 / 暂停"
        hint "space" "play" "播放";
    Time ". ," [Char('.') => C::NextStep, Char(',') => C::PreviousStep]
        "next / previous step of the engine" "下一 / 上一引擎步";
    Time "N P" [Char('N') => C::NextSame, Char('P') => C::PreviousSame]
        "next / previous beat of the selected node" "所选节点的下一 / 上一拍";
    Time "] [" [Char(']') => C::NextMark, Char('[') => C::PreviousMark]
        "next / previous mark or hit" "下一 / 上一标记或命中" hint "] [" "mark" "标记";
    Time "g G Home End" [
        Char('g') => C::First, Key::Home => C::First, Char('G') => C::Last, Key::End => C::Last,
    ] "beginning / end" "开头 / 结尾" hint "g G" "ends" "首尾";
    Time "+ -" [Char('+') => C::Faster, Char('=') => C::Faster, Char('-') => C::Slower]
        "speed x2 / half" "速度加倍 / 减半" hint "+ -" "speed" "速度";
    Look "1 4 5" [
        Char('1') => C::View(1), Char('4') => C::View(4), Char('5') => C::View(5),
    ] "log, quorum, clients" "日志、控制器、客户端" hint "1 4 5" "view" "视图";
    Look "Tab l h" [
        Key::Tab => C::NextView, Char('l') => C::NextView, Key::BackTab => C::PreviousView,
        Char('h') => C::PreviousView,
    ] "next / previous view" "下一 / 上一视图";
    Look "{ }" [Char('{') => C::PreviousPartition, Char('}') => C::NextPartition]
        "previous / next partition" "上一 / 下一分区" hint "{ }" "partition" "分区";
    Look "j k Up Down" [
        Char('j') => C::Down, Key::Down => C::Down, Char('k') => C::Up, Key::Up => C::Up,
    ] "move the selection" "移动选择" hint "j k" "select" "选择";
    Look "^d ^u PgDn PgUp" [
        Ctrl('d') => C::PageDown, Key::PageDown => C::PageDown, Ctrl('u') => C::PageUp,
        Key::PageUp => C::PageUp,
    ] "move by ten" "移动十行";
    Look "Enter" [Key::Enter => C::Inspect] "inspect the selection" "查看所选"
        hint "Enter" "inspect" "查看";
    Look "Esc" [Key::Esc => C::Back] "back" "返回" hint "Esc" "back" "返回";
    Look "/" [Char('/') => C::Find] "find; the hits become marks" "查找，命中成为标记"
        hint "/" "find" "查找";
    Look ":" [Char(':') => C::CommandLine]
        ":t 12.3  :step 10432  :mark ID  :filter detail" ":t 12.3  :step 10432  :mark ID  :filter detail"
        hint ":" "go to" "跳转";
    Out "y" [Char('y') => C::Copy]
        "copy a command that comes back to this step" "复制回到此步的命令" hint "y" "copy" "复制";
    Out "L" [Char('L') => C::Language] "language: English / 中文" "语言：English / 中文"
        hint "L" "中文" "English";
    Out "V" [Char('V') => C::Plain] "plain text, without a screen" "纯文本模式";
    Out "T" [Char('T') => C::Theme] "theme: dark, light, no colour" "配色：深、浅、无";
    Out "?" [Char('?') => C::Help] "help" "帮助" hint "?" "help" "帮助";
    Out "q ^c" [Char('q') => C::Quit, Ctrl('c') => C::Quit] "quit" "退出" hint "q" "quit" "退出";
    Out "Q" [Char('Q') => C::QuitKeeping]
        "quit and leave the last picture in the terminal" "退出并保留最后一屏";
};

/// What a key asks for.
pub(super) fn command(key: Key) -> Option<Command> {
    let all = ROWS.iter().flat_map(|row| row.keys);
    let found = all.into_iter().find(|(known, _)| *known == key);
    found.map(|(_, command)| *command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings() {
        let keys: Vec<Key> = ROWS
            .iter()
            .flat_map(|row| row.keys)
            .map(|(key, _)| *key)
            .collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{key:?} is there twice");
        }
    }

    #[test]
    fn every_row_has_words_in_both_languages() {
        for row in ROWS {
            assert!(!row.en.is_empty() && !row.zh.is_empty() && !row.keys.is_empty());
            assert!(GROUPS.iter().any(|(group, ..)| *group == row.group));
        }
    }
}
