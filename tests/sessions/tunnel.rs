//! TLS, UDP, and the text for services that nobody knows.

use portprint_core::session::{Heading, SessionConfig, fingerprint};
use portprint_tables::{Database, Protocol};

use super::kit::{Connect, Cut, Peer, Played, SMALL, Say, compile, ms, play, play_over};

const RULES: &str = r"
Probe TCP NULL q||
totalwaitms 6000
match ssh m|^SSH-([\d.]+)-| p/Opend/
softmatch ftp m|^220 |
Probe TCP Hello q|hello|
rarity 1
match ssl m|^\x16\x03| p/Outer/
match plain m|^plain|
Probe TCP Get q|GET|
rarity 1
ports 80
sslports 443
match http m|^HTTP| p/Inner/
Probe UDP Ask q|ask|
rarity 1
match asked m|^yes| p/Askd/
softmatch maybe m|^maybe|
Probe UDP Rare q|rare|
rarity 9
ports 99
match rare m|^RARE|
";

fn database() -> Database<'static> {
    compile(&[("tunnel", RULES)])
}

fn play_tls(peer: &Peer, port: u16) -> Played {
    let config = SessionConfig { tls: true, ..SessionConfig::default() };
    play_over(&database(), config, peer, (Protocol::Tcp, port), Cut::Whole)
}

/// Speaks TLS to who says hello so.
fn tls(inside: Peer) -> Peer {
    Peer::new().answers(b"hello", 1, b"\x16\x03\x03").speaks_tls(inside)
}

#[test]
fn everything_begins_again_inside_tls() {
    for (name, inside, port, expected, probes) in [
        (
            "a page",
            Peer::new().answers(b"GET", 1, b"HTTP/1.1 200"),
            443,
            "identified http p=Inner",
            "NULL Hello Get NULL Get Hello",
        ),
        (
            "a page elsewhere",
            Peer::new().answers(b"GET", 1, b"HTTP/1.1"),
            5,
            "identified http p=Inner",
            "NULL Hello Get NULL Hello Get",
        ),
        ("a greeting", Peer::new().greets(1, b"SSH-2.0-x"), 5, "identified ssh p=Opend", "NULL Hello Get NULL"),
        (
            "TLS again",
            Peer::new().answers(b"hello", 1, b"\x16\x03\x01"),
            5,
            "identified ssl p=Outer",
            "NULL Hello Get NULL Hello Get",
        ),
        ("nothing", Peer::new(), 5, "unrecognized", "NULL Hello Get NULL Hello Get"),
        ("something", Peer::new().greets(1, b"what?"), 5, "unrecognized", "NULL Hello Get NULL Hello Get"),
    ] {
        let played = play_tls(&tls(inside), port);
        let summary = played.summary();
        assert!(summary.starts_with(&format!("open {expected}")), "{name}: {summary}\n{}", played.transcript);
        assert_eq!(played.probes(), probes, "{name}:\n{}", played.transcript);
        assert!(played.report.tls, "{name}");
        let version = played.report.tls_info.as_ref().map(|info| info.version.as_str());
        assert_eq!(version, Some("TLSv1.3"), "{name}");
    }
}

#[test]
fn where_tls_is_not_to_be_had_it_is_known_all_the_same() {
    let no_tls = Peer::new().answers(b"hello", 1, b"\x16\x03\x03");
    let played = play_tls(&no_tls, 5);
    assert!(played.summary().starts_with("open unrecognized sent="), "{}", played.transcript);
    assert!(played.report.tls && played.report.tls_info.is_none());
    assert_eq!(played.report.banner, b"\x16\x03\x03");
    // The hit is the answer if the driver cannot go inside.
    let database = database();
    let played = play_over(&database, SessionConfig::default(), &tls(Peer::new()), (Protocol::Tcp, 5), Cut::Whole);
    assert!(played.summary().starts_with("open identified ssl p=Outer"), "{}", played.transcript);
    assert!(!played.transcript.contains("with TLS"));
    let (accept, ignore) = ((ms(1), Connect::Accept), (ms(1), Connect::Ignore));
    let played = play_tls(&no_tls.connects([accept, accept, accept, ignore]), 5);
    assert!(played.summary().starts_with("open timeout sent="), "{}", played.transcript);
}

