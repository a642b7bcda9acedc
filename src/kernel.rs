//! What an operation is joined from, and so which shader it needs.

use crate::element::ElementType;
use crate::error::Operand;

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
            self.bias.map(|extent| (Operand::Bias, extent)),
            self.residual.then_some((Operand::Residual, Extent::Elements)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is written: the output, and then a mask.
    pub(crate) fn writes(&self) -> Vec<(Operand, Extent)> {
        let mask = self.mask && self.direction == Direction::Forward;
        [Some((self.written(), Extent::Elements)), mask.then_some((Operand::Mask, Extent::Mask))]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The operands of an element each: those read, and then the output.
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
            (Operand::Y | Operand::Dy, _) | (Operand::Residual, Direction::Forward) => self.output,
            _ => self.input,
        }
    }

    /// Whether some elements are halves.
    pub(crate) fn has_halves(&self) -> bool {
        self.input.is_half() || self.output.is_half()
    }

    /// Whether it can take eight elements at once: those that look at nothing but each element.
    pub(crate) fn by_octets(&self) -> bool {
        !self.draws && self.bias != Some(Extent::Channels)
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
        !self.free_of_place() || self.bias == Some(Extent::Channels)
    }

    /// For labels.
    pub(crate) const fn name(&self) -> &'static str {
        match (self.direction, self.mask) {
            (Direction::Forward, false) => "forward",
            (Direction::Forward, true) => "forward with mask",
            (Direction::Gradient, false) => "gradient",
            (Direction::Gradient, true) => "gradient from mask",
        }
    }
}
