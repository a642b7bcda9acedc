//! How operands lie in memory, as a shader sees it: bindings, loads and stores.
//!
//! Whatever the element type and the access, a load gives the bits of f32 and a store takes them. Octets
//! come as two quads, of every second element each, since that is what the halves of words are.

use crate::dispatch::Access;
use crate::element::ElementType;

/// An operand in a shader.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// Its name, and that of its offset.
    pub(crate) operand: &'a str,
    /// The variable it is bound as.
    pub(crate) variable: &'a str,
    pub(crate) element: ElementType,
    pub(crate) access: Access,
    /// Whether the variable's words are atomic.
    pub(crate) atomic: bool,
}

/// A binding of `word`s.
pub(crate) fn binding(number: usize, name: &str, mode: &str, word: &str) -> String {
    format!("@group(0) @binding({number}) var<storage, {mode}> {name}: array<{word}>;\n")
}

/// What `widen` and `narrow` of the element type are, if it has any.
pub(crate) const fn conversions(element: ElementType) -> &'static str {
    match element {
        ElementType::F32 => "",
        ElementType::F16 => include_str!("../shaders/kernel/f16.wgsl"),
        ElementType::Bf16 => include_str!("../shaders/kernel/bf16.wgsl"),
    }
}

/// The type of a binding's words.
pub(crate) const fn word(access: Access, element: ElementType) -> &'static str {
    match (access, element.is_half()) {
        (Access::WideOctets, false) => "vec4<u64>",
        (Access::WideOctets, true) => "vec2<u64>",
        (Access::Octets, true) => "vec4<u32>",
        (Access::Octets | Access::Quads, false) => "vec4<u32>",
        (Access::Quads, true) => "vec2<u32>",
        (Access::Elements, _) => "u32",
    }
}

/// Whether stores of the output need atomic words: an element alone is half a word, and who stores the other
/// half is unknown.
pub(crate) fn is_atomic(access: Access, element: ElementType) -> bool {
    access == Access::Elements && element.is_half()
}

