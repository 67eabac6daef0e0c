//! A verdict is a function of the bytes, not of how the network cut them.

use portprint_core::session::SessionConfig;

use super::kit::{Cut, Peer, SMALL, Say, play_with};

fn peers() -> Vec<(&'static str, u16, Peer)> {
    let get = b"GET / HTTP/1.0\r\n\r\n";
    let page = [&b"HTTP/1.1 200 OK\r\nDate: today\r\nServer: Tinyd/2.1\r\n\r\n"[..], &[b'p'; 9000]].concat();
    let soft_page = [&b"HTTP/1.1 404 no\r\n\r\n"[..], &[b'q'; 3000]].concat();
    vec![
        ("banner", 22, Peer::new().greets(3, b"SSH-2.0-Opend_9.6p1\r\n")),
        ("banner and close", 22, Peer::new().greets(3, b"SSH-2.0-Opend_9.6p1\r\n").greeting(20, Say::Eof)),
        ("a beginning that matches, a whole that does not", 22, Peer::new().greets(3, b"EXACT\r\nEXACT\r\n")),
        ("soft banner", 21, Peer::new().greets(3, b"220 a.example FTP ready.\r\n").otherwise(1, Say::Eof)),
        (
            "soft banner and hard reply",
            5,
            Peer::new().greets(3, b"220 a.example FTP ready.\r\n").answers(b"\r\n\r\n", 1, b"500 unknown command\r\n"),
        ),
        ("page", 80, Peer::new().answers(get, 3, &page).otherwise(1, Say::Reset)),
        ("page and close", 5, Peer::new().answers(get, 3, &page).replies(get, 40, Say::Eof)),
        ("soft page", 80, Peer::new().answers(get, 3, &soft_page)),
        ("long unknown banner", 5, Peer::new().greets(3, &[b'x'; 5000])),
        ("unknown banner", 5, Peer::new().greets(3, b"who knows\r\n")),
        ("the line is far in", 5, Peer::new().greets(3, &[&[b'x'; 20_000][..], b"ABCDEFGH"].concat())),
    ]
}

#[test]
fn cut_anywhere_the_verdict_is_the_same() {
    for (name, port, peer) in peers() {
        // A second between any two pieces of random cuts would be another conversation; some milliseconds are not.
        let play = |cut| play_with(&SMALL, SessionConfig::default(), &peer, port, cut);
        let whole = play(Cut::Whole);
        for cut in [Cut::Bytes].into_iter().chain((0..40).map(Cut::Random)) {
            let played = play(cut);
            assert_eq!(played.report, whole.report, "{name}, {cut:?}:\n{}", played.transcript);
            assert_eq!(played.probes(), whole.probes(), "{name}, {cut:?}");
        }
    }
}
