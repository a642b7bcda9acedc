//! The crate's tests in a browser: the same demands as on other devices, through the asynchronous API.
//!
//! ```sh
//! cargo xtask test-web             # in headless Chromium
//! cargo xtask test-web gelu elu    # some activations alone
//! ```

#![cfg(target_arch = "wasm32")]

mod alone;
mod device;
mod fill;
mod fused;
mod glu;
mod halves;
mod middleware;
mod operators;
mod prelu;
mod refusals;
mod same_bits;
mod textures;
mod transfers;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use device::Device;
use testkit::compare::{self, Worst};
use wasm_bindgen::prelude::*;
use wgpu_relu::{Activation, Tolerance};

/// The result of a check. An error says what is wrong.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Examines the activations of these names and parameters; without any, all with many parameters, and everything else.
/// Prints progress on the console. Returns the number of checks that fail.
#[wasm_bindgen]
pub async fn run(texts: Vec<String>) -> u32 {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    match examine(&texts).await {
        Ok(failures) => failures,
        Err(error) => {
            say(&format!("FAILED: {error}"));
            1
        }
    }
}

async fn examine(texts: &[String]) -> Outcome<u32> {
    let device = Device::open().await?;
    let does = if device.flushes { "flushes" } else { "keeps" };
    say(&format!("running on a device that {does} subnormal numbers"));
    say(&format!("{} wrong functions are refused", alone::refuses_wrong_functions(&device).await?));
    say(&format!("{} wrong operators are refused", operators::refuses_wrong(&device).await?));
    device::errors_are_seen().await?;

    let chosen: Vec<Activation> =
        texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let activations = if chosen.is_empty() { compare::wide_parameter_sweep() } else { chosen };
    let mut failures = 0;
    for &activation in &activations {
        match of_activation(&device, activation).await {
            Ok([value, gradient]) => {
                let value = verdict(activation.value_tolerance(), value);
                let gradient = verdict(activation.gradient_tolerance(), gradient);
                say(&format!("{activation}: value {value}, gradient {gradient}"));
            }
            Err(error) => {
                failures += 1;
                say(&format!("FAILED: {activation}: {error}"));
            }
        }
    }
    let total = activations.len() as u32;
    say(&format!("{} of {total} are right, alone and as operators", total - failures));
    if texts.is_empty() {
        failures += others(&device).await;
    }
    match device.uncaptured() {
        0 => Ok(failures),
        errors => Err(format!("{errors} errors reached the device's handler").into()),
    }
}

/// The activation's public source in a shader of the user's own, and the operator.
async fn of_activation(device: &Device, activation: Activation) -> Outcome<[Worst; 2]> {
    let alone = alone::examine(device, activation).await?;
    let operator = operators::examine(device, activation).await?;
    Ok([worse(alone[0], operator[0]), worse(alone[1], operator[1])])
}

fn worse(a: Worst, b: Worst) -> Worst {
    if a.ulp > b.ulp { a } else { b }
}

fn verdict(tolerance: Tolerance, worst: Worst) -> String {
    match tolerance {
        Tolerance::Ulp(limit) => format!("{worst} (of {limit})"),
        _ => "exact".to_owned(),
    }
}

type Check<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// Runs the checks that do not depend on the activation. Returns the number that fail.
async fn others(device: &Device) -> u32 {
    let checks: [(&str, Check<'_>); 15] = [
        ("the bits of other devices", Box::pin(same_bits::as_recorded(device))),
        ("operands in every layout", Box::pin(operators::every_layout(device))),
        ("f16 and bf16", Box::pin(halves::every_type(device))),
        ("uploads and downloads of ranges", Box::pin(transfers::ranges(device))),
        ("biases and residuals", Box::pin(fused::additions(device))),
        ("gradients from masks", Box::pin(fused::masks(device))),
        ("gradients that add", Box::pin(fused::accumulating(device))),
        ("random slopes", Box::pin(fused::draws(device))),
        ("PReLU and the gradient of its slopes", Box::pin(prelu::channels(device))),
        ("gated units", Box::pin(glu::units(device))),
        ("textures", Box::pin(textures::formats(device))),
        ("initial weights, to the bit", Box::pin(fill::every_distribution(device))),
        ("prepared operations in a pass of one's own", Box::pin(middleware::frames(device))),
        ("statistics of units", Box::pin(middleware::statistics(device))),
        ("bad input gives typed errors", Box::pin(refusals::everywhere(device))),
    ];
    let mut failures = 0;
    for (name, check) in checks {
        match check.await {
            Ok(()) => say(&format!("{name}: right")),
            Err(error) => {
                failures += 1;
                say(&format!("FAILED: {name}: {error}"));
            }
        }
    }
    failures
}

fn say(text: &str) {
    web_sys::console::log_1(&text.into());
}

/// Checks a condition. The error says what does not hold.
fn hold(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what().into()) }
}

/// The numbers' bits, which tell zeros and NaNs apart.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
