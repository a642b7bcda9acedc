//! How operands lie in memory, as a shader sees it: bindings, loads and stores.
//!
//! Whatever the element type and the width, a load gives the bits of f32 and a store takes them. Octets
//! come as two quads, of every second element each, since that is what the halves of words are.

use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::variant::{ChannelPattern, VectorWidth};

/// An operand in a shader.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// Its name, and that of its offset.
    pub(crate) operand: &'a str,
    /// The variable it is bound as.
    pub(crate) variable: &'a str,
    pub(crate) element: ElementType,
    pub(crate) width: VectorWidth,
    /// Whether the variable's words are atomic.
    pub(crate) atomic: bool,
    /// Whether its groups do not follow each other.
    pub(crate) strided: bool,
}

/// A binding of `word`s.
pub(crate) fn binding(number: usize, name: &str, mode: &str, word: &str) -> String {
    format!("@group(0) @binding({number}) var<storage, {mode}> {name}: array<{word}>;\n")
}

/// What `widen` and `narrow` of the element type are, if it has any.
pub(crate) const fn conversions(element: ElementType) -> &'static str {
    match element {
        ElementType::F32 => "",
        ElementType::F16 => wgsl_file!("kernel/f16.wgsl"),
        ElementType::Bf16 => wgsl_file!("kernel/bf16.wgsl"),
    }
}

/// The type of a binding's words.
pub(crate) const fn word(width: VectorWidth, element: ElementType) -> &'static str {
    match (width, element.is_half()) {
        (VectorWidth::Eight64, false) => "vec4<u64>",
        (VectorWidth::Eight64, true) => "vec2<u64>",
        (VectorWidth::Eight, true) => "vec4<u32>",
        (VectorWidth::Eight | VectorWidth::Four, false) => "vec4<u32>",
        (VectorWidth::Four, true) => "vec2<u32>",
        (VectorWidth::One, _) => "u32",
    }
}

/// Whether stores of the output need atomic words: an element alone is half a word, and who stores the other
/// half is unknown.
pub(crate) fn is_atomic(width: VectorWidth, element: ElementType) -> bool {
    width == VectorWidth::One && element.is_half()
}

