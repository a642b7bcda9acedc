//! Mutated inputs for the parsers. `BOLERO_RANDOM_ITERATIONS` makes more of them (docs/RELIABILITY.md).

use std::time::{Duration, Instant};

use bolero::TypeGenerator;

/// Mutated inputs per parser, unless `BOLERO_RANDOM_ITERATIONS` says otherwise.
const ROUNDS: usize = 20_000;

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

/// Calls `parse` with mutations of the seeds: bytes changed, removed, inserted and repeated.
pub(crate) fn mutate(seeds: &[&[u8]], parse: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let mutations = bolero::produce::<Vec<Mutation>>().with().len(1usize..6);
    let input = (bolero::produce::<u8>(), mutations);
    bolero::check!().with_generator(input).with_iterations(ROUNDS).for_each(|(seed, mutations)| {
        let mut bytes = seeds[usize::from(*seed) % seeds.len()].to_vec();
        mutations.iter().for_each(|mutation| mutation.make(&mut bytes));
        let started = Instant::now();
        parse(&bytes);
        let took = started.elapsed();
        assert!(took < LONGEST, "{} took {took:?}", bytes.escape_ascii());
    });
}
