//! Uses the crate as a renderer does: with its own device, encoder, pass and submit.

use std::sync::atomic::Ordering;

use wgpu_relu::{Activation, Error, Gpu, GpuRelu, Prepared, reference};

use crate::errors::watched;
use crate::{gpu, own_device};

#[test]
fn a_frame_records_prepared_operations() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let elu = Activation::Elu { alpha: 1.0 };
    let leaky = Activation::LeakyRelu { negative_slope: 0.5 };
    let x: Vec<f32> = (0..5001).map(|i| i as f32 / 1000.0 - 2.5).collect();
    let input = gpu.upload(&x).unwrap();
    let middle = gpu.upload(&vec![0.0; x.len()]).unwrap();
    let dx = gpu.upload(&vec![0.0; x.len()]).unwrap();

    // Set up once: middle = leaky(x); middle = relu(middle); dx = elu'(x) * middle.
    let first = GpuRelu::with_activation(&gpu, leaky).unwrap().prepare(&input, &middle).unwrap();
    let second = GpuRelu::new(&gpu).prepare(&middle, &middle).unwrap();
    let third = GpuRelu::with_activation(&gpu, elu)
        .unwrap()
        .prepare_gradient(&input, &middle, &dx)
        .unwrap();

    let dy = reference::forward(Activation::Relu, &reference::forward(leaky, &x));
    let expected = reference::gradient(elu, &x, &dy);
    for _frame in 0..3 {
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            first.record(&mut pass);
            second.record(&mut pass);
            third.record(&mut pass);
        }
        queue.submit([encoder.finish()]);
    }
    assert_eq!(gpu.download(&dx).unwrap(), expected);
}

/// Each of three operations depends on the one before, so no other order gives the same.
#[test]
fn prepared_operations_are_submitted_in_order() {
    let gpu = gpu();
    let (x, y) = (gpu.upload(&[-2.0, 4.0]).unwrap(), gpu.zeros::<f32>(2).unwrap());
    let leaky = Activation::LeakyRelu { negative_slope: 0.5 }.on(gpu).unwrap();
    let squared = Activation::ReluSquared.on(gpu).unwrap();
    let first = leaky.prepare(&x, &y).unwrap(); // y = [-1, 4]
    let second = leaky.prepare(&y, &y).unwrap(); // y = [-1/2, 4]
    let third = squared.prepare_gradient(&x, &y, &x).unwrap(); // x = [0, 32]
    let nothing = leaky.prepare(x.slice(0..0), y.slice(0..0)).unwrap();
    let read = || [&x, &y].map(|buffer| gpu.download(buffer).unwrap());

    Prepared::submit_all([&nothing, &first, &second, &third]).unwrap();
    assert_eq!(read(), [[0.0, 32.0], [-0.5, 4.0]]);
    gpu.upload_into(&[-2.0, 4.0], &x).unwrap();
    Prepared::submit_all(&vec![third.clone(), first.clone()]).unwrap(); // x = [0, 32], and y of that
    assert_eq!(read(), [[0.0, 32.0], [0.0, 32.0]]);

    gpu.upload_into(&[-2.0, 4.0], &x).unwrap();
    for step in [&first, &nothing, &second, &first] {
        step.submit().unwrap();
    }
    assert_eq!(read(), [[-2.0, 4.0], [-1.0, 4.0]]);
    Prepared::submit_all([]).unwrap();
}

/// With a destroyed buffer or two devices, nothing runs and nothing reaches the handler.
#[test]
fn what_cannot_be_submitted_is_an_error() {
    let (gpu, uncaptured) = watched();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[-1.0; 4]).unwrap();
    let good = relu.prepare(&x, &x).unwrap();
    let other = gpu.upload(&[1.0; 4]).unwrap();
    let bad = relu.prepare(&other, &other).unwrap();
    other.destroy();
    for error in [bad.submit(), Prepared::submit_all([&good, &bad])] {
        assert!(matches!(error, Err(Error::Refused { .. })), "{error:?}");
    }
    assert_eq!(gpu.download(&x).unwrap(), [-1.0; 4], "nothing is run");
    // Of two instances: wgpu itself would panic.
    let (other, _) = watched();
    let y = other.upload(&[-1.0; 4]).unwrap();
    let foreign = GpuRelu::new(&other).prepare(&y, &y).unwrap();
    let error = Prepared::submit_all([&good, &foreign]).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    good.submit().unwrap();
    assert_eq!(gpu.download(&x).unwrap(), [0.0; 4]);
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

#[test]
fn adopting_creates_nothing_and_recording_neither() {
    let (device, queue) = own_device(|_| ());
    let counts = || {
        let counters = device.get_internal_counters().hal;
        [
            counters.buffers.read(),
            counters.bind_groups.read(),
            counters.bind_group_layouts.read(),
            counters.compute_pipelines.read(),
            counters.pipeline_layouts.read(),
            counters.shader_modules.read(),
        ]
    };
    let before = counts();
    let gpu = Gpu::from_device(&device, &queue);
    let relu = GpuRelu::new(&gpu);
    assert_eq!(counts(), before);

    let x = gpu.upload(&vec![1.0; 5000]).unwrap();
    let step = relu.prepare(&x, &x).unwrap();
    let mut encoder = device.create_command_encoder(&Default::default());
    let before = counts();
    assert!(before.iter().sum::<isize>() > 0, "the counters count");
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for _ in 0..100 {
            step.record(&mut pass);
        }
    }
    assert_eq!(counts(), before);
    queue.submit([encoder.finish()]);
    assert_eq!(gpu.download(&x).unwrap(), vec![1.0; 5000]);
}

