//! Killed, cut off, broken: nothing is lost, nothing is done twice.
