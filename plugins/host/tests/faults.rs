//! Plugins that break rules: each is refused or ended with the rule's name, and closed once.

use std::cell::Cell;
use std::ptr;

use portprint_core::handshake::{Action, EventKind, Findings, Handshake, Limits, Target, Value};
use portprint_plugin_abi as abi;
use portprint_plugin_host::{Fixture, Plugin, Session};

use crate::toys::{Toy, bytes, described, description, entry, event, list, plugin, result, start, trigger};

/// What a test does to what would be right.
type Change<T> = fn(&mut T);

thread_local! {
    static ANSWER: Cell<fn(&mut abi::Action) -> i32> = const { Cell::new(|_| abi::STATUS_FAILED) };
    static DESCRIPTION: Cell<fn(&mut abi::Description)> = const { Cell::new(|_| {}) };
    static CLOSED: Cell<u32> = const { Cell::new(0) };
}

/// Answers what a test wants.
#[derive(Default)]
struct Puppet;

impl Toy for Puppet {
    fn description() -> abi::Description {
        let mut description = description("puppet");
        DESCRIPTION.get()(&mut description);
        description
    }

    fn step(&mut self, _: &abi::Event, _: &[u8], action: &mut abi::Action) -> i32 {
        ANSWER.get()(action)
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        CLOSED.set(CLOSED.get() + 1);
    }
}

fn open(limits: Limits) -> Session {
    let fixture = Fixture::parse("it", "target tcp 25\n= give-up").unwrap();
    plugin::<Puppet>().open(&Target { limits, ..fixture.target() }, 0).unwrap()
}

/// What comes of an answer to the first event.
fn outcome(answer: fn(&mut abi::Action) -> i32) -> Result<Action, String> {
    ANSWER.set(answer);
    let before = CLOSED.get();
    let mut session = open(Limits::default());
    let outcome = session.step(&start());
    let is_over = matches!(outcome, Err(_) | Ok(Action::Done(_) | Action::GiveUp));
    assert_eq!(CLOSED.get() - before, u32::from(is_over), "what is over is closed at once");
    drop(session);
    assert_eq!(CLOSED.get() - before, 1, "and only once");
    outcome.map_err(|fault| fault.to_string())
}

fn fault(answer: fn(&mut abi::Action) -> i32) -> String {
    outcome(answer).unwrap_err()
}

/// What comes of a result.
fn done(change: fn(&mut abi::Result)) -> Result<Findings, String> {
    thread_local!(static CHANGE: Cell<fn(&mut abi::Result)> = const { Cell::new(|_| {}) });
    CHANGE.set(change);
    let outcome = outcome(|action| {
        let mut found = result(b"smtp");
        CHANGE.get()(&mut found);
        action.kind = abi::ACTION_DONE;
        action.result = Box::leak(Box::new(found));
        abi::STATUS_OK
    });
    outcome.map(|action| match action {
        Action::Done(findings) => *findings,
        action => panic!("{action:?}"),
    })
}

fn refused(change: fn(&mut abi::Plugin)) -> String {
    let mut table = *entry::<Puppet>();
    change(&mut table);
    Plugin::from_entry(Box::leak(Box::new(table))).unwrap_err().to_string()
}

fn misdescribed(change: fn(&mut abi::Description)) -> String {
    DESCRIPTION.set(change);
    let refusal = Plugin::from_entry(entry::<Puppet>()).unwrap_err().to_string();
    DESCRIPTION.set(|_| {});
    refusal
}