/// 1,000 operations in one submit, each on the result of the one before.
#[test]
fn a_thousand_operations_in_one_pass() {
    let gpu = gpu();
    let x: Vec<f32> = (0..2049).map(|i| (i as f32 - 1024.0) / 256.0).collect();
    let buffers = [gpu.upload(&x).unwrap(), gpu.upload(&vec![0.0; x.len()]).unwrap()];
    // An odd number of sign changes and powers of two, so that the end is exact.
    let slopes = [-1.0f32, 2.0, -0.5, 1.0];
    let steps: Vec<_> = (0..1000)
        .map(|i| {
            let leaky = Activation::LeakyRelu { negative_slope: slopes[i % 4] };
            let operator = GpuRelu::with_activation(gpu, leaky).unwrap();
            operator.prepare(&buffers[i % 2], &buffers[(i + 1) % 2]).unwrap()
        })
        .collect();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        steps.iter().for_each(|step| step.record(&mut pass));
    }
    gpu.queue().submit([encoder.finish()]);
    let mut expected = x;
    for i in 0..1000 {
        let leaky = Activation::LeakyRelu { negative_slope: slopes[i % 4] };
        expected = reference::forward(leaky, &expected);
    }
    assert_eq!(gpu.download(&buffers[0]).unwrap(), expected);
}

/// Forward, in place, gradient, and gradient from a mask, with more than one dispatch each.
#[test]
fn parameters_change_without_a_new_object() {
    let (device, queue) = own_device(|limits| limits.max_storage_buffer_binding_size = 16 << 10);
    let gpu = Gpu::from_device(&device, &queue);
    let leaky = |negative_slope| Activation::LeakyRelu { negative_slope };
    let x: Vec<f32> = (0..9001).map(|i| (i as f32 - 4500.0) / 8.0).collect();
    let dy: Vec<f32> = (0..9001).map(|i| (i % 7) as f32).collect();
    let (x_buffer, dy_buffer) = (gpu.upload(&x).unwrap(), gpu.upload(&dy).unwrap());
    let [y, in_place, dx, from_mask] = [0; 4].map(|_| gpu.upload(&x).unwrap());
    let operator = GpuRelu::with_activation(&gpu, leaky(0.5)).unwrap();
    let (_, mask) = operator.apply_with_mask(&x_buffer).unwrap();
    let steps = [
        operator.prepare(&x_buffer, &y).unwrap(),
        operator.prepare(&in_place, &in_place).unwrap(),
        operator.prepare_gradient(&x_buffer, &dy_buffer, &dx).unwrap(),
        operator.prepare_mask_gradient(&mask, &dy_buffer, &from_mask).unwrap(),
    ];
    let mut twice = x.clone();
    for slope in [0.25, -2.0] {
        let objects = || {
            let counters = device.get_internal_counters().hal;
            counters.compute_pipelines.read() + counters.bind_groups.read()
        };
        let before = objects();
        steps.iter().for_each(|step| step.set_activation(leaky(slope)).unwrap());
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            steps.iter().for_each(|step| step.record(&mut pass));
        }
        queue.submit([encoder.finish()]);
        assert!(objects() <= before, "{} objects, {before} before", objects());
        twice = reference::forward(leaky(slope), &twice);
        assert_eq!(gpu.download(&y).unwrap(), reference::forward(leaky(slope), &x));
        assert_eq!(gpu.download(&in_place).unwrap(), twice);
        let gradient = reference::gradient(leaky(slope), &x, &dy);
        assert_eq!(gpu.download(&dx).unwrap(), gradient);
        assert_eq!(gpu.download(&from_mask).unwrap(), gradient);
    }
    let bad = steps[0].set_activation(leaky(f32::NAN)).unwrap_err();
    assert!(bad.to_string().contains("negative_slope is NaN"), "{bad}");
    let other = steps[0].set_activation(Activation::Relu).unwrap_err();
    assert!(other.to_string().contains("prepared for something else"), "{other}");
}

/// A user's shader with the activation fused in, against the unfused run.
#[test]
fn fused_into_a_shader_of_ones_own() {
    const SCALE_THEN_ACTIVATE: &str = "
        @group(0) @binding(0) var<storage, read_write> data: array<vec4<f32>>;
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3<u32>) {
            if (id.x < arrayLength(&data)) {
                data[id.x] = elu(data[id.x] * 0.5, vec4<f32>(1.5, 0.0, 0.0, 0.0));
            }
        }";
    let gpu = gpu();
    let x: Vec<f32> = (0..256).map(|i| i as f32 / 16.0 - 8.0).collect();
    let data = gpu.upload(&x).unwrap();
    let device = gpu.device();
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(
            format!("{}{SCALE_THEN_ACTIVATE}", wgpu_relu::wgsl::ELU).into(),
        ),
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
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: data.as_entire_binding() }],
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }
    gpu.queue().submit([encoder.finish()]);

    let halves: Vec<f32> = x.iter().map(|x| x * 0.5).collect();
    let elu = GpuRelu::with_activation(gpu, Activation::Elu { alpha: 1.5 }).unwrap();
    assert_eq!(gpu.download(&data).unwrap(), elu.forward(&halves).unwrap());
}
