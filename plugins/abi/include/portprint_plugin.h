// Generated from src/lib.rs of portprint-plugin-abi.
//
// The C ABI between portprint and its protocol plugins, version 1.
//
// A plugin is a state machine that identifies a protocol which shows itself only in dialogue. It has no socket, no clock and no
// thread: portprint, the *host*, tells it what happened (`portprint_event`), and it says what to do next (`portprint_action`). A
// plugin is a shared library that exports one function, named portprint_plugin_entry:
//
// const struct portprint_plugin *portprint_plugin_entry(void);
//
// # Rules
// - Memory: nobody frees the other's. What the host passes lives for that call. What the plugin passes in an action lives until the next
//   call for the same session; the host copies it. What a description holds lives as long as the library, which is never unloaded.
// - Threads: `describe` and `open` may be called by several threads at once. A session is never used by two threads at once, but it may
//   be used by one after the other.
// - No function blocks: no call takes more than a few milliseconds. The host measures.
// - Nothing is thrown, unwound or jumped across the boundary.
// - Fields named `reserved` are zero. A constant that is not known here is refused.
// - Growth: fields are only ever added at the end of a struct, and then the minor version is raised. Each struct that grows begins with
//   its size; who reads one does not look beyond it.

#ifndef PORTPRINT_PLUGIN_H
#define PORTPRINT_PLUGIN_H

#include <stdint.h>
#include <stddef.h>

// The first field of `portprint_plugin`.
#define PORTPRINT_MAGIC 1347571796

// The major version of this ABI. The host loads plugins of its own major version only.
#define PORTPRINT_ABI_MAJOR 1

// The minor version of this ABI. The host loads plugins of any.
#define PORTPRINT_ABI_MINOR 0

// The step went well.
#define PORTPRINT_STATUS_OK 0

// The session cannot go on, for a reason that is the plugin's own.
#define PORTPRINT_STATUS_FAILED 1

// The plugin's code panicked, which the plugin caught.
#define PORTPRINT_STATUS_PANIC 2

// Streams.
#define PORTPRINT_TRANSPORT_TCP 1

// Datagrams.
#define PORTPRINT_TRANSPORT_UDP 2

// Inside TLS over TCP. The host has negotiated it before the session begins.
#define PORTPRINT_TRANSPORT_TLS 4

// The rules found this service; `value` is its name. Compared without case.
#define PORTPRINT_TRIGGER_SERVICE 1

// The peer said these bytes, to any probe or by itself. At least two.
#define PORTPRINT_TRIGGER_LITERAL 2

// The peer has said nothing at all. `value` is empty. `flags`: PORTPRINT_TRIGGER_RARE, and over what, if not over all that is spoken.
#define PORTPRINT_TRIGGER_SILENT 3

// The peer speaks TLS. `value` is empty.
#define PORTPRINT_TRIGGER_TLS 4

// The peer agreed on this application protocol (ALPN) in TLS.
#define PORTPRINT_TRIGGER_ALPN 5

// TRIGGER_LITERAL: only at the beginning of what it said.
#define PORTPRINT_TRIGGER_AT_START 1

// TRIGGER_SILENT: servers of this protocol are rare, or seldom silent. Such plugins are tried after the others, if there is a place left.
#define PORTPRINT_TRIGGER_RARE 2

// TRIGGER_SILENT: over streams only.
#define PORTPRINT_TRIGGER_STREAMS 4

// TRIGGER_SILENT: over datagrams only.
#define PORTPRINT_TRIGGER_DATAGRAMS 8

// The host can put TLS over a connection.
#define PORTPRINT_CONFIG_TLS 1

// The first event of a session. `data`: what the peer has said so far, `request`: what it said that to (empty if by itself). With
// PORTPRINT_EVENT_OPEN the connection that brought it is still open. `tls`: what was negotiated, for PORTPRINT_TRANSPORT_TLS.
#define PORTPRINT_EVENT_START 1

// PORTPRINT_ACTION_RECONNECT has opened a connection.
#define PORTPRINT_EVENT_CONNECTED 2

// Bytes came, on a stream; at least as many as were waited for. `data`: those since the last event.
#define PORTPRINT_EVENT_DATA 3

// A datagram came.
#define PORTPRINT_EVENT_DATAGRAM 4

// The peer has closed, and will say nothing more. `data`: what came before, since the last event.
#define PORTPRINT_EVENT_EOF 5

// The peer broke the connection off, or it failed. `data`: what came before, since the last event.
#define PORTPRINT_EVENT_RESET 6

