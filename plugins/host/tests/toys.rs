//! Plugins that are part of the tests.

#![allow(unsafe_code, reason = "the other side of the ABI")]

use std::ffi::c_void;
use std::ptr;

use portprint_core::handshake::{Event, EventKind};
use portprint_plugin_abi as abi;
use portprint_plugin_host::Plugin;

/// A plugin's side of a session.
pub(crate) trait Toy: Default + 'static {
    /// What it is for.
    fn description() -> abi::Description {
        description("toy")
    }

    /// Fills the action and gives the status.
    fn step(&mut self, event: &abi::Event, data: &[u8], action: &mut abi::Action) -> i32;
}

pub(crate) fn plugin<T: Toy>() -> Plugin {
    Plugin::from_entry(entry::<T>()).expect("it keeps the rules")
}

pub(crate) fn entry<T: Toy>() -> &'static abi::Plugin {
    Box::leak(Box::new(abi::Plugin {
        magic: abi::MAGIC,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        struct_size: size_of::<abi::Plugin>() as u32,
        reserved: 0,
        describe: Some(describe::<T>),
        open: Some(open::<T>),
        step: Some(step::<T>),
        close: Some(close::<T>),
    }))
}

extern "C" fn describe<T: Toy>() -> *const abi::Description {
    Box::leak(Box::new(T::description()))
}

extern "C" fn open<T: Toy>(_: *const abi::Target, _: *const abi::Config) -> *mut c_void {
    Box::into_raw(Box::<T>::default()).cast()
}

extern "C" fn step<T: Toy>(session: *mut c_void, event: *const abi::Event, action: *mut abi::Action) -> i32 {
    // SAFETY: the host keeps the rules of the ABI.
    unsafe {
        let data = if (*event).data.len == 0 {
            &[]
        } else {
            std::slice::from_raw_parts((*event).data.data, (*event).data.len as usize)
        };
        (*session.cast::<T>()).step(&*event, data, &mut *action)
    }
}

extern "C" fn close<T: Toy>(session: *mut c_void) {
    // SAFETY: the host closes a session once.
    drop(unsafe { Box::from_raw(session.cast::<T>()) });
}

pub(crate) const fn bytes(bytes: &[u8]) -> abi::Bytes {
    abi::Bytes { data: bytes.as_ptr(), len: bytes.len() as u64 }
}

pub(crate) fn list<T>(entries: Vec<T>) -> (*const T, u64) {
    let entries = entries.leak();
    (entries.as_ptr(), entries.len() as u64)
}

pub(crate) fn trigger(kind: u32, flags: u32, value: &'static [u8]) -> abi::Trigger {
    abi::Trigger { kind, flags, value: bytes(value) }
}

/// One that passes all checks.
pub(crate) fn description(id: &'static str) -> abi::Description {
    described(id, abi::TRANSPORT_TCP, vec![trigger(abi::TRIGGER_LITERAL, abi::TRIGGER_AT_START, b"220 ")], vec![25])
}

pub(crate) fn described(
    id: &'static str,
    transports: u32,
    triggers: Vec<abi::Trigger>,
    ports: Vec<u16>,
) -> abi::Description {
    let (services, services_len) = list(vec![bytes(b"smtp"), bytes(b"echo")]);
    let (triggers, triggers_len) = list(triggers);
    let (ports, ports_len) = list(ports);
    abi::Description {
        struct_size: size_of::<abi::Description>() as u32,
        transports,
        id: bytes(id.as_bytes()),
        version: bytes(b"1.0.0"),
        licence: bytes(b"MIT"),
        summary: bytes(b"A toy."),
        sends: bytes(b"Next to nothing."),
        services,
        services_len,
        ports,
        ports_len,
        triggers,
        triggers_len,
    }
}

pub(crate) fn result(service: &[u8]) -> abi::Result {
    let none = abi::Bytes { data: ptr::null(), len: 0 };
    abi::Result {
        struct_size: size_of::<abi::Result>() as u32,
        flags: 0,
        service: bytes(service),
        product: none,
        version: none,
        info: none,
        hostname: none,
        os: none,
        device: none,
        cpe: ptr::null(),
        cpe_len: 0,
        details: ptr::null(),
        details_len: 0,
    }
}

/// The first event of a session.
pub(crate) fn start() -> Event {
    event(EventKind::Start { request: Vec::new(), tls: None }, b"")
}

pub(crate) fn event(kind: EventKind, bytes: &[u8]) -> Event {
    Event { kind, bytes: bytes.to_vec(), elapsed: std::time::Duration::ZERO, is_open: true, is_last: false }
}

/// Reads an SMTP greeting and what the server says to EHLO.
#[derive(Default)]
pub(crate) struct Greeter {
    received: Vec<u8>,
    has_greeting: bool,
    product: Vec<u8>,
    result: Option<Box<abi::Result>>,
}

