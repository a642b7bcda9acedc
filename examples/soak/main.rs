//! Makes random calls from several threads for a time, with faults among them.
//!
//! ```sh
//! cargo xtask soak                          # one minute
//! cargo xtask soak 30                       # minutes
//! cargo xtask soak 5 --seed 7 --threads 4   # the same steps as any other run of the seed
//! cargo xtask soak --seed 7 --step 1.250    # one step alone, as a failure names it
//! ```
//!
//! Every value is compared with the CPU reference. A round has a device of its own. Its second half may leave no more
//! objects of wgpu than its first half. A run has at least seven rounds. From the seventh on, a round may not leave much more
//! memory than the first six. A step depends on the seed, its thread and its number alone.

mod device;
mod faults;
mod steps;

use std::fmt::Display;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use testkit::inputs::random_words;
use testkit::memory;

use device::Device;
use steps::{STEPS, Step};

/// Makes random calls from several threads, and checks values, errors, memory and wgpu's counters.
#[derive(Parser)]
#[command(name = "soak")]
struct Arguments {
    /// How long to run. There are at least seven rounds, and a round that has begun is finished
    #[arg(default_value_t = 1.0)]
    minutes: f64,
    /// Repeat the steps of this seed; by default, the time is the seed
    #[arg(long)]
    seed: Option<u64>,
    /// The threads that share a device
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    threads: u64,
    /// Repeat one step of the seed
    #[arg(long, requires = "seed", value_name = "THREAD.NUMBER")]
    step: Option<String>,
}

/// A failure in words.
type Outcome<T = ()> = Result<T, String>;

fn message(error: impl Display) -> String {
    error.to_string()
}

/// Steps per thread in half a round. A round takes some seconds, so that a minute suffices for the warm-up and more.
const STEPS_PER_HALF: u64 = 25;

/// Rounds that fill the pools of the driver and of the allocator.
const WARM_UP: u64 = 6;

/// How many more bytes than after the warm-up may be resident. The memory of compiled shaders comes and goes with the
/// devices: in ten minutes on lavapipe, up to 38 MiB more than after the warm-up were resident, and later fewer again.
const MAX_GROWTH: u64 = 64 << 20;

/// Seconds after which a step hangs. The watch counts them while the process runs, so a process that was stopped does not
/// fail.
const LONGEST_STEP: u64 = 120;

/// Runs a step. An error says how to repeat it.
fn run_step(device: &Device, seed: u64, thread: u64, number: u64) -> Outcome {
    let mut random = random_words(seed ^ thread << 56 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (name, step): (&str, Step) = STEPS[random() as usize % STEPS.len()];
    let outcome = catch_unwind(AssertUnwindSafe(|| step(device, &mut random)));
    let outcome = outcome.unwrap_or_else(|_| Err("it panicked, see above".to_owned()));
    outcome.map_err(|error| {
        let again = format!("cargo xtask soak --seed {seed} --step {thread}.{number}");
        format!("step {thread}.{number} ({name}): {error}\nTo repeat it: {again}")
    })
}

/// Each thread runs its steps of these numbers.
fn run_steps(device: &Device, threads: u64, seed: u64, numbers: Range<u64>) -> Outcome {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let (next, numbers) = (Arc::new(AtomicU64::new(numbers.start)), numbers.clone());
                watch(Arc::clone(&next), numbers.end, seed, thread);
                scope.spawn(move || {
                    let run = |number| {
                        run_step(device, seed, thread, number)?;
                        next.store(number + 1, Ordering::Relaxed);
                        Ok(())
                    };
                    let outcome = numbers.clone().try_for_each(run);
                    // The watch of a thread that failed ends as well.
                    next.store(numbers.end, Ordering::Relaxed);
                    outcome
                })
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Outcome>| {
            thread.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()))
        };
        threads.into_iter().try_for_each(join)
    })
}

/// Ends the process when a thread makes no progress.
fn watch(next: Arc<AtomicU64>, end: u64, seed: u64, thread: u64) {
    std::thread::spawn(move || {
        let (mut last, mut seconds) = (u64::MAX, 0);
        loop {
            let number = next.load(Ordering::Relaxed);
            if number == end {
                return;
            }
            seconds = if number == last { seconds + 1 } else { 0 };
            last = number;
            if seconds == LONGEST_STEP {
                eprintln!("soak: seed {seed}, step {thread}.{number} hangs");
                std::process::exit(1);
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    });
}

/// Two halves of the same kind on a new device.
fn run_round(threads: u64, seed: u64, round: u64) -> Outcome {
    let device = Device::new()?;
    let first = 2 * round * STEPS_PER_HALF;
    let (middle, end) = (first + STEPS_PER_HALF, first + 2 * STEPS_PER_HALF);
    run_steps(&device, threads, seed, first..middle)?;
    let before = device.objects()?;
    run_steps(&device, threads, seed, middle..end)?;
    let started = Instant::now();
    loop {
        let after = device.objects()?;
        if after.iter().zip(before).all(|(after, before)| *after <= before) {
            break;
        }
        // The threads of dropped downloads may still be ending.
        if started.elapsed() > Duration::from_secs(5) {
            return Err(format!(
                "buffers, bind groups and textures: {before:?} after half of the round, {after:?} at its end"
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    device.check_handler()
}

fn run(arguments: &Arguments) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (seed, threads) = (arguments.seed.unwrap_or(now), arguments.threads);
    println!("seed {seed}");
    if let Some(step) = &arguments.step {
        let numbers = step.split_once('.');
        let numbers = numbers.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let (thread, number) = numbers.ok_or_else(|| {
            format!("step {step:?}, but it must be a thread and a number, as in 1.250")
        })?;
        return run_step(&Device::new()?, seed, thread, number);
    }
    let started = Instant::now();
    let (mut rounds, mut warm) = (0, 0);
    while rounds <= WARM_UP || started.elapsed().as_secs_f64() < 60.0 * arguments.minutes {
        run_round(threads, seed, rounds)
            .map_err(|error| format!("seed {seed}, round {rounds}: {error}"))?;
        rounds += 1;
        let resident = memory::of_process("VmRSS:").unwrap_or(0);
        if rounds <= WARM_UP {
            warm = resident.max(warm);
        }
        println!(
            "{:.1} minutes: {rounds} rounds, {} steps, {} MiB resident, {} after the warm-up",
            started.elapsed().as_secs_f64() / 60.0,
            rounds * threads * 2 * STEPS_PER_HALF,
            resident >> 20,
            warm >> 20
        );
        if resident > warm + MAX_GROWTH {
            return Err(format!(
                "seed {seed}, round {rounds}: {resident} bytes are resident, {warm} after the warm-up; \
                 the limit is {MAX_GROWTH} more"
            ));
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}
