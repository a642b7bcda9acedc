//! The operands of all contenders of one length.

use burn::tensor::Tensor;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};

use crate::device::Shared;
use crate::{Outcome, in_burn};

/// Data repeats after this many elements, so the reference is computed only for these.
const PERIOD: usize = 1 << 20;

/// Standard normal data, in buffers and in a tensor of Burn's.
pub(crate) struct Operands<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) length: usize,
    /// The first period of x.
    pub(crate) period: Vec<f32>,
    pub(crate) x: wgpu::Buffer,
    pub(crate) ones: wgpu::Buffer,
    pub(crate) y: wgpu::Buffer,
    pub(crate) dx: wgpu::Buffer,
    pub(crate) tensor: Tensor<1>,
}

impl<'s> Operands<'s> {
    pub(crate) fn new(shared: &'s Shared, length: usize) -> Outcome<Self> {
        let gpu = &shared.gpu;
        let limit = gpu.device().limits().max_storage_buffer_binding_size;
        if 4 * length as u64 > limit {
            return Err(format!(
                "{length} elements are {} bytes, and a binding on this device has {limit} at most: \
                 take fewer, the kernels beside wgpu-relu bind their operands whole",
                4 * length
            )
            .into());
        }
        let mut random = StdRng::seed_from_u64(length as u64);
        let period: Vec<f32> =
            (0..length.min(PERIOD)).map(|_| StandardNormal.sample(&mut random)).collect();
        let x: Vec<f32> = period.iter().copied().cycle().take(length).collect();
        Ok(Operands {
            shared,
            length,
            period,
            ones: gpu.upload(&vec![1.0f32; length])?,
            y: gpu.upload(&x)?,
            dx: gpu.upload(&x)?,
            tensor: in_burn::tensor(&x, &shared.burn),
            x: gpu.upload(&x)?,
        })
    }

    /// Operations per sample: so many that waiting and similar costs matter little, and so few that an activation that
    /// is repeated in place on its own result stays among the normal numbers.
    pub(crate) fn batch(&self) -> u32 {
        ((1 << 26) / self.length).clamp(4, 16) as u32
    }

    /// Restores the input of operations in place.
    pub(crate) fn restore(&self) -> Outcome<()> {
        self.submit(|encoder| encoder.copy_buffer_to_buffer(&self.x, 0, &self.y, 0, self.x.size()))
    }

    /// Wipes the outputs, so that the result of another contender cannot pass for one's own.
    pub(crate) fn clear(&self) -> Outcome<()> {
        self.submit(|encoder| {
            encoder.clear_buffer(&self.y, 0, None);
            encoder.clear_buffer(&self.dx, 0, None);
        })
    }

    /// Records a compute pass, submits it and waits for its end.
    pub(crate) fn pass(&self, record: impl FnOnce(&mut wgpu::ComputePass<'_>)) -> Outcome<()> {
        self.submit(|encoder| record(&mut encoder.begin_compute_pass(&Default::default())))
    }

    /// Records, submits and waits for the end.
    pub(crate) fn submit(&self, record: impl FnOnce(&mut wgpu::CommandEncoder)) -> Outcome<()> {
        let mut encoder = self.shared.gpu.device().create_command_encoder(&Default::default());
        record(&mut encoder);
        self.shared.gpu.queue().submit([encoder.finish()]);
        self.wait()
    }

    /// Waits for everything submitted.
    pub(crate) fn wait(&self) -> Outcome<()> {
        self.shared.gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
        Ok(())
    }
}
