//! How long it takes to find the plugins that a response speaks for: `candidates FOLDER`, the folder of plugins. Prints nanoseconds,
//! the least of many batches.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use portprint_core::handshake::{Evidence, Handshakes};
use portprint_plugin_host::Loader;
use portprint_tables::Protocol;

/// What a web server, a mail server, an SSH server, and one that nobody knows may say.
const RESPONSES: [&[u8]; 4] = [
    b"HTTP/1.1 400 Bad Request\r\nServer: example/1.2\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: text/html\r\n\
      Content-Length: 150\r\nConnection: close\r\n\r\n<html><head><title>400 Bad Request</title></head></html>\r\n",
    b"220 mail.example.org ESMTP ready\r\n",
    b"SSH-2.0-Example_9.6\r\n",
    &[0x5a; 200],
];

fn main() -> std::io::Result<()> {
    const ROUNDS: u32 = 2_000;
    const BATCHES: u32 = 200;
    let mut out = std::io::stdout().lock();
    let folder = std::env::args().nth(1).expect("the argument is a folder of plugins");
    let mut loader = Loader::new();
    let begin = Instant::now();
    let report = loader.folder(Path::new(&folder)).expect("the folder can be read");
    assert!(report.refused.is_empty(), "{report:?}");
    let plugins = loader.finish(Box::new(|fault| eprintln!("{fault}")));
    writeln!(out, "loading {} plugins: {:.1} ms", plugins.len(), begin.elapsed().as_secs_f64() * 1e3)?;
    for response in RESPONSES {
        let evidence = Evidence {
            protocol: Protocol::Tcp,
            port: 40_000,
            service: Some("unheard-of"),
            is_soft: false,
            responses: &[response],
            tls: false,
            inside: None,
        };
        // Whatever else the machine does only adds.
        let least = (0..BATCHES).map(|_| {
            let begin = Instant::now();
            for _ in 0..ROUNDS {
                black_box(plugins.candidates(black_box(&evidence)));
            }
            begin.elapsed() / ROUNDS
        });
        let (least, found) = (least.min().unwrap_or_default().as_nanos(), plugins.candidates(&evidence).len());
        writeln!(out, "{} bytes: {least} ns, {found} candidates", response.len())?;
    }
    Ok(())
}
