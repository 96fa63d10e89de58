//! What waits for a refused operation, so that nothing is done to what the user believes to be elsewhere.

use sojourn_wire::message::operation::{Operation, VerdictKind};
use uuid::Uuid;

use super::{CHAIR, LINE, PERSON, ROOM, create, delete, desk, discard, kinds, object, settles, told, update};
use crate::support::run;
use crate::support::sender::text;

use VerdictKind::{Applied, Parked, Rejected};

const OWNER: &str = "SELECT person_id::text FROM desk.line WHERE id = $1";

fn person(id: Uuid) -> Operation {
    create(PERSON, id, &[("name", text("somebody"))])
}

fn line(id: Uuid, of: Uuid, word: &str) -> Operation {
    create(LINE, id, &[("person_id", text(&of.to_string())), ("word", text(word))])
}

/// A line goes to another person; a bad word has it refused.
fn moved(id: Uuid, from: Uuid, to: Uuid, word: &str) -> Operation {
    let (from, to) = (text(&from.to_string()), text(&to.to_string()));
    update(LINE, id, &[("person_id", from, to), ("word", text("good"), text(word))])
}

#[test]
fn what_a_row_was_to_leave_is_not_deleted_before_it_has_left() {
    run(async {
        let (world, mut sender) = desk().await;
        let (here, there, child) = (object(), object(), object());
        assert_eq!(
            kinds(&sender.send(vec![person(here), person(there), line(child, here, "good")]).await),
            [Applied; 3]
        );
        for apart in [false, true] {
            let operations = vec![moved(child, here, there, "bad"), delete(PERSON, here)];
            let verdicts = match apart {
                false => sender.send(operations).await,
                true => {
                    let mut verdicts = Vec::new();
                    for operation in operations {
                        verdicts.push(sender.send_one(operation).await);
                    }
                    verdicts
                }
            };
            assert_eq!(kinds(&verdicts), [Rejected, Parked], "{verdicts:?}");
            assert_eq!(verdicts[1].cause, Some(verdicts[0].sequence));
            assert_eq!(told(&world, OWNER, child).await, Some(here.to_string()), "it is there");
            if apart {
                // The word is mended: the line leaves, and then its old owner goes.
                let mended = settles(&verdicts[0], moved(child, here, there, "fine"));
                let gone = settles(&verdicts[1], delete(PERSON, here));
                assert_eq!(kinds(&sender.send(vec![mended, gone]).await), [Applied; 2]);
            } else {
                let given_up = verdicts.iter().zip([LINE, PERSON]).map(|(verdict, entity)| discard(entity, verdict));
                assert_eq!(kinds(&sender.send(given_up.collect()).await), [Applied; 2]);
            }
        }
        assert_eq!(told(&world, OWNER, child).await, Some(there.to_string()), "it has left in time");
        world.stop().await;
    });
}

#[test]
fn nor_is_what_that_goes_with() {
    run(async {
        let (world, mut sender) = desk().await;
        let (owner, other, chair) = (object(), object(), object());
        let rooms = [object(), object()];
        let named = |name: &'static str, id: Uuid| (name, text(&id.to_string()));
        let room = |place: usize, of: Uuid| create(ROOM, rooms[place], &[named("person_id", of)]);
        let made = create(CHAIR, chair, &[named("room_id", rooms[0]), ("word", text("good"))]);
        let built = vec![person(owner), person(other), room(0, owner), room(1, other), made];
        assert_eq!(kinds(&sender.send(built).await), [Applied; 5]);
        let (from, to) = (text(&rooms[0].to_string()), text(&rooms[1].to_string()));
        let carried = update(CHAIR, chair, &[("room_id", from, to), ("word", text("good"), text("bad"))]);
        let first = sender.send(vec![carried, delete(PERSON, other)]).await;
        assert_eq!(kinds(&first), [Rejected, Applied], "the other person owns nothing that it was to leave: {first:?}");
        let later = sender.send_one(delete(PERSON, owner)).await;
        assert_eq!((later.verdict, later.cause), (Parked, Some(first[0].sequence)), "{later:?}");
        world.stop().await;
    });
}
