//! How long a client waits before it tries again (`ExponentialBackoff`).

use crate::kafka::config::ClientKind;
use crate::kafka::vocabulary::{ClientNo, Kafka, Purpose};
use crate::sim::{Ctx, Span};

/// Doubles with each attempt, give or take a fifth, up to a largest value. sarama waits the same
/// time before every attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    base: Span,
    max: Span,
    jitter: bool,
    client: ClientNo,
}

impl Backoff {
    pub(crate) fn new(kind: ClientKind, client: ClientNo, base: Span, max: Span) -> Self {
        Backoff {
            base,
            max,
            jitter: kind != ClientKind::Sarama,
            client,
        }
    }

    /// The wait after `failures` failures before this one.
    pub(crate) fn delay(&self, failures: u32, ctx: &mut Ctx<'_, Kafka>) -> Span {
        if self.base.0 >= self.max.0 {
            return self.max;
        }
        let term = self.base.0.saturating_mul(1 << failures.min(20));
        let percent = if self.jitter {
            ctx.draw(Purpose::Backoff, u32::from(self.client.0), 80..=120)
        } else {
            100
        };
        Span((term / 100).saturating_mul(percent).min(self.max.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{NodeId, Stand};

    #[test]
    fn waits_double_within_a_fifth_and_end_at_the_largest() {
        let ms = Span::from_millis;
        let backoff = Backoff::new(ClientKind::Java, ClientNo(0), ms(100), ms(1_000));
        let mut stand = Stand::new(NodeId(0), 3);
        for (failures, center) in [(0, 100), (1, 200), (2, 400), (3, 800)] {
            let delay = backoff.delay(failures, &mut stand.ctx()).as_millis();
            assert!(
                (center * 8 / 10..=center * 12 / 10).contains(&delay),
                "{delay}"
            );
        }
        assert_eq!(backoff.delay(9, &mut stand.ctx()), ms(1_000));
        let fixed = Backoff::new(ClientKind::Sarama, ClientNo(0), ms(100), ms(100));
        assert_eq!(fixed.delay(7, &mut stand.ctx()), ms(100));
    }
}
