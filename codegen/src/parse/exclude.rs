//! The list of `Exclude`, which has the syntax of nmap's option `-p`.
//!
//! Only what the list says is kept: which ports a name stands for, and which ones `[…]` leaves, is known to nmap's
//! table of services.

use portprint_tables::PortRange;

use super::cursor::{Cursor, is_space};
use super::fault::{Fault, Faults};
use super::syntax::{ExcludeItem, ExcludePorts, ExcludeProtocol};

/// Reads the list from the cursor to the end of the line. A bad item is reported and left out.
pub(super) fn read_exclude(cursor: &mut Cursor<'_>, faults: &mut Faults<'_>) -> Vec<ExcludeItem> {
    let mut list = List { protocol: None, outside: None, items: Vec::new() };
    loop {
        if let Err(fault) = list.read_item(cursor) {
            faults.add(fault);
            list.skip_item(cursor);
        }
        if !cursor.eat(b',') {
            break;
        }
    }
    if let Some(Outside { start, .. }) = list.outside {
        faults.add(Fault::new(start..cursor.position(), "a bracket is not closed", "`]` at the end of the ports"));
    }
    list.items
}

struct List {
    /// What the last prefix said.
    protocol: Option<ExcludeProtocol>,
    /// Between brackets: what holds again behind them.
    outside: Option<Outside>,
    items: Vec<ExcludeItem>,
}

struct Outside {
    start: usize,
    protocol: Option<ExcludeProtocol>,
}

impl List {
    /// Reads prefixes, an opening bracket, ports and a closing bracket up to the next comma.
    fn read_item(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        self.read_prefixes(cursor);
        if self.outside.is_none() && cursor.peek() == Some(b'[') {
            self.outside = Some(Outside { start: cursor.position(), protocol: self.protocol });
            cursor.advance(1);
            self.read_prefixes(cursor);
        }
        let ports = self.read_ports(cursor)?;
        self.items.push(ExcludeItem { protocol: self.protocol, ports });
        cursor.skip_space();
        if cursor.peek() == Some(b']') && self.outside.is_some() {
            cursor.advance(1);
            cursor.skip_space();
            self.close();
        }
        match cursor.peek() {
            None | Some(b',') => Ok(()),
            Some(_) => {
                Err(Fault::new(cursor.here(), "not a port list", format!("a comma and another item, {EXAMPLE}")))
            }
        }
    }

    /// Goes on to the next comma, behind a fault.
    fn skip_item(&mut self, cursor: &mut Cursor<'_>) {
        cursor.take_while(usize::MAX, |byte| byte != b',' && byte != b']');
        if cursor.peek() == Some(b']') {
            self.close();
            cursor.take_while(usize::MAX, |byte| byte != b',');
        }
    }

    fn close(&mut self) {
        if let Some(outside) = self.outside.take() {
            self.protocol = outside.protocol;
        }
    }

    fn read_prefixes(&mut self, cursor: &mut Cursor<'_>) {
        cursor.skip_space();
        while let [letter @ (b'P' | b'S' | b'T' | b'U'), b':', ..] = cursor.rest() {
            self.protocol = Some(match letter {
                b'P' => ExcludeProtocol::Ip,
                b'S' => ExcludeProtocol::Sctp,
                b'T' => ExcludeProtocol::Tcp,
                _ => ExcludeProtocol::Udp,
            });
            cursor.advance(2);
            cursor.skip_space();
        }
    }

    /// Reads `N`, `A-B`, `-B`, `A-`, or a name.
    fn read_ports(&self, cursor: &mut Cursor<'_>) -> Result<ExcludePorts, Fault> {
        if cursor.peek().is_some_and(begins_name) {
            let name = cursor.clone().take_while(usize::MAX, |byte| !is_space(byte) && byte != b',' && byte != b']');
            let bytes = cursor.rest()[..name.len()].to_vec();
            cursor.advance(name.len());
            return Ok(ExcludePorts::Name(bytes));
        }
        let start = cursor.position();
        let first = self.read_number(cursor)?;
        cursor.skip_space();
        let (first, last) = if cursor.eat(b'-') {
            let (lowest, highest) = self.limits();
            (first.unwrap_or(lowest), self.read_number(cursor)?.unwrap_or(highest))
        } else if let Some(only) = first {
            (only, only)
        } else {
            return Err(Fault::new(
                cursor.here(),
                "ports are missing",
                format!("a number, a range or a name, {EXAMPLE}"),
            ));
        };
        if last < first {
            let message = format!("the range {first}-{last} is backwards");
            return Err(Fault::new(start..cursor.position(), message, format!("`{last}-{first}`")));
        }
        let range = PortRange { first, last };
        Ok(if self.outside.is_some() { ExcludePorts::Known(range) } else { ExcludePorts::Range(range) })
    }

