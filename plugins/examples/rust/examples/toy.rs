//! A server to try the plugin with: `cargo run --example toy`, and then `portprint plugin run`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).map_or(7777, |port| port.parse().expect("the argument is a port"));
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        // A client that goes away is no reason to stop.
        let _ = stream.and_then(|mut stream| {
            for line in BufReader::new(stream.try_clone()?).lines() {
                match line?.as_str() {
                    "HELLO" => stream.write_all(b"shout/1.2\n")?,
                    "BYE" => return stream.write_all(b"see you\n"),
                    _ => return Ok(()),
                }
            }
            Ok(())
        });
    }
    Ok(())
}
