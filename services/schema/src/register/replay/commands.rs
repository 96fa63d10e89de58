//! Plug-ins, and commands beyond create, update and delete.

use std::collections::HashSet;

use sojourn_metadata::Metadata;
use sojourn_metadata::replay::{CommandRule, OWN_COMMANDS, PluginRule, ReplayRules, WhenAbsent};

use super::super::problem::Problem;
use super::{ReplayProblem, at, names};

/// The longest that a plug-in may take, in milliseconds: the user's other operations wait meanwhile.
const MOST_MILLIS: u32 = 10_000;

pub(super) fn problems<'a>(rules: &'a ReplayRules, metadata: &'a Metadata) -> impl Iterator<Item = Problem> + 'a {
    let (mut plugins, mut commands) = (HashSet::new(), HashSet::new());
    let of_plugins = rules.plugins.iter().flat_map(move |plugin| {
        let (entity, command) = (plugin.entity.as_str(), plugin.command.as_str());
        let twice = (!plugins.insert((entity, command))).then_some(ReplayProblem::Twice);
        let problems = twice.into_iter().chain(of_plugin(plugin, rules, metadata)).collect::<Vec<_>>();
        problems.into_iter().map(move |problem| at(format!("plugins: {entity}.{command}"), problem))
    });
    let of_commands = rules.commands.iter().flat_map(move |rule| {
        let (entity, command) = (rule.entity.as_str(), rule.name.as_str());
        let twice = (!commands.insert((entity, command))).then_some(ReplayProblem::Twice);
        let problems = twice.into_iter().chain(of_command(rule, rules, metadata)).collect::<Vec<_>>();
        problems.into_iter().map(move |problem| at(format!("commands: {entity}.{command}"), problem))
    });
    of_plugins.chain(of_commands)
}

fn of_plugin(plugin: &PluginRule, rules: &ReplayRules, metadata: &Metadata) -> Vec<ReplayProblem> {
    let mut problems = Vec::new();
    let is_own = OWN_COMMANDS.contains(&plugin.command.as_str());
    if let Err(problem) = names::entity(metadata, &plugin.entity) {
        problems.push(problem);
    } else if !is_own && !rules.has_command(&plugin.entity, &plugin.command) {
        problems.push(unknown_command(plugin, rules));
    }
    problems.extend(names::token(&plugin.entity, "an entity with plug-ins").err());
    if !is_own && plugin.when_absent == WhenAbsent::Allow {
        problems.push(ReplayProblem::CannotBeAbsent);
    }
    if !(1..=MOST_MILLIS).contains(&plugin.time_limit_ms) {
        problems.push(ReplayProblem::BadTimeLimit { millis: plugin.time_limit_ms, most: MOST_MILLIS });
    }
    problems
}

fn unknown_command(plugin: &PluginRule, rules: &ReplayRules) -> ReplayProblem {
    let declared = rules.commands.iter().filter(|command| command.entity == plugin.entity);
    let known = OWN_COMMANDS.into_iter().chain(declared.map(|command| command.name.as_str()));
    let (entity, command) = (plugin.entity.clone(), plugin.command.clone());
    ReplayProblem::UnknownCommand { entity, command, hint: names::meant(&plugin.command, known) }
}

fn of_command(rule: &CommandRule, rules: &ReplayRules, metadata: &Metadata) -> Vec<ReplayProblem> {
    let (entity, command) = (rule.entity.as_str(), rule.name.as_str());
    let mut problems: Vec<_> = names::entity(metadata, entity).err().into_iter().collect();
    problems.extend(names::token(command, "a command").err());
    if rules.has_command(entity, command) && rules.plugin(entity, command).is_none() {
        problems.push(ReplayProblem::NoPlugin { entity: entity.to_owned(), command: command.to_owned() });
    }
    problems
}
