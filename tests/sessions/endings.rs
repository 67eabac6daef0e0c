//! How conversations end.

use std::time::Duration;

use portprint_core::session::{Action, Input, Outcome, PortState, Session, SessionConfig};
use portprint_core::{Matcher, Scratch};
use portprint_tables::Protocol;

use super::kit::{Connect, Cut, Peer, SMALL, Say, ms, play, play_with};

#[test]
fn endings() {
    let accept = (ms(1), Connect::Accept);
    let soft = || Peer::new().greets(1, b"220 a.example FTP ready.\r\n");
    for (name, peer, expected) in [
        ("refuses", Peer::new().connects([(ms(1), Connect::Refuse)]), "closed refused sent=0"),
        ("ignores", Peer::new().connects([(ms(1), Connect::Ignore)]), "filtered timeout sent=0"),
        ("cannot be reached", Peer::new().connects([(ms(1), Connect::Unreachable)]), "filtered error sent=0"),
        ("closes at once", Peer::new().greeting(1, Say::Eof), "open tcpwrapped sent=0"),
        ("resets at once", Peer::new().greeting(1, Say::Reset), "open tcpwrapped sent=0"),
        ("resets before we look", Peer::new().connects([(ms(1), Connect::Reset)]), "open tcpwrapped sent=0"),
        (
            "is silent, then resets before we look",
            Peer::new().otherwise(1, Say::Reset).connects([accept, (ms(1), Connect::Reset)]),
            "open reset sent=3",
        ),
        ("closes after 4 s, always", Peer::new().greeting(4000, Say::Eof), "open tcpwrapped sent=3"),
        ("is silent", Peer::new(), "open silent sent=3"),
        ("is silent and closes on data", Peer::new().otherwise(1, Say::Eof), "open silent sent=3"),
        ("is silent and resets on data", Peer::new().otherwise(1, Say::Reset), "open reset sent=3"),
        ("is unknown", Peer::new().greets(1, b"hm\r\n"), "open unrecognized sent=3"),
        ("is unknown and closes", Peer::new().greets(1, b"hm\r\n").greeting(2, Say::Eof), "open unrecognized sent=3"),
        ("is soft", soft(), "open soft ftp? i=anonymous h=host.example [small:7 NULL] sent=3"),
        ("speaks of TLS", Peer::new().greets(1, b"VAULT"), "open identified ssl/vault p=Vaultd [small:9 NULL] sent=0"),
        (
            "is soft and dies",
            soft().otherwise(1, Say::Eof).connects([accept, (ms(1), Connect::Refuse)]),
            "open refused ftp? i=anonymous h=host.example [small:7 NULL] sent=1",
        ),
        (
            "is soft and fails",
            soft().otherwise(1, Say::Fail),
            "open error ftp? i=anonymous h=host.example [small:7 NULL] sent=1",
        ),
        (
            "closes after 4 s and dies",
            Peer::new().greeting(4000, Say::Eof).connects([accept, (ms(1), Connect::Refuse)]),
            "open tcpwrapped sent=0",
        ),
        (
            "is silent and dies",
            Peer::new().otherwise(1, Say::Reset).connects([accept, (ms(1), Connect::Ignore)]),
            "open timeout sent=1",
        ),
    ] {
        let played = play(&peer, 5);
        assert_eq!(played.summary(), expected, "{name}:\n{}", played.transcript);
    }
}

#[test]
fn the_first_response_is_kept_when_none_decides() {
    let peer = Peer::new().answers(b"\r\n\r\n", 1, b"first").answers(b"HELP\r\n", 1, b"second");
    assert_eq!(play(&peer, 5).report.banner, b"first");
}

#[test]
fn the_first_connection_is_tried_again() {
    let peer = Peer::new().connects([(ms(1), Connect::Ignore), (ms(1), Connect::Ignore), (ms(1), Connect::Accept)]);
    for (retries, expected) in
        [(0, "filtered timeout sent=0"), (1, "filtered timeout sent=0"), (2, "open silent sent=3")]
    {
        let config = SessionConfig { retries, ..SessionConfig::default() };
        assert_eq!(play_with(&SMALL, config, &peer, 5, Cut::Whole).summary(), expected);
    }
}