impl Words<'_> {
    /// `at_<operand>(i)`: where vector i lies.
    pub(crate) fn position(&self) -> String {
        let operand = self.operand;
        let i = match self.strided {
            true => format!("position(i, params.stride_{operand})"),
            false => "i".to_owned(),
        };
        format!("fn at_{operand}(i: u32) -> u32 {{ return params.offset_{operand} + {i}; }}\n")
    }

    /// `load_<operand>(i)`: the elements of group `i`. The last quad of single elements may be part of one;
    /// what it lacks is filled with the last element, so that no load leaves the range.
    pub(crate) fn load(&self) -> String {
        self.load_at(&self.at("i"))
    }

    /// [`load`](Words::load) of the group at `at`, which may depend on `i`.
    fn load_at(&self, at: &str) -> String {
        let Words { operand, variable, element, width, .. } = *self;
        let widened = |bits: &str| self.widened(bits);
        match (width, element.is_half()) {
            (VectorWidth::Eight64 | VectorWidth::Eight, half) => {
                let octet = match (width, half) {
                    (VectorWidth::Eight64, false) => format!(
                        "let w = {variable}[at];\n\
                        return Octet(vec4<u32>(w), vec4<u32>(w >> vec4<u32>(32u)));"
                    ),
                    (_, false) => format!(
                        "let a = {variable}[2u * at];\n\
                        let b = {variable}[2u * at + 1u];\n\
                        return Octet(vec4<u32>(a.xz, b.xz), vec4<u32>(a.yw, b.yw));"
                    ),
                    (_, true) => format!(
                        "{}\n\
                        return Octet({}, {});",
                        self.eight_halves(),
                        widened("w & vec4<u32>(0xffffu)"),
                        widened("w >> vec4<u32>(16u)")
                    ),
                };
                format!("fn load_{operand}(i: u32) -> Octet {{ let at = {at}; {octet} }}\n")
            }
            (VectorWidth::Four, false) => {
                format!("fn load_{operand}(i: u32) -> vec4<u32> {{ return {variable}[{at}]; }}\n")
            }
            (VectorWidth::Four, true) => format!(
                "fn load_{operand}(i: u32) -> vec4<u32> {{ let w = {variable}[{at}]; return {}; }}\n",
                widened("vec4<u32>(w.x & 0xffffu, w.x >> 16u, w.y & 0xffffu, w.y >> 16u)")
            ),
            (VectorWidth::One, _) => {
                let one = |k: u32| {
                    format!("element_{operand}({})", self.at(&format!("min(4u * i + {k}u, last)")))
                };
                let quad = [0, 1, 2, 3].map(one).join(", ");
                format!(
                    "{}fn load_{operand}(i: u32) -> vec4<u32> {{\n\
                        let last = params.length - 1u;\n\
                        return {};\n\
                    }}\n",
                    self.element(),
                    widened(&format!("vec4<u32>({quad})"))
                )
            }
        }
    }

    /// Eight halves, as four words `w`.
    fn eight_halves(&self) -> String {
        let variable = self.variable;
        match self.width {
            VectorWidth::Eight64 => format!(
                "let low = vec2<u32>({variable}[at]);\n\
                let high = vec2<u32>({variable}[at] >> vec2<u32>(32u));\n\
                let w = vec4<u32>(low.x, high.x, low.y, high.y);"
            ),
            _ => format!("let w = {variable}[at];"),
        }
    }

    /// `load_<operand>(i)` of an operand of one number a channel: those of the channels of group `i`.
    pub(crate) fn load_by_channel(&self, pattern: ChannelPattern) -> String {
        let operand = self.operand;
        let unit = self.width.elements();
        if pattern == ChannelPattern::Consecutive && unit > 1 {
            // One element is of one channel, and the next of the next: no division by how many are.
            return self
                .load_at(&format!("params.offset_{operand} + consecutive({unit}u * i) / {unit}u"));
        }
        let element = |k: u32| match pattern {
            ChannelPattern::Same => "same".to_owned(),
            ChannelPattern::Consecutive => {
                format!("element_{operand}(params.offset_{operand} + c + {k}u)")
            }
            ChannelPattern::Any => {
                format!("element_{operand}(params.offset_{operand} + channel_of(first + {k}u))")
            }
        };
        let quad = |of: [u32; 4]| {
            let quad = of.map(element).join(", ");
            self.widened(&format!("vec4<u32>({quad})"))
        };
        let (elements, ty, group) = match self.width {
            VectorWidth::Eight64 | VectorWidth::Eight => {
                (8, "Octet", format!("Octet({}, {})", quad([0, 2, 4, 6]), quad([1, 3, 5, 7])))
            }
            VectorWidth::Four | VectorWidth::One => (4, "vec4<u32>", quad([0, 1, 2, 3])),
        };
        let before = match pattern {
            ChannelPattern::Same => {
                format!(
                    "let same = element_{operand}(params.offset_{operand} + channel_of(first));"
                )
            }
            ChannelPattern::Consecutive => "let c = consecutive(4u * i);".to_owned(),
            ChannelPattern::Any => String::new(),
        };
        format!(
            "{}fn load_{operand}(i: u32) -> {ty} {{\n\
                let first = params.first_in_row + {elements}u * i;\n\
                {before}\n\
                return {group};\n\
            }}\n",
            self.element(),
        )
    }

    /// `load_<operand>(i)` of element `i` alone, in all slots.
    pub(crate) fn load_one(&self) -> String {
        let operand = self.operand;
        let one = format!("vec4<u32>(element_{operand}({}))", self.at("i"));
        let one = self.widened(&one);
        self.element() + &format!("fn load_{operand}(i: u32) -> vec4<u32> {{ return {one}; }}\n")
    }

    /// `element_<operand>(at)`: one element as it is stored.
    fn element(&self) -> String {
        let Words { operand, variable, .. } = *self;
        let word = |at: &str| match self.atomic {
            true => format!("atomicLoad(&{variable}[{at}])"),
            false => format!("{variable}[{at}]"),
        };
        let element = match self.element.is_half() {
            true => format!("({} >> (16u * (at & 1u))) & 0xffffu", word("at >> 1u")),
            false => word("at"),
        };
        format!("fn element_{operand}(at: u32) -> u32 {{ return {element}; }}\n")
    }

    /// `store_<operand>(i, …)`: group `i` of an output.
    pub(crate) fn store(&self) -> String {
        let Words { operand, variable, element, width, .. } = *self;
        let at = self.at("i");
        let narrow = |bits: &str| self.narrowed(bits);
        match (width, element.is_half()) {
            (VectorWidth::Eight64 | VectorWidth::Eight, half) => {
                let body = match (width, half) {
                    (VectorWidth::Eight64, false) => format!(
                        "{variable}[at] = vec4<u64>(first) | (vec4<u64>(second) << vec4<u32>(32u));"
                    ),
                    (_, false) => format!(
                        "{variable}[2u * at] = vec4<u32>(first.x, second.x, first.y, second.y);\n\
                        {variable}[2u * at + 1u] = vec4<u32>(first.z, second.z, first.w, second.w);"
                    ),
                    (_, true) => {
                        let word = match width {
                            VectorWidth::Eight64 => {
                                "vec2<u64>(w.xz) | (vec2<u64>(w.yw) << vec2<u32>(32u))"
                            }
                            _ => "w",
                        };
                        let (first, second) = (narrow("first"), narrow("second"));
                        format!(
                            "let w = {first} | ({second} << vec4<u32>(16u)); {variable}[at] = {word};"
                        )
                    }
                };
                format!(
                    "fn store_{operand}(i: u32, first: vec4<u32>, second: vec4<u32>) {{\n\
                        let at = {at};\n\
                        {body}\n\
                    }}\n"
                )
            }
            (VectorWidth::Four, half) => {
                let word =
                    if half { "vec2<u32>(h.x | (h.y << 16u), h.z | (h.w << 16u))" } else { "h" };
                let h = narrow("quad");
                format!(
                    "fn store_{operand}(i: u32, quad: vec4<u32>) {{ let h = {h}; {variable}[{at}] = {word}; }}\n"
                )
            }
            (VectorWidth::One, half) => {
                let put = |k: u32, of: &str| {
                    format!("put_{operand}({}, h.{of});", self.at(&format!("4u * i + {k}u")))
                };
                let one = match half {
                    // The bits that change, of this half alone.
                    true => format!(
                        "let shift = 16u * (at & 1u);\n\
                        let old = atomicLoad(&{variable}[at >> 1u]) >> shift;\n\
                        atomicXor(&{variable}[at >> 1u], ((old ^ h) & 0xffffu) << shift);"
                    ),
                    false => format!("{variable}[at] = h;"),
                };
                format!(
                    "fn put_{operand}(at: u32, h: u32) {{ {one} }}\n\
                    fn store_{operand}(i: u32, quad: vec4<u32>) {{\n\
                        let h = {};\n\
                        let left = params.length - 4u * i;\n\
                        {}\n\
                        if (left > 1u) {{ {} }}\n\
                        if (left > 2u) {{ {} }}\n\
                        if (left > 3u) {{ {} }}\n\
                    }}\n",
                    narrow("quad"),
                    put(0, "x"),
                    put(1, "y"),
                    put(2, "z"),
                    put(3, "w"),
                )
            }
        }
    }

    /// Where vector `i` lies in the variable.
    fn at(&self, i: &str) -> String {
        format!("at_{}({i})", self.operand)
    }

    fn widened(&self, bits: &str) -> String {
        match self.element {
            ElementType::F32 => bits.to_owned(),
            half => format!("widen_{half}({bits})"),
        }
    }

    fn narrowed(&self, bits: &str) -> String {
        match self.element {
            ElementType::F32 => bits.to_owned(),
            half => format!("narrow_{half}({bits})"),
        }
    }
}
