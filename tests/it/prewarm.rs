//! Pipelines that are compiled ahead are not compiled again, and the driver's own cache changes no result.

use wgpu_relu::{
    Activation, Channels, Draw, ElementType, Error, Gpu, GpuCrelu, GpuGlu, GpuPrelu, GpuRelu, View,
    reference, wgpu,
};

use crate::{device_with, instance, own_device};

/// Pipelines on a device, wgpu's own among them.
fn pipelines(gpu: &Gpu) -> isize {
    gpu.device().get_internal_counters().hal.compute_pipelines.read()
}

/// Values and gradients of `length` elements, to buffers of their own and in place.
fn use_all(operator: &GpuRelu, length: u64) {
    let gpu = operator.gpu();
    let (input, output) = operator.elements();
    let buffer = || gpu.upload(&vec![0.5; length as usize]).unwrap();
    let view = |buffer, element: ElementType| match element.size() {
        2 => View::elements::<u16>(buffer, 0, length),
        _ => View::elements::<f32>(buffer, 0, length),
    };
    let (x, y, dx) = (buffer(), buffer(), buffer());
    let (x, y, dx) = (view(&x, input), view(&y, output), view(&dx, input));
    operator.apply(x).unwrap();
    operator.apply_into(x, y).unwrap();
    operator.gradient(x, y).unwrap();
    operator.gradient_into(x, y, dx).unwrap();
    if input == output {
        operator.gradient_into(x, y, y).unwrap();
        operator.gradient_into(x, y, x).unwrap();
        operator.apply_in_place(x).unwrap();
    }
}

#[test]
fn nothing_is_compiled_after_prewarm() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let before = pipelines(&gpu);
    gpu.prewarm(Activation::ALL).unwrap();
    let ahead = pipelines(&gpu);
    assert!(ahead >= before + 4 * Activation::ALL.len() as isize, "{before}, {ahead}");
    for &activation in Activation::ALL {
        let operator = GpuRelu::with_activation(&gpu, activation).unwrap();
        for length in [1, 1000, 4096, 100_003] {
            use_all(&operator, length);
        }
    }
    // Parameters compile nothing.
    use_all(&GpuRelu::with_activation(&gpu, "elu(alpha=0.5)".parse().unwrap()).unwrap(), 5000);
    assert_eq!(pipelines(&gpu), ahead);
}

#[test]
fn nor_for_other_elements_and_for_slopes_at_random() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let relu = GpuRelu::new(&gpu);
    let rrelu = GpuRelu::with_activation(&gpu, "rrelu".parse().unwrap()).unwrap();
    for operator in [
        relu.with_element(ElementType::F16),
        relu.with_element(ElementType::Bf16).with_output_element(ElementType::F32),
        relu.with_output_element(ElementType::F16),
        rrelu.in_training(Draw { seed: 1, offset: 0 }).unwrap(),
    ] {
        let before = pipelines(&gpu);
        operator.prewarm().unwrap();
        let ahead = pipelines(&gpu);
        assert!(ahead > before, "{operator:?}");
        for length in [2, 1000, 4096, 100_002] {
            use_all(&operator, length);
        }
        assert_eq!(pipelines(&gpu), ahead, "{operator:?}");
    }
    let adding = relu.accumulating();
    adding.prewarm().unwrap();
    let ahead = pipelines(&gpu);
    let buffers = [0.5, 2.0, 3.0].map(|value| gpu.upload(&vec![value; 5001]).unwrap());
    adding.gradient_into(&buffers[0], &buffers[1], &buffers[2]).unwrap();
    assert_eq!(pipelines(&gpu), ahead);
    assert_eq!(gpu.download(&buffers[2]).unwrap(), vec![5.0; 5001]);
}

/// `length` elements of `size` bytes.
fn view_of(buffer: &wgpu::Buffer, size: u64, length: u64) -> View<'_> {
    match size {
        2 => View::elements::<u16>(buffer, 0, length),
        _ => View::elements::<f32>(buffer, 0, length),
    }
}

