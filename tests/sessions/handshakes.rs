//! Handshakes of plugins, after the probes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use portprint_core::handshake::{
    Action, Candidate, Event, Evidence, Fault, Findings, Handshake, Handshakes, PluginId, Target, Wait,
};
use portprint_core::session::{Outcome, PortState, SessionConfig};
use portprint_tables::Protocol;

use super::kit::{Connect, Cut, Peer, Played, SMALL, Say, ms, play_plugins};

/// What a plugin of the tests does: its actions in order, whatever it is told.
#[derive(Clone, Debug)]
pub(super) struct Script {
    name: &'static str,
    is_founded: bool,
    inside: bool,
    actions: Vec<Action>,
}

#[derive(Debug)]
pub(super) struct Plugins {
    scripts: Vec<Script>,
    /// What they were told, and what was asked of them.
    told: Mutex<Vec<String>>,
}

struct Actor {
    actions: std::vec::IntoIter<Action>,
}

impl Plugins {
    pub(super) fn new(scripts: Vec<Script>) -> Self {
        Self { scripts, told: Mutex::default() }
    }
}

impl Handshakes for Plugins {
    fn candidates(&self, evidence: &Evidence<'_>) -> Vec<Candidate> {
        let Evidence { service, is_soft, responses, tls, .. } = *evidence;
        self.told.lock().unwrap().push(format!("{service:?} soft={is_soft} said={} tls={tls}", responses.len()));
        let of = |(index, script): (usize, &Script)| Candidate {
            plugin: PluginId(index as u32),
            inside: script.inside,
            is_founded: script.is_founded,
        };
        let is_there = |(_, script): &(usize, &Script)| !script.inside || evidence.inside.is_some();
        self.scripts.iter().enumerate().filter(is_there).map(of).collect()
    }

    fn open(&self, plugin: PluginId, _: &Target<'_>) -> Result<Box<dyn Handshake>, Fault> {
        let script = &self.scripts[plugin.0 as usize];
        Ok(Box::new(Actor { actions: script.actions.clone().into_iter() }))
    }

    fn name(&self, plugin: PluginId) -> &str {
        self.scripts[plugin.0 as usize].name
    }

    fn overdue(&self, plugin: PluginId) {
        self.told.lock().unwrap().push(format!("{} is overdue", self.name(plugin)));
    }
}

impl Handshake for Actor {
    fn step(&mut self, event: &Event) -> Result<Action, Fault> {
        if event.is_last {
            return Ok(Action::GiveUp);
        }
        self.actions.next().ok_or_else(|| Fault { plugin: "actor".to_owned(), what: format!("{event:?}") })
    }
}

fn founded(name: &'static str, actions: &[Action]) -> Script {
    Script { name, is_founded: true, inside: false, actions: actions.to_vec() }
}

pub(super) fn on_silence(name: &'static str, actions: &[Action]) -> Script {
    Script { is_founded: false, ..founded(name, actions) }
}

pub(super) fn send(bytes: &[u8], min: usize) -> Action {
    Action::Send(bytes.to_vec(), Some(Wait { time: None, min }))
}

fn wait(time: u64) -> Action {
    Action::Wait(Wait { time: Some(ms(time)), min: 1 })
}

fn done(service: &str) -> Action {
    Action::Done(Box::new(Findings { service: service.to_owned(), ..Findings::default() }))
}

/// The last action of a plugin that has put TLS over its connection.
fn goes_inside(service: &str) -> Action {
    Action::Done(Box::new(Findings { service: service.to_owned(), goes_inside: true, ..Findings::default() }))
}

fn play(peer: &Peer, cut: Cut, scripts: Vec<Script>) -> (Played, Vec<String>) {
    play_as(Protocol::Tcp, SessionConfig::default(), peer, cut, scripts)
}

fn play_as(
    protocol: Protocol,
    config: SessionConfig,
    peer: &Peer,
    cut: Cut,
    scripts: Vec<Script>,
) -> (Played, Vec<String>) {
    let plugins = Arc::new(Plugins::new(scripts));
    let played = play_plugins(&SMALL, config, peer, (protocol, 5), cut, Some(plugins.clone()));
    let told = plugins.told.lock().unwrap().clone();
    (played, told)
}

