//! Asking for a token, to fetch the batches of the own subscription over HTTP. Works beside an agent that is at work:
//! batches are stored only while one is.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sojourn_wire::message::token::{BatchToken, TokenOutcome};

use super::answer::Answer;
use crate::error::AgentError;
use crate::home::{credentials_in, database_of};
use crate::link::Link;
use crate::store::Store;

/// A token.
#[derive(Debug, Serialize)]
pub struct TokenIssued {
    /// The token. Secret.
    pub token: BatchToken,
    /// When it ends: RFC 3339, in UTC.
    pub expires_at: String,
    /// Where batches are served; none when the server does not say.
    pub url: Option<String>,
    /// A command that lists what can be fetched.
    pub example: String,
}

/// Asks for a token.
///
/// # Errors
/// [`AgentError::Refused`] in the server's words, [`AgentError::Link`] when it does not answer.
pub async fn token(folder: &Path, patience: Duration) -> Result<Answer, AgentError> {
    let device = Store::open(&database_of(folder))?.device()?;
    let link = Link::connect(&credentials_in(folder, &device)?, patience).await?;
    match link.token().await?.outcome {
        TokenOutcome::Issued { token, expires_at, url } => {
            let example = example(&token, url.as_deref());
            Ok(Answer::Token(TokenIssued { token, expires_at, url, example }))
        }
        TokenOutcome::Refused { reason } => Err(AgentError::Refused(reason)),
        TokenOutcome::Unknown => Err(AgentError::TooNew),
    }
}

fn example(token: &BatchToken, url: Option<&str>) -> String {
    let url = url.unwrap_or("http://HOST:PORT");
    format!("curl --header 'Authorization: Bearer {}' '{url}/batches'", token.expose())
}

impl fmt::Display for TokenIssued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Token  {}", self.token.expose())?;
        writeln!(f, "Ends   {}", self.expires_at)?;
        writeln!(f, "URL    {}", self.url.as_deref().unwrap_or("not announced: ask the administrator"))?;
        write!(f, "\nWho has it may read your batches until then. What is stored now:\n  {}", self.example)
    }
}
