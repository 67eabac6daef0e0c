//! Several sources: a later one never changes an answer of an earlier one.

use portprint_core::session::SessionConfig;
use portprint_tables::Database;

use super::kit::{Cut, Peer, Played, compile, play_with};

const FIRST: &str = r"
Probe TCP NULL q||
totalwaitms 6000
match ssh m|^SSH-| p/First/
softmatch mail m|^220 |
Probe TCP Get q|GET|
rarity 1
match http m|^HTTP| p/First/
softmatch mail m|^MAIL|
Probe TCP Rare q|rare|
rarity 9
match mail m|^221| p/First/
";

const SECOND: &str = r"
Probe TCP NULL q||
match hello m|^HELLO| p/Second/
softmatch maybe m|^MAYBE|
Probe TCP MyGet q|GET|
rarity 1
ports 5
match http m|.| p/Second/
Probe TCP MyRare q|rare|
rarity 1
match rare m|^RARE| p/Second/
Probe TCP Mine q|mine|
rarity 1
match mine m|^MINE| p/Second/
match maybe m|^SURE| p/Second/
Probe TCP Other q|other|
rarity 1
match other m|^OTHER| p/Second/
";

fn database() -> Database<'static> {
    compile(&[("first", FIRST), ("second", SECOND)])
}

fn play(peer: &Peer, port: u16) -> Played {
    play_with(&database(), SessionConfig::default(), peer, port, Cut::Whole)
}

#[test]
fn probes_of_a_later_source_come_after_all_of_the_first() {
    // MyGet is Get and is not sent again; MyRare is Rare, which was too rare before.
    assert_eq!(play(&Peer::new(), 5).probes(), "NULL Get Rare Mine Other");
}

#[test]
fn the_first_source_answers_first() {
    let played = play(&Peer::new().answers(b"GET", 1, b"HTTP/1.0\r\n"), 5);
    assert_eq!(played.summary(), "open identified http p=First [first:7 Get] sent=1");
}

#[test]
fn a_later_hit_does_not_end_the_scan() {
    // The greeting is known to the second source only; the first one's probe still finds its own answer.
    let played = play(&Peer::new().greets(1, b"HELLO\r\n").answers(b"GET", 1, b"\r\n"), 5);
    assert_eq!(played.summary(), "open identified hello p=Second [second:2 NULL] sent=1", "{}", played.transcript);
    let peer = Peer::new().greets(1, b"HELLO\r\n").answers(b"GET", 1, b"");
    assert_eq!(play(&peer, 5).probes(), "NULL Get", "the first source is asked to its end, the second one no more");
}

#[test]
fn a_later_hit_does_not_steer_the_scan() {
    let played = play(&Peer::new().greets(1, b"MAYBE\r\n"), 5);
    assert_eq!(played.probes(), "NULL Get Mine", "Get is sent; then only what knows the service");
    assert_eq!(played.summary(), "open soft maybe? [second:3 NULL] sent=2");
    let played = play(&Peer::new().answers(b"mine", 1, b"SURE"), 5);
    assert_eq!(played.summary(), "open identified maybe p=Second [second:14 Mine] sent=3");
}

#[test]
fn a_soft_answer_of_the_first_source_is_final() {
    let played = play(&Peer::new().answers(b"GET", 1, b"MAIL\r\n").answers(b"mine", 1, b"MINE"), 5);
    assert_eq!(played.summary(), "open soft mail? [first:8 Get] sent=2");
    assert_eq!(played.probes(), "NULL Get Rare");
}

#[test]
fn site_rules_are_asked_first_when_they_come_first() {
    let database = compile(&[("second", SECOND), ("first", FIRST)]);
    let played = play_with(&database, SessionConfig::default(), &Peer::new(), 5, Cut::Whole);
    assert_eq!(played.probes(), "NULL MyGet MyRare Mine Other");
    let peer = Peer::new().answers(b"GET", 1, b"HTTP/1.0\r\n");
    let played = play_with(&database, SessionConfig::default(), &peer, 5, Cut::Whole);
    assert_eq!(played.summary(), "open identified http p=Second [second:7 MyGet] sent=1");
}
