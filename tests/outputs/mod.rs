//! What `portprint scan` writes, from outside: every format of one scan of hostile peers on loopback, and what happens when an output
//! cannot be written.

mod formats;
mod peers;
mod streams;

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const RULES: &str = r"Probe TCP NULL q||
match ssh m|^SSH-([\d.]+)-Opend_([\w.]+)\r?\n| p/Opend/ v/$2/ i/protocol $1/ h/host.example/ o/Unix/ cpe:/a:opend:opend:$2/
match odd m|^ODD (.*)\r\n$|s p/$1/ v/=1+1/
softmatch ftp m|^220 |
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
ports 80
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: (.*)\r\n|s p/$1/
";

/// A folder with a database, in which the program is run.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        std::fs::write(place.0.path().join("test.probes"), RULES).expect("a temporary file can be written");
        place
    }

    fn read(&self, name: &str) -> String {
        let bytes = std::fs::read(self.0.path().join(name)).expect("the program wrote it");
        String::from_utf8(bytes).expect("the program writes UTF-8")
    }

    fn scan(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
        command.current_dir(self.0.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        command.args(["--db", "test.probes", "scan"]).args(arguments);
        if !arguments.contains(&"--probe-timeout") {
            command.args(["--probe-timeout", "300ms"]);
        }
        command
    }

    /// Runs to the end: exit code, standard output, standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(&self.scan(arguments).output().expect("the program can be started"))
    }
}

fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
    (output.status.code().expect("it was not killed"), text(&output.stdout), text(&output.stderr))
}
