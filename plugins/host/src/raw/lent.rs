//! What the host passes to a plugin: pointers into memory of ours that lives as long as the call.

use core::marker::PhantomData;
use core::net::IpAddr;
use core::ptr;

use portprint_core::handshake::{Event, EventKind, Limits, Target};
use portprint_core::session::TlsInfo;
use portprint_plugin_abi as abi;
use portprint_tables::Protocol;

/// A structure that points to what lives for `'a`.
#[derive(Debug)]
pub(crate) struct Lent<'a, T> {
    value: T,
    lives: PhantomData<&'a ()>,
}

impl<T> Lent<'_, T> {
    pub(super) fn get(&self) -> &T {
        &self.value
    }
}

fn size<T>() -> u32 {
    size_of::<T>() as u32
}

fn bytes(bytes: &[u8]) -> abi::Bytes {
    abi::Bytes { data: bytes.as_ptr(), len: bytes.len() as u64 }
}

fn text(text: Option<&str>) -> abi::Bytes {
    bytes(text.unwrap_or_default().as_bytes())
}

fn millis(time: core::time::Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// The transport of a target's connections, as the ABI has it.
pub(crate) fn transport(target: &Target<'_>) -> u32 {
    match (target.protocol, target.inside) {
        (Protocol::Udp, _) => abi::TRANSPORT_UDP,
        (Protocol::Tcp, false) => abi::TRANSPORT_TCP,
        (Protocol::Tcp, true) => abi::TRANSPORT_TLS,
    }
}

/// Lends a target.
pub(crate) fn with_target<R>(target: &Target<'_>, then: impl FnOnce(Lent<'_, abi::Target>) -> R) -> R {
    let (v4, v6);
    let address: &[u8] = match target.address {
        IpAddr::V4(address) => {
            v4 = address.octets();
            &v4
        }
        IpAddr::V6(address) => {
            v6 = address.octets();
            &v6
        }
    };
    let is_name = target.host.parse::<IpAddr>().is_err();
    let value = abi::Target {
        struct_size: size::<abi::Target>(),
        transport: transport(target),
        host: text(is_name.then_some(target.host)),
        address: bytes(address),
        port: target.port,
        reserved: [0; 3],
    };
    then(Lent { value, lives: PhantomData })
}

/// What a session may do.
pub(crate) fn config(limits: &Limits, can_secure: bool, seed: u64) -> Lent<'static, abi::Config> {
    let value = abi::Config {
        struct_size: size::<abi::Config>(),
        flags: if can_secure { abi::CONFIG_TLS } else { 0 },
        seed,
        max_sent: limits.sent as u64,
        max_received: limits.received as u64,
        max_steps: limits.steps,
        max_ms: millis(limits.time),
    };
    Lent { value, lives: PhantomData }
}

/// Lends an event. It is the last one if the event says so or `is_last`.
pub(crate) fn with_event<R>(event: &Event, is_last: bool, then: impl FnOnce(Lent<'_, abi::Event>) -> R) -> R {
    let (kind, request, tls): (u32, &[u8], Option<&TlsInfo>) = match &event.kind {
        EventKind::Start { request, tls } => (abi::EVENT_START, request, tls.as_deref()),
        EventKind::Connected => (abi::EVENT_CONNECTED, &[], None),
        EventKind::Data => (abi::EVENT_DATA, &[], None),
        EventKind::Datagram => (abi::EVENT_DATAGRAM, &[], None),
        EventKind::Eof => (abi::EVENT_EOF, &[], None),
        EventKind::Reset => (abi::EVENT_RESET, &[], None),
        EventKind::Refused => (abi::EVENT_REFUSED, &[], None),
        EventKind::Timeout => (abi::EVENT_TIMEOUT, &[], None),
        EventKind::TlsReady(tls) => (abi::EVENT_TLS_READY, &[], Some(tls)),
        EventKind::TlsFailed => (abi::EVENT_TLS_FAILED, &[], None),
    };
    let open = if event.is_open { abi::EVENT_OPEN } else { 0 };
    let last = if event.is_last || is_last { abi::EVENT_LAST } else { 0 };
    let names: Vec<abi::Bytes> = tls.iter().flat_map(|tls| &tls.names).map(|name| bytes(name.as_bytes())).collect();
    let tls = tls.map(|tls| abi::Tls {
        struct_size: size::<abi::Tls>(),
        reserved: 0,
        version: bytes(tls.version.as_bytes()),
        cipher: bytes(tls.cipher.as_bytes()),
        alpn: text(tls.alpn.as_deref()),
        subject: text(tls.subject.as_deref()),
        issuer: text(tls.issuer.as_deref()),
        not_after: text(tls.not_after.as_deref()),
        sha256: text(tls.sha256.as_deref()),
        names: names.as_ptr(),
        names_len: names.len() as u64,
    });
    let value = abi::Event {
        struct_size: size::<abi::Event>(),
        kind,
        flags: open | last,
        elapsed_ms: millis(event.elapsed),
        data: bytes(&event.bytes),
        request: bytes(request),
        tls: tls.as_ref().map_or(ptr::null(), ptr::from_ref),
    };
    then(Lent { value, lives: PhantomData })
}
