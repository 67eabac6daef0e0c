//! Folders in which `portprint scan` is run with rules of the test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a database.
pub(crate) struct Place {
    folder: TempDir,
    hurried: bool,
}

impl Place {
    pub(crate) fn new(rules: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder can be made"), hurried: false };
        place.write("test.probes", rules);
        place
    }

    /// Silent peers cost its scans 300 ms a probe, unless the arguments say otherwise.
    pub(crate) fn hurried(rules: &str) -> Self {
        Self { hurried: true, ..Self::new(rules) }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a temporary file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the program wrote UTF-8")
    }

    pub(crate) fn scan(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
        command.current_dir(self.folder()).env_remove("RUST_LOG").stdin(Stdio::null());
        command.args(["--db", "test.probes", "scan"]).args(arguments);
        if self.hurried && !arguments.contains(&"--probe-timeout") {
            command.args(["--probe-timeout", "300ms"]);
        }
        command
    }

    /// Runs to the end: exit code, standard output, standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(self.scan(arguments).output().expect("the program can be started"))
    }
}

/// Exit code, standard output, standard error.
pub(crate) fn ended(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    (output.status.code().expect("it was not killed"), text(output.stdout), text(output.stderr))
}

/// Interrupts a scan once it has told a line with these words, and waits for its end. It must be told to `--trace`.
#[cfg(unix)]
pub(crate) fn interrupted(mut scan: Command, words: &str) -> (i32, String, String) {
    signalled(started(&mut scan), &[("INT", words)])
}

/// Starts the program, to be listened to.
#[cfg(unix)]
pub(crate) fn started(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started")
}

/// A standard output to which nobody listens.
///
/// It is a socket that is shut down, not a pipe whose other end was dropped: programs that other threads start at that moment hold their
/// parent's files until they begin, so somebody might listen for a while.
#[cfg(unix)]
pub(crate) fn nobody_listens() -> Stdio {
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let (output, other) = UnixStream::pair().expect("sockets can be made");
    other.shutdown(Shutdown::Both).expect("it was open");
    OwnedFd::from(output).into()
}

/// Sends a scan each signal once it has told a line with the words beside it, and waits for its end.
#[cfg(unix)]
pub(crate) fn signalled(mut child: Child, signals: &[(&str, &str)]) -> (i32, String, String) {
    use std::io::Read;

    let mut stderr = child.stderr.take().expect("it is piped");
    let (mut told, mut piece) = (String::new(), [0; 4096]);
    for (signal, words) in signals {
        while !told.contains(words) {
            let length = stderr.read(&mut piece).expect("standard error is open");
            assert!(length > 0, "it ended too soon: {told}");
            told.push_str(&String::from_utf8_lossy(&piece[..length]));
        }
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.expect("there is kill").success());
    }
    stderr.read_to_string(&mut told).expect("it is text");
    let (code, out, _) = ended(child.wait_with_output().expect("it ends"));
    (code, out, told)
}

/// Whether SIGHUP is ignored here, and so by every program that is started, as it is under `nohup`.
#[cfg(target_os = "linux")]
pub(crate) fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("it is a set of signals");
    u64::from_str_radix(ignored.trim(), 16).expect("it is a number") & 1 != 0
}
