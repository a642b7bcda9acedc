//! A lost device gives `Error::DeviceLost`, never silence and never a hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wgpu_relu::{Error, Gpu, GpuRelu};

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
    gpu.device().destroy();
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