#[test]
fn headers() {
    assert_eq!(
        refused(|it| it.magic = 0x7f45_4c46),
        "magic is 0x7f454c46, and 0x50525054 is expected: it is no plugin of portprint"
    );
    assert!(refused(|it| it.abi_major = 2).starts_with("abi_major is 2 (version 2.0), and this portprint has 1.0"));
    assert!(refused(|it| it.struct_size = 16).starts_with("struct_size is 16, and at least 48 is expected"));
    assert_eq!(refused(|it| it.reserved = 1), "reserved is 1, and 0 is expected");
    for (field, change) in [
        ("describe", (|it| it.describe = None) as fn(&mut abi::Plugin)),
        ("open", |it| it.open = None),
        ("step", |it| it.step = None),
        ("close", |it| it.close = None),
    ] {
        assert_eq!(refused(change), format!("{field} is a null pointer, and a function is expected"));
    }
    extern "C" fn nothing() -> *const abi::Description {
        ptr::null()
    }
    assert_eq!(refused(|it| it.describe = Some(nothing)), "description: describe gave a null pointer");
    let mut newer = *entry::<Puppet>();
    (newer.abi_minor, newer.struct_size) = (9, 4096);
    assert!(Plugin::from_entry(Box::leak(Box::new(newer))).is_ok(), "what is new stands at the end");
}

#[test]
fn descriptions() {
    let cases: &[(Change<abi::Description>, &str)] = &[
        (|it| it.struct_size = 8, "portprint_description.struct_size is 8; at least 136 is expected"),
        (|it| it.transports = 0, "transports is 0x0; some of 0x7 are expected, and no others"),
        (|it| it.transports = 9, "transports is 0x9; some of 0x7 are expected, and no others"),
        (|it| it.id = bytes(b"Puppet"), "id is \"Puppet\"; lower case letters, digits and hyphens are expected"),
        (|it| it.id = bytes(b""), "id is \"\"; lower case letters, digits and hyphens are expected"),
        (|it| it.id.len = 1 << 40, "id has 1099511627776 bytes; at most 64 are allowed"),
        (|it| it.version.data = ptr::null(), "version is a null pointer, and its length is 5"),
        (|it| it.summary = bytes(b"a\x1b[2J"), "summary has the control character '\\u{1b}'"),
        (|it| it.sends = bytes(b"a\xff"), "sends is not UTF-8: the byte at 1 is wrong"),
        (|it| it.services_len = 0, "services is empty; a plugin names what it may answer with"),
        (|it| it.services_len = 10_000, "services has 10000 entries; at most 256 are allowed"),
        (|it| it.services = ptr::null(), "services is a null pointer, and its length is 2"),
        (|it| it.services = ptr::without_provenance(9), "services points to 0x9, which is not aligned to 8"),
        (
            |it| (it.services, it.services_len) = list(vec![bytes(b"a b")]),
            "services[0] is \"a b\"; printable ASCII without spaces is expected",
        ),
        (triggers(vec_of(9, 0, b"")), "triggers[0].kind is 9, which is not known"),
        (triggers(vec_of(2, 0, b"a")), "triggers[0].value has 1 bytes; at least 2 are expected"),
        (triggers(vec_of(2, 2, b"ab")), "triggers[0].flags is 0x2; at most 0x1 is known for its kind"),
        (triggers(vec_of(3, 1, b"")), "triggers[0].flags is 0x1; at most 0xe is known for its kind"),
        (triggers(vec_of(4, 0, b"x")), "triggers[0].value has 1 bytes; its kind has no value"),
        (triggers(vec_of(5, 0, b"")), "triggers[0].value has 0 bytes; at least 1 are expected"),
    ];
    for (change, message) in cases {
        assert_eq!(misdescribed(*change), format!("description: {message}"));
    }
}

