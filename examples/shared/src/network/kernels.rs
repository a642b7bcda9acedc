//! The parts that the library does not have: products of matrices, losses and optimisers, in plain WGSL.

use std::num::NonZero;

use wgpu_relu::{Gpu, Prepared, View, wgpu};

/// The pipelines.
pub struct Kernels {
    gpu: Gpu,
    product: wgpu::ComputePipeline,
    cross_entropy: wgpu::ComputePipeline,
    squared_error: wgpu::ComputePipeline,
    adam: wgpu::ComputePipeline,
    sgd: wgpu::ComputePipeline,
}

/// One dispatch, of the library or of this file.
pub enum Step {
    Own { pipeline: wgpu::ComputePipeline, bind_group: wgpu::BindGroup, workgroups: [u32; 2] },
    Library(Prepared),
}

impl Step {
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        match self {
            Step::Library(prepared) => prepared.record(pass),
            Step::Own { pipeline, bind_group, workgroups: [x, y] } => {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bind_group, &[]);
                pass.dispatch_workgroups(*x, *y, 1);
            }
        }
    }
}

/// A matrix in a buffer.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub view: View<'a>,
    rows: u32,
    columns: u32,
    strides: [u32; 2],
}

impl<'a> Matrix<'a> {
    /// A matrix in row order.
    pub fn new(view: impl Into<View<'a>>, rows: usize, columns: usize) -> Self {
        let (rows, columns) = (rows as u32, columns as u32);
        Matrix { view: view.into(), rows, columns, strides: [columns, 1] }
    }

    pub fn transposed(self) -> Self {
        let [row, column] = self.strides;
        Matrix { rows: self.columns, columns: self.rows, strides: [column, row], ..self }
    }
}

/// The loss to minimise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Cross-entropy of the softmax of the outputs and a share per class.
    CrossEntropy,
    /// The mean of the squared differences over outputs and samples.
    SquaredError,
}

/// The rule by which the parameters follow the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    Adam,
    Sgd { momentum: f32 },
}

impl Kernels {
    pub fn new(gpu: &Gpu) -> Self {
        let module = |source: &str| {
            gpu.device().create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some("network"),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            })
        };
        let pipeline = |module: &wgpu::ShaderModule, entry: &str| {
            gpu.device().create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: None,
                module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        let losses = module(include_str!("losses.wgsl"));
        let updates = module(include_str!("updates.wgsl"));
        Kernels {
            gpu: gpu.clone(),
            product: pipeline(&module(include_str!("product.wgsl")), "main"),
            cross_entropy: pipeline(&losses, "cross_entropy"),
            squared_error: pipeline(&losses, "squared_error"),
            adam: pipeline(&updates, "adam"),
            sgd: pipeline(&updates, "sgd"),
        }
    }

    /// c = a b, with c in row order.
    pub fn product(&self, a: Matrix<'_>, b: Matrix<'_>, c: Matrix<'_>) -> Step {
        assert_eq!((a.rows, a.columns, b.columns), (c.rows, b.rows, c.columns));
        let words = [
            c.rows,
            c.columns,
            a.columns,
            a.strides[0],
            a.strides[1],
            b.strides[0],
            b.strides[1],
            0,
        ];
        let workgroups = [c.columns.div_ceil(32), c.rows.div_ceil(32)];
        self.step(&self.product, &self.uniform(&words), &[a.view, b.view, c.view], workgroups)
    }

    /// From outputs and targets, one row per sample: the gradients, losses and hits.
    pub fn loss(
        &self,
        loss: Loss,
        y: Matrix<'_>,
        targets: &wgpu::Buffer,
        dy: &wgpu::Buffer,
        results: View<'_>,
    ) -> Step {
        let pipeline = match loss {
            Loss::CrossEntropy => &self.cross_entropy,
            Loss::SquaredError => &self.squared_error,
        };
        let uniform = self.uniform(&[y.rows, y.columns, 0, 0]);
        let views = [y.view, targets.into(), dy.into(), results];
        self.step(pipeline, &uniform, &views, [y.rows.div_ceil(64), 1])
    }

    /// All parameters; the rule is written before each step.
    pub fn update(
        &self,
        optimizer: Optimizer,
        rule: &wgpu::Buffer,
        [gradients, parameters, moments]: [&wgpu::Buffer; 3],
    ) -> Step {
        let pipeline = match optimizer {
            Optimizer::Adam => &self.adam,
            Optimizer::Sgd { .. } => &self.sgd,
        };
        let views = [gradients, parameters, moments].map(View::from);
        self.step(pipeline, rule, &views, [(gradients.size() as u32 / 4).div_ceil(64), 1])
    }

    /// A uniform, constant or written before each step.
    pub fn uniform(&self, words: &[u32]) -> wgpu::Buffer {
        let buffer = self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("network"),
            size: 4 * words.len() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.gpu.queue().write_buffer(&buffer, 0, bytemuck::cast_slice(words));
        buffer
    }

    fn step(
        &self,
        pipeline: &wgpu::ComputePipeline,
        uniform: &wgpu::Buffer,
        views: &[View<'_>],
        workgroups: [u32; 2],
    ) -> Step {
        let all = [View::from(uniform)].into_iter().chain(views.iter().copied());
        let entries: Vec<_> = (0..)
            .zip(all)
            .map(|(binding, view)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: view.buffer(),
                    offset: view.offset(),
                    size: NonZero::new(view.size()),
                }),
            })
            .collect();
        let bind_group = self.gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("network"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Step::Own { pipeline: pipeline.clone(), bind_group, workgroups }
    }
}
