//! What a device must not be able to do, whatever it sends; and what nobody but the user may see.

mod agents;
mod attack;
mod bodies;
mod bus;
mod hostile_plugin;
mod hostile_to_events;
mod http;
mod identity;
mod leaving;
mod plugins;
mod replies;
mod revoked;
mod roles;
mod services;
mod shapes;
mod sight;
