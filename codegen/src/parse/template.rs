//! The values of version templates: literal text and variables.
//!
//! nmap looks into a template only when its line has matched, and a mistake there costs nothing but that field. So
//! there are no faults here: a mistake becomes a part that fails, as the last part.

use super::Span;
use super::cursor::is_space;
use super::escape::unescape;
use super::number::{Base, leading_number};
use super::syntax::Part;

/// The parts of a template's value. Nothing follows a [`Part::Fail`].
pub(super) fn read_parts(value: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = value;
    while let Some(dollar) = rest.iter().position(|&byte| byte == b'$') {
        if dollar > 0 {
            parts.push(Part::Literal(rest[..dollar].to_vec()));
        }
        let Some((variable, length)) = read_variable(&rest[dollar + 1..]) else {
            parts.push(Part::Fail);
            return parts;
        };
        parts.push(variable);
        rest = &rest[dollar + 1 + length..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_vec()));
    }
    parts
}

/// The variable behind a `$` and its length, or none if it fails whatever the response.
fn read_variable(text: &[u8]) -> Option<(Part, usize)> {
    if let Some(digit @ b'0'..=b'9') = text.first() {
        return Some((Part::Group(group(i64::from(digit - b'0'))?), 1));
    }
    let name = text.iter().position(|&byte| byte == b'(')?;
    let (arguments, length) = read_arguments(&text[name + 1..])?;
    let part = match (&text[..name], arguments.as_slice()) {
        (b"P", &[Argument::Integer(number)]) => Part::Printable(group(number)?),
        (b"SUBST", [Argument::Integer(number), Argument::String(find), Argument::String(replace)]) => {
            Part::Substitute { group: group(*number)?, find: find.clone(), replace: replace.clone() }
        }
        (b"I", [Argument::Integer(number), Argument::String(order)]) => {
            let big_endian = match order.as_slice() {
                b">" => true,
                b"<" => false,
                _ => return None,
            };
            Part::Integer { group: group(*number)?, big_endian }
        }
        _ => return None,
    };
    Some((part, name + 1 + length))
}

fn group(number: i64) -> Option<u8> {
    u8::try_from(number).ok().filter(|number| (1..=9).contains(number))
}

enum Argument {
    Integer(i64),
    String(Vec<u8>),
}

/// The arguments behind an opening parenthesis, and their length with the closing one.
fn read_arguments(text: &[u8]) -> Option<(Vec<Argument>, usize)> {
    let mut arguments = Vec::new();
    let mut position = 0;
    loop {
        // A list that breaks off right behind a comma counts as closed.
        if position == text.len() {
            return Some((arguments, position));
        }
        position += text[position..].iter().take_while(|&&byte| is_space(byte)).count();
        if text.get(position) == Some(&b')') {
            return Some((arguments, position + 1));
        }
        if arguments.len() == MOST_ARGUMENTS {
            return None;
        }
        let (argument, length) = read_argument(&text[position..])?;
        arguments.push(argument);
        position += length;
        // Whatever else stands before the separator has no meaning.
        position += text[position..].iter().position(|&byte| byte == b',' || byte == b')')?;
        position += usize::from(text[position] == b',');
    }
}

fn read_argument(text: &[u8]) -> Option<(Argument, usize)> {
    let Some(string) = text.strip_prefix(b"\"") else {
        let (number, length) = leading_number(text, Base::Prefixed)?;
        return Some((Argument::Integer(number), length));
    };
    let mut length = 0;
    while *string.get(length)? != b'"' {
        // An escaped quote does not end the string; that it is a bad escape shows below.
        length += if string[length] == b'\\' { 2 } else { 1 };
    }
    if length > LONGEST_STRING {
        return None;
    }
    let bytes: Result<Vec<u8>, Span> = unescape(&string[..length]).collect();
    Some((Argument::String(bytes.ok()?), length + 2))
}

/// The most arguments that a variable may have.
const MOST_ARGUMENTS: usize = 5;