fn found(played: &Played) -> Vec<(&str, &str)> {
    played.report.found.iter().map(|it| (it.plugin.as_str(), it.findings.service.as_str())).collect()
}

#[test]
fn a_silent_port_is_named_by_the_first_in_order_that_knows_it() {
    let peer = Peer::new().answers(b"hello", 30, b"HELLO!").answers(b"slow", 900, b"I AM");
    for cut in [Cut::Whole, Cut::Bytes, Cut::Random(5)] {
        let scripts = vec![
            on_silence("deaf", &[Action::Reconnect, send(b"nobody knows", 1), Action::GiveUp]),
            on_silence("slow", &[Action::Reconnect, send(b"slow", 4), done("slow")]),
            on_silence("quick", &[Action::Reconnect, send(b"hello", 6), done("quick")]),
            on_silence("never", &[Action::Reconnect, send(b"hello", 6), wait(60_000), done("never")]),
        ];
        let (played, told) = play(&peer, cut, scripts);
        assert_eq!(told, ["None soft=false said=0 tls=false"]);
        // The quick one is later in the order; that the slow one knows the peer counts more.
        assert_eq!(found(&played), [("slow", "slow"), ("quick", "quick")], "{}", played.transcript);
        assert_eq!((played.report.state, played.report.outcome), (PortState::Open, Outcome::Identified));
        assert!(played.took < Duration::from_secs(60), "who comes after one that knows is ended: {:?}", played.took);
    }
}

#[test]
fn a_port_that_waits_for_nobody_is_asked_by_plugins_before_it_is_called_wrapped() {
    // It closes what says nothing for a second.
    let peer = Peer::new().greeting(1000, Say::Eof).answers(b"hello", 30, b"HELLO!");
    let script = |actions: &[Action]| vec![on_silence("quick", actions)];
    let (played, told) = play(&peer, Cut::Whole, script(&[Action::Reconnect, send(b"hello", 6), done("quick")]));
    assert_eq!(told.len(), 1, "{}", played.transcript);
    assert_eq!(found(&played), [("quick", "quick")], "{}", played.transcript);
    assert_eq!(played.report.outcome, Outcome::Identified, "{}", played.transcript);
    let (played, _) = play(&peer, Cut::Whole, script(&[Action::Reconnect, send(b"nobody knows", 6), Action::GiveUp]));
    assert!(played.transcript.contains("quick hears Eof"), "{}", played.transcript);
    assert_eq!((found(&played), played.report.outcome), (vec![], Outcome::Tcpwrapped), "{}", played.transcript);
}

#[test]
fn evidence_is_handed_over_and_a_sure_answer_is_kept() {
    let peer = Peer::new().greets(5, b"SSH-2.0-Opend_9\r\n").answers(b"kex", 5, b"keys");
    let script = founded("ssh", &[Action::Reconnect, send(b"kex", 4), done("ssh")]);
    let (played, told) = play(&peer, Cut::Whole, vec![script]);
    assert_eq!(played.transcript.matches(" connect\n").count(), 2, "it wanted one of its own: {}", played.transcript);
    assert_eq!(told, ["Some(\"ssh\") soft=false said=1 tls=false"]);
    assert!(played.transcript.contains("ssh hears Start { request: [], tls: None } SSH-2.0-Opend_9\\r\\n"));
    assert!(played.transcript.contains("hears Data SSH-2.0-Opend_9"), "the greeting of its own connection");
    assert_eq!(found(&played), [("ssh", "ssh")]);
    assert_eq!(played.report.answer.as_ref().expect("the rules' own").service, "ssh");
}

