//! How shaders bind, load and store operands.
//!
//! Whatever the element type and the width, a load gives the bits of f32 and a store takes them.

use crate::element::ElementType;
use crate::operand::{Indexing, OPERANDS};
use crate::shader::link::{Linker, Scope, file};
use crate::shader::variant::{ChannelPattern, VectorWidth};

/// An operand in a shader.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    /// The variable it is bound as, which another operand may declare.
    pub(crate) variable: &'static str,
    pub(crate) element: ElementType,
    pub(crate) width: VectorWidth,
    pub(crate) indexing: Indexing,
    pub(crate) pattern: ChannelPattern,
    pub(crate) written: bool,
    /// Whether it declares the variable.
    pub(crate) bound: bool,
    pub(crate) read_only: bool,
    pub(crate) atomic: bool,
    pub(crate) strided: bool,
    /// Whether results are added to its contents.
    pub(crate) accumulates: bool,
    /// Whether its vectors are loaded element by element, because they are no whole vectors of its binding.
    pub(crate) unaligned: bool,
    /// Whether results are stored as the elements that were loaded, where they are not 0: on either side.
    pub(crate) passed: bool,
}

impl Layout {
    /// A contiguous operand of its own variable.
    pub(crate) fn new(
        name: &'static str,
        element: ElementType,
        width: VectorWidth,
        written: bool,
    ) -> Self {
        Layout {
            name,
            variable: name,
            unaligned: false,
            passed: false,
            element,
            width,
            indexing: Indexing::Element,
            pattern: ChannelPattern::Same,
            written,
            bound: true,
            read_only: !written,
            atomic: written && width == VectorWidth::One && element.is_16_bit(),
            strided: false,
            accumulates: false,
        }
    }

    /// Whether it is loaded or stored as a vector.
    fn is_vector(&self) -> bool {
        match self.indexing {
            Indexing::Element => self.width != VectorWidth::One && !self.unaligned,
            Indexing::Channel => self.is_consecutive() && self.width != VectorWidth::One,
            Indexing::Mask => false,
        }
    }

    fn is_eight(&self) -> bool {
        matches!(self.width, VectorWidth::Eight64 | VectorWidth::Eight)
    }

    fn is_consecutive(&self) -> bool {
        self.indexing == Indexing::Channel && self.pattern == ChannelPattern::Consecutive
    }

    /// The type of its variable's items.
    fn word(&self) -> &'static str {
        match (self.width, self.element.is_16_bit()) {
            _ if self.atomic => "atomic<u32>",
            _ if !self.is_vector() => "u32",
            (VectorWidth::Eight64, false) => "vec4<u64>",
            (VectorWidth::Eight64, true) => "vec2<u64>",
            (VectorWidth::Eight, _) | (VectorWidth::Four, false) => "vec4<u32>",
            (VectorWidth::Four, true) => "vec2<u32>",
            (VectorWidth::One, _) => "u32",
        }
    }

    /// Names and flags of its templates. `number` is that of its binding.
    pub(crate) fn scope(&self, number: usize) -> Scope<'static> {
        let (widen, narrow) = match self.element {
            ElementType::F32 => ("", ""),
            ElementType::F16 => ("widen_f16", "narrow_f16"),
            ElementType::Bf16 => ("widen_bf16", "narrow_bf16"),
        };
        Scope {
            names: vec![
                ("OPERAND", self.name),
                ("VARIABLE", self.variable),
                ("NUMBER", digits(number)),
                ("ACCESS", if self.read_only { "read" } else { "read_write" }),
                ("WORD", self.word()),
                ("WIDEN", widen),
                ("NARROW", narrow),
            ],
            flags: vec![
                ("bound", self.bound),
                ("read", !self.written || self.accumulates),
                ("written", self.written),
                ("element", self.indexing == Indexing::Element),
                ("strided", self.strided),
                ("consecutive", self.indexing == Indexing::Channel && self.is_vector()),
                ("same", self.pattern == ChannelPattern::Same),
                ("unaligned", self.unaligned),
                ("shifted", self.element.is_16_bit() && self.is_eight() && !self.strided),
                ("is_16_bit", self.element.is_16_bit()),
                ("atomic", self.atomic),
                ("passed", self.passed),
            ],
            lists: Vec::new(),
        }
    }
}

