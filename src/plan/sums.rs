//! The dispatches of sums over channels.

use crate::args::channels::Channels;
use crate::args::range::BufferRange;
use crate::element::ElementType;
use crate::error::Result;
use crate::plan::dispatch::{Dispatch, Plan};
use crate::plan::planner::Planner;
use crate::plan::ranges::BoundRange;
use crate::plan::reduce::{ReducePass, Reduction, scratch};
use crate::plan::uniform::SumParams;
use crate::shader::sum::{Sum, SumInput};
use crate::shader::variant::VectorWidth;

/// The same number as in `sum.wgsl`.
const LANES: u64 = 8;

/// The terms of a sum, and their ranges. Each range has one element per term.
pub(crate) struct SumOperands {
    pub(crate) input: SumInput,
    /// Whether the sums are added to the contents of their range.
    pub(crate) accumulates: bool,
    pub(crate) ranges: Vec<BufferRange>,
}

/// The sums of `length` terms over their channels, as f32.
pub(crate) fn plan(
    planner: &Planner,
    operands: SumOperands,
    channels: Channels,
    length: u64,
    sums: BufferRange,
) -> Result<Plan> {
    if length > 0 {
        return of_rows(planner, operands, channels, length, sums);
    }
    // Without terms, a row of zeros is summed. It is a third scratch buffer, which wgpu clears before its first use.
    let size = 4 * channels.row();
    let ranges = vec![scratch(2, size)];
    let zeros = SumOperands { input: SumInput::Values(ElementType::F32), ranges, ..operands };
    let mut plan = of_rows(planner, zeros, channels, channels.row(), sums)?;
    plan.scratch.resize(2, 4);
    plan.scratch.push(size);
    Ok(plan)
}

fn of_rows(
    planner: &Planner,
    operands: SumOperands,
    channels: Channels,
    length: u64,
    sums: BufferRange,
) -> Result<Plan> {
    let launch = planner.launch.one_vector_per_invocation();
    planner.check_limits(launch.workgroup, 1 + operands.ranges.len() as u32)?;
    let reduction = Reduction::new(planner, channels, length, 4, 4)?;
    let mut dispatches = Vec::new();
    let mut operands = operands;
    let last = reduction.levels.len() - 1;
    for (level, passes) in reduction.levels.iter().enumerate() {
        let output = reduction.output(level, sums);
        for pass in passes {
            let bound = Bound::new(planner, pass, &operands, &output);
            let invocations = pass.outputs() / bound.width.elements() / bound.sums_per_invocation;
            let accumulates = pass.adds || (operands.accumulates && level == last);
            let shader = Sum { input: operands.input, width: bound.width, accumulates };
            let uniform = bound.params(pass).words();
            let workgroups = launch.workgroups(4 * invocations);
            let ranges = [bound.y].into_iter().chain(bound.inputs);
            let dispatch = Dispatch::new(shader, &launch.size(), ranges, uniform, workgroups);
            dispatches.push(dispatch.starting_at(pass.input_start));
        }
        let (input, ranges) = (SumInput::Values(ElementType::F32), vec![output]);
        operands = SumOperands { input, ranges, ..operands };
    }
    Ok(Plan { scratch: reduction.scratch, dispatches, ..Plan::default() })
}

/// A pass with its bindings.
struct Bound {
    width: VectorWidth,
    sums_per_invocation: u64,
    inputs: Vec<BoundRange>,
    y: BoundRange,
}

impl Bound {
    fn new(planner: &Planner, pass: &ReducePass, operands: &SumOperands, y: &BufferRange) -> Self {
        let ranges = planner.ranges;
        let inputs: Vec<BoundRange> = operands
            .ranges
            .iter()
            .zip(operands.input.elements())
            .map(|(range, element)| {
                ranges.bind(range, element.size(), pass.input_start, pass.inputs())
            })
            .collect();
        let y = ranges.bind(y, ElementType::F32.size(), pass.output_start, pass.outputs());
        let firsts = inputs.iter().map(|input| input.first);
        let counts: Vec<u64> =
            [y.first, pass.length, pass.sums].into_iter().chain(firsts).collect();
        let fits =
            |width: &VectorWidth| counts.iter().all(|count| count.is_multiple_of(width.elements()));
        let wide = planner.launch.wide.then_some(VectorWidth::Eight64);
        let width = wide.into_iter().chain([VectorWidth::Four]).find(fits);
        let width = width.unwrap_or(VectorWidth::One);
        let (sums, uneven) = (pass.sums / width.elements(), pass.length % pass.sums);
        // A CPU reads short pieces of long rows slowly. It takes longer pieces if all columns come out even.
        let on_cpu = planner.launch.fours > 1;
        let sums_per_invocation =
            if on_cpu && sums.is_multiple_of(4 * LANES) && uneven == 0 { 4 } else { 1 };
        Bound { width, sums_per_invocation, inputs, y }
    }

    fn params(&self, pass: &ReducePass) -> SumParams {
        let vectors = |elements: u64| (elements / self.width.elements()) as u32;
        let [x, dy] = [0, 1].map(|i| self.inputs.get(i).map_or(0, |range| vectors(range.first)));
        SumParams {
            offset_y: vectors(self.y.first),
            offset_x: x,
            offset_dy: dy,
            segments: pass.segments as u32,
            length: vectors(pass.length),
            sums: vectors(pass.sums),
            sums_per_invocation: self.sums_per_invocation as u32,
            ..SumParams::ZERO
        }
    }
}
