//! Files that are read are regular ones: a pipe is waited for without end, and so may a device be.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

/// An error unless a file is there and is a regular one. Links are followed; nothing is opened.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return Ok(());
    }
    Err(io::Error::other(format!("it is not a regular file but {}", word(kind))))
}

fn word(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a folder" } else { "something else" }
}
