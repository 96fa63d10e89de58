//! The question every service answers: are you at work?

use sojourn_wire::message::encode;
use sojourn_wire::message::rpc::{READY, Ready};

use crate::rpc::{Questions, Refusal};

impl Questions {
    /// Adds the verb `ready`. `is_ready` says whether the service reaches what it needs, in less than two seconds;
    /// while it does not, the answer is an error of code 503. `version` is the program's, `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn ready<F, Fut>(self, version: &'static str, is_ready: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let service = self.service();
        self.verb(READY, move |_| {
            let ready = is_ready();
            async move {
                match ready.await {
                    true => Ok(encode(&Ready { service, version: version.to_owned() })),
                    false => Err(Refusal::new(503, "not ready")),
                }
            }
        })
    }
}
