//! Filters that look through N:1 relationships: a change of the row looked at moves the rows that look at it.

use super::{foretold, moved, offline};
use crate::support::run;

/// Two levels: the industry of the account of an opportunity's contact.
const FILTER: &str = "contact_id.account_id.industry IN ('energy', 'finance', 'health', 'retail')";
const CONDITION: &str = "EXISTS (SELECT FROM crm.contact c JOIN crm.account a ON a.id = c.account_id
                                  WHERE c.id = e.contact_id
                                    AND a.industry IN ('energy', 'finance', 'health', 'retail'))";
/// An account that the user owns, with a contact the user owns, which an opportunity of the user's refers to.
const LINKED: &str = "SELECT a.id FROM crm.account a JOIN crm.contact c ON c.account_id = a.id AND c.owner_id = $1
                        JOIN crm.opportunity o ON o.contact_id = c.id AND o.owner_id = $1
                       WHERE a.owner_id = $1 AND a.industry = 'energy' ORDER BY a.id LIMIT 1";

#[test]
fn a_filter_may_look_through_two_relationships() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        // One account is sure to let rows through.
        let make = "UPDATE crm.account SET industry = 'energy'
                     WHERE id = (SELECT a.id FROM crm.account a
                                   JOIN crm.contact c ON c.account_id = a.id AND c.owner_id = $1
                                   JOIN crm.opportunity o ON o.contact_id = c.id AND o.owner_id = $1
                                  WHERE a.owner_id = $1 ORDER BY a.id LIMIT 1)";
        assert_eq!(world.sql(make, device.user_id).await, 1);
        device.run(&["sync"]).await.expect(0);
        let added = device.run(&["filters", "add", "opportunity", "branches", FILTER, "--sync"]).await.expect(0);
        let [_, go, then] = foretold(&added);
        assert!(go > 0 && then > 0, "{added}");
        assert_eq!(moved(&added["sync"]), [0, go]);
        world.assert_narrowed(0, &[("opportunity", CONDITION)]).await;

        let account = super::ids(&world, LINKED).await[0];
        for (change, stays) in [
            ("UPDATE crm.account SET industry = 'public' WHERE id = $1", false),
            ("UPDATE crm.account SET industry = 'retail' WHERE id = $1", true),
        ] {
            assert_eq!(world.sql(change, account).await, 1);
            let [rows, deletes] = moved(&device.run(&["sync"]).await.expect(0));
            assert!(if stays { rows > 1 && deletes == 0 } else { rows == 1 && deletes > 0 }, "{rows}, {deletes}");
            world.assert_narrowed(0, &[("opportunity", CONDITION)]).await;
        }
        world.stop().await;
    });
}
