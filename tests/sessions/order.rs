//! Which probe comes when, on which connection.

use portprint_core::session::SessionConfig;

use super::kit::{Cut, Peer, SMALL, Say, ms, play, play_with};

fn probes(intensity: u8, peer: &Peer, port: u16) -> String {
    let config = SessionConfig { intensity, ..SessionConfig::default() };
    play_with(&SMALL, config, peer, port, Cut::Whole).probes()
}

#[test]
fn probes_that_list_the_port_go_first_whatever_their_rarity() {
    let silent = Peer::new();
    assert_eq!(probes(7, &silent, 5), "NULL Lines Get Help");
    assert_eq!(probes(7, &silent, 80), "NULL Get Lines Help");
    assert_eq!(probes(7, &silent, 8050), "NULL Get Lines Help");
    assert_eq!(probes(7, &silent, 21), "NULL Lines Help Get");
    assert_eq!(probes(7, &silent, 7777), "NULL Rare Rarest Lines Get Help");
}

#[test]
fn intensity_filters_the_others_by_rarity() {
    let silent = Peer::new();
    assert_eq!(probes(0, &silent, 5), "NULL");
    assert_eq!(probes(0, &silent, 7777), "NULL Rare Rarest");
    assert_eq!(probes(1, &silent, 5), "NULL Lines Get");
    assert_eq!(probes(8, &silent, 5), "NULL Lines Get Help Rare");
    assert_eq!(probes(9, &silent, 5), "NULL Lines Get Help Rare Rarest");
}

#[test]
fn the_plan_says_the_same() {
    for (intensity, port) in [(7, 5), (7, 80), (7, 7777), (0, 7777), (9, 21)] {
        let plan = portprint_core::session::plan(&SMALL, portprint_tables::Protocol::Tcp, port, intensity);
        let names: Vec<_> = plan.iter().map(|id| String::from_utf8_lossy(SMALL.probe(*id).name())).collect();
        assert_eq!(names.join(" "), probes(intensity, &Peer::new(), port));
    }
}

#[test]
fn after_a_soft_match_only_probes_with_own_lines_of_that_service_are_sent() {
    // Rarest has an own line for ftp, though it is too rare otherwise; its fallback to Get does not count.
    let ftp = Peer::new().greets(1, b"220 small.example FTP ready.\r\n");
    assert_eq!(probes(7, &ftp, 5), "NULL Lines Help Rarest");
    assert_eq!(probes(7, &ftp, 80), "NULL Lines Help Rarest");
    // At 9 all are sent all the same.
    assert_eq!(probes(9, &ftp, 5), "NULL Lines Get Help Rare Rarest");
    // What was passed before the soft match is not visited again.
    let http = Peer::new().answers(b"rare", 1, b"HTTP/1.0 200 ok\r\n");
    assert_eq!(probes(7, &http, 7777), "NULL Rare Rarest Lines Get Help", "Rare has no line for http");
    let http = Peer::new().answers(b"rarest", 1, b"HTTP/1.0 200 ok\r\n");
    assert_eq!(probes(7, &http, 7777), "NULL Rare Rarest Get");
}

#[test]
fn a_silent_port_is_asked_everything_in_turn() {
    let played = play(&Peer::new(), 5);
    assert_eq!(
        played.transcript,
        "\
0 #1 connect
1 #1 connected
1 #1 begins NULL
6001 #1 timed out
6001 #1 ends NULL timed out
6001 #1 send \\r\\n\\r\\n
6001 #1 begins Lines
7001 #1 timed out
7001 #1 ends Lines timed out
7001 #1 close
7001 #2 connect
7002 #2 connected
7002 #2 send GET / HTTP/1.0\\r\\n\\r\\n
7002 #2 begins Get
8002 #2 timed out
8002 #2 ends Get timed out
8002 #2 close
8002 #3 connect
8003 #3 connected
8003 #3 send HELP\\r\\n
8003 #3 begins Help
9003 #3 timed out
9003 #3 ends Help timed out
9003 #3 close
"
    );
    assert_eq!(played.summary(), "open silent sent=3");
}

#[test]
fn waits_follow_the_database_the_peer_and_the_user() {
    let took = |config: SessionConfig, connect: u64| {
        let peer = Peer::new().connects([(ms(connect), super::kit::Connect::Accept)]);
        play_with(&SMALL, config, &peer, 5, Cut::Whole).took.as_millis()
    };
    let patient = SessionConfig { adaptive: false, ..SessionConfig::default() };
    // NULL 6000, Lines and Get 5000, Help 7500.
    assert_eq!(took(patient, 0), 23_500);
    // One second each but for NULL.
    assert_eq!(took(SessionConfig::default(), 0), 9000);
    // Ten times the connect time; three connections.
    assert_eq!(took(SessionConfig::default(), 200), 6000 + 3 * 2000 + 3 * 200);
    // Never more than the database says.
    assert_eq!(took(SessionConfig::default(), 900), 6000 + 2 * 5000 + 7500 + 3 * 900);
    let capped = SessionConfig { probe_timeout: Some(ms(300)), ..SessionConfig::default() };
    assert_eq!(took(capped, 0), 4 * 300);
    assert_eq!(took(SessionConfig { probe_timeout: Some(ms(300)), ..patient }, 0), 4 * 300);
}

#[test]
fn a_banner_is_kept_on_the_connection_that_is_used_again() {
    // The line of Lines needs both.
    let ftp = Peer::new().greets(1, b"220 small.example FTP ready.\r\n").answers(b"\r\n\r\n", 1, b"500 what?\r\n");
    let played = play(&ftp, 5);
    assert_eq!(
        played.summary(),
        "open identified ftp p=Slowd i=anonymous h=host.example [small:13 Lines] sent=1",
        "{}",
        played.transcript
    );
    assert_eq!(played.report.banner, b"220 small.example FTP ready.\r\n500 what?\r\n");
    assert!(!played.transcript.contains("#2"), "{}", played.transcript);
    // On a new connection only that connection's bytes count.
    let ftp = Peer::new().greets(1, b"220 small.example FTP ready.\r\n").answers(b"HELP\r\n", 1, b"214 help\r\n");
    let played = play(&ftp, 5);
    assert_eq!(played.summary(), "open identified ftp p=Helpd i=anonymous h=host.example [small:24 Help] sent=2");
}

#[test]
fn after_an_end_of_file_there_is_nothing_to_keep() {
    let ftp = Peer::new().greets(1, b"220 small.example FTP ready.\r\n").greeting(50, Say::Eof).answers(
        b"\r\n\r\n",
        60,
        b"500 what?\r\n",
    );
    let config = SessionConfig { settle: Some(ms(200)), ..SessionConfig::default() };
    let played = play_with(&SMALL, config, &ftp, 5, Cut::Whole);
    assert!(played.transcript.contains("ends NULL closed"), "{}", played.transcript);
    assert!(played.transcript.contains("#2 begins Lines"), "{}", played.transcript);
}

#[test]
fn a_fallback_answers_for_another_probe() {
    let peer = Peer::new().answers(b"rarest", 1, b"HTTP/1.1 200 ok\r\nServer: Tinyd/1.5\r\n\r\n");
    assert_eq!(play(&peer, 7777).summary(), "open identified http p=Tinyd v=1.5 [small:18 Get] sent=2");
}
