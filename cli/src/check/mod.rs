//! `wgpu-relu check`.

mod examine;
mod kinds;
mod report;

use std::io::Write;
use std::process::ExitCode;

use wgpu_relu::half::{bf16, f16};
use wgpu_relu::{Activation, ElementType, Gpu, GpuRelu};

use crate::activation::ActivationParser;
use crate::adapter::{Choice, Name, short};
use crate::{Outcome, progress};
use report::Report;

/// Check every activation on the adapter against the CPU reference
///
/// Forward, in place and gradient, in f32, f16 and bf16: special values (zeros, subnormals, infinities, NaNs, kinks) and random
/// ones, in odd lengths, at odd offsets, with canaries around what may be written; then
/// learned slopes, gated units, operands in rows and strides, gradients that add, and textures. Prints the worst error of
/// each, in units in the last place of the true result (ulp), and the input where it is. The exit code is 1 if
/// anything is beyond its bound.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The activations; else all, with their default parameters, and after them learned slopes, gated units, rows
    /// and strides
    #[arg(value_name = "ACTIVATION", value_parser = ActivationParser)]
    activations: Vec<Activation>,
    /// Take each activation with its tricky parameters too (takes minutes)
    #[arg(long)]
    samples: bool,
    /// The element types; else all
    #[arg(long = "element", value_name = "TYPE", num_args = 1..)]
    elements: Vec<ElementType>,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(
    choice: &Choice,
    arguments: &Arguments,
    out: &mut impl Write,
) -> Outcome<ExitCode> {
    let activations = chosen(arguments);
    let gpu = choice.open()?;
    let elements = match &*arguments.elements {
        [] => ElementType::ALL,
        named => named,
    };
    // Who names activations wants those alone.
    let kinds = if arguments.activations.is_empty() { kinds::ALL } else { &[] };
    let names = activations.iter().map(|&activation| short(activation).len());
    let longest = names.chain(kinds.iter().map(|kind| kind.name.len())).max().unwrap_or(0);
    let mut report = Report::new(Name::from(&gpu.adapter_info()), longest);
    let bar = progress::steps((activations.len() + kinds.len()) as u64);
    if !arguments.json {
        write!(out, "{}", report.head())?;
    }
    let mut show = |rows: String| match arguments.json {
        true => Ok(()),
        // The bar gives way to what is printed, where both go to one terminal.
        false => bar.suspend(|| write!(out, "{rows}").and_then(|()| out.flush())),
    };
    for activation in activations {
        let name = (&*activation.to_string(), &*short(activation));
        bar.set_message(name.1.to_owned());
        for &element in elements {
            let findings = of_activation(&gpu, activation, element)?;
            show(report.add(name, element, findings))?;
        }
        bar.inc(1);
    }
    for kind in kinds {
        bar.set_message(kind.name);
        for &element in elements {
            show(report.add((kind.name, kind.name), element, kind.examine(&gpu, element)?))?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if arguments.json {
        writeln!(out, "{}", report.json()?)?;
    } else {
        write!(out, "{}", report.foot())?;
    }
    Ok(report.exit_code())
}

fn of_activation(
    gpu: &Gpu,
    activation: Activation,
    element: ElementType,
) -> Outcome<[examine::Finding; 3]> {
    let operator = GpuRelu::with_activation(gpu, activation)?.with_element(element);
    match element {
        ElementType::F32 => Ok(examine::examine::<f32>(gpu, activation, &operator)),
        ElementType::F16 => Ok(examine::examine::<f16>(gpu, activation, &operator)),
        ElementType::Bf16 => Ok(examine::examine::<bf16>(gpu, activation, &operator)),
        other => Err(format!("{other} cannot be checked yet").into()),
    }
}

/// What is asked for, and with `--samples` the other parameters of the same activations.
fn chosen(arguments: &Arguments) -> Vec<Activation> {
    let mut chosen = match &*arguments.activations {
        [] => Activation::ALL.to_vec(),
        named => named.to_vec(),
    };
    if arguments.samples {
        for sample in Activation::parameter_sweep() {
            let wanted = chosen.iter().any(|activation| activation.name() == sample.name());
            if wanted && !chosen.contains(&sample) {
                chosen.push(sample);
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_those_of_the_activations_named() {
        let elu = Activation::Elu { alpha: 0.5 };
        let arguments = |samples| Arguments {
            activations: vec![elu],
            samples,
            elements: Vec::new(),
            json: false,
        };
        assert_eq!(chosen(&arguments(false)), [elu]);
        let samples = chosen(&arguments(true));
        assert!(samples.len() > 2 && samples.iter().all(|sample| sample.name() == "elu"));
    }
}
