//! Operations of wgpu-relu as plain data, which can wait in a fused stream or travel to a server.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use wgpu_relu::plan::{BufferRange, Plan, Planner, Request, SumRequest, mask_size};
use wgpu_relu::{Activation, Channels, Draw, ElementType, Operand};

use crate::error::Error;

/// An operation on tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) activation: Activation,
    /// Random slopes, for rrelu in training.
    pub(crate) draw: Option<Draw>,
}

/// What an operation computes. Its inputs are in the order of [`Call::inputs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Forward,
    Gradient,
    /// `Forward` with a mask for `MaskGradient`.
    Masked,
    MaskGradient,
    /// With slopes from a tensor, one for all elements or one per channel of dimension 1.
    Prelu,
    PreluGradient,
    /// The gradient of so many slopes.
    WeightGradient {
        slopes: usize,
    },
    /// x · f(gate).
    Gate,
    GateGradient,
    /// x · f(gate), where x and the gate are the halves of one tensor along an axis.
    Halves {
        axis: usize,
    },
    HalvesGradient {
        axis: usize,
    },
}

/// The shape and the element type of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    pub(crate) shape: Shape,
    pub(crate) dtype: DType,
}

impl Spec {
    pub(crate) fn of(tensor: &impl TensorMetadata) -> Self {
        Spec { shape: tensor.shape(), dtype: tensor.dtype() }
    }
}

impl Call {
    pub(crate) fn new(kind: Kind, activation: Activation) -> Self {
        Call { kind, activation, draw: None }
    }

    /// A call for a PReLU. Its kernels are those of rrelu, whose bounds have no effect beside given slopes.
    pub(crate) fn prelu(kind: Kind) -> Self {
        Call::new(kind, Activation::Rrelu { lower: 0.0, upper: 0.0 })
    }

    /// Another kind with the same activation and draw.
    pub(crate) fn with(self, kind: Kind) -> Self {
        Call { kind, ..self }
    }

    /// Whether the gradient can come from a mask instead of x.
    pub(crate) fn has_mask(&self) -> bool {
        self.kind == Kind::Forward && self.draw.is_none() && mask_size(&self.activation, 0).is_ok()
    }

    /// The calls that the backward pass of this one makes.
    pub(crate) fn gradients(&self, inputs: &[Spec]) -> Vec<Call> {
        let kinds = match self.kind {
            Kind::Forward if self.has_mask() => vec![Kind::MaskGradient],
            Kind::Forward => vec![Kind::Gradient],
            Kind::Prelu => {
                let slopes = inputs[1].shape.num_elements();
                vec![Kind::PreluGradient, Kind::WeightGradient { slopes }]
            }
            Kind::Gate => vec![Kind::GateGradient],
            Kind::Halves { axis } => vec![Kind::HalvesGradient { axis }],
            _ => Vec::new(),
        };
        kinds.into_iter().map(|kind| self.with(kind)).collect()
    }

