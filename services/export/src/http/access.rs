//! Who asks: the device whose token the request carries.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use headers::authorization::Bearer;
use headers::{Authorization, HeaderMapExt as _};
use sojourn_wire::{AgentId, SubscriptionId};

use super::Http;
use super::problem::Problem;
use super::token::hash_of;
use crate::db::token::token_bearer;

/// A device that may fetch the batches of its subscription.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The device.
    pub agent: AgentId,
    /// Its subscription.
    pub subscription: SubscriptionId,
}

impl FromRequestParts<Http> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Problem> {
        let header: Option<Authorization<Bearer>> = parts.headers.typed_get();
        let token = header.ok_or(Problem::NoToken)?;
        let bearer = token_bearer(&http.pool, &hash_of(token.token())).await?.ok_or(Problem::BadToken)?;
        if !bearer.admitted {
            return Err(Problem::Forbidden);
        }
        let (Ok(agent), Ok(subscription)) = (bearer.client_id.parse(), bearer.subscription_id.parse()) else {
            return Err(Problem::Forbidden);
        };
        Ok(Self { agent, subscription })
    }
}