    fn read_number(&self, cursor: &mut Cursor<'_>) -> Result<Option<u16>, Fault> {
        let Some((value, span)) = cursor.take_digits() else {
            return Ok(None);
        };
        let (_, highest) = self.limits();
        match u16::try_from(value) {
            Ok(number) if number <= highest => Ok(Some(number)),
            _ => Err(Fault::new(span, "no such port or protocol", format!("a number from 0 to {highest}"))),
        }
    }

    /// What an open range begins with, and the highest number.
    fn limits(&self) -> (u16, u16) {
        if self.protocol == Some(ExcludeProtocol::Ip) { (0, 255) } else { (1, u16::MAX) }
    }
}

fn begins_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'*' || byte == b'?'
}

const EXAMPLE: &str = "as in `-100,200-1024,T:3000-4000,U:60000-`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;

    /// The items, and the faults as `start-end message`.
    fn read(text: &str) -> (String, Vec<String>) {
        let mut diagnostics = Vec::new();
        let mut cursor = Cursor::new(text.as_bytes(), 0..text.len());
        let items = read_exclude(&mut cursor, &mut Faults::new(0, &mut diagnostics));
        let items: Vec<String> = items.iter().map(show).collect();
        let fault = |fault: &Diagnostic| format!("{}-{} {}", fault.span.start, fault.span.end, fault.message);
        (items.join(" "), diagnostics.iter().map(fault).collect())
    }

    fn show(item: &ExcludeItem) -> String {
        let protocol = item.protocol.map_or(String::from("any"), |protocol| format!("{protocol:?}"));
        match &item.ports {
            ExcludePorts::Range(range) => format!("{protocol}:{}-{}", range.first, range.last),
            ExcludePorts::Known(range) => format!("{protocol}:[{}-{}]", range.first, range.last),
            ExcludePorts::Name(name) => format!("{protocol}:{}", name.escape_ascii()),
        }
    }

    #[test]
    fn good_lists() {
        let cases = [
            ("0", "any:0-0"),
            ("T:9-10", "Tcp:9-10"),
            ("T:1-5,U:7,8,S:9,P:6", "Tcp:1-5 Udp:7-7 Udp:8-8 Sctp:9-9 Ip:6-6"),
            ("-100,60000-", "any:1-100 any:60000-65535"),
            ("P:-9,250-", "Ip:0-9 Ip:250-255"),
            ("-", "any:1-65535"),
            (" 1 , 2 - \r", "any:1-1 any:2-65535"),
            ("http*,?x,T: *", "any:http* any:?x Tcp:*"),
            ("[1-9,x?,T:5],6", "any:[1-9] any:x? Tcp:[5-5] any:6-6"),
            ("U:[ -9 ] , 6", "Udp:[1-9] Udp:6-6"),
            ("U:T:1", "Tcp:1-1"),
        ];
        for (text, items) in cases {
            assert_eq!(read(text), (String::from(items), vec![]), "{text:?}");
        }
    }

    #[test]
    fn bad_lists() {
        let cases = [
            ("", "0-0 ports are missing"),
            ("1,", "2-2 ports are missing"),
            ("T:", "2-2 ports are missing"),
            ("X:1", "0-1 ports are missing"),
            ("HTTP", "0-1 ports are missing"),
            ("[]", "1-2 ports are missing"),
            ("9-5", "0-3 the range 9-5 is backwards"),
            ("0-,-0", "3-5 the range 1-0 is backwards"),
            ("65536", "0-5 no such port"),
            ("P:256", "2-5 no such port"),
            ("1 2", "2-3 not a port list"),
            ("1]", "1-2 not a port list"),
            ("[1],[[2]", "5-6 ports are missing"),
            ("[1,2", "0-4 a bracket is not closed"),
        ];
        for (text, fault) in cases {
            let (_, faults) = read(text);
            assert!(faults.len() == 1 && faults[0].starts_with(fault), "{text:?} {faults:?}");
        }
    }

    #[test]
    fn reading_goes_on_at_the_next_item() {
        let (items, faults) = read("1,U:[T:2,x y],A,3");
        assert_eq!((items.as_str(), faults.len()), ("any:1-1 Tcp:[2-2] Tcp:x Udp:3-3", 2));
    }
}