#[test]
fn however_a_connection_ends_the_plugin_hears_of_it() {
    for (peer, heard) in [
        (Peer::new().answers(b"x", 5, b"ab").replies(b"x", 6, Say::Eof), "hears Eof ab"),
        (Peer::new().answers(b"x", 5, b"ab").replies(b"x", 6, Say::Reset), "hears Reset ab"),
        (Peer::new().answers(b"x", 5, b"ab"), "hears Timeout ab"),
        (Peer::new().replies(b"x", 6, Say::Fail), "hears Reset "),
    ] {
        let script = on_silence("x", &[Action::Reconnect, send(b"x", 3), Action::GiveUp]);
        let (played, _) = play(&peer, Cut::Whole, vec![script]);
        assert!(played.transcript.contains(heard), "{heard}: {}", played.transcript);
        assert_eq!(found(&played), []);
        assert_eq!(played.report.outcome, Outcome::Silent);
    }
    let accept = (ms(1), Connect::Accept);
    for (connect, heard) in
        [(Connect::Refuse, "hears Refused"), (Connect::Reset, "hears Reset"), (Connect::Ignore, "hears Timeout")]
    {
        // The small database sends 4 probes on 3 connections to a port that says nothing.
        let config = SessionConfig { connections: 1, ..SessionConfig::default() };
        let connects = [vec![accept; 3], vec![(ms(5), connect)]].concat();
        let peer = Peer::new().connects(connects);
        let script = on_silence("x", &[Action::Reconnect, Action::GiveUp]);
        let (played, _) = play_as(Protocol::Tcp, config, &peer, Cut::Whole, vec![script]);
        assert!(played.transcript.contains(heard), "{heard}: {}", played.transcript);
    }
}

#[test]
fn tls_is_put_over_an_open_connection_and_offered_no_more_where_there_is_none() {
    let starts = [
        Action::Reconnect,
        send(b"STARTTLS", 2),
        Action::StartTls { sni: None, alpn: Vec::new() },
        send(b"in", 2),
        done("x"),
    ];
    let config = SessionConfig { tls: true, ..SessionConfig::default() };
    let outside = Peer::new().answers(b"STARTTLS", 5, b"go");
    let peer = outside.clone().speaks_tls(Peer::new().answers(b"in", 5, b"ok"));
    let (played, _) = play_as(Protocol::Tcp, config, &peer, Cut::Whole, vec![on_silence("x", &starts)]);
    assert!(played.transcript.contains("hears TlsReady"), "{}", played.transcript);
    assert_eq!(found(&played), [("x", "x")]);
    assert!(played.report.tls_info.is_some());
    for (peer, config) in [(outside, config), (peer, SessionConfig::default())] {
        let (played, _) = play_as(Protocol::Tcp, config, &peer, Cut::Whole, vec![on_silence("x", &starts)]);
        assert!(played.transcript.contains("hears TlsFailed"), "{}", played.transcript);
        // It goes on sending on what is closed, and hears so.
        assert!(played.transcript.contains("hears Reset"), "{}", played.transcript);
    }
}

#[test]
fn a_plugin_that_goes_on_for_ever_is_told_once_that_its_time_is_over() {
    let drips = [vec![Action::Reconnect], vec![wait(700); 500]].concat();
    let (played, _) = play(&Peer::new(), Cut::Whole, vec![on_silence("endless", &drips)]);
    assert!(played.took > Duration::from_secs(20) && played.took < Duration::from_secs(40), "{:?}", played.took);
    assert_eq!(found(&played), []);
    // A fault of a plugin is the end of its handshake alone.
    let scripts = vec![on_silence("faulty", &[]), on_silence("x", &[done("x")])];
    let (played, _) = play(&Peer::new(), Cut::Whole, scripts);
    assert_eq!(found(&played), [("x", "x")]);
}

