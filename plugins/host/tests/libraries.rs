//! Plugins in C, from files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portprint_plugin_host::check::{CheckOptions, check_file};
use portprint_plugin_host::{Fixture, LoadError, Loader, Plugin};
use tempfile::TempDir;

/// A folder that root may load from.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// Compiles a C source into a library.
pub(crate) fn compile(source: &Path, library: &Path, flags: &[&str]) {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../abi/include");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(library)
        .arg("-I")
        .arg(include)
        .args(flags)
        .arg(source)
        .output()
        .expect("there is a C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The plugin in C that does as it is told.
pub(crate) fn puppet(folder: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let file = folder.join(format!("{name}{}", std::env::consts::DLL_SUFFIX));
    compile(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugin.c"), &file, flags);
    file
}

pub(crate) fn fixture(word: &str) -> Fixture {
    let text = format!(
        "target tcp 7\n> connect\n< connected\n> send \"ECHO\\n\"\n< data \"{word}\"\n= service \"echo\"\n= product \"{word}\"\n"
    );
    Fixture::parse(word, &text).expect("it is a fixture")
}

#[test]
fn a_plugin_in_c_passes_all_checks() {
    let folder = folder();
    let file = puppet(folder.path(), "anything", &[]);
    fs::write(folder.path().join("b.txt"), fixture("x").to_string()).unwrap();
    fs::write(folder.path().join("a.txt"), fixture("y").to_string()).unwrap();
    let fixtures = Fixture::folder(folder.path()).unwrap();
    let names: Vec<_> = fixtures.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a.txt", "b.txt"]);
    let report = check_file(&file, &fixtures, &CheckOptions { sessions: 200, ..CheckOptions::default() });
    assert!(report.is_ok(), "{report}");
    let report = check_file(&folder.path().join("a.txt"), &fixtures, &CheckOptions::default());
    assert!(report.to_string().starts_with("FAIL header: ") && !report.is_ok(), "{report}");
    fs::write(folder.path().join("a.txt"), "target").unwrap();
    let error = Fixture::folder(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("a.txt:1:7: expected one of tcp|udp|tls"), "{error}");
}

#[test]
fn folders_are_read_by_name() {
    let folder = folder();
    let path = folder.path();
    puppet(path, "libportprint_plugin_a", &["-DID=\"b\""]);
    puppet(path, "portprint_plugin_b", &["-DID=\"a\""]);
    puppet(path, "portprint_plugin_c", &["-DID=\"a\""]);
    puppet(path, "portprint_plugin_d", &["-DMAJOR=2"]);
    fs::write(path.join(format!("libportprint_plugin_e{}", std::env::consts::DLL_SUFFIX)), "no library").unwrap();
    // What is in a folder besides is not run.
    let trap = path.join("trap.c");
    let mark = path.join("sprung");
    let code =
        "#include <stdio.h>\n__attribute__((constructor)) static void spring(void) { fclose(fopen(MARK, \"w\")); }\n";
    fs::write(&trap, code).unwrap();
    let library = path.join(format!("libtrap{}", std::env::consts::DLL_SUFFIX));
    compile(&trap, &library, &[&format!("-DMARK=\"{}\"", mark.display())]);

    let mut loader = Loader::new();
    let refused = loader.folder(path).unwrap();
    assert!(!mark.exists());
    let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let expected = ["it cannot be opened as a library", "its id is \"a\"", "abi_major is 2 (version 2.0)"];
    assert_eq!(refused.len(), expected.len(), "{refused:#?}");
    for (refused, expected) in refused.iter().zip(expected) {
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(refused[1].contains("portprint_plugin_b") && refused[1].contains("portprint_plugin_c"), "{}", refused[1]);

    let error = loader.file(&library).unwrap_err();
    assert!(matches!(error, LoadError::NoEntry { .. }) && mark.exists(), "who names a file runs it");
    assert!(loader.file(&path.join("missing")).unwrap_err().to_string().contains("missing: No such file"));
    assert!(matches!(loader.folder(&path.join("missing")), Err(LoadError::Unreadable { .. })));

    let plugins = loader.finish(Box::new(|fault| panic!("{fault}")));
    let ids: Vec<_> = plugins.entries().map(|entry| entry.description.id.clone()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert!(plugins.entries().all(|entry| entry.file.is_some() && !entry.is_out));
}

#[cfg(unix)]
#[test]
fn root_loads_only_what_is_roots() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = folder();
    let file = puppet(folder.path(), "portprint_plugin_a", &[]);
    let is_root = fs::metadata(&file).unwrap().uid() == 0;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let loaded = Plugin::load(&file);
    assert_eq!(loaded.is_err(), is_root, "{loaded:?}");
    if let Err(error) = loaded {
        assert!(
            error
                .to_string()
                .ends_with("others can write it (mode 0666); forbid that (chmod go-w), or do not scan as root")
        );
    }
}