    /// The operands that the inputs are.
    pub(crate) fn inputs(&self) -> &'static [Operand] {
        use Operand::{Dy, Gate, Mask, Weight, X, XHalf};
        match self.kind {
            Kind::Forward | Kind::Masked => &[X],
            Kind::Gradient | Kind::WeightGradient { .. } => &[X, Dy],
            Kind::MaskGradient => &[Mask, Dy],
            Kind::Prelu => &[X, Weight],
            Kind::PreluGradient => &[X, Weight, Dy],
            Kind::Gate => &[X, Gate],
            Kind::GateGradient => &[X, Gate, Dy],
            Kind::Halves { .. } => &[XHalf],
            Kind::HalvesGradient { .. } => &[XHalf, Dy],
        }
    }

    /// The operands that the outputs are. The gradient of a tensor of two halves is dx, for both.
    fn outputs(&self) -> &'static [Operand] {
        use Operand::{Dgate, Dw, Dx, Mask, Y};
        match self.kind {
            Kind::Forward | Kind::Prelu | Kind::Gate | Kind::Halves { .. } => &[Y],
            Kind::Masked => &[Y, Mask],
            Kind::WeightGradient { .. } => &[Dw],
            Kind::GateGradient => &[Dx, Dgate],
            _ => &[Dx],
        }
    }

    /// The shapes and types of the outputs.
    pub(crate) fn output_specs(&self, inputs: &[Spec]) -> Result<Vec<Spec>, Error> {
        let like = |input: usize| inputs[input].clone();
        let f32s = |length| Spec { shape: Shape::new([length]), dtype: DType::F32 };
        Ok(match self.kind {
            Kind::Masked => {
                let size = mask_size(&self.activation, inputs[0].shape.num_elements() as u64)?;
                vec![like(0), f32s(size as usize / 4)]
            }
            Kind::MaskGradient => vec![like(1)],
            Kind::WeightGradient { slopes } => vec![f32s(slopes)],
            Kind::GateGradient => vec![like(0), like(1)],
            Kind::Halves { axis } => {
                let Spec { mut shape, dtype } = like(0);
                shape[axis] /= 2;
                vec![Spec { shape, dtype }]
            }
            _ => vec![like(0)],
        })
    }

    /// The inputs that an output may overwrite, if the shapes and types are equal and nothing else needs them.
    pub(crate) fn replaceable(&self) -> impl Iterator<Item = usize> {
        let by_element = |operand: &Operand| !matches!(operand, Operand::Mask | Operand::Weight);
        let sums = matches!(self.kind, Kind::WeightGradient { .. });
        let inputs = self.inputs().iter().enumerate();
        inputs.filter(move |(_, operand)| !sums && by_element(operand)).map(|(index, _)| index)
    }

    /// Plans the operation on contiguous tensors: first the inputs, then the outputs. `buffers` has the number of each
    /// tensor's buffer; two tensors of one number are one in place of the other.
    pub(crate) fn plan(
        &self,
        planner: &Planner,
        tensors: &[Spec],
        buffers: &[u32],
    ) -> Result<Plan, Error> {
        let x = &tensors[self.inputs().iter().position(|o| *o != Operand::Mask).unwrap_or(0)];
        let element = element_type(x.dtype)?;
        let range = |index: usize| contiguous(buffers[index], &tensors[index]);
        if let Kind::WeightGradient { slopes } = self.kind {
            let ranges = (range(0)?, range(1)?, range(2)?);
            let channels = channels(&x.shape, slopes)?;
            let request =
                SumRequest::weight_gradient([element; 2], ranges.0, ranges.1, channels, ranges.2);
            return Ok(request.plan(planner)?);
        }
        let mut request = match self.outputs()[0] {
            Operand::Y => Request::forward(self.activation),
            _ => Request::gradient(self.activation),
        };
        let operands = self.inputs().iter().chain(self.outputs()).enumerate();
        for (index, &operand) in operands {
            request = match (self.kind, operand) {
                (_, Operand::Weight) => {
                    let slopes = tensors[index].shape.num_elements();
                    let channels = channels(&x.shape, slopes)?;
                    request.with_channels(operand, range(index)?, channels)
                }
                (Kind::Halves { axis } | Kind::HalvesGradient { axis }, Operand::XHalf) => {
                    let [x, gate] = halves(buffers[index], &tensors[index], axis)?;
                    request.with(Operand::X, x).with(Operand::Gate, gate)
                }
                (Kind::HalvesGradient { axis }, Operand::Dx) => {
                    let [dx, dgate] = halves(buffers[index], &tensors[index], axis)?;
                    request.with(Operand::Dx, dx).with(Operand::Dgate, dgate)
                }
                _ => request.with(operand, range(index)?),
            };
        }
        if let Some(draw) = self.draw {
            request = request.with_draw(draw);
        }
        Ok(request.with_elements(element, element).plan(planner)?)
    }
}

/// WGSL has no bf16, and tensors that Burn itself fills with it hold other numbers.
pub(crate) fn element_type(dtype: DType) -> Result<ElementType, Error> {
    match dtype {
        DType::F32 => Ok(ElementType::F32),
        DType::F16 => Ok(ElementType::F16),
        _ => Err(Error::DType { dtype }),
    }
}

/// The channels of a tensor with so many slopes: those of dimension 1, as in PyTorch. One slope is for all elements.
fn channels(shape: &Shape, slopes: usize) -> Result<Channels, Error> {
    if slopes == 1 {
        return Ok(Channels::last(1));
    }
    let channels = shape.get(1).copied().unwrap_or(1);
    let inner: usize = shape.iter().skip(2).product();
    match (u32::try_from(channels), u32::try_from(inner)) {
        (Ok(count), Ok(inner)) => Ok(Channels { count, inner }),
        _ => Err(Error::TooLarge { shape: shape.to_vec() }),
    }
}

/// The whole of a contiguous tensor. The pool's slots are whole words, so there is one for an odd 16-bit element too.
fn contiguous(buffer: u32, tensor: &Spec) -> Result<BufferRange, Error> {
    let size = tensor.shape.num_elements() as u64 * element_type(tensor.dtype)?.size();
    Ok(BufferRange::elements::<u8>(buffer, size.next_multiple_of(4), 0, size))
}

/// The two halves of a contiguous tensor along an axis: of each row of elements that the axis and the later dimensions
/// make, the first and the second half.
fn halves(buffer: u32, tensor: &Spec, axis: usize) -> Result<[BufferRange; 2], Error> {
    let element = element_type(tensor.dtype)?;
    let rows = tensor.shape.iter().take(axis).product::<usize>() as u64;
    let row = tensor.shape.iter().skip(axis).product::<usize>() as u64;
    let half = row / 2;
    let size = (rows * row * element.size()).next_multiple_of(4);
    let (shape, strides) = ([rows, half], [row, 1]);
    Ok([0, half].map(|start| match element {
        ElementType::F32 => BufferRange::strided::<f32, 2>(buffer, size, start, shape, strides),
        _ => BufferRange::strided::<u16, 2>(buffer, size, start, shape, strides),
    }))
}