/// A device with 64-bit words, if the adapter has them: operations take vectors of every width then.
fn wide() -> Gpu {
    let (device, queue) = device_with(&instance(), wgpu::Features::SHADER_INT64, |_| ());
    Gpu::from_device(&device, &queue)
}

/// PReLU with every pattern of channels, its sums with every width and number of passes.
#[test]
fn nor_for_slopes_per_channel() {
    let gpu = wide();
    for (count, inner) in [(1, 1), (7, 1), (12, 1), (64, 1), (3, 5), (4, 12), (2, 1000), (3, 333)] {
        let weights = gpu.upload(&vec![0.25; count as usize]).unwrap();
        let channels = Channels { count, inner };
        let plain = GpuPrelu::with_channels(&gpu, &weights, channels);
        let of_f16 = plain.with_element(ElementType::F16);
        for (prelu, size) in [(of_f16, 2), (plain.accumulating(), 4), (plain, 4)] {
            prelu.prewarm().unwrap();
            let ahead = pipelines(&gpu);
            let row = u64::from(count * inner);
            for rows in [1, 2, 5, 64, 1000, 30_000 / row] {
                let length = rows * row;
                let buffers = [(); 3].map(|()| gpu.upload(&vec![0.5; length as usize]).unwrap());
                let [x, dy, dx] = [0, 1, 2].map(|index| view_of(&buffers[index], size, length));
                prelu.apply(x).unwrap();
                prelu.gradient_into(x, dy, dx).unwrap();
                prelu.weight_gradient(x, dy).unwrap();
                prelu.apply_in_place(x).unwrap();
            }
            assert_eq!(pipelines(&gpu), ahead, "{prelu:?}");
        }
    }
}

#[test]
fn nor_for_gated_units() {
    let gpu = wide();
    let plain = GpuGlu::swiglu(&gpu);
    let of_bf16 = plain.with_element(ElementType::Bf16);
    for (glu, size, in_place) in
        [(of_bf16, 2, true), (plain.accumulating(), 4, false), (plain, 4, true)]
    {
        glu.prewarm().unwrap();
        let ahead = pipelines(&gpu);
        for (rows, half) in [(1, 1), (1, 4096), (2, 1000), (5, 12), (7, 33), (64, 128), (1, 4100)] {
            let (axis, length) = (Channels::last(2 * half), rows * u64::from(half));
            let buffers = [(); 5].map(|()| gpu.upload(&vec![0.5; 2 * length as usize]).unwrap());
            let both = |index: usize| view_of(&buffers[index], size, 2 * length);
            let one = |index: usize| view_of(&buffers[index], size, length);
            glu.apply_split(both(0), axis).unwrap();
            glu.gradient_split(both(0), one(1), axis).unwrap();
            if in_place {
                glu.gradient_split_into(both(0), one(1), axis, both(0)).unwrap();
            }
            glu.apply_into(one(0), one(1), one(2)).unwrap();
            glu.gradient_into(one(0), one(1), one(2), one(3), one(4)).unwrap();
        }
        assert_eq!(pipelines(&gpu), ahead, "{glu:?}");
    }
}

#[test]
fn nor_for_concatenated_units() {
    let gpu = wide();
    let plain = GpuCrelu::new(&gpu);
    let of_bf16 = plain.with_element(ElementType::Bf16);
    for (crelu, size, in_place) in
        [(of_bf16, 2, true), (plain.accumulating(), 4, false), (plain, 4, true)]
    {
        crelu.prewarm().unwrap();
        let ahead = pipelines(&gpu);
        for (rows, half) in [(1, 1), (1, 4096), (2, 1000), (5, 12), (7, 33), (64, 128), (1, 4100)] {
            let (axis, length) = (Channels::last(half), rows * u64::from(half));
            let buffers = [(); 2].map(|()| gpu.upload(&vec![0.5; 2 * length as usize]).unwrap());
            let [x, dy] = [(0, length), (1, 2 * length)]
                .map(|(index, length)| view_of(&buffers[index], size, length));
            crelu.apply(x, axis).unwrap();
            crelu.gradient(x, dy, axis).unwrap();
            if in_place {
                crelu.gradient_into(x, dy, axis, x).unwrap();
            }
        }
        assert_eq!(pipelines(&gpu), ahead, "{crelu:?}");
    }
}

