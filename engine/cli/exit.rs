//! How the program ends: the exit codes, in one place.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// The exit code of a fault of ours or of the system.
pub(crate) const FAULT: u8 = 1;
const USAGE: u8 = 2;
const SOME_INPUT_BAD: u8 = 3;
/// The exit code of a scan that was interrupted.
pub(crate) const INTERRUPTED: u8 = 130;

/// How a command ended that did what it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is done.
    Done,
    /// Done, but some input was bad and skipped; each was told.
    SomeInputBad,
    /// Interrupted; partial results are written.
    #[cfg_attr(not(feature = "scan"), expect(dead_code, reason = "only scans can be interrupted half-way"))]
    Interrupted,
}

/// Why a command could not go on.
#[derive(Debug)]
pub(crate) struct Failure(Kind);

#[derive(Debug)]
enum Kind {
    Fault(String),
    Usage(String),
    Arguments(Box<clap::Error>),
    ClosedPipe,
}

impl Failure {
    /// A fault of ours or of the system.
    pub(crate) fn fault(message: impl Into<String>) -> Self {
        Self(Kind::Fault(message.into()))
    }

    /// The command makes no sense as it was typed.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self(Kind::Usage(message.into()))
    }

    /// What was typed is not in the language of the flags, or asks for help.
    pub(crate) fn arguments(error: clap::Error) -> Self {
        Self(Kind::Arguments(Box::new(error)))
    }

    /// Standard output failed. When its reader has gone there is nobody to tell, and nothing went wrong.
    pub(crate) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self(Kind::ClosedPipe)
        } else {
            Self(Kind::Fault(format!("standard output: {error}")))
        }
    }

    /// Something done to a file failed.
    pub(crate) fn file(path: impl Display, error: impl Display) -> Self {
        Self(Kind::Fault(format!("{path}: {error}")))
    }
}

/// Tells why, if it failed, and gives the exit code.
pub(crate) fn code(result: Result<Ending, Failure>) -> ExitCode {
    let code = match result {
        Ok(Ending::Done) | Err(Failure(Kind::ClosedPipe)) => 0,
        Ok(Ending::SomeInputBad) => SOME_INPUT_BAD,
        Ok(Ending::Interrupted) => INTERRUPTED,
        Err(Failure(Kind::Fault(message))) => {
            log::error!("{message}");
            FAULT
        }
        Err(Failure(Kind::Usage(message))) => {
            log::error!("{message}");
            USAGE
        }
        Err(Failure(Kind::Arguments(error))) => {
            let printed = error.print();
            match printed {
                Err(fault) if fault.kind() != io::ErrorKind::BrokenPipe => FAULT,
                _ if error.use_stderr() => USAGE,
                _ => 0,
            }
        }
    };
    ExitCode::from(code)
}
