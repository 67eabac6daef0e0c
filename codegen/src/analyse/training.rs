//! Texts that servers send which no line knows, so that the prefilter learns what is common in them.

use super::sample::Random;

const SERVERS: [&str; 24] = [
    "nginx/1.24.0",
    "Apache/2.4.57 (Debian)",
    "AmazonS3",
    "cloudflare",
    "Microsoft-IIS/10.0",
    "openresty",
    "lighttpd/1.4.69",
    "Caddy",
    "LiteSpeed",
    "Acme-HTTPD/7.3",
    "envoy",
    "Varnish",
    "gunicorn/20.1.0",
    "Jetty(9.4.z)",
    "SimpleHTTP/0.6 Python/3.11.2",
    "ExampleBox embedded httpd 0.9",
    "MyServer/1.0",
    "uvicorn",
    "Kestrel",
    "Werkzeug/2.3.7 Python/3.11.4",
    "Cowboy",
    "TornadoServer/6.3.2",
    "mini_httpd/1.30",
    "WebServer",
];

const STATUSES: [&str; 9] = [
    "200 OK",
    "301 Moved Permanently",
    "302 Found",
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "500 Internal Server Error",
    "503 Service Unavailable",
];

const HEADERS: [&str; 27] = [
    "Content-Type: text/html; charset=utf-8",
    "Content-Type: application/json",
    "Connection: close",
    "Connection: keep-alive",
    "Cache-Control: private, no-cache, no-store, must-revalidate",
    "Pragma: no-cache",
    "Expires: Thu, 01 Jan 1970 00:00:00 GMT",
    "X-Frame-Options: SAMEORIGIN",
    "X-Content-Type-Options: nosniff",
    "X-XSS-Protection: 1; mode=block",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "Vary: Accept-Encoding",
    "Accept-Ranges: bytes",
    "ETag: \"5e8b7a1c-264\"",
    "Last-Modified: Mon, 06 Apr 2020 19:21:16 GMT",
    "X-Powered-By: PHP/7.4.33",
    "X-Powered-By: Express",
    "Set-Cookie: SESSIONID=0A1B2C3D4E5F60718293A4B5C6D7E8F9; Path=/; HttpOnly",
    "Set-Cookie: sid=abcdefgh12345678; path=/",
    "Location: https://www.example.com/",
    "WWW-Authenticate: Basic realm=\"Restricted\"",
    "Access-Control-Allow-Origin: *",
    "Content-Language: en",
    "Via: 1.1 proxy",
    "Transfer-Encoding: chunked",
    "Content-Length: 1234",
    "Content-Security-Policy: default-src 'self'",
];

const BODY: [&str; 12] = [
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<title>Welcome to the home page</title>\n",
    "<link rel=\"stylesheet\" href=\"/static/css/main.css\">\n",
    "<script src=\"/js/jquery.min.js\"></script>\n",
    "</head>\n<body bgcolor=\"#ffffff\">\n",
    "<div class=\"container\"><p>The requested resource was not found on this server.</p></div>\n",
    "<a href=\"/login.html\">Login</a> | <a href=\"/index.php?id=42\">Index</a>\n",
    "<form action=\"/cgi-bin/login.cgi\" method=\"post\"><input type=\"text\" name=\"username\"></form>\n",
    "<h1>It works!</h1>\n<hr>\n",
    "<table border=\"0\" width=\"100%\"><tr><td>Status</td><td>Running</td></tr></table>\n",
    "<!-- build 2024.03.1 -->\n",
    "var config = {\"version\":\"1.2.3\",\"debug\":false,\"items\":[1,2,3]};\n",
];

/// The elements of HTML's body and head, and the attributes that they have most often (WHATWG's HTML, with those that it calls obsolete).
const ELEMENTS: &str = "a abbr acronym address area article aside b base big blockquote body br button caption center code col dd div dl dt \
    em embed fieldset font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe img input label legend li link main map \
    meta nav nobr noframes noscript object ol option p param pre script section select small span strong style sub sup svg table tbody td \
    textarea tfoot th thead title tr tt u ul video";
const ATTRIBUTES: &str = "action align alt background bgcolor border cellpadding cellspacing charset class color colspan content data-id \
    disabled enctype face for frameborder height href http-equiv id lang language link maxlength media method name onclick onload onsubmit rel \
    rowspan scrolling size src style tabindex target text title type valign value vlink width";

