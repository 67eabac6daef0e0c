//! `portprint db explain` and `portprint db show`.

use super::{Place, bare, base64, feed};

#[test]
fn why_and_why_not() {
    let place = Place::new();
    for (probe, response, line, expected) in [
        ("GetThing", &b"THING WORD"[..], "16", "it is the answer"),
        ("GetThing", b"THING WORD", "17", "it matches too, but test.probes:16 comes first"),
        ("GetOther", b"THING WORD", "16", "it is not tried: it is a line of tcp GetThing; it would match"),
        ("GetOther", b"-", "16", "it is not tried: it is a line of tcp GetThing; it would not match either"),
        ("GetThing", b"THING ", "16", "the length is wrong: it needs at least 7 bytes"),
        ("GetThing", b"THINK WORD", "16", "byte 4 is 4b, it needs 47"),
        ("GetThing", b"THING -", "16", "the pattern fails at byte 6: \"-\""),
        ("NULL", b"ALPHA/1.2 ready\r\nmore", "5", "the pattern fails at byte 17: \"more\""),
        ("NULL", b"<ab>cd", "10", "the pattern does not match"),
        ("NULL", b"<\x1b]0;x\x07>", "10", "the pattern does not match"),
    ] {
        let run = place.run(&["db", "explain", "--raw", "--probe", probe, "--line", line], response).ended(0);
        let last = run.out.lines().last().map(str::trim);
        assert_eq!(last, Some(expected), "{}", run.out);
        assert!(!run.out.contains(|c: char| c.is_control() && c != '\n'), "{}", run.out);
    }
}

#[test]
fn the_answer_and_its_candidates() {
    let place = Place::new();
    let record = format!("{{\"proto\":\"tcp\",\"probe\":\"GetThing\",\"response\":\"{}\"}}\n", base64(b"THING WORD"));
    let run = place.run(&["db", "explain"], record.as_bytes()).ended(0);
    let expected = "\
record 1: 10 bytes, probe tcp GetThing
  response    THING WORD
  tried       the lines of GetThing, GetOther, NULL
  answer      thing, match line test.probes:16 of tcp GetThing
  line        match thing m|^THING (\\w+)| v/$1/
  version     WORD
  candidates  ";
    assert!(run.out.starts_with(expected), "{}", run.out);
    assert!(run.out.contains("\n    test.probes:16 thing: matches: the answer\n"), "{}", run.out);
    assert!(run.out.contains("\n    test.probes:17 thing: would match too, but comes later\n"), "{}", run.out);

    let run = place.run(&["db", "explain"], b"x\n{\"proto\":\"udp\",\"response\":\"\"}\n").ended(3);
    assert!(run.out.starts_with("record 2: 0 bytes, udp, probe not known\n"), "{}", run.out);
    assert!(run.out.contains("\n  answer      nothing matched\n"), "{}", run.out);
    assert!(run.err.contains("input line 1: "), "{}", run.err);
}

#[test]
fn probes_and_lines_are_shown() {
    let place = Place::new();
    let show = |what: &str| place.run(&["db", "show", what], b"").ended(0).out;
    assert_eq!(
        show("udp:Ping"),
        "\
probe udp Ping
  declared in  test.probes:22
  payload      6 bytes: \\0\\x01ping
  flags        no-payload
  rarity       5
  waits        totalwaitms 1000, tcpwrappedms 500
  ports        7
  tried lines  of udp Ping
  own lines    1 match, 0 softmatch, lines 26 to 26
  services     ping
"
    );
    assert_eq!(show("Ping"), show("udp:Ping"));
    assert_eq!(show("22"), show("udp:Ping"));
    let thing = show("GetThing");
    for part in [
        "  ports        80,8080-8081\n",
        "  sslports     443\n",
        "  fallback     tcp GetOther\n",
        "  tried lines  of tcp GetThing, tcp GetOther, tcp NULL\n",
    ] {
        assert!(thing.contains(part), "{thing}");
    }
    let line = show("test.probes:9");
    assert_eq!(line, show("9"));
    for part in [
        "test.probes:9 match caf\\xe9\n",
        "  text         match caf\\xe9 m|^CAF\\xe9| p/raw \\xe9/\n",
        "  length       at least 4 bytes\n",
        "  begins with  43 41 46 e9\n",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(show("10").contains("  decided by   a program with a step limit: it has back-references\n"));
}

/// A line that is often found for nothing needs more of a response. What does not have it is no match, long or short.
#[test]
fn what_a_line_needs_besides() {
    let place = Place::new();
    place.file("ftp.probes", b"Probe TCP NULL q||\nsoftmatch ftp m|^220 [-.\\w ]+ftp.*\\r\\n|i\n");
    let run = |arguments: &[&str], input: &[u8]| feed(bare(place.folder.path()).args(arguments), input).ended(0);
    let shown = run(&["--db", "ftp.probes", "db", "show", "2"], b"").out;
    assert!(shown.contains("  and by       \"ftp\" (letters in either case)\n"), "{shown}");
    let stats = run(&["--db", "ftp.probes", "db", "stats"], b"").out;
    assert!(stats.contains("  lines that need more                 1\n"), "{stats}");
    let explain = ["--db", "ftp.probes", "db", "explain", "--raw", "--probe", "NULL", "--line", "2"];
    let told = run(&explain, b"220 this is not it\r\n").out;
    assert!(told.contains("the response lacks \"ftp\" (letters in either case)"), "{told}");
    for len in [20, 40, 63, 64, 65, 66, 67, 4096, 4097, 9000] {
        for (ending, is_match) in [("FTP\r\n", true), ("fTp\r\n", true), ("ft\r\n", false), ("mtp\r\n", false)] {
            let response = format!("220 {}{ending}", "a".repeat(len - 4 - ending.len()));
            let found = run(&["--db", "ftp.probes", "match", "--raw"], response.as_bytes()).json();
            assert_eq!(found[0]["match"].is_object(), is_match, "{len} bytes that end with {ending:?}");
        }
    }
}
