//! The C ABI between portprint and its protocol plugins, version 1.
//!
//! A plugin is a state machine that identifies a protocol which shows itself only in dialogue. It has no socket, no clock and no
//! thread: portprint, the *host*, tells it what happened (`portprint_event`), and it says what to do next (`portprint_action`). A
//! plugin is a shared library that exports one function, named [`ENTRY`]:
//!
//! ```c
//! const struct portprint_plugin *portprint_plugin_entry(void);
//! ```
//!
//! `include/portprint_plugin.h` is generated from this crate, and says the same to C.
//!
//! # Rules
//! - Memory: nobody frees the other's. What the host passes lives for that call. What the plugin passes in an action lives until the next
//!   call for the same session; the host copies it. What a description holds lives as long as the library, which is never unloaded.
//! - Threads: `describe` and `open` may be called by several threads at once. A session is never used by two threads at once, but it may
//!   be used by one after the other.
//! - No function blocks: no call takes more than a few milliseconds. The host measures.
//! - Nothing is thrown, unwound or jumped across the boundary.
//! - Fields named `reserved` are zero. A constant that is not known here is refused.
//! - Growth: fields are only ever added at the end of a struct, and then the minor version is raised. Each struct that grows begins with
//!   its size; who reads one does not look beyond it.
#![no_std]

use core::ffi::c_void;

/// The name of the function that a plugin exports.
pub const ENTRY: &str = "portprint_plugin_entry";

/// The first field of `portprint_plugin`.
pub const MAGIC: u32 = 0x5052_5054;
/// The major version of this ABI. The host loads plugins of its own major version only.
pub const ABI_MAJOR: u16 = 1;
/// The minor version of this ABI. The host loads plugins of any.
pub const ABI_MINOR: u16 = 0;

/// Bytes, or text in UTF-8. Not terminated. `data` may be null if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    /// Where they begin.
    pub data: *const u8,
    /// How many they are.
    pub len: u64,
}

// SAFETY: bytes are only read, and who passes them to another thread keeps them alive there.
#[allow(unsafe_code, reason = "what describes a plugin is shared by threads")]
unsafe impl Sync for Bytes {}

/// What a plugin exports. The first four fields have their places for ever: the host reads nothing else before they pass.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// PORTPRINT_MAGIC
    pub magic: u32,
    /// PORTPRINT_ABI_MAJOR of the header that the plugin was built with.
    pub abi_major: u16,
    /// PORTPRINT_ABI_MINOR of that header.
    pub abi_minor: u16,
    /// sizeof(struct portprint_plugin) in that header.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Says what the plugin is for. Always the same answer. Any thread.
    pub describe: Option<unsafe extern "C" fn() -> *const Description>,
    /// Begins a session with one port. Null if that is impossible. Any thread.
    pub open: Option<unsafe extern "C" fn(target: *const Target, config: *const Config) -> *mut c_void>,
    /// Takes in an event and fills the action, which is zeroed before. PORTPRINT_STATUS_OK, or the session is over and only closed. One
    /// thread at a time for a session.
    pub step: Option<unsafe extern "C" fn(session: *mut c_void, event: *const Event, action: *mut Action) -> i32>,
    /// Frees a session. Called once for each, after any step or none. One thread at a time for a session.
    pub close: Option<unsafe extern "C" fn(session: *mut c_void)>,
}

// The host calls them from several threads; see the rules above.
// SAFETY: a plugin is immutable, and what it points to is, too.
#[allow(unsafe_code, reason = "a table of functions is shared by threads")]
unsafe impl Sync for Plugin {}

/// The step went well.
pub const STATUS_OK: i32 = 0;
/// The session cannot go on, for a reason that is the plugin's own.
pub const STATUS_FAILED: i32 = 1;
/// The plugin's code panicked, which the plugin caught.
pub const STATUS_PANIC: i32 = 2;

/// Streams.
pub const TRANSPORT_TCP: u32 = 1;
/// Datagrams.
pub const TRANSPORT_UDP: u32 = 2;
/// Inside TLS over TCP. The host has negotiated it before the session begins.
pub const TRANSPORT_TLS: u32 = 4;

/// What a plugin is for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// sizeof(struct portprint_description)
    pub struct_size: u32,
    /// PORTPRINT_TRANSPORT_…, or'ed: where the protocol is spoken.
    pub transports: u32,
    /// A name in lower case letters, digits and hyphens, by which the plugin is told from others: "modbus".
    pub id: Bytes,
    /// The plugin's version: "1.0.2".
    pub version: Bytes,
    /// The plugin's licence, as in SPDX.
    pub licence: Bytes,
    /// One sentence for people: what it finds out.
    pub summary: Bytes,
    /// What it sends to a peer, for people who are asked what they did.
    pub sends: Bytes,
    /// The services that it may answer with.
    pub services: *const Bytes,
    /// How many.
    pub services_len: u64,
    /// Ports on which the protocol is often found. They are a hint for the order of plugins, and no evidence.
    pub ports: *const u16,
    /// How many.
    pub ports_len: u64,
    /// When to run it.
    pub triggers: *const Trigger,
    /// How many.
    pub triggers_len: u64,
}

