//! `include/portprint_plugin.h` and `layout.txt` say what `src/lib.rs` says.
//!
//! `UPDATE_HEADER=1 cargo test -p portprint-plugin-abi` writes both anew. A layout that differs from the one of the same version is not
//! written: plugins that are built already have the old one.
#![cfg(target_pointer_width = "64")]

use std::fmt::Write;
use std::fs;
use std::mem::offset_of;
use std::path::{Path, PathBuf};

use portprint_plugin_abi as abi;
use similar::TextDiff;

/// A struct: its name in C, its size, and its fields with their offsets.
struct Layout {
    name: &'static str,
    size: usize,
    fields: Vec<(&'static str, usize)>,
}

macro_rules! layouts {
    ($($name:literal $type:ident { $($field:ident),+ })+) => {
        vec![$({
            // Does not compile when a field is missing here.
            let _ = |abi::$type { $($field: _),+ }: abi::$type| {};
            Layout {
                name: $name,
                size: size_of::<abi::$type>(),
                fields: vec![$((stringify!($field), offset_of!(abi::$type, $field))),+],
            }
        }),+]
    };
}

fn layouts() -> Vec<Layout> {
    layouts! {
        "portprint_bytes" Bytes { data, len }
        "portprint_plugin" Plugin {
            magic, abi_major, abi_minor, struct_size, reserved, describe, open, step, close
        }
        "portprint_description" Description {
            struct_size, transports, id, version, licence, summary, sends, services, services_len, ports, ports_len, triggers,
            triggers_len
        }
        "portprint_trigger" Trigger { kind, flags, value }
        "portprint_target" Target { struct_size, transport, host, address, port, reserved }
        "portprint_config" Config { struct_size, flags, seed, max_sent, max_received, max_steps, max_ms }
        "portprint_event" Event { struct_size, kind, flags, elapsed_ms, data, request, tls }
        "portprint_tls" Tls {
            struct_size, reserved, version, cipher, alpn, subject, issuer, not_after, sha256, names, names_len
        }
        "portprint_action" Action { kind, reserved, wait_ms, min_bytes, data, sni, alpn, alpn_len, result }
        "portprint_result" Result {
            struct_size, flags, service, product, version, info, hostname, os, device, cpe, cpe_len, details, details_len
        }
        "portprint_detail" Detail { key, kind, reserved, integer, bytes }
    }
}

fn place(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn is_update() -> bool {
    std::env::var_os("UPDATE_HEADER").is_some()
}

/// Compares a file with what it should be, or writes it.
fn settle(file: &str, expected: &str) {
    if is_update() {
        fs::create_dir_all(place(file).parent().expect("it is in the crate")).expect("the crate can be written");
        fs::write(place(file), expected).expect("the crate can be written");
    }
    let found = fs::read_to_string(place(file)).unwrap_or_default();
    let diff = TextDiff::from_lines(found.as_str(), expected);
    assert!(
        found == expected,
        "{file} is not what src/lib.rs gives; UPDATE_HEADER=1 writes it anew\n{}",
        diff.unified_diff().header(file, "src/lib.rs")
    );
}

#[test]
fn header_is_of_this_source() {
    settle("include/portprint_plugin.h", &header());
}

fn header() -> String {
    let config = cbindgen::Config::from_file(place("cbindgen.toml")).expect("the configuration is valid");
    let mut written = Vec::new();
    cbindgen::Builder::new()
        .with_src(place("src/lib.rs"))
        .with_config(config)
        .generate()
        .expect("the source is valid")
        .write(&mut written);
    let written = String::from_utf8(written).expect("it is text");
    let (body, guard) = written.split_at(written.rfind("#endif").expect("it is guarded"));
    let body = body.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    format!("{}\n{}\n\n{ENTRY}\n{}\n{guard}", preface(), body.trim_end(), asserts())
}

/// What a plugin exports. C++ must not give it another name.
const ENTRY: &str = "\
#ifdef __cplusplus
extern \"C\" {
#endif

#ifdef _WIN32
#define PORTPRINT_EXPORT __declspec(dllexport)
#else
#define PORTPRINT_EXPORT __attribute__((visibility(\"default\")))
#endif

// What a plugin exports, and nothing else. It does no work.
PORTPRINT_EXPORT const struct portprint_plugin *portprint_plugin_entry(void);

#ifdef __cplusplus
}
#endif
";

/// What the crate says of itself, for who reads C.
fn preface() -> String {
    let source = fs::read_to_string(place("src/lib.rs")).expect("it is there");
    let mut text = String::from("// Generated from src/lib.rs of portprint-plugin-abi.\n//\n");
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    for line in lines.filter(|line| !line.contains("```") && !line.contains("include/portprint_plugin.h")) {
        let line = line.replace("[`ENTRY`]", abi::ENTRY);
        if line.is_empty() && text.ends_with("//\n") {
            continue;
        }
        writeln!(text, "//{line}").expect("it is a String");
    }
    text
}

/// The layout as the compiler of a plugin must see it.
fn asserts() -> String {
    let mut text = String::from(
        "#if UINTPTR_MAX == UINT64_MAX\n#ifdef __cplusplus\n#define PORTPRINT_LAYOUT static_assert\n#else\n\
         #define PORTPRINT_LAYOUT _Static_assert\n#endif\n",
    );
    for Layout { name, size, fields } in layouts() {
        writeln!(text, "PORTPRINT_LAYOUT(sizeof(struct {name}) == {size}, \"size of {name}\");")
            .expect("it is a String");
        for (field, offset) in fields {
            writeln!(text, "PORTPRINT_LAYOUT(offsetof(struct {name}, {field}) == {offset}, \"{name}.{field}\");")
                .expect("it is a String");
        }
    }
    text + "#undef PORTPRINT_LAYOUT\n#endif\n"
}

#[test]
fn layout_is_of_this_version() {
    let version = format!("version {}.{}", abi::ABI_MAJOR, abi::ABI_MINOR);
    let mut table = String::new();
    for Layout { name, size, fields } in layouts() {
        writeln!(table, "{name} {size}").expect("it is a String");
        for (field, offset) in fields {
            writeln!(table, "  {offset} {field}").expect("it is a String");
        }
    }
    let expected = format!("{version}\nfnv1a {:016x}\n{table}", fnv1a(table.as_bytes()));
    let found = fs::read_to_string(place("layout.txt")).unwrap_or_default();
    assert!(
        found == expected || !found.starts_with(&format!("{version}\n")),
        "the layout has changed and the version has not: raise ABI_MINOR if fields were added at the end, ABI_MAJOR otherwise. \
         (Before the first release: delete layout.txt.)\n{}",
        TextDiff::from_lines(found.as_str(), &expected).unified_diff()
    );
    settle("layout.txt", &expected);
}

/// FNV-1a, by which two layouts are told apart at a glance.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What never changes, whatever the version.
#[test]
fn beginning_is_for_ever() {
    let layouts = layouts();
    let plugin = layouts.iter().find(|it| it.name == "portprint_plugin").expect("it is there");
    assert_eq!(
        plugin.fields[..5],
        [("magic", 0), ("abi_major", 4), ("abi_minor", 6), ("struct_size", 8), ("reserved", 12)]
    );
    assert_eq!(abi::MAGIC, 0x5052_5054);
}
