//! WGSL files as a build has them: in a browser without comments and indentation, since a page waits for every byte.

/// The text of a file under shaders/.
macro_rules! wgsl_file {
    ($path:expr) => {{
        const WHOLE: &str = include_str!($path);
        #[cfg(target_arch = "wasm32")]
        const TEXT: &str = {
            const LENGTH: usize = crate::bare::bare::<0>(WHOLE).1;
            const BARE: [u8; LENGTH] = crate::bare::bare::<LENGTH>(WHOLE).0;
            match std::str::from_utf8(&BARE) {
                Ok(text) => text,
                Err(_) => WHOLE,
            }
        };
        #[cfg(not(target_arch = "wasm32"))]
        const TEXT: &str = WHOLE;
        TEXT
    }};
}

pub(crate) use wgsl_file;

/// The first `N` bytes of what is left of a source without line comments, indentation and empty lines, and how many there
/// are. WGSL has no text in which any of these would stand for something.
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) const fn bare<const N: usize>(source: &str) -> ([u8; N], usize) {
    let source = source.as_bytes();
    let mut kept = [0; N];
    let (mut at, mut length) = (0, 0);
    let (mut comment, mut starts) = (false, true);
    while at < source.len() {
        let byte = source[at];
        comment = byte != b'\n' && (comment || (byte == b'/' && next(source, at) == b'/'));
        // A line begins with what is neither space nor comment.
        let skipped = comment || (starts && matches!(byte, b' ' | b'\n'));
        if !skipped {
            if length < N {
                kept[length] = byte;
            }
            length += 1;
            starts = byte == b'\n';
        }
        at += 1;
    }
    (kept, length)
}

#[cfg(any(target_arch = "wasm32", test))]
const fn next(source: &[u8], at: usize) -> u8 {
    if at + 1 < source.len() { source[at + 1] } else { b'\n' }
}

#[cfg(test)]
mod tests {
    use super::bare;
    use crate::wgsl;

    fn text(source: &str) -> String {
        let (bytes, length) = bare::<65_536>(source);
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn comments_and_indentation_go() {
        let source =
            "// One.\n\nfn f(x: f32) -> f32 { // two\n    // three\n    return x / 2.0;\n}\n/";
        assert_eq!(text(source), "fn f(x: f32) -> f32 { \nreturn x / 2.0;\n}\n/");
    }

    #[test]
    fn every_word_of_every_module_is_left() {
        for (name, source) in wgsl::kernels() {
            assert!(!source.contains("/*"), "{name} has a comment of another kind");
            let code = source.lines().filter_map(|line| line.split("//").next());
            let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
            let bare = text(&source);
            assert_eq!(bare.split_whitespace().collect::<Vec<_>>(), words, "{name}");
            assert!(bare.len() < source.len(), "{name}");
        }
    }
}
