//! Connections: order, pipelining, mutes, openings, ends.

use super::toy::*;
use crate::sim::*;

#[test]
fn a_request_and_its_answer_take_a_round_trip() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(0, 0, Call::Send(0, echo(7)));
    bench.run();
    let conn = ConnId(1);
    assert_eq!(
        bench.notes(1),
        [
            (ms(0), Note::Booted { journal: 0 }),
            (ms(1), Note::Heard { conn, id: 7 })
        ]
    );
    assert_eq!(
        bench.notes(0)[1..],
        [(ms(2), Note::Answered { conn, id: 7 })]
    );
    let steps = &bench.keeper.seen;
    let (request, answer) = (&steps[4], &steps[5]);
    assert_eq!(
        (request.kind, request.cause),
        (StepKind::Deliver, StepNo(4))
    );
    assert_eq!((answer.cause, answer.request), (request.no, request.no));
    assert!(bench.world.next_time().is_none());
}
