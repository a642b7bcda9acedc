//! Python literals, as headers of `.npy` files have them: the subset of NumPy's parser, `ast.literal_eval`, that can
//! name an array of numbers. The depth is bounded, and the time is linear. The crate npyz is not used here, because its
//! grammar takes 2^n steps for n nested brackets, and it refuses types and integers that NumPy takes.

/// NumPy's own headers have 2 levels, and 2 more per level of a structured type.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Integer(i128),
    Bool(bool),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
    /// None, bytes and numbers with a fraction, which no header needs.
    Other,
}

/// Reads a text that is one literal.
pub(super) fn parse(text: &str) -> Result<Literal, String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let literal = parser.literal()?;
    parser.space();
    match parser.rest.chars().next() {
        None => Ok(literal),
        Some(letter) => Err(format!("{letter:?} follows its end")),
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Parser<'t> {
    /// Skips white space, comments and continued lines.
    fn space(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', '\x0c']);
            if self.rest.starts_with('#') {
                self.rest = self.rest.trim_start_matches(|letter| letter != '\n');
            } else if let Some(rest) = self.rest.strip_prefix("\\\n") {
                self.rest = rest;
            } else {
                return;
            }
        }
    }

    /// Skips space, and this letter if it is next.
    fn skip(&mut self, letter: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn literal(&mut self) -> Result<Literal, String> {
        self.space();
        let Some(first) = self.rest.chars().next() else {
            return Err("it ends where a value should be".to_owned());
        };
        match first {
            '(' => {
                let (mut items, commas) = self.items(')')?;
                // Brackets without a comma only group.
                match (items.len(), commas) {
                    (1, false) => Ok(items.remove(0)),
                    _ => Ok(Literal::Tuple(items)),
                }
            }
            '[' => Ok(Literal::List(self.items(']')?.0)),
            '{' => self.dict(),
            '+' | '-' | '.' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    /// What is in brackets, and whether a comma was there.
    fn items(&mut self, close: char) -> Result<(Vec<Literal>, bool), String> {
        self.nested(|parser| {
            let (mut items, mut commas) = (Vec::new(), false);
            while !parser.skip(close) {
                items.push(parser.literal()?);
                if parser.skip(close) {
                    break;
                }
                parser.comma(close)?;
                commas = true;
            }
            Ok((items, commas))
        })
    }

    fn dict(&mut self) -> Result<Literal, String> {
        self.nested(|parser| {
            let mut entries = Vec::new();
            while !parser.skip('}') {
                let key = parser.literal()?;
                if !parser.skip(':') {
                    return Err("a key has no value".to_owned());
                }
                entries.push((key, parser.literal()?));
                if parser.skip('}') {
                    break;
                }
                parser.comma('}')?;
            }
            Ok(Literal::Dict(entries))
        })
    }

    fn comma(&mut self, close: char) -> Result<(), String> {
        if self.skip(',') { Ok(()) } else { Err(format!("a ',' or '{close}' is missing")) }
    }

    /// Goes past an opening bracket.
    fn nested<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.depth == DEEPEST {
            return Err(format!("its brackets are nested deeper than {DEEPEST}"));
        }
        self.depth += 1;
        self.rest = &self.rest[1..];
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Takes the letters at the start for which this holds.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let length = self.rest.find(|letter| !belongs(letter)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn number(&mut self) -> Result<Literal, String> {
        let mut negative = false;
        loop {
            let minus = self.skip('-');
            if !minus && !self.skip('+') {
                break;
            }
            negative ^= minus;
        }
        let word = self.take(|letter| letter.is_ascii_alphanumeric() || "._".contains(letter));
        let wrong = || format!("{word:?} is no number");
        // NumPy still reads the long integers of Python 2.
        let digits = word.strip_suffix('L').unwrap_or(word);
        let prefix = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
        let (radix, digits) = match &*prefix {
            "0x" => (16, &digits[2..]),
            "0o" => (8, &digits[2..]),
            "0b" => (2, &digits[2..]),
            _ => (10, digits),
        };
        let digits = digits.replace('_', "");
        let leading_zero = radix == 10 && digits.len() > 1 && digits.starts_with('0');
        if !digits.is_empty() && digits.chars().all(|letter| letter.is_digit(radix)) {
            if leading_zero && digits.contains(|letter| letter != '0') {
                return Err(wrong());
            }
            let value = i128::from_str_radix(&digits, radix)
                .map_err(|_| format!("the number {word} is too large"))?;
            return Ok(Literal::Integer(if negative { -value } else { value }));
        }
        if digits.parse::<f64>().is_ok() { Ok(Literal::Other) } else { Err(wrong()) }
    }

    /// Text, or the name of a constant.
    fn word(&mut self) -> Result<Literal, String> {
        let word = self.take(|letter| letter.is_alphanumeric() || letter == '_');
        if self.rest.starts_with(['\'', '"']) {
            let mut text = self.text(word)?;
            // Texts behind one another are one text.
            loop {
                self.space();
                let rest = self.rest;
                let word = self.take(char::is_alphanumeric);
                if !self.rest.starts_with(['\'', '"']) {
                    self.rest = rest;
                    return Ok(if text.1 { Literal::Text(text.0) } else { Literal::Other });
                }
                let (more, is_text) = self.text(word)?;
                text = (text.0 + &more, text.1 && is_text);
            }
        }
        match word {
            "True" => Ok(Literal::Bool(true)),
            "False" => Ok(Literal::Bool(false)),
            "None" => Ok(Literal::Other),
            "" => {
                Err(format!("{:?} begins no value", self.rest.chars().next().unwrap_or_default()))
            }
            _ => Err(format!("{word:?} is no value")),
        }
    }

    /// A quoted text after its prefix, and whether it is text and not bytes.
    fn text(&mut self, prefix: &str) -> Result<(String, bool), String> {
        let (raw, is_text) = match &*prefix.to_ascii_lowercase() {
            "" | "u" => (false, true),
            "r" => (true, true),
            "b" => (false, false),
            "br" | "rb" => (true, false),
            _ => return Err(format!("{prefix:?} is no prefix of a text")),
        };
        let quote =
            if self.rest.starts_with("'''") || self.rest.starts_with("\"\"\"") { 3 } else { 1 };
        let (quote, mut rest) = self.rest.split_at(quote);
        let mut text = String::new();
        loop {
            if let Some(after) = rest.strip_prefix(quote) {
                self.rest = after;
                return Ok((text, is_text));
            }
            let mut letters = rest.chars();
            match letters.next() {
                None => return Err("a text does not end".to_owned()),
                Some('\n') if quote.len() == 1 => {
                    return Err("a text does not end in its line".to_owned());
                }
                Some('\\') => {
                    let escaped = letters.next();
                    let code = letters
                        .as_str()
                        .get(..2)
                        .and_then(|code| u8::from_str_radix(code, 16).ok());
                    match (escaped, code) {
                        (Some('x'), Some(code)) if !raw => {
                            text.push(code.into());
                            letters.nth(1);
                        }
                        (Some(letter @ ('\\' | '\'' | '"')), _) if !raw => text.push(letter),
                        // No type is named with other escapes.
                        (escaped, _) => {
                            text.push('\\');
                            text.extend(escaped);
                        }
                    }
                }
                Some(letter) => text.push(letter),
            }
            rest = letters.as_str();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Literal::{Bool, Dict, Integer, List, Other, Text, Tuple};
    use super::*;

    #[test]
    fn literals_of_python_are_read() {
        let text = |text: &str| Text(text.to_owned());
        for (source, expected) in [
            (
                " (2L, 0x10, 1_000, - +3, 0, 00) ",
                Tuple([2, 16, 1000, -3, 0, 0].map(Integer).into()),
            ),
            ("(2)", Integer(2)),
            ("(2,)", Tuple(vec![Integer(2)])),
            ("()", Tuple(vec![])),
            ("[True, None, 1.5, 1e3, b'x']", List(vec![Bool(true), Other, Other, Other, Other])),
            ("u'<f4'", text("<f4")),
            ("'<' \"f4\" # more", text("<f4")),
            ("'''<f4'''", text("<f4")),
            ("r'\\x3c'", text("\\x3c")),
            ("'\\x3cf4\\''", text("<f4'")),
            ("{'a':\\\n1,}", Dict(vec![(text("a"), Integer(1))])),
            ("{}", Dict(vec![])),
        ] {
            assert_eq!(parse(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for source in [
            "", "(", "(,)", "(2,,)", "(1 2)", "(02,)", "(2l,)", "'a", "'a\n'", "{'a'}", "{,}",
            "{'a':}", "]", "(2]", "2)", "yes", "f''", "()()", "(2,)\0", "1_x", "0x", "é", "-",
            "2L3",
        ] {
            assert!(parse(source).is_err(), "{source:?}: {:?}", parse(source));
        }
    }

    #[test]
    fn deep_and_long_literals_take_no_time() {
        let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
        assert!(parse(&nested(DEEPEST)).is_ok());
        let error = parse(&nested(DEEPEST + 1)).unwrap_err();
        assert!(error.contains("deeper than 64"), "{error}");
        for open in ["(", "[", "{", "{'a':", "{('a',[", "\\\n#(\n("] {
            assert!(parse(&open.repeat(1 << 18)).is_err());
        }
        assert!(parse(&format!("({})", "1,".repeat(1 << 19))).is_ok());
        assert!(parse(&format!("({})", "'a' ".repeat(1 << 18))).is_ok());
    }
}
