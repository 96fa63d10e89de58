//! What a device must not be able to do, whatever it sends.
