//! Buffers that are handed back and taken again.

use wgpu_relu::half::f16;
use wgpu_relu::{Activation, ElementType, Gpu, GpuGlu, GpuRelu, View, wgpu};

/// A `Gpu` whose pool no other test shares.
fn gpu() -> Gpu {
    let gpu = crate::gpu();
    Gpu::from_device(gpu.device(), gpu.queue())
}

#[test]
fn the_next_output_of_the_size_is_the_buffer() {
    let gpu = gpu();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[-1.0, 2.0, 3.0]).unwrap();
    let y = gpu.upload(&[7.0; 3]).unwrap();
    gpu.recycle(y.clone());
    assert_ne!(relu.apply(&gpu.upload(&[1.0; 4]).unwrap()).unwrap(), y, "another size");
    assert_eq!(relu.apply(&x).unwrap(), y);
    assert_eq!(gpu.download(&y).unwrap(), [0.0, 2.0, 3.0]);
    assert_ne!(relu.apply(&x).unwrap(), y, "it is taken once");

    gpu.recycle(y.clone());
    assert_eq!(relu.gradient(&x, &x).unwrap(), y);
    assert_eq!(gpu.download(&y).unwrap(), [0.0, 2.0, 3.0]);

    let (dx, dgate) = (gpu.zeros::<f32>(3).unwrap(), gpu.zeros::<f32>(3).unwrap());
    gpu.recycle(dx.clone());
    gpu.recycle(dgate.clone());
    let glu = GpuGlu::with_activation(&gpu, Activation::Relu).unwrap();
    let found = glu.gradient(&x, &x, &x).unwrap();
    assert_eq!(found, (dx, dgate), "the oldest first");
}

#[test]
fn what_has_to_be_zero_takes_none() {
    let gpu = gpu();
    let full = |length: usize| gpu.upload(&vec![f32::NAN; length]).unwrap();
    let x = gpu.upload(&[-1.0, 2.0, 3.0]).unwrap();

    gpu.recycle(full(3));
    assert_eq!(gpu.download(&gpu.zeros::<f32>(3).unwrap()).unwrap(), [0.0; 3]);
    let dx = GpuRelu::new(&gpu).accumulating().gradient(&x, &x).unwrap();
    assert_eq!(gpu.download(&dx).unwrap(), [0.0, 2.0, 3.0]);

    // Three elements of 16 bits are followed by two bytes of zeros.
    gpu.recycle(full(2));
    let halves = gpu.upload_elements(&[f16::ONE; 3]).unwrap();
    let relu = GpuRelu::new(&gpu).with_element(ElementType::F16);
    let y = relu.apply(View::elements::<f16>(&halves, 0, 3)).unwrap();
    let y: Vec<f16> = gpu.download_elements(&y).unwrap();
    assert_eq!(y, [f16::ONE, f16::ONE, f16::ONE, f16::ZERO]);
}

#[test]
fn buffers_of_other_usages_are_freed() {
    let gpu = gpu();
    let other = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 12,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.recycle(other.clone());
    let y = GpuRelu::new(&gpu).apply(&gpu.upload(&[1.0; 3]).unwrap()).unwrap();
    assert_ne!(y, other);
}