impl Toy for Greeter {
    fn step(&mut self, event: &abi::Event, data: &[u8], action: &mut abi::Action) -> i32 {
        self.received.extend_from_slice(data);
        action.wait_ms = abi::WAIT_DEFAULT;
        match event.kind {
            abi::EVENT_START if event.flags & abi::EVENT_OPEN == 0 => action.kind = abi::ACTION_RECONNECT,
            abi::EVENT_START | abi::EVENT_CONNECTED | abi::EVENT_DATA if event.flags & abi::EVENT_LAST == 0 => {
                self.read(action);
            }
            _ if self.has_greeting => self.found(action, abi::RESULT_PARTIAL),
            _ => action.kind = abi::ACTION_GIVE_UP,
        }
        abi::STATUS_OK
    }
}

impl Greeter {
    fn read(&mut self, action: &mut abi::Action) {
        action.kind = abi::ACTION_WAIT;
        while let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            match (self.has_greeting, line.get(..4)) {
                (false, Some(b"220 ")) => {
                    self.has_greeting = true;
                    self.product = line[4..].trim_ascii().to_vec();
                    action.kind = abi::ACTION_SEND;
                    action.data = bytes(b"EHLO a\r\n");
                    return;
                }
                (true, Some(b"250-")) => {}
                (true, Some(b"250 ")) => return self.found(action, 0),
                _ => {
                    action.kind = abi::ACTION_GIVE_UP;
                    return;
                }
            }
        }
    }

    fn found(&mut self, action: &mut abi::Action, flags: u32) {
        self.product.retain(u8::is_ascii);
        let mut found = result(b"smtp");
        found.flags = flags;
        found.product = bytes(&self.product);
        action.kind = abi::ACTION_DONE;
        action.result = ptr::from_ref(self.result.insert(Box::new(found)).as_ref());
    }
}

/// Asks for TLS and names whom the certificate names; in datagrams it only asks.
#[derive(Default)]
pub(crate) struct Securer {
    received: Vec<u8>,
    product: Vec<u8>,
    result: Option<Box<abi::Result>>,
    alpn: Vec<abi::Bytes>,
}

impl Toy for Securer {
    fn description() -> abi::Description {
        let transports = abi::TRANSPORT_TCP | abi::TRANSPORT_UDP | abi::TRANSPORT_TLS;
        described("securer", transports, vec![trigger(abi::TRIGGER_SILENT, 0, b"")], vec![21])
    }

    fn step(&mut self, event: &abi::Event, data: &[u8], action: &mut abi::Action) -> i32 {
        self.received.extend_from_slice(data);
        action.wait_ms = abi::WAIT_DEFAULT;
        // SAFETY: the host keeps the rules of the ABI.
        if let Some(tls) = unsafe { event.tls.as_ref() }
            && tls.subject.len > 0
        {
            // SAFETY: as above.
            self.product = unsafe { std::slice::from_raw_parts(tls.subject.data, tls.subject.len as usize) }.to_vec();
        }
        match event.kind {
            abi::EVENT_START if event.flags & abi::EVENT_OPEN == 0 => action.kind = abi::ACTION_RECONNECT,
            abi::EVENT_START => ask(action),
            abi::EVENT_CONNECTED => {
                action.kind = abi::ACTION_WAIT;
                action.min_bytes = 7;
            }
            abi::EVENT_DATA if self.received.ends_with(b"220 x\r\n") => ask(action),
            abi::EVENT_DATA if self.received.ends_with(b"234 go\r\n") => {
                self.alpn = vec![bytes(b"ftp"), bytes(b"\0")];
                action.kind = abi::ACTION_START_TLS;
                action.sni = bytes(b"a.example");
                (action.alpn, action.alpn_len) = (self.alpn.as_ptr(), self.alpn.len() as u64);
            }
            abi::EVENT_DATA if self.received.len() < 100 => action.kind = abi::ACTION_WAIT,
            abi::EVENT_DATAGRAM => self.found(action, 0),
            abi::EVENT_TLS_READY => self.found(action, abi::RESULT_INSIDE),
            abi::EVENT_TIMEOUT => self.found(action, abi::RESULT_PARTIAL),
            _ => action.kind = abi::ACTION_GIVE_UP,
        }
        abi::STATUS_OK
    }
}

fn ask(action: &mut abi::Action) {
    action.kind = abi::ACTION_SEND;
    action.data = bytes(b"AUTH TLS\r\n");
}

impl Securer {
    fn found(&mut self, action: &mut abi::Action, flags: u32) {
        let mut found = result(b"echo");
        found.flags = flags;
        found.product = bytes(&self.product);
        action.kind = abi::ACTION_DONE;
        action.result = ptr::from_ref(self.result.insert(Box::new(found)).as_ref());
    }
}
