//! Plugins in processes of their own: what they do to themselves is told, and nothing else comes of it.
#![cfg(unix)]

use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portprint_core::handshake::{Fault, Handshakes, Limits, PluginId, Target};
use portprint_plugin_host::isolated::Launcher;
use portprint_plugin_host::{Delivery, Loader, Plugins, ReplayErrorKind, replay_session};
use tempfile::TempDir;

use crate::libraries::{fixture, folder, half, puppet};

/// The program that tests start: an example of this crate, which cargo builds with the tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("it runs");
    let program = tests.ancestors().nth(2).expect("it is in a folder of cargo's").join("examples/serve");
    if !program.exists() {
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let arguments = ["build", "--package", "portprint-plugin-host", "--example", "serve", "--profile", profile];
        assert!(Command::new(env!("CARGO")).args(arguments).status().expect("cargo runs").success());
    }
    program
}

fn launcher(most: usize) -> Launcher {
    Launcher { program: program(), arguments: Vec::new(), most }
}

/// A set with the plugin that does as it is told, and what was told of it.
struct Stage {
    plugins: Plugins,
    told: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
}

fn stage(most: usize) -> Stage {
    let folder = folder();
    let file = puppet(folder.path(), "portprint_plugin_puppet", &[]);
    let mut loader = Loader::isolated(launcher(most));
    loader.file(&file).unwrap();
    assert!(!is_loaded(&file), "nothing of it is in this process");
    let told = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&told);
    let plugins = loader.finish(Box::new(move |fault: &Fault| ears.lock().unwrap().push(fault.to_string())));
    Stage { plugins, told, _folder: folder }
}

fn is_loaded(file: &Path) -> bool {
    std::fs::read_to_string("/proc/self/maps").is_ok_and(|maps| maps.contains(file.to_str().unwrap()))
}

impl Stage {
    /// Holds a conversation in which the peer says this.
    fn hear(&self, word: &str) -> Result<(), String> {
        let fixture = fixture(word);
        let step_time = if word == "hang" { Duration::from_millis(700) } else { Duration::from_secs(10) };
        let limits = Limits { step_time, ..Limits::default() };
        let mut session =
            self.plugins.open(PluginId(0), &Target { limits, ..fixture.target() }).map_err(|it| it.what)?;
        replay_session(&mut *session, &fixture, Delivery::Whole).map_err(|error| match error.kind {
            ReplayErrorKind::Fault(fault) => fault.what,
            ReplayErrorKind::Differs(text) => panic!("{text}"),
        })
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

#[test]
fn conversations_in_another_process() {
    let stage = stage(1);
    for _ in 0..100 {
        stage.hear("x").unwrap();
    }
    stage.hear("print").unwrap();
    stage.hear("x").unwrap();
    assert_eq!(stage.told(), [""; 0]);
}

#[test]
fn a_crash_costs_one_conversation() {
    for (word, what) in [
        ("crash", "its process ended by signal 11 (SIGSEGV)"),
        ("abort", "its process ended by signal 6 (SIGABRT)"),
        #[cfg(target_os = "linux")]
        ("bus", "its process ended by signal 7 (SIGBUS)"),
        ("exit", "its process ended with exit code 3"),
        ("hang", "its process did not come back within 700ms; killed"),
        ("fail", "step: PORTPRINT_STATUS_FAILED, it cannot go on"),
    ] {
        let stage = stage(1);
        let begin = Instant::now();
        assert_eq!(stage.hear(word).unwrap_err(), what);
        assert!(begin.elapsed() < Duration::from_secs(5), "{word}");
        assert_eq!(stage.told(), [format!("plugin puppet: {what}")]);
        stage.hear("x").unwrap_or_else(|error| panic!("after {word}: {error}"));
    }
}

#[test]
fn bytes_that_are_no_message_end_the_process() {
    let stage = stage(1);
    let what = stage.hear("garble").unwrap_err();
    assert!(what.starts_with("its process sent what is no message: a message has 4294967295 bytes"), "{what}");
    stage.hear("x").unwrap();
}

#[test]
fn writing_to_a_closed_session_costs_the_next_one() {
    let stage = stage(1);
    stage.hear("write after close").unwrap();
    assert_eq!(stage.hear("x").unwrap_err(), "its process ended by signal 11 (SIGSEGV)");
    stage.hear("x").unwrap();
}

#[test]
fn three_crashes_are_too_many() {
    let stage = stage(2);
    for _ in 0..3 {
        stage.hear("crash").unwrap_err();
    }
    assert_eq!(stage.hear("x").unwrap_err(), "it broke rules before, and is used no more");
    let crash = "plugin puppet: its process ended by signal 11 (SIGSEGV)";
    assert_eq!(stage.told(), [crash, "plugin puppet: it is used no more after 3 faults"]);
}

#[test]
fn conversations_share_processes() {
    let stage = stage(3);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20).for_each(|_| stage.hear("x").unwrap()));
        }
    });
    assert_eq!(stage.told(), [""; 0]);
}

