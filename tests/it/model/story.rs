//! What a story is made of, and how one is made up.

use proptest::collection::vec;
use proptest::prelude::*;

use super::row::Attribute;

/// Three devices: two of one user, one of another.
pub const DEVICES: usize = 3;

/// One of several things, by a number that is taken modulo how many there are.
pub type Pick = u8;

/// Attributes and which of their values they get.
pub type Choices = Vec<(Attribute, Pick)>;

/// One write of a user, or of somebody who needs no device.
#[derive(Debug, Clone)]
pub enum Edit {
    Create(Choices),
    Update(Pick, Choices),
    Delete(Pick),
}

/// What a user would do about a refusal, where it makes sense; the number chooses among what does.
#[derive(Debug, Clone)]
pub struct Choice {
    pub entry: Pick,
    pub way: Pick,
    pub values: Choices,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes on a device, one by one.
    Write(usize, Vec<Edit>),
    /// Writes on a device, all or nothing.
    Group(usize, Vec<Edit>),
    /// Somebody writes on the server.
    Elsewhere(Edit),
    Sync(usize),
    Settle(usize, Choice),
}

/// A story of so many steps.
pub fn story(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), steps)
}

fn step() -> impl Strategy<Value = Step> {
    let device = || 0..DEVICES;
    prop_oneof![
        8 => (device(), vec(edit(), 1..4)).prop_map(|(device, edits)| Step::Write(device, edits)),
        3 => (device(), vec(edit(), 2..4)).prop_map(|(device, edits)| Step::Group(device, edits)),
        3 => edit().prop_map(Step::Elsewhere),
        7 => device().prop_map(Step::Sync),
        6 => (device(), choice()).prop_map(|(device, choice)| Step::Settle(device, choice)),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => choices(1..5).prop_map(Edit::Create),
        10 => (any::<Pick>(), choices(1..4)).prop_map(|(row, values)| Edit::Update(row, values)),
        2 => any::<Pick>().prop_map(Edit::Delete),
    ]
}

fn choice() -> impl Strategy<Value = Choice> {
    (any::<Pick>(), any::<Pick>(), choices(1..3)).prop_map(|(entry, way, values)| Choice { entry, way, values })
}

fn choices(many: std::ops::Range<usize>) -> impl Strategy<Value = Choices> {
    vec((attribute(), any::<Pick>()), many)
}

fn attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        5 => Just(Attribute::Name),
        5 => Just(Attribute::Size),
        3 => Just(Attribute::Note),
        2 => Just(Attribute::Parent),
        1 => Just(Attribute::Keeper),
    ]
}