type Made = (u32, u32, &'static [u8]);

const fn vec_of(kind: u32, flags: u32, value: &'static [u8]) -> Made {
    (kind, flags, value)
}

/// A description whose only trigger is this one.
fn triggers(made: Made) -> fn(&mut abi::Description) {
    thread_local!(static MADE: Cell<Vec<Made>> = const { Cell::new(Vec::new()) });
    let mut all = MADE.take();
    all.push(made);
    MADE.set(all);
    // They are asked for in the order in which they were made.
    |it| {
        let mut all = MADE.take();
        let (kind, flags, value) = all.remove(0);
        MADE.set(all);
        (it.triggers, it.triggers_len) = list(vec![trigger(kind, flags, value)]);
    }
}

#[test]
fn actions() {
    assert_eq!(fault(|_| abi::STATUS_FAILED), "plugin puppet: step: PORTPRINT_STATUS_FAILED, it cannot go on");
    assert_eq!(fault(|_| abi::STATUS_PANIC), "plugin puppet: step: PORTPRINT_STATUS_PANIC, its code panicked");
    assert_eq!(fault(|_| -7), "plugin puppet: step: it gave -7, which is no PORTPRINT_STATUS_…");
    let fault = |change: fn(&mut abi::Action)| {
        thread_local!(static CHANGE: Cell<fn(&mut abi::Action)> = const { Cell::new(|_| {}) });
        CHANGE.set(change);
        let text = fault(|action| {
            CHANGE.get()(action);
            abi::STATUS_OK
        });
        text.strip_prefix("plugin puppet: ").unwrap().to_owned()
    };
    assert_eq!(fault(|_| {}), "action: kind is 0, which is not known");
    assert_eq!(fault(|it| it.kind = 99), "action: kind is 99, which is not known");
    assert_eq!(fault(|it| (it.kind, it.reserved) = (2, 1)), "action: reserved is 1; it must be 0");
    assert_eq!(fault(|it| (it.kind, it.data.len) = (1, 1)), "action: data is a null pointer, and its length is 1");
    assert_eq!(
        fault(|it| (it.kind, it.data.len) = (1, 65537)),
        "action: it sends 65537 bytes after 0; at most 65536 in all are allowed"
    );
    assert_eq!(fault(|it| (it.kind, it.sni) = (3, bytes(b"\xff"))), "action: sni is not UTF-8: the byte at 0 is wrong");
    assert_eq!(fault(|it| (it.kind, it.alpn_len) = (3, 33)), "action: alpn has 33 entries; at most 32 are allowed");
    assert_eq!(
        fault(|it| {
            it.kind = 3;
            (it.alpn, it.alpn_len) = list(vec![bytes(b"")]);
        }),
        "action: alpn has an empty entry"
    );
    assert_eq!(fault(|it| it.kind = 5), "action: result is a null pointer");
}

#[test]
fn results() {
    let cases: &[(Change<abi::Result>, &str)] = &[
        (|it| it.flags = 4, "result: flags is 0x4; only 0x3 are known"),
        (
            |it| it.flags = abi::RESULT_INSIDE,
            "result: PORTPRINT_RESULT_INSIDE, but the last event was not PORTPRINT_EVENT_TLS_READY",
        ),
        (|it| it.service = bytes(b"http"), "result: service is \"http\", which the description does not name"),
        (|it| it.service = bytes(b""), "result: service is \"\", which the description does not name"),
        (|it| it.product.len = 1 << 30, "result: product has 1073741824 bytes; at most 65536 in all are allowed"),
        (
            |it| it.product.len = u64::MAX,
            "result: product has 18446744073709551615 bytes; at most 65536 in all are allowed",
        ),
        (|it| it.os.len = 5, "result: os is a null pointer, and its length is 5"),
        (|it| it.info = bytes(b"a\xc3"), "result: info is not UTF-8: the byte at 1 is wrong"),
        (|it| it.cpe_len = 1 << 40, "result: cpe has 1099511627776 entries; at most 64 are allowed"),
        (|it| (it.cpe, it.cpe_len) = list(vec![bytes(b"a:b")]), "result: cpe is \"a:b\"; it begins with \"cpe:/\""),
        (|it| it.details_len = 1 << 40, "result: details has 1099511627776 entries; at most 1024 are allowed"),
        (
            |it| (it.details, it.details_len) = list(vec![detail(b"A b", 1, 0)]),
            "result: the key of a detail is \"A b\"; lower case letters, digits and underscores are expected",
        ),
        (
            |it| (it.details, it.details_len) = list(vec![detail(b"a", 3, 2)]),
            "result: detail a: a bool is 2; 0 or 1 is expected",
        ),
        (
            |it| (it.details, it.details_len) = list(vec![detail(b"a", 7, 2)]),
            "result: detail a: kind is 7, which is not known",
        ),
        (
            |it| {
                let mut one = detail(b"a", 2, 2);
                one.reserved = 3;
                (it.details, it.details_len) = list(vec![one]);
            },
            "result: detail a: reserved is 3; it must be 0",
        ),
        (
            |it| {
                let mut one = detail(b"a", 4, 2);
                one.bytes = bytes(vec![0; 40_000].leak());
                (it.details, it.details_len) = list(vec![one, one]);
            },
            "result: detail a has 40000 bytes; at most 65536 in all are allowed",
        ),
    ];
    for (change, message) in cases {
        assert_eq!(done(*change).unwrap_err(), format!("plugin puppet: {message}"));
    }
    assert_eq!(
        fault(|action| {
            let mut found = result(b"smtp");
            found.struct_size = 100;
            (action.kind, action.result) = (abi::ACTION_DONE, Box::leak(Box::new(found)));
            abi::STATUS_OK
        }),
        "plugin puppet: action: result.struct_size is 100; at least 152 is expected"
    );
}

fn detail(key: &'static [u8], kind: u32, integer: i64) -> abi::Detail {
    abi::Detail { key: bytes(key), kind, reserved: 0, integer, bytes: bytes(b"") }
}

#[test]
fn good_results_are_taken_over_whole() {
    let found = done(|it| {
        it.product = bytes(b"a\x1b[2J\0");
        it.flags = abi::RESULT_PARTIAL;
        (it.cpe, it.cpe_len) = list(vec![bytes(b"cpe:/a:b")]);
        (it.details, it.details_len) = list(vec![detail(b"a_1", 1, 9), detail(b"a_1", 2, -9), detail(b"c", 3, 1)]);
    });
    let found = found.unwrap();
    assert_eq!(found.product.as_deref(), Some("a\x1b[2J\0"), "outputs escape what is not printable");
    assert_eq!((found.version, found.is_partial, found.goes_inside), (None, true, false));
    assert_eq!(found.cpe, ["cpe:/a:b"]);
    let values: Vec<_> = found.details.into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [Value::Text(String::new()), Value::Integer(-9), Value::Bool(true)]);
}

