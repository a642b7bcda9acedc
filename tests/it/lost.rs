//! A lost device gives `Error::DeviceLost`, never silence and never a hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wgpu_relu::{
    Activation, Channels, Draw, Error, Fusion, Gpu, GpuCrelu, GpuGlu, GpuPrelu, GpuRelu,
    UnitMonitor,
};

use crate::own_device;

fn mortal() -> Gpu {
    let (device, queue) = own_device(|_| ());
    Gpu::from_device(&device, &queue)
}

fn is_lost<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::DeviceLost { .. }))
}

#[test]
fn everything_after_the_loss_says_so() {
    let gpu = mortal();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[1.0; 100]).unwrap();
    let y = relu.apply(&x).unwrap();
    let step = relu.prepare(&x, &y).unwrap();
    let leaky = Activation::LeakyRelu { negative_slope: 0.5 };
    let patchable = leaky.on(&gpu).unwrap().prepare(&x, &y).unwrap();
    let rrelu = Activation::Rrelu { lower: 0.1, upper: 0.3 }.on(&gpu).unwrap();
    let drawn = rrelu.in_training(Draw::default()).unwrap().prepare(&x, &y).unwrap();
    let (prelu, weight) = (GpuPrelu::new(&gpu, x.slice(0..4)), gpu.zeros::<f32>(1).unwrap());
    let two = gpu.zeros::<f32>(200).unwrap();
    let mut monitor = UnitMonitor::new(&gpu, &y, Channels::last(10), Activation::Relu).unwrap();
    let (_, mask) = relu.apply_with_mask(&x).unwrap();
    assert!(!gpu.is_lost());
    gpu.device().destroy();
    assert!(gpu.is_lost());
    assert!(is_lost(patchable.set_activation(leaky)));
    assert!(is_lost(drawn.set_draw(Draw::default())));
    assert!(is_lost(gpu.prewarm([Activation::Relu, Activation::Gelu])));
    assert!(is_lost(relu.apply_fused(&x, Fusion::default())));
    assert!(is_lost(relu.apply_with_mask(&x)));
    assert!(is_lost(relu.mask_gradient(&mask, &x)));
    assert!(is_lost(relu.gradient_into(&x, &x, &y)));
    assert!(is_lost(prelu.apply(&x)));
    assert!(is_lost(prelu.gradient(&x, &y)));
    assert!(is_lost(prelu.weight_gradient(&x, &y)));
    assert!(is_lost(prelu.weight_gradient_into(&x, &y, &weight)));
    assert!(is_lost(GpuGlu::swiglu(&gpu).apply(&x, &y)));
    assert!(is_lost(GpuGlu::swiglu(&gpu).gradient(&x, &y, &x)));
    assert!(is_lost(GpuCrelu::new(&gpu).apply(&x, Channels::last(10))));
    assert!(is_lost(GpuCrelu::new(&gpu).gradient(&x, &two, Channels::last(10))));
    assert!(is_lost(gpu.channel_sums(&x, Channels::last(10))));
    assert!(is_lost(gpu.units(&y, Channels::last(10), Activation::Relu)));
    assert!(is_lost(monitor.observe()));
    assert!(is_lost(monitor.read()));
    assert!(is_lost(gpu.download_into(&y, &mut [0.0; 100])));
    assert!(is_lost(relu.stream().pipe(&[0; 400][..], std::io::sink())));
    assert!(is_lost(relu.stream().gradient(&[1.0], &[1.0], &mut [0.0])));
    assert!(is_lost(relu.apply(&x)));
    assert!(is_lost(relu.apply_into(&x, &y)));
    assert!(is_lost(relu.apply_in_place(&x)));
    assert!(is_lost(relu.gradient(&x, &y)));
    assert!(is_lost(relu.prepare(&x, &y)));
    assert!(is_lost(gpu.upload(&[1.0; 100])));
    assert!(is_lost(gpu.zeros::<f32>(100)));
    assert!(is_lost(step.submit()));
    assert!(is_lost(gpu.upload_into(&[1.0; 100], &x)));
    assert!(is_lost(gpu.download(&y)));
    assert!(is_lost(pollster::block_on(gpu.download_async(&y))));
    assert!(is_lost(relu.forward(&[1.0])));
}

#[test]
fn on_a_device_of_our_own_too() {
    let gpu = Gpu::new().unwrap();
    let relu = GpuRelu::new(&gpu);
    let x = gpu.upload(&[1.0; 100]).unwrap();
    gpu.device().destroy();
    assert!(is_lost(relu.apply(&x)));
    assert!(is_lost(gpu.upload(&[1.0])));
    assert!(is_lost(gpu.download(&x)));
    assert!(is_lost(pollster::block_on(gpu.download_async(&x))));
}

#[test]
fn loss_under_threads_ends_every_thread() {
    let gpu = mortal();
    let destroyed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let relu = GpuRelu::new(&gpu);
                loop {
                    // Read before the work, because work that starts after the loss must fail.
                    let after = destroyed.load(Ordering::SeqCst);
                    let outcome = gpu
                        .upload(&[1.0; 300])
                        .and_then(|x| relu.apply(&x))
                        .and_then(|y| gpu.download(&y));
                    match outcome {
                        Ok(y) => {
                            assert!(!after, "success after the loss");
                            assert_eq!(y, [1.0; 300]);
                        }
                        Err(error) => {
                            assert!(is_lost::<()>(Err(error.clone())), "{error}");
                            break;
                        }
                    }
                }
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
        gpu.device().destroy();
        destroyed.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_download_under_way_ends() {
    for _ in 0..20 {
        let gpu = mortal();
        let x = gpu.upload(&vec![1.0; 100_000]).unwrap();
        let waiting = gpu.download_async(&x);
        gpu.device().destroy();
        // It finished in time, or it returns the error.
        match pollster::block_on(waiting) {
            Ok(data) => assert_eq!(data, vec![1.0; 100_000]),
            Err(error) => assert!(is_lost::<()>(Err(error.clone())), "{error}"),
        }
    }
}

#[test]
fn the_callers_lost_callback_is_the_callers() {
    let gpu = mortal();
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    gpu.device().set_device_lost_callback(move |_, _| tell.store(true, Ordering::SeqCst));
    let relu = GpuRelu::new(&gpu);
    relu.forward(&[1.0]).unwrap();
    gpu.device().destroy();
    let _ = relu.forward(&[1.0]);
    let _ = gpu.device().poll(wgpu::PollType::Poll);
    assert!(told.load(Ordering::SeqCst));
}
