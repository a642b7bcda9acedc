//! `wgpu-relu check`.

mod examine;
mod report;
// The inputs and layouts of the library's own tests.
#[path = "../../../tests/it/inputs.rs"]
mod inputs;
#[path = "../../../tests/it/layout.rs"]
mod layout;

use std::io::Write;
use std::process::ExitCode;

use wgpu_relu::{Activation, GpuRelu};

use crate::adapter::{Choice, Name, short};
use crate::{Outcome, progress};
use report::Report;

/// Check every activation on the adapter against the CPU reference
///
/// Forward, in place and gradient: special values (zeros, subnormals, infinities, NaNs, kinks) and random
/// ones, in odd lengths, at odd offsets, with canaries around what may be written. Prints the worst error of
/// each, in units in the last place of the true result (ulp), and the input where it is. The exit code is 1 if
/// anything is beyond its bound.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The activations; else all, with their default parameters
    #[arg(value_name = "ACTIVATION")]
    activations: Vec<Activation>,
    /// Take each activation with its tricky parameters too (takes minutes)
    #[arg(long)]
    samples: bool,
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
    let mut report = Report::new(Name::from(&gpu.adapter_info()), &activations);
    let bar = progress::steps(activations.len() as u64);
    if !arguments.json {
        write!(out, "{}", report.head())?;
    }
    for activation in activations {
        bar.set_message(short(activation));
        let operator = GpuRelu::with_activation(&gpu, activation)?;
        let findings = examine::examine(&gpu, activation, &operator);
        let rows = report.add(activation, findings);
        if !arguments.json {
            // The bar gives way to what is printed, where both go to one terminal.
            bar.suspend(|| write!(out, "{rows}").and_then(|()| out.flush()))?;
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

/// What is asked for, and with `--samples` the other parameters of the same activations.
fn chosen(arguments: &Arguments) -> Vec<Activation> {
    let mut chosen = match &*arguments.activations {
        [] => Activation::ALL.to_vec(),
        named => named.to_vec(),
    };
    if arguments.samples {
        for sample in Activation::samples() {
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
        let arguments = |samples| Arguments { activations: vec![elu], samples, json: false };
        assert_eq!(chosen(&arguments(false)), [elu]);
        let samples = chosen(&arguments(true));
        assert!(samples.len() > 2 && samples.iter().all(|sample| sample.name() == "elu"));
    }
}
