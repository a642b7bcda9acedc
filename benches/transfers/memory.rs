//! The memory that a long stream takes.

use std::io::{self, Read, Write};

use wgpu_relu::GpuRelu;

use crate::{Devices, rate, time};

/// Counts up, for as long as it is read.
struct Generated(u8);

impl Read for Generated {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0 = self.0.wrapping_add(1);
        into.fill(self.0);
        Ok(into.len())
    }
}

/// Sums the bytes that it gets, so that they are read.
struct Summed(u64);

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let words = bytes
            .chunks_exact(8)
            .map(|word| word.iter().fold(0u64, |sum, &b| sum << 8 | u64::from(b)));
        self.0 = words.fold(self.0, u64::wrapping_add);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn measure(devices: &Devices) {
    println!(
        "\n| path | GiB | GB/s | resident, MiB | most so far, MiB |\n| --- | --- | --- | --- | --- |"
    );
    for (path, gpu) in devices.each() {
        let relu = GpuRelu::new(gpu);
        for gib in [1, 16] {
            let bytes = gib << 30;
            let mut sum = Summed(0);
            let taken = time(|| {
                let piped =
                    relu.stream().pipe(Generated(0).take(bytes), &mut sum).expect("a stream");
                assert_eq!(piped, bytes / 4);
            });
            assert!(sum.0 != 0, "nothing came out");
            let [now, most] = ["VmRSS:", "VmHWM:"].map(resident);
            println!("| {path} | {gib} | {:.1} | {now} | {most} |", rate(bytes as usize, taken));
        }
    }
}

/// A line of /proc/self/status in MiB, or a question mark if there is none.
fn resident(name: &str) -> String {
    testkit::memory::of_process(name).map_or("?".to_owned(), |bytes| (bytes >> 20).to_string())
}
