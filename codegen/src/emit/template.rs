//! Templates to bytes, see [`portprint_tables::code::template`].

use std::collections::BTreeSet;

use portprint_tables::code::template as op;

use crate::parse::{Part, Template};

/// Encodes a line's templates. Variables of groups beyond `groups` always fail.
pub(crate) fn encode(templates: &[Template], groups: usize, code: &mut Vec<u8>) {
    code.push(u8::try_from(templates.len()).expect("a line has one template a field"));
    for template in templates {
        code.push(template.field as u8);
        if let [Part::Literal(text)] = &template.parts[..]
            && text.len() < template.field.capacity()
        {
            let text: Vec<u8> = text[..op::stripped_len(text)].iter().map(|&byte| op::shown(byte)).collect();
            code.extend([1, op::FINAL]);
            code.extend(u16::try_from(text.len()).expect("it is below the capacity").to_le_bytes());
            code.extend(text);
            continue;
        }
        let count_at = code.len();
        code.push(0);
        for part in &template.parts {
            code[count_at] = code[count_at].saturating_add(1);
            if code[count_at] == u8::MAX || group(part).is_some_and(|group| usize::from(group) > groups) {
                // More variables than fit into a buffer could only fail, too.
                code.push(op::FAIL);
                break;
            }
            encode_part(part, code);
        }
    }
}

/// The groups that the templates read.
pub(crate) fn wanted_groups(templates: &[Template], groups: usize) -> BTreeSet<usize> {
    let parts = templates.iter().flat_map(|template| &template.parts);
    parts.filter_map(group).map(usize::from).filter(|&group| group <= groups).collect()
}

fn group(part: &Part) -> Option<u8> {
    match part {
        Part::Group(group) | Part::Printable(group) | Part::Substitute { group, .. } | Part::Integer { group, .. } => {
            Some(*group)
        }
        Part::Literal(_) | Part::Fail => None,
    }
}

fn encode_part(part: &Part, code: &mut Vec<u8>) {
    match part {
        Part::Literal(bytes) => {
            code.push(op::LITERAL);
            code.extend(u16::try_from(bytes.len()).expect("lines are shorter").to_le_bytes());
            code.extend(bytes);
        }
        Part::Group(group) => code.extend([op::GROUP, *group]),
        Part::Printable(group) => code.extend([op::PRINTABLE, *group]),
        Part::Substitute { group, find, replace } => {
            code.extend([op::SUBSTITUTE, *group]);
            for text in [find, replace] {
                code.push(u8::try_from(text.len()).expect("arguments are limited to 127 bytes"));
                code.extend(text);
            }
        }
        Part::Integer { group, big_endian } => {
            code.extend([if *big_endian { op::BIG_ENDIAN } else { op::LITTLE_ENDIAN }, *group]);
        }
        Part::Fail => code.push(op::FAIL),
    }
}
