//! When plugins are worth trying, in which order, and when no more.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use portprint_core::handshake::{Candidate, Evidence, Fault, Handshakes, Limits, PluginId, Target};
use portprint_core::session::TlsInfo;
use portprint_plugin_abi as abi;
use portprint_plugin_host::{Loader, Plugins};
use portprint_tables::Protocol;

use crate::toys::{Toy, described, plugin, start, trigger};

const TCP: u32 = abi::TRANSPORT_TCP;
const UDP: u32 = abi::TRANSPORT_UDP;
const TLS: u32 = abi::TRANSPORT_TLS;

/// A plugin by its number in this list; it panics whenever it runs.
#[derive(Default)]
struct Numbered<const N: usize>;

impl<const N: usize> Toy for Numbered<N> {
    fn description() -> abi::Description {
        let on = |kind, value| trigger(kind, 0, value);
        let literal = |value| trigger(abi::TRIGGER_LITERAL, 0, value);
        let start = |value| trigger(abi::TRIGGER_LITERAL, abi::TRIGGER_AT_START, value);
        let (id, transports, triggers, port) = match N {
            0 => ("a-start", TCP, vec![start(b"SSH-")], 22),
            1 => ("b-literal", TCP, vec![literal(b"SSH-2"), literal(b"H-2.0")], 22),
            2 => ("c-service", TCP | UDP, vec![on(abi::TRIGGER_SERVICE, b"Ms-Sql")], 1433),
            3 => ("d-silent", TCP, vec![on(abi::TRIGGER_SILENT, b"")], 1),
            4 => ("e-silent", TCP | TLS, vec![on(abi::TRIGGER_SILENT, b"")], 2),
            5 => ("f-alpn", TLS, vec![on(abi::TRIGGER_ALPN, b"h2")], 443),
            6 => ("g-tls", TCP | TLS, vec![on(abi::TRIGGER_TLS, b"")], 443),
            7 => ("h-inside", TLS, vec![start(b"SSH-"), on(abi::TRIGGER_SERVICE, b"http")], 443),
            _ => ("i-udp", UDP, vec![literal(b"\0\0"), on(abi::TRIGGER_SILENT, b"")], 53),
        };
        described(id, transports, triggers, vec![port])
    }

    fn step(&mut self, _: &abi::Event, _: &[u8], _: &mut abi::Action) -> i32 {
        abi::STATUS_PANIC
    }
}

type Told = Arc<Mutex<Vec<String>>>;

fn plugins() -> (Plugins, Told) {
    let mut loader = Loader::new();
    // The order in which they are added is not that of the set.
    let all = [
        plugin::<Numbered<8>>(),
        plugin::<Numbered<3>>(),
        plugin::<Numbered<1>>(),
        plugin::<Numbered<0>>(),
        plugin::<Numbered<2>>(),
        plugin::<Numbered<7>>(),
        plugin::<Numbered<6>>(),
        plugin::<Numbered<5>>(),
        plugin::<Numbered<4>>(),
    ];
    all.into_iter().for_each(|plugin| loader.plugin(plugin).unwrap());
    let error = loader.plugin(plugin::<Numbered<0>>()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this program: its id is \"a-start\", and so is that of this program: remove one of them"
    );
    let told = Told::default();
    let ears = Arc::clone(&told);
    (loader.finish(Box::new(move |fault: &Fault| ears.lock().unwrap().push(fault.to_string()))), told)
}

const NOTHING: Evidence<'_> = Evidence {
    protocol: Protocol::Tcp,
    port: 2,
    service: None,
    is_soft: false,
    responses: &[],
    tls: false,
    inside: None,
};

