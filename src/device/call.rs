//! A request on wgpu's buffers.

use crate::args::channels::Channels;
use crate::args::view::{Buffers, View};
use crate::device::Gpu;
use crate::device::prepared::Prepared;
use crate::error::Result;
use crate::operand::Operand;
use crate::plan::request::Request;

/// A request and the buffers of its operands.
pub(crate) struct Call<'a> {
    request: Request,
    buffers: Buffers<'a>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: Request) -> Self {
        Call { request, buffers: Buffers::default() }
    }

    /// Adds an operand.
    pub(crate) fn with(self, operand: Operand, view: impl Into<View<'a>>) -> Self {
        self.with_channels(operand, view, None)
    }

    /// Adds an operand, which has one number per channel if channels are given.
    pub(crate) fn with_channels(
        mut self,
        operand: Operand,
        view: impl Into<View<'a>>,
        channels: Option<Channels>,
    ) -> Self {
        let range = self.buffers.range(operand, view.into());
        self.request = match channels {
            None => self.request.with(operand, range),
            Some(channels) => self.request.with_channels(operand, range, channels),
        };
        self
    }

    /// Sets whether the gate multiplies x without an activation.
    pub(crate) fn linear_gate(mut self, linear: bool) -> Self {
        self.request.linear_gate = linear;
        self
    }

    pub(crate) fn prepare(&self, gpu: &Gpu) -> Result<Prepared> {
        Prepared::new(gpu, self.request.plan_operands(&gpu.shared.planner)?, &self.buffers)
    }
}
