//! How far the training scales: measured with one and two servers, computed for more.

use crate::training::{Options, Report, Workers, train};
use crate::{Outcome, Server};

/// Bits per second of a network.
const NETWORKS: [(&str, f64); 3] = [("1 Gbit/s", 1e9), ("10 Gbit/s", 1e10), ("100 Gbit/s", 1e11)];

const MACHINES: [f64; 7] = [1.0, 2.0, 4.0, 10.0, 32.0, 100.0, 1000.0];

/// Measures this machine alone and with one and two servers, and prints times for up to 1,000 machines.
///
/// The model: machines compute at the same time, each a batch of its own. All parameters go down to each machine and all
/// gradients come back up, 8 bytes per parameter, over the one link of the client. A ring of machines would move 8 bytes
/// per parameter over each link, whatever their number.
pub(crate) fn report(options: &Options) -> Outcome<()> {
    let options = Options { steps: 40, ..options.clone() };
    let alone = train(&Workers::here(), &options)?;
    let mut servers = Vec::new();
    let mut measured = Vec::new();
    for count in [1, 2] {
        servers.push(Server::start()?);
        let addresses: Vec<_> = servers.iter().map(|server| server.address.clone()).collect();
        // Each machine gets a batch of its own, so that its compute time stays.
        let options = Options { batch: count * options.batch, ..options.clone() };
        measured.push(train(&Workers::connect(&addresses)?, &options)?);
    }
    let [one, two] = [&measured[0], &measured[1]].map(|report| report.time_per_step.as_secs_f64());
    let compute = alone.time_per_step.as_secs_f64();
    println!("\nmeasured on this machine, whose processors the servers share");
    println!("  without a server      {:8.2} ms per step", 1e3 * compute);
    println!(
        "  one server            {:8.2} ms per step: {:.2} ms for the way",
        1e3 * one,
        1e3 * (one - compute)
    );
    println!(
        "  two servers           {:8.2} ms per step; computed: {:.2} with processors of their own, {:.2} with shared ones",
        1e3 * two,
        1e3 * one,
        2e3 * one
    );
    table(&alone, options.batch);
    serving();
    Ok(())
}

fn table(alone: &Report, batch: usize) {
    let compute = alone.time_per_step.as_secs_f64();
    let parameters = alone.parameters as f64;
    println!(
        "\n{parameters} parameters, {batch} digits per machine and step, {:.2} ms of compute",
        1e3 * compute
    );
    // Seconds that one machine's parameters and gradients take on a link: 8 bytes per parameter.
    let link = |bits_per_second: f64| 64.0 * parameters / bits_per_second;
    println!("digits per second, as a share of what the machines could do without a network");
    println!(
        "{:>9}  {:>24}  {:>24}  {:>24}",
        "machines", NETWORKS[0].0, NETWORKS[1].0, NETWORKS[2].0
    );
    for machines in MACHINES {
        let cells = NETWORKS.map(|(_, bits)| {
            let through_client = machines * link(bits);
            let in_ring = link(bits) * (machines - 1.0) / machines;
            let [client, ring] = [through_client, in_ring].map(|s| 100.0 * compute / (compute + s));
            format!("client {client:5.1} % ring {ring:5.1} %")
        });
        println!("{machines:>9}  {}  {}  {}", cells[0], cells[1], cells[2]);
    }
    for (name, bits) in NETWORKS {
        let half = compute / link(bits);
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
