//! The linker: joins WGSL files into a module, and expands templates.
//!
//! A template has lines between `#if flag` (or `#if !flag`), `#else` and `#endif`, lines between `#each list` and `#end`
//! that are repeated for each item of the list, and names in capitals that are replaced, between `_` too.

use crate::activation::Activation;

/// A WGSL file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    /// Its path under shaders/, for readers of a module. Pages do without.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

/// The file at a path under shaders/.
macro_rules! file {
    ($path:expr) => {
        crate::shader::link::File {
            #[cfg(not(target_arch = "wasm32"))]
            path: $path,
            text: crate::minify::wgsl_file!($path),
        }
    };
}

pub(crate) use file;

/// The names, flags and lists that a template is expanded with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope<'a> {
    /// The names in capitals and what replaces them.
    pub(crate) names: Vec<(&'static str, &'a str)>,
    /// Every flag that a template may ask for, and whether it is set.
    pub(crate) flags: Vec<(&'static str, bool)>,
    /// The lists, with a scope for each item.
    pub(crate) lists: Vec<(&'static str, Vec<Scope<'a>>)>,
}

/// A module in the making.
#[derive(Debug, Default)]
pub(crate) struct Linker {
    source: String,
}

impl Linker {
    pub(crate) fn finish(self) -> String {
        self.source
    }

    /// Appends a file as it is.
    pub(crate) fn append(&mut self, file: File) {
        #[cfg(not(target_arch = "wasm32"))]
        self.title(&[file.path]);
        self.source.push_str(file.text);
        self.source.push('\n');
    }

    /// Appends the activation's own file.
    fn append_activation(&mut self, activation: &Activation) {
        #[cfg(not(target_arch = "wasm32"))]
        self.title(&["activation/", activation.name(), ".wgsl"]);
        self.source.push_str(activation.own_wgsl().0);
        self.source.push('\n');
    }

    /// Appends the activation's file, and numerics.wgsl if the activation or a kernel calls functions of it.
    pub(crate) fn append_functions(&mut self, activation: Option<&Activation>, numerics: bool) {
        if numerics || activation.is_some_and(|activation| activation.own_wgsl().1) {
            self.append(file!("numerics.wgsl"));
        }
        if let Some(activation) = activation {
            self.append_activation(activation);
        }
    }

