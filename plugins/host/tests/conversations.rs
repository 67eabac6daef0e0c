//! Recordings with a plugin that keeps the rules, and the checks that it passes.

use std::sync::mpsc::channel;

use portprint_plugin_host::check::{CheckOptions, Corpus, check, fuzz, hammer};
use portprint_plugin_host::fixture::Recorder;
use portprint_plugin_host::{Delivery, Fixture, replay, replay_session};

use crate::toys::{Greeter, Securer, plugin};

const SMTP: &str = r#"# A mail server.
target tcp 25
> connect
< connected
< data "220 mail.exa"
< data "mple ESMTP\r\n"
> send "EHLO a\r\n"
< data "250-mail.example\r\n"
< data "250-SIZE 10240000\r\n250 HELP\r\n"
= service "smtp"
= product "mail.example ESMTP"
"#;

const CUT_OFF: &str = r#"target tcp 25
seen "220 x\r\n" open
> send "EHLO a\r\n"
< data "250-"
< reset
= service "smtp"
= product "x"
= partial
"#;

const OTHER: &str = r#"target tcp 25
> connect
< refused
= give-up
"#;

fn fixtures() -> Vec<Fixture> {
    [("smtp", SMTP), ("cut-off", CUT_OFF), ("other", OTHER)]
        .map(|(name, text)| Fixture::parse(name, text).unwrap())
        .to_vec()
}

#[test]
fn the_same_comes_of_all_cuts() {
    for fixture in fixtures() {
        for delivery in Delivery::ALL {
            replay(&plugin::<Greeter>(), &fixture, delivery).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn departures_are_shown_beside_the_recording() {
    let error = |from: &str, to: &str| {
        let fixture = Fixture::parse("smtp", &SMTP.replace(from, to)).unwrap();
        replay(&plugin::<Greeter>(), &fixture, Delivery::Whole).unwrap_err().to_string()
    };
    assert_eq!(
        error("EHLO a", "HELO b"),
        "smtp, whole, step 4: not as recorded\n  recorded            | plugin\n  > send \"HELO b\\r\\n\" ! > send \"EHLO a\\r\\n\""
    );
    assert_eq!(
        error("product \"mail.example ESMTP\"", "product \"mail\"\n= partial"),
        "smtp, whole, step 6: not as recorded\n  \
           recorded         | plugin\n  \
           = service \"smtp\" | = service \"smtp\"\n  \
           = product \"mail\" ! = product \"mail.example ESMTP\"\n  \
           = partial        ! "
            .trim_end()
    );
    assert!(error("250 HELP\\r\\n\"", "250 HELP\\r\\n\"\n> send \"QUIT\"").contains("> send \"QUIT\" ! = service"));
}

#[test]
fn checks_pass() {
    let report = check(&plugin::<Greeter>(), &fixtures(), &CheckOptions::default());
    assert!(report.is_ok(), "{report}");
    eprintln!("{report}");
}

#[test]
fn a_fuzzer_drives_sessions() {
    let plugin = plugin::<Greeter>();
    for seed in 0..2000_u32 {
        let data: Vec<u8> =
            (0..seed % 97).map(|at| (at.wrapping_mul(seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        fuzz(&plugin, &Corpus::default(), &data).unwrap();
    }
}

/// Its speed is printed: `cargo test --release -p portprint-plugin-host -- hammered --nocapture`.
#[test]
fn a_plugin_is_hammered() {
    let executions = if cfg!(debug_assertions) { 20_000 } else { 3_000_000 };
    let hammered = hammer(&plugin::<Greeter>(), &fixtures(), 0..executions).unwrap();
    assert_eq!(hammered.executions, executions);
    eprintln!("hammer: {hammered}");
}

#[test]
fn a_replay_that_is_recorded_gives_the_recording() {
    for fixture in fixtures() {
        let target = fixture.target();
        let (sender, kept) = channel();
        let session = Box::new(plugin::<Greeter>().open(&target, 0).unwrap());
        let keep = Box::new(move |fixture| sender.send(fixture).unwrap());
        replay_session(&mut Recorder::new(session, &target, keep), &fixture, Delivery::Whole).unwrap();
        let recorded: Fixture = kept.recv().unwrap();
        assert_eq!(recorded.to_string(), Fixture { notes: Vec::new(), ..fixture }.to_string());
    }
}

const SECURED: &str = r#"target tcp 21 host=ftp.example
> connect
< connected
< data "220 x\r\n"
> send "AUTH TLS\r\n"
< data "234 go\r\n"
> tls sni=a.example alpn=ftp,"\x00"
< tls-ready version=TLSv1.3 subject="CN=a b"
= service "echo"
= product "CN=a b"
= inside
"#;

const NOT_SECURED: &str = r#"target tcp 21
> connect
< connected
< data "220 x\r\n"
> send "AUTH TLS\r\n"
< data "234 go\r\n"
> tls sni=a.example alpn=ftp,"\x00"
< tls-failed
= give-up
"#;

const WITHIN: &str = r#"target tls 990
tls version=TLSv1.3 subject="CN=c"
> connect
< timeout
= service "echo"
= product "CN=c"
= partial
"#;

const DATAGRAMS: &str = r#"target udp 21
seen "" open
> send "AUTH TLS\r\n"
< datagram "220 x\n234 y\n"
= service "echo"
"#;

#[test]
fn other_transports() {
    let all = [("secured", SECURED), ("not-secured", NOT_SECURED), ("within", WITHIN), ("datagrams", DATAGRAMS)];
    let fixtures = all.map(|(name, text)| Fixture::parse(name, text).unwrap());
    let report = check(&plugin::<Securer>(), &fixtures, &CheckOptions::default());
    assert!(report.is_ok(), "{report}");
    hammer(&plugin::<Securer>(), &fixtures, 0..10_000).unwrap();
}
