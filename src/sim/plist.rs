//! A persistent list in three levels: leaves of 64 items, nodes of 64 leaves, a root of any
//! number of nodes, each level behind `Arc`.
//!
//! A clone costs one reference count; the first push after it copies one leaf, one node and the
//! root. For whatever grows with a log or a run, so that a snapshot of it is cheap.

use std::fmt;
use std::sync::Arc;

const WIDTH: usize = 64;
const NODE: usize = WIDTH * WIDTH;

struct Node<T>(Vec<Arc<Vec<T>>>);

impl<T> Clone for Node<T> {
    fn clone(&self) -> Self {
        Node(self.0.clone())
    }
}

/// A list that is cheap to clone and to append to.
pub struct PList<T> {
    root: Arc<Vec<Arc<Node<T>>>>,
    len: usize,
}

impl<T> Clone for PList<T> {
    fn clone(&self) -> Self {
        PList {
            root: Arc::clone(&self.root),
            len: self.len,
        }
    }
}

impl<T> Default for PList<T> {
    fn default() -> Self {
        PList {
            root: Arc::default(),
            len: 0,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for PList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: PartialEq> PartialEq for PList<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for PList<T> {}

impl<T> PList<T> {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is no item.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The item at `index`.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.leaf(index)?.get(index % WIDTH)
    }

    /// The last item.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> + '_ {
        self.iter_from(0)
    }

    /// The items from `start` on.
    pub fn iter_from(&self, start: usize) -> impl Iterator<Item = &T> + '_ {
        let leaves = (start / WIDTH..self.len.div_ceil(WIDTH)).filter_map(|n| self.leaf(n * WIDTH));
        leaves.flat_map(|leaf| leaf.iter()).skip(start % WIDTH)
    }

    /// The index of the first item for which `belongs` is false, in a list whose first items
    /// are those for which it is true.
    pub fn partition_point(&self, mut belongs: impl FnMut(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&mut belongs) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn leaf(&self, index: usize) -> Option<&Vec<T>> {
        let node = self.root.get(index / NODE)?;
        node.0.get(index % NODE / WIDTH).map(|leaf| &**leaf)
    }
}

impl<T: Clone> PList<T> {
    /// Appends an item.
    pub fn push(&mut self, item: T) {
        let root = Arc::make_mut(&mut self.root);
        if self.len.is_multiple_of(NODE) {
            root.push(Arc::new(Node(Vec::new())));
        }
        let last = root.len() - 1;
        let node = Arc::make_mut(&mut root[last]);
        if self.len.is_multiple_of(WIDTH) {
            // Most lists stay short; one that has filled a leaf will fill another.
            let room = if self.len == 0 { 4 } else { WIDTH };
            node.0.push(Arc::new(Vec::with_capacity(room)));
        }
        let last = node.0.len() - 1;
        Arc::make_mut(&mut node.0[last]).push(item);
        self.len += 1;
    }

    /// The item at `index`, to change it.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let node = Arc::make_mut(&mut self.root).get_mut(index / NODE)?;
        let leaf = Arc::make_mut(node).0.get_mut(index % NODE / WIDTH)?;
        Arc::make_mut(leaf).get_mut(index % WIDTH)
    }

    /// The last item, to change it.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len.checked_sub(1)?)
    }

    /// Keeps the first `len` items.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        let root = Arc::make_mut(&mut self.root);
        root.truncate(len.div_ceil(NODE));
        if let Some(node) = root.last_mut().filter(|_| !len.is_multiple_of(NODE)) {
            let node = Arc::make_mut(node);
            node.0.truncate((len % NODE).div_ceil(WIDTH));
            if let Some(leaf) = node.0.last_mut().filter(|_| !len.is_multiple_of(WIDTH)) {
                Arc::make_mut(leaf).truncate(len % WIDTH);
            }
        }
        self.len = len;
    }

    /// Removes all items.
    pub fn clear(&mut self) {
        *self = PList::default();
    }
}

impl<T: Clone> FromIterator<T> for PList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = PList::default();
        items.into_iter().for_each(|item| list.push(item));
        list
    }
}

impl<T: Clone> Extend<T> for PList<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Push(usize),
        Truncate(usize),
        Set(usize),
        Keep,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            (0usize..9_000).prop_map(Op::Push),
            (0usize..9_000).prop_map(Op::Truncate),
            (0usize..9_000).prop_map(Op::Set),
            Just(Op::Keep),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn behaves_like_a_vec_and_clones_stay(ops in prop::collection::vec(op(), 1..12)) {
            let (mut list, mut model) = (PList::new(), Vec::new());
            let mut kept = Vec::new();
            for (number, op) in ops.into_iter().enumerate() {
                match op {
                    Op::Push(count) => {
                        list.extend((0..count).map(|i| (number, i)));
                        model.extend((0..count).map(|i| (number, i)));
                    }
                    Op::Truncate(len) => {
                        list.truncate(len);
                        model.truncate(len);
                    }
                    Op::Set(index) => {
                        if let Some(item) = list.get_mut(index) {
                            *item = (number, 77);
                            model[index] = (number, 77);
                        } else {
                            prop_assert!(index >= model.len());
                        }
                    }
                    Op::Keep => kept.push((list.clone(), model.clone())),
                }
                kept.push((list.clone(), model.clone()));
                prop_assert_eq!(list.last(), model.last());
            }
            for (list, model) in kept {
                prop_assert_eq!(list.len(), model.len());
                prop_assert!(list.iter().eq(model.iter()));
                let middle = model.len() / 2;
                prop_assert!(list.iter_from(middle).eq(model[middle..].iter()));
                prop_assert_eq!(list.get(model.len()), None);
            }
        }

        #[test]
        fn finds_the_partition_point(len in 0usize..300, point in 0usize..300) {
            let list: PList<usize> = (0..len).collect();
            prop_assert_eq!(list.partition_point(|&item| item < point), point.min(len));
        }
    }
}
