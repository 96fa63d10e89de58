//! The four accounts of the bus, written as a nats-server configuration.
//!
//! `SVC` holds the services and their streams, `AGT` the agents, `PLG` the plug-ins and workflows, `EVT` the stream of events.
//! One account is not enough: NATS does not check the permission of *reply* subjects, so an agent could name another's
//! subject as its reply and have the server store a message there. Between accounts, replies travel on subjects that the
//! server makes up.
//!
//! A plug-in could do the same, and more: it makes consumers, permissions do not see what a request contains, and JetStream
//! *delivers* to whatever subject it names in the account where the stream is. So nothing of `SVC` can be named where plug-ins
//! or their stream are: `SVC` asks and tells across the borders, and exports nothing to them. And the stream is not where
//! plug-ins are: in `PLG` no subject purges it or adds to it. There they ask JetStream by the names of [`events_api`] alone.
//! Plug-ins share one account and one login; they are not protected from each other.

use std::fmt::{self, Write as _};

use crate::events_api;
use crate::permissions::Permissions;
use crate::streams::EVENTS;
use crate::subject;

/// An identity of the bus: how it shows who it is, and what it may do.
#[derive(Debug, Clone)]
pub struct User {
    /// How it shows who it is.
    pub login: Login,
    /// Its lists; `None` may do everything within its account (an administrator).
    pub permissions: Option<Permissions>,
}

/// How an identity shows who it is.
#[derive(Clone)]
pub enum Login {
    /// The public nkey, `U…`, of a seed that it keeps.
    Nkey(String),
    /// A name and a password, for programs in any language; the password itself, or its bcrypt hash.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nkey(nkey) => write!(f, "Nkey({nkey})"),
            Self::Password { user, .. } => write!(f, "Password({user})"),
        }
    }
}

impl Login {
    fn render(&self) -> String {
        match self {
            Self::Nkey(nkey) => format!("nkey: {nkey}"),
            Self::Password { user, password } => format!("user: {user:?}, password: {password:?}"),
        }
    }
}

/// The values of one server's configuration.
#[derive(Debug, Clone)]
pub struct NatsConfig<'a> {
    /// The loopback port.
    pub port: u16,
    /// JetStream's folder.
    pub store_dir: &'a str,
    /// fsync after every message; a scratch server may leave it out.
    pub sync_always: bool,
    /// The services and their administrator.
    pub services: &'a [User],
    /// The plug-ins and workflows and their administrator.
    pub plugins: &'a [User],
    /// The administrator of the stream of events.
    pub events: &'a [User],
    /// The agents.
    pub agents: &'a [User],
}

/// Subjects that agents may ask services on, across the accounts.
const FOR_AGENTS: [&str; 5] = [
    "req.>",
    "op.>",
    "$JS.API.DIRECT.GET.BATCH.batch.>",
    "$JS.API.DIRECT.GET.RES.res.>",
    "$JS.API.DIRECT.GET.SCHEMA.schema.>",
];
/// Questions to services: several answers may come.
const RPC: &str = "rpc.>";
/// Subjects that flow to agents as they are published.
const TO_AGENTS: [&str; 3] = ["evt.>", "res.>", "schema.>"];

/// An account: what it gives, what it takes, and who is in it.
struct Account<'a> {
    name: &'static str,
    jetstream: bool,
    exports: Vec<String>,
    imports: Vec<String>,
    users: &'a [User],
}

