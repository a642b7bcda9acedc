//! All texts that list the activations, from the table of activations: docs/ACTIVATIONS.md and its plots, a table in
//! README.md, and tests/data/activations.tsv, which the scripts read.
//!
//! The formulas are the rustdoc of the rows. Its first paragraph gives the value, then `; derivative ` and the derivative.

use std::fs;
use std::path::PathBuf;

use wgpu_relu::{Activation, Gradient, Tolerance, reference};

use crate::names::{NAMES, formulas, names, paragraphs};

const INTRODUCTION: &str = "\
# Activations: formulas, limits, bounds and names

`cargo xtask regenerate` writes this page and its plots from the table in `src/activation/mod.rs`.

- Parameters are f32. Parameters left out of the text form take their defaults. A value outside its range is an error.
- σ is the logistic function. Φ and φ are the distribution and the density of the standard normal distribution.
- f(x) is NaN if and only if x is NaN. At -∞ and ∞ the value and the derivative are their limits.
- A kink is an input where the formula changes. The page gives f' at the kink itself.
- Kinks, limits and plots are those of the default parameters.
- A bound is the largest error on any device, in units in the last place (ulp) of f32. An exact result is the correctly
  rounded one. \"Every bit\" includes the sign of a zero and the payload of a NaN.
- The bound of f' holds for the gradient dy · f'(x). Where f' is a sum of two terms that cancel, the error counts in ulp of
  the larger term.
- [ACCURACY.md](ACCURACY.md) has the measured errors.

Each plot shows f (blue) and f' (dashed orange) for x from -5 to 5. A square of the grid is one unit.

";

/// The files as they should be: their paths in the repository and their contents.
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let plots = Activation::ALL.iter().map(|a| (format!("docs/{}", picture(a)), plot(a)));
    let others = [("docs/ACTIVATIONS.md", page()), ("README.md", readme()), (DATA, data())];
    others.map(|(path, text)| (path.to_owned(), text)).into_iter().chain(plots).collect()
}

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub fn write() -> std::io::Result<()> {
    let pictures = root().join("docs").join(PICTURES);
    fs::create_dir_all(&pictures)?;
    for entry in fs::read_dir(&pictures)? {
        fs::remove_file(entry?.path())?;
    }
    files().iter().try_for_each(|(path, text)| fs::write(root().join(path), text))
}

/// Which files differ from the checked-in ones.
#[must_use]
pub fn differing() -> Vec<String> {
    let differing = files().into_iter().filter(|(path, text)| found(path) != *text);
    differing.map(|(path, _)| path).collect()
}

/// The rows of names that belong to no activation.
#[must_use]
pub fn stray_names() -> Vec<&'static str> {
    let known = |name| Activation::ALL.iter().any(|activation| activation.name() == name);
    NAMES.iter().map(|&(name, ..)| name).filter(|&name| !known(name)).collect()
}

const PICTURES: &str = "pictures/activations";
const DATA: &str = "tests/data/activations.tsv";

fn root() -> PathBuf {
    crate::repository()
}

/// The checked-in text of a file, with the line ends that the generated texts have.
fn found(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default().replace("\r\n", "\n")
}

const TABLE_START: &str = "<!-- cargo xtask regenerate writes this table -->\n";
const TABLE_END: &str = "<!-- end of the table -->\n";

/// README.md with its table anew; empty if the marks around the table are gone.
fn readme() -> String {
    let text = found("README.md");
    let parts = text
        .split_once(TABLE_START)
        .and_then(|(before, rest)| Some((before, rest.split_once(TABLE_END)?.1)));
    parts.map_or(String::new(), |(before, after)| {
        format!("{before}{TABLE_START}{}{TABLE_END}{after}", table_by_bound())
    })
}

/// The activations by the bound of their values.
fn table_by_bound() -> String {
    let mut bounds: Vec<f64> = Activation::ALL.iter().map(|a| a.value_tolerance().ulp()).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    let mut table =
        "| bound of the error | activations, with PyTorch's default parameters |\n| --- | --- |\n"
            .to_owned();
    for bound in bounds {
        let names = Activation::ALL.iter().filter(|a| a.value_tolerance().ulp() == bound);
        let names: Vec<String> = names.map(|a| code(&a.to_string())).collect();
        let bound =
            if bound == 0.0 { "0: correctly rounded".to_owned() } else { format!("{bound} ulp") };
        table += &format!("| {bound} | {} |\n", names.join(", "));
    }
    table
}

