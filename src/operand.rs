//! The arguments of operations, as errors name them, and the table of the operands that elementwise shaders take.

use std::fmt;

use Stored::{AsF32, AsX, AsY};

/// An argument of an operation, as an [`Error`](crate::Error) names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operand {
    /// The input `x`.
    X,
    /// The output `y` of a forward operation.
    Y,
    /// The gradient of the loss with respect to the output.
    Dy,
    /// The gradient of the loss with respect to the input.
    Dx,
    /// The bias, which is added before the activation.
    Bias,
    /// The residual, which is added after the activation.
    Residual,
    /// The mask: bits that replace x in a gradient.
    Mask,
    /// The slopes of a PReLU.
    Weight,
    /// The gradient of the loss with respect to the slopes.
    Dw,
    /// The input of a gated unit that goes through the activation.
    Gate,
    /// The gradient of the loss with respect to that input.
    Dgate,
    /// The second half of a concatenated unit's output: the activation of -x.
    YNegated,
    /// The gradient of the loss with respect to that half.
    DyNegated,
    /// The statistics of units.
    Records,
    /// Either half of x, of which a gated unit takes one as x and one as the gate.
    XHalf,
    /// x and its negative, which a concatenated unit joins.
    XJoined,
    /// The range to read back.
    Source,
    /// The slice to read back into.
    Destination,
    /// The slice to upload.
    Data,
    /// The range to upload into.
    Target,
}

/// How a shader uses an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// The element type an operand is stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    AsX,
    AsY,
    AsF32,
}

/// How an operand's number for an element is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Indexing {
    /// The element's own index.
    Element,
    /// The element's channel.
    Channel,
    /// The element's index, as bits of a mask.
    Mask,
}

/// The two directions of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// y = f(x).
    Forward,
    /// dx = dy · f'(x).
    Gradient,
}

/// An operand's part in one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub(crate) access: Access,
    pub(crate) stored: Stored,
}

/// A row of the operand table.
pub(crate) struct Row {
    pub(crate) operand: Operand,
    /// Its name in WGSL: of its variable, of its field in `Data` or `Results`, of its flag, and after `offset_` and
    /// `stride_` in `Params`.
    pub(crate) name: &'static str,
    forward: Option<Use>,
    gradient: Option<Use>,
    /// How its number for an element is found, unless a request gives channels with it.
    pub(crate) indexing: Indexing,
}

const NO: Option<Use> = None;

/// Every operand of an elementwise operation, in the order of the bindings: those that can be written come first.
#[rustfmt::skip]
pub(crate) const OPERANDS: [Row; 12] = [
    row(Operand::Y,         "y",          writes(AsY),   NO,            Indexing::Element),
    row(Operand::YNegated,  "y_negated",  writes(AsY),   NO,            Indexing::Element),
    row(Operand::Dx,        "dx",         NO,            writes(AsX),   Indexing::Element),
    row(Operand::Dgate,     "dgate",      NO,            writes(AsX),   Indexing::Element),
    row(Operand::Mask,      "mask",       writes(AsF32), reads(AsF32),  Indexing::Mask),
    row(Operand::X,         "x",          reads(AsX),    reads(AsX),    Indexing::Element),
    row(Operand::Dy,        "dy",         NO,            reads(AsY),    Indexing::Element),
    row(Operand::DyNegated, "dy_negated", NO,            reads(AsY),    Indexing::Element),
    row(Operand::Gate,      "gate",       reads(AsX),    reads(AsX),    Indexing::Element),
    row(Operand::Bias,      "bias",       reads(AsX),    reads(AsX),    Indexing::Element),
    row(Operand::Weight,    "weight",     reads(AsF32),  reads(AsF32),  Indexing::Channel),
    row(Operand::Residual,  "residual",   reads(AsY),    reads(AsX),    Indexing::Element),
];

const fn row(
    operand: Operand,
    name: &'static str,
    forward: Option<Use>,
    gradient: Option<Use>,
    indexing: Indexing,
) -> Row {
    Row { operand, name, forward, gradient, indexing }
}

const fn reads(stored: Stored) -> Option<Use> {
    Some(Use { access: Access::Read, stored })
}

const fn writes(stored: Stored) -> Option<Use> {
    Some(Use { access: Access::Write, stored })
}

impl Row {
    /// The operand's part in a direction, if it has one.
    pub(crate) const fn in_direction(&self, direction: Direction) -> Option<Use> {
        match direction {
            Direction::Forward => self.forward,
            Direction::Gradient => self.gradient,
        }
    }
}

impl Operand {
    /// Its row in the table. Operands of other operations have no row.
    pub(crate) fn row(self) -> Option<usize> {
        OPERANDS.iter().position(|row| row.operand == self)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operand::X => "x",
            Operand::Y => "y",
            Operand::Dy => "dy",
            Operand::Dx => "dx",
            Operand::Bias => "bias",
            Operand::Residual => "residual",
            Operand::Mask => "mask",
            Operand::Weight => "weight",
            Operand::Dw => "dw",
            Operand::Gate => "gate",
            Operand::Dgate => "dgate",
            Operand::YNegated => "the negated y",
            Operand::DyNegated => "the negated dy",
            Operand::Records => "the range of records",
            Operand::XHalf => "each half of x",
            Operand::XJoined => "x joined with -x",
            Operand::Source => "the range to download",
            Operand::Destination => "the slice to download into",
            Operand::Data => "the slice to upload",
            Operand::Target => "the range to upload into",
        })
    }
}
