//! Tokens: made of 32 random bytes, handed out once over NATS, and kept as a hash alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sojourn_platform::PlatformError;
use sojourn_runtime::rpc::{Answer, Question, Refusal};
use sojourn_wire::message::token::{BatchToken, TokenAnswer, TokenOutcome, TokenRequest};
use sojourn_wire::message::{decode, encode};

use super::Http;
use crate::db::token::token_keep;
use crate::db::verify::subscription_of;

const OFF: &str =
    "this server serves no batches over HTTP: ask the administrator to start export with --http-listen or --http-url";
const NOT_YOURS: &str = "the server does not know this subscription of this device: init anew";
const NOT_PRIMARY: &str = "another device synchronises this subscription: ask the administrator to make this one its \
                           primary client";
const REVOKED: &str = "the subscription was revoked: ask the administrator";

/// The token that 32 random bytes make.
#[must_use]
pub fn token_of(random: [u8; 32]) -> BatchToken {
    BatchToken::new(URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of a token.
#[must_use]
pub fn hash_of(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

impl Http {
    /// Answers a device that asks for a token. NATS has checked which device it is.
    ///
    /// # Errors
    /// [`Refusal`] when the question is none, or the database is away.
    pub async fn token(self, question: Question) -> Answer {
        let request: TokenRequest =
            decode(&question.payload).map_err(|_| Refusal::new(400, "not a question about a token"))?;
        match self.issue(&question, &request).await {
            Ok(outcome) => Ok(encode(&TokenAnswer { outcome })),
            Err(error) => {
                tracing::warn!(agent = %question.agent, %error, "no token for {}: {error}", question.agent);
                Err(Refusal::new(503, "the server cannot keep a token at the moment"))
            }
        }
    }

    async fn issue(&self, question: &Question, request: &TokenRequest) -> Result<TokenOutcome, PlatformError> {
        if !self.settings.is_on() {
            return Ok(refused(OFF));
        }
        let (agent, id) = (&question.agent, &request.subscription);
        let Some(subscription) = subscription_of(&self.pool, agent, id).await? else { return Ok(refused(NOT_YOURS)) };
        match (subscription.status.as_str(), subscription.is_primary) {
            ("revoked", _) => return Ok(refused(REVOKED)),
            (_, false) => return Ok(refused(NOT_PRIMARY)),
            (_, true) => {}
        }
        let token = token_of(rand::random());
        let kept = token_keep(&self.pool, &hash_of(token.expose()), id, agent, self.settings.token_life()).await?;
        let Some(expires_at) = kept else { return Ok(refused(NOT_YOURS)) };
        tracing::info!(%agent, subscription = %id, "a token for {id} until {expires_at}");
        Ok(TokenOutcome::Issued { token, expires_at, url: self.settings.url().map(str::to_owned) })
    }
}

fn refused(reason: &str) -> TokenOutcome {
    TokenOutcome::Refused { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_into_a_header_and_its_hash_does_not_tell_it() {
        let token = token_of([0xfb; 32]);
        assert_eq!(token.expose().len(), 43);
        assert!(token.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_ne!(hash_of(token.expose()), hash_of(token_of([0xfa; 32]).expose()));
    }
}
