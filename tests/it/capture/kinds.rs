//! Every kind of value and every kind of write makes the journey both ways.

use super::{LAST_NAME, offline, owned_contacts, text};
use crate::support::run;

#[test]
fn every_type_of_value_is_played_back_as_it_was_written() {
    run(async {
        let world = offline().await;
        let (device, user) = (&world.devices[0], world.devices[0].user_id);
        let (contact, note) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
        let opportunity = "00000000-0000-4000-8000-000000000003";
        device.write(&format!(
            "INSERT INTO contact (id, last_name, owner_id, birth_date, may_be_emailed, languages, profile, loyalty_points,
                                  satisfaction, last_contacted_on, notes)
               VALUES ('{contact}', 'O''Brien \"Zoë\"', '{user}', '1970-02-28', 1, '{{de,\"a \\\"b\\\"\"}}',
                       '{{\"likes\": [1, 2.50, null]}}', 9007199254740993, -3, '2026-11-22T10:11:12.123456Z', 'two\nlines');
             INSERT INTO annotation (id, subject, body, owner_id, contact_id)
               VALUES ('{note}', '', x'00ff10', '{user}', '{contact}');
             INSERT INTO opportunity (id, name, est_value, exchange_rate, discount, owner_id, stage, probability)
               VALUES ('{opportunity}', 'Big', 12345678.91, '1.234567890123456789012345678901', 0.1, '{user}',
                       'prospect', 50);"
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 3), "{online:?}");
        let id = |text: &str| text.parse().expect("an id");
        let joined = "SELECT concat_ws('|', last_name, birth_date, may_be_emailed, languages, profile, loyalty_points,
                             satisfaction, last_contacted_on AT TIME ZONE 'UTC', notes)
                        FROM crm.contact WHERE id = $1";
        assert_eq!(
            text(&world, joined, id(contact)).await.as_deref(),
            Some(
                "O'Brien \"Zoë\"|1970-02-28|t|{de,\"a \\\"b\\\"\"}|{\"likes\": [1, 2.50, null]}|9007199254740993|-3|\
                  2026-11-22 10:11:12.123456|two\nlines"
            )
        );
        let body = "SELECT encode(body, 'hex') || ',' || subject FROM crm.annotation WHERE id = $1";
        assert_eq!(text(&world, body, id(note)).await.as_deref(), Some("00ff10,"));
        let money =
            "SELECT concat_ws('|', est_value, exchange_rate, discount, probability) FROM crm.opportunity WHERE id = $1";
        let expected = "12345678.91|1.234567890123456789012345678901|0.1|50";
        assert_eq!(text(&world, money, id(opportunity)).await.as_deref(), Some(expected));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn deletes_and_re_creations_arrive_from_both_sides() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        let (here, there, user) = (contacts[0], contacts[1], device.user_id);
        device.write(&format!(
            "DELETE FROM contact WHERE id = '{here}';
             INSERT INTO contact (id, last_name, owner_id) VALUES ('{here}', 'Reborn here', '{user}')"
        ));
        let again = "WITH gone AS (DELETE FROM crm.contact WHERE id = $1 RETURNING *)
                     SELECT last_name FROM gone";
        assert!(text(&world, again, there).await.is_some());
        device.run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;
        assert_eq!(text(&world, LAST_NAME, here).await.as_deref(), Some("Reborn here"));
        let reborn = "INSERT INTO crm.contact (id, last_name, owner_id)
                      SELECT $1, 'Reborn there', owner_id FROM crm.contact WHERE last_name = 'Reborn here'";
        assert_eq!(world.sql(reborn, there).await, 1);
        let sync = device.run(&["sync"]).await.expect(0);
        assert_eq!(sync["data"]["rows"], 1, "{sync}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn rules_that_the_device_knows_are_held_there() {
    run(async {
        let world = offline().await;
        let (device, contact) = (&world.devices[0], owned_contacts(&world).await[0]);
        let refused = |sql: &str| device.write_refused(&sql.replace("ID", &contact.to_string()));
        assert!(refused("UPDATE contact SET last_name = NULL WHERE id = 'ID'").contains("last_name"));
        assert!(
            refused("UPDATE contact SET preferred_channel = 'pigeon' WHERE id = 'ID'").contains("preferred_channel")
        );
        assert!(
            refused("UPDATE contact SET phone = replace(printf('%41s', ''), ' ', '5') WHERE id = 'ID'")
                .contains("phone")
        );
        assert!(
            refused("UPDATE contact SET id = '00000000-0000-4000-8000-000000000009' WHERE id = 'ID'").contains("id")
        );
        let queue = device.run(&["queue"]).await.expect(0);
        assert_eq!(queue["summary"]["waiting"], 0, "what is refused leaves no entry: {queue}");
        world.stop().await;
    });
}
