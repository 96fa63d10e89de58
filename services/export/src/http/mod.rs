//! Batches over HTTP: for clients behind proxies, and to look at one. A device gets a token over NATS, where it is known
//! who it is, and fetches with it the files of its own subscription, while they are stored; by ranges, if it likes.
//!
//! `GET /batches` lists what is stored, `GET /batches/{session}/{number}` is the file with its header. Whatever is not
//! there for the caller is the same 404.

pub mod access;
mod batch;
mod body;
mod list;
pub mod listen;
pub mod pieces;
pub mod problem;
pub mod range;
pub mod token;
pub mod turns;

use axum::Router;
use axum::routing::get;
use sojourn_runtime::{CancellationToken, Client};
use sqlx::PgPool;

use crate::config::HttpSettings;
use listen::ListenError;
use problem::Problem;
use turns::Turns;

/// What requests and questions are answered with.
#[derive(Debug, Clone)]
pub struct Http {
    pool: PgPool,
    nats: Client,
    settings: HttpSettings,
    turns: Turns,
}

impl Http {
    /// Over these connections. The pool is its own: who floods it with tokens stops no batch from being made.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client, settings: HttpSettings) -> Self {
        Self { pool, nats, settings, turns: Turns::default() }
    }

    /// Takes the address, if one was given, and answers what serves there until `shutdown`.
    ///
    /// # Errors
    /// [`ListenError`] when the address cannot be had.
    pub async fn open(&self, shutdown: CancellationToken) -> Result<impl Future<Output = ()> + use<>, ListenError> {
        let listener = match self.settings.listen {
            Some(address) => Some(listen::bind(address).await?),
            None => None,
        };
        let router = self.clone().router();
        Ok(async move {
            if let Some(listener) = listener {
                listen::serve(listener, router, shutdown).await;
            }
        })
    }

    fn router(self) -> Router {
        Router::new()
            .route("/batches", get(list::all))
            .route("/batches/{session}/{number}", get(batch::one))
            .method_not_allowed_fallback(|| async { Problem::Method })
            .fallback(|| async { Problem::NotFound })
            .with_state(self)
    }
}
