//! Mutated inputs for the parsers. `BOLERO_RANDOM_ITERATIONS` or `cargo xtask fuzz` makes more of them.

use std::fs;
use std::io::{Write, stderr};
use std::panic::RefUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use bolero::TypeGenerator;

/// Mutated inputs per parser, unless `BOLERO_RANDOM_ITERATIONS` says otherwise.
const ROUNDS: usize = 20_000;

/// The most processor time that a parser may take for one input. Real time would depend on what else the machine does.
const LONGEST: Duration = Duration::from_secs(2);

/// Pieces that parsers treat in a special way.
const PIECES: &[&[u8]] = &[
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b"'",
    b"\"",
    b",",
    b":",
    b"=",
    b"\\",
    b"#",
    b"-",
    b"L",
    b"0x",
    b"_",
    b"\n",
    b"\0",
    b"\xff",
    b"'''",
    b"True",
    b"None",
    b"nan",
    b"1e999",
    b"18446744073709551616",
    b"((((((((",
    b"[[[[[[[[",
];

/// A change of the bytes from a place on.
#[derive(Debug, TypeGenerator)]
struct Mutation {
    at: u16,
    length: u8,
    change: Change,
}

#[derive(Debug, TypeGenerator)]
enum Change {
    Replace([u8; 8]),
    Remove,
    Piece(u8),
    Pieces { piece: u8, times: u8 },
    Repeat,
}

impl Mutation {
    fn make(&self, bytes: &mut Vec<u8>) {
        let at = usize::from(self.at) % (bytes.len() + 1);
        let end = (at + usize::from(self.length % 8)).min(bytes.len());
        let piece = |number: u8| PIECES[usize::from(number) % PIECES.len()];
        match self.change {
            Change::Replace(with) => bytes[at..end].copy_from_slice(&with[..end - at]),
            Change::Remove => drop(bytes.drain(at..end)),
            Change::Piece(number) => drop(bytes.splice(at..end, piece(number).iter().copied())),
            Change::Pieces { piece: number, times } => {
                drop(bytes.splice(at..at, piece(number).repeat(usize::from(times))));
            }
            Change::Repeat => {
                let repeated = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, repeated));
            }
        }
    }
}

/// The processor time of the thread that makes the clock. Where the system has no /proc, real time.
struct Clock {
    schedstat: Option<PathBuf>,
    made: Instant,
}

impl Clock {
    fn of_this_thread() -> Self {
        let thread = fs::read_link("/proc/thread-self").ok();
        let schedstat = thread.map(|thread| PathBuf::from("/proc").join(thread).join("schedstat"));
        Clock { schedstat, made: Instant::now() }
    }

    fn now(&self) -> Duration {
        let text = self.schedstat.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse().ok());
        nanoseconds.map_or_else(|| self.made.elapsed(), Duration::from_nanos)
    }
}

/// The input that the parser has now.
#[derive(Default)]
struct Input {
    number: u64,
    bytes: Vec<u8>,
}

fn lock(input: &Mutex<Input>) -> MutexGuard<'_, Input> {
    input.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process when one input takes too long, because a parser in an endless loop cannot be made to panic.
fn watch(input: Weak<Mutex<Input>>, clock: Clock) {
    thread::spawn(move || {
        let (mut number, mut began) = (0, clock.now());
        while let Some(input) = input.upgrade() {
            let input = lock(&input);
            if input.number != number {
                (number, began) = (input.number, clock.now());
            } else if clock.now().saturating_sub(began) > LONGEST {
                let bytes = input.bytes.escape_ascii();
                // Unlike `eprintln`, this is not captured as the output of a test.
                let _ = writeln!(stderr(), "{bytes} takes more than {LONGEST:?} of processor time");
                std::process::exit(1);
            }
            drop(input);
            thread::sleep(LONGEST / 20);
        }
    });
}

/// Calls `parse` with mutations of the seeds: bytes changed, removed, inserted and repeated.
pub(crate) fn mutate(seeds: &[&[u8]], parse: impl Fn(&[u8]) + RefUnwindSafe) {
    let mutations = bolero::produce::<Vec<Mutation>>().with().len(1usize..6);
    let generator = (bolero::produce::<u8>(), mutations);
    let input = Arc::new(Mutex::new(Input::default()));
    watch(Arc::downgrade(&input), Clock::of_this_thread());
    bolero::check!().with_generator(generator).with_iterations(ROUNDS).for_each(
        |(seed, mutations)| {
            let mut bytes = seeds[usize::from(*seed) % seeds.len()].to_vec();
            mutations.iter().for_each(|mutation| mutation.make(&mut bytes));
            let mut input = lock(&input);
            input.number += 1;
            input.bytes.clone_from(&bytes);
            drop(input);
            parse(&bytes);
        },
    );
}