// SAFETY: a description is immutable, and what it points to is, too.
#[allow(unsafe_code, reason = "what describes a plugin is shared by threads")]
unsafe impl Sync for Description {}

/// The rules found this service; `value` is its name. Compared without case.
pub const TRIGGER_SERVICE: u32 = 1;
/// The peer said these bytes, to any probe or by itself. At least two.
pub const TRIGGER_LITERAL: u32 = 2;
/// The peer has said nothing at all. `value` is empty. `flags`: PORTPRINT_TRIGGER_RARE, and over what, if not over all that is spoken.
pub const TRIGGER_SILENT: u32 = 3;
/// The peer speaks TLS. `value` is empty.
pub const TRIGGER_TLS: u32 = 4;
/// The peer agreed on this application protocol (ALPN) in TLS.
pub const TRIGGER_ALPN: u32 = 5;

/// TRIGGER_LITERAL: only at the beginning of what it said.
pub const TRIGGER_AT_START: u32 = 1;

/// TRIGGER_SILENT: servers of this protocol are rare, or seldom silent. Such plugins are tried after the others, if there is a place left.
pub const TRIGGER_RARE: u32 = 2;
/// TRIGGER_SILENT: over streams only.
pub const TRIGGER_STREAMS: u32 = 4;
/// TRIGGER_SILENT: over datagrams only.
pub const TRIGGER_DATAGRAMS: u32 = 8;

/// A piece of evidence for which a plugin is worth running.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Trigger {
    /// PORTPRINT_TRIGGER_…
    pub kind: u32,
    /// PORTPRINT_TRIGGER_AT_START, …, or'ed, or 0.
    pub flags: u32,
    /// What it is about.
    pub value: Bytes,
}

// SAFETY: a trigger is immutable, and what it points to is, too.
#[allow(unsafe_code, reason = "triggers are part of what describes a plugin")]
unsafe impl Sync for Trigger {}

/// The port that a session is with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// sizeof(struct portprint_target)
    pub struct_size: u32,
    /// PORTPRINT_TRANSPORT_…, one of those that the plugin named.
    pub transport: u32,
    /// The host's name, if it was given by one. For protocols that ask by name.
    pub host: Bytes,
    /// Its address: 4 bytes, or 16.
    pub address: Bytes,
    /// The port. It is no evidence.
    pub port: u16,
    /// Zero.
    pub reserved: [u16; 3],
}

/// The host can put TLS over a connection.
pub const CONFIG_TLS: u32 = 1;

/// What a session may do. A session that does more is ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// sizeof(struct portprint_config)
    pub struct_size: u32,
    /// PORTPRINT_CONFIG_…
    pub flags: u32,
    /// A random number, for what must not be the same each time. In replays it is 0.
    pub seed: u64,
    /// The most bytes that are sent in all.
    pub max_sent: u64,
    /// The most bytes that are received in all.
    pub max_received: u64,
    /// The most steps. The last of them has PORTPRINT_EVENT_LAST, and ends the session with PORTPRINT_ACTION_DONE or _GIVE_UP.
    pub max_steps: u32,
    /// How long the session may take, in milliseconds.
    pub max_ms: u32,
}

/// The first event of a session. `data`: what the peer has said so far, `request`: what it said that to (empty if by itself). With
/// PORTPRINT_EVENT_OPEN the connection that brought it is still open. `tls`: what was negotiated, for PORTPRINT_TRANSPORT_TLS.
pub const EVENT_START: u32 = 1;
/// PORTPRINT_ACTION_RECONNECT has opened a connection.
pub const EVENT_CONNECTED: u32 = 2;
/// Bytes came, on a stream; at least as many as were waited for. `data`: those since the last event.
pub const EVENT_DATA: u32 = 3;
/// A datagram came.
pub const EVENT_DATAGRAM: u32 = 4;
/// The peer has closed, and will say nothing more. `data`: what came before, since the last event.
pub const EVENT_EOF: u32 = 5;
/// The peer broke the connection off, or it failed. `data`: what came before, since the last event.
pub const EVENT_RESET: u32 = 6;
/// A connection was refused.
pub const EVENT_REFUSED: u32 = 7;
/// The time of a wait is over, or that of connecting. `data`: what came meanwhile, if it was less than what was waited for.
pub const EVENT_TIMEOUT: u32 = 8;
/// TLS is established, and everything is inside it from now on. `tls`: what was negotiated.
pub const EVENT_TLS_READY: u32 = 9;
/// TLS could not be established. The connection is closed.
pub const EVENT_TLS_FAILED: u32 = 10;

/// There is a connection that can be used.
pub const EVENT_OPEN: u32 = 1;
/// The session's time is over: whatever the action, it is the last.
pub const EVENT_LAST: u32 = 2;

