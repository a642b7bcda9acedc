//! The table.

use std::fmt::Write;

use crate::card::Card;
use crate::device::Device;
use crate::kernel::{COPY_NAME, Kernel};
use crate::rules;

/// The plain kernels as a table, and a summary of all.
pub(crate) fn page(kernels: &[Kernel], card: &Card, device: &Device) -> String {
    let mut page = format!(
        "# The kernels by AMD's compiler, for {} ({})\n\n{}, without the card, by `cargo xtask isa --family {} --write`.\n\n",
        card.family, card.name, device.driver, card.family
    );
    page += "f32 by fours. A wave has 64 invocations, so 256 elements. Cycles are the compiler's estimate of how long a wave keeps\n";
    page += "a SIMD busy. The last column is their share of the cycles in which the card's memory moves the wave's bytes";
    let _ = writeln!(
        page,
        ":\n{:.0} for two operands, {:.0} for the three of a gradient.",
        card.memory_cycles(2048),
        card.memory_cycles(3072)
    );
    if !card.is_timed {
        page += "\nThis Mesa does not know that the card issues two instructions at once, so its cycles are too many.\n";
    }
    page += "\n| kernel | VGPRs | SGPRs | spills | scratch | instructions | cycles | of the memory's |\n";
    page += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for kernel in kernels.iter().filter(|kernel| kernel.is_plain() || kernel.name == COPY_NAME) {
        page += &row(kernel, card);
    }
    let largest = kernels.iter().max_by_key(|kernel| kernel.statistics.vgprs);
    if let Some(Kernel { name, statistics, .. }) = largest {
        let spilling =
            kernels.iter().filter(|k| k.statistics.spills > 0 || k.statistics.scratch > 0).count();
        let _ = writeln!(
            page,
            "\nOf all {} kernels, {spilling} spill registers or use scratch memory. The most VGPRs are {}, in `{name}`.",
            kernels.len(),
            statistics.vgprs
        );
    }
    page
}

/// A kernel's row.
fn row(kernel: &Kernel, card: &Card) -> String {
    let s = &kernel.statistics;
    let name = kernel.name.trim_end_matches(" f32 four");
    let share = rules::share(kernel, card);
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {share:.2} |\n",
        s.vgprs, s.sgprs, s.spills, s.scratch, s.instructions, s.cycles
    )
}