#[test]
fn silence_is_worth_so_many_connections_and_no_more() {
    let scripts: Vec<_> =
        (0..40).map(|_| on_silence("x", &[Action::Reconnect, send(b"x", 1), Action::GiveUp])).collect();
    for most in [0, 3, 16] {
        let config = SessionConfig { handshakes: most, ..SessionConfig::default() };
        let (played, _) = play_as(Protocol::Tcp, config, &Peer::new(), Cut::Whole, scripts.clone());
        assert_eq!(played.transcript.matches("hears Start").count(), most);
    }
    // Who wants more connections gets what is left of them, unless the peer has answered.
    let greedy =
        [Action::Reconnect, send(b"x", 1), Action::Reconnect, send(b"x", 1), Action::Reconnect, Action::GiveUp];
    for (peer, opened) in [(Peer::new(), 5), (Peer::new().answers(b"x", 1, b"what?"), 6)] {
        let config = SessionConfig { handshakes: 5, ..SessionConfig::default() };
        let greedy = vec![on_silence("x", &greedy), on_silence("x", &greedy)];
        let (played, _) = play_as(Protocol::Tcp, config, &peer, Cut::Whole, greedy);
        let after = played.transcript.split_once("hears Start").expect("they begin").1;
        assert_eq!(after.matches(" connect\n").count(), opened, "{after}");
    }
    let (played, _) = play(&Peer::new(), Cut::Whole, scripts);
    let waits = 3 * SessionConfig::ADAPTIVE_FLOOR + ms(100);
    let without = play(&Peer::new(), Cut::Whole, Vec::new()).0.took;
    assert!(played.took <= without + waits, "six at a time: {:?} and {without:?}", played.took);
}

#[test]
fn who_answers_datagrams_is_open_even_if_the_plugin_does_not_know_the_answer() {
    for (peer, expected) in [
        (Peer::new().answers(b"ask", 5, b"what?"), (PortState::Open, Outcome::Unrecognized)),
        (Peer::new(), (PortState::OpenFiltered, Outcome::Silent)),
    ] {
        let script = on_silence("x", &[Action::Reconnect, send(b"ask", 1), Action::GiveUp]);
        let (played, _) = play_as(Protocol::Udp, SessionConfig::default(), &peer, Cut::Whole, vec![script]);
        assert_eq!((played.report.state, played.report.outcome), expected, "{}", played.transcript);
    }
}

#[test]
fn datagrams_come_one_at_a_time() {
    let peer = Peer::new().answers(b"ask", 5, b"one").replies(b"ask", 6, Say::Bytes(b"two".to_vec()));
    let actions = [Action::Reconnect, send(b"ask", 1), wait(100), wait(100), done("x")];
    let (played, _) =
        play_as(Protocol::Udp, SessionConfig::default(), &peer, Cut::Whole, vec![on_silence("x", &actions)]);
    for heard in ["hears Datagram one", "hears Datagram two", "hears Timeout"] {
        assert!(played.transcript.contains(heard), "{heard}: {}", played.transcript);
    }
    assert_eq!(played.report.state, PortState::Open, "who answers is open");
}

#[test]
fn datagrams_that_nobody_takes_close_the_port_unless_somebody_has_answered() {
    let talks = on_silence("talks", &[Action::Reconnect, send(b"ask", 1), Action::GiveUp]);
    let refused = [(ms(1), Connect::Refuse)];
    let answers = Peer::new().answers(b"ask", 5, b"one");
    for (peer, is_closed) in [
        (Peer::new().connects(refused), true),
        (answers.connects([(ms(1), Connect::Accept), refused[0]]), false),
        (Peer::new(), false),
    ] {
        let scripts = vec![talks.clone(), talks.clone()];
        let (played, _) = play_as(Protocol::Udp, SessionConfig::default(), &peer, Cut::Whole, scripts);
        let summary = played.summary();
        assert_eq!(summary.starts_with("closed refused"), is_closed, "{summary}\n{}", played.transcript);
    }
}

