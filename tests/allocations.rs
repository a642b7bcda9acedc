//! What calls leave in memory. Recording allocates nothing of its own: as much as the same three calls of wgpu written by
//! hand. Many calls, and many threads, leave next to nothing.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use wgpu_relu::{Activation, Gpu, GpuRelu, Prepared};

const TIMES: usize = 1000;

/// Tests of the process's memory run alone.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of the process that are in memory.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    testkit::memory::of_process("VmRSS:").unwrap()
}

/// Allocations of `record`, `TIMES` times in a pass of its own.
fn allocations(gpu: &Gpu, record: impl Fn(&mut wgpu::ComputePass<'_>)) -> u64 {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let counted = {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        let allocated = allocation_counter::measure(|| {
            (0..TIMES).for_each(|_| record(&mut pass));
        });
        allocated.count_total
    };
    gpu.queue().submit([encoder.finish()]);
    counted
}

/// A dispatch of wgpu's own, written by hand.
struct ByHand {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
}

impl ByHand {
    fn new(gpu: &Gpu, buffer: &wgpu::Buffer) -> Self {
        let device = gpu.device();
        let source = "@group(0) @binding(0) var<storage, read_write> x: array<f32>;
            @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
                if (id.x < arrayLength(&x)) { x[id.x] = max(x[id.x], 0.0); }
            }";
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: None,
            compilation_options: Default::default(),
            cache: None,
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
        });
        ByHand { pipeline, bind_group }
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(16, 1, 1);
    }
}

#[test]
fn recording_allocates_nothing_of_its_own() {
    let _alone = alone();
    let gpu = Gpu::new().expect("the tests need an adapter; `cargo xtask test` installs one");
    let [x, y, dy] = [0; 3].map(|_| gpu.upload(&vec![1.0; 1024]).unwrap());
    let leaky = Activation::LeakyRelu { negative_slope: 0.1 };
    let operator = GpuRelu::with_activation(&gpu, leaky).unwrap();
    let (_, mask) = operator.apply_with_mask(&x).unwrap();
    let steps: [(&str, Prepared); 4] = [
        ("forward", operator.prepare(&x, &y).unwrap()),
        ("in place", operator.prepare(&x, &x).unwrap()),
        ("gradient", operator.prepare_gradient(&x, &dy, &y).unwrap()),
        ("gradient from a mask", operator.prepare_mask_gradient(&mask, &dy, &y).unwrap()),
    ];
    let by_hand = ByHand::new(&gpu, &x);
    // The first pass of each fills wgpu's own pools.
    allocations(&gpu, |pass| by_hand.record(pass));
    let floor = allocations(&gpu, |pass| by_hand.record(pass));
    for (name, step) in steps {
        allocations(&gpu, |pass| step.record(pass));
        let counted = allocations(&gpu, |pass| step.record(pass));
        assert!(counted <= floor, "{name}: {counted} allocations, {floor} by hand");
    }
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0u8; 100])));
    assert_eq!(counted.count_total, 1, "the counter counts");
}

/// A device of its own, because its counters must have no other users.
///
/// Reliability 20.
#[cfg(target_os = "linux")]
#[test]
fn many_calls_leave_no_memory() {
    let _alone = alone();
    let gpu = Gpu::new().expect("the tests need an adapter; `cargo xtask test` installs one");
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&vec![-1.0; 256]).unwrap();
    let apply = |times: usize| {
        for time in 0..times {
            let y = relu.apply(&x).unwrap();
            if time % 100 == 99 {
                assert_eq!(gpu.download(&y).unwrap(), [0.0; 256]);
            }
        }
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
        let counters = gpu.device().get_internal_counters().hal;
        [&counters.buffers, &counters.bind_groups, &counters.compute_pipelines].map(|c| c.read())
    };
    let before = apply(10_000);
    assert!(before[0] > 0, "x is a buffer, so the counters count");
    let resident_before = resident();
    let after = apply(100_000);
    let grown = resident().saturating_sub(resident_before);
    println!("100,000 applies: {grown} bytes more; counters {before:?}, then {after:?}");
    assert_eq!(after, before, "buffers, bind groups, pipelines");
    assert!(grown < 1 << 20, "{grown} bytes");
}

/// wgpu keeps about 0.3 KiB per thread that has opened an error scope (docs/guide/troubleshooting.md).
///
/// Reliability 21.
#[cfg(target_os = "linux")]
#[test]
fn short_lived_threads_leave_little() {
    const THREADS: u64 = 20_000;
    let _alone = alone();
    let gpu = Gpu::new().expect("the tests need an adapter; `cargo xtask test` installs one");
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[-1.0, 2.0]).unwrap();
    let apply = |threads: u64| {
        for thread in 0..threads {
            std::thread::scope(|scope| {
                scope.spawn(|| relu.apply_in_place(&x).unwrap());
            });
            // What is submitted and not done has memory too.
            if thread % 100 == 99 {
                gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
            }
        }
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    };
    apply(2000);
    let before = resident();
    apply(THREADS);
    let grown = resident().saturating_sub(before);
    println!("{THREADS} threads: {} bytes per thread", grown / THREADS);
    assert_eq!(gpu.download(&x).unwrap(), [0.0, 2.0]);
    assert!(grown < THREADS << 10, "{grown} bytes");
}