impl Words<'_> {
    /// `load_<operand>(i)`: the elements of group `i`. The last quad of single elements may be part of one;
    /// what it lacks is filled with the last element, so that no load leaves the range.
    pub(crate) fn load(&self) -> String {
        let Words { operand, variable, element, access, .. } = *self;
        let widened = |bits: &str| self.widened(bits);
        let octet = |first: &str, second: &str| {
            format!(
                "fn load_{operand}(i: u32) -> Octet {{
                    let at = operation.{operand} + group(i, strides.{operand});
                    {first}
                    {second}
                }}\n"
            )
        };
        match (access, element.is_half()) {
            (Access::WideOctets, false) => octet(
                &format!("let w = {variable}[at];"),
                "return Octet(vec4<u32>(w), vec4<u32>(w >> vec4<u32>(32u)));",
            ),
            (Access::Octets, false) => octet(
                &format!("let a = {variable}[2u * at]; let b = {variable}[2u * at + 1u];"),
                "return Octet(vec4<u32>(a.xz, b.xz), vec4<u32>(a.yw, b.yw));",
            ),
            (Access::WideOctets | Access::Octets, true) => octet(
                &match access {
                    Access::Octets => format!("let w = {variable}[at];"),
                    _ => format!(
                        "let low = vec2<u32>({variable}[at]); let high = vec2<u32>({variable}[at] >> vec2<u32>(32u));
                        let w = vec4<u32>(low.x, high.x, low.y, high.y);"
                    ),
                },
                &format!(
                    "return Octet({}, {});",
                    widened("w & vec4<u32>(0xffffu)"),
                    widened("w >> vec4<u32>(16u)")
                ),
            ),
            (Access::Quads, false) => format!(
                "fn load_{operand}(i: u32) -> vec4<u32> {{
                    return {variable}[operation.{operand} + group(i, strides.{operand})];
                }}\n"
            ),
            (Access::Quads, true) => format!(
                "fn load_{operand}(i: u32) -> vec4<u32> {{
                    let w = {variable}[operation.{operand} + group(i, strides.{operand})];
                    return {};
                }}\n",
                widened("vec4<u32>(w.x & 0xffffu, w.x >> 16u, w.y & 0xffffu, w.y >> 16u)")
            ),
            (Access::Elements, _) => {
                let element = |k: u32| {
                    format!(
                        "element_{operand}(group(min(4u * i + {k}u, last), strides.{operand}))"
                    )
                };
                let quad = [0, 1, 2, 3].map(element).join(", ");
                format!(
                    "{}fn load_{operand}(i: u32) -> vec4<u32> {{
                        let last = operation.length - 1u;
                        return {};
                    }}\n",
                    self.element(),
                    widened(&format!("vec4<u32>({quad})"))
                )
            }
        }
    }

    /// `load_<operand>(i)` of an operand of one number a channel: those of the channels of quad `i`.
    pub(crate) fn load_by_channel(&self) -> String {
        let operand = self.operand;
        let quad = ["x", "y", "z", "w"].map(|k| format!("element_{operand}(c.{k})")).join(", ");
        format!(
            "{}fn load_{operand}(i: u32) -> vec4<u32> {{
                let c = channels_of(i);
                if (by_quads()) {{ return {}; }}
                return {};
            }}\n",
            self.element(),
            self.widened(&format!("vec4<u32>(element_{operand}(c.x))")),
            self.widened(&format!("vec4<u32>({quad})"))
        )
    }

    /// `element_<operand>(e)`: one element as it is stored.
    fn element(&self) -> String {
        let Words { operand, variable, .. } = *self;
        let word = |at: &str| {
            if self.atomic {
                format!("atomicLoad(&{variable}[{at}])")
            } else {
                format!("{variable}[{at}]")
            }
        };
        let body = if self.element.is_half() {
            format!("return ({} >> (16u * (at & 1u))) & 0xffffu;", word("at >> 1u"))
        } else {
            format!("return {};", word("at"))
        };
        format!(
            "fn element_{operand}(e: u32) -> u32 {{ let at = operation.{operand} + e; {body} }}\n"
        )
    }

    /// `store_<operand>(i, …)`: group `i` of the output.
    pub(crate) fn store(&self) -> String {
        let Words { operand, variable, element, access, .. } = *self;
        let narrow = |bits: &str| self.narrowed(bits);
        let at = format!("let at = operation.{operand} + group(i, strides.{operand});");
        let octet = |body: &str| {
            format!(
                "fn store_{operand}(i: u32, first: vec4<u32>, second: vec4<u32>) {{ {at} {body} }}\n"
            )
        };
        let quad =
            |body: &str| format!("fn store_{operand}(i: u32, quad: vec4<u32>) {{ {at} {body} }}\n");
        match (access, element.is_half()) {
            (Access::WideOctets, false) => octet(&format!(
                "{variable}[at] = vec4<u64>(first) | (vec4<u64>(second) << vec4<u32>(32u));"
            )),
            (Access::Octets, false) => octet(&format!(
                "{variable}[2u * at] = vec4<u32>(first.x, second.x, first.y, second.y);
                {variable}[2u * at + 1u] = vec4<u32>(first.z, second.z, first.w, second.w);"
            )),
            (Access::WideOctets | Access::Octets, true) => octet(&format!(
                "let w = {} | ({} << vec4<u32>(16u)); {}",
                narrow("first"),
                narrow("second"),
                match access {
                    Access::Octets => format!("{variable}[at] = w;"),
                    _ => format!(
                        "{variable}[at] = vec2<u64>(w.xz) | (vec2<u64>(w.yw) << vec2<u32>(32u));"
                    ),
                }
            )),
            (Access::Quads, false) => quad(&format!("{variable}[at] = quad;")),
            (Access::Quads, true) => quad(&format!(
                "let h = {}; {variable}[at] = vec2<u32>(h.x | (h.y << 16u), h.z | (h.w << 16u));",
                narrow("quad")
            )),
            (Access::Elements, half) => {
                let put = |k: usize, of: &str| {
                    let at =
                        format!("operation.{operand} + group(4u * i + {k}u, strides.{operand})");
                    if half {
                        format!("put_{operand}({at}, {of});")
                    } else {
                        format!("{variable}[{at}] = {of};")
                    }
                };
                let [x, y, z, w] =
                    [(0, "h.x"), (1, "h.y"), (2, "h.z"), (3, "h.w")].map(|(k, of)| put(k, of));
                let one = if half {
                    // The bits that change, of this half alone.
                    format!(
                        "fn put_{operand}(at: u32, h: u32) {{
                            let shift = 16u * (at & 1u);
                            let old = atomicLoad(&{variable}[at >> 1u]) >> shift;
                            atomicXor(&{variable}[at >> 1u], ((old ^ h) & 0xffffu) << shift);
                        }}\n"
                    )
                } else {
                    String::new()
                };
                format!(
                    "{one}fn store_{operand}(i: u32, quad: vec4<u32>) {{
                        let h = {};
                        let left = operation.length - 4u * i;
                        {x}
                        if (left > 1u) {{ {y} }}
                        if (left > 2u) {{ {z} }}
                        if (left > 3u) {{ {w} }}
                    }}\n",
                    narrow("quad")
                )
            }
        }
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
