//! Tests the test: changes that compilers make to naive functions must be noticed, in every build that makes them.

use wgpu_relu::Activation;

use crate::Outcome;
use crate::builds::{self, Variant};
use crate::inputs::{self, Inputs};
use crate::modules::{Form, Module};
use crate::run::{Findings, Job};

/// A function, and whether a variant must change it.
struct Control {
    expression: &'static str,
    changes: fn(&Variant) -> bool,
}

const CONTROLS: &[Control] = &[
    // Regrouped, the sum is x.
    Control { expression: "(x + 1e20) - 1e20", changes: Variant::reassociates },
    // A fused product is not rounded.
    Control {
        expression: "x * x + dy",
        changes: |variant| variant.contracts() && builds::has_fused_multiply_add(),
    },
    // Without NaN it is x.
    Control { expression: "select(x, vec4(1.0), x != x)", changes: Variant::ignores_nan },
    Control { expression: "1.0 / x", changes: Variant::divides_roughly },
    Control { expression: "x * 0.5", changes: |variant| variant.flushes },
    Control { expression: "min(x, vec4(0.0))", changes: Variant::chooses_the_other_zero },
];

/// One job per naive function, and one with a function that no build may change.
pub(crate) fn jobs(modules: &mut Vec<Module>) -> Outcome<Vec<Job>> {
    let activation = Activation::Relu;
    let inputs = Inputs { stride: 0, specials: inputs::specials(&[activation], true) };
    let mut jobs = Vec::new();
    for control in CONTROLS {
        let form = Form::Naive(control.expression);
        modules.push(Module::new(activation, form)?);
        let module = modules.len() - 1;
        jobs.push(Job { activation, form, module, inputs: inputs.clone() });
    }
    Ok(jobs)
}

/// Checks that every change was noticed, and nothing else.
pub(crate) fn check(jobs: &[Job], variants: &[Variant], findings: &Findings) -> Outcome<()> {
    for ((control, job), [values, gradients]) in CONTROLS.iter().zip(jobs).zip(findings) {
        for ((variant, value), gradient) in variants.iter().zip(values).zip(gradients) {
            if (control.changes)(variant) && value.differing == 0 {
                let build = variant.describe();
                return Err(
                    format!("the check is blind: {job} gives the strict bits by {build}").into()
                );
            }
            // It returns dy.
            if gradient.differing != 0 {
                return Err(format!("a copy differs by {}", variant.describe()).into());
            }
        }
    }
    println!("The check sees what compilers do to {} naive functions.\n", CONTROLS.len());
    Ok(())
}