/// Something that happened.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// sizeof(struct portprint_event)
    pub struct_size: u32,
    /// PORTPRINT_EVENT_START, …
    pub kind: u32,
    /// PORTPRINT_EVENT_OPEN, PORTPRINT_EVENT_LAST, or'ed.
    pub flags: u32,
    /// Milliseconds since the session began.
    pub elapsed_ms: u32,
    /// What came.
    pub data: Bytes,
    /// PORTPRINT_EVENT_START: the payload that it is the answer to.
    pub request: Bytes,
    /// What TLS showed, or null.
    pub tls: *const Tls,
}

/// What a TLS handshake showed of the peer. Texts are empty where there is nothing to tell.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Tls {
    /// sizeof(struct portprint_tls)
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The version: "TLSv1.3".
    pub version: Bytes,
    /// The cipher suite by IANA's name.
    pub cipher: Bytes,
    /// The application protocol that was agreed on.
    pub alpn: Bytes,
    /// Whom the certificate names, as in RFC 4514.
    pub subject: Bytes,
    /// Who signed it.
    pub issuer: Bytes,
    /// Until when it is valid, RFC 3339.
    pub not_after: Bytes,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub sha256: Bytes,
    /// Its alternative names.
    pub names: *const Bytes,
    /// How many.
    pub names_len: u64,
}

/// Send `data`, and then wait as PORTPRINT_ACTION_WAIT does. `wait_ms` 0 does not wait: the next event is PORTPRINT_EVENT_TIMEOUT, at once.
pub const ACTION_SEND: u32 = 1;
/// Wait `wait_ms` until at least `min_bytes` bytes have come, or a datagram.
pub const ACTION_WAIT: u32 = 2;
/// Put TLS over the connection, asking for the name `sni` (none: the target's own) and the application protocols `alpn`.
pub const ACTION_START_TLS: u32 = 3;
/// Close the connection, if there is one, and open a new one. On PORTPRINT_TRANSPORT_TLS it has TLS over it.
pub const ACTION_RECONNECT: u32 = 4;
/// The session is over, with `result`.
pub const ACTION_DONE: u32 = 5;
/// The session is over: the peer speaks something else.
pub const ACTION_GIVE_UP: u32 = 6;

/// `wait_ms`: as long as the host finds sensible for this peer.
pub const WAIT_DEFAULT: u32 = u32::MAX;

/// What to do next. The host zeroes it before each step.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// PORTPRINT_ACTION_SEND, …
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Milliseconds, or PORTPRINT_WAIT_DEFAULT.
    pub wait_ms: u32,
    /// How many bytes are worth a step. 0 counts as 1.
    pub min_bytes: u32,
    /// What to send.
    pub data: Bytes,
    /// The name to ask for in TLS.
    pub sni: Bytes,
    /// Application protocols to offer in TLS.
    pub alpn: *const Bytes,
    /// How many.
    pub alpn_len: u64,
    /// What was found.
    pub result: *const Result,
}

/// There would have been more to learn: the peer went away, or the time was over.
pub const RESULT_PARTIAL: u32 = 1;
/// PORTPRINT_EVENT_TLS_READY was the last event: the host may ask its own questions inside, on connections that it opens by a new session
/// of this plugin.
pub const RESULT_INSIDE: u32 = 2;

/// What was found. Texts that are empty say nothing; `service` must not be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Result {
    /// sizeof(struct portprint_result)
    pub struct_size: u32,
    /// PORTPRINT_RESULT_…, or'ed.
    pub flags: u32,
    /// The protocol, by nmap's name for it if it has one: "postgresql". One of those that the description names.
    pub service: Bytes,
    /// The software: "PostgreSQL DB".
    pub product: Bytes,
    /// Its version.
    pub version: Bytes,
    /// Anything else worth a few words.
    pub info: Bytes,
    /// The host's name for itself.
    pub hostname: Bytes,
    /// Its operating system.
    pub os: Bytes,
    /// The kind of device: "router".
    pub device: Bytes,
    /// CPE 2.2 URIs, as in nmap: "cpe:/a:postgresql:postgresql:9.6".
    pub cpe: *const Bytes,
    /// How many.
    pub cpe_len: u64,
    /// Everything that has no field.
    pub details: *const Detail,
    /// How many.
    pub details_len: u64,
}

/// `bytes` is text.
pub const DETAIL_STRING: u32 = 1;
/// `integer` is the value.
pub const DETAIL_INTEGER: u32 = 2;
/// `integer` is 0 for no and 1 for yes.
pub const DETAIL_BOOL: u32 = 3;
/// `bytes` is the value.
pub const DETAIL_BYTES: u32 = 4;

/// A detail. The same key may come several times: a list.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Lower case letters, digits and underscores: "auth_required".
    pub key: Bytes,
    /// PORTPRINT_DETAIL_…
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// The value of an integer, and of a bool.
    pub integer: i64,
    /// The value of a string, and of bytes.
    pub bytes: Bytes,
}