// A connection was refused.
#define PORTPRINT_EVENT_REFUSED 7

// The time of a wait is over, or that of connecting. `data`: what came meanwhile, if it was less than what was waited for.
#define PORTPRINT_EVENT_TIMEOUT 8

// TLS is established, and everything is inside it from now on. `tls`: what was negotiated.
#define PORTPRINT_EVENT_TLS_READY 9

// TLS could not be established. The connection is closed.
#define PORTPRINT_EVENT_TLS_FAILED 10

// There is a connection that can be used.
#define PORTPRINT_EVENT_OPEN 1

// The session's time is over: whatever the action, it is the last.
#define PORTPRINT_EVENT_LAST 2

// Send `data`, and then wait as PORTPRINT_ACTION_WAIT does. `wait_ms` 0 does not wait: the next event is PORTPRINT_EVENT_TIMEOUT, at once.
#define PORTPRINT_ACTION_SEND 1

// Wait `wait_ms` until at least `min_bytes` bytes have come, or a datagram.
#define PORTPRINT_ACTION_WAIT 2

// Put TLS over the connection, asking for the name `sni` (none: the target's own) and the application protocols `alpn`.
#define PORTPRINT_ACTION_START_TLS 3

// Close the connection, if there is one, and open a new one. On PORTPRINT_TRANSPORT_TLS it has TLS over it.
#define PORTPRINT_ACTION_RECONNECT 4

// The session is over, with `result`.
#define PORTPRINT_ACTION_DONE 5

// The session is over: the peer speaks something else.
#define PORTPRINT_ACTION_GIVE_UP 6

// `wait_ms`: as long as the host finds sensible for this peer.
#define PORTPRINT_WAIT_DEFAULT UINT32_MAX

// There would have been more to learn: the peer went away, or the time was over.
#define PORTPRINT_RESULT_PARTIAL 1

// PORTPRINT_EVENT_TLS_READY was the last event: the host may ask its own questions inside, on connections that it opens by a new session
// of this plugin.
#define PORTPRINT_RESULT_INSIDE 2

// `bytes` is text.
#define PORTPRINT_DETAIL_STRING 1

// `integer` is the value.
#define PORTPRINT_DETAIL_INTEGER 2

// `integer` is 0 for no and 1 for yes.
#define PORTPRINT_DETAIL_BOOL 3

// `bytes` is the value.
#define PORTPRINT_DETAIL_BYTES 4

// Bytes, or text in UTF-8. Not terminated. `data` may be null if `len` is 0.
struct portprint_bytes {
  // Where they begin.
  const uint8_t *data;
  // How many they are.
  uint64_t len;
};

// A piece of evidence for which a plugin is worth running.
struct portprint_trigger {
  // PORTPRINT_TRIGGER_…
  uint32_t kind;
  // PORTPRINT_TRIGGER_AT_START, …, or'ed, or 0.
  uint32_t flags;
  // What it is about.
  struct portprint_bytes value;
};

// What a plugin is for.
struct portprint_description {
  // sizeof(struct portprint_description)
  uint32_t struct_size;
  // PORTPRINT_TRANSPORT_…, or'ed: where the protocol is spoken.
  uint32_t transports;
  // A name in lower case letters, digits and hyphens, by which the plugin is told from others: "modbus".
  struct portprint_bytes id;
  // The plugin's version: "1.0.2".
  struct portprint_bytes version;
  // The plugin's licence, as in SPDX.
  struct portprint_bytes licence;
  // One sentence for people: what it finds out.
  struct portprint_bytes summary;
  // What it sends to a peer, for people who are asked what they did.
  struct portprint_bytes sends;
  // The services that it may answer with.
  const struct portprint_bytes *services;
  // How many.
  uint64_t services_len;
  // Ports on which the protocol is often found. They are a hint for the order of plugins, and no evidence.
  const uint16_t *ports;
  // How many.
  uint64_t ports_len;
  // When to run it.
  const struct portprint_trigger *triggers;
  // How many.
  uint64_t triggers_len;
};

// The port that a session is with.
struct portprint_target {
  // sizeof(struct portprint_target)
  uint32_t struct_size;
  // PORTPRINT_TRANSPORT_…, one of those that the plugin named.
  uint32_t transport;
  // The host's name, if it was given by one. For protocols that ask by name.
  struct portprint_bytes host;
  // Its address: 4 bytes, or 16.
  struct portprint_bytes address;
  // The port. It is no evidence.
  uint16_t port;
  // Zero.
  uint16_t reserved[3];
};

