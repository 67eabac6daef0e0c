//! `portprint plugin new`: a plugin that builds, passes its tests, and knows the toy server that comes with it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Ending, Failure};

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

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let folder = Path::new(&args.name);
    fs::create_dir(folder)
        .map_err(|error| Failure::fault(format!("{}: the folder cannot be made: {error}", folder.display())))?;
    let sdk = match &args.sdk {
        None => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
        Some(path) => {
            let path =
                fs::canonicalize(path).map_err(|error| Failure::usage(format!("--sdk {}: {error}", path.display())))?;
            format!("path = {:?}", path.to_string_lossy())
        }
    };
    let files = match args.lang {
        Lang::Rust => RUST,
        Lang::C => C,
    };
    for (name, text) in files {
        let text = text
            .replace("@NAME@", &args.name)
            .replace("@LIB@", &args.name.replace('-', "_"))
            .replace("@SDK@", &format!("{{ {sdk} }}"))
            .replace("@SDK_FIELDS@", &sdk);
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| Failure::fault(format!("{}: {error}", path.display())))?;
    }
    log::info!("{}: a plugin and its toy server; README.md says how to build and try them", folder.display());
    Ok(Ending::Done)
}

fn name(text: &str) -> Result<String, &'static str> {
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = text.bytes().all(is_known) && text.starts_with(|c: char| c.is_ascii_lowercase());
    if is_name && text.len() <= 32 && !text.ends_with('-') {
        return Ok(text.to_owned());
    }
    Err("a name has at most 32 lower case letters, digits and hyphens, and begins with a letter")
}
