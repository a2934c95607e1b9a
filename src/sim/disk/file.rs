//! One file: its chunks, and what of it would survive a power-off.

use super::Chunk;
use crate::sim::PList;
use bytes::Bytes;

/// A chunk and the position of its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: u64,
    pub(super) chunk: Chunk,
}

/// The content of a file at some moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) chunks: PList<Placed>,
    pub(super) len: u64,
}

/// What lies on the platter.
#[derive(Clone, Debug, Default)]
pub(super) enum Durable {
    /// The first `synced` bytes of the file as it is.
    #[default]
    Prefix,
    /// Other bytes: they were cut or replaced since, and that is not synced.
    Image(Box<Image>),
    /// No such file: it was put there in one piece, and that is not synced.
    Absent,
}

#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) chunks: PList<Placed>,
    pub(super) len: u64,
    /// The first bytes that are the same on the platter.
    pub(super) synced: u64,
    pub(super) durable: Durable,
    /// The first bytes that were put there in one piece: a power-off can not cut within them.
    pub(super) whole: u64,
}

impl Image {
    /// Cuts to `len` bytes, if need be within a chunk.
    pub(super) fn truncate(&mut self, len: u64) {
        if len >= self.len {
            return;
        }
        self.chunks
            .truncate(self.chunks.partition_point(|placed| placed.at < len));
        if let Some(placed) = self.chunks.last_mut() {
            placed.chunk.bytes.truncate((len - placed.at) as usize);
        }
        self.len = len;
    }
}

impl File {
    /// A new file put there in one piece.
    pub(super) fn whole(bytes: Bytes) -> Self {
        let mut file = File {
            durable: Durable::Absent,
            ..File::default()
        };
        file.append(Chunk {
            bytes,
            sound: false,
        });
        file.whole = file.len;
        file
    }

    /// The number of the chunk that holds the byte at `position`.
    pub(super) fn number_at(&self, position: u64) -> Option<usize> {
        if position >= self.len {
            return None;
        }
        self.chunks
            .partition_point(|placed| placed.at <= position)
            .checked_sub(1)
    }

    /// The first `len` bytes as they are.
    pub(super) fn image(&self, len: u64) -> Image {
        let mut image = Image {
            chunks: self.chunks.clone(),
            len: self.len,
        };
        image.truncate(len);
        image
    }

    /// The first `len` bytes, as a power-off leaves them: no checksum over the last chunk holds.
    pub(super) fn torn(&self, len: u64) -> Image {
        let mut image = self.image(len);
        if len < self.len
            && let Some(placed) = image.chunks.last_mut()
        {
            placed.chunk.sound = false;
        }
        image
    }

    pub(super) fn append(&mut self, chunk: Chunk) -> u64 {
        let at = self.len;
        self.len += chunk.bytes.len() as u64;
        if self.len > at {
            self.chunks.push(Placed { at, chunk });
        }
        at
    }

    pub(super) fn truncate(&mut self, len: u64) {
        self.keep_durable(len);
        let image = self.image(len);
        (self.chunks, self.len) = (image.chunks, image.len);
        self.whole = self.whole.min(len);
    }

    pub(super) fn replace(&mut self, bytes: Bytes) {
        self.keep_durable(0);
        if matches!(self.durable, Durable::Prefix) {
            self.durable = Durable::Image(Box::default());
        }
        self.chunks.clear();
        self.len = 0;
        self.append(Chunk {
            bytes,
            sound: false,
        });
        self.whole = self.len;
    }

    /// True if a power-off may change it.
    pub(super) fn is_dirty(&self) -> bool {
        self.synced < self.len || !matches!(self.durable, Durable::Prefix)
    }

    /// What is there lies on the platter.
    pub(super) fn settle(&mut self) {
        (self.synced, self.whole, self.durable) = (self.len, 0, Durable::Prefix);
    }

    /// The bytes from `len` on are about to go: remembers them if they lie on the platter.
    fn keep_durable(&mut self, len: u64) {
        if len < self.synced && matches!(self.durable, Durable::Prefix) {
            self.durable = Durable::Image(Box::new(self.image(self.synced)));
        }
        self.synced = self.synced.min(len);
    }
}
