//! Peers on loopback that say what they are told to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

/// What no output may take for more than text.
pub(super) const HOSTILE: [&[u8]; 6] = [
    b"ODD \x1b[31m<script>alert(1)</script>\x9b\r\n",
    b"ODD =cmd|' /C calc'!A0\r\n",
    b"ODD \" onmouseover=\"x--> ]]> &lt; \\\r\n",
    b"ODD caf\xc3\xa9 \xe2\x80\xae\xff\0\x07\r\n",
    b"\x1b]0;owned\x07\x1b[2J\r\n",
    b"<b>no rule knows this</b> -- \xff\xfe\r\n",
];

/// Says something to everybody who connects to the port that it gives.
pub(super) fn says(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || -> std::io::Result<()> {
                let mut stream = stream?;
                stream.write_all(bytes)?;
                stream.read_to_end(&mut Vec::new()).map(drop)
            });
        }
    });
    port
}
