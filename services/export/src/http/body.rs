//! A file's bytes, part by part, as the connection takes them: one part is in memory, and never the file.

use std::io;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use sojourn_runtime::Client;

use super::pieces::Piece;
use super::turns::Turn;
use crate::store::{self, Address, StoredError};

/// The body that is these pieces. `first` is the first one's bytes, which are read before anything is promised; a part
/// that is gone later breaks the connection off before the announced length is reached.
pub(super) fn body(
    client: Client,
    address: Address,
    first: Bytes,
    rest: impl Iterator<Item = Piece> + Send + 'static,
    turn: Turn,
) -> Body {
    let rest = stream::iter(rest).then(move |piece| {
        // The turn is over when the stream is dropped.
        let _held = &turn;
        let (client, address) = (client.clone(), address.clone());
        async move { read(&client, &address, &piece).await }
    });
    let broken_off = |error: StoredError| {
        tracing::warn!(%error, "a batch was broken off over HTTP: {error}");
        io::Error::other(error)
    };
    Body::from_stream(stream::once(async { Ok(first) }).chain(rest).map(move |bytes| bytes.map_err(broken_off)))
}

/// The bytes of one piece.
///
/// # Errors
/// [`StoredError`] when the part is gone, is another file's, or cannot be read.
pub(super) async fn read(client: &Client, address: &Address, piece: &Piece) -> Result<Bytes, StoredError> {
    let part = store::get(client, address, piece.part, piece.stored).await?;
    Ok(part.slice(piece.bytes.clone()))
}
