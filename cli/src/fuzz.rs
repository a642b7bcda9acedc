//! Mutated inputs for the parsers. They are the same in every run.

use std::env;
use std::time::{Duration, Instant};

/// Mutated inputs per parser, unless `FUZZ_ROUNDS` says otherwise.
const ROUNDS: u64 = 20_000;

/// No parser may take longer for one input.
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

/// Calls `parse` with mutations of the seeds: bytes changed, removed, inserted and repeated.
pub(crate) fn mutate(seeds: &[&[u8]], mut parse: impl FnMut(&[u8])) {
    let rounds = env::var("FUZZ_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(0x5eed);
    for _ in 0..rounds {
        let mut bytes = seeds[random.usize(..seeds.len())].to_vec();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=bytes.len());
            let end = (at + random.usize(..8)).min(bytes.len());
            match random.u8(..5) {
                0 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.u8(..)),
                1 => drop(bytes.drain(at..end)),
                2 => drop(
                    bytes.splice(at..end, PIECES[random.usize(..PIECES.len())].iter().copied()),
                ),
                3 => {
                    let piece = PIECES[random.usize(..PIECES.len())].repeat(random.usize(1..200));
                    drop(bytes.splice(at..at, piece));
                }
                _ => {
                    let piece = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        let started = Instant::now();
        parse(&bytes);
        assert!(
            started.elapsed() < LONGEST,
            "{:?} took {:?}",
            bytes.escape_ascii().to_string(),
            started.elapsed()
        );
    }
}
