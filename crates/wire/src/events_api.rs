//! What plug-ins may ask JetStream about the stream of events, in their own account.
//!
//! A consumer of theirs pulls: what JetStream delivers by itself stays in the account of the stream, where no plug-in is.
//! The server forgets after two minutes without an answer where answers to a request go: one pull waits for less.

use crate::streams::EVENTS;

/// What the subjects of JetStream's API begin with for plug-ins, instead of `$JS.API`: their client takes it as the prefix.
pub const PREFIX: &str = "EVENTS.API";

/// A kind of request.
#[derive(Debug)]
pub(crate) struct Request {
    /// Its subject, in the account of the stream.
    pub(crate) asked: String,
    /// The same in that of plug-ins.
    pub(crate) known_as: String,
    /// Several answers may come.
    pub(crate) many_answers: bool,
}

impl Request {
    fn of_api(verb: &str, rest: &str, many_answers: bool) -> Request {
        let of_stream = format!("{verb}.{}{rest}", EVENTS.name);
        Request { asked: format!("$JS.API.{of_stream}"), known_as: format!("{PREFIX}.{of_stream}"), many_answers }
    }
}

/// Everything that they may ask: consumers of their own, single events, and what the stream is like.
pub(crate) fn requests() -> Vec<Request> {
    let one = ["CONSUMER.CREATE", "CONSUMER.DURABLE.CREATE", "CONSUMER.INFO", "CONSUMER.DELETE", "DIRECT.GET"];
    let mut all: Vec<Request> = one.map(|verb| Request::of_api(verb, ".>", false)).into();
    all.push(Request::of_api("STREAM.INFO", "", false));
    all.push(Request::of_api("CONSUMER.MSG.NEXT", ".>", true));
    // Clients acknowledge on the subject that an event came with, whatever their prefix. A word may ask for more events.
    let ack = format!("$JS.ACK.{}.>", EVENTS.name);
    all.push(Request { asked: ack.clone(), known_as: ack, many_answers: true });
    all
}
