//! The shader of an elementwise operation: which files it is linked from, and with which flags and names.

use crate::activation::table::Gradient;
use crate::activation::{Activation, Mask};
use crate::operand::{Direction, Indexing, OPERANDS, Operand};
use crate::shader::link::{File, Linker, Scope, file};
use crate::shader::operand::{self, Layout};
use crate::shader::variant::{Addressing, BindingSlot, ChannelPattern, Variant, VectorWidth};
use crate::shader::{Shader, storage};

/// An activation linked with a variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ElementwiseShader {
    /// The activation's name.
    pub(crate) activation: &'static str,
    pub(crate) variant: Variant,
    pub(crate) width: VectorWidth,
    /// One per operand.
    pub(crate) slots: Vec<BindingSlot>,
    pub(crate) pattern: ChannelPattern,
    /// Whether each operand is loaded element by element, in the order of the slots.
    pub(crate) unaligned: Vec<bool>,
}

impl Shader for ElementwiseShader {
    fn name(&self) -> String {
        [self.activation, " ", self.variant.name()].concat()
    }

    fn source(&self) -> String {
        let found = Activation::named(self.activation);
        found.map_or(String::new(), |activation| self.link(activation))
    }

    fn bindings(&self) -> Vec<wgpu::BindingType> {
        let own = self.slots.iter().filter(|slot| !matches!(slot, BindingSlot::SharedWith(_)));
        own.map(|slot| storage(*slot == BindingSlot::ReadWrite)).collect()
    }
}

impl ElementwiseShader {
    fn link(&self, activation: &Activation) -> String {
        let (variant, layouts) = (self.variant, self.layouts(activation));
        let mask = activation.mask().filter(|_| variant.has_mask());
        let high = format!("{}u", mask.as_ref().map_or(0, |mask| mask.values.1.to_bits()));
        let module = self.scope(activation, &layouts, mask.as_ref(), &high);
        let gradient = variant.direction == Direction::Gradient;
        let (gate, mask) = (variant.has(Operand::Gate), mask.is_some());
        let negated = variant.has_negated();
        let adds = gradient && negated
            || variant.accumulates
            || variant.has(Operand::Bias)
            || variant.has(Operand::Residual);
        let multiply = match activation.passes() {
            true => file!("kernel/pass.wgsl"),
            false => file!("kernel/multiply.wgsl"),
        };

        let mut linker = Linker::default();
        let mut add = |template: File| linker.expand(template, &[&module]);
        add(file!("kernel/params.wgsl"));
        add(file!("operand/bindings.wgsl"));
        match self.width {
            VectorWidth::Eight64 | VectorWidth::Eight => {
                add(file!("operand/eight.wgsl"));
                add(file!("operand/data_eight.wgsl"));
                #[cfg(not(target_arch = "wasm32"))]
                if layouts.iter().any(|layout| layout.passed) {
                    add(file!("operand/loaded.wgsl"));
                }
            }
            VectorWidth::Four | VectorWidth::One => add(file!("operand/data.wgsl")),
        }
        add(if mask { file!("kernel/mask_grid.wgsl") } else { file!("kernel/grid.wgsl") });
        if mask {
            add(file!("kernel/mask.wgsl"));
        }
        match (variant.direction, mask, gate) {
            _ if negated => add(file!("kernel/crelu.wgsl")),
            (Direction::Forward, false, false) => add(file!("kernel/forward.wgsl")),
            (Direction::Forward, true, _) => add(file!("kernel/masked_forward.wgsl")),
            (Direction::Forward, false, true) => add(file!("kernel/gate.wgsl")),
            (Direction::Gradient, false, false) => add(file!("kernel/gradient.wgsl")),
            (Direction::Gradient, true, _) => add(file!("kernel/mask_gradient.wgsl")),
            (Direction::Gradient, false, true) => add(file!("kernel/gate_gradient.wgsl")),
        }
        if gradient && !mask {
            add(multiply);
        }
        if !gate && !negated {
            add(file!("kernel/fused.wgsl"));
        }
        if adds {
            add(file!("kernel/add.wgsl"));
        }
        if !(gradient && mask) {
            add(file!("kernel/activate.wgsl"));
        }
        if variant.random_slopes {
            add(file!("kernel/draw.wgsl"));
        }
        match variant.addressing {
            Addressing::Contiguous => {}
            Addressing::Rows => add(file!("kernel/rows.wgsl")),
            Addressing::Strided => add(file!("kernel/strided.wgsl")),
        }
        if variant.has_channels() {
            add(file!("kernel/channels.wgsl"));
        }
        if variant.has_channels() || variant.addressing != Addressing::Contiguous {
            add(match self.width {
                VectorWidth::Eight64 => file!("kernel/divide_wide.wgsl"),
                _ => file!("kernel/divide.wgsl"),
            });
        }
        operand::link(&mut linker, &module, &layouts);
        if variant.random_slopes {
            linker.append(file!("random.wgsl"));
        }
        // numerics.wgsl is needed if the kernels or the activation call it.
        let multiplies = gradient && (mask || !activation.passes());
        let activation = (!variant.linear_gate).then_some(activation);
        linker.append_functions(activation, multiplies || adds || gate);
        linker.finish()
    }