#[test]
fn the_connection_of_a_greeting_is_handed_over_to_the_first_in_order() {
    let greeting = b"SSH-2.0-Opend_9\r\n";
    let peer = Peer::new().greets(5, greeting).answers(b"kex", 5, b"keys");
    let script = |name| founded(name, &[send(b"kex", 4), done("ssh")]);
    let reopens = founded("reopens", &[Action::Reconnect, send(b"kex", 4), done("ssh")]);
    for cut in [Cut::Whole, Cut::Bytes, Cut::Random(3)] {
        let (played, _) = play(&peer, cut, vec![script("first"), reopens.clone()]);
        let text = &played.transcript;
        assert!(text.contains("first hears Start { request: [], tls: None } SSH-2.0-Opend_9\\r\\n"), "{text}");
        assert!(text.contains("first hears Data keys"), "{text}");
        assert_eq!(found(&played), [("first", "ssh"), ("reopens", "ssh")]);
        assert_eq!(
            text.matches(" connect\n").count(),
            2,
            "one for the greeting and the first, one for the other: {text}"
        );
        assert_eq!(text.matches(" close\n").count(), 2, "{text}");
    }
    // Who closes meanwhile is heard to have closed.
    let closing = Peer::new().greets(5, greeting).greeting(400, Say::Eof);
    let (played, _) = play(&closing, Cut::Whole, vec![founded("waits", &[wait(2000), done("ssh")])]);
    assert!(played.transcript.contains("waits hears Eof"), "{}", played.transcript);
    // Where only silence speaks for a plugin, or something was sent on the connection, or the peer has closed, it gets its own.
    let asked =
        Peer::new().greets(5, b"hm\r\n").answers(b"GET / HTTP/1.0\r\n\r\n", 5, b"HTTP/1.0 200 \r\nServer: Tinyd/1\r\n");
    let closed = Peer::new().greets(5, greeting).greeting(6, Say::Eof);
    for (peer, script) in [(&peer, on_silence("x", &[wait(10)])), (&asked, script("x")), (&closed, script("x"))] {
        let (played, _) = play(peer, Cut::Whole, vec![script]);
        let (before, after) = played.transcript.split_once("x hears Start").expect("it begins");
        assert_eq!(before.matches(" connect\n").count(), before.matches(" close\n").count(), "{before}{after}");
    }
}

#[test]
fn behind_starttls_the_rules_ask_again() {
    let config = SessionConfig { tls: true, ..SessionConfig::default() };
    let tls = Action::StartTls { sni: None, alpn: Vec::new() };
    // What is said before, and "go".
    let starttls = |greeting: usize, service| {
        [Action::Reconnect, send(b"STARTTLS", greeting + 2), tls.clone(), goes_inside(service)]
    };
    let get = b"GET / HTTP/1.0\r\n\r\n";
    let http = Peer::new().answers(get, 5, b"HTTP/1.0 200 \r\nServer: Tinyd/7\r\n");
    let help = Peer::new().answers(b"HELP\r\n", 5, b"220 in FTP\r\n214 help\r\n");
    let silent = Peer::new().answers(b"STARTTLS", 5, b"go");
    let soft = silent.clone().greets(1, b"220 out FTP\r\n");
    let sure = silent.clone().greets(1, b"SSH-2.0-Opend_9\r\n");
    // Outside, inside, what the plugin says, what was asked inside, and the answer that came of it.
    for (outside, greeting, inside, service, asked, answer) in [
        (&silent, 0, &http, "http", vec!["Get"], Some((false, "http"))),
        (&silent, 0, &Peer::new().answers(get, 5, b"HTTP/1.0 200 \r\n"), "http", vec!["Get"], Some((true, "http"))),
        (&silent, 0, &Peer::new().answers(get, 5, b"what?"), "http", vec!["Get"], None),
        (&silent, 0, &Peer::new().replies(get, 5, Say::Eof), "http", vec!["Get"], None),
        (&silent, 0, &Peer::new().replies(get, 5, Say::Reset), "http", vec!["Get"], None),
        (&silent, 0, &Peer::new(), "http", vec!["Get"], None),
        (&silent, 0, &http, "nobody knows", vec![], None),
        // The rules' own name for it decides what is asked; the second needs a connection of its own.
        (&soft, 13, &help, "http", vec!["Lines", "Help"], Some((false, "ftp"))),
        (&sure, 17, &http, "ssh", vec![], None),
    ] {
        let peer = outside.clone().speaks_tls(inside.clone());
        for cut in [Cut::Whole, Cut::Bytes, Cut::Random(9)] {
            let scripts = vec![founded("starttls", &starttls(greeting, service))];
            let (played, _) = play_as(Protocol::Tcp, config, &peer, cut, scripts);
            let text = &played.transcript;
            let begun = |line: &str| line.split_once(" begins ").map(|(_, name)| name.to_owned());
            let after = text.split_once("hears Start").expect("the plugin begins").1;
            assert_eq!(after.lines().filter_map(begun).collect::<Vec<_>>(), asked, "{text}");
            assert_eq!(
                after.matches("hears TlsReady").count(),
                asked.len().max(1),
                "each on its own connection: {text}"
            );
            assert_eq!(found(&played), [("starttls", service)], "once: {text}");
            let behind = played.report.found[0].answer.as_ref().map(|it| (it.soft, it.service.as_str()));
            assert_eq!(behind, answer, "{text}");
            assert_eq!(text.matches(" connect\n").count(), text.matches(" close\n").count(), "{text}");
        }
    }
    // What was found stays if the way cannot be gone a second time, and if the session is given up.
    let accept = (ms(1), Connect::Accept);
    let once = soft.connects([vec![accept; 4], vec![(ms(5), Connect::Refuse)]].concat()).speaks_tls(Peer::new());
    let config = SessionConfig { connections: 1, ..config };
    let (played, _) =
        play_as(Protocol::Tcp, config, &once, Cut::Whole, vec![founded("starttls", &starttls(13, "ftp"))]);
    assert!(played.transcript.contains("hears Refused"), "{}", played.transcript);
    assert_eq!(found(&played), [("starttls", "ftp")]);
}