#[test]
fn a_server_that_starts_again_is_asked_to_the_end() {
    let peer = Peer::new().otherwise(1, Say::Reset).answers(
        b"GET / HTTP/1.0\r\n\r\n",
        1,
        b"HTTP/1.0 200 ok\r\nServer: Tinyd/1",
    );
    let (accept, refuse) = ((ms(1), Connect::Accept), (ms(1), Connect::Refuse));
    let peer = peer.connects([accept, refuse, refuse, accept]);
    let played = play(&peer, 5);
    assert!(played.summary().contains("identified http"), "{}", played.transcript);
    assert!(
        played.transcript.contains(
            "\
6002 #1 close
6002 #2 connect
6003 #2 refused
6103 #2 timed out
6103 #2 close
6103 #3 connect
6104 #3 refused
7104 #3 timed out
7104 #3 close
7104 #4 connect
7105 #4 connected
"
        ),
        "{}",
        played.transcript
    );
}

#[test]
fn an_excluded_port_is_only_looked_at() {
    let peer = Peer::new().greets(1, b"SSH-2.0-Opend_1\r\n");
    let played = play(&peer, 9100);
    assert_eq!(played.summary(), "open excluded sent=0");
    assert_eq!(played.transcript, "0 #1 connect\n1 #1 connected\n1 #1 close\n");
    let config = SessionConfig { all_ports: true, ..SessionConfig::default() };
    assert!(play_with(&SMALL, config, &peer, 9100, Cut::Whole).summary().contains("identified ssh"));
    let nobody = Peer::new().connects([(ms(1), Connect::Refuse)]);
    assert_eq!(play(&nobody, 9100).summary(), "closed refused sent=0");
    let resets = Peer::new().connects([(ms(1), Connect::Reset)]);
    assert_eq!(play(&resets, 9100).summary(), "open excluded sent=0");
}

/// A session that was told `inputs`, each a second after the one before, and is then given up.
fn abandoned(inputs: &[Input<'_>], outcome: Outcome) -> portprint_core::session::Report {
    let config = SessionConfig { connections: 1, ..SessionConfig::default() };
    let mut scratch = Scratch::default();
    let mut session = Session::new(&Matcher::new(&SMALL), config, Protocol::Tcp, 5);
    let mut now = Duration::ZERO;
    for input in inputs {
        let conn = loop {
            match session.next() {
                Action::Wait { conn, .. } => break conn,
                Action::Done(report) => return report.clone(),
                _ => {}
            }
        };
        now += ms(1000);
        session.handle(now, conn, *input, &mut scratch);
    }
    session.abandon(outcome, &mut scratch);
    loop {
        if let Action::Done(report) = session.next() {
            return report.clone();
        }
    }
}

#[test]
fn a_session_that_is_given_up_keeps_what_it_has() {
    let report = abandoned(&[], Outcome::Error);
    assert_eq!((report.state, report.outcome), (PortState::Filtered, Outcome::Error));
    let report = abandoned(&[Input::Connected], Outcome::Timeout);
    assert_eq!((report.state, report.outcome), (PortState::Open, Outcome::Timeout));
    let report = abandoned(&[Input::Connected, Input::Data(b"220 a.example FTP")], Outcome::Timeout);
    assert_eq!(report.outcome, Outcome::Timeout);
    assert_eq!(report.answer.as_ref().map(|answer| answer.service.as_str()), Some("ftp"));
    assert_eq!(report.banner, b"220 a.example FTP");
}

#[test]
fn any_input_at_any_time_is_taken() {
    // Inputs that make no sense where they come must not upset anything.
    let inputs = [
        Input::Connected,
        Input::Data(b""),
        Input::Data(b"220 a.example FTP"),
        Input::Eof,
        Input::Refused,
        Input::Reset,
        Input::TimedOut,
        Input::Failed,
    ];
    let mut random = super::kit::Random(1);
    for _ in 0..2000 {
        let chosen: Vec<_> = (0..random.below(20)).map(|_| inputs[random.below(inputs.len())]).collect();
        let report = abandoned(&chosen, Outcome::Error);
        assert!(report.state == PortState::Open || report.answer.is_none());
    }
}
