//! Trains a network to read handwritten digits on several machines at once. Each server of burn-remote computes the gradient
//! of its part of every batch; this program averages the gradients and keeps the parameters.
//!
//! ```sh
//! cargo run --release --features remote --example train_remote                      # two servers on this machine
//! cargo run --release --features remote --example train_remote -- scale            # how far it scales, from measurements
//! ```
//!
//! Servers listen on 127.0.0.1 only, so other machines are reached through tunnels:
//!
//! ```sh
//! cargo run --release --features remote --example train_remote -- serve 3000       # on the machines a and b
//! ssh -fNL 3001:127.0.0.1:3000 a && ssh -fNL 3002:127.0.0.1:3000 b                 # on this machine
//! cargo run --release --features remote --example train_remote -- train ws://127.0.0.1:3001,ws://127.0.0.1:3002 --checkpoint digits.bin
//! ```

mod digits;
mod network;
mod scale;
mod training;

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

use burn::server::{RemoteServer, WebSocketTransport};
use burn::tensor::Device;
use training::{Options, Workers, train};
use wgpu_relu_burn::device::open;

const USAGE: &str = "usage: train_remote [serve PORT | train [SERVERS] [OPTIONS] | scale]
  serve PORT           run a server on this machine, for 127.0.0.1 only; port 0 takes a free one
  train SERVERS        train on servers: ws://host:port, with commas between them; without any, on this machine
  scale                measure one and two servers here, and compute times for up to 1,000
  --steps N            steps in all (default 200)
  --batch N            digits per step, over all servers (default 128)
  --width N            units of the hidden layer (default 128)
  --checkpoint FILE    resume from FILE if it exists, and write it every 20 steps and at the end";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome<()> {
    let mut words = arguments.iter().map(String::as_str);
    match words.next() {
        None => {
            let servers = [Server::start()?, Server::start()?];
            let addresses: Vec<_> = servers.iter().map(|server| server.address.clone()).collect();
            train(&Workers::connect(&addresses)?, &Options::default()).map(|_| ())
        }
        Some("serve") => serve(words.next().ok_or(USAGE)?.parse()?),
        Some("scale") => scale::report(&options(words)?.1),
        Some("train") => {
            let (servers, options) = options(words)?;
            let workers =
                if servers.is_empty() { Workers::here()? } else { Workers::connect(&servers)? };
            train(&workers, &options).map(|_| ())
        }
        Some(_) => Err(USAGE.into()),
    }
}

fn options<'w>(mut words: impl Iterator<Item = &'w str>) -> Outcome<(Vec<String>, Options)> {
    let (mut servers, mut options) = (Vec::new(), Options::default());
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(USAGE);
        match word {
            "--steps" => options.steps = value()?.parse()?,
            "--batch" => options.batch = value()?.parse()?,
            "--width" => options.width = value()?.parse()?,
            "--checkpoint" => options.checkpoint = Some(PathBuf::from(value()?)),
            _ if word.starts_with("ws://") => servers.extend(word.split(',').map(String::from)),
            _ => return Err(format!("{word} is no option\n{USAGE}").into()),
        }
    }
    Ok((servers, options))
}

/// Serves this machine's device until the process ends. The first line of output is the address.
fn serve(port: u16) -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("ws://{}", listener.local_addr()?);
    let (device, _) = open(Device::wgpu_options())?;
    let server = RemoteServer::new([device]);
    let transport = WebSocketTransport::from_listener(listener);
    Ok(wgpu_relu_burn::register(server).serve(transport)?)
}

/// A server in a process of its own, which ends with this value.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args(["serve", "0"]).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        Ok(Server { process, address: address.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
