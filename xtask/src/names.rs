//! Writes tests/it/public_names.rs: Rust code that names every item of the public API's listing, so that an item that is
//! gone, or that takes another number of arguments, no longer compiles.

use std::collections::BTreeSet;

pub(crate) const FILE: &str = "tests/it/public_names.rs";

const START: &str = "\
//! Every name of tests/data/public_api.txt. `cargo xtask public-api --update` writes this file.

#![allow(dead_code, deprecated, unused_imports, clippy::all, reason = \"nothing runs, and names alone matter\")]
#![cfg(feature = \"init\")]

";

/// A type to call functions with whose argument is `impl` of a trait: the text that the argument has, and the type.
const IMPLEMENTORS: [(&str, &str); 7] = [
    ("impl core::convert::Into<wgpu_relu::View<", "wgpu_relu::View<'static>"),
    ("&mut impl rand_core::Rng", "&'static mut rand::rngs::SmallRng"),
    ("impl core::iter::traits::collect::IntoIterator<Item = A>", "Vec<wgpu_relu::Activation>"),
    (
        "impl core::iter::traits::collect::IntoIterator<Item = &'a wgpu_relu::Prepared",
        "&'static [wgpu_relu::Prepared]",
    ),
    ("impl std::io::Read", "&'static [u8]"),
    ("impl std::io::Write", "Vec<u8>"),
    ("impl core::ops::function::FnMut(u64,", "fn(u64, Option<u64>)"),
];

/// The same for type parameters, by their bounds.
const PARAMETERS: [(&str, &str); 4] = [
    ("const N: usize", "1"),
    ("A: core::borrow::Borrow<wgpu_relu::Activation>", "wgpu_relu::Activation"),
    ("T: bytemuck::pod::Pod", "f32"),
    ("T: wgpu_relu::Element", "f32"),
];

fn replaced(table: &[(&str, &str)], text: &str) -> Result<String, String> {
    let row = table.iter().find(|(start, _)| text.starts_with(start));
    row.map(|(_, with)| (*with).to_owned())
        .ok_or(format!("xtask/src/names.rs has no type for {text:?}; add one to its tables"))
}

/// The parts between commas that are in no bracket.
fn parts(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// The text before the first of some characters that is in no angle bracket, and the rest.
fn split<'t>(text: &'t str, ends: &[char]) -> (&'t str, &'t str) {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            _ if depth == 0 && ends.contains(&character) => return text.split_at(at),
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
    }
    (text, "")
}

/// A path without its type parameters, and the parameters of its last segment.
fn path(text: &str) -> (String, &str) {
    let (mut path, mut rest) = (String::new(), text);
    loop {
        let (name, after) = split(rest, &['<', ':']);
        path.push_str(name);
        let (list, after) = match after.strip_prefix('<') {
            Some(inner) => {
                let (list, after) = split(inner, &['>']);
                (list, &after[1..])
            }
            None => ("", after),
        };
        match after.strip_prefix("::") {
            Some(next) => {
                path.push_str("::");
                rest = next;
            }
            None => return (path, list),
        }
    }
}

/// The file for a listing.
pub(crate) fn of(listing: &str) -> Result<String, String> {
    let mut traits = BTreeSet::new();
    let mut enums = BTreeSet::new();
    let mut variants = BTreeSet::new();
    let (mut items, mut values) = (BTreeSet::new(), Vec::new());
    // Whether lines belong to a trait's implementation, whose items have the trait's names.
    let mut in_trait = false;
    for line in listing.lines() {
        let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
        let Some(item) = line.strip_prefix("pub ") else {
            in_trait = line.contains(" for ");
            continue;
        };
        let (kind, rest) = [
            "mod", "use", "enum", "struct", "type", "trait", "const fn", "async fn", "fn", "const",
        ]
        .into_iter()
        .find_map(|kind| Some((kind, item.strip_prefix(kind)?.strip_prefix(' ')?)))
        .unwrap_or(("", item));
        in_trait &= matches!(kind, "const fn" | "async fn" | "fn" | "const" | "type");
        if in_trait || !rest.starts_with("wgpu_relu::") {
            continue;
        }
        // `:` alone ends the path of a constant or of a field.
        let text = rest
            .split_once(": ")
            .filter(|(before, _)| !before.contains(['<', '(']))
            .map_or(rest, |(before, _)| before);
        let (name, _) = path(split(text, &['(', ' ']).0);
        let parent = name.rsplit_once("::").map_or("", |(parent, _)| parent);
        let last = &name[parent.len() + 2..];
        let of_trait = traits.contains(parent);
        let value = if of_trait { format!("<f32 as {parent}>::{last}") } else { name.clone() };
        match kind {
            "mod" | "use" | "struct" | "type" => {
                items.insert(name);
            }
            "enum" => {
                enums.insert(name.clone());
                items.insert(name);
            }
            "trait" => {
                traits.insert(name.clone());
                items.insert(name);
            }
            "const" => values.push(format!("let _ = {value};")),
            "" if enums.contains(parent) => {
                variants.insert(name.clone());
                items.insert(name);
            }
            "" if variants.contains(parent) => {
                let of = parent.rsplit_once("::").map_or("", |(of, _)| of);
                values.push(format!(
                    "let _ = |value: &{of}| matches!(value, {parent} {{ {last}: _, .. }});"
                ));
            }
            "" => values.push(format!("let _ = |value: &{parent}| _ = &value.{last};")),
            _ => values.push(function(rest, &value)?),
        }
    }
    let items: String = items.iter().map(|item| format!("use {item} as _;\n")).collect();
    let values: String = values.iter().map(|value| format!("    {value}\n")).collect();
    Ok(format!("{START}{items}\nfn values() {{\n{values}}}\n"))
}