/// Names, flags and lists of a module with these operands.
pub(crate) fn scope(width: VectorWidth, layouts: &[Layout]) -> Scope<'static> {
    let is_eight = matches!(width, VectorWidth::Eight64 | VectorWidth::Eight);
    let of = |keep: &dyn Fn(&Layout) -> bool| {
        scopes(layouts).into_iter().filter(|(layout, _)| keep(layout)).map(|(_, s)| s).collect()
    };
    let in_data = |layout: &Layout| layout.indexing != Indexing::Mask;
    let any =
        OPERANDS.iter().map(|row| Scope { names: vec![("OPERAND", row.name)], ..Scope::default() });
    let bound = layouts.iter().filter(|layout| layout.bound).count();
    Scope {
        names: vec![
            ("PARAMS", digits(bound)),
            ("WIDTH", if is_eight { "8u" } else { "4u" }),
            ("VECTOR", if is_eight { "Eight" } else { "vec4<u32>" }),
        ],
        flags: vec![("eight", is_eight), ("one", width == VectorWidth::One)],
        lists: vec![
            ("any", any.collect()),
            ("operand", of(&|_| true)),
            ("read", of(&|layout| in_data(layout) && !layout.written)),
            ("written", of(&|layout| in_data(layout) && layout.written)),
        ],
    }
}

/// The number of a binding, in WGSL.
pub(crate) fn digits(number: usize) -> &'static str {
    const DIGITS: [&str; 16] =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];
    const { assert!(OPERANDS.len() < DIGITS.len(), "a module may bind every operand") };
    DIGITS.get(number).copied().unwrap_or_default()
}

/// Each operand with its scope. The numbers of bindings have no gaps.
pub(crate) fn scopes(layouts: &[Layout]) -> Vec<(&Layout, Scope<'static>)> {
    let mut number = 0;
    let scope = |layout: &Layout| {
        let scope = layout.scope(number);
        number += usize::from(layout.bound);
        scope
    };
    layouts.iter().zip(layouts.iter().map(scope).collect::<Vec<_>>()).collect()
}

/// Appends the loads and stores of operands, and the conversions they call.
pub(crate) fn link(linker: &mut Linker, module: &Scope<'_>, layouts: &[Layout]) {
    for (layout, scope) in scopes(layouts) {
        let scopes = [module, &scope];
        let mut add = |template| linker.expand(template, &scopes);
        let half = layout.element.is_16_bit();
        match (layout.indexing, layout.width) {
            (Indexing::Mask, _) => {}
            (Indexing::Channel, _) if !layout.is_vector() => {
                add(file!("operand/element.wgsl"));
                add(file!("operand/per_channel.wgsl"));
            }
            _ if layout.unaligned => {
                add(file!("operand/element.wgsl"));
                add(file!("operand/unaligned.wgsl"));
            }
            (_, VectorWidth::Eight64) if half => add(file!("operand/eight64_16_bit.wgsl")),
            (_, VectorWidth::Eight64) => add(file!("operand/eight64_f32.wgsl")),
            (_, VectorWidth::Eight) if half => add(file!("operand/eight_16_bit.wgsl")),
            (_, VectorWidth::Eight) => add(file!("operand/eight_f32.wgsl")),
            (_, VectorWidth::Four) if half => add(file!("operand/four_16_bit.wgsl")),
            (_, VectorWidth::Four) => add(file!("operand/four_f32.wgsl")),
            (_, VectorWidth::One) => {
                add(file!("operand/element.wgsl"));
                add(file!("operand/one.wgsl"));
            }
        }
    }
    conversions(linker, layouts.iter().map(|layout| layout.element));
}

/// [`link`] for terms that are reduced. By single elements, a vector holds one element in all its components.
pub(crate) fn link_terms(linker: &mut Linker, module: &Scope<'_>, layouts: &[Layout]) {
    if layouts.iter().any(|layout| layout.width != VectorWidth::One) {
        return link(linker, module, layouts);
    }
    for (_, scope) in scopes(layouts) {
        linker.expand(file!("operand/element.wgsl"), &[module, &scope]);
        linker.expand(file!("operand/single.wgsl"), &[module, &scope]);
    }
    conversions(linker, layouts.iter().map(|layout| layout.element));
}

/// Appends the conversions of 16-bit elements, each once.
pub(crate) fn conversions(linker: &mut Linker, elements: impl Iterator<Item = ElementType>) {
    let mut elements: Vec<ElementType> = elements.collect();
    elements.dedup();
    for (index, element) in elements.iter().enumerate() {
        match element {
            _ if elements[..index].contains(element) => {}
            ElementType::F32 => {}
            ElementType::F16 => linker.append(file!("kernel/f16.wgsl")),
            ElementType::Bf16 => linker.append(file!("kernel/bf16.wgsl")),
        }
    }
}