// What a session may do. A session that does more is ended.
struct portprint_config {
  // sizeof(struct portprint_config)
  uint32_t struct_size;
  // PORTPRINT_CONFIG_…
  uint32_t flags;
  // A random number, for what must not be the same each time. In replays it is 0.
  uint64_t seed;
  // The most bytes that are sent in all.
  uint64_t max_sent;
  // The most bytes that are received in all.
  uint64_t max_received;
  // The most steps. The last of them has PORTPRINT_EVENT_LAST, and ends the session with PORTPRINT_ACTION_DONE or _GIVE_UP.
  uint32_t max_steps;
  // How long the session may take, in milliseconds.
  uint32_t max_ms;
};

// What a TLS handshake showed of the peer. Texts are empty where there is nothing to tell.
struct portprint_tls {
  // sizeof(struct portprint_tls)
  uint32_t struct_size;
  // Zero.
  uint32_t reserved;
  // The version: "TLSv1.3".
  struct portprint_bytes version;
  // The cipher suite by IANA's name.
  struct portprint_bytes cipher;
  // The application protocol that was agreed on.
  struct portprint_bytes alpn;
  // Whom the certificate names, as in RFC 4514.
  struct portprint_bytes subject;
  // Who signed it.
  struct portprint_bytes issuer;
  // Until when it is valid, RFC 3339.
  struct portprint_bytes not_after;
  // The SHA-256 of the certificate, in hexadecimal.
  struct portprint_bytes sha256;
  // Its alternative names.
  const struct portprint_bytes *names;
  // How many.
  uint64_t names_len;
};

// Something that happened.
struct portprint_event {
  // sizeof(struct portprint_event)
  uint32_t struct_size;
  // PORTPRINT_EVENT_START, …
  uint32_t kind;
  // PORTPRINT_EVENT_OPEN, PORTPRINT_EVENT_LAST, or'ed.
  uint32_t flags;
  // Milliseconds since the session began.
  uint32_t elapsed_ms;
  // What came.
  struct portprint_bytes data;
  // PORTPRINT_EVENT_START: the payload that it is the answer to.
  struct portprint_bytes request;
  // What TLS showed, or null.
  const struct portprint_tls *tls;
};

// A detail. The same key may come several times: a list.
struct portprint_detail {
  // Lower case letters, digits and underscores: "auth_required".
  struct portprint_bytes key;
  // PORTPRINT_DETAIL_…
  uint32_t kind;
  // Zero.
  uint32_t reserved;
  // The value of an integer, and of a bool.
  int64_t integer;
  // The value of a string, and of bytes.
  struct portprint_bytes bytes;
};

// What was found. Texts that are empty say nothing; `service` must not be.
struct portprint_result {
  // sizeof(struct portprint_result)
  uint32_t struct_size;
  // PORTPRINT_RESULT_…, or'ed.
  uint32_t flags;
  // The protocol, by nmap's name for it if it has one: "postgresql". One of those that the description names.
  struct portprint_bytes service;
  // The software: "PostgreSQL DB".
  struct portprint_bytes product;
  // Its version.
  struct portprint_bytes version;
  // Anything else worth a few words.
  struct portprint_bytes info;
  // The host's name for itself.
  struct portprint_bytes hostname;
  // Its operating system.
  struct portprint_bytes os;
  // The kind of device: "router".
  struct portprint_bytes device;
  // CPE 2.2 URIs, as in nmap: "cpe:/a:postgresql:postgresql:9.6".
  const struct portprint_bytes *cpe;
  // How many.
  uint64_t cpe_len;
  // Everything that has no field.
  const struct portprint_detail *details;
  // How many.
  uint64_t details_len;
};

// What to do next. The host zeroes it before each step.
struct portprint_action {
  // PORTPRINT_ACTION_SEND, …
  uint32_t kind;
  // Zero.
  uint32_t reserved;
  // Milliseconds, or PORTPRINT_WAIT_DEFAULT.
  uint32_t wait_ms;
  // How many bytes are worth a step. 0 counts as 1.
  uint32_t min_bytes;
  // What to send.
  struct portprint_bytes data;
  // The name to ask for in TLS.
  struct portprint_bytes sni;
  // Application protocols to offer in TLS.
  const struct portprint_bytes *alpn;
  // How many.
  uint64_t alpn_len;
  // What was found.
  const struct portprint_result *result;
};