/// The names of candidates, with `+` if they are inside TLS and `?` if all that speaks for them is silence.
fn names(plugins: &Plugins, evidence: Evidence<'_>) -> String {
    let name = |it: &Candidate| {
        let (inside, founded) = (if it.inside { "+" } else { "" }, if it.is_founded { "" } else { "?" });
        format!("{}{inside}{founded}", plugins.name(it.plugin))
    };
    plugins.candidates(&evidence).iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn candidates_come_in_the_order_of_what_speaks_for_them() {
    let (plugins, _) = plugins();
    let names = |evidence| names(&plugins, evidence);
    let said = |responses| Evidence { responses, ..NOTHING };
    assert_eq!(names(said(&[b"SSH-2.0-x"])), "a-start b-literal");
    assert_eq!(names(said(&[b"", b"xSSH-2.0", b"y"])), "b-literal", "it is not at the beginning");
    assert_eq!(names(said(&[b"ssh-2.0"])), "", "literals are exact");
    assert_eq!(names(said(&[b"x", b"SSH-1"])), "a-start");
    let service = Evidence { service: Some("MS-SQL"), responses: &[b"SSH-2.0"], ..NOTHING };
    assert_eq!(names(service), "c-service a-start b-literal");
    assert_eq!(names(NOTHING), "e-silent? d-silent?", "the one of the port first");
    assert_eq!(names(Evidence { port: 9, responses: &[b"", b""], ..NOTHING }), "d-silent? e-silent?");
    assert_eq!(names(Evidence { tls: true, ..NOTHING }), "g-tls", "who speaks TLS is not silent");
    assert_eq!(names(Evidence { service: Some("x"), ..NOTHING }), "");
}

#[test]
fn datagrams_are_for_their_plugins() {
    let (plugins, _) = plugins();
    let udp = Evidence { protocol: Protocol::Udp, ..NOTHING };
    assert_eq!(names(&plugins, udp), "i-udp?");
    assert_eq!(names(&plugins, Evidence { responses: &[b"x\0\0"], ..udp }), "i-udp");
    assert_eq!(names(&plugins, Evidence { service: Some("ms-sql"), responses: &[b"SSH-2.0"], ..udp }), "c-service");
}

#[test]
fn inside_and_outside_of_tls() {
    let (plugins, _) = plugins();
    let tls = TlsInfo { alpn: Some("h2".to_owned()), ..TlsInfo::default() };
    let inside = Evidence { tls: true, inside: Some(&tls), ..NOTHING };
    assert_eq!(names(&plugins, inside), "f-alpn+ g-tls+ g-tls e-silent+?");
    let http = Evidence { service: Some("http"), responses: &[b"SSH-2.0"], ..inside };
    assert_eq!(
        names(&plugins, http),
        "h-inside+ f-alpn+ g-tls+ g-tls",
        "what was said inside is not for the stream outside"
    );
}

fn target() -> Target<'static> {
    Target {
        host: "x",
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 1,
        protocol: Protocol::Tcp,
        inside: false,
        can_secure: true,
        limits: Limits::default(),
    }
}

#[test]
fn after_three_faults_a_plugin_is_used_no_more() {
    let (plugins, told) = plugins();
    let (silent, other) = (PluginId(3), PluginId(4));
    for _ in 0..3 {
        assert!(plugins.candidates(&NOTHING).iter().any(|it| it.plugin == silent));
        plugins.open(silent, &target()).unwrap().step(&start()).unwrap_err();
    }
    assert_eq!(names(&plugins, NOTHING), "e-silent?");
    assert!(plugins.open(silent, &target()).is_err_and(|fault| fault.what.contains("used no more")));
    let panicked = "plugin d-silent: step: PORTPRINT_STATUS_PANIC, its code panicked";
    assert_eq!(*told.lock().unwrap(), [panicked, "plugin d-silent: it is used no more after 3 faults"]);
    assert_eq!(plugins.entries().filter(|entry| entry.is_out).count(), 1);

    told.lock().unwrap().clear();
    plugins.overdue(other);
    plugins.overdue(other);
    assert_eq!(names(&plugins, NOTHING), "");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("step returns soon") && told[0].contains("--isolate-plugins"), "{}", told[0]);
}

/// Its speed is printed: `cargo test --release -p portprint-plugin-host -- triggers_are_cheap --nocapture`.
#[test]
fn triggers_are_cheap() {
    let (plugins, _) = plugins();
    let response = b"HTTP/1.1 200 OK\r\nServer: nginx/1.24.0 (Ubuntu)\r\nDate: Tue, 04 Jun 2024 10:00:00 GMT\r\nContent-Type: \
        text/html\r\nContent-Length: 615\r\nConnection: close\r\nETag: \"64a2d3b7-267\"\r\nAccept-Ranges: bytes\r\n\r\n";
    let responses = [&response[..]];
    let evidence = Evidence { service: Some("http"), responses: &responses, ..NOTHING };
    let count = if cfg!(debug_assertions) { 10_000 } else { 2_000_000 };
    let begin = Instant::now();
    let found: usize = (0..count).map(|_| plugins.candidates(std::hint::black_box(&evidence)).len()).sum();
    let time = begin.elapsed();
    assert_eq!(found, 0);
    eprintln!("triggers: {} ns for a response of {} bytes", time.as_nanos() / count, response.len());
}
