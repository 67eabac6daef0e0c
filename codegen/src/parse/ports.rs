//! The lists of `ports` and `sslports`.

use portprint_tables::PortRange;

use super::cursor::Cursor;
use super::fault::{Fault, Faults};

/// Reads the list from the cursor to the end of the line and appends the ports. A bad item is reported and left out.
pub(super) fn read_ports(cursor: &mut Cursor<'_>, ports: &mut Vec<PortRange>, faults: &mut Faults<'_>) {
    loop {
        match read_item(cursor) {
            Ok(range) => ports.push(range),
            Err(fault) => {
                faults.add(fault);
                cursor.take_while(usize::MAX, |byte| byte != b',');
            }
        }
        if !cursor.eat(b',') {
            return;
        }
    }
}

/// Reads `N` or `A-B` up to the next comma. White space may stand anywhere but right behind the hyphen.
fn read_item(cursor: &mut Cursor<'_>) -> Result<PortRange, Fault> {
    cursor.skip_space();
    let start = cursor.position();
    let first = read_port(cursor)?;
    cursor.skip_space();
    let mut last = first;
    if cursor.eat(b'-') {
        last = read_port(cursor)?;
        cursor.skip_space();
    }
    if !matches!(cursor.peek(), None | Some(b',')) {
        return Err(Fault::new(cursor.here(), "not a port list", "a comma and another item, as in `21-25,53,80`"));
    }
    if last < first {
        let message = format!("the range {first}-{last} is backwards");
        return Err(Fault::new(start..cursor.position(), message, format!("`{last}-{first}`")));
    }
    Ok(PortRange { first, last })
}

fn read_port(cursor: &mut Cursor<'_>) -> Result<u16, Fault> {
    let missing = || Fault::new(cursor.here(), "a port is missing", "a number, as in `21-25,53,80`");
    let (value, span) = cursor.clone().take_digits().ok_or_else(missing)?;
    cursor.advance(span.len());
    u16::try_from(value).map_err(|_| Fault::new(span, "no such port", "a number from 0 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;

    /// The ports, and the faults as `start-end message`.
    fn read(text: &str) -> (Vec<(u16, u16)>, Vec<String>) {
        let (mut ports, mut diagnostics) = (Vec::new(), Vec::new());
        let mut cursor = Cursor::new(text.as_bytes(), 0..text.len());
        read_ports(&mut cursor, &mut ports, &mut Faults::new(0, &mut diagnostics));
        let ports = ports.iter().map(|range| (range.first, range.last)).collect();
        let show = |fault: &Diagnostic| format!("{}-{} {}", fault.span.start, fault.span.end, fault.message);
        (ports, diagnostics.iter().map(show).collect())
    }

    #[test]
    fn good_lists() {
        let cases: [(&str, &[(u16, u16)]); 8] = [
            ("0", &[(0, 0)]),
            ("65535", &[(65_535, 65_535)]),
            ("00080", &[(80, 80)]),
            ("1-1", &[(1, 1)]),
            ("21-25,53,80", &[(21, 25), (53, 53), (80, 80)]),
            (" \t\x0b1, 2 ,3-4 \r", &[(1, 1), (2, 2), (3, 4)]),
            ("3 -4", &[(3, 4)]),
            ("5,5,1-9", &[(5, 5), (5, 5), (1, 9)]),
        ];
        for (text, ports) in cases {
            assert_eq!(read(text), (ports.to_vec(), vec![]), "{text:?}");
        }
    }

    #[test]
    fn bad_lists() {
        let cases: [(&str, &str); 15] = [
            ("", "0-0 a port is missing"),
            (" ", "1-1 a port is missing"),
            ("a", "0-1 a port is missing"),
            ("1,", "2-2 a port is missing"),
            (",1", "0-1 a port is missing"),
            ("1,,2", "2-3 a port is missing"),
            ("-5", "0-1 a port is missing"),
            ("1-", "2-2 a port is missing"),
            ("3-  4", "2-3 a port is missing"),
            ("3 - 4", "3-4 a port is missing"),
            ("5-4", "0-3 the range 5-4 is backwards"),
            ("65536", "0-5 no such port"),
            ("1-99999999999999999999999", "2-25 no such port"),
            ("1 2", "2-3 not a port list"),
            ("1;2", "1-2 not a port list"),
        ];
        for (text, fault) in cases {
            let (_, faults) = read(text);
            assert!(faults.len() == 1 && faults[0].starts_with(fault), "{text:?} {faults:?}");
        }
    }

    #[test]
    fn reading_goes_on_at_the_next_item() {
        let (ports, faults) = read("1,x,2-1 y,3");
        assert_eq!((ports, faults.len()), (vec![(1, 1), (3, 3)], 2));
    }
}
