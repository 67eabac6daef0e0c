//! How an answer is completed before it is judged.

use portprint_core::session::{Report, SessionConfig};

use super::kit::{Connect, Cut, Peer, SMALL, Say, ms, play, play_with};

const BANNER: &[u8] = b"SSH-2.0-Opend_9.6\r\n";

#[test]
fn a_hit_waits_until_the_peer_is_quiet() {
    let played = play(&Peer::new().greets(10, BANNER), 22);
    assert_eq!(played.took, ms(1 + 10 + 20));
    assert_eq!(
        played.summary(),
        "open identified ssh p=Opend v=9.6 i=protocol 2.0 cpe:/a:opend:opend:9.6 [small:5 NULL] sent=0"
    );
    assert_eq!(played.report.banner, BANNER);
}

#[test]
fn the_settle_time_is_four_times_the_connect_time_within_bounds() {
    for (connect, settle) in [(0, 20), (5, 20), (6, 24), (100, 400), (125, 500), (2000, 500)] {
        let peer = Peer::new().connects([(ms(connect), Connect::Accept)]).greets(0, BANNER);
        assert_eq!(play(&peer, 22).took, ms(connect + settle), "connect time {connect}");
        let config = SessionConfig { settle: Some(ms(77)), ..SessionConfig::default() };
        assert_eq!(play_with(&SMALL, config, &peer, 22, Cut::Whole).took, ms(connect + 77));
    }
}

#[test]
fn a_closed_connection_is_complete() {
    let played = play(&Peer::new().greets(10, BANNER).greeting(12, Say::Eof), 22);
    assert_eq!(played.took, ms(13));
    assert!(played.summary().contains("identified ssh"));
}

#[test]
fn the_whole_is_judged_and_not_its_beginning() {
    // The beginning is `exact`; the whole is not, and nothing else either.
    let peer = Peer::new().greets(1, b"EXACT\r\n").greets(15, b"and more\r\n");
    let played = play(&peer, 22);
    assert!(played.summary().starts_with("open unrecognized"), "{}", played.summary());
    // More than a settle time later it is too late.
    let peer = Peer::new().greets(1, b"EXACT\r\n").greets(25, b"and more\r\n");
    assert!(play(&peer, 22).summary().starts_with("open identified exact"));
}

#[test]
fn a_whole_that_is_better_than_its_beginning_is_found() {
    let peer = Peer::new().answers(b"GET / HTTP/1.0\r\n\r\n", 1, b"HTTP/1.1 200 ok\r\n").answers(
        b"GET / HTTP/1.0\r\n\r\n",
        10,
        b"Server: Tinyd/3\r\n\r\n",
    );
    assert_eq!(play(&peer, 80).summary(), "open identified http p=Tinyd v=3 [small:18 Get] sent=1");
}

#[test]
fn an_unknown_answer_is_waited_on_as_long_as_patience_lasts() {
    // A second part after 900 ms still counts, after 1100 ms no more; without adapting, nmap's wait decides.
    let two = |gap: u64| Peer::new().greets(1, b"unknown\r\n").greets(1 + gap, b"ABCDEFGH\r\n");
    assert!(play(&two(900), 22).summary().contains("identified stream"));
    let played = play(&two(1100), 22);
    assert!(played.transcript.contains("1002 #1 ends NULL timed out"), "{}", played.transcript);
    let patient = SessionConfig { adaptive: false, ..SessionConfig::default() };
    let played = play_with(&SMALL, patient, &two(5500), 22, Cut::Whole);
    assert!(played.summary().ends_with("[small:8 NULL] sent=0"), "{}", played.summary());
}

#[test]
fn a_late_greeting_is_waited_for() {
    let played = play(&Peer::new().greets(5900, BANNER), 22);
    assert!(played.summary().contains("identified ssh"));
    assert_eq!(played.took, ms(1 + 5900 + 20));
}

#[test]
fn a_stream_without_end_is_cut_off() {
    let mut peer = Peer::new();
    for time in 0..5000 {
        peer = peer.greets(time, b"0123456789ABCDEFGH0123456789\r\n");
    }
    let played = play(&peer, 22);
    assert!(played.summary().contains("identified stream"));
    assert_eq!(played.report.banner.len(), Report::BANNER);
    // 64 KiB at 30 bytes a millisecond.
    assert!(played.took < ms(2300), "{:?}", played.took);
    let config = SessionConfig { max_response: 1000, ..SessionConfig::default() };
    assert!(play_with(&SMALL, config, &peer, 22, Cut::Whole).took < ms(100));
}

#[test]
fn a_peer_that_drips_is_not_followed_for_ever() {
    let mut peer = Peer::new().greets(0, BANNER);
    for time in 1..10_000 {
        peer = peer.greets(time * 10, b".");
    }
    assert!(play(&peer, 22).took <= ms(6100));
}

#[test]
fn a_long_answer_that_nothing_knows_is_not_waited_on() {
    let peer = Peer::new().greets(1, &[b'x'; 5000]);
    let played = play(&peer, 5);
    // And the connection is used again, with its bytes.
    assert!(
        played.transcript.starts_with(
            "\
0 #1 connect
1 #1 connected
1 #1 begins NULL
2 #1 5000 bytes
22 #1 timed out
22 #1 ends NULL settled
22 #1 send \\r\\n\\r\\n
22 #1 begins Lines
"
        ),
        "{}",
        played.transcript
    );
    assert_eq!(played.summary(), "open unrecognized sent=3");
}

#[test]
fn judging_does_not_grow_with_the_square_of_the_answer() {
    let long = vec![b'x'; 60_000];
    let peer = Peer::new().greets(1, &long).greeting(2, Say::Eof);
    let played = play_with(&SMALL, SessionConfig::default(), &peer, 5, Cut::Bytes);
    // Four connections, each judged when it has grown by an eighth.
    assert!(played.judged < 4 * 100, "{}", played.judged);
}