const BANNERS: [&str; 14] = [
    "SSH-2.0-ExampleSSH_1.2\r\n",
    "220 ftp.example.com FTP server (Example 1.2.3) ready.\r\n",
    "220 mail.example.com ESMTP ExampleMail 1.2; Tue, 12 Mar 2024 10:00:00 +0000\r\n",
    "220-Welcome\r\n220-You are user number 3 of 50 allowed.\r\n220 Logout after 15 minutes\r\n",
    "+OK mail.example.com POP3 server ready <1896.697170952@mail.example.com>\r\n",
    "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE STARTTLS AUTH=PLAIN] IMAP server ready\r\n",
    "\r\nUbuntu 22.04 LTS\r\nhost login: ",
    "-ERR unknown command\r\n",
    "500 Syntax error, command unrecognized\r\n",
    "RFB 003.008\n",
    "@RSYNCD: 31.0\n",
    "{\"status\":\"ok\",\"version\":\"1.2.3\",\"host\":\"example.com\"}\n",
    "ERROR :Closing Link: 192.0.2.1 (Connection timed out)\r\n",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error code=\"400\">Bad request</error>\n",
];

const HTTP_RESPONSES: usize = 700;
const RANDOM_RESPONSES: usize = 200;
const BINARY_RESPONSES: usize = 400;
const MENUS: usize = 60;
const TEXTS: usize = 150;
const GREETINGS: usize = 300;
const SEED: u64 = 0x7465_7874;

/// HTTP responses with and without bodies, banners, and random bytes. Always the same.
pub(super) fn responses() -> Vec<Vec<u8>> {
    let mut random = Random::new(SEED);
    let [words, elements, attributes] =
        [WORDS, ELEMENTS, ATTRIBUTES].map(|text| text.split_ascii_whitespace().collect());
    let vocabulary = Vocabulary { words, elements, attributes };
    let mut all: Vec<Vec<u8>> = (0..HTTP_RESPONSES).map(|_| http(&vocabulary, &mut random)).collect();
    for banner in BANNERS {
        all.extend(std::iter::repeat_n(banner.as_bytes().to_vec(), 20));
    }
    for _ in 0..RANDOM_RESPONSES {
        let len = [10, 32, 64, 200, 512, 1024][random.below(6)];
        all.push((0..len).map(|_| random.next().to_le_bytes()[3]).collect());
    }
    all.extend((0..BINARY_RESPONSES).map(|_| binary(&mut random)));
    all.extend((0..MENUS).map(|_| menu(&mut random)));
    all.extend((0..TEXTS).map(|_| text(&vocabulary, &mut random)));
    all.extend((0..GREETINGS).map(|_| greeting(&vocabulary, &mut random)));
    all
}

/// What binary protocols send: mostly zeros and small numbers, padding, now and then a name.
fn binary(random: &mut Random) -> Vec<u8> {
    let most = [12, 40, 120, 400][random.below(4)];
    let len = 4 + random.below(most);
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        match random.below(12) {
            0..6 => bytes.extend(std::iter::repeat_n(0, 1 + random.below(8))),
            6..9 => bytes.push(u8::try_from(random.below(9)).expect("it is below 9")),
            9 => bytes.extend(std::iter::repeat_n(0xFF, 1 + random.below(4))),
            10 => bytes.extend(b"Example Server 1.2"),
            _ => bytes.push(random.next().to_le_bytes()[3]),
        }
    }
    bytes
}

/// Words that stand in pages, greetings and error messages of any server.
const WORDS: &str = "the of and to in is for on that by this with you it not or be are from at as your all have new more an was we will home \
    can us about if page my has search free but our one other do no information time they site he up may what which their news out use any \
    there see only so his when contact here business who web also now help get view online first am been would how were services some these \
    click its like service than find price date back top people had list name just over state year day into email two health world next used \
    go work last most products music buy data make them should product system post her city add policy number such please available \
    copyright support message after best software then good video well where info rights public books high school through each links she \
    review years order very privacy book items company read group need many user said does set under general research university \
    mail full map reviews program life know games way days management part could great united hotel real item international center \
    must store travel comments made development report off member details line terms before did send right type because local those \
    using results office education national car design take posted internet address community within states area want phone shipping \
    reserved subject between forum family long based code show even black check special prices website index being women much sign file \
    link open today technology south case project same pages version section own found sports house related security both county \
    access connection server client login logout username password account administrator configuration settings network device wireless \
    router firewall printer camera status error warning failed invalid unknown command request response welcome interface control panel \
    default enable disable update upgrade firmware hardware model serial address gateway protocol session timeout remote local host port \
    unauthorized forbidden internal required authentication authorized denied permission temporarily unavailable moved permanently";

