//! Measures the host's time per operation: relu of 256 elements, so that the device has almost nothing to do.

use std::fmt;
use std::time::{Duration, Instant};

use wgpu_relu::{Activation, GpuRelu, reference};

use crate::device::Shared;
use crate::kernels::Naive;
use crate::rounds::median;
use crate::{Outcome, in_burn};

const ELEMENTS: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Recorded,
    HandWritten,
    ApplyInto,
    Naive,
    Burn,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Recorded => "wgpu-relu, recorded",
            Way::HandWritten => "written by hand: set_pipeline, set_bind_group, dispatch",
            Way::ApplyInto => "wgpu-relu, apply_into",
            Way::Naive => "naive: uniform, bind group, encoder and submit each time",
            Way::Burn => "Burn, flushed each time",
        })
    }
}

/// Median seconds of an operation.
pub(crate) struct Measured {
    pub(crate) way: Way,
    /// Until the host is free again, without the one submit of recorded operations.
    pub(crate) host: f64,
    /// Until the device is done.
    pub(crate) to_completion: f64,
}

/// The host's time, and the whole time.
type Times = (Duration, Duration);

/// Runs the ways in alternating rounds, after one that warms up.
pub(crate) fn measure(shared: &Shared, rounds: u32) -> Outcome<Vec<Measured>> {
    let gpu = &shared.gpu;
    let values: Vec<f32> = (0..ELEMENTS).map(|i| i as f32 - 128.0).collect();
    let x = gpu.upload(&values)?;
    let (own, by_hand) = (gpu.upload(&values)?, gpu.upload(&values)?);
    let relu = GpuRelu::new(gpu);
    let prepared = relu.prepare(&x, &own)?;
    let naive = Naive::new(shared, Activation::Relu).ok_or("there is no naive relu")?;
    let kernel = naive.bind(shared, &x, &by_hand);
    let tensor = in_burn::tensor(&values, &shared.burn);
    let in_burn = in_burn::function(Activation::Relu).ok_or("Burn has no relu")?;

    let recorded = |times: u32, record: &dyn Fn(&mut wgpu::ComputePass<'_>)| -> Outcome<Times> {
        let start = Instant::now();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            (0..times).for_each(|_| record(&mut pass));
        }
        // wgpu does much of the work of recording only here.
        let commands = encoder.finish();
        let host = start.elapsed();
        gpu.queue().submit([commands]);
        wait(shared)?;
        Ok((host, start.elapsed()))
    };
    let run = |way: Way, times: u32| -> Outcome<Times> {
        let start = Instant::now();
        match way {
            Way::Recorded => return recorded(times, &|pass| prepared.record(pass)),
            Way::HandWritten => return recorded(times, &|pass| kernel.record(pass)),
            Way::ApplyInto => {
                for _ in 0..times {
                    relu.apply_into(&x, &own)?;
                }
            }
            Way::Naive => (0..times).for_each(|_| naive.submit(shared, &x, &by_hand)),
            Way::Burn => {
                for _ in 0..times {
                    let y = in_burn(tensor.clone());
                    shared.burn.flush()?;
                    drop(y);
                }
            }
        }
        let host = start.elapsed();
        match way {
            Way::Burn => shared.burn.sync()?,
            _ => wait(shared)?,
        }
        Ok((host, start.elapsed()))
    };

    let ways = [Way::Recorded, Way::HandWritten, Way::ApplyInto, Way::Naive, Way::Burn];
    let mut samples = ways.map(|way| (way, Vec::new(), Vec::new()));
    // Recorded operations are short, so a sample has many.
    for round in 0..=4 * rounds {
        for (way, host, whole) in &mut samples {
            // Submits are slow and queue up.
            let times = if matches!(way, Way::Recorded | Way::HandWritten) { 2000 } else { 100 };
            let each = |spent: Duration| spent.as_secs_f64() / f64::from(times);
            // Earlier work must not disturb so short a time.
            run(*way, times / 4)?;
            let spent = run(*way, times)?;
            if round > 0 {
                host.push(each(spent.0));
                whole.push(each(spent.1));
            }
        }
        samples.reverse();
    }

    let expected = reference::forward(Activation::Relu, &values);
    samples.sort_by_key(|(way, ..)| ways.iter().position(|other| other == way));
    let results = [gpu.download(&own)?, gpu.download(&by_hand)?, in_burn::values(in_burn(tensor))?];
    if results.iter().any(|result| *result != expected) {
        return Err("a relu of 256 elements is wrong".into());
    }
    Ok(samples
        .into_iter()
        .map(|(way, host, whole)| Measured {
            way,
            host: median(host),
            to_completion: median(whole),
        })
        .collect())
}

fn wait(shared: &Shared) -> Outcome<()> {
    shared.gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
    Ok(())
}
