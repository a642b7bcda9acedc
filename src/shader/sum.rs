//! Sums over channels, step by step.

use crate::activation::source;
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::variant::VectorWidth;
use crate::shader::words::{Words, binding, conversions, word};
use crate::shader::{Shader, storage};

const SUM: &str = wgsl_file!("kernel/sum.wgsl");
const SLOPES: &str = wgsl_file!("kernel/slopes.wgsl");

/// The terms of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SumInput {
    /// f32 elements.
    Values,
    /// The terms of the gradient of slopes, from x and dy of these types.
    Slopes([ElementType; 2]),
}

impl SumInput {
    /// For the catalogue.
    pub(crate) fn name(&self) -> String {
        match self {
            SumInput::Values => "values".to_owned(),
            SumInput::Slopes([x, dy]) => format!("slopes {x} {dy}"),
        }
    }

    /// The element types of the operands.
    pub(crate) fn elements(&self) -> Vec<ElementType> {
        match self {
            SumInput::Values => vec![ElementType::F32],
            SumInput::Slopes(elements) => elements.to_vec(),
        }
    }
}

/// The shader of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sum {
    pub(crate) input: SumInput,
    pub(crate) width: VectorWidth,
}

impl Shader for Sum {
    fn name(&self) -> String {
        "sum".to_owned()
    }

    fn source(&self) -> String {
        sum(self.input, self.width)
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        let inputs = self.input.elements().into_iter().map(|_| storage(false));
        [storage(true)].into_iter().chain(inputs).collect()
    }
}

/// The source of a module that sums.
fn sum(input: SumInput, width: VectorWidth) -> String {
    let f32 = ElementType::F32;
    let words = |operand: &'static str, element| Words {
        operand,
        variable: operand,
        element,
        width,
        atomic: false,
        strided: false,
    };
    let y = words("y", f32);
    let mut source =
        SUM.to_owned() + source::NUMERICS + &binding(0, "y", "read_write", word(width, f32));
    source += "struct Octet { first: vec4<u32>, second: vec4<u32> }\n";
    let params = 1 + input.elements().len();
    source += &format!("@group(0) @binding({params}) var<uniform> given: Params;\n");
    source += &y.position();
    let operands = ["x", "dy"].into_iter().zip(input.elements());
    for (number, (operand, element)) in (1..).zip(operands) {
        let words = words(operand, element);
        source += &words.position();
        source += &binding(number, operand, "read", word(width, element));
        source += &if width == VectorWidth::One { words.load_one() } else { words.load() };
    }
    if let SumInput::Slopes(elements) = input {
        source += SLOPES;
        source += conversions(elements[0]);
        if elements[1] != elements[0] {
            source += conversions(elements[1]);
        }
    }
    let term = |part: &str| match input {
        SumInput::Values => format!("bitcast<vec4<f32>>(x{part})"),
        SumInput::Slopes(_) => format!("slope_term(x{part}, dy{part})"),
    };
    let loads = match input {
        SumInput::Values => "let x = load_x(i);",
        SumInput::Slopes(_) => "let x = load_x(i); let dy = load_dy(i);",
    };
    let (float, plus, value, put) = match width {
        VectorWidth::Eight64 | VectorWidth::Eight => (
            // Two quads that are added as one.
            "mat2x4<f32>",
            "mat2x4<f32>(numerics_add(a[0], b[0]), numerics_add(a[1], b[1]))",
            format!("mat2x4<f32>({}, {})", term(".first"), term(".second")),
            "store_y(i, bitcast<vec4<u32>>(sum[0]), bitcast<vec4<u32>>(sum[1]));",
        ),
        VectorWidth::Four => {
            ("vec4<f32>", "numerics_add(a, b)", term(""), "store_y(i, bitcast<vec4<u32>>(sum));")
        }
        VectorWidth::One => (
            "f32",
            "numerics_add(vec4<f32>(a), vec4<f32>(b)).x",
            term("") + ".x",
            "y[params.offset_y + i] = bitcast<u32>(sum);",
        ),
    };
    if width != VectorWidth::One {
        source += &y.store();
    }
    source += &format!(
        "fn plus(a: {float}, b: {float}) -> {float} {{ return {plus}; }}\n\
        fn value(i: u32) -> {float} {{ {loads} return {value}; }}\n\
        fn put(i: u32, sum: {float}) {{ {put} }}\n"
    );
    source
}