/// What pages are made of.
struct Vocabulary {
    words: Vec<&'static str>,
    elements: Vec<&'static str>,
    attributes: Vec<&'static str>,
}

fn pick(words: &[&'static str], random: &mut Random) -> &'static str {
    words[random.below(words.len())]
}

fn text(vocabulary: &Vocabulary, random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..20 + random.below(150) {
        text.extend(pick(&vocabulary.words, random).as_bytes());
        text.extend([&b" "[..], b" ", b" ", b", ", b". ", b"\r\n", b"</p><p>"][random.below(7)]);
    }
    text
}

/// How servers begin that talk first: FTP and SMTP, POP3, IMAP, SSH, others (RFC 959, 5321, 1939, 3501, 4253).
const BEGINNINGS: [&str; 10] = ["220 ", "220 ", "220-", "+OK ", "* OK ", "SSH-2.0-", "200 ", "421 ", "", ""];

/// What a server says first that is none of those that a line knows by name.
fn greeting(vocabulary: &Vocabulary, random: &mut Random) -> Vec<u8> {
    let mut text = BEGINNINGS[random.below(BEGINNINGS.len())].to_owned();
    for _ in 0..1 + random.below(8) {
        let word = pick(&vocabulary.words, random);
        let [major, minor, day] = [10, 30, 28].map(|below| random.below(below));
        text += &match random.below(12) {
            0 => format!("{word}.example.com "),
            1 => format!("{word}-{major}.{minor} "),
            2 => format!("{major}.{minor}.{day} "),
            3 => format!("({word}) "),
            4 => format!("({word} {major}.{minor}) "),
            5 => format!("<{minor}.{day}@{word}> "),
            6 => format!("{day:02} Mar 2024 10:{minor:02}:11 +0000 "),
            7 => format!("{}{}, ", word[..1].to_ascii_uppercase(), &word[1..]),
            8 => format!("{}{} ", word[..1].to_ascii_uppercase(), &word[1..]),
            _ => format!("{word} "),
        };
    }
    (text.trim_end().to_owned() + ["\r\n", "\r\n", "\r\n", "\n", ".\r\n", ")\r\n"][random.below(6)]).into_bytes()
}

/// What people see when they connect to a device: frames, indents, prompts.
fn menu(random: &mut Random) -> Vec<u8> {
    let frame = b"*-=+# _."[random.below(8)];
    let mut text = vec![frame; 20 + random.below(50)];
    for _ in 0..random.below(6) {
        text.extend(b"\r\n");
        text.extend(std::iter::repeat_n(b' ', random.below(20)));
        text.extend(b"Welcome to the example device");
    }
    text.extend([frame; 30]);
    text.extend(b"\r\nlogin: ");
    text
}

fn http(vocabulary: &Vocabulary, random: &mut Random) -> Vec<u8> {
    let mut text = format!("HTTP/1.{} {}\r\n", random.below(2), STATUSES[random.below(STATUSES.len())]);
    text += &format!("Date: Tue, {:02} Mar 2024 10:{:02}:11 GMT\r\n", random.below(28) + 1, random.below(60));
    if !random.once_in(10) {
        text += &format!("Server: {}\r\n", SERVERS[random.below(SERVERS.len())]);
    }
    for _ in 0..3 + random.below(9) {
        text += HEADERS[random.below(HEADERS.len())];
        text += "\r\n";
    }
    text += "\r\n";
    for _ in 0..random.below(14) {
        text += BODY[random.below(BODY.len())];
        for _ in 0..random.below(4) {
            text += &element(vocabulary, random);
        }
    }
    text.into_bytes()
}

/// An element of a page with some words in it.
fn element(vocabulary: &Vocabulary, random: &mut Random) -> String {
    let Vocabulary { words, elements, attributes } = vocabulary;
    let name = pick(elements, random);
    let mut text = format!("<{name}");
    for _ in 0..random.below(3) {
        let quote = ["\"", "\"", "\"", "'", ""][random.below(5)];
        let path = ["", "", "", "/", "#"][random.below(5)];
        text += &format!(" {}={quote}{path}{}{quote}", pick(attributes, random), pick(words, random));
    }
    text += [">", ">", ">", "/>", " />", ">\n", ">\r\n"][random.below(7)];
    for number in 0..random.below(6) {
        text += if number > 0 { " " } else { "" };
        text += pick(words, random);
    }
    text += ["", "", ".", ":", "&nbsp;"][random.below(5)];
    text += &format!("</{name}>");
    text += ["", "\n", "\n", "\r\n", "\n  ", "\n\t", "\r\n    "][random.below(7)];
    text
}
