//! WGSL files as a build has them: in a browser without comments and needless space, since a page waits for every byte.

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
    let mut kept = [0; N];
    let (mut at, mut length) = (0, 0);
    // What was kept last, and the space since then.
    let (mut last, mut space) = (b';', b';');
    let mut comment = false;
    while at < source.len() {
        let byte = source[at];
        if byte == b'#' && !comment {
            if length > 0 && last != b'\n' {
                if length < N {
                    kept[length] = b'\n';
                }
                length += 1;
            }
            while at < source.len() && source[at] != b'\n' {
                if length < N {
                    kept[length] = source[at];
                }
                length += 1;
                at += 1;
            }
            if length < N {
                kept[length] = b'\n';
            }
            length += 1;
            (last, space) = (b'\n', b';');
            at += 1;
            continue;
        }
        comment = byte != b'\n' && (comment || (byte == b'/' && next(source, at) == b'/'));
        if byte == b'\n' || (byte == b' ' && space != b'\n') {
            space = byte;
        } else if !comment && byte != b' ' {
            // Signs that join with none that comes in the shaders; others could: - and -, > and =, / and *.
            let parts = !matches!(
                last,
                b',' | b';' | b'{' | b'}' | b'(' | b')' | b':' | b'=' | b'+' | b'*' | b'\n'
            ) && !matches!(byte, b'{' | b'}' | b')' | b'+')
                && (byte != b'*' || last == b'/');
            if parts && space != b';' {
                if length < N {
                    kept[length] = space;
                }
                length += 1;
            }
            if length < N {
                kept[length] = byte;
            }
            length += 1;
            (last, space) = (byte, b';');
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
        let left = "fn f(x:f32)-> f32{var y =vec2<f32>(x)/ 2.0;y =- - y+x;return\ny.x / *p - -x;}/";
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
    fn every_module_stays_what_it_is() {
        let together = |source: &str| source.split_whitespace().collect::<String>();
        for (name, source) in wgsl::kernels() {
            assert!(!source.contains("/*"), "{name} has a comment of another kind");
            let code: String = source.lines().filter_map(|line| line.split("//").next()).collect();
            let minified = text(&source);
            assert_eq!(together(&minified), together(&code), "{name}");
            assert!(minified.len() < source.len(), "{name}");
            assert_eq!(expressions(&minified), expressions(&source), "{name}");
        }
    }

    /// What its functions compute.
    fn expressions(source: &str) -> Vec<String> {
        let parsed = wgpu::naga::front::wgsl::parse_str(source);
        let module = parsed.unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
        let functions = module.functions.iter().map(|(_, function)| function);
        let all = functions.chain(module.entry_points.iter().map(|entry| &entry.function));
        all.map(|f| format!("{:?} {:?}", f.name, f.expressions)).collect()
    }
}
