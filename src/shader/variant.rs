//! The choices that an elementwise shader is compiled for.

use crate::element::ElementType;
use crate::operand::{Access, Direction, Indexing, OPERANDS, Operand, Stored};

/// The operands of an operation and how they are stored: a shader's choice of files and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) direction: Direction,
    /// One entry per row of the operand table: how the operand is indexed, if it is there.
    pub(crate) operands: [Option<Indexing>; OPERANDS.len()],
    /// Whether slopes are random.
    pub(crate) random_slopes: bool,
    /// Whether the gate multiplies x as it is, without the activation.
    pub(crate) linear_gate: bool,
    /// Whether results are added to the contents of their operands.
    pub(crate) accumulates: bool,
    pub(crate) addressing: Addressing,
    /// The element type of x, and of every operand that is stored as x.
    pub(crate) input: ElementType,
    /// The element type of y, and of every operand that is stored as y.
    pub(crate) output: ElementType,
}

/// How the elements of an operation lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Addressing {
    Contiguous,
    /// Some operand is in rows.
    Rows,
    /// Some operand has more than two dimensions.
    Strided,
}

impl Variant {
    /// No operands yet.
    pub(crate) const fn new(direction: Direction) -> Self {
        Variant {
            direction,
            operands: [None; OPERANDS.len()],
            random_slopes: false,
            linear_gate: false,
            accumulates: false,
            addressing: Addressing::Contiguous,
            input: ElementType::F32,
            output: ElementType::F32,
        }
    }

    /// y = f(x).
    pub(crate) fn forward() -> Self {
        Variant::new(Direction::Forward).with(Operand::Y).with(Operand::X)
    }

    /// dx = dy · f'(x).
    pub(crate) fn gradient() -> Self {
        Variant::new(Direction::Gradient).with(Operand::Dx).with(Operand::X).with(Operand::Dy)
    }

    /// With an operand, indexed as in the table.
    pub(crate) fn with(self, operand: Operand) -> Self {
        let row = operand.row().map(|row| OPERANDS[row].indexing);
        row.map_or(self, |indexing| self.with_indexing(operand, Some(indexing)))
    }

    /// With an operand that has this indexing, or without the operand.
    pub(crate) fn with_indexing(mut self, operand: Operand, indexing: Option<Indexing>) -> Self {
        if let Some(row) = operand.row() {
            self.operands[row] = indexing;
        }
        self
    }

    pub(crate) fn has(&self, operand: Operand) -> bool {
        operand.row().is_some_and(|row| self.operands[row].is_some())
    }

    /// All operands in the order of their bindings: outputs, then inputs.
    pub(crate) fn operands(&self) -> Vec<(Operand, Indexing)> {
        let rows = OPERANDS.iter().zip(self.operands);
        rows.filter_map(|(row, indexing)| Some((row.operand, indexing?))).collect()
    }

    /// The operands that are written.
    pub(crate) fn writes(&self) -> Vec<(Operand, Indexing)> {
        let mut operands = self.operands();
        operands.retain(|(operand, _)| self.access(*operand) == Some(Access::Write));
        operands
    }

    /// How an operand is used, if this direction has it.
    fn access(&self, operand: Operand) -> Option<Access> {
        Some(OPERANDS[operand.row()?].in_direction(self.direction)?.access)
    }

    /// The element type that an operand is stored in.
    pub(crate) fn element_type(&self, operand: Operand) -> ElementType {
        let used = operand.row().and_then(|row| OPERANDS[row].in_direction(self.direction));
        match used.map(|used| used.stored) {
            Some(Stored::AsX) => self.input,
            Some(Stored::AsY) => self.output,
            Some(Stored::AsF32) | None => ElementType::F32,
        }
    }

    pub(crate) fn has_16_bit(&self) -> bool {
        self.input.is_16_bit() || self.output.is_16_bit()
    }

    pub(crate) fn has_channels(&self) -> bool {
        self.operands.contains(&Some(Indexing::Channel))
    }

    /// Whether the activation is of x and of -x.
    pub(crate) fn has_negated(&self) -> bool {
        self.has(Operand::YNegated) || self.has(Operand::DyNegated)
    }

    pub(crate) fn has_mask(&self) -> bool {
        self.has(Operand::Mask)
    }

    /// Whether an invocation can take eight elements at once. Random numbers come four at a time.
    pub(crate) fn by_eight(&self) -> bool {
        !self.random_slopes
    }

    /// Dispatches start at a multiple of this many elements from the operation's first: four, or the elements of the
    /// 8 `u32`s of a mask that are written together.
    pub(crate) fn granularity(&self) -> u64 {
        if self.has_mask() { 256 } else { 4 }
    }

    /// Whether vectors need not start at the operation's first element.
    pub(crate) fn position_independent(&self) -> bool {
        !self.has_mask() && !self.random_slopes
    }

    /// Whether the result depends on the position of an element in the operation.
    pub(crate) fn position_dependent(&self) -> bool {
        !self.position_independent() || self.has_channels()
    }

    /// A name for labels.
    pub(crate) fn name(&self) -> &'static str {
        match (self.direction, self.has_mask(), self.has(Operand::Gate)) {
            (Direction::Forward, false, false) => "forward",
            (Direction::Forward, true, _) => "forward with mask",
            (Direction::Forward, false, true) => "gate",
            (Direction::Gradient, false, false) => "gradient",
            (Direction::Gradient, true, _) => "gradient from mask",
            (Direction::Gradient, false, true) => "gate gradient",
        }
    }
}

/// How many elements a load or a store moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum VectorWidth {
    /// Eight elements by 64-bit words; every operand starts at a multiple of eight elements.
    Eight64,
    /// Eight elements; every operand starts at a multiple of eight elements.
    Eight,
    /// Four elements; every operand starts at a multiple of four elements.
    Four,
    /// One element, at any offset and of any number.
    One,
}

impl VectorWidth {
    /// The number of elements.
    pub(crate) const fn elements(self) -> u64 {
        match self {
            VectorWidth::Eight64 | VectorWidth::Eight => 8,
            VectorWidth::Four => 4,
            VectorWidth::One => 1,
        }
    }

    /// A name for the catalogue.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            VectorWidth::Eight64 => "eight64",
            VectorWidth::Eight => "eight",
            VectorWidth::Four => "four",
            VectorWidth::One => "one",
        }
    }
}

/// The binding of an operand. wgpu does not allow a buffer to be bound for reading and for writing in one dispatch, even
/// if the ranges are disjoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BindingSlot {
    /// A read-only binding of its own.
    Read,
    /// A writable binding of its own: the operand or another one in its buffer is written, or the planner is pooled.
    ReadWrite,
    /// The binding of the operand with this index, which is near enough in the same buffer.
    SharedWith(u8),
}

/// The channels of the elements of one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ChannelPattern {
    /// All elements have one channel.
    Same,
    /// Each element has the next channel, and the first element's channel is a multiple of the vector's width.
    Consecutive,
    /// Any channels.
    Any,
}
