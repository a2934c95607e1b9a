//! The ballot of one election (`EpochElection`): who granted, who refused, who has not answered.

/// Votes of one election or pre-vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Votes {
    voters: Vec<i32>,
    granted: Vec<i32>,
    rejected: Vec<i32>,
}

impl Votes {
    /// An election among `voters` in which `own` has voted for itself.
    pub(super) fn new(voters: &[i32], own: i32) -> Self {
        Votes {
            voters: voters.to_vec(),
            granted: vec![own],
            rejected: Vec::new(),
        }
    }

    /// Who granted their vote, in order of their answers.
    pub(super) fn granted(&self) -> &[i32] {
        &self.granted
    }

    /// A majority granted.
    pub(super) fn is_granted(&self) -> bool {
        self.granted.len() >= self.majority()
    }

    /// Those who may still grant are too few for a majority.
    pub(super) fn is_rejected(&self) -> bool {
        self.granted.len() + self.unrecorded().count() < self.majority()
    }

    /// Voters that have not answered.
    pub(super) fn unrecorded(&self) -> impl Iterator<Item = i32> {
        self.voters
            .iter()
            .copied()
            .filter(|id| !self.granted.contains(id) && !self.rejected.contains(id))
    }

    /// `voter` granted. The first answer of a voter counts; strangers have no vote.
    pub(super) fn record_granted(&mut self, voter: i32) {
        if self.unrecorded().any(|id| id == voter) {
            self.granted.push(voter);
        }
    }

    /// `voter` refused.
    pub(super) fn record_rejected(&mut self, voter: i32) {
        if self.unrecorded().any(|id| id == voter) {
            self.rejected.push(voter);
        }
    }

    fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_of_the_voters_decides() {
        let mut votes = Votes::new(&[1, 2, 3, 4, 5], 1);
        votes.record_granted(2);
        votes.record_granted(2);
        votes.record_granted(9);
        assert!(
            !votes.is_granted(),
            "a second answer and a stranger count nothing"
        );
        votes.record_rejected(3);
        votes.record_rejected(4);
        assert!(!votes.is_rejected(), "voter 5 may still decide it");
        assert_eq!(votes.unrecorded().collect::<Vec<_>>(), vec![5]);
        let mut lost = votes.clone();
        lost.record_rejected(5);
        assert!(lost.is_rejected());
        votes.record_granted(5);
        assert!(votes.is_granted());
        assert_eq!(votes.granted(), &[1, 2, 5]);
    }

    #[test]
    fn the_only_voter_needs_nobody() {
        assert!(Votes::new(&[7], 7).is_granted());
    }
}
