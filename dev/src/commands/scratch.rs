//! A Postgres of our own with the CRM sample, for whoever brings no database.

use std::path::Path;

use sojourn_sample_crm::{People, Person, Plan};

use super::CommandError;
use crate::instances::{Durability, Postgres, PostgresOptions};
use crate::machine::Machine;
use crate::stack::DeviceSpec;
use crate::{output, samples};

/// The sample's database.
pub(crate) const DATABASE: &str = "crm";

/// A filled Postgres, and those whose devices may be enrolled; nobody, if the data were there before.
pub(crate) struct Scratch {
    pub(crate) postgres: Postgres,
    pub(crate) people: Vec<DeviceSpec>,
}

/// Starts a Postgres and fills it, unless `home` has one that was filled before.
pub(crate) async fn start(machine: &Machine, home: Option<&Path>, rows: u64) -> Result<Scratch, CommandError> {
    output::say("starting Postgres");
    let durability = if home.is_some() { Durability::Safe } else { Durability::Scratch };
    let keep_in = home.map(|home| home.join("postgres"));
    let options = PostgresOptions { durability, keep_in, ..PostgresOptions::default() };
    let postgres = Postgres::start(&machine.tools, &machine.reaper, options).await?;
    if samples::crm_is_there(&postgres, DATABASE).await? {
        return Ok(Scratch { postgres, people: Vec::new() });
    }
    output::say("making the CRM sample");
    postgres.drop_database(DATABASE).await?;
    let generated = samples::crm(&postgres, DATABASE, &Plan::rows_for_user(samples::SEED, rows)).await?;
    Ok(Scratch { postgres, people: devices(&generated.people) })
}

/// A device for each of the sample's people, who sells the most first.
fn devices(people: &People) -> Vec<DeviceSpec> {
    let device = |person: &Person| DeviceSpec { user_id: person.id, name: person.name.clone() };
    let People { ceo, manager, sales, reader, outsider, .. } = people;
    sales.iter().chain([manager, ceo, reader, outsider]).map(device).collect()
}