/// A line per activation for scripts: name, parameters with their defaults, kinks, the name in `torch.nn`.
fn data() -> String {
    let mut data =
        "# name, parameters, kinks, torch.nn; made by `cargo xtask regenerate`\n".to_owned();
    for activation in Activation::ALL {
        let parameters = activation.parameters();
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let kinks: Vec<String> = activation.kinks().iter().map(f32::to_string).collect();
        let torch = names(activation.name()).0.unwrap_or_default();
        data += &format!(
            "{}\t{}\t{}\t{torch}\n",
            activation.name(),
            parameters.join(" "),
            kinks.join(" ")
        );
    }
    data
}

fn picture(activation: &Activation) -> String {
    format!("{PICTURES}/{}.svg", activation.name())
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page += "| activation | in `torch.nn` | in ONNX | bound of f | bound of f' |\n";
    page += "| --- | --- | --- | --- | --- |\n";
    for activation in Activation::ALL {
        let name = activation.name();
        let (torch, onnx) = names(name);
        page += &format!(
            "| [{name}](#{name}) | {} | {} | {} | {} |\n",
            torch.map_or("–".to_owned(), code),
            onnx.map_or("–".to_owned(), onnx_code),
            bound(activation.value_tolerance()),
            bound(activation.gradient_tolerance()),
        );
    }
    for activation in Activation::ALL {
        page += &section(activation);
    }
    page
}

fn section(activation: &Activation) -> String {
    let name = activation.name();
    let (documentation, parameter_documentation) = activation.documentation();
    let (value, derivative) = formulas(activation).unwrap_or_default();
    let mut text =
        format!("\n## {name}\n\n![{name} and its derivative]({})\n\n", picture(activation));
    text += &format!("- In Rust `Activation::{activation:?}`, as text `{activation}`\n");
    text += &format!("- f(x): {value}\n- f'(x): {derivative}\n");
    for ((parameter, default), lines) in activation.parameters().iter().zip(parameter_documentation)
    {
        text += &format!(
            "- Parameter `{parameter}`, by default {default}. {}\n",
            paragraphs(lines).join(" ")
        );
    }
    let kinks = activation.kinks();
    let at = |&x: &f32| format!("f'({x}) = {}", number(reference::derivative(*activation, x)));
    text += &match kinks.as_slice() {
        [] => "- Kinks: none\n".to_owned(),
        kinks => format!("- Kinks: {}\n", kinks.iter().map(at).collect::<Vec<_>>().join(", ")),
    };
    let limits = |(low, high)| format!("{} at -∞, {} at ∞", number(low), number(high));
    text += &format!("- Limits of f: {}\n", limits(activation.limits()));
    text += &format!("- Limits of f': {}\n", limits(activation.derivative_limits()));
    text += &format!("- Bound of f: {}\n", bound(activation.value_tolerance()));
    text += &format!("- Bound of f': {}\n", bound(activation.gradient_tolerance()));
    text += match activation.gradient() {
        Gradient::Selects => "- Gradient where f' is 0: 0, also for an infinite dy\n",
        _ => "- Gradient where f' is 0: dy · 0, which is NaN for an infinite dy\n",
    };
    for note in paragraphs(documentation).iter().skip(1) {
        text += &format!("\n{note}\n");
    }
    text
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

/// The part before a comma outside of brackets is code, and the rest is a remark.
fn onnx_code(name: &str) -> String {
    let end = name.find(')').unwrap_or(0);
    match name[end..].find(',') {
        Some(comma) => format!("`{}`{}", &name[..end + comma], &name[end + comma..]),
        None => code(name),
    }
}

fn bound(tolerance: Tolerance) -> String {
    match tolerance {
        Tolerance::Bits => "exact, every bit".to_owned(),
        Tolerance::Ulp(ulp) => format!("{ulp} ulp"),
        _ => "exact".to_owned(),
    }
}

/// As f32 writes it, with the usual sign for infinity and without one for zero.
fn number(value: f64) -> String {
    match value as f32 {
        0.0 => "0".to_owned(),
        f32::INFINITY => "∞".to_owned(),
        f32::NEG_INFINITY => "-∞".to_owned(),
        value => value.to_string(),
    }
}

/// Pixels of a unit.
const UNIT: f64 = 24.0;
const RIGHT: i32 = 5;
const TOP: i32 = 4;
const BOTTOM: i32 = -3;

/// f and f' from -5 to 5. Text would look different with each viewer's fonts, so the digits at the axes are lines.
fn plot(activation: &Activation) -> String {
    let name = activation.name();
    let (width, height) = (2 * RIGHT * UNIT as i32, (TOP - BOTTOM) * UNIT as i32);
    let (mut grid, mut digits) = (String::new(), String::new());
    for x in -RIGHT + 1..RIGHT {
        grid += &format!("M{} 0v{height}", across(x.into()));
    }
    for y in BOTTOM + 1..TOP {
        grid += &format!("M0 {}h{width}", up(y.into()));
    }
    for x in [-4, -2, 2, 4] {
        digits += &digit(x, across(x.into()) - 2.0, up(0.0) + 4.0);
    }
    for y in [-2, 2] {
        digits += &digit(y, across(0.0) - 9.0, up(y.into()) - 3.0);
    }
    let axes = format!("M0 {}h{width}M{} 0v{height}", up(0.0), across(0.0));
    let value = path(activation, |x| reference::value(*activation, x));
    let slope = path(activation, |x| reference::derivative(*activation, x));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n\
         <title>{name} and its derivative</title>\n\
         <path d=\"M0 0h{width}v{height}h-{width}z\" fill=\"#fff\"/>\n\
         <path d=\"{grid}\" stroke=\"#e4e4e4\"/>\n\
         <path d=\"{axes}\" stroke=\"#888\"/>\n\
         <path d=\"{digits}\" stroke=\"#444\"/>\n\
         <path d=\"{slope}\" stroke=\"#d55e00\" stroke-width=\"2\" stroke-dasharray=\"5 4\"/>\n\
         <path d=\"{value}\" stroke=\"#0072b2\" stroke-width=\"2\"/>\n\
         </svg>\n"
    )
}