// What a plugin exports. The first four fields have their places for ever: the host reads nothing else before they pass.
struct portprint_plugin {
  // PORTPRINT_MAGIC
  uint32_t magic;
  // PORTPRINT_ABI_MAJOR of the header that the plugin was built with.
  uint16_t abi_major;
  // PORTPRINT_ABI_MINOR of that header.
  uint16_t abi_minor;
  // sizeof(struct portprint_plugin) in that header.
  uint32_t struct_size;
  // Zero.
  uint32_t reserved;
  // Says what the plugin is for. Always the same answer. Any thread.
  const struct portprint_description *(*describe)(void);
  // Begins a session with one port. Null if that is impossible. Any thread.
  void *(*open)(const struct portprint_target *target, const struct portprint_config *config);
  // Takes in an event and fills the action, which is zeroed before. PORTPRINT_STATUS_OK, or the session is over and only closed. One
  // thread at a time for a session.
  int32_t (*step)(void *session, const struct portprint_event *event, struct portprint_action *action);
  // Frees a session. Called once for each, after any step or none. One thread at a time for a session.
  void (*close)(void *session);
};

#ifdef __cplusplus
extern "C" {
#endif

#ifdef _WIN32
#define PORTPRINT_EXPORT __declspec(dllexport)
#else
#define PORTPRINT_EXPORT __attribute__((visibility("default")))
#endif

// What a plugin exports, and nothing else. It does no work.
PORTPRINT_EXPORT const struct portprint_plugin *portprint_plugin_entry(void);

#ifdef __cplusplus
}
#endif

