//! One partition: the logs of its replicas, a cell for each record.
//!
//! `[n]` is committed as that replica knows, `(n)` is not yet; n is the leader epoch. Of a machine
//! that is down there is only what its disk says: ` n `, for nobody is there to know more. What
//! lies before the window is folded into its run (`[0]x120`).

use crate::app::tui::cells::{Row, Tone, clip, fit, width};
use crate::app::tui::inspect::Item;
use crate::app::tui::model::Model;
use crate::app::tui::picture::{Life, PartitionLook, ReplicaLook, Standing};
use crate::lab::text::Lang;

/// Sign, name and state of a replica.
const HEAD: usize = 15;
/// Offsets of a replica, and a word about it; less where there is little room.
const TAIL: usize = 27;
const SHORT_TAIL: usize = 26;
/// In less room than this cells are worth more than words.
const NARROW: usize = 75;
/// What lies before the window.
const FOLD: usize = 8;

/// Which offsets are shown, and how wide a cell is.
struct Window {
    from: i64,
    cells: usize,
    cell: usize,
    /// Something lies before it.
    folded: bool,
}

impl Window {
    fn of(partition: &PartitionLook, room: usize) -> Window {
        let offsets = || {
            partition
                .replicas
                .iter()
                .filter_map(|replica| replica.offsets)
        };
        let end = offsets().map(|o| o.log_end).max().unwrap_or(0);
        let start = offsets().map(|o| o.log_start).min().unwrap_or(0);
        let epochs = partition
            .replicas
            .iter()
            .flat_map(|replica| &replica.epochs);
        let epoch = epochs.map(|(epoch, _)| *epoch).max().unwrap_or(0).max(0);
        let digits = |n: i64| n.max(0).to_string().len();
        let cell = (2 + digits(i64::from(epoch))).max(1 + digits(end));
        let cells = |room: usize| (room / cell).saturating_sub(1).max(1);
        let all = cells(room);
        let folded = end - start > all as i64;
        let cells = if folded {
            cells(room.saturating_sub(FOLD))
        } else {
            all
        };
        Window {
            from: (end - cells as i64).max(start),
            cells,
            cell,
            folded,
        }
    }

    fn offsets(&self) -> impl Iterator<Item = i64> {
        let from = self.from;
        (0..self.cells as i64).map(move |n| from + n)
    }

    fn fold(&self) -> usize {
        if self.folded { FOLD } else { 0 }
    }

    fn width(&self) -> usize {
        self.fold() + (self.cells + 1) * self.cell
    }
}

/// The whole partition.
pub(super) fn rows(model: &Model, partition: &PartitionLook, room: usize) -> Vec<Row> {
    let lang = model.lang();
    let tail = if room < NARROW { SHORT_TAIL } else { TAIL };
    let window = Window::of(partition, room.saturating_sub(HEAD + tail));
    let mut rows = vec![header(partition, lang), offsets(&window)];
    for replica in &partition.replicas {
        let item = replica.node.map(|node| Item::Replica(partition.tp, node));
        let selected = item.is_some() && model.selected_item() == item;
        let row = self::replica(replica, &window, lang, selected);
        rows.push(match item {
            Some(item) => row.of(item),
            None => row,
        });
    }
    rows.push(marks(partition, &window, lang));
    rows
}

/// What the controller's record says.
pub(super) fn header(partition: &PartitionLook, lang: Lang) -> Row {
    let leader = partition
        .leader
        .as_deref()
        .unwrap_or(lang.pick("none", "无"));
    let down = partition.leader.is_some()
        && partition
            .replicas
            .iter()
            .any(|replica| replica.standing == Standing::Leader && replica.life == Life::Down);
    let min = partition
        .min_isr
        .map_or("?".to_owned(), |min| min.to_string());
    let isr = partition.isr.join(" ");
    let text = match lang {
        Lang::En => format!(
            "  RF {}  minISR {min}  leader {leader}  epoch {}  ISR {isr}",
            partition.replicas.len(),
            partition.epoch
        ),
        Lang::Zh => format!(
            "  副本 {}  最小同步 {min}  领导者 {leader}  纪元 {}  ISR {isr}",
            partition.replicas.len(),
            partition.epoch
        ),
    };
    let mut row = Row::new()
        .say(partition.name.clone(), Tone::Strong)
        .say(text, Tone::Plain);
    if !partition.elr.is_empty() {
        row = row.say(format!("  ELR {}", partition.elr.join(" ")), Tone::Plain);
    }
    if down {
        row = row.say(lang.pick("  leader is down", "  领导者已宕机"), Tone::Bad);
    }
    row
}

fn offsets(window: &Window) -> Row {
    let mut text = fit("  offset", HEAD + window.fold());
    for offset in window.offsets() {
        let number = offset.to_string();
        let room = window.cell.saturating_sub(1);
        text.push(' ');
        text.push_str(&format!("{number:<room$}"));
    }
    Row::dim(text)
}

fn replica(replica: &ReplicaLook, window: &Window, lang: Lang, selected: bool) -> Row {
    let (sign, word, tone) = state(replica, lang);
    let head = Row::new()
        .say(if selected { "> " } else { "  " }, Tone::Accent)
        .say(clip(&replica.name, 4), Tone::Strong)
        .pad(6)
        .say(format!("{sign} "), tone)
        .say(fit(word, 7), tone);
    let mut row = head;
    if window.folded {
        row = row.say(fit(&fold(replica, window.from), FOLD), Tone::Dim);
    }
    for offset in window.offsets() {
        let (text, tone) = cell(replica, offset, window.cell);
        row = row.say(text, tone);
    }
    row.pad(HEAD + window.width())
        .say(tail(replica), Tone::Plain)
        .say(belief(replica, lang), Tone::Warn)
}

