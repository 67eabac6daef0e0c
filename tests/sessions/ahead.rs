//! Probes that are sent ahead of their turn: sooner done, and the answer is that of their order.

use std::collections::BTreeSet;
use std::time::Duration;

use portprint_core::session::{Action, Input, Outcome, PortState, Session, SessionConfig, TlsInfo};
use portprint_core::{Matcher, Scratch};
use portprint_tables::Protocol;

use super::kit::{Connect, Cut, Peer, Played, Random, SMALL, Say, ms, play_over, play_with};

const PAYLOADS: [&[u8]; 5] = [b"\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"HELP\r\n", b"rare", b"rarest"];

fn play(peer: &Peer, port: u16) -> Played {
    play_over(&SMALL, SessionConfig::default(), peer, (Protocol::Tcp, port), Cut::Whole)
}

fn in_turn(peer: &Peer, port: u16) -> Played {
    play_with(&SMALL, SessionConfig::default(), peer, port, Cut::Whole)
}

/// A peer that answers some payloads, soon enough that no wait is over before.
fn random_peer(random: &mut Random) -> Peer {
    let is_serial = random.below(3) == 0;
    let slowest = if is_serial { 90 } else { 180 };
    let answers: [&[u8]; 9] = [
        b"lines ok",
        b"HTTP/1.1 200 ok\r\nServer: Tinyd/3\r\n",
        b"HTTP/1.0 404 no\r\n",
        b"214 help\r\n",
        b"RARE",
        b"500 what?\r\n",
        b"220 a.example FTP ready.\r\n",
        b"who knows\r\n",
        b"ABCDEFGH",
    ];
    let mut peer = Peer::new();
    if random.below(3) == 0 {
        let greeting: [&[u8]; 3] = [b"220 a.example FTP ready.\r\n", b"who are you?\r\n", b"SSH-2.0-Opend_1\r\n"];
        peer = peer.greets(random.below(900) as u64, greeting[random.below(3)]);
    }
    for payload in PAYLOADS {
        if random.below(2) == 0 {
            peer = peer.answers(payload, random.below(slowest) as u64, answers[random.below(answers.len())]);
            match random.below(4) {
                0 => peer = peer.replies(payload, 181, Say::Eof),
                1 => peer = peer.replies(payload, 181, Say::Reset),
                _ => {}
            }
        } else if random.below(3) == 0 {
            let end = if random.below(2) == 0 { Say::Eof } else { Say::Reset };
            peer = peer.replies(payload, random.below(90) as u64, end);
        }
    }
    if is_serial { peer.serial() } else { peer }
}

#[test]
fn the_answer_is_that_of_the_order() {
    let mut random = Random(7);
    for round in 0..3000 {
        let peer = random_peer(&mut random);
        let port = [5, 21, 80, 7777][random.below(4)];
        let (ahead, in_turn) = (play(&peer, port), in_turn(&peer, port));
        let said = |played: &Played| {
            let summary = played.summary();
            summary[..summary.rfind(" sent=").expect("it ends so")].to_owned()
        };
        assert_eq!(
            said(&ahead),
            said(&in_turn),
            "round {round}, port {port}\nahead:\n{}\nin turn:\n{}",
            ahead.transcript,
            in_turn.transcript
        );
    }
}

#[test]
fn a_silent_port_is_done_soon_and_asked_everything() {
    let played = play(&Peer::new(), 5);
    assert_eq!(played.summary(), "open silent sent=3");
    assert_eq!(played.probes(), "NULL Lines Get Help");
    // The greeting is waited for in full; each of the others is then given a moment at the head of the order.
    assert!((ms(6000)..ms(6500)).contains(&played.took), "{:?}", played.took);
}

#[test]
fn a_port_that_answers_a_probe_is_not_waited_on_for_a_greeting() {
    let page = b"HTTP/1.1 200 ok\r\nServer: Tinyd/3\r\n";
    let played = play(&Peer::new().answers(b"GET / HTTP/1.0\r\n\r\n", 1, page), 80);
    assert!(played.summary().starts_with("open identified http p=Tinyd v=3"), "{}", played.summary());
    assert!(played.took < ms(1100), "{:?}", played.took);
    assert_eq!(played.probes(), "NULL Get Lines", "nothing is sent behind what has been found");
}

#[test]
fn a_port_that_greets_is_asked_nothing_else() {
    let played = play(&Peer::new().greets(150, b"SSH-2.0-Opend_9\r\n"), 5);
    assert_eq!(played.summary().rsplit(' ').next(), Some("sent=0"));
    assert!(!played.transcript.contains("#2"), "{}", played.transcript);
}

#[test]
fn a_server_for_one_client_at_a_time_answers() {
    let page = b"HTTP/1.1 200 ok\r\nServer: Tinyd/3\r\n";
    let played = play(&Peer::new().serial().answers(b"GET / HTTP/1.0\r\n\r\n", 50, page), 5);
    assert!(played.summary().starts_with("open identified http p=Tinyd v=3"), "{}", played.transcript);
}

/// Like iperf3: whatever a client does, the server starts anew after it, and who waits by then is reset. It answers to what is long enough.
#[test]
fn a_server_that_starts_anew_after_each_client_answers() {
    let config = SessionConfig { intensity: 9, ..SessionConfig::default() };
    let others = [None, Some((b"GET / HTTP/1.0\r\n\r\n".as_slice(), Say::Eof)), Some((b"HELP\r\n", Say::Reset))];
    for late in [0, 1, 20, 90, 110, 210, 310, 390] {
        for away in [0, 1, 30, 150, 900] {
            for other in &others {
                let mut peer = Peer::new().restarts(late, away).answers(b"rare", 1, b"RARE");
                if let Some((payload, end)) = other {
                    peer = peer.answers(payload, 1, b"what?").replies(payload, 1, end.clone());
                }
                let played = play_over(&SMALL, config, &peer, (Protocol::Tcp, 5), Cut::Whole);
                assert!(
                    played.summary().starts_with("open identified rare"),
                    "{late} ms late, {away} ms away, {other:?}: {}\n{}",
                    played.summary(),
                    played.transcript
                );
                assert!(played.took < ms(17_000), "{}", played.transcript);
            }
        }
    }
}

#[test]
fn where_a_connection_ahead_is_refused_no_more_are_opened() {
    let (accept, refuse) = ((ms(1), Connect::Accept), (ms(1), Connect::Refuse));
    let page = b"HTTP/1.1 200 ok\r\nServer: Tinyd/3\r\n";
    let peer = Peer::new().answers(b"GET / HTTP/1.0\r\n\r\n", 50, page).connects([accept, refuse, refuse, accept]);
    let played = play(&peer, 5);
    assert!(played.summary().starts_with("open identified http p=Tinyd v=3"), "{}", played.transcript);
    assert_eq!(played.transcript.matches("refused").count(), 1, "{}", played.transcript);
}

#[test]
fn a_port_that_lets_in_nothing_beside_the_first_is_asked_to_the_end() {
    let mut random = Random(3);
    for _ in 0..200 {
        let peer = random_peer(&mut random).connects([(ms(random.below(50) as u64), Connect::Accept)]);
        let config = SessionConfig { connections: 1 + random.below(5), ..SessionConfig::default() };
        let played = play_over(&SMALL, config, &peer, (Protocol::Tcp, 5), Cut::Whole);
        assert!(played.took < Duration::from_secs(30), "{}", played.transcript);
    }
}

/// Whatever happens and whenever, the session ends, speaks only on connections that it has opened, and closes each of them once.
#[test]
fn any_input_at_any_time_is_taken() {
    let info = TlsInfo::default();
    let inputs = [
        Input::Connected,
        Input::Secured(&info),
        Input::TlsFailed,
        Input::Held,
        Input::Data(b""),
        Input::Data(b"220 a.example FTP"),
        Input::Data(b"HTTP/1.0 200 ok\r\n"),
        Input::Data(b"who knows"),
        Input::Eof,
        Input::Refused,
        Input::Reset,
        Input::TimedOut,
        Input::Failed,
    ];
    let mut random = Random(5);
    for round in 0..4000 {
        let config = SessionConfig {
            connections: 1 + random.below(17),
            tls: true,
            retries: random.below(3) as u32,
            notes: random.below(2) == 0,
            ..SessionConfig::default()
        };
        let protocol = if random.below(4) == 0 { Protocol::Udp } else { Protocol::Tcp };
        let mut session = Session::new(&Matcher::new(&SMALL), config, protocol, 5);
        let (mut scratch, mut now) = (Scratch::default(), Duration::ZERO);
        let (mut open, mut known) = (BTreeSet::new(), Vec::new());
        // After a while nothing happens but that time passes.
        let lively = random.below(400);
        for step in 0.. {
            assert!(step < 20_000, "round {round} does not end");
            match session.next() {
                Action::Connect { conn, .. } => {
                    assert!(open.insert(conn), "round {round}: {conn} is opened twice");
                    known.push(conn);
                }
                Action::Send { conn, bytes } => {
                    assert!(open.contains(&conn) && !bytes.is_empty(), "round {round}: sent on {conn}");
                }
                Action::Close { conn } => assert!(open.remove(&conn), "round {round}: {conn} is not open"),
                Action::StartTls { .. } | Action::Handshake { .. } | Action::Forget(_) => {
                    panic!("there are no plugins")
                }
                Action::Note(_) => {}
                Action::Wait { conn, until } => {
                    if step < lively && random.below(3) > 0 {
                        now += ms(random.below(300) as u64);
                        let conn = known[random.below(known.len())];
                        session.handle(now, conn, inputs[random.below(inputs.len())], &mut scratch);
                    } else {
                        now = now.max(until);
                        session.handle(now, conn, Input::TimedOut, &mut scratch);
                    }
                    if random.below(2000) == 0 {
                        session.abandon(Outcome::Timeout, &mut scratch);
                    }
                }
                Action::Done(report) => {
                    assert!(report.state == PortState::Open || report.answer.is_none(), "round {round}");
                    break;
                }
            }
        }
        assert!(open.is_empty(), "round {round}: {open:?} stay open");
    }
}