#[test]
fn threads_compile_each_pipeline_once() {
    let alone = {
        let (device, queue) = own_device(|_| ());
        let gpu = Gpu::from_device(&device, &queue);
        let before = pipelines(&gpu);
        gpu.prewarm([Activation::Relu, Activation::Gelu]).unwrap();
        pipelines(&gpu) - before
    };
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let before = pipelines(&gpu);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let mut order = [Activation::Relu, Activation::Gelu];
            order.rotate_left(thread % 2);
            let gpu = &gpu;
            scope.spawn(move || gpu.prewarm(order).unwrap());
        }
    });
    assert_eq!(pipelines(&gpu) - before, alone);
}

#[test]
fn a_parameter_out_of_range_is_refused() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let error = gpu.prewarm([Activation::Celu { alpha: 0.0 }].as_slice()).unwrap_err();
    assert!(matches!(error, Error::InvalidParameter { .. }), "{error}");
}

/// The caller's cache, with the data of an earlier run.
fn cache(device: &wgpu::Device, data: Option<&[u8]>) -> wgpu::PipelineCache {
    let descriptor = wgpu::PipelineCacheDescriptor { label: None, data, fallback: true };
    // SAFETY: the data comes from `get_data`, or is none.
    #[expect(unsafe_code, reason = "wgpu has no safe way to do this")]
    unsafe {
        device.create_pipeline_cache(&descriptor)
    }
}

/// A device with caches of pipelines, if the adapter has them.
fn caching(instance: &wgpu::Instance) -> Option<Gpu> {
    let (device, queue) = device_with(instance, wgpu::Features::PIPELINE_CACHE, |_| ());
    let caches = device.features().contains(wgpu::Features::PIPELINE_CACHE);
    caches.then(|| Gpu::from_device(&device, &queue))
}

#[test]
fn the_drivers_cache_is_filled_and_taken_up_again() {
    let Some(first) = caching(&instance()) else {
        let backend = crate::gpu().adapter_info().backend;
        assert_ne!(backend, wgpu::Backend::Vulkan, "Vulkan has caches of pipelines");
        return;
    };
    let kept = cache(first.device(), None);
    first.set_pipeline_cache(kept.clone());
    first.prewarm([Activation::Gelu]).unwrap();
    let data = kept.get_data().unwrap();
    assert!(!data.is_empty());

    let second = caching(&instance()).unwrap();
    second.set_pipeline_cache(cache(second.device(), Some(&data)));
    let x: Vec<f32> = (-3000..3000).map(|i| i as f32 / 500.0).collect();
    let gelu = |gpu| GpuRelu::with_activation(gpu, Activation::Gelu).unwrap().forward(&x).unwrap();
    assert_eq!(gelu(&second), gelu(&first));
    for (&x, y) in x.iter().zip(gelu(&second)) {
        assert!((f64::from(y) - reference::value(Activation::Gelu, x)).abs() < 1e-6);
    }
}

#[test]
fn a_cache_of_another_device_is_an_error() {
    let instance = instance();
    let (Some(gpu), Some(other)) = (caching(&instance), caching(&instance)) else { return };
    gpu.set_pipeline_cache(cache(other.device(), None));
    let error = gpu.prewarm([Activation::Relu]).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(error.to_string().contains("Gpu::set_pipeline_cache"), "{error}");
    // It is used no more.
    gpu.prewarm([Activation::Relu, Activation::Gelu]).unwrap();
}