#if UINTPTR_MAX == UINT64_MAX
#ifdef __cplusplus
#define PORTPRINT_LAYOUT static_assert
#else
#define PORTPRINT_LAYOUT _Static_assert
#endif
PORTPRINT_LAYOUT(sizeof(struct portprint_bytes) == 16, "size of portprint_bytes");
PORTPRINT_LAYOUT(offsetof(struct portprint_bytes, data) == 0, "portprint_bytes.data");
PORTPRINT_LAYOUT(offsetof(struct portprint_bytes, len) == 8, "portprint_bytes.len");
PORTPRINT_LAYOUT(sizeof(struct portprint_plugin) == 48, "size of portprint_plugin");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, magic) == 0, "portprint_plugin.magic");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, abi_major) == 4, "portprint_plugin.abi_major");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, abi_minor) == 6, "portprint_plugin.abi_minor");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, struct_size) == 8, "portprint_plugin.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, reserved) == 12, "portprint_plugin.reserved");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, describe) == 16, "portprint_plugin.describe");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, open) == 24, "portprint_plugin.open");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, step) == 32, "portprint_plugin.step");
PORTPRINT_LAYOUT(offsetof(struct portprint_plugin, close) == 40, "portprint_plugin.close");
PORTPRINT_LAYOUT(sizeof(struct portprint_description) == 136, "size of portprint_description");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, struct_size) == 0, "portprint_description.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, transports) == 4, "portprint_description.transports");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, id) == 8, "portprint_description.id");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, version) == 24, "portprint_description.version");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, licence) == 40, "portprint_description.licence");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, summary) == 56, "portprint_description.summary");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, sends) == 72, "portprint_description.sends");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, services) == 88, "portprint_description.services");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, services_len) == 96, "portprint_description.services_len");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, ports) == 104, "portprint_description.ports");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, ports_len) == 112, "portprint_description.ports_len");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, triggers) == 120, "portprint_description.triggers");
PORTPRINT_LAYOUT(offsetof(struct portprint_description, triggers_len) == 128, "portprint_description.triggers_len");
PORTPRINT_LAYOUT(sizeof(struct portprint_trigger) == 24, "size of portprint_trigger");
PORTPRINT_LAYOUT(offsetof(struct portprint_trigger, kind) == 0, "portprint_trigger.kind");
PORTPRINT_LAYOUT(offsetof(struct portprint_trigger, flags) == 4, "portprint_trigger.flags");
PORTPRINT_LAYOUT(offsetof(struct portprint_trigger, value) == 8, "portprint_trigger.value");
PORTPRINT_LAYOUT(sizeof(struct portprint_target) == 48, "size of portprint_target");
PORTPRINT_LAYOUT(offsetof(struct portprint_target, struct_size) == 0, "portprint_target.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_target, transport) == 4, "portprint_target.transport");
PORTPRINT_LAYOUT(offsetof(struct portprint_target, host) == 8, "portprint_target.host");
PORTPRINT_LAYOUT(offsetof(struct portprint_target, address) == 24, "portprint_target.address");
PORTPRINT_LAYOUT(offsetof(struct portprint_target, port) == 40, "portprint_target.port");
PORTPRINT_LAYOUT(offsetof(struct portprint_target, reserved) == 42, "portprint_target.reserved");
PORTPRINT_LAYOUT(sizeof(struct portprint_config) == 40, "size of portprint_config");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, struct_size) == 0, "portprint_config.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, flags) == 4, "portprint_config.flags");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, seed) == 8, "portprint_config.seed");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, max_sent) == 16, "portprint_config.max_sent");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, max_received) == 24, "portprint_config.max_received");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, max_steps) == 32, "portprint_config.max_steps");
PORTPRINT_LAYOUT(offsetof(struct portprint_config, max_ms) == 36, "portprint_config.max_ms");
PORTPRINT_LAYOUT(sizeof(struct portprint_event) == 56, "size of portprint_event");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, struct_size) == 0, "portprint_event.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, kind) == 4, "portprint_event.kind");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, flags) == 8, "portprint_event.flags");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, elapsed_ms) == 12, "portprint_event.elapsed_ms");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, data) == 16, "portprint_event.data");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, request) == 32, "portprint_event.request");
PORTPRINT_LAYOUT(offsetof(struct portprint_event, tls) == 48, "portprint_event.tls");
PORTPRINT_LAYOUT(sizeof(struct portprint_tls) == 136, "size of portprint_tls");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, struct_size) == 0, "portprint_tls.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, reserved) == 4, "portprint_tls.reserved");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, version) == 8, "portprint_tls.version");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, cipher) == 24, "portprint_tls.cipher");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, alpn) == 40, "portprint_tls.alpn");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, subject) == 56, "portprint_tls.subject");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, issuer) == 72, "portprint_tls.issuer");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, not_after) == 88, "portprint_tls.not_after");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, sha256) == 104, "portprint_tls.sha256");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, names) == 120, "portprint_tls.names");
PORTPRINT_LAYOUT(offsetof(struct portprint_tls, names_len) == 128, "portprint_tls.names_len");
PORTPRINT_LAYOUT(sizeof(struct portprint_action) == 72, "size of portprint_action");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, kind) == 0, "portprint_action.kind");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, reserved) == 4, "portprint_action.reserved");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, wait_ms) == 8, "portprint_action.wait_ms");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, min_bytes) == 12, "portprint_action.min_bytes");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, data) == 16, "portprint_action.data");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, sni) == 32, "portprint_action.sni");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, alpn) == 48, "portprint_action.alpn");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, alpn_len) == 56, "portprint_action.alpn_len");
PORTPRINT_LAYOUT(offsetof(struct portprint_action, result) == 64, "portprint_action.result");
PORTPRINT_LAYOUT(sizeof(struct portprint_result) == 152, "size of portprint_result");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, struct_size) == 0, "portprint_result.struct_size");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, flags) == 4, "portprint_result.flags");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, service) == 8, "portprint_result.service");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, product) == 24, "portprint_result.product");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, version) == 40, "portprint_result.version");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, info) == 56, "portprint_result.info");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, hostname) == 72, "portprint_result.hostname");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, os) == 88, "portprint_result.os");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, device) == 104, "portprint_result.device");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, cpe) == 120, "portprint_result.cpe");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, cpe_len) == 128, "portprint_result.cpe_len");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, details) == 136, "portprint_result.details");
PORTPRINT_LAYOUT(offsetof(struct portprint_result, details_len) == 144, "portprint_result.details_len");
PORTPRINT_LAYOUT(sizeof(struct portprint_detail) == 48, "size of portprint_detail");
PORTPRINT_LAYOUT(offsetof(struct portprint_detail, key) == 0, "portprint_detail.key");
PORTPRINT_LAYOUT(offsetof(struct portprint_detail, kind) == 16, "portprint_detail.kind");
PORTPRINT_LAYOUT(offsetof(struct portprint_detail, reserved) == 20, "portprint_detail.reserved");
PORTPRINT_LAYOUT(offsetof(struct portprint_detail, integer) == 24, "portprint_detail.integer");
PORTPRINT_LAYOUT(offsetof(struct portprint_detail, bytes) == 32, "portprint_detail.bytes");
#undef PORTPRINT_LAYOUT
#endif

#endif  /* PORTPRINT_PLUGIN_H */
