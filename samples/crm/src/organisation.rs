//! Who works with the CRM: the tree of business units, the users in it, their roles and teams.
//!
//! The root has three branches, and each branch has districts. North is where the people of the tests work; South is
//! the other branch, out of their sight; the rest of the staff is spread over all districts.

use uuid::Uuid;

use crate::draw::Draw;
use crate::plan::Plan;
use crate::roles::Role;
use crate::words;

/// The six personas, two more sales people.
pub(crate) const LEAST_USERS: u32 = 8;
const BRANCHES: [&str; 3] = ["North", "South", "East"];
const USERS_PER_DISTRICT: usize = 5;

/// One user of the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user's id, for `sojourn.user_id`.
    pub id: Uuid,
    /// Full name.
    pub name: String,
    /// The business unit the user belongs to, and with the user every record they own.
    pub business_unit_id: Uuid,
}

/// The people through whose eyes tests and the demo look at the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Sees and may do everything.
    pub ceo: Person,
    /// Sees and may do everything in the North branch.
    pub manager: Person,
    /// Sales people of the North branch, three or more. The first has user depth, the most records, the edge rows, and
    /// shares of others' records, some through a team; the second has business unit depth and is in the same unit as
    /// the first; then user and business unit depth alternate.
    pub sales: Vec<Person>,
    /// Sees everything in the North branch and may write nothing.
    pub reader: Person,
    /// Works in the South branch at business unit depth: shares no owned record with anybody of the North.
    pub outsider: Person,
    /// Has the role of the ceo, but is disabled, and so sees nothing.
    pub disabled: Person,
}

/// A business unit.
pub(crate) struct Unit {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) parent: Option<Uuid>,
    /// Index of its branch; the root belongs to none.
    pub(crate) branch: Option<usize>,
}

/// A user, with what the security tables say about them.
pub(crate) struct User {
    pub(crate) person: Person,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) branch: Option<usize>,
    pub(crate) is_disabled: bool,
}

/// A team and its members, as indexes of users.
pub(crate) struct Team {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) unit: Uuid,
    pub(crate) members: Vec<usize>,
}

/// Everybody and everything of the security tables, but the shares.
pub(crate) struct Organisation {
    pub(crate) units: Vec<Unit>,
    pub(crate) users: Vec<User>,
    pub(crate) teams: Vec<Team>,
    pub(crate) roles: Vec<(Uuid, Role)>,
    /// Indexes of those who own records, who has most first.
    pub(crate) owners: Vec<usize>,
    pub(crate) people: People,
}

/// Index of the branch where the personas work.
pub(crate) const NORTH: usize = 0;
const SOUTH: usize = 1;
/// Index of the branch whose accounts are shared with the team of the first sales person.
pub(crate) const EAST: usize = 2;

impl Organisation {
    /// The organisation of a plan with at least [`LEAST_USERS`] users.
    pub(crate) fn new(plan: &Plan) -> Organisation {
        let mut draw = Draw::new(plan.seed, 0);
        let count = plan.users as usize;
        let units = units(&mut draw, 2 + count / (USERS_PER_DISTRICT * BRANCHES.len()));
        let users = users(&mut draw, &units, count);
        let teams = teams(&mut draw, &units, &users);
        let roles = Role::ALL.map(|role| (draw.uuid(), role)).to_vec();
        let people = people(&users);
        let mut owners: Vec<usize> = (0..count).filter(|index| users[*index].role != Role::Reader).collect();
        owners.sort_by_key(|index| (users[*index].role == Role::Executive, *index));
        Organisation { units, users, teams, roles, owners, people }
    }
}

fn units(draw: &mut Draw, districts: usize) -> Vec<Unit> {
    let root = Unit { id: draw.uuid(), name: "Harbour & Vale".to_owned(), parent: None, branch: None };
    let mut units = vec![root];
    for (index, name) in BRANCHES.into_iter().enumerate() {
        let branch = Unit { id: draw.uuid(), name: name.to_owned(), parent: Some(units[0].id), branch: Some(index) };
        let parent = Some(branch.id);
        units.push(branch);
        for number in 1..=districts {
            let name = format!("{name} {number}, {}", words::city(draw));
            units.push(Unit { id: draw.uuid(), name, parent, branch: Some(index) });
        }
    }
    units
}

