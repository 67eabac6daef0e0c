//! `portprint plugin new`: a plugin that builds, passes its tests, and knows the toy server that comes with it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::output;

/// A plugin to begin with, and a toy server that it identifies
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Makes the folder NAME with a plugin that builds, passes its tests, and identifies the toy server
that comes with it. Its README.md says how.

In Rust a plugin depends on portprint-plugin-sdk alone; --sdk takes it from a folder instead of
crates.io. In C it needs portprint_plugin.h alone, which is copied into the folder.

Examples:
  portprint plugin new shout
  portprint plugin new shout --sdk ~/portprint/plugins/sdk
  portprint plugin new shout --lang c")]
pub(super) struct Args {
    /// The plugin's id: lower case letters, digits and hyphens, beginning with a letter
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,

    /// The language it is written in
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    lang: Lang,

    /// Where the SDK is, for Rust [default: crates.io]
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Lang {
    Rust,
    C,
}

/// The files of a new plugin and what stands in them, with @NAME@ and others for what differs.
const RUST: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/rust/Cargo.toml.txt")),
    ("README.md", include_str!("template/rust/README.md.txt")),
    (".gitignore", "/target\n/Cargo.lock\n"),
    ("src/lib.rs", include_str!("template/rust/lib.rs.txt")),
    ("examples/toy.rs", include_str!("template/rust/toy.rs.txt")),
    ("fixtures/known.txt", KNOWN),
    ("fixtures/other.txt", OTHER),
];

const C: &[(&str, &str)] = &[
    ("Makefile", include_str!("template/c/Makefile")),
    ("README.md", include_str!("template/c/README.md.txt")),
    (".gitignore", "/*.so\n/toy\n"),
    ("plugin.c", include_str!("template/c/plugin.c.txt")),
    ("toy.c", include_str!("template/c/toy.c.txt")),
    ("portprint_plugin.h", include_str!("../../../plugins/abi/include/portprint_plugin.h")),
    ("fixtures/known.txt", KNOWN),
    ("fixtures/other.txt", OTHER),
];

const KNOWN: &str = include_str!("template/known.txt");
const OTHER: &str = include_str!("template/other.txt");

pub(super) fn run(context: &Context, args: &Args) -> Result<Ending, Failure> {
    let sdk = sdk(args)?;
    let folder = Path::new(&args.name);
    fs::create_dir(folder)
        .map_err(|error| Failure::fault(format!("{}: the folder cannot be made: {error}", folder.display())))?;
    if let Err(failure) = fill(folder, args, &sdk) {
        // Half a plugin would only stand in the way of the next attempt.
        fs::remove_dir_all(folder).ok();
        return Err(failure);
    }
    let name = &args.name;
    let told = format!("{name}: a plugin and its toy server; {name}/README.md says how to build and try them\n");
    output::write(context.color(), &told)?;
    Ok(Ending::Done)
}

fn fill(folder: &Path, args: &Args, sdk: &str) -> Result<(), Failure> {
    let files = match args.lang {
        Lang::Rust => RUST,
        Lang::C => C,
    };
    for (name, text) in files {
        let text = text
            .replace("@NAME@", &args.name)
            .replace("@LIB@", &args.name.replace('-', "_"))
            .replace("@SDK@", &format!("{{ {sdk} }}"))
            .replace("@SDK_FIELDS@", sdk);
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| Failure::fault(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// The fields by which a plugin depends on the SDK.
fn sdk(args: &Args) -> Result<String, Failure> {
    const PACKAGE: &str = "portprint-plugin-sdk";
    let Some(given) = &args.sdk else { return Ok(format!("version = \"{}\"", env!("CARGO_PKG_VERSION"))) };
    if matches!(args.lang, Lang::C) {
        return Err(Failure::usage("--sdk is for Rust: a plugin in C needs the header alone, which is copied"));
    }
    let refuse = |what: &str| Failure::usage(format!("--sdk {}: {what}", escape::path(given)));
    let path = fs::canonicalize(given).map_err(|error| refuse(&error.to_string()))?;
    let manifest =
        if path.is_dir() { fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default() } else { String::new() };
    let name = format!("name = \"{PACKAGE}\"");
    if !manifest.lines().any(|line| line.trim() == name) {
        return Err(refuse(&format!("it is not the folder of the SDK, where the Cargo.toml of {PACKAGE} is")));
    }
    let path = path.to_str().ok_or_else(|| refuse("its path is not UTF-8, so no Cargo.toml can name it"))?;
    Ok(format!("path = {}", toml_string(path)))
}

/// A text as TOML has it between quotes.
fn toml_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn name(text: &str) -> Result<String, &'static str> {
    /// A plugin's package is called portprint-plugin-NAME, and these are what it is built with.
    const TAKEN: [&str; 3] = ["abi", "host", "sdk"];
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = text.bytes().all(is_known) && text.starts_with(|c: char| c.is_ascii_lowercase());
    if !is_name || text.len() > 32 || text.ends_with('-') {
        return Err("a name has at most 32 lower case letters, digits and hyphens, and begins with a letter");
    }
    if TAKEN.contains(&text) {
        return Err(
            "abi, host and sdk are what a plugin is built with: portprint-plugin-sdk and so on; take another name",
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_in_toml() {
        for (path, expected) in [
            ("/home/é/sdk", "\"/home/é/sdk\""),
            ("C:\\sdk \"x\"", "\"C:\\\\sdk \\\"x\\\"\""),
            ("/\u{1b}[31m\n\u{9b}", "\"/\\u001B[31m\\u000A\\u009B\""),
        ] {
            assert_eq!(super::toml_string(path), expected);
        }
    }
}
