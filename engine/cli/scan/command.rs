//! The command as it was typed, for outputs that say how they came to be.

use std::borrow::Cow;

/// The command on one line, its words in quotes where they need it. Passwords in addresses of proxies are left out: reports are
/// passed on.
pub(super) fn typed() -> String {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    std::iter::once(String::from("portprint"))
        .chain(words.map(|word| quoted(&without_password(&word))))
        .collect::<Vec<_>>()
        .join(" ")
}

fn without_password(word: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = word.split_once("://") else { return Cow::Borrowed(word) };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((user, _)) => Cow::Owned(format!("{scheme}://***{}", &rest[user.len()..])),
        None => Cow::Borrowed(word),
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=+,.:/@%[]*".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_a_shell_takes_them() {
        assert_eq!(quoted("--proxy=socks5://h:1"), "--proxy=socks5://h:1");
        assert_eq!(quoted("it's a"), "'it'\\''s a'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn passwords_are_left_out() {
        assert_eq!(without_password("--proxy=socks5://me:secret@proxy:1080"), "--proxy=socks5://***@proxy:1080");
        assert_eq!(without_password("http://u:p@ss@h/x@y"), "http://***@h/x@y");
        assert_eq!(without_password("tcp://[::1]:22"), "tcp://[::1]:22");
    }
}
