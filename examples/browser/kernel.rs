//! The crate's own kernels, given their buffers by the names that their modules declare.

use std::collections::BTreeSet;

use wgpu_relu::wgpu::naga::front::wgsl::parse_str;
use wgpu_relu::wgpu::naga::{AddressSpace, Handle, Module, Type, TypeInner};
use wgpu_relu::{Activation, wgsl};

use crate::runner::{Buffer, Job, Runner};

/// What the output holds before: no activation writes it by chance.
const CANARY: u32 = 0xdead_beef;

/// A kernel of one activation.
pub(crate) struct Kernel {
    /// What it computes, and how the operands lie.
    pub(crate) name: String,
    code: String,
    module: Module,
}

/// The activation's kernels that read `operands` and nothing else, however these lie.
pub(crate) fn of(activation: Activation, operands: &[&str]) -> Result<Vec<Kernel>, String> {
    let prefix = format!("{} ", activation.name());
    let mut kernels = Vec::new();
    for (name, code) in wgsl::kernels() {
        if name.starts_with(&prefix) {
            let module = parse_str(&code).map_err(|error| format!("{name}: {error}"))?;
            if reads_only(&module, operands) {
                kernels.push(Kernel { name, code, module });
            }
        }
    }
    if kernels.is_empty() {
        return Err(format!("no kernel of {activation} reads {operands:?} and nothing else"));
    }
    Ok(kernels)
}

/// An operand is read by its `load_` function. Random numbers are no operand, but an input; halves, and what does not
/// lie behind one another, are for other kernels.
fn reads_only(module: &Module, operands: &[&str]) -> bool {
    let functions = || module.functions.iter().filter_map(|(_, f)| f.name.as_deref());
    let loads: BTreeSet<_> = functions().filter_map(|name| name.strip_prefix("load_")).collect();
    let known = module.global_variables.iter().all(|(_, global)| {
        let name = global.name.as_deref().unwrap_or_default();
        let inner = global.binding.is_none() || global.space == AddressSpace::Uniform;
        inner || name == "y" || operands.contains(&name)
    });
    known
        && loads.iter().eq(BTreeSet::from_iter(operands))
        && !functions().any(|f| f == "draw" || f == "group" || f.starts_with("widen_"))
}

impl Kernel {
    /// What it makes of the operands, which are equally long.
    pub(crate) fn run(
        &self,
        runner: &mut Runner,
        parameters: [f32; 4],
        operands: &[(&str, &[f32])],
    ) -> Result<Vec<f32>, String> {
        let length = operands.first().map_or(0, |(_, values)| values.len());
        let words = |values: &[f32]| {
            let mut words: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
            words.resize(length.next_multiple_of(4), CANARY);
            words
        };
        // An operand without a binding lies in the output's buffer, before the output.
        let mut before = Vec::new();
        let mut starts = Vec::new();
        for &(name, values) in operands {
            let globals = &self.module.global_variables;
            let own = globals.iter().any(|(_, global)| global.name.as_deref() == Some(name));
            starts.push((name, if own { 0 } else { before.len() }));
            if !own {
                before.extend(words(values));
            }
        }
        let start = before.len();
        starts.push(("y", start));
        before.extend(words(&[]));

        let mut buffers = Vec::new();
        for (_, global) in self.module.global_variables.iter() {
            let name = global.name.as_deref().unwrap_or_default();
            let Some(binding) = global.binding.as_ref().map(|binding| binding.binding) else {
                continue;
            };
            let operand = operands.iter().find(|(operand, _)| *operand == name);
            let words = match (operand, global.space) {
                (Some((_, values)), _) => words(values),
                (None, AddressSpace::Uniform) => {
                    self.uniform(global.ty, parameters, length, &starts)?
                }
                (None, _) => before.clone(),
            };
            buffers.push(Buffer { binding, words, read: name == "y" });
        }
        // The kernel's own defaults: 64 invocations, with a quad each.
        let workgroups = length.div_ceil(4 * 64);
        let results = runner.run(&Job { code: &self.code, buffers: &buffers, workgroups })?;
        let [after] = <[Vec<u32>; 1]>::try_from(results)
            .map_err(|results| format!("{}: {} outputs", self.name, results.len()))?;
        let written = start..start + length.next_multiple_of(self.unit());
        let outside = |at: &usize| !written.contains(at) && after.get(*at) != before.get(*at);
        if let Some(at) = (0..before.len()).find(outside) {
            return Err(format!("{}: wrote word {at}, outside of {written:?}", self.name));
        }
        let output = after.get(start..start + length).ok_or("the output came back too short")?;
        Ok(output.iter().map(|&word| f32::from_bits(word)).collect())
    }

    /// The uniform's words, by the names of its members. Those of other kernels stay 0.
    fn uniform(
        &self,
        ty: Handle<Type>,
        parameters: [f32; 4],
        length: usize,
        starts: &[(&str, usize)],
    ) -> Result<Vec<u32>, String> {
        let structure = |ty: Handle<Type>| match &self.module.types[ty].inner {
            TypeInner::Struct { members, span } => Ok((members, *span as usize / 4)),
            _ => Err(format!("{}: the uniform is no struct of structs", self.name)),
        };
        let (parts, size) = structure(ty)?;
        let mut words = vec![0; size];
        let operation = parts.iter().find(|part| part.name.as_deref() == Some("operation"));
        let operation = operation.ok_or("the uniform tells of no operation")?;
        let (members, _) = structure(operation.ty)?;
        for member in members {
            let name = member.name.as_deref().unwrap_or_default();
            let at = (operation.offset + member.offset) as usize / 4;
            let start = starts.iter().find(|(operand, _)| *operand == name);
            match (name, start) {
                ("parameters", _) => {
                    words[at..at + 4].copy_from_slice(&parameters.map(f32::to_bits));
                }
                ("length", _) => words[at] = length.div_ceil(self.unit()) as u32,
                (_, Some((_, start))) => words[at] = (start / self.unit()) as u32,
                _ => {}
            }
        }
        Ok(words)
    }

    /// In how many words at a time it reads and writes, and its uniform counts.
    fn unit(&self) -> usize {
        let types = &self.module.types;
        let by_quads = types.iter().any(|(_, ty)| match ty.inner {
            TypeInner::Array { base, .. } => matches!(types[base].inner, TypeInner::Vector { .. }),
            _ => false,
        });
        if by_quads { 4 } else { 1 }
    }
}
