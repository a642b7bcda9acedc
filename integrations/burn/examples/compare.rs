//! Burn's own activations beside ours, on the default adapter: accuracy, memory kept for the gradient, and times.
//!
//! ```sh
//! cargo run --release --example compare                       # with fusion
//! cargo run --release --no-default-features --example compare # without
//! ```

use std::time::Instant;

use burn::backend::DispatchDevice;
use burn::tensor::{Device, Tensor, activation as burns};
use cubecl::MemoryScope;
use wgpu_relu::reference;
use wgpu_relu_burn::device::{open, route};
use wgpu_relu_burn::{Activation, activate};

type Function = fn(Tensor<1>) -> Tensor<1>;

const PAIRS: [(Activation, Function, Function); 4] = [
    (Activation::Relu, |x| activate(x, Activation::Relu), burns::relu),
    (
        Activation::Elu { alpha: 1.0 },
        |x| activate(x, Activation::Elu { alpha: 1.0 }),
        |x| burns::elu(x, 1.0),
    ),
    (Activation::Gelu, |x| activate(x, Activation::Gelu), burns::gelu),
    (Activation::Silu, |x| activate(x, Activation::Silu), burns::silu),
];

/// Elements of the tensors that are timed: 16 MiB.
const LENGTH: usize = 1 << 22;

/// Operations of a chain. Each is a product, an activation and a sum.
const CHAIN: usize = 10;

const ROUNDS: usize = 9;

fn main() {
    let (device, setup) = open(Device::wgpu_options()).expect("an adapter");
    let fusion = if cfg!(feature = "fusion") { "with" } else { "without" };
    let adapter = setup.adapter.get_info();
    println!(
        "{} ({}), {fusion} fusion, {}, {LENGTH} elements of f32, the median of {ROUNDS} rounds\n",
        adapter.name,
        adapter.driver_info,
        route(&device).expect("an opened device"),
    );
    println!(
        "| activation | by | largest error of y, ulp | of dx, ulp | kept for the gradient, bytes per element | forward, ms | backward, ms | {CHAIN} in a chain, ms |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (activation, ours, theirs) in PAIRS {
        for (by, f) in [("this package", ours), ("Burn", theirs)] {
            let [of_y, of_dx] = errors(&device, activation, f);
            let kept = kept(&device, f);
            let [forward, backward] = times(&device, f);
            let chain = median(|| {
                let x = input(&device, LENGTH);
                read(&x);
                let start = Instant::now();
                let y = (0..CHAIN).fold(x, |x, _| f(x * 0.75) + 0.125);
                read(&y);
                start.elapsed().as_secs_f64()
            });
            let ms = [forward, backward, chain].map(|seconds| format!("{:.1}", 1e3 * seconds));
            println!(
                "| {activation} | {by} | {} | {} | {kept:.2} | {} | {} | {} |",
                error(of_y),
                error(of_dx),
                ms[0],
                ms[1],
                ms[2]
            );
        }
    }
}

/// Numbers in -8..8, on the device.
fn input(device: &Device, length: usize) -> Tensor<1> {
    Tensor::<1>::random([length], burn::tensor::Distribution::Uniform(-8.0, 8.0), device)
}

/// Waits for a tensor, by its first element.
fn read(x: &Tensor<1>) {
    let first: Vec<f32> = x.clone().slice(0..1).into_data().try_to_vec().expect("f32");
    assert!(!first[0].is_infinite());
}

fn values(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("f32")
}

/// The largest errors of y and of dx over -100..100, as the tests of the library count them.
fn errors(device: &Device, activation: Activation, f: Function) -> [f64; 2] {
    let x: Vec<f32> = (0..200_001).map(|i| i as f32 / 1000.0 - 100.0).collect();
    let leaf = Tensor::<1>::from_floats(x.as_slice(), &device.clone().autodiff()).require_grad();
    let y = f(leaf.clone());
    let gradients = y.clone().sum().backward();
    let dx = values(leaf.grad(&gradients).expect("a gradient"));
    let worst = |found: &[f32], error: &dyn Fn(f32, f32) -> f64| {
        let errors = x.iter().zip(found).map(|(x, found)| error(*x, *found));
        errors.map(|error| if error.is_nan() { f64::INFINITY } else { error }).fold(0.0, f64::max)
    };
    [
        worst(&values(y), &|x, y| reference::value_ulp_error(activation, x, y)),
        worst(&dx, &|x, dx| reference::gradient_ulp_error(activation, x, 1.0, dx)),
    ]
}

fn error(ulp: f64) -> String {
    match ulp {
        _ if ulp.is_infinite() => "NaN".to_owned(),
        _ if ulp >= 1e4 => format!("{ulp:.0e}"),
        _ => format!("{ulp:.1}"),
    }
}

/// Bytes per element that y's graph holds, beside x and y.
fn kept(device: &Device, f: Function) -> f64 {
    let DispatchDevice::Cube(cube) = device.as_dispatch() else { return f64::NAN };
    let client = cube.client();
    let used = || client.memory_report(MemoryScope::CurrentStream).usage().bytes_in_use as f64;
    let leaf = input(&device.clone().autodiff(), LENGTH).require_grad();
    read(&leaf);
    let before = used();
    // The product is an x that only the graph may hold.
    let y = f(leaf.clone() * 0.5);
    read(&y);
    let held = used() - before;
    assert!(leaf.grad(&y.sum().backward()).is_some());
    held / LENGTH as f64 - 4.0
}

/// Seconds of the forward and of the backward pass.
fn times(device: &Device, f: Function) -> [f64; 2] {
    let forward = median(|| {
        let x = input(device, LENGTH);
        read(&x);
        let start = Instant::now();
        read(&f(x));
        start.elapsed().as_secs_f64()
    });
    let device = device.clone().autodiff();
    let backward = median(|| {
        let x = input(&device, LENGTH).require_grad();
        let y = f(x.clone());
        read(&y);
        let start = Instant::now();
        let gradients = y.backward();
        let dx = x.grad(&gradients).expect("a gradient");
        read(&dx);
        start.elapsed().as_secs_f64()
    });
    [forward, backward]
}

fn median(mut run: impl FnMut() -> f64) -> f64 {
    // The first run compiles.
    run();
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| run()).collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}