    /// Appends an expanded template. Of `scopes`, the last is the innermost.
    pub(crate) fn expand(&mut self, template: File, scopes: &[&Scope<'_>]) {
        #[cfg(not(target_arch = "wasm32"))]
        self.title(&[template.path]);
        let lines: Vec<&str> = lines(template.text);
        self.expand_lines(&lines, scopes);
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn title(&mut self, path: &[&str]) {
        self.source.push_str("// shaders/");
        path.iter().for_each(|part| self.source.push_str(part));
        self.source.push('\n');
    }

    fn expand_lines(&mut self, lines: &[&str], scopes: &[&Scope<'_>]) {
        // Whether the lines of each open `#if` are taken.
        let mut taken: Vec<bool> = Vec::new();
        let mut rest = lines.iter();
        while let Some(line) = rest.next() {
            let skipped = taken.contains(&false);
            let Some(directive) = line.strip_prefix('#') else {
                if !skipped {
                    self.substitute(line, scopes);
                    self.source.push('\n');
                }
                continue;
            };
            let understood = if let Some(condition) = directive.strip_prefix("if ") {
                let flag = condition.strip_prefix('!').unwrap_or(condition);
                let set = find(scopes, |scope| &scope.flags, flag);
                taken.extend(set.map(|set| *set == (flag == condition)));
                set.is_some()
            } else if directive == "else" {
                taken.last_mut().map(|taken| *taken = !*taken).is_some()
            } else if directive == "endif" {
                taken.pop().is_some()
            } else if let Some(list) = directive.strip_prefix("each ") {
                let body = rest.as_slice();
                let length = body.iter().position(|line| *line == "#end");
                let items = find(scopes, |scope| &scope.lists, list);
                rest = body.iter();
                let parts =
                    length.and_then(|length| Some((body.get(..length)?, body.get(length + 1..)?)));
                match (parts, items) {
                    (Some((body, after)), Some(items)) => {
                        rest = after.iter();
                        for item in items.iter().filter(|_| !skipped) {
                            let mut inner = scopes.to_vec();
                            inner.push(item);
                            self.expand_lines(body, &inner);
                        }
                        true
                    }
                    _ => false,
                }
            } else {
                false
            };
            if !understood {
                return self.fail(line);
            }
        }
        if !taken.is_empty() {
            self.fail("#if");
        }
    }

    /// Leaves a line that no WGSL compiler takes, so that the mistake becomes an error that names it.
    fn fail(&mut self, directive: &str) {
        self.source.push_str(directive);
        self.source.push_str(" /* is no directive, flag or list */\n");
    }

    /// Appends a line, with names in capitals replaced.
    fn substitute(&mut self, line: &str, scopes: &[&Scope<'_>]) {
        // Each part is a word, which may be empty, and the character after it.
        for part in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let name = find(scopes, |scope| &scope.names, word);
            self.source.push_str(name.unwrap_or(&word));
            self.source.push_str(part.strip_prefix(word).unwrap_or(""));
        }
    }
}

/// The lines of a text, without the line break at its end.
fn lines(text: &str) -> Vec<&str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
}

/// The value of a name in the innermost scope that has it.
fn find<'s, 'a, T>(
    scopes: &[&'s Scope<'a>],
    of: impl Fn(&'s Scope<'a>) -> &'s Vec<(&'static str, T)>,
    name: &str,
) -> Option<&'s T> {
    for scope in scopes.iter().rev() {
        if let Some((_, value)) = of(scope).iter().find(|(known, _)| *known == name) {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &'static str) -> String {
        let item = |name| Scope {
            names: vec![("NAME", name)],
            flags: vec![("first", name == "x")],
            ..Scope::default()
        };
        let scope = Scope {
            names: vec![("TYPE", "f32"), ("NAME", "outer")],
            flags: vec![("yes", true), ("no", false)],
            lists: vec![("some", vec![item("x"), item("dy")]), ("none", Vec::new())],
        };
        let mut linker = Linker::default();
        let lines: Vec<&str> = lines(text);
        linker.expand_lines(&lines, &[&scope]);
        linker.finish()
    }

    #[test]
    fn lines_are_taken_by_flags() {
        assert_eq!(expanded("#if yes\na\n#else\nb\n#endif\nc\n"), "a\nc\n");
        assert_eq!(expanded("#if !yes\na\n#else\nb\n#endif\n"), "b\n");
        assert_eq!(expanded("#if no\n#if yes\na\n#else\nb\n#endif\n#endif\nc"), "c\n");
        assert_eq!(expanded("#if no\n#each some\na\n#end\n#endif\n"), "");
    }

    #[test]
    fn lines_are_repeated_with_the_names_of_each_item() {
        let text =
            "#each some\n#if first\nNAME first\n#endif\nload_NAME(TYPE, NAMED)\n#end\nNAME\n";
        let found = "x first\nload_x(f32, NAMED)\nload_dy(f32, NAMED)\nouter\n";
        assert_eq!(expanded(text), found);
        assert_eq!(expanded("#each none\nNAME\n#end\nb\n"), "b\n");
    }

    #[test]
    fn a_misspelt_directive_flag_or_list_is_no_wgsl() {
        for text in [
            "#iff yes\n#endif\n",
            "#if yess\n#endif\n",
            "#if yes\n",
            "#else\n",
            "#endif\n",
            "#each others\n#end\n",
            "#each some\n",
            "#if no\n#if yess\n#endif\n#endif\n",
        ] {
            let source = expanded(text);
            assert!(source.contains("is no directive"), "{text}");
            assert!(wgpu::naga::front::wgsl::parse_str(&source).is_err(), "{text}");
        }
    }
}
