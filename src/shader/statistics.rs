//! Statistics of units, pass by pass.

use crate::activation::{Activation, source};
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::words::conversions;
use crate::shader::{Shader, storage};

/// The input of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StatisticsInput {
    Elements(ElementType),
    /// The outputs of a layer, which it makes with the activation of this name.
    Layer(&'static str),
    /// The results of the pass before.
    Merge,
}

impl StatisticsInput {
    /// For the catalogue.
    pub(crate) fn name(&self) -> String {
        match self {
            StatisticsInput::Elements(element) => element.to_string(),
            StatisticsInput::Layer(activation) => format!("layer {activation}"),
            StatisticsInput::Merge => "merge".to_owned(),
        }
    }
}

impl Shader for StatisticsInput {
    fn name(&self) -> String {
        "statistics".to_owned()
    }

    fn source(&self) -> String {
        source(*self)
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        let [read, written] = [false, true].map(storage);
        match self {
            StatisticsInput::Layer(_) => vec![written, read, written, read],
            _ => vec![written, read],
        }
    }
}

fn source(input: StatisticsInput) -> String {
    let number = if let StatisticsInput::Layer(_) = input { 4 } else { 2 };
    let params = format!("@group(0) @binding({number}) var<uniform> params: Params;\n");
    const STATISTICS: &str = wgsl_file!("kernel/statistics.wgsl");
    const ELEMENTS: &str = wgsl_file!("kernel/statistics_elements.wgsl");
    const MERGE: &str = wgsl_file!("kernel/statistics_merge.wgsl");
    const LAYER: &str = wgsl_file!("kernel/statistics_layer.wgsl");
    const ADD: &str = wgsl_file!("kernel/add.wgsl");
    let element = match input {
        StatisticsInput::Merge => return [source::NUMERICS, STATISTICS, MERGE, &params].concat(),
        StatisticsInput::Elements(element) => element,
        StatisticsInput::Layer(name) => {
            let found = Activation::named(name);
            let activation = found.map_or(String::new(), |a| source::module(&[*a]));
            let numerics =
                if found.is_some_and(|a| a.own_wgsl().1) { "" } else { source::NUMERICS };
            let activate = format!(
                "fn activate(x: vec4<u32>) -> vec4<u32> {{\n\
                    return bitcast<vec4<u32>>({name}(bitcast<vec4<f32>>(x), params.activation));\n\
                }}\n"
            );
            return [STATISTICS, ELEMENTS, LAYER, ADD, numerics, &activation, &activate, &params]
                .concat();
        }
    };
    let load = match element {
        ElementType::F32 => "return x[i];".to_owned(),
        half => {
            format!("return widen_{half}(vec4<u32>((x[i >> 1u] >> (16u * (i & 1u))) & 0xffffu)).x;")
        }
    };
    let load = format!("fn begin(i: u32) {{}}\nfn element(i: u32) -> u32 {{ {load} }}\n");
    [source::NUMERICS, STATISTICS, ELEMENTS, conversions(element), &load, &params].concat()
}
