//! The files that a scan is given: none is written that is read or written for something else, too, and none of a scan that goes on
//! has gone.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::exit::Failure;
use crate::{beside, escape};

use super::Args;
use super::summary::number;

/// A file, or a standard stream.
struct Named {
    /// What it is given with.
    flag: String,
    /// What it is called in messages.
    name: String,
    is_written: bool,
    identity: Option<Identity>,
}

/// What two names of one file have in common.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Links have it, too.
    #[cfg(unix)]
    Inode(u64, u64),
    /// Of a file that is not there yet, or of any where there is nothing better.
    Path(PathBuf),
}

/// Refuses a scan that would write to one file twice, or to one that it reads.
pub(super) fn check(context: &Context, args: &Args) -> Result<(), Failure> {
    one_to_standard_output(args)?;
    if args.order.resume.as_deref().is_some_and(is_stream) {
        return Err(Failure::usage("--resume -: a journal must be a regular file; name one"));
    }
    let named = named(context, args);
    for (index, first) in named.iter().enumerate() {
        let again = named[index + 1..].iter().find(|other| {
            (first.is_written || other.is_written) && first.identity.is_some() && first.identity == other.identity
        });
        if let Some(other) = again {
            return Err(told_twice(first, other));
        }
    }
    Ok(())
}

/// Warns of results of an earlier run that have gone. `done` is how many ports the journal has, if it goes on.
pub(super) fn tell_gone(args: &Args, journal: &str, done: u64) {
    let results = args.output.iter().filter_map(|output| output.file.as_deref());
    for path in results.chain(args.save_responses.as_deref()).chain(args.record.as_deref()) {
        let is_gone = !is_stream(path) && matches!(fs::exists(path), Ok(false));
        if done > 0 && is_gone {
            log::warn!(
                "{} does not exist, and what was found on the {} that {journal} says {} done will not be in it; if that is lost, begin \
                 anew with another --resume FILE",
                escape::path(path),
                number(done, "port"),
                if done == 1 { "is" } else { "are" }
            );
        }
    }
}

/// Whether it is `-`, which is a standard stream.
pub(super) fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn one_to_standard_output(args: &Args) -> Result<(), Failure> {
    let results =
        args.output.iter().filter(|output| output.file.is_none()).map(|output| format!("-o {}", output.format));
    let lines = [("--save-responses -", &args.save_responses), ("--record -", &args.record)];
    let lines = lines.into_iter().filter(|(_, path)| path.as_deref().is_some_and(is_stream));
    let flags: Vec<_> = results.chain(lines.map(|(flag, _)| flag.to_owned())).collect();
    if flags.len() > 1 {
        return Err(Failure::usage(format!(
            "only one of {} can go to standard output; give the others a file, as in -o text=FILE",
            flags.join(" and ")
        )));
    }
    Ok(())
}

fn named(context: &Context, args: &Args) -> Vec<Named> {
    let mut named = Vec::new();
    let mut add = |flag: &str, path: &Path, is_written: bool| {
        let (name, identity) = match (is_stream(path), is_written) {
            (false, _) => (escape::path(path), of_file(path)),
            (true, false) => ("standard input".to_owned(), stream::input().and_then(|file| of_open(&file))),
            (true, true) => ("standard output".to_owned(), stream::output().and_then(|file| of_open(&file))),
        };
        named.push(Named { flag: flag.to_owned(), name, is_written, identity });
    };
    context.files().for_each(|(flag, path)| add(flag, path, false));
    args.input.iter().for_each(|path| add("-i", path, false));
    args.exclude_file.iter().for_each(|path| add("--exclude-file", path, false));
    for output in &args.output {
        add(&format!("-o {}", output.format), output.file.as_deref().unwrap_or(Path::new("-")), true);
    }
    for (flag, path) in
        [("--save-responses", &args.save_responses), ("--record", &args.record), ("--resume", &args.order.resume)]
    {
        path.iter().for_each(|path| add(flag, path, true));
    }
    named
}

fn told_twice(first: &Named, other: &Named) -> Failure {
    let files = if first.name == other.name {
        format!("{} is named twice ({}, {})", first.name, first.flag, other.flag)
    } else {
        format!("{} ({}) and {} ({}) are the same file", first.name, first.flag, other.name, other.flag)
    };
    Failure::usage(format!("{files}, and one would overwrite the other; give each a file of its own"))
}

/// Devices and pipes have none: they keep nothing, and may be named as often as one likes.
fn of_file(path: &Path) -> Option<Identity> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() => of_open(&file).or_else(|| fs::canonicalize(path).ok().map(Identity::Path)),
        Ok(_) => None,
        Err(_) => of_new(path),
    }
}

/// The place at which a file would be made.
fn of_new(path: &Path) -> Option<Identity> {
    let path = beside::behind_links(path).ok()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(Identity::Path(fs::canonicalize(folder).ok()?.join(path.file_name()?)))
}

#[cfg(unix)]
fn of_open(file: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;

    file.is_file().then(|| Identity::Inode(file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn of_open(_: &Metadata) -> Option<Identity> {
    None
}

/// What the shell has put in the place of the standard streams.
#[cfg(unix)]
mod stream {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd};

    pub(super) fn input() -> Option<Metadata> {
        metadata(io::stdin().as_fd())
    }

    pub(super) fn output() -> Option<Metadata> {
        metadata(io::stdout().as_fd())
    }

    fn metadata(stream: BorrowedFd<'_>) -> Option<Metadata> {
        File::from(stream.try_clone_to_owned().ok()?).metadata().ok()
    }
}

#[cfg(not(unix))]
mod stream {
    use std::fs::Metadata;

    pub(super) fn input() -> Option<Metadata> {
        None
    }

    pub(super) fn output() -> Option<Metadata> {
        None
    }
}
