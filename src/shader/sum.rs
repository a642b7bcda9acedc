//! Sums over channels, step by step.

use crate::activation::source;
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::variant::Access;
use crate::shader::words::{Words, binding, conversions, word};
use crate::shader::{Key, Module, storage};

const SUM: &str = wgsl_file!("kernel/sum.wgsl");
const SLOPES: &str = wgsl_file!("kernel/slopes.wgsl");

/// What is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Summand {
    /// Elements of f32.
    Values,
    /// What the elements add to the gradient of slopes, from x and dy of these types.
    Slopes([ElementType; 2]),
}

impl Summand {
    /// How its inputs are stored.
    pub(crate) fn elements(&self) -> Vec<ElementType> {
        match self {
            Summand::Values => vec![ElementType::F32],
            Summand::Slopes(elements) => elements.to_vec(),
        }
    }
}

/// The shader of a step, for words of this access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sum {
    pub(crate) summand: Summand,
    pub(crate) access: Access,
}

impl Module for Sum {
    fn key(&self) -> Key {
        Key::of(*self)
    }

    fn name(&self) -> String {
        "sum".to_owned()
    }

    fn source(&self) -> String {
        sum(self.summand, self.access)
    }

    fn bindings(&self) -> Vec<(u32, wgpu::BindingType)> {
        let inputs = (2..).zip(self.summand.elements());
        let inputs = inputs.map(|(number, _)| (number, storage(true)));
        [(1, storage(false))].into_iter().chain(inputs).collect()
    }
}

/// The source of a module that sums.
fn sum(summand: Summand, access: Access) -> String {
    let f32 = ElementType::F32;
    let words = |operand: &'static str, element| Words {
        operand,
        variable: operand,
        element,
        access,
        atomic: false,
        strided: false,
    };
    let y = words("y", f32);
    let mut source =
        SUM.to_owned() + source::NUMERICS + &binding(1, "y", "read_write", word(access, f32));
    source += "struct Octet { first: vec4<u32>, second: vec4<u32> }\n";
    let operands = ["x", "dy"].into_iter().zip(summand.elements());
    for (number, (operand, element)) in (2..).zip(operands) {
        let words = words(operand, element);
        source += &binding(number, operand, "read", word(access, element));
        source += &if access == Access::Elements { words.load_one() } else { words.load() };
    }
    if let Summand::Slopes(elements) = summand {
        source += SLOPES;
        source += conversions(elements[0]);
        if elements[1] != elements[0] {
            source += conversions(elements[1]);
        }
    }
    let term = |part: &str| match summand {
        Summand::Values => format!("bitcast<vec4<f32>>(x{part})"),
        Summand::Slopes(_) => format!("slope_term(x{part}, dy{part})"),
    };
    let loads = match summand {
        Summand::Values => "let x = load_x(i);",
        Summand::Slopes(_) => "let x = load_x(i); let dy = load_dy(i);",
    };
    let (float, plus, value, put) = match access {
        Access::WideOctets | Access::Octets => (
            // Two quads that are added as one.
            "mat2x4<f32>",
            "mat2x4<f32>(numerics_add(a[0], b[0]), numerics_add(a[1], b[1]))",
            format!("mat2x4<f32>({}, {})", term(".first"), term(".second")),
            "store_y(i, bitcast<vec4<u32>>(sum[0]), bitcast<vec4<u32>>(sum[1]));",
        ),
        Access::Quads => {
            ("vec4<f32>", "numerics_add(a, b)", term(""), "store_y(i, bitcast<vec4<u32>>(sum));")
        }
        Access::Elements => (
            "f32",
            "numerics_add(vec4<f32>(a), vec4<f32>(b)).x",
            term("") + ".x",
            "y[operation.y + i] = bitcast<u32>(sum);",
        ),
    };
    if access != Access::Elements {
        source += &y.store();
    }
    source += &format!(
        "fn plus(a: {float}, b: {float}) -> {float} {{ return {plus}; }}\n\
        fn value(i: u32) -> {float} {{ {loads} return {value}; }}\n\
        fn put(i: u32, sum: {float}) {{ {put} }}\n"
    );
    source
}