#[test]
fn what_is_no_plugin_is_refused_by_its_process() {
    let folder = folder();
    let file = puppet(folder.path(), "portprint_plugin_old", &["-DMAJOR=9"]);
    let error = Loader::isolated(launcher(1)).file(&file).unwrap_err().to_string();
    assert!(error.contains("its process refused it:") && error.contains("abi_major is 9"), "{error}");
    let launcher = Launcher { program: "/nonexistent/portprint".into(), arguments: Vec::new(), most: 1 };
    let error = Loader::isolated(launcher).file(&file).unwrap_err().to_string();
    assert!(error.contains("cannot be started from /nonexistent/portprint"), "{error}");
    let launcher = Launcher { program: "/bin/echo".into(), arguments: Vec::new(), most: 1 };
    let error = Loader::isolated(launcher).file(&file).unwrap_err().to_string();
    assert!(error.contains("its process sent what is no message"), "{error}");
}

/// A process does not outlive who started it, even if its plugin never comes back, be it while the system loads it.
#[test]
fn processes_end_with_their_parent() {
    let folder = folder();
    for flag in ["-DSLOW_ENTRY", "-DSLOW_LOAD"] {
        let file = puppet(folder.path(), &format!("portprint_plugin{flag}"), &[flag]);
        let mut child =
            Command::new(program()).arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "{flag}");
        let begin = Instant::now();
        drop(child.stdin.take());
        while child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(20));
            if begin.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
                panic!("{flag}: its process is still there");
            }
        }
    }
}

/// Who started a process may end before it has said what it has to say.
#[test]
fn a_process_that_nobody_listens_to_ends_quietly() {
    let folder = folder();
    let file = puppet(folder.path(), "portprint_plugin_puppet", &[]);
    // Not a pipe whose other end is dropped: processes that other tests start at that moment hold it for a while.
    let (output, other) = UnixStream::pair().unwrap();
    other.shutdown(Shutdown::Both).unwrap();
    let mut command = Command::new(program());
    let command = command.arg(&file).stdin(Stdio::piped()).stdout(OwnedFd::from(output)).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

/// What a process would be ended by is seen before one is started.
#[test]
fn half_a_library_starts_no_process() {
    let folder = folder();
    let file = half(folder.path(), "portprint_plugin_half");
    let error = Loader::isolated(launcher(1)).file(&file).unwrap_err().to_string();
    assert!(error.contains("it is cut short: its headers need"), "{error}");
}

/// Its cost is printed: `cargo test --release -p portprint-plugin-host -- cost_of --nocapture`.
#[test]
fn cost_of_another_process() {
    let stage = stage(1);
    let (begin, count) = (Instant::now(), 300);
    for _ in 0..count {
        stage.hear("x").unwrap();
    }
    eprintln!("isolated: {:?} for a conversation of 3 steps", begin.elapsed() / count);
}
