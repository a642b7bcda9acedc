//! Measures every activation forward, in place and its gradient, from 4 Ki to 64 Mi elements, beside a plain copy of
//! the same buffers. Each result is compared with the CPU reference after it was timed.
//!
//! ```sh
//! cargo bench                        # criterion's report, and the table
//! cargo bench -- 'elu/gradient'      # a part of it
//! cargo xtask bench                  # all, with the table written to benches/results/
//! ```

mod table;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use table::Table;
use testkit::bench::{Operation, Operator, Setup};
use wgpu_relu::{Activation, Gpu};

/// From 4 Ki to 64 Mi.
const LENGTHS: [usize; 8] =
    [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26];

fn main() {
    let gpu = Gpu::new().expect("the benchmarks need an adapter; `cargo xtask bench` installs one");
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .configure_from_args();
    let mut table = Table::new(&gpu.adapter_info());
    for length in LENGTHS {
        let setup = match Setup::new(&gpu, length) {
            Ok(setup) => setup,
            Err(error) => {
                println!("{length} elements left out: {error}");
                continue;
            }
        };
        let copy = [Operation::Copy];
        let operators = Activation::ALL.iter().flat_map(|&activation| {
            Operator::ALL.map(|operator| Operation::Operator(activation, operator))
        });
        for operation in copy.into_iter().chain(operators) {
            measure(&mut criterion, &setup, operation, &mut table);
        }
    }
    criterion.final_summary();
    table.finish();
}

fn measure(criterion: &mut Criterion, setup: &Setup<'_>, operation: Operation, table: &mut Table) {
    let mut group = criterion.benchmark_group(operation.to_string());
    group.throughput(Throughput::Bytes(operation.bytes(setup.length())));
    let mut samples = Vec::new();
    group.bench_function(BenchmarkId::from_parameter(setup.length()), |bencher| {
        bencher.iter_custom(|iterations| {
            let spent = setup.time(operation, iterations).expect("the operation runs").wall;
            samples.push((iterations, spent));
            spent
        });
    });
    // Nothing ran if the command line left this operation out.
    if !samples.is_empty() {
        table.add(operation, setup.length(), &samples);
        setup.verify(operation).expect("the result is the reference's");
    }
}
