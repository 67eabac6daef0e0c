//! The scanner over real sockets on loopback.
