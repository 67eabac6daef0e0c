//! Two texts beside each other.

use std::fmt::Write;

/// The most columns of the left side.
const WIDEST: usize = 76;

/// What was recorded, and what the plugin did. Lines that differ have a `!` between them; all of it is escaped already.
pub(super) fn side_by_side(recorded: &str, done: &str) -> String {
    let (left, right) = (lines(recorded), lines(done));
    let width = left.iter().map(|line| line.len()).max().unwrap_or_default().max("recorded".len());
    let mut text = format!("  {:width$} | plugin\n", "recorded");
    for row in 0..left.len().max(right.len()) {
        let at = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
        let (left, right) = (at(&left), at(&right));
        let sign = if left == right { '|' } else { '!' };
        writeln!(text, "  {left:width$} {sign} {right}").expect("a String takes everything");
    }
    text.trim_end().to_owned()
}

/// Lines that are not too wide. They are ASCII.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while rest.len() > WIDEST && rest.is_char_boundary(WIDEST) {
            let (line, more) = rest.split_at(WIDEST);
            lines.push(line.to_owned());
            rest = more;
        }
        lines.push(rest.to_owned());
    }
    lines
}
