//! The dispatches of sums over channels.

use crate::args::channels::Channels;
use crate::args::range::BufferRange;
use crate::element::ElementType;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::plan::dispatch::{Dispatch, Plan};
use crate::plan::planner::Planner;
use crate::plan::ranges::BoundRange;
use crate::plan::reduce::{ReducePass, Reduction, scratch};
use crate::plan::request::equal_lengths;
use crate::plan::uniform::SumParams;
use crate::shader::sum::{Sum, SumInput};
use crate::shader::variant::VectorWidth;

/// The same number as in `sum.wgsl`.
const LANES: u64 = 8;

/// Sums over channels to plan: the gradient of a bias, or that of a PReLU's slopes.
///
/// ```
/// use wgpu_relu::plan::{BufferRange, Planner, SumRequest};
/// use wgpu_relu::{Channels, ElementType, wgpu};
///
/// let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
/// let planner = Planner::new(&info, &wgpu::Limits::default(), wgpu::Features::empty());
/// let [x, dy] = [0, 1].map(|buffer| BufferRange::whole(buffer, 4096)); // 1024 f32
/// let dw = BufferRange::whole(2, 32); // eight slopes
/// let plan = SumRequest::weight_gradient([ElementType::F32; 2], x, dy, Channels::last(8), dw).plan(&planner)?;
/// assert_eq!((plan.scratch.len(), plan.dispatches.len()), (1, 2));
/// # Ok::<(), wgpu_relu::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SumRequest {
    pub(crate) input: SumInput,
    /// Whether the sums are added to the contents of their range.
    pub(crate) accumulates: bool,
    /// Each range has one element per term.
    pub(crate) ranges: Vec<BufferRange>,
    pub(crate) channels: Channels,
    pub(crate) sums: BufferRange,
}

impl SumRequest {
    /// The sums of the elements of each channel of x, as f32.
    pub fn channel_sums(
        element: ElementType,
        x: BufferRange,
        channels: Channels,
        sums: BufferRange,
    ) -> Self {
        let (input, ranges) = (SumInput::Values(element), vec![x]);
        SumRequest { input, accumulates: false, ranges, channels, sums }
    }

    /// dw of a PReLU: the sums of x · dy over the elements of each channel that are not above 0, as f32. `elements` are
    /// the element types of x and of dy.
    pub fn weight_gradient(
        elements: [ElementType; 2],
        x: BufferRange,
        dy: BufferRange,
        channels: Channels,
        dw: BufferRange,
    ) -> Self {
        let (input, ranges) = (SumInput::Slopes(elements), vec![x, dy]);
        SumRequest { input, accumulates: false, ranges, channels, sums: dw }
    }

    /// Adds the sums to the contents of their range.
    pub fn accumulating(self) -> Self {
        SumRequest { accumulates: true, ..self }
    }

    /// Plans the sums. For no elements, the last scratch buffer must hold zeros; otherwise scratch may hold anything.
    ///
    /// # Errors
    ///
    /// Those of [`GpuPrelu::prepare_weight_gradient`](crate::GpuPrelu::prepare_weight_gradient) that a plan can find.
    pub fn plan(&self, planner: &Planner) -> Result<Plan> {
        let length = self.validate()?;
        let SumRequest { channels, sums, .. } = *self;
        if length > 0 {
            return of_rows(planner, self, length);
        }
        // Without terms, a row of zeros is summed. It is a third scratch buffer, which wgpu clears before its first use.
        let size = 4 * channels.row();
        let zeros = Self::channel_sums(ElementType::F32, scratch(2, size), channels, sums);
        let zeros = SumRequest { accumulates: self.accumulates, ..zeros };
        let mut plan = of_rows(planner, &zeros, channels.row())?;
        plan.scratch.resize(2, 4);
        plan.scratch.push(size);
        Ok(plan)
    }

    /// Checks ranges and lengths. Returns the number of terms.
    fn validate(&self) -> Result<u64> {
        let terms = || [Operand::X, Operand::Dy].into_iter().zip(&self.ranges);
        terms().try_for_each(|(operand, range)| range.contiguous(operand).map(|_| ()))?;
        let elements = self.input.elements();
        let typed =
            terms().zip(elements).map(|((operand, range), element)| (operand, *range, element));
        let length = equal_lengths(typed)?;
        self.channels.check(length)?;
        let written = self.input.written();
        let found = self.sums.contiguous(written)?.storage(written, ElementType::F32)?;
        let channels = self.channels.count;
        if found != u64::from(channels) {
            return Err(Error::ChannelLength { operand: written, length: found, channels });
        }
        match terms().find(|(_, range)| range.same_buffer(&self.sums)) {
            Some((operand, _)) => Err(Error::SharedBuffer { operand, written }),
            None => Ok(length),
        }
    }
}

fn of_rows(planner: &Planner, request: &SumRequest, length: u64) -> Result<Plan> {
    let &SumRequest { accumulates, channels, sums, .. } = request;
    let launch = planner.launch.one_vector_per_invocation();
    planner.check_limits(launch.workgroup, 1 + request.ranges.len() as u32)?;
    let reduction = Reduction::new(planner, channels, length, 4, 4)?;
    let mut dispatches = Vec::new();
    let (mut input, mut ranges) = (request.input, request.ranges.clone());
    let last = reduction.levels.len() - 1;
    for (level, passes) in reduction.levels.iter().enumerate() {
        let output = reduction.output(level, sums);
        for pass in passes {
            let bound = Bound::new(planner, pass, input, &ranges, &output);
            let invocations = pass.outputs() / bound.width.elements() / bound.sums_per_invocation;
            let accumulates = pass.adds || (accumulates && level == last);
            let (width, pooled) = (bound.width, planner.pooled);
            let shader = Sum { input, width, accumulates, pooled };
            let uniform = bound.params(pass).words();
            let workgroups = launch.workgroups(4 * invocations);
            let bindings = [bound.y].into_iter().chain(bound.inputs);
            let dispatch = Dispatch::new(shader, &launch.size(), bindings, uniform, workgroups);
            dispatches.push(dispatch.starting_at(pass.input_start));
        }
        (input, ranges) = (SumInput::Values(ElementType::F32), vec![output]);
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
    fn new(
        planner: &Planner,
        pass: &ReducePass,
        input: SumInput,
        ranges: &[BufferRange],
        y: &BufferRange,
    ) -> Self {
        let bind = |(range, element): (&BufferRange, ElementType)| {
            planner.ranges.bind(range, element.size(), pass.input_start, pass.inputs())
        };
        let inputs: Vec<BoundRange> = ranges.iter().zip(input.elements()).map(bind).collect();
        let y = planner.ranges.bind(y, ElementType::F32.size(), pass.output_start, pass.outputs());
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
