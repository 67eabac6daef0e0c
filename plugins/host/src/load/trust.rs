//! What root does not load: files that somebody else could have put there.
//!
//! Loading a library is running it. A scanner is often root, so a plugin that another user can write would make that user root.

use std::path::Path;

use super::LoadError;

/// Whose it is and who may write it.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
struct Status {
    owner: u32,
    mode: u32,
}

/// Checks a file, if this process is root's. `path` is the file's without links.
pub(super) fn check(file: &Path, path: &Path) -> Result<(), LoadError> {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        use std::os::unix::fs::MetadataExt;
        return check_as_root(file, path, |path| {
            let metadata = path.symlink_metadata()?;
            Ok(Status { owner: metadata.uid(), mode: metadata.mode() })
        });
    }
    let _ = (file, path);
    Ok(())
}

#[cfg(unix)]
fn check_as_root(file: &Path, path: &Path, status: impl Fn(&Path) -> std::io::Result<Status>) -> Result<(), LoadError> {
    const WRITABLE: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    for (depth, one) in path.ancestors().enumerate() {
        let Status { owner, mode } = status(one).map_err(|error| LoadError::unreadable(one, &error))?;
        let refuse = |what| Err(LoadError::Untrusted { file: file.to_owned(), path: one.to_owned(), what });
        if owner != 0 {
            return refuse(format!("it belongs to user {owner}; give it to root (chown root), or do not scan as root"));
        }
        // In a folder such as /tmp nobody can exchange what is root's. But nobody's plugins are taken from it.
        let is_shelter = depth >= 2 && mode & STICKY != 0;
        if mode & WRITABLE != 0 && !is_shelter {
            return refuse(format!(
                "others can write it (mode {:04o}); forbid that (chmod go-w), or do not scan as root",
                mode & 0o7777
            ));
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;

    /// What is said of /opt/plugins/a.so when some paths have other owners and modes.
    fn verdict(changed: &[(&str, u32, u32)]) -> Result<(), String> {
        let usual = [
            ("/", 0, 0o40755),
            ("/opt", 0, 0o40755),
            ("/opt/plugins", 0, 0o40755),
            ("/opt/plugins/a.so", 0, 0o100_755),
        ];
        let all: BTreeMap<PathBuf, Status> = usual
            .iter()
            .chain(changed)
            .map(|&(path, owner, mode)| (PathBuf::from(path), Status { owner, mode }))
            .collect();
        let path = Path::new("/opt/plugins/a.so");
        check_as_root(path, path, |path| Ok(all[path])).map_err(|error| error.to_string())
    }

    #[test]
    fn what_others_can_write_is_refused() {
        assert_eq!(verdict(&[]), Ok(()));
        assert_eq!(
            verdict(&[("/opt/plugins/a.so", 0, 0o100_775)]).unwrap_err(),
            "/opt/plugins/a.so: refused: others can write it (mode 0775); forbid that (chmod go-w), or do not scan as root"
        );
        assert!(verdict(&[("/opt/plugins/a.so", 0, 0o100_757)]).is_err());
        assert!(verdict(&[("/opt/plugins", 0, 0o41777)]).unwrap_err().contains("(mode 1777)"), "not even if sticky");
        assert!(verdict(&[("/opt", 0, 0o40777)]).unwrap_err().starts_with("/opt/plugins/a.so: refused: /opt: "));
        assert_eq!(verdict(&[("/opt", 0, 0o41777)]), Ok(()));
    }

    #[test]
    fn what_belongs_to_others_is_refused() {
        for path in ["/opt/plugins/a.so", "/opt/plugins", "/opt"] {
            let told = verdict(&[(path, 1000, 0o755)]).unwrap_err();
            let whose = if path == "/opt/plugins/a.so" { String::new() } else { format!("{path}: ") };
            let expected = format!("/opt/plugins/a.so: refused: {whose}it belongs to user 1000; give it to root");
            assert!(told.starts_with(&expected), "{told}");
        }
    }
}
