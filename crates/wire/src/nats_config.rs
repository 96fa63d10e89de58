//! The two accounts of the bus, written as a nats-server configuration.
//!
//! `SVC` holds the services, the plug-ins and JetStream, `AGT` the agents. One account is not enough: NATS does not check the
//! permission of *reply* subjects, so an agent could name another's subject as its reply and have the server store a
//! message there. Between accounts, replies travel on subjects that the server makes up.

use std::fmt::{self, Write as _};

use crate::permissions::Permissions;

/// An identity of the bus: how it shows who it is, and what it may do.
#[derive(Debug, Clone)]
pub struct User {
    /// How it shows who it is.
    pub login: Login,
    /// Its lists; `None` may do everything within its account (the administrator).
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
    /// The administrator, the services and the plug-ins.
    pub services: &'a [User],
    /// The agents.
    pub agents: &'a [User],
}

/// Subjects that agents may ask services on, across the accounts.
const SERVICE_EXPORTS: [&str; 5] = [
    "req.>",
    "op.>",
    "$JS.API.DIRECT.GET.BATCH.batch.>",
    "$JS.API.DIRECT.GET.RES.res.>",
    "$JS.API.DIRECT.GET.SCHEMA.schema.>",
];
/// Questions to services: several answers may come.
const RPC_EXPORT: &str = "rpc.>";
/// Subjects that flow to agents as they are published.
const STREAM_EXPORTS: [&str; 3] = ["evt.>", "res.>", "schema.>"];

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
        text.push_str("accounts {\n  SVC {\n    jetstream: enabled\n    exports: [\n");
        for subject in SERVICE_EXPORTS {
            let _ = writeln!(text, "      {{ service: {subject:?}, accounts: [AGT] }}");
        }
        let _ = writeln!(text, "      {{ service: {RPC_EXPORT:?}, accounts: [AGT], response_type: stream }}");
        for subject in STREAM_EXPORTS {
            let _ = writeln!(text, "      {{ stream: {subject:?}, accounts: [AGT] }}");
        }
        text.push_str("    ]\n    users: [\n");
        self.services.iter().for_each(|user| render_user(&mut text, user));
        text.push_str("    ]\n  }\n  AGT {\n    imports: [\n");
        for subject in SERVICE_EXPORTS.iter().chain([&RPC_EXPORT]) {
            let _ = writeln!(text, "      {{ service: {{ account: SVC, subject: {subject:?} }} }}");
        }
        for subject in STREAM_EXPORTS {
            let _ = writeln!(text, "      {{ stream: {{ account: SVC, subject: {subject:?} }} }}");
        }
        text.push_str("    ]\n    users: [\n");
        self.agents.iter().for_each(|user| render_user(&mut text, user));
        text.push_str("    ]\n  }\n}\n");
        text
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
        services.push(User { login, permissions: Some(permissions::of_plugins()) });
        let agent = "laptop".parse().expect("a token");
        let agents = [user("UAGENT", Some(permissions::of_agent(&agent, &["s1".parse().expect("a token")])))];
        let config =
            NatsConfig { port: 4222, store_dir: "/tmp/nats", sync_always: true, services: &services, agents: &agents };
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("nats.conf", config.render());
        });
    }
}
