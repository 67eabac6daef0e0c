//! Responses that nobody sent: our own texts, put together at random.
//!
//! None of the products exists, so that next to nothing matches: the usual case in a scan of the open Internet is a response that the
//! database does not know. The prefilter was not trained on these texts, but on greetings that begin as protocols have it, as some of these.

use std::ops::RangeInclusive;

use super::Random;
use crate::definition::Generated;

/// A response of this kind with a length in this range.
pub(super) fn response(kind: Generated, size: RangeInclusive<usize>, random: &mut Random) -> Vec<u8> {
    let len = size.start() + random.below(size.end() - size.start() + 1);
    match kind {
        Generated::Banners => banner(len, random),
        Generated::Http => http(len, random),
        Generated::Random => (0..len).map(|_| random.next() as u8).collect(),
        Generated::Text => text(len, random),
    }
}

const SYLLABLES: [&str; 32] = [
    "ba", "bel", "cor", "da", "del", "fen", "gar", "hul", "is", "jo", "ka", "kel", "lo", "lum", "mar", "nim", "or",
    "pel", "qua", "ri", "rus", "sel", "tam", "tor", "ul", "va", "vex", "wil", "xan", "yor", "zel", "zu",
];

fn word(random: &mut Random) -> String {
    (0..2 + random.below(3)).map(|_| random.pick(&SYLLABLES)).collect()
}

fn name(random: &mut Random) -> String {
    let word = word(random);
    word[..1].to_uppercase() + &word[1..]
}

fn version(random: &mut Random) -> String {
    format!("{}.{}.{}", random.below(9), random.below(20), random.below(40))
}

/// Lines of words, with some punctuation.
fn text(len: usize, random: &mut Random) -> Vec<u8> {
    let mut text = String::with_capacity(len + 32);
    while text.len() < len {
        text += &word(random);
        text += match random.below(12) {
            0 => ", ",
            1 => ".\r\n",
            2 => ": ",
            _ => " ",
        };
    }
    text.truncate(len);
    text.into_bytes()
}

/// A greeting: as many words as fit.
fn banner(len: usize, random: &mut Random) -> Vec<u8> {
    let (host, product, version) = (word(random), name(random), version(random));
    let mut text = match random.below(8) {
        0 => format!("220 {host}.example {product} {version} "),
        1 => format!("220-{product} service on {host}, "),
        2 => format!("+OK {product} {version} at {host} "),
        3 => format!("* OK {host} {product}/{version} "),
        4 => format!("{product}-{version}: "),
        5 => format!("\r\n{product} {version} ({host})\r\n"),
        6 => format!("<{product} version='{version}' host='{host}'> "),
        _ => format!("{{\"name\":\"{product}\",\"version\":\"{version}\"}} "),
    };
    while text.len() + 2 < len {
        text += &word(random);
        text += if random.below(6) == 0 { "\r\n" } else { " " };
    }
    text.truncate(len.saturating_sub(2));
    text += "\r\n";
    text.truncate(len);
    text.into_bytes()
}

const STATUS: [&str; 8] = [
    "200 OK",
    "302 Moved Temporarily",
    "307 Temporary Redirect",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "410 Gone",
    "502 Bad Gateway",
];

const HEADERS: [&str; 18] = [
    "Accept-Ranges: none",
    "Age: 17",
    "Alt-Svc: clear",
    "Cache-Control: max-age=600, public",
    "Connection: close",
    "Content-Encoding: identity",
    "Content-Language: de",
    "Content-Type: application/xhtml+xml",
    "Content-Type: text/html; charset=iso-8859-1",
    "Content-Type: text/plain",
    "Date: Wed, 07 May 2025 08:09:10 GMT",
    "Last-Modified: Fri, 03 Jan 2025 11:12:13 GMT",
    "Referrer-Policy: no-referrer",
    "Retry-After: 120",
    "Timing-Allow-Origin: *",
    "Vary: Cookie, User-Agent",
    "X-Download-Options: noopen",
    "X-Robots-Tag: noindex",
];

/// Status line, headers, and a body of HTML.
fn http(len: usize, random: &mut Random) -> Vec<u8> {
    let mut text = format!("HTTP/1.{} {}\r\n", random.below(2), random.pick(&STATUS));
    if random.below(8) != 0 {
        text += &format!("Server: {}/{}\r\n", name(random), version(random));
    }
    for _ in 0..2 + random.below(8) {
        text += random.pick(&HEADERS);
        text += "\r\n";
    }
    for _ in 0..random.below(3) {
        text += &format!("X-{}: {}\r\n", name(random), word(random));
    }
    text += &format!("Set-Cookie: {}={:016x}; Path=/\r\n\r\n", word(random), random.next());
    text += &format!("<!doctype html>\n<html><head><title>{} {}</title></head>\n<body>\n", name(random), name(random));
    while text.len() < len {
        text += &match random.below(6) {
            0 => format!("<h2 id=\"{}\">{} {}</h2>\n", word(random), name(random), word(random)),
            1 => format!("<a href=\"/{}/{}.html\">{}</a>\n", word(random), word(random), name(random)),
            2 => format!("<li class=\"{}\">{}</li>\n", word(random), version(random)),
            3 => format!(
                "<img src=\"/i/{}.png\" alt=\"{}\" width=\"{}\">\n",
                word(random),
                word(random),
                random.below(900)
            ),
            _ => format!("<p>{} {} {} {}.</p>\n", name(random), word(random), word(random), word(random)),
        };
    }
    text.truncate(len);
    text.into_bytes()
}
