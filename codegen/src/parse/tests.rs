//! Whole files: what loads, what does not and where, and what is read.

use portprint_tables::{Field, PortRange, Protocol};

use super::*;

/// The faults as `line:column message`.
fn parse_text(text: &[u8]) -> (File, Vec<String>) {
    let source = Source { name: String::from("test"), text: text.to_vec(), ..Source::default() };
    let mut diagnostics = Vec::new();
    let file = parse(3, &source, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    let show = |Diagnostic { source, span, message, expected }: &Diagnostic| {
        assert!(*source == 3 && span.start <= span.end && span.end <= text.len() && !expected.is_empty());
        let before = &text[..span.start];
        let line = before.split(|&byte| byte == b'\n').count();
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        format!("{line}:{column} {message}")
    };
    (file, diagnostics.iter().map(show).collect())
}

/// Checks that there are exactly these faults, by the beginning of each.
fn check_faults(text: &[u8], expected: &[&str]) {
    let (_, faults) = parse_text(text);
    let same = faults.len() == expected.len() && faults.iter().zip(expected).all(|(a, b)| a.starts_with(b));
    assert!(same, "{}\nfound    {faults:?}\nexpected {expected:?}", text[..text.len().min(200)].escape_ascii());
}

/// A file with a NULL probe and `lines`, the first of which is line 2.
fn with_probe(lines: &str) -> Vec<u8> {
    format!("Probe TCP NULL q||\n{lines}").into_bytes()
}

#[test]
fn files_that_load() {
    let cases = [
        "",
        "\n\n",
        "# only a comment",
        "#\r\nExclude 1\n",
        "Exclude T:1-5,U:7\nProbe TCP NULL q||\n",
        "Probe TCP NULL q||",
        "Probe UDP X q||\r\n",
        "Probe TCP X q a   no-payload\n",
        "Probe TCP X- q\\abc\\\n",
        "Probe TCP X q|a|foo no-payloads bar\n",
        "Probe TCP X q|a|\nrarity 3x\nrarity +3\nrarity \t 3\nrarity 9",
        "Probe TCP X q|a|\ntotalwaitms 100\ntcpwrappedms 300000ms\n",
        "Probe TCP X q|a|\nports 1, 2 ,3-4 \nports 0\nsslports 3 -4\n",
        "Probe TCP X q|a|\nfallback \nfallback ,, a\t\n",
        "Probe TCP X q|a|\nmatch a m|b|\nmatch a  \x0b m|b|s\r\nmatch  m|b|\n",
        "Probe TCP X q|a|\nmatch a m|b| \nmatch a m|b| p/x/ab v/y/\nmatch a m|b|iss p/x/\n",
        "Probe TCP X q|a|\nsoftmatch a m|b| cpe/x/ cpe:/a:b/ cpe=x= cpe:/a/abc\nmatch a m|b| ",
        "Probe TCP X q|a|\nProbe TCP X q|a|\nProbe UDP X q|a|\n",
    ];
    for text in cases {
        check_faults(text.as_bytes(), &[]);
    }
}

#[test]
fn faults_before_the_first_probe() {
    let cases = [
        (" \n", "1:1 a line of white space only"),
        ("\r\n", "1:1 a line of white space only"),
        ("\nFoo\n", "2:1 unknown directive `Foo`"),
        ("Probe\n", "1:1 no space after `Probe`"),
        ("match a m|b|\n", "1:1 `match` before the first probe"),
        ("ports 1\nProbe TCP X q|a|\nports 1", "1:1 `ports` before the first probe"),
        ("Exclude 1\nExclude 2\n", "2:1 a second `Exclude`"),
        ("Exclude 1,\n", "1:11 ports are missing"),
        ("\0\n", "1:1 unknown directive"),
    ];
    for (text, fault) in cases {
        check_faults(text.as_bytes(), &[fault]);
    }
}

#[test]
fn faults_of_probes() {
    let cases = [
        ("Probe ", "1:7 a name is missing"),
        ("Probe TCP\n", "1:7 a name is missing"),
        ("Probe SCTP X q|a|\n", "1:7 unknown protocol `SCTP`"),
        ("Probe TCP  X q|a|\n", "1:11 a probe's name begins with"),
        ("Probe TCP _X q|a|\n", "1:11 a probe's name begins with"),
        ("Probe TCP \n", "1:11 a probe's name begins with"),
        ("Probe TCP X\n", "1:11 a payload is missing"),
        ("Probe TCP X |a|\n", "1:13 a payload begins with `q`"),
        ("Probe TCP X  q|a|\n", "1:13 a payload begins with `q`"),
        ("Probe TCP X q\n", "1:14 the payload does not end"),
        ("Probe TCP X q|a\n", "1:14 the payload does not end"),
        ("Probe TCP X q|\\|\n", r"1:15 bad escape `\`"),
        ("Probe TCP X q|\\x4|\n", r"1:15 bad escape `\x`"),
        ("Probe TCP X q|\0|\n", "1:15 a NUL byte"),
        ("Probe TCP X q||\nProbe UDP Y q||\n", "2:1 a second probe with an empty payload"),
    ];
    for (text, fault) in cases {
        check_faults(text.as_bytes(), &[fault]);
    }
    check_faults(br"Probe TCP X q|\a\0\\\g|", &["1:15 bad escape", "1:21 bad escape"]);
}

#[test]
fn faults_of_details() {
    let cases = [
        ("Match a m|b|", "2:1 unknown directive `Match`"),
        (" match a m|b|", "2:1 white space before a directive"),
        ("Exclude 1\n", "2:1 `Exclude` after a probe"),
        ("rarity 0", "2:8 the number is out of range"),
        ("rarity 10", "2:8 the number is out of range"),
        ("rarity -1", "2:8 the number is out of range"),
        ("rarity x", "2:8 the number is out of range"),
        ("rarity ", "2:8 the number is out of range"),
        ("totalwaitms 99", "2:13 the number is out of range"),
        ("totalwaitms 300001", "2:13 the number is out of range"),
        ("tcpwrappedms 99999999999999999999", "2:14 the number is out of range"),
        ("tcpwrappedms abc", "2:14 the number is out of range"),
        ("ports \n", "2:7 a port is missing"),
        ("sslports 1 2\n", "2:12 not a port list"),
    ];
    for (line, fault) in cases {
        check_faults(&with_probe(line), &[fault]);
    }
}

#[test]
fn faults_of_lines() {
    let cases = [
        ("match a m|b|", "2:13 a template ends the line"),
        ("match a m|b|s", "2:14 a template ends the line"),
        ("match a m|b| p/x/", "2:18 a template ends the line"),
        ("match a\n", "2:7 no space after the service"),
        ("match a \n", "2:9 a pattern is missing"),
        ("match a   \n", "2:9 a pattern is missing"),
        ("match a m\n", "2:9 no delimiter"),
        ("match a m b b \n", "2:9 no delimiter"),
        ("match a m|b\n", "2:9 the closing delimiter is missing"),
        ("match a p/x/ m|b|\n", "2:9 not a pattern"),
        ("match a |b|\n", "2:9 not a pattern"),
        ("match a mm|b|\n", "2:9 not a pattern"),
        ("match a m|b|x\n", "2:13 unknown flag `x` of a pattern"),
        ("match a m|b|I\n", "2:13 unknown flag `I` of a pattern"),
        ("match a m|b|isis\n", "2:13 no white space after the closing delimiter"),
        ("match a m|b|p/x/\n", "2:13 no white space after the closing delimiter"),
        ("match a m|b| p/x/v/y/\n", "2:18 no white space after the closing delimiter"),
        ("match a m|b| p/x/abcd\n", "2:18 no white space after the closing delimiter"),
        ("match a m|b| q/x/\n", "2:14 unknown template `q`"),
        ("match a m|b| pp/x/\n", "2:14 unknown template `pp`"),
        ("match a m|b| P/x/\n", "2:14 unknown template `P`"),
        ("match a m|b| /x/\n", "2:14 unknown template ``"),
        ("match a m|b| p /x/\n", "2:14 no delimiter"),
        ("match a m|b| cpe:|x|\n", "2:14 no delimiter"),
        ("match a m|b| cpe:\n", "2:14 no delimiter"),
        ("match a m|b| cpe:/x\n", "2:14 the closing delimiter is missing"),
        ("match a m/b/ p|x|junk\n", "2:18 no white space after the closing delimiter"),
    ];
    for (line, fault) in cases {
        check_faults(&with_probe(line), &[fault]);
        check_faults(&with_probe(&line.replace("match", "softmatch")), &[&shift(fault)]);
    }
    check_faults(&with_probe("match a m|b|xy q/1/ r/2/ p/\n"), &["2:13", "2:14", "2:16", "2:21", "2:26"]);
}

/// The fault, four columns further on; the first word is longer.
fn shift(fault: &str) -> String {
    let (column, message) = fault["2:".len()..].split_once(' ').expect("a place and a message");
    format!("2:{} {message}", column.parse::<usize>().expect("a column") + 4)
}

#[test]
fn every_fault_is_found() {
    let text = b"rarity 1\nProbe TCP X q|\\a|\nProbe ABC 1 q||\nports x\nmatch a\n\r\nnonsense\nrarity 0\nmatch a m|b|";
    check_faults(text, &["1:1", "2:15", "3:7", "4:7", "5:7", "6:1", "7:1", "8:8", "9:13"]);
}

#[test]
fn fallbacks_have_a_limit() {
    let names = |count: usize| format!("fallback {}\n", vec!["X"; count].join(","));
    check_faults(&with_probe(&names(17)), &[]);
    check_faults(&with_probe(&names(18)), &["2:44 18 fallback names"]);
    check_faults(&with_probe(&names(20)), &["2:44 20 fallback names"]);
    check_faults(&with_probe(&(names(18) + &names(1))), &[]);
}

#[test]
fn long_lines() {
    let comment = |length: usize, end: &str| format!("#{}{end}", "x".repeat(length - 1)).into_bytes();
    check_faults(&comment(8190, "\n"), &[]);
    check_faults(&comment(8191, "\n"), &["1:1 a line of 8191 bytes"]);
    check_faults(&comment(8191, ""), &["1:1 a line of 8191 bytes"]);
    check_faults(&comment(20_000, "\nfoo"), &["1:1 a line of 20000 bytes", "2:1 unknown directive"]);
    let text = format!("Probe TCP X q|{}|\nmatch a m|b|\n", "x".repeat(8192));
    check_faults(text.as_bytes(), &["1:1 a line of 8207 bytes"]);

    // After the first probe a line comes in pieces, each of which must be a line.
    let later = |line: &[u8]| [b"Probe TCP X q|x|\n", line].concat();
    check_faults(&later(&comment(8191, "\n")), &[]);
    check_faults(&later(&comment(8191, "# more\n")), &[]);
    check_faults(&later(&comment(8191, "match a m|b|\n")), &[]);
    check_faults(&later(&comment(8192, "\n")), &["2:8192 a line of more than 8190 bytes"]);
    check_faults(&later(&comment(8191, "match a m|b|")), &["2:8204 a template ends the line"]);
    let rule = |length: usize, end: &str| format!("match a m|{}{end}", "b".repeat(length)).into_bytes();
    check_faults(&later(&rule(8179, "|\n")), &[]);
    check_faults(&later(&rule(8180, "|\n")), &["2:8192 a template ends the line"]);
    check_faults(&later(&rule(8179, "| \n")), &[]);
    check_faults(&later(&rule(8180, "| p/x/\n")), &["2:8192 a template ends", "2:8192 a line of more"]);
}

#[test]
fn reading_ends_after_many_faults() {
    let (_, faults) = parse_text(&b"x\n".repeat(10_001));
    assert_eq!(faults.len(), 10_000);
}

#[test]
fn what_a_probe_says() {
    let text =
        b"\nProbe UDP 1x? q!\\0a\x80!no-payload\nports 1\nports 5-7,2\nsslports 9\nrarity 3\nrarity 4\ntotalwaitms 101
tcpwrappedms 102\nfallback a\nfallback b, c,\r\n";
    let (file, faults) = parse_text(text);
    assert_eq!(faults, [""; 0]);
    let range = |first, last| PortRange { first, last };
    let place = |name: &[u8]| text.windows(name.len()).rposition(|window| window == name).expect("a name of the text");
    let fallback = |name: &[u8]| FallbackName { span: place(name)..place(name) + name.len(), name: name.to_vec() };
    let expected = Probe {
        line: 2,
        span: 1..place(b"\nports 1"),
        protocol: Protocol::Udp,
        name: b"1x?".to_vec(),
        payload: b"\0a\x80".to_vec(),
        no_payload: true,
        ports: vec![range(1, 1), range(5, 7), range(2, 2)],
        sslports: vec![range(9, 9)],
        rarity: 4,
        totalwaitms: 101,
        tcpwrappedms: 102,
        fallback: vec![fallback(b"b"), fallback(b"c")],
        lines: vec![],
    };
    assert_eq!(file.probes, [expected]);
}

#[test]
fn what_a_probe_says_by_default() {
    let (file, _) = parse_text(b"Probe TCP NULL q||\nProbe TCP X q|x| nopayload\n");
    for (probe, payload) in file.probes.iter().zip([&b""[..], b"x"]) {
        assert_eq!((probe.rarity, probe.totalwaitms, probe.tcpwrappedms), (5, 5_000, 2_000));
        assert_eq!((probe.payload.as_slice(), probe.no_payload), (payload, false));
        assert!(probe.ports.is_empty() && probe.sslports.is_empty() && probe.fallback.is_empty());
    }
}

#[test]
fn what_exclude_says() {
    let (file, _) = parse_text(b"# first\nExclude T:1-2,http\n");
    let item = |ports| ExcludeItem { protocol: Some(ExcludeProtocol::Tcp), ports };
    let range = ExcludePorts::Range(PortRange { first: 1, last: 2 });
    let items = vec![item(range), item(ExcludePorts::Name(b"http".to_vec()))];
    assert_eq!(file.exclude, Some(Exclude { line: 2, text: b"T:1-2,http".to_vec(), items }));
}

#[test]
fn what_a_line_says() {
    let text = b"Probe TCP X q|x|\n\nsoftmatch  m=^\xff\\|$=si v/$1/a\tp%x%\n";
    let (file, faults) = parse_text(text);
    assert_eq!(faults, [""; 0]);
    let line = &file.probes[0].lines[0];
    assert_eq!((line.line, line.span.clone(), line.soft, &line.service[..]), (3, 18..text.len() - 1, true, &b""[..]));
    let pattern = PatternText { span: 31..36, text: b"^\xff\\|$".to_vec(), caseless: true, dotall: true };
    assert_eq!(line.pattern, pattern);
    assert_eq!(&text[31..36], &pattern.text[..]);
    let shown: Vec<_> = line.templates.iter().map(|t| (t.field, &text[t.span.clone()], &t.text[..])).collect();
    assert_eq!(shown, [(Field::Product, &b"x"[..], &b"x"[..]), (Field::Version, b"$1", b"$1")]);
    assert_eq!(line.templates[1].parts, [Part::Group(1)]);
}

/// The fields in the notation `letter:text`.
fn fields(templates: &str) -> String {
    let (file, faults) = parse_text(&with_probe(&format!("match a m|b| {templates}\n")));
    assert_eq!(faults, [""; 0], "{templates}");
    let templates = &file.probes[0].lines[0].templates;
    let shown = templates.iter().map(|template| {
        let letter = match template.field {
            Field::Product => "p",
            Field::Version => "v",
            Field::Info => "i",
            Field::Hostname => "h",
            Field::Os => "o",
            Field::Device => "d",
            Field::CpeApplication => "A",
            Field::CpeHardware => "H",
            Field::CpeOs => "O",
        };
        format!("{letter}:{}", template.text.escape_ascii())
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn which_templates_count() {
    let cases = [
        ("", ""),
        ("p/one/ p/two/", "p:two"),
        ("p/one/ v/1/ p//", "p: v:1"),
        ("d/d/ o/o/ h/h/ i/i/ v/v/ p/p/", "p:p v:v i:i h:h o:o d:d"),
        ("cpe:/o:z/ cpe:/h:y/ cpe:/a:x/a", "A:cpe:/a:x H:cpe:/h:y O:cpe:/o:z"),
        ("cpe:/a:first/ cpe:/a:second:$2/ cpe:/o:z/", "A:cpe:/a:second:$2 O:cpe:/o:z"),
        ("cpe:/x:first/ cpe/a:second/ cpe:/a:third/", "A:cpe:/a:third"),
        ("cpe:// cpe:/A:x/ cpe:/$1/ cpe=cpe:/= cpe=a:x=", ""),
        ("cpe=cpe:/a:x/y= cpe|cpe:/h|", "A:cpe:/a:x/y H:cpe:/h"),
        ("cpe:|h:maker:x/y|", "H:cpe:/h:maker:x/y"),
        ("h=a/b= d%a,b, % p(,(abc i1(x)1", "p:, i:(x) h:a/b d:a,b, "),
    ];
    for (templates, expected) in cases {
        assert_eq!(fields(templates), expected, "{templates}");
    }
}