    /// How the shader loads and stores each operand.
    fn layouts(&self, activation: &Activation) -> Vec<Layout> {
        let ElementwiseShader { variant, width, pattern, .. } = self;
        let operands = variant.operands();
        let passed = self.passed(activation);
        let written = variant.writes().len();
        let mut layouts: Vec<Layout> = Vec::with_capacity(operands.len());
        for (index, (operand, indexing)) in operands.iter().enumerate() {
            let row = operand.row().map(|row| &OPERANDS[row]);
            let slot = self.slots.get(index).copied().unwrap_or(BindingSlot::Read);
            let host = match slot {
                BindingSlot::SharedWith(host) => layouts.get(usize::from(host)),
                BindingSlot::Read | BindingSlot::ReadWrite => None,
            };
            let element = variant.element_type(*operand);
            let name = row.map_or("", |row| row.name);
            // A store of one 16-bit element shares a u32 with others. So the output is bound as atomic, and so is every
            // input that shares its binding.
            let per_element = *indexing == Indexing::Element;
            let is_output = index < written && per_element;
            let atomic = match host {
                Some(host) => host.atomic,
                None => is_output && *width == VectorWidth::One && element.is_16_bit(),
            };
            layouts.push(Layout {
                name,
                variable: host.map_or(name, |host| host.variable),
                element,
                width: *width,
                indexing: *indexing,
                pattern: *pattern,
                written: index < written,
                accumulates: index < written && variant.accumulates,
                bound: host.is_none(),
                read_only: slot == BindingSlot::Read,
                atomic,
                strided: variant.addressing != Addressing::Contiguous,
                unaligned: self.unaligned.get(index) == Some(&true),
                passed: passed.is_some() && (index < written || passed == Some(*operand)),
            });
        }
        layouts
    }

    /// The input whose elements the result is, where it is not 0, if they can be stored as they were loaded. On software
    /// drivers narrowing to 16 bits takes longer than all else.
    fn passed(&self, activation: &Activation) -> Option<Operand> {
        let ElementwiseShader { variant, width, unaligned, .. } = self;
        let (passes, source, plain) = match variant.direction {
            Direction::Forward => (activation.value_passes(), Operand::X, Variant::forward()),
            Direction::Gradient => (activation.gradient_passes(), Operand::Dy, Variant::gradient()),
        };
        // Pages, which must be small, do without: on a GPU memory is slower than any conversion.
        let can = !cfg!(target_arch = "wasm32")
            && variant.operands == plain.operands
            && variant.input == variant.output
            && variant.input.is_16_bit()
            && matches!(width, VectorWidth::Eight64 | VectorWidth::Eight)
            && !variant.accumulates
            && !unaligned.contains(&true);
        (passes && can).then_some(source)
    }

    fn scope<'a>(
        &self,
        activation: &Activation,
        layouts: &[Layout],
        mask: Option<&Mask>,
        high: &'a str,
    ) -> Scope<'a> {
        let ElementwiseShader { variant, width, .. } = self;
        let plain = !variant.random_slopes && !variant.linear_gate && !variant.has(Operand::Weight);
        let mut scope: Scope<'a> = operand::scope(*width, layouts);
        // Four random slopes are made at once, and the bits of a mask have their places.
        let in_order = variant.random_slopes || variant.has_mask();
        scope.names.extend([("ACTIVATION", self.activation), ("HIGH", high)]);
        scope.flags.extend([
            ("plain", plain),
            ("in_order", in_order),
            ("random_slopes", variant.random_slopes),
            ("linear_gate", variant.linear_gate),
            ("accumulates", variant.accumulates),
            ("selects", activation.gradient() == Gradient::Selects),
            ("nan_bits", mask.is_some_and(|mask| mask.bits == 2)),
            ("low_is_0", mask.is_some_and(|mask| mask.values.0 == 0.0)),
        ]);
        let present = OPERANDS.iter().zip(variant.operands);
        scope.flags.extend(present.map(|(row, indexing)| (row.name, indexing.is_some())));
        scope
    }
}
