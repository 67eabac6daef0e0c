//! Plugins from outside: the program with shared libraries that are built here with the C compiler, good ones and others.

#![cfg(target_os = "linux")]

mod commands;
mod examples;
mod files;
mod hostile;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::databases::root;
use crate::place::{Place, ended};

/// The program in a folder of the test's.
fn portprint(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
    ended(command.current_dir(place.folder()).args(arguments).output().expect("the program can be started"))
}

/// Builds a plugin in C, with all warnings as errors.
fn build(folder: &Path, name: &str, source: &Path, more: &[&str]) -> PathBuf {
    let library = folder.join(format!("libportprint_plugin_{name}.so"));
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-pthread"]);
    command.arg("-I").arg(root().join("plugins/abi/include")).args(more).arg("-o").arg(&library).arg(source);
    let output = command.output().expect("there is a C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// Builds the example in C, and says where it and its fixtures are.
fn shout(folder: &Path) -> (String, String) {
    let library = build(folder, "shout", &root().join("plugins/examples/c/plugin.c"), &[]);
    let text = |path: PathBuf| path.to_str().expect("it is UTF-8").to_owned();
    (text(library), text(root().join("plugins/examples/c/fixtures")))
}

/// What the toy server of the example says.
fn toy(line: &str) -> Option<&'static [u8]> {
    match line {
        "HELLO" => Some(b"shout/1.2\n"),
        "BYE" => Some(b"see you\n"),
        _ => None,
    }
}

/// Answers lines on every connection of a new port of this machine.
fn answers(answer: impl Fn(&str) -> Option<&'static [u8]> + Send + Sync + 'static, greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let answer = std::sync::Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || {
                // A peer that goes away is no concern of the test's.
                let mut stream = stream?;
                stream.write_all(greeting)?;
                for line in BufReader::new(stream.try_clone()?).lines() {
                    match answer(&line?) {
                        Some(reply) => stream.write_all(reply)?,
                        None => break,
                    }
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    port
}

fn records(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