/// The first eight have fixed parts, in an order that [`people`] knows; the rest sell in one district after another.
fn users(draw: &mut Draw, units: &[Unit], count: usize) -> Vec<User> {
    let branch = |index: usize| 1 + index * (units.len() - 1) / BRANCHES.len();
    let district = |index: usize, number: usize| branch(index) + number;
    let districts: Vec<usize> =
        (0..units.len()).filter(|index| units[*index].parent.is_some_and(|id| id != units[0].id)).collect();
    let parts = [
        (Role::SalesPerson, district(NORTH, 1)),
        (Role::DistrictSalesPerson, district(SOUTH, 1)),
        (Role::DistrictSalesPerson, district(NORTH, 1)),
        (Role::Manager, branch(NORTH)),
        (Role::SalesPerson, district(NORTH, 2)),
        (Role::Reader, branch(NORTH)),
        (Role::Executive, 0),
        (Role::Executive, district(NORTH, 1)),
    ];
    let staff = (parts.len()..count).map(|index| {
        let role = if index % 2 == 0 { Role::SalesPerson } else { Role::DistrictSalesPerson };
        (role, districts[index % districts.len()])
    });
    let mut user = |(index, (role, unit)): (usize, (Role, usize))| {
        let (first, last) = words::plain_name(draw);
        User {
            person: Person { id: draw.uuid(), name: format!("{first} {last}"), business_unit_id: units[unit].id },
            email: format!("{first}.{last}.{index}@crm.example").to_lowercase(),
            role,
            branch: units[unit].branch,
            is_disabled: index == DISABLED,
        }
    };
    parts.into_iter().chain(staff).enumerate().map(&mut user).collect()
}

const OUTSIDER: usize = 1;
const MANAGER: usize = 3;
const READER: usize = 5;
const CEO: usize = 6;
const DISABLED: usize = 7;

fn people(users: &[User]) -> People {
    let person = |index: usize| users[index].person.clone();
    let sells_in_the_north =
        |user: &&User| user.branch == Some(NORTH) && matches!(user.role, Role::SalesPerson | Role::DistrictSalesPerson);
    People {
        ceo: person(CEO),
        manager: person(MANAGER),
        sales: users.iter().filter(sells_in_the_north).map(|user| user.person.clone()).collect(),
        reader: person(READER),
        outsider: person(OUTSIDER),
        disabled: person(DISABLED),
    }
}

/// A key accounts team in every branch; that of the North has the first sales person, that of the South the outsider.
fn teams(draw: &mut Draw, units: &[Unit], users: &[User]) -> Vec<Team> {
    let branches = units.iter().filter(|unit| unit.parent == Some(units[0].id));
    let team = |(index, unit): (usize, &Unit)| {
        let of_branch = (0..users.len()).filter(|user| users[*user].branch == Some(index));
        Team {
            id: draw.uuid(),
            name: format!("Key accounts {}", unit.name),
            unit: unit.id,
            members: of_branch.step_by(2).collect(),
        }
    };
    branches.enumerate().map(team).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_persona_is_where_its_description_says() {
        let organisation = Organisation::new(&Plan::new(3, LEAST_USERS, 10));
        let people = &organisation.people;
        assert_eq!(people.sales.len(), 3);
        assert_eq!(people.sales[0].business_unit_id, people.sales[1].business_unit_id);
        assert_eq!(organisation.users[organisation.owners[0]].person, people.sales[0]);
        assert_eq!(organisation.users[OUTSIDER].branch, Some(SOUTH));
        assert_eq!(people.ceo.business_unit_id, organisation.units[0].id);
        assert!(organisation.users[DISABLED].is_disabled);
        assert!(organisation.teams[NORTH].members.contains(&0));
    }

    #[test]
    fn more_users_fill_more_districts() {
        let units = |users| Organisation::new(&Plan::new(3, users, 10)).units.len();
        assert!(units(200) > units(12));
    }
}
