//! How far the training and the serving of an activation scale: predicted and measured with one and two servers here,
//! computed for more.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use wgpu_relu_burn::{Activation, try_activate};

use crate::digits::{CLASSES, Digits, PIXELS};
use crate::network::Parameters;
use crate::training::{Options, Workers, median, train};
use crate::{Outcome, Server};

/// Bits per second of a network.
const NETWORKS: [(&str, f64); 3] = [("1 Gbit/s", 1e9), ("10 Gbit/s", 1e10), ("100 Gbit/s", 1e11)];

const MACHINES: [f64; 7] = [1.0, 2.0, 4.0, 10.0, 32.0, 100.0, 1000.0];

/// Elements of a served tensor: 4 MiB.
const SERVED: usize = 1 << 20;

/// Measures this machine alone and with one and two servers, beside what was predicted for them, and prints shares for up to
/// 1,000 machines.
///
/// The model: machines compute at the same time, each a batch of its own. Parameters and the batch go down to each machine
/// and gradients come back up over the one link of the client. A ring of machines with data of their own would move 8 bytes
/// per parameter over each link, whatever their number. Latency counts for nothing.
pub(crate) fn report(options: &Options) -> Outcome<()> {
    let options = Options { steps: 60, ..options.clone() };
    let here = Workers::here()?;
    let alone = train(&here, &options)?;
    let compute = alone.time_per_step;
    let of_activation = time(|| serve(&here, true))?;
    let copied = time(|| serve(&here, false))?;
    let servers =
        [Server::start()?, Server::start()?].map(|server| (server.address.clone(), server));
    let addresses = servers.each_ref().map(|(address, _)| address.clone());

    let (digits, parameters) = (Digits::load(), Parameters::new(options.width));
    let batch = digits.batch(0, options.batch);
    let (mut steps, mut served) = (Vec::new(), Vec::new());
    let (mut way, mut way_of_served) = (Duration::ZERO, Duration::ZERO);
    for count in [1, 2] {
        let workers = Workers::connect(&addresses[..count])?;
        if let (1, Some(device)) = (count, workers.devices().next()) {
            way = time(|| parameters.round_trip(device, &digits, &batch))?;
            way_of_served = time(|| serve(&workers, false))?;
        }
        // Each machine gets a batch of its own, so that its compute time stays.
        let options = Options { batch: count * options.batch, ..options.clone() };
        steps.push(train(&workers, &options)?.time_per_step);
        served.push(time(|| serve(&workers, true))?);
    }

    let bytes = bytes_per_step(alone.parameters, options.batch);
    println!(
        "\nmeasured on this machine, whose processors the servers share: two take twice the time of one, or less where \
         client and servers work at the same time"
    );
    println!(
        "a step: {:.2} ms of computing here; {bytes} bytes to and from a server in {:.2} ms",
        ms(compute),
        ms(way)
    );
    compared("ms per step", compute + way, &steps);
    let compute_served = of_activation.saturating_sub(copied);
    println!(
        "gelu of {SERVED} elements: {:.2} ms of computing here; {} bytes to and from a server in {:.2} ms",
        ms(compute_served),
        8 * SERVED,
        ms(way_of_served)
    );
    compared("ms for a tensor per server", compute_served + way_of_served, &served);
    table(compute.as_secs_f64(), alone.parameters, options.batch);
    serving();
    Ok(())
}

fn ms(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

/// The median time of a call.
fn time(mut call: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    let mut times = Vec::new();
    for _ in 0..25 {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed());
    }
    Ok(median(&times))
}

/// Sends a tensor to each worker and reads gelu of it, or the tensor itself.
fn serve(workers: &Workers, computes: bool) -> Outcome<()> {
    let queue = |device: &Device| -> Outcome<Tensor<1>> {
        let data: Vec<f32> = (0..SERVED).map(|i| (i % 1000) as f32 / 100.0 - 5.0).collect();
        let x = Tensor::<1>::from_data(TensorData::from(data.as_slice()), &device.clone().inner());
        Ok(if computes { try_activate(x, Activation::Gelu)? } else { x })
    };
    for y in workers.devices().map(queue).collect::<Outcome<Vec<_>>>()? {
        y.try_into_data()?;
    }
    Ok(())
}

/// Prints times with one and with two servers, beside the predictions: `one`, and twice that.
fn compared(unit: &str, one: Duration, measured: &[Duration]) {
    println!("  servers  predicted  measured, {unit}");
    for ((servers, predicted), measured) in [(1, one), (2, 2 * one)].into_iter().zip(measured) {
        println!("  {servers:>7}  {:>9.2}  {:.2}", ms(predicted), ms(*measured));
    }
}

/// Bytes between the client and one machine: parameters down and gradients up, and the batch with its targets.
fn bytes_per_step(parameters: usize, batch: usize) -> usize {
    8 * parameters + 4 * (PIXELS + CLASSES) * batch
}

fn table(compute: f64, parameters: usize, batch: usize) {
    let bytes = bytes_per_step(parameters, batch);
    println!(
        "\n{parameters} parameters, {batch} digits per machine and step: {bytes} bytes per machine, {:.2} ms of computing",
        1e3 * compute
    );
    println!("digits per second, as a share of what the machines could do without a network");
    println!(
        "{:>9}  {:>28}  {:>28}  {:>28}",
        "machines", NETWORKS[0].0, NETWORKS[1].0, NETWORKS[2].0
    );
    for machines in MACHINES {
        let cells = NETWORKS.map(|(_, bits)| {
            let through_client = machines * 8.0 * bytes as f64 / bits;
            let in_ring = 64.0 * parameters as f64 / bits * (machines - 1.0) / machines;
            let [client, ring] = [through_client, in_ring].map(|s| 100.0 * compute / (compute + s));
            format!("client {client:5.1} %  ring {ring:5.1} %")
        });
        println!("{machines:>9}  {:>28}  {:>28}  {:>28}", cells[0], cells[1], cells[2]);
    }
    for (name, bits) in NETWORKS {
        let half = compute * bits / (8.0 * bytes as f64);
        println!(
            "{name}: through the client, half the time is the network's from {half:.0} machines on"
        );
    }
}

/// Elementwise work on a server: 4 bytes there and 4 back per element, against 8 bytes of the server's own memory.
fn serving() {
    println!(
        "\nserving an activation: elements per second over one link, against a GPU with 1 TB/s of memory"
    );
    for (name, bits) in NETWORKS {
        let elements = bits / 64.0;
        println!(
            "  {name:>10}  {elements:.2e} of {:.2e}: {:.3} %",
            1e12 / 8.0,
            100.0 * elements / (1e12 / 8.0)
        );
    }
}