#[test]
fn a_plugin_that_finds_tls_where_the_rules_do_not_sends_the_session_inside() {
    let config = SessionConfig { tls: true, ..SessionConfig::default() };
    let tls = on_silence("tls", &[Action::Reconnect, send(b"modern hello", 2), done("ssl")]);
    let again = Script { inside: true, ..founded("again", &[Action::Reconnect, send(b"kex", 4), done("ssh")]) };
    let ssh = Peer::new().greets(5, b"SSH-2.0-Opend_9\r\n").answers(b"kex", 5, b"keys");
    let refuses = Peer::new().greeting(1, Say::Eof);
    let both = vec![tls.clone(), again];
    for (inside, scripts, outcome, service, plugins) in [
        (&ssh, &both, Outcome::Identified, Some("ssh"), vec![("tls", "ssl"), ("again", "ssh")]),
        (&Peer::new(), &vec![tls.clone()], Outcome::Unrecognized, None, vec![("tls", "ssl")]),
        (&refuses, &vec![tls], Outcome::Tcpwrapped, None, vec![("tls", "ssl")]),
    ] {
        let peer = Peer::new().answers(b"modern hello", 5, b"\x16\x03").speaks_tls(inside.clone());
        for cut in [Cut::Whole, Cut::Bytes, Cut::Random(7)] {
            let (played, told) = play_as(Protocol::Tcp, config, &peer, cut, scripts.clone());
            let text = &played.transcript;
            assert_eq!(text.matches("tls hears Start").count(), 1, "outside once: {text}");
            assert!(told.len() == 2 && told[1].ends_with("tls=true"), "{told:?}");
            let report = &played.report;
            assert_eq!((report.outcome, report.tls), (outcome, true), "{text}");
            assert_eq!(report.answer.as_ref().map(|it| it.service.as_str()), service, "{text}");
            assert_eq!(found(&played), plugins, "{text}");
            let opened = text.matches(" connect").count() - text.matches(" connected").count();
            assert_eq!(opened, text.matches(" close\n").count(), "{text}");
        }
    }
    // Without TLS of the driver's own, that it is spoken is all that is known.
    let peer = Peer::new().answers(b"modern hello", 5, b"\x16\x03").speaks_tls(ssh);
    let (played, told) = play(&peer, Cut::Whole, both);
    assert_eq!((told.len(), found(&played)), (1, vec![("tls", "ssl")]));
}