#[test]
fn limits_of_a_session() {
    fn send(action: &mut abi::Action) -> i32 {
        action.kind = abi::ACTION_SEND;
        action.data = bytes(b"0123456789");
        abi::STATUS_OK
    }
    ANSWER.set(send);
    let mut session = open(Limits { sent: 25, ..Limits::default() });
    let data = event(EventKind::Data, b"x");
    assert!(session.step(&start()).is_ok() && session.step(&data).is_ok());
    let fault = session.step(&data).unwrap_err();
    assert_eq!(fault.what, "action: it sends 10 bytes after 20; at most 25 in all are allowed");
    assert_eq!(session.step(&data).unwrap_err().what, "step: the session is over");

    let mut session = open(Limits { steps: 5, ..Limits::default() });
    for _ in 0..4 {
        assert!(session.step(&data).is_ok());
    }
    let fault = session.step(&data).unwrap_err();
    assert!(fault.what.starts_with("steps: it did not end with the last of 5"), "{fault}");
}

#[test]
fn targets_of_another_transport() {
    let fixture = Fixture::parse("it", "target udp 25\n= give-up").unwrap();
    let fault = plugin::<Puppet>().open(&fixture.target(), 0).unwrap_err();
    assert_eq!(fault.what, "open: the target is of another transport than those described (tcp)");
    let description = described("x", abi::TRANSPORT_UDP | abi::TRANSPORT_TLS, Vec::new(), Vec::new());
    assert_eq!(description.transports, 6);
}
