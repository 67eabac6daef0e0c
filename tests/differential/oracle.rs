//! Templates rendered from PCRE2's groups: a second implementation, plain and slow, of nmap's rules for fields.

use std::collections::BTreeMap;

use portprint_codegen::parse::{Part, Template};
use portprint_tables::Field;

/// The non-empty fields.
pub(super) fn fields(templates: &[Template], groups: &[(usize, usize)], response: &[u8]) -> BTreeMap<Field, String> {
    let mut fields = BTreeMap::new();
    for template in templates {
        let Some(mut value) = render(template, groups, response) else { continue };
        while value.last().is_some_and(|byte| b" \t\n\x0b\x0c\r,".contains(byte)) {
            value.pop();
        }
        let clean: String =
            value.iter().map(|&byte| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '.' }).collect();
        if !clean.is_empty() {
            fields.insert(template.field, clean);
        }
    }
    fields
}

/// None when the field fails.
fn render(template: &Template, groups: &[(usize, usize)], response: &[u8]) -> Option<Vec<u8>> {
    let size = match template.field {
        Field::Info => 256,
        Field::Os | Field::Device => 32,
        _ => 80,
    };
    let is_cpe = template.text.starts_with(b"cpe:/");
    let mut out = Vec::new();
    for (index, part) in template.parts.iter().enumerate() {
        if let Part::Literal(text) = part {
            let is_tail = index + 1 == template.parts.len();
            out.extend_from_slice(text);
            if out.len() > if is_tail { size - 1 } else { size } {
                return None;
            }
            continue;
        }
        let mut value = variable(part, groups, response)?;
        if let Some(nul) = value.iter().position(|&byte| byte == 0) {
            value.truncate(nul);
        }
        if is_cpe {
            value = value.iter().flat_map(|&byte| escape(byte)).collect();
        }
        out.extend(value);
        if out.len() >= size - 1 {
            return None;
        }
    }
    Some(out)
}

fn variable(part: &Part, groups: &[(usize, usize)], response: &[u8]) -> Option<Vec<u8>> {
    let group = |number: &u8| match groups.get(usize::from(*number)) {
        Some(&(start, end)) if start != usize::MAX => Some((start, end)),
        _ => None,
    };
    match part {
        Part::Literal(_) | Part::Fail => None,
        Part::Group(number) => group(number).map(|(start, end)| response[start..end].to_vec()),
        Part::Printable(number) => {
            let (start, end) = group(number)?;
            Some(response[start..end].iter().copied().filter(|byte| (0x20..0x7F).contains(byte)).collect())
        }
        Part::Substitute { group: number, find, replace } => {
            let (mut at, end) = group(number)?;
            let mut value = Vec::new();
            while at < end {
                if response.len() - at >= find.len() && response[at..at + find.len()] == find[..] {
                    value.extend_from_slice(replace);
                    at += find.len();
                } else {
                    value.push(response[at]);
                    at += 1;
                }
            }
            Some(value)
        }
        Part::Integer { group: number, big_endian } => {
            let (start, end) = group(number)?;
            let mut bytes = response[start..end].to_vec();
            if bytes.len() > 8 {
                return None;
            }
            if *big_endian {
                bytes.reverse();
            }
            bytes.resize(8, 0);
            Some(u64::from_le_bytes(bytes.try_into().expect("eight bytes")).to_string().into_bytes())
        }
    }
}

fn escape(byte: u8) -> Vec<u8> {
    if b":/?#[]@!$&'()*+,;=%<>\"".contains(&byte) {
        format!("%{byte:02X}").into_bytes()
    } else if b" \t\n\x0b\x0c\r".contains(&byte) {
        vec![b'_']
    } else {
        vec![byte.to_ascii_lowercase()]
    }
}