/// A sign, a word, a tone: the machine first, then the controller's record.
fn state(replica: &ReplicaLook, lang: Lang) -> (char, &'static str, Tone) {
    match (replica.life, replica.standing) {
        (Life::Down, _) => ('x', lang.pick("DOWN", "宕机"), Tone::Bad),
        (Life::Paused, _) => ('x', lang.pick("PAUSED", "暂停"), Tone::Bad),
        (Life::Starting, _) => ('-', lang.pick("STARTS", "启动"), Tone::Warn),
        (Life::Fenced, _) => ('-', lang.pick("FENCED", "隔离"), Tone::Warn),
        (_, Standing::Leader) => ('*', lang.pick("LEAD", "领导"), Tone::Accent),
        (_, Standing::InSync) => ('+', lang.pick("ISR", "同步"), Tone::Good),
        (_, Standing::Out) => ('-', lang.pick("OUT", "不同步"), Tone::Warn),
    }
}

fn cell(replica: &ReplicaLook, offset: i64, wide: usize) -> (String, Tone) {
    let Some(offsets) = replica.offsets else {
        return (" ".repeat(wide), Tone::Plain);
    };
    if offset < offsets.log_start {
        return (fit(" .", wide), Tone::Dim);
    }
    if offset >= offsets.log_end {
        return (" ".repeat(wide), Tone::Plain);
    }
    let epoch = replica.epoch_at(offset);
    let epoch = epoch.map_or("?".to_owned(), |epoch| epoch.to_string());
    let inner = wide.saturating_sub(2);
    match offset < offsets.high_watermark {
        _ if replica.from_disk => (format!(" {epoch:>inner$} "), Tone::Dim),
        true => (format!("[{epoch:>inner$}]"), Tone::Plain),
        false => (format!("({epoch:>inner$})"), Tone::Warn),
    }
}

/// What lies before the window: `[0]x57` if it is one run, else only how much.
fn fold(replica: &ReplicaLook, from: i64) -> String {
    let Some(offsets) = replica.offsets else {
        return String::new();
    };
    let count = from.min(offsets.log_end) - offsets.log_start;
    if count <= 0 {
        return String::new();
    }
    let (first, last) = (offsets.log_start, from.min(offsets.log_end) - 1);
    let (first, last) = (replica.epoch_at(first), replica.epoch_at(last));
    let one = offsets.high_watermark >= from.min(offsets.log_end);
    match first.filter(|first| one && last == Some(*first)) {
        Some(epoch) if !replica.from_disk => format!("[{epoch}]x{count}"),
        _ => format!("..x{count}"),
    }
}

fn tail(replica: &ReplicaLook) -> String {
    match replica.offsets {
        Some(offsets) if replica.from_disk => format!(" LEO {}", offsets.log_end),
        Some(offsets) => format!(" HW {} LEO {}", offsets.high_watermark, offsets.log_end),
        None => String::new(),
    }
}

/// What the replica, or the leader of it, believes, where that is not the truth.
fn belief(replica: &ReplicaLook, lang: Lang) -> String {
    if replica.from_disk {
        return lang.pick(" on disk", " 磁盘上").to_owned();
    }
    if let Some(epoch) = replica.leads_in
        && replica.standing != Standing::Leader
    {
        return format!("{} e{epoch}", lang.pick(" thinks it leads", " 自认领导"));
    }
    if replica.standing == Standing::Leader && replica.leads_in.is_none() && replica.epoch.is_some()
    {
        return lang.pick(" knows not yet", " 尚不知情").to_owned();
    }
    let end = replica.offsets.map(|offsets| offsets.log_end);
    match replica.known {
        Some(known) if Some(known) != end => {
            format!(" {} {known}", lang.pick("leader knows", "领导者知"))
        }
        _ => String::new(),
    }
}

/// Where the leader's offsets stand.
fn marks(partition: &PartitionLook, window: &Window, lang: Lang) -> Row {
    let head = fit(lang.pick("  marks", "  标记"), HEAD);
    let Some(offsets) = partition.offsets else {
        return Row::dim(head).say(leaderless(partition, lang), Tone::Bad);
    };
    let mut places = vec![String::new(); window.cells + 1];
    let signs = [
        (offsets.last_stable, 'S'),
        (offsets.high_watermark, 'H'),
        (offsets.log_end, 'E'),
    ];
    for (offset, sign) in signs {
        let place = usize::try_from(offset - window.from).ok();
        if let Some(place) = place.and_then(|place| places.get_mut(place)) {
            place.push(sign);
        }
    }
    let mut text = " ".repeat(window.fold());
    for place in places {
        let room = window.cell;
        let indent = usize::from(width(&place) < room);
        text.push_str(&fit(&format!("{}{place}", " ".repeat(indent)), room));
    }
    let text = fit(&text, window.width());
    let row = Row::dim(head).say(text, Tone::Accent);
    row.say(" S LSO  H HW  E LEO", Tone::Dim)
}

/// Why nobody's offsets are those of the partition.
fn leaderless(partition: &PartitionLook, lang: Lang) -> &'static str {
    let mut replicas = partition.replicas.iter();
    let elected = replicas.find(|replica| replica.standing == Standing::Leader);
    match elected.map(|replica| replica.life) {
        None => lang.pick("there is no leader", "没有领导者"),
        Some(Life::Down) => lang.pick("the leader is down", "领导者已宕机"),
        Some(_) => lang.pick("the leader does not know it yet", "领导者尚不知情"),
    }
}
