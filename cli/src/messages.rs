//! Notes and errors on the standard error. It can be a full disk or a closed pipe. Failed writes are ignored, because a
//! note must never cost the result; `eprintln!` would panic.

use std::fmt::Display;
use std::io::{self, Write};

/// Letters of the longest message. Names and headers of files can be longer.
const LONGEST: usize = 2000;

/// Writes a remark that changes nothing about the result.
pub(crate) fn note(text: &dyn Display) {
    write("note", text);
}

/// Writes why something failed.
pub(crate) fn error(text: &dyn Display) {
    write("error", text);
}

fn write(kind: &str, text: &dyn Display) {
    // In one piece, so that messages of several processes do not mix.
    let line = format!("{kind}: {}\n", one_line(&text.to_string()));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// The text without line breaks and control sequences, which names and headers of files can contain.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for (index, letter) in text.chars().enumerate() {
        if index == LONGEST {
            line += " ...";
            break;
        }
        match letter.is_control() {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_line() {
        assert_eq!(one_line("a\nb\x1b[2J: é"), "a\\nb\\u{1b}[2J: é");
        let long = one_line(&"x".repeat(10 * LONGEST));
        assert!(long.len() < LONGEST + 8 && long.ends_with("x ..."), "{}", long.len());
    }
}
