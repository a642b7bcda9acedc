//! Statistics of units, step by step.

use crate::activation::{Activation, source};
use crate::element::ElementType;
use crate::minify::wgsl_file;
use crate::shader::words::conversions;
use crate::shader::{Key, Module, storage};

/// What statistics are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Observed {
    Elements(ElementType),
    /// What a layer makes, by the name of its activation.
    Layer(&'static str),
    Records,
}

impl Module for Observed {
    fn key(&self) -> Key {
        Key::of(*self)
    }

    fn name(&self) -> String {
        "units".to_owned()
    }

    fn source(&self) -> String {
        source(*self)
    }

    fn bindings(&self) -> Vec<(u32, wgpu::BindingType)> {
        let [written, read] = [false, true].map(storage);
        let mut bindings = vec![(1, written), (2, read)];
        if let Observed::Layer(_) = self {
            bindings.extend([(3, written), (4, read)]);
        }
        bindings
    }
}

fn source(observed: Observed) -> String {
    const UNITS: &str = wgsl_file!("kernel/units.wgsl");
    const FIRST: &str = wgsl_file!("kernel/units_first.wgsl");
    const MERGE: &str = wgsl_file!("kernel/units_merge.wgsl");
    const LAYER: &str = wgsl_file!("kernel/units_layer.wgsl");
    const ADD: &str = wgsl_file!("kernel/add.wgsl");
    let element = match observed {
        Observed::Records => return [source::NUMERICS, UNITS, MERGE].concat(),
        Observed::Elements(element) => element,
        Observed::Layer(name) => {
            let found = Activation::named(name);
            let activation = found.map_or(String::new(), |a| source::module(&[*a]));
            let numerics =
                if found.is_some_and(|a| a.own_wgsl().1) { "" } else { source::NUMERICS };
            let activate = format!(
                "fn activate(x: vec4<u32>) -> vec4<u32> {{\n\
                    return bitcast<vec4<u32>>({name}(bitcast<vec4<f32>>(x), units.parameters));\n\
                }}\n"
            );
            return [UNITS, FIRST, LAYER, ADD, numerics, &activation, &activate].concat();
        }
    };
    let load = match element {
        ElementType::F32 => "return x[i];".to_owned(),
        half => {
            format!("return widen_{half}(vec4<u32>((x[i >> 1u] >> (16u * (i & 1u))) & 0xffffu)).x;")
        }
    };
    let load = format!("fn begin(i: u32) {{}}\nfn element(i: u32) -> u32 {{ {load} }}\n");
    [source::NUMERICS, UNITS, FIRST, conversions(element), &load].concat()
}
