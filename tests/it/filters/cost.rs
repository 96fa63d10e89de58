//! What a filter costs the server is said before anything is stored.

use super::number;
use crate::support::{WorldPlan, run};

/// More contacts of everybody, so that reading all of them is worth a word.
const MANY: &str = "
    INSERT INTO crm.contact (last_name, owner_id, owning_business_unit_id)
    SELECT 'Of ' || n, $1, business_unit_id FROM crm.system_user, generate_series(1, 12000) n WHERE id = $1";

#[test]
fn a_filter_that_no_index_serves_is_said_with_its_cost() {
    run(async {
        let world = WorldPlan::of(&[|people| people.ceo.id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        assert_eq!(world.sql(MANY, device.user_id).await, 12_000);
        sqlx::raw_sql("ANALYZE crm.contact").execute(world.admin()).await.expect("it is analysed");
        let ask = async |filter: &str| device.run(&["filters", "preview", "contact", filter]).await.expect(0);

        let scanned = ask("last_name LIKE '%f 77'").await;
        let cost = scanned["preview"]["cost"].as_str().unwrap_or_default().to_owned();
        for words in ["no index serves this", "rows of contact", "last_name"] {
            assert!(cost.contains(words), "{scanned}");
        }
        assert_eq!(number(&scanned["preview"], "rows_then"), 1, "{scanned}");

        let looked_up = ask("id = '00000000-0000-4000-8000-000000000000'").await;
        assert!(looked_up["preview"]["cost"].is_null(), "{looked_up}");
        world.stop().await;
    });
}
