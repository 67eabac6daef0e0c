//! Plugins in C, from files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portprint_plugin_host::check::{CheckOptions, check_file};
use portprint_plugin_host::{Fixture, FolderReport, LoadError, Loader, Plugin};
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

/// The same, cut short.
pub(crate) fn half(folder: &Path, name: &str) -> PathBuf {
    let file = puppet(folder, name, &[]);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    file
}

/// Makes a pipe that has a name.
#[cfg(unix)]
fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("there is mkfifo").success());
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
    let report = loader.folder(path).unwrap();
    assert!(!mark.exists());
    assert_eq!(report.files, 5);
    let refused: Vec<String> = report.refused.iter().map(ToString::to_string).collect();
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

    // What is there already is no other plugin of the same id.
    let again = loader.folder(&path.join(".")).unwrap();
    assert_eq!((again.files, again.refused.len()), (5, expected.len()), "{:?}", again.refused);
    let empty = path.join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(loader.folder(&empty).unwrap(), FolderReport { files: 0, refused: Vec::new() });

    let plugins = loader.finish(Box::new(|fault| panic!("{fault}")));
    let ids: Vec<_> = plugins.entries().map(|entry| entry.description.id.clone()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert!(plugins.entries().all(|entry| entry.file.is_some() && !entry.is_out));
}

/// Each is refused by the name that it has in the folder, and at once.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_opened_is_told_before_it_is() {
    use std::os::unix::fs::symlink;

    let folder = folder();
    let at = |name: &str| folder.path().join(format!("libportprint_plugin_{name}.so"));
    half(folder.path(), "libportprint_plugin_half");
    pipe(&at("pipe"));
    symlink("/dev/full", at("device")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("missing", at("nowhere")).unwrap();
    let foreign = puppet(folder.path(), "foreign", &[]);
    let mut bytes = fs::read(&foreign).unwrap();
    // s390x, which nobody has.
    bytes[18..20].copy_from_slice(&22_u16.to_ne_bytes());
    fs::write(&foreign, bytes).unwrap();
    symlink("foreign.so", at("foreign")).unwrap();
    for (name, expected) in [
        ("half", "it cannot be opened as a library: it is cut short: its headers need"),
        ("pipe", "it is not a regular file but a pipe"),
        ("device", "it is not a regular file but a device"),
        ("folder", "it is not a regular file but a folder"),
        ("nowhere", "No such file"),
        ("foreign", "it cannot be opened as a library: it is built for s390x, and this is"),
    ] {
        let file = at(name);
        let expected = format!("{}: {expected}", file.display());
        let errors = [
            Plugin::load(&file).unwrap_err(),
            Loader::new().file(&file).unwrap_err(),
            Loader::new().folder(folder.path()).unwrap().refused.into_iter().find(|it| names(it, &file)).unwrap(),
        ];
        for error in errors {
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}

#[cfg(target_os = "linux")]
fn names(error: &LoadError, file: &Path) -> bool {
    error.to_string().starts_with(&format!("{}: ", file.display()))
}

#[cfg(unix)]
#[test]
fn a_fixture_is_a_regular_file() {
    let folder = folder();
    pipe(&folder.path().join("x.txt"));
    let error = Fixture::folder(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("x.txt: it is not a regular file but a pipe"), "{error}");
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
