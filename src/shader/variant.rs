//! What an operation is joined from, and so which shader it needs.

use crate::element::ElementType;
use crate::operand::Operand;

/// The parts of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kernel {
    pub(crate) direction: Direction,
    /// What is added before the activation.
    pub(crate) bias: Option<Extent>,
    /// Whether something is added after it; to a gradient, what dx holds.
    pub(crate) residual: bool,
    /// Forward: a mask is written. Gradient: it is read, in the place of x.
    pub(crate) mask: bool,
    /// Whether slopes are drawn at random.
    pub(crate) draws: bool,
    /// Whether slopes are given, one a channel.
    pub(crate) weights: bool,
    /// A second input, which goes through the activation and multiplies the first.
    pub(crate) gate: Option<Gate>,
    /// How the elements lie.
    pub(crate) order: Order,
    /// Of x and what becomes of it: the bias, dx.
    pub(crate) input: ElementType,
    /// Of y and what becomes of it: the residual, dy.
    pub(crate) output: ElementType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// y = f(x).
    Forward,
    /// dx = dy · f'(x).
    Gradient,
}

/// What a gate does to its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Gate {
    /// It applies the activation.
    Activated,
    /// Nothing.
    Linear,
}

/// How the elements of an operation lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    /// Behind one another.
    Contiguous,
    /// In rows, of an operand or of several.
    Rows,
    /// In more than two dimensions.
    Strided,
}

/// How an operand's range follows from the elements of a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Extent {
    /// An element each.
    Elements,
    /// One number a channel, all of them for every dispatch.
    Channels,
    /// The words of a mask.
    Mask,
}

impl Kernel {
    pub(crate) const FORWARD: Kernel = Kernel {
        direction: Direction::Forward,
        bias: None,
        residual: false,
        mask: false,
        draws: false,
        weights: false,
        gate: None,
        order: Order::Contiguous,
        input: ElementType::F32,
        output: ElementType::F32,
    };

    pub(crate) const GRADIENT: Kernel =
        Kernel { direction: Direction::Gradient, ..Kernel::FORWARD };

    /// What is read, in the order of the bindings.
    pub(crate) fn reads(&self) -> Vec<(Operand, Extent)> {
        let gradient = self.direction == Direction::Gradient;
        let of_mask = gradient && self.mask;
        [
            (!of_mask).then_some((Operand::X, Extent::Elements)),
            of_mask.then_some((Operand::Mask, Extent::Mask)),
            gradient.then_some((Operand::Dy, Extent::Elements)),
            self.gate.map(|_| (Operand::Gate, Extent::Elements)),
            self.bias.map(|extent| (Operand::Bias, extent)),
            self.weights.then_some((Operand::Weight, Extent::Channels)),
            self.residual.then_some((Operand::Residual, Extent::Elements)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is written: the output, the gradient of a gate's input, a mask.
    pub(crate) fn writes(&self) -> Vec<(Operand, Extent)> {
        let forward = self.direction == Direction::Forward;
        [
            Some((self.written(), Extent::Elements)),
            (self.gate.is_some() && !forward).then_some((Operand::Dgate, Extent::Elements)),
            (self.mask && forward).then_some((Operand::Mask, Extent::Mask)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// All operands, in the order of their bindings: those written, then those read.
    pub(crate) fn operands(&self) -> Vec<(Operand, Extent)> {
        self.writes().into_iter().chain(self.reads()).collect()
    }

    /// The operands of an element each: those read, and then those written.
    pub(crate) fn of_elements(&self) -> Vec<Operand> {
        let operands = self.reads().into_iter().chain(self.writes());
        let each = operands.filter(|(_, extent)| *extent == Extent::Elements);
        each.map(|(operand, _)| operand).collect()
    }

    /// The output.
    pub(crate) fn written(&self) -> Operand {
        match self.direction {
            Direction::Forward => Operand::Y,
            Direction::Gradient => Operand::Dx,
        }
    }

    /// How an operand's elements are stored.
    pub(crate) fn element(&self, operand: Operand) -> ElementType {
        match (operand, self.direction) {
            (Operand::Weight, _) => ElementType::F32,
            (Operand::Y | Operand::Dy, _) | (Operand::Residual, Direction::Forward) => self.output,
            _ => self.input,
        }
    }

    /// Whether some elements are halves.
    pub(crate) fn has_halves(&self) -> bool {
        self.input.is_half() || self.output.is_half()
    }

    /// Whether an operand has one number a channel.
    pub(crate) fn has_channels(&self) -> bool {
        self.weights || self.bias == Some(Extent::Channels)
    }

    /// Whether it can take eight elements at once: variates are drawn by fours.
    pub(crate) fn by_octets(&self) -> bool {
        !self.draws
    }

    /// Dispatches start at a multiple of this many elements from the operation's first: four, or those of
    /// the 8 words of a mask that are written together.
    pub(crate) const fn block(&self) -> u64 {
        if self.mask { 256 } else { 4 }
    }

    /// Whether quads need not start at the operation's first element.
    pub(crate) const fn free_of_place(&self) -> bool {
        !self.mask && !self.draws
    }

    /// Whether it depends on where an element stands in the operation.
    pub(crate) fn is_ordered(&self) -> bool {
        !self.free_of_place() || self.has_channels()
    }

    /// For labels.
    pub(crate) const fn name(&self) -> &'static str {
        match (self.direction, self.mask, self.gate.is_some()) {
            (Direction::Forward, false, false) => "forward",
            (Direction::Forward, true, _) => "forward with mask",
            (Direction::Forward, false, true) => "gate",
            (Direction::Gradient, false, false) => "gradient",
            (Direction::Gradient, true, _) => "gradient from mask",
            (Direction::Gradient, false, true) => "gate gradient",
        }
    }
}

/// How a span's data is loaded and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    /// Eight elements, those of f32 as four words of 64 bits; every operand starts at an octet.
    WideOctets,
    /// Eight elements; every operand starts at an octet.
    Octets,
    /// Whole quads of four elements; every operand starts at a quad.
    Quads,
    /// Single elements, at any offset and of any number.
    Elements,
}

impl Access {
    /// Elements of a group.
    pub(crate) const fn elements(self) -> u64 {
        match self {
            Access::WideOctets | Access::Octets => 8,
            Access::Quads => 4,
            Access::Elements => 1,
        }
    }
}

/// Where an operand is bound. A buffer may not be bound for reading and for writing at once, even
/// where the ranges are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A read-only binding of its own.
    Own,
    /// A writable one of its own: it is written, or lies in a buffer that is.
    OwnWritable,
    /// In the buffer of the operand with this index, and near enough to share its binding.
    With(u8),
}

/// Which channels the elements of a group are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Spread {
    /// All of one.
    Same,
    /// Of one and those after it, of which the numbers are words of the access.
    Consecutive,
    /// Of any.
    Any,
}
