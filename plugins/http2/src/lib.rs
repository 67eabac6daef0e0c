//! HTTP/2 and gRPC: what speaks HTTP/2 from the first byte on, or agrees on it in TLS, and the software behind it.
//!
//! # What it sends
//! 1. HTTP/2's connection preface, a `SETTINGS` frame, and once the server's have come, their acknowledgement.
//! 2. `HEAD /`.
//! 3. Where that is not served (no answer, an error, or one of gRPC): gRPC's standard health check for the server as a whole,
//!    `POST /grpc.health.v1.Health/Check` with an empty message. It changes nothing.
//! 4. `GOAWAY`.
//!
//! First on a plain connection. Where what comes back may be of a port that wants TLS (an alert, "400 Bad Request", nothing at all), the same
//! inside TLS, with `h2` and `http/1.1` offered; if `h2` is not chosen, nothing is sent there.
//!
//! # Names
//! nmap has `grpc`, and no name for HTTP/2 alone. What answers as gRPC does is `grpc`. Where HTTP/1 is spoken on the same port, which is so
//! in TLS nearly always, it is `http`: the service that rules name there. A port of HTTP/2 alone is `http2`, since who comes with HTTP/1
//! is not understood there.
//!
//! # Source
//! RFC 9113 (HTTP/2: sections 3.3, 3.4, 4.1, 5.1, 6, 8.1), RFC 7541 (HPACK, with its appendices A and B); gRPC's documents "gRPC over HTTP2" and
//! "GRPC Health Checking Protocol".

mod grpc;
mod handshake;
mod hpack;
mod huffman;
mod software;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Http2;

impl Plugin for Http2 {
    const ABOUT: About = About {
        id: "http2",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "HTTP/2 with prior knowledge or by ALPN, its settings, the server's name; gRPC, and whether it is healthy",
        sends: "HTTP/2's preface, HEAD /, and gRPC's health check where / is not served; plain, or inside TLS",
        services: &["http", "http2", "grpc"],
        transports: transport::TCP,
        ports: &[443, 80, 8443, 8080, 50051, 50052, 9090, 2379, 10250],
        triggers: &[
            Trigger::Service("http"),
            Trigger::Service("https"),
            Trigger::Service("http-proxy"),
            Trigger::Service("grpc"),
            Trigger::Service("http2"),
            Trigger::Tls,
            // Servers of HTTP/2 alone say SETTINGS at once, or answer HTTP/1.
            Trigger::SilentRare,
            // SETTINGS with no entry, or up to seven.
            Trigger::Prefix(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x0c\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x18\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x1e\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x24\x04\x00\x00\x00\x00\x00"),
            Trigger::Prefix(b"\x00\x00\x2a\x04\x00\x00\x00\x00\x00"),
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Http2);
