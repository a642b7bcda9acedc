//! Servers of burn-remote in processes of their own: every operation there, and a training that loses one.
//!
//! The servers are the example `train_remote`, which `cargo test --features remote` builds.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use burn::remote::RemoteHost;
use burn::server::{RemoteServer, WebSocketTransport};
use burn::tensor::{DType, Device, Tensor, TensorData, f16};
use wgpu_relu_burn::{Activation, Draw, activate, gate, glu, prelu, probe, rrelu};

use crate::{any_bits, assert_bits, gradient, ordinary, tensor, values, wgpu};

fn example() -> Command {
    let test = std::env::current_exe().expect("a path");
    let profile = test.parent().and_then(Path::parent).expect("target/debug/deps");
    let example = profile.join("examples/train_remote");
    assert!(example.exists(), "run cargo build --features remote --example train_remote first");
    Command::new(example)
}

/// A server, which ends with this value.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(port: u16) -> Self {
        let mut command = example();
        let process = command.args(["serve", &port.to_string()]).stdout(Stdio::piped()).spawn();
        let mut process = process.expect("a server");
        let mut address = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut address).expect("its address");
        assert!(address.starts_with("ws://"), "{address}");
        Server { process, address: address.trim().to_owned() }
    }

    fn port(&self) -> u16 {
        self.address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    fn connect(&self) -> Device {
        Device::remote_options(&RemoteHost::websocket(&self.address)).init().expect("an answer")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("a running server");
        self.process.wait().expect("its end");
    }
}

#[test]
fn operations_on_a_server_have_the_bits_of_this_machine() {
    let server = Server::start(0);
    let there = server.connect();
    probe(&there).expect("a server with the operations");
    let (x, dy) = (any_bits(4099), ordinary(4099));
    for activation in Activation::ALL {
        let [found, expected] =
            [&there, &wgpu()].map(|d| values(activate(tensor(&x, d), *activation)));
        assert_bits(&found, &expected, activation);
        let [found, expected] = [there.clone(), wgpu()]
            .map(|d| gradient(tensor(&x, &d.autodiff()), &dy, |x| activate(x, *activation)));
        assert_bits(&found, &expected, format!("gradient of {activation}"));
    }
    // All kinds of calls with two inputs or two outputs.
    let of_each = [there.clone(), wgpu()].map(|device| {
        let device = device.autodiff();
        let x = || tensor(&dy[..4096], &device).reshape([8, 4, 128]).require_grad();
        let slopes = tensor(&[0.25, 0.5, 1.0, 2.0], &device).require_grad();
        let (a, b) = (x(), x());
        let y = prelu(a.clone(), slopes.clone()).expect("valid");
        let y = gate(y, b.clone(), Activation::Silu).expect("valid");
        let y = glu(y, 1, Activation::Gelu).expect("valid");
        let y = rrelu(y, 0.125, 0.5, Draw { seed: 1, offset: 2 }).expect("valid");
        let gradients = y.clone().backward();
        let read = |t: Option<Tensor<3>>| values(t.expect("a gradient"));
        let dw = values(slopes.grad(&gradients).expect("a gradient"));
        [values(y), read(a.grad(&gradients)), read(b.grad(&gradients)), dw].concat()
    });
    assert_bits(&of_each[0], &of_each[1], "all kinds");
    let of_f16 = [there, wgpu()].map(|device| {
        let data: Vec<f16> = ordinary(71).into_iter().map(f16::from_f32).collect();
        let x = Tensor::<1>::from_data(TensorData::from(data.as_slice()), (&device, DType::F16));
        let y = activate(x, Activation::Gelu).into_data().try_to_vec::<f16>();
        y.expect("16-bit floats")
    });
    assert_eq!(of_f16[0], of_f16[1]);
}

/// Such a server ends the session, and the client's read says no more than that.
#[test]
fn a_server_without_the_operations_is_found_out_when_connecting() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = RemoteHost::websocket(&format!("ws://{}", listener.local_addr().expect("bound")));
    let server = RemoteServer::new([wgpu()]);
    std::thread::spawn(move || server.serve(WebSocketTransport::from_listener(listener)));
    let device = Device::remote_options(&host).init().expect("an answer");
    let error = probe(&device).expect_err("it knows no operation").to_string();
    assert!(error.contains("wgpu_relu_burn::register of the same version"), "{error}");
}

fn train(servers: &[&Server], steps: usize, checkpoint: &Path) -> Command {
    let mut command = example();
    command.arg("train");
    if !servers.is_empty() {
        let addresses: Vec<_> = servers.iter().map(|server| server.address.clone()).collect();
        command.arg(addresses.join(","));
    }
    command.args(["--steps", &steps.to_string(), "--width", "32", "--checkpoint"]).arg(checkpoint);
    command
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

fn run(mut command: Command) -> String {
    let output = command.output().expect("the example");
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

/// The parameters of a checkpoint, after the number of the step.
fn parameters(checkpoint: &Path) -> Vec<f32> {
    let bytes = std::fs::read(checkpoint).expect("a checkpoint");
    bytes[8..].as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("its own folder");
    }
}

#[test]
#[cfg_attr(
    feature = "vulkan",
    ignore = "Mesa 22.3's compiler crashes on Burn's SPIR-V of matrix products"
)]
fn a_training_loses_a_server_resumes_and_ends_where_one_machine_does() {
    let folder = std::env::temp_dir().join(format!("wgpu-relu-burn-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let folder = Folder(folder);
    let [alone, together, start] =
        ["alone", "together", "start"].map(|name| folder.0.join(name).with_extension("bin"));

    let output = run(train(&[], 60, &alone));
    assert!(output.contains("step 60/60  loss "), "{output}");
    run(train(&[], 20, &start));
    let alone = parameters(&alone);
    let moved = difference(&parameters(&start), &alone);

    let first = Server::start(0);
    let second = Server::start(0);
    // Far more steps than there is time for: the second server ends in the middle.
    let mut long = train(&[&first, &second], 1_000_000, &together);
    let mut process =
        long.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a training");
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    let progress = lines.next().expect("a line").expect("text");
    assert!(progress.starts_with("step 20/1000000  loss "), "{progress}");
    let (address, port) = (second.address.clone(), second.port());
    drop(second);
    let output = process.wait_with_output().expect("its end");
    let error = text(&output);
    assert!(!output.status.success(), "{error}");
    assert!(error.contains(&format!("{address} was lost after step ")), "{error}");
    assert!(error.contains("start it again, and run the same command to resume"), "{error}");

    // A dead server cannot be connected to, and the error names it.
    let output = train(&[&first], 60, &together).arg(&address).output().expect("the example");
    assert!(!output.status.success() && text(&output).contains(&address), "{}", text(&output));

    // More steps than 60 may have passed before the server's end, so the comparison is at the next whole twenty.
    let bytes = std::fs::read(&together).expect("a checkpoint");
    let step = u64::from_le_bytes(*bytes.first_chunk().expect("a step")) as usize;
    let until = step + 20;
    let second = Server::start(port);
    let output = run(train(&[&first, &second], until, &together));
    assert!(output.contains(&format!("resumes after step {step}")), "{output}");
    assert!(output.contains(&format!("step {until}/{until}  loss ")), "{output}");
    let of_one = folder.0.join("until.bin");
    run(train(&[], until, &of_one));
    let found = difference(&parameters(&together), &parameters(&of_one));
    println!("after {until} steps: moved {moved}, two servers and one machine differ by {found:e}");
    assert!(found < 1e-3 * moved, "{found:e} of {moved}");
}
