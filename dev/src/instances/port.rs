//! Free ports of the loopback address.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 on macOS), so that no
/// connection takes the port of a server that is just restarting.
const PORTS: Range<u16> = 20_000..32_000;

/// A port of 127.0.0.1 that nobody listens on and that this process was not handed before; `None` if all are
/// taken. Another process may still be quicker: be ready to take another one.
pub fn free() -> Option<u16> {
    static HANDED_OUT: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut handed_out = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    let span = PORTS.end - PORTS.start;
    let start = RandomState::new().build_hasher().finish() % u64::from(span);
    let start = u16::try_from(start).unwrap_or(0);
    let mut ports = (0..span).map(|step| PORTS.start + (start + step) % span);
    let port =
        ports.find(|port| !handed_out.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())?;
    handed_out.insert(port);
    Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_handed_out_twice() {
        let ports: BTreeSet<u16> = (0..200).filter_map(|_| free()).collect();
        assert_eq!(ports.len(), 200);
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }
}