impl NatsConfig<'_> {
    /// The configuration file's text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let sync = if self.sync_always { ", sync_interval: always" } else { "" };
        let _ = writeln!(text, "listen: \"127.0.0.1:{}\"", self.port);
        let _ = writeln!(text, "jetstream {{ store_dir: {:?}{sync} }}", self.store_dir);
        text.push_str("# Five silent clients took 1 GB with the default of 64 MB.\n");
        text.push_str("max_pending: 8MB\nwrite_deadline: \"30s\"\nmax_payload: 1MB\n");
        text.push_str("accounts {\n");
        let accounts = [self.of_services(), self.of_plugins(), self.of_events(), self.of_agents()];
        accounts.iter().for_each(|account| account.render(&mut text));
        text.push_str("}\n");
        text
    }

    fn of_services(&self) -> Account<'_> {
        let mut exports: Vec<_> = FOR_AGENTS.map(|subject| format!("service: {subject:?}, accounts: [AGT]")).to_vec();
        exports.push(format!("service: {RPC:?}, accounts: [AGT], response_type: stream"));
        exports.extend(TO_AGENTS.map(|subject| format!("stream: {subject:?}, accounts: [AGT]")));
        let import = |account, subject| format!("service: {{ account: {account}, subject: {subject:?} }}");
        let mut imports = vec![import("PLG", subject::questions_to_plugins())];
        imports.extend(EVENTS.subjects.iter().map(|subject| import("EVT", subject)));
        Account { name: "SVC", jetstream: true, exports, imports, users: self.services }
    }

    fn of_plugins(&self) -> Account<'_> {
        let exports = vec![format!("service: {:?}, accounts: [SVC]", subject::questions_to_plugins())];
        let imports = events_api::requests().into_iter().map(|request| {
            let (asked, known_as) = (request.asked, request.known_as);
            format!("service: {{ account: EVT, subject: {asked:?} }}, to: {known_as:?}")
        });
        Account { name: "PLG", jetstream: false, exports, imports: imports.collect(), users: self.plugins }
    }

    /// The stream confirms each event to who published it.
    fn of_events(&self) -> Account<'_> {
        let events = EVENTS.subjects.iter().map(|subject| format!("service: {subject:?}, accounts: [SVC]"));
        let requests = events_api::requests().into_iter().map(|request| {
            let many = if request.many_answers { ", response_type: stream" } else { "" };
            format!("service: {:?}, accounts: [PLG]{many}", request.asked)
        });
        let exports = events.chain(requests).collect();
        Account { name: "EVT", jetstream: true, exports, imports: Vec::new(), users: self.events }
    }

    fn of_agents(&self) -> Account<'_> {
        let service = |subject| format!("service: {{ account: SVC, subject: {subject:?} }}");
        let mut imports: Vec<_> = FOR_AGENTS.into_iter().chain([RPC]).map(service).collect();
        imports.extend(TO_AGENTS.map(|subject| format!("stream: {{ account: SVC, subject: {subject:?} }}")));
        Account { name: "AGT", jetstream: false, exports: Vec::new(), imports, users: self.agents }
    }
}

impl Account<'_> {
    fn render(&self, text: &mut String) {
        let _ = writeln!(text, "  {} {{", self.name);
        if self.jetstream {
            text.push_str("    jetstream: enabled\n");
        }
        for (what, entries) in [("exports", &self.exports), ("imports", &self.imports)] {
            if !entries.is_empty() {
                let _ = writeln!(text, "    {what}: [");
                for entry in entries {
                    let _ = writeln!(text, "      {{ {entry} }}");
                }
                text.push_str("    ]\n");
            }
        }
        text.push_str("    users: [\n");
        self.users.iter().for_each(|user| render_user(text, user));
        text.push_str("    ]\n  }\n");
    }
}

fn render_user(text: &mut String, user: &User) {
    let Some(permissions) = &user.permissions else {
        let _ = writeln!(text, "      {{ {} }}", user.login.render());
        return;
    };
    let _ = writeln!(text, "      {{ {}, permissions: {{", user.login.render());
    let _ = writeln!(text, "        publish: {{ allow: {:?} }}", permissions.publish);
    let _ = writeln!(text, "        subscribe: {{ allow: {:?} }}", permissions.subscribe);
    if permissions.allow_responses {
        text.push_str("        allow_responses: true\n");
    }
    text.push_str("      } }\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions;
    use crate::subject::Service;

    #[test]
    fn the_configuration_of_one_agent_is_as_reviewed() {
        let user = |nkey: &str, permissions| User { login: Login::Nkey(nkey.to_owned()), permissions };
        let mut services = vec![user("UADMIN", None)];
        services.extend(Service::ALL.map(|service| user("USERVICE", Some(permissions::of_service(service)))));
        let login = Login::Password { user: "plugin".to_owned(), password: "hunter2".to_owned() };
        let plugins = [user("UPLUGADMIN", None), User { login, permissions: Some(permissions::of_plugins()) }];
        let events = [user("UEVENTADMIN", None)];
        let agent = "laptop".parse().expect("a token");
        let agents = [user("UAGENT", Some(permissions::of_agent(&agent, &["s1".parse().expect("a token")])))];
        let (services, plugins, events, agents) = (&services, &plugins, &events, &agents);
        let store_dir = "/tmp/nats";
        let config = NatsConfig { port: 4222, store_dir, sync_always: true, services, plugins, events, agents };
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("nats.conf", config.render());
        });
    }
}