/// A statement that takes a function as a pointer, which gives each argument a type.
fn function(signature: &str, value: &str) -> Result<String, String> {
    let (head, rest) = split(signature, &['(']);
    let parameters = parts(path(head).1).into_iter().filter(|part| !part.starts_with('\''));
    let parameters: Vec<_> =
        parameters.map(|part| replaced(&PARAMETERS, part)).collect::<Result<_, _>>()?;
    let list = rest.rsplit_once(" -> ").map_or(rest, |(list, _)| list);
    let list = list.trim_start_matches('(').strip_suffix(')').unwrap_or(list);
    let argument = |part: &str| match part.contains("impl ") {
        true => replaced(&IMPLEMENTORS, part),
        false => Ok("_".to_owned()),
    };
    let arguments: Vec<_> = parts(list).into_iter().map(argument).collect::<Result<_, _>>()?;
    let turbofish = if parameters.is_empty() {
        String::new()
    } else {
        format!("::<{}>", parameters.join(", "))
    };
    Ok(format!("let _: fn({}) -> _ = {value}{turbofish};", arguments.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::contributing::ROOT;

    #[test]
    fn the_file_is_that_of_the_listing() {
        let read = |name: &str| fs::read_to_string(Path::new(ROOT).join(name)).expect("it is text");
        let expected = of(&read("tests/data/public_api.txt")).expect("each argument has a type");
        assert!(read(FILE) == expected, "{FILE} is stale; run `cargo xtask public-api --update`");
    }

    #[test]
    fn every_kind_of_item_is_named() {
        let listing = "pub mod wgpu_relu::m\n#[non_exhaustive] pub enum wgpu_relu::E\npub wgpu_relu::E::A\npub wgpu_relu::E::A::b: u8\n\
            impl core::clone::Clone for wgpu_relu::E\npub fn wgpu_relu::E::clone(&self) -> wgpu_relu::E\n\
            pub struct wgpu_relu::S<'a>\npub wgpu_relu::S::c: f32\nimpl<'a> wgpu_relu::S<'a>\npub const wgpu_relu::S::D: u64\n\
            pub fn wgpu_relu::S<'a>::e<'b, T: wgpu_relu::Element>(&self, [u64; N], impl std::io::Write) -> Self\n\
            pub trait wgpu_relu::T: core::marker::Send\npub fn wgpu_relu::T::f(f32) -> Self\n";
        let text = of(listing).expect("each argument has a type");
        let lines = [
            "use wgpu_relu::m as _;",
            "use wgpu_relu::E::A as _;",
            "let _ = |value: &wgpu_relu::E| matches!(value, wgpu_relu::E::A { b: _, .. });",
            "let _ = |value: &wgpu_relu::S| _ = &value.c;",
            "let _ = wgpu_relu::S::D;",
            "let _: fn(_, _, Vec<u8>) -> _ = wgpu_relu::S::e::<f32>;",
            "let _: fn(_) -> _ = <f32 as wgpu_relu::T>::f;",
        ];
        for line in lines {
            assert!(text.lines().any(|found| found.trim() == line), "{line} is not in {text}");
        }
        assert!(!text.contains("clone"), "{text}");
        of("pub fn wgpu_relu::g(impl core::fmt::Debug)").expect_err("no type is known for it");
    }
}
