//! WGSL files as a build has them: without comments and needless space in a browser build, because a page waits for
//! every byte.

/// The text of a file under shaders/.
macro_rules! wgsl_file {
    ($path:expr) => {{
        const WHOLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $path));
        #[cfg(target_arch = "wasm32")]
        const TEXT: &str = {
            const LENGTH: usize = crate::minify::minify::<0>(WHOLE).1;
            const MINIFIED: [u8; LENGTH] = crate::minify::minify::<LENGTH>(WHOLE).0;
            match std::str::from_utf8(&MINIFIED) {
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

/// The first `N` bytes of a source without comments (of whole lines, or at their ends) and without needless space, and the
/// number of all its bytes. A line that begins with `#` keeps its line breaks, because the linker reads it by lines.
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) const fn minify<const N: usize>(source: &str) -> ([u8; N], usize) {
    let source = source.as_bytes();
    let mut kept = Kept { bytes: [0; N], length: 0, last: b';' };
    // The space since the last byte that was kept.
    let (mut at, mut space, mut comment) = (0, b';', false);
    while at < source.len() {
        let byte = source[at];
        if byte == b'#' && !comment {
            if kept.length > 0 && kept.last != b'\n' {
                kept.push(b'\n');
            }
            while at < source.len() && source[at] != b'\n' {
                kept.push(source[at]);
                at += 1;
            }
            kept.push(b'\n');
            (space, at) = (b';', at + 1);
            continue;
        }
        comment = byte != b'\n' && (comment || (byte == b'/' && next(source, at) == b'/'));
        if byte == b'\n' || (byte == b' ' && space != b'\n') {
            space = byte;
        } else if !comment && byte != b' ' {
            if parts(kept.last, byte) && space != b';' {
                kept.push(space);
            }
            kept.push(byte);
            space = b';';
            // vec4<f32> is vec4f.
            if is_vector(source, at) {
                kept.push(source[at + 2]);
                at += 5;
            }
        }
        at += 1;
    }
    (kept.bytes, kept.length)
}

/// The bytes that are left.
#[cfg(any(target_arch = "wasm32", test))]
struct Kept<const N: usize> {
    bytes: [u8; N],
    length: usize,
    last: u8,
}

#[cfg(any(target_arch = "wasm32", test))]
impl<const N: usize> Kept<N> {
    const fn push(&mut self, byte: u8) {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
        self.last = byte;
    }
}

/// Whether the `vec4` of a type that has a short name, such as `vec4<f32>`, ends at this digit.
#[cfg(any(target_arch = "wasm32", test))]
const fn is_vector(source: &[u8], at: usize) -> bool {
    at >= 3
        && at + 5 < source.len()
        && matches!([source[at - 3], source[at - 2], source[at - 1]], [b'v', b'e', b'c'])
        && matches!(source[at], b'2' | b'3' | b'4')
        && matches!(source[at + 2], b'u' | b'i' | b'f')
        && matches!(
            [source[at + 1], source[at + 3], source[at + 4], source[at + 5]],
            [b'<', b'3', b'2', b'>']
        )
}

/// Whether two bytes need the space between them. Operators that might join, as - and - do, keep it.
#[cfg(any(target_arch = "wasm32", test))]
const fn parts(last: u8, byte: u8) -> bool {
    !(matches!(last, b',' | b';' | b'{' | b'}' | b'(' | b':' | b'=' | b'+' | b'*' | b'\n')
        || matches!(byte, b'{' | b'}' | b')' | b'+')
        || (byte == b'*' && last != b'/')
        || last == b')'
        || (is_word(last) || last == b']') && (is_operator(byte) || byte == b'=' || byte == b'!')
        || is_operator(last) && (is_word(byte) || byte == b'('))
}

#[cfg(any(target_arch = "wasm32", test))]
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(any(target_arch = "wasm32", test))]
const fn is_operator(byte: u8) -> bool {
    matches!(byte, b'-' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<' | b'>')
}

#[cfg(any(target_arch = "wasm32", test))]
const fn next(source: &[u8], at: usize) -> u8 {
    if at + 1 < source.len() { source[at + 1] } else { b'\n' }
}

#[cfg(test)]
mod tests {
    use super::minify;
    use crate::wgsl;

    fn text(source: &str) -> String {
        let (bytes, length) = minify::<131_072>(source);
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn comments_and_needless_space_go() {
        let source = "// One.\n\nfn f(x: f32) -> f32 { // two\n    // three\n    var y = vec2<f32>(x) / 2.0;\n    \
                      y = - - y + x;\n    return\n    y.x / *p - -x;\n}\n/";
        let left = "fn f(x:f32)->f32{var y=vec2f(x)/2.0;y=- -y+x;return\ny.x/ *p- -x;}/";
        assert_eq!(text(source), left);
    }

    #[test]
    fn directives_keep_their_lines() {
        let source =
            "// One.\n\n#if read\nfn f() {\n#each item\n    g(ITEM, 1u); // two\n#end\n}\n#endif\n";
        let left = "#if read\nfn f(){\n#each item\ng(ITEM,1u);\n#end\n}\n#endif\n";
        assert_eq!(text(source), left);
    }

    #[test]
    #[cfg_attr(miri, ignore = "megabytes of WGSL take hours")]
    fn every_module_stays_what_it_is() {
        let together = |source: &str| source.split_whitespace().collect::<String>();
        for (name, source) in wgsl::kernels() {
            assert!(!source.contains("/*"), "{name} has a comment of another kind");
            let code: String = source.lines().filter_map(|line| line.split("//").next()).collect();
            let minified = text(&source);
            let mut short = together(&code);
            for (size, ty) in [2, 3, 4].into_iter().flat_map(|n| ["u", "i", "f"].map(|t| (n, t))) {
                short = short.replace(&format!("vec{size}<{ty}32>"), &format!("vec{size}{ty}"));
            }
            assert_eq!(together(&minified), short, "{name}");
            assert!(minified.len() < source.len(), "{name}");
            assert!(expressions(&minified) == expressions(&source), "{name}");
        }
    }

    /// The expressions of its functions. The numbers of types are left out: a short name of a type changes them.
    fn expressions(source: &str) -> Vec<String> {
        let parsed = wgpu::naga::front::wgsl::parse_str(source);
        let module = parsed.unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
        let functions = module.functions.iter().map(|(_, function)| function);
        let all = functions.chain(module.entry_points.iter().map(|entry| &entry.function));
        let without_types = |text: String| {
            let parts = text.split("ty: [").enumerate();
            let after = |(at, part): (usize, &str)| match part.split_once(']') {
                Some((_, rest)) if at > 0 => rest.to_owned(),
                _ => part.to_owned(),
            };
            parts.map(after).collect::<String>()
        };
        all.map(|f| without_types(format!("{:?} {:?}", f.name, f.expressions))).collect()
    }
}