fn play_udp(peer: &Peer, port: u16) -> Played {
    play_over(&database(), SessionConfig::default(), peer, (Protocol::Udp, port), Cut::Whole)
}

#[test]
fn datagrams() {
    for (name, peer, port, expected) in [
        ("answers", Peer::new().answers(b"ask", 1, b"yes"), 5, "open identified asked p=Askd"),
        ("answers softly", Peer::new().answers(b"ask", 1, b"maybe"), 5, "open soft maybe?"),
        ("answers something", Peer::new().answers(b"ask", 1, b"no"), 5, "open unrecognized"),
        ("is silent", Peer::new(), 5, "open|filtered silent sent=1"),
        ("lists the port", Peer::new().answers(b"rare", 1, b"RARE"), 99, "open identified rare"),
        (
            "is closed",
            Peer::new().replies(b"ask", 1, Say::Reset).connects([(ms(0), Connect::Accept)]),
            5,
            "closed reset",
        ),
    ] {
        let played = play_udp(&peer, port);
        assert!(played.summary().starts_with(expected), "{name}: {}\n{}", played.summary(), played.transcript);
    }
    // They do not come in bursts.
    let busy = Peer::new().answers(b"ask", 1, b"hm").answers(b"rare", 1, b"RARE").pauses(45);
    let config = SessionConfig { intensity: 9, ..SessionConfig::default() };
    let played = play_over(&database(), config, &busy, (Protocol::Udp, 5), Cut::Whole);
    assert!(played.summary().starts_with("open identified rare"), "{}", played.transcript);
    let silent = play_udp(&Peer::new(), 99);
    assert_eq!(silent.probes(), "Rare Ask");
    assert!(silent.took < ms(1500), "{:?}", silent.took);
}

#[test]
fn a_fingerprint_shows_what_was_said() {
    let heading = Heading {
        port: 5,
        protocol: Protocol::Tcp,
        intensity: 7,
        version: "1.0",
        platform: "p",
        date: (8, 6),
        time: 0x6A73_0000,
    };
    let text = |played: &Played| fingerprint(&played.report, &SMALL, &heading);
    // nmap's way to escape: NUL before a digit, punctuation, white space, everything else.
    let played = play(&Peer::new().answers(b"HELP\r\n", 1, b"a b\0c\x001.?\"\\\r\n\t\x80~").otherwise(1, Say::Eof), 5);
    assert_eq!(
        text(&played).as_deref(),
        Some(concat!(
            "SF-Port5-TCP:V=1.0%I=7%D=8/6%Time=6A730000%P=p%r(Help,10,\"a\\x20b\\0c\\x001\\.",
            "\nSF:\\?\\\"\\\\\\r\\n\\t\\x80~\");"
        ))
    );
    // A greeting is there again where its connection was used again; a response that a match line knows is not.
    let played = play(&Peer::new().greets(1, b"hm"), 5);
    let shown = text(&played).expect("nothing matched");
    assert!(shown.contains("%r(NULL,2,\"hm\")%r(Get"), "{shown}");
    assert_eq!(text(&play(&Peer::new().greets(1, b"SSH-2.0-Opend_1\r\n"), 5)), None);
    assert_eq!(text(&play(&Peer::new(), 5)), None);
    // At most 900 bytes of a response, with its whole length; lines of 74 characters and three more.
    let played = play(&Peer::new().greets(1, &[b'x'; 5000]), 5);
    let shown = text(&played).expect("nothing matched");
    assert!(shown.replace("\nSF:", "").contains(&format!("%r(NULL,1388,\"{}\")", "x".repeat(900))), "{shown}");
    assert!(shown.lines().all(|line| line.len() <= 74), "{shown}");
    assert!(shown.len() < 3300, "{}", shown.len());
}