fn across(x: f64) -> f64 {
    UNIT * (x + f64::from(RIGHT))
}

fn up(y: f64) -> f64 {
    UNIT * (f64::from(TOP) - y)
}

/// 2 or 4 with its sign, 4 pixels wide and 6 high.
fn digit(number: i32, x: f64, y: f64) -> String {
    let sign = if number < 0 { format!("M{} {}h3", x - 5.0, y + 3.0) } else { String::new() };
    let strokes = if number.abs() == 2 { "h4v3h-4v3h4" } else { "v3h4m0 -3v6" };
    format!("{sign}M{x} {y}{strokes}")
}

/// A line between each two kinks, since f and f' may jump there.
fn path(activation: &Activation, f: impl Fn(f32) -> f64) -> String {
    let right = RIGHT as f32;
    let mut ends = activation.kinks();
    ends.retain(|x| x.abs() < right);
    ends.insert(0, -right);
    ends.push(right);
    let mut path = String::new();
    for pair in ends.windows(2) {
        let (low, high) = (pair[0].next_up(), pair[1].next_down());
        let grid = (-16 * RIGHT..=16 * RIGHT).map(|i| i as f32 / 16.0);
        let inside = grid.filter(|&x| low < x && x < high);
        let inputs = std::iter::once(low).chain(inside).chain([high]);
        let points: Vec<_> = inputs.map(|x| (across(x.into()), up(f(x)))).collect();
        for (index, (x, y)) in thinned(&points).into_iter().enumerate() {
            path += &format!("{}{} {}", if index == 0 { "M" } else { "L" }, tenths(x), tenths(y));
        }
    }
    path
}

/// Fewer points of nearly the same line: each left out is at most a tenth of a pixel beside it.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(&first) = points.first() else { return Vec::new() };
    let mut kept = vec![first];
    let mut from = 0;
    for to in 2..points.len() {
        let (a, b) = (points[from], points[to]);
        let line = |x: f64| a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0);
        if points[from + 1..to].iter().any(|&(x, y)| (line(x) - y).abs() > 0.1) {
            from = to - 1;
            kept.push(points[from]);
        }
    }
    kept.extend(points.last());
    kept
}

/// With one decimal at most.
fn tenths(value: f64) -> f64 {
    // Adding 0 turns -0 into 0.
    (10.0 * value).round() / 10.0 + 0.0
}