/// The longest string, as it is written.
const LONGEST_STRING: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.as_bytes().to_vec())
    }

    fn substitute(group: u8, find: &[u8], replace: &[u8]) -> Part {
        Part::Substitute { group, find: find.to_vec(), replace: replace.to_vec() }
    }

    fn check(value: &[u8], parts: &[Part]) {
        assert_eq!(read_parts(value), parts, "{}", value.escape_ascii());
    }

    #[test]
    fn literals_and_groups() {
        check(b"", &[]);
        check(b"text", &[literal("text")]);
        check(b"\xe9\\n", &[Part::Literal(b"\xe9\\n".to_vec())]);
        check(b"$1", &[Part::Group(1)]);
        check(b"$1$9", &[Part::Group(1), Part::Group(9)]);
        check(b"a$10b", &[literal("a"), Part::Group(1), literal("0b")]);
        check(b"x $1 then (y)", &[literal("x "), Part::Group(1), literal(" then (y)")]);
    }

    #[test]
    fn functions() {
        check(b"$P(1)x", &[Part::Printable(1), literal("x")]);
        check(b"$P(1) (b)", &[Part::Printable(1), literal(" (b)")]);
        check(br#"$SUBST(1,"_",".")"#, &[substitute(1, b"_", b".")]);
        check(br#"$SUBST( 1, "_" , "." )"#, &[substitute(1, b"_", b".")]);
        check(br#"$SUBST(9,"","")"#, &[substitute(9, b"", b"")]);
        check(br#"$SUBST(1,"\x41\\","\t.\0")"#, &[substitute(1, b"A\\", b"\t.\0")]);
        check(br#"$SUBST(1,",)(","$1")"#, &[substitute(1, b",)(", b"$1")]);
        check(br#"$I(1,">")"#, &[Part::Integer { group: 1, big_endian: true }]);
        check(br#"$I(2,"\x3c")"#, &[Part::Integer { group: 2, big_endian: false }]);
    }

    #[test]
    fn group_numbers_are_those_of_c() {
        for (number, group) in [("1", 1), ("+7", 7), (" 3", 3), ("\x0b3", 3), ("0x9", 9), ("0X5", 5), ("01", 1)] {
            check(format!("$P({number})").as_bytes(), &[Part::Printable(group)]);
        }
        for number in ["0", "10", "-1", "257", "08", "0xa", "0x", "99999999999999999999", "- 1", "one", "\"1\"", ""] {
            check(format!("$P({number})").as_bytes(), &[Part::Fail]);
        }
    }

    #[test]
    fn text_behind_an_argument_is_skipped() {
        check(b"$P(1 and more)", &[Part::Printable(1)]);
        check(b"$P(1\"2\"(3)$1", &[Part::Printable(1), Part::Group(1)]);
        check(br#"$I(1x,">"y)z"#, &[Part::Integer { group: 1, big_endian: true }, literal("z")]);
        check(b"$P(1,)x", &[Part::Printable(1), literal("x")]);
        check(b"$P(1, )", &[Part::Printable(1)]);
        check(b"$P(1,", &[Part::Printable(1)]);
    }

    #[test]
    fn failures_end_the_parts() {
        check(b"a$0b$1", &[literal("a"), Part::Fail]);
        check(b"$1$$2", &[Part::Group(1), Part::Fail]);
        let always: [&[u8]; 27] = [
            b"$",
            b"$ 5",
            b"$x",
            b"$(1)",
            b"$p(1)",
            b"$Q(1)",
            b"$P (1)",
            b"$SUBSTITUTESUBSTITUTE(1)",
            b"$P()",
            b"$P(",
            b"$P( ",
            b"$P(1",
            b"$P(1, ",
            b"$P(,1)",
            b"$P(1,1)",
            br#"$P("1")"#,
            br#"$SUBST(1,"_")"#,
            br#"$SUBST("1","_",".")"#,
            br#"$SUBST(1,"_",2)"#,
            br#"$SUBST(1,"_",".","x")"#,
            br#"$SUBST(1,"\"","q")"#,
            br#"$SUBST(1,"\a","q")"#,
            br#"$SUBST(1,"\\\","q")"#,
            br#"$SUBST(1,"_",".)"#,
            br#"$I(1,"=")"#,
            br#"$I(1,">>")"#,
            b"$P(1,2,3,4,5,6)",
        ];
        for value in always {
            check(value, &[Part::Fail]);
        }
    }

    #[test]
    fn strings_have_a_limit() {
        for (escaped, plain) in [("x", "x"), ("\\x41", "A")] {
            let longest = LONGEST_STRING / escaped.len();
            let value = |count: usize| format!("$SUBST(1,\"{}\",\"\")", escaped.repeat(count));
            check(value(longest).as_bytes(), &[substitute(1, plain.repeat(longest).as_bytes(), b"")]);
            check(value(longest + 1).as_bytes(), &[Part::Fail]);
        }
    }
}
