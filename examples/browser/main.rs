//! Runs every activation, value and derivative, on a browser's WebGPU, and holds it to the CPU reference
//! by the rules of the tests on a device.
//!
//! ```sh
//! cargo xtask test-web             # in headless Chromium
//! cargo xtask test-web gelu elu    # some of them
//! ```

#[path = "../../tests/it/compare.rs"]
mod compare;
#[path = "../../tests/it/inputs.rs"]
#[expect(dead_code, reason = "what the tests on a device take")]
mod inputs;
mod kernel;
mod runner;

use std::process::ExitCode;

use clap::Parser;
use compare::Worst;
use runner::{Buffer, Job, Runner};
use wgpu_relu::{Activation, Tolerance};

/// A shader of one's own around the public sources.
const ALONE: &str = include_str!("alone.wgsl");

/// Every how manieth f32 is tried with the defaults, beside the special values.
const STRIDE: usize = 65_537;

/// How the operands lie does not depend on the activation: these, one that selects its gradients and one that
/// multiplies, run in every way.
const EVERY_WAY: [Activation; 2] = [Activation::Relu, Activation::Elu { alpha: 1.0 }];

/// Every activation on a browser's WebGPU against the CPU reference.
#[derive(Parser)]
struct Arguments {
    /// The activations; all, with many parameters, if none is given
    activations: Vec<Activation>,
    /// The command that runs shaders
    #[arg(last = true)]
    runner: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(deviating) => {
            eprintln!("error: {deviating} deviate, see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many activations deviate.
fn run(arguments: &Arguments) -> Result<usize, String> {
    let mut browser = Browser::start(&arguments.runner)?;
    let does = if browser.flushes { "flushes" } else { "keeps" };
    println!("running on {}, which {does} subnormal numbers", browser.runner.name);
    let wrong = refuses_wrong_sources(&mut browser)?;
    println!("{wrong} wrong sources were refused");

    let activations = match arguments.activations.as_slice() {
        [] => compare::samples(),
        some => some.to_vec(),
    };
    let mut deviating = 0;
    for &activation in &activations {
        match browser.examine(activation) {
            Ok([value, gradient]) => {
                let value = verdict(activation.value_tolerance(), value);
                let gradient = verdict(activation.gradient_tolerance(), gradient);
                println!("{activation}: value {value}, gradient {gradient}");
            }
            Err(error) => {
                deviating += 1;
                eprintln!("{activation}: {error}");
            }
        }
    }
    let kernels = browser.kernels;
    println!(
        "{} of {} are right, alone and in {kernels} kernels",
        activations.len() - deviating,
        activations.len()
    );
    Ok(deviating)
}

fn verdict(tolerance: Tolerance, worst: Worst) -> String {
    match tolerance {
        Tolerance::Ulp(limit) => format!("{worst} (of {limit})"),
        _ => "exact".to_owned(),
    }
}

/// A browser's device.
struct Browser {
    runner: Runner,
    /// Arithmetic takes subnormal numbers for 0.
    flushes: bool,
    /// How many kernels have run.
    kernels: usize,
}

impl Browser {
    fn start(command: &[String]) -> Result<Self, String> {
        let mut browser = Browser { runner: Runner::start(command)?, flushes: false, kernels: 0 };
        let double = "fn activate(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> { return x * p; }
            fn activate_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> { return p; }";
        let [doubled, two] = browser.alone(double, [2.0; 4], &[1e-40])?;
        if two != [2.0] {
            return Err(format!("a kernel that writes 2 writes {two:?}"));
        }
        browser.flushes = doubled == [0.0];
        Ok(browser)
    }

    /// The public source in a shader of one's own, and the crate's kernels.
    fn examine(&mut self, activation: Activation) -> Result<[Worst; 2], String> {
        let alone = self.examine_source(activation, activation.wgsl())?;
        let kernels = self.examine_kernels(activation)?;
        Ok([worse(alone[0], kernels[0]), worse(alone[1], kernels[1])])
    }

    /// Compares value and derivative of `source`, which claims to be `activation`.
    fn examine_source(
        &mut self,
        activation: Activation,
        source: &str,
    ) -> Result<[Worst; 2], String> {
        let name = activation.name();
        let source = format!(
            "{source}
            fn activate(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {name}(x, p); }}
            fn activate_grad(x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {name}_grad(x, p); }}"
        );
        let mut x = inputs::special_values(activation);
        if Activation::ALL.contains(&activation) {
            x.extend((0..=u32::MAX).step_by(STRIDE).map(f32::from_bits));
        }
        let [y, slope] = self.alone(&source, parameters(activation), &x)?;
        let value = compare::values(self.flushes, activation, &x, &y)
            .map_err(|error| format!("value, {error}"))?;
        // The derivative is the gradient for an upstream gradient of 1.
        let ones = vec![1.0; x.len()];
        let derivative = compare::gradients(self.flushes, activation, &x, &ones, &slope)
            .map_err(|error| format!("derivative, {error}"))?;
        Ok([value, derivative])
    }

    /// What `activate` and `activate_grad` in `source` make of `x`.
    fn alone(
        &mut self,
        source: &str,
        parameters: [f32; 4],
        x: &[f32],
    ) -> Result<[Vec<f32>; 2], String> {
        let quads = x.len().div_ceil(4);
        let mut words: Vec<u32> = x.iter().map(|x| x.to_bits()).collect();
        words.resize(4 * quads, 0);
        let empty = vec![0; words.len()];
        let buffers = [
            Buffer { binding: 0, words: parameters.map(f32::to_bits).to_vec(), read: false },
            Buffer { binding: 1, words, read: false },
            Buffer { binding: 2, words: empty.clone(), read: true },
            Buffer { binding: 3, words: empty, read: true },
        ];
        let code = [ALONE, source].concat();
        let job = Job { code: &code, buffers: &buffers, workgroups: quads.div_ceil(64) };
        let results = <[Vec<u32>; 2]>::try_from(self.runner.run(&job)?)
            .map_err(|results| format!("{} buffers came back, not 2", results.len()))?;
        Ok(results.map(|words| words.into_iter().take(x.len()).map(f32::from_bits).collect()))
    }

    /// Compares the crate's kernels, with operands in buffers of their own or in every way.
    fn examine_kernels(&mut self, activation: Activation) -> Result<[Worst; 2], String> {
        let mut worst = [Worst::default(); 2];
        let parameters = parameters(activation);
        let most = if EVERY_WAY.contains(&activation) { usize::MAX } else { 1 };
        let (x, dy) = compare::special_pairs(activation);
        for kernel in kernel::of(activation, &["x"])?.iter().take(most) {
            let y = kernel.run(&mut self.runner, parameters, &[("x", &x)])?;
            let found = compare::values(self.flushes, activation, &x, &y)
                .map_err(|error| format!("{}, {error}", kernel.name))?;
            worst[0] = worse(worst[0], found);
            self.kernels += 1;
        }
        for kernel in kernel::of(activation, &["x", "dy"])?.iter().take(most) {
            let dx = kernel.run(&mut self.runner, parameters, &[("x", &x), ("dy", &dy)])?;
            let found = compare::gradients(self.flushes, activation, &x, &dy, &dx)
                .map_err(|error| format!("{}, {error}", kernel.name))?;
            worst[1] = worse(worst[1], found);
            self.kernels += 1;
        }
        Ok(worst)
    }
}

fn worse(a: Worst, b: Worst) -> Worst {
    if a.ulp > b.ulp { a } else { b }
}

/// The parameters as the shaders' `p`.
fn parameters(activation: Activation) -> [f32; 4] {
    let mut packed = [0.0; 4];
    for (slot, (_, value)) in packed.iter_mut().zip(activation.parameters()) {
        *slot = value;
    }
    packed
}

/// Tests the test: functions that are nearly right must not pass. How many there were.
fn refuses_wrong_sources(browser: &mut Browser) -> Result<usize, String> {
    let relu = Activation::Relu;
    let elu = Activation::Elu { alpha: 1.0 };
    let cases = [
        ("NaN swallowed by max", relu, "relu", "max(x, vec4<f32>(0.0))"),
        ("derivative 1 at 0", relu, "relu_grad", "step(vec4<f32>(0.0), x)"),
        ("elu by exp - 1", elu, "elu", "select(exp(x) - 1.0, x, x > vec4<f32>(0.0))"),
    ];
    for (what, activation, function, wrong) in cases {
        // The right function stays, under another name; the wrong one takes its place.
        let start = format!("fn {function}(");
        let right = activation.wgsl().replacen(&start, "fn unused(", 1);
        let source =
            format!("{right}{start}x: vec4<f32>, p: vec4<f32>) -> vec4<f32> {{ return {wrong}; }}");
        match browser.examine_source(activation, &source) {
            Err(error) if error.contains("expected") => {}
            Err(error) => return Err(format!("{what}: not refused for its values: {error}")),
            Ok(_) => return Err(format!("{what}: taken for {activation}; the check is blind")),
        }
    }
    Ok(cases.len())
}
