//! Callbacks of others on the same device: they may panic, make mistakes and run inside this crate's calls.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wgpu_relu::{Activation, Channels, Error, Gpu, GpuRelu, UnitMonitor};

use crate::errors::{watch, watched};
use crate::{device_on, instance, own_device, raw_buffer};

/// On a thread of its own; a failure if it takes `limit`.
pub(crate) fn within(limit: Duration, work: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let worker = std::thread::spawn(move || {
        work();
        let _ = sender.send(());
    });
    match receiver.recv_timeout(limit) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("hangs"),
        _ => worker.join().unwrap_or_else(|panic| resume_unwind(panic)),
    }
}

/// Everything that reads back, while another thread's callbacks panic, in its own polls and in ours.
fn readers_beside_panics(duration: Duration) {
    let (device, queue) = own_device(|_| ());
    // One that maps its data where the adapter can, and one that stages.
    for gpu in [Gpu::new().unwrap(), Gpu::from_device(&device, &queue)] {
        let stop = AtomicBool::new(false);
        let panicked = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for polls in [true, false] {
                let (stop, gpu, panicked) = (&stop, &gpu, &panicked);
                scope.spawn(move || {
                    let quietly =
                        |work: &mut dyn FnMut()| drop(catch_unwind(AssertUnwindSafe(work)));
                    while !stop.load(Ordering::Relaxed) {
                        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                        let mut buffer = Some(raw_buffer(gpu.device(), usage, &[0]));
                        let count = Arc::clone(panicked);
                        buffer.as_ref().unwrap().map_async(wgpu::MapMode::Read, .., move |_| {
                            count.fetch_add(1, Ordering::Relaxed);
                            // Without the hook, which would print it.
                            resume_unwind(Box::new("the test's callback panics"));
                        });
                        if polls {
                            quietly(&mut || drop(gpu.device().poll(wgpu::PollType::Poll)));
                        } else {
                            std::thread::sleep(Duration::from_micros(200));
                        }
                        // It may be called with an error here.
                        quietly(&mut || drop(buffer.take()));
                    }
                });
            }
            let relu = GpuRelu::new(&gpu);
            let x: Vec<f32> = (0..5000).map(|i| i as f32 - 2500.0).collect();
            let expected: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
            let buffer = gpu.upload(&x).unwrap();
            let channels = Channels::last(50);
            let mut monitor = UnitMonitor::new(&gpu, &buffer, channels, Activation::Relu).unwrap();
            let mut stream = relu.stream().chunk(1000);
            let mut out = vec![0.0; x.len()];
            let start = Instant::now();
            let work = || {
                while start.elapsed() < duration {
                    let y = relu.apply(&buffer).unwrap();
                    assert_eq!(gpu.download(&y).unwrap(), expected);
                    assert_eq!(pollster::block_on(gpu.download_async(&y)).unwrap(), expected);
                    assert_eq!(relu.forward(&x).unwrap(), expected);
                    stream.run(&x, &mut out).unwrap();
                    assert_eq!(out, expected);
                    monitor.observe().unwrap();
                    gpu.upload_into(&x, &buffer).unwrap();
                    assert!(!gpu.is_lost());
                }
            };
            let outcome = catch_unwind(AssertUnwindSafe(work));
            stop.store(true, Ordering::Relaxed);
            outcome.unwrap_or_else(|panic| resume_unwind(panic));
        });
        assert!(panicked.load(Ordering::Relaxed) > 10, "the callbacks ran");
    }
}

/// Reliability 19.
#[test]
fn callbacks_that_panic_lose_no_reads() {
    within(Duration::from_secs(120), || readers_beside_panics(Duration::from_secs(1)));
}

/// wgpu fails an assertion of its own if a wait of one thread ends at its timeout while another thread polls. So the thread
/// behind a download must not wait that way.
#[test]
fn downloads_beside_a_thread_that_polls_do_not_panic() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some("wgpu-relu download") {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        hook(panic);
    }));
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let x = gpu.upload(&vec![1.0; 8 << 20]).unwrap();
    let frame = raw_buffer(&device, wgpu::BufferUsages::COPY_DST, &[0]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let mut encoder = device.create_command_encoder(&Default::default());
                encoder.clear_buffer(&frame, 0, None);
                queue.submit([encoder.finish()]);
                device.poll(wgpu::PollType::Poll).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let start = Instant::now();
        let mut downloads = Vec::new();
        while start.elapsed() < Duration::from_secs(3) {
            downloads.push(pollster::block_on(gpu.download_async(&x)).map(|data| data[0]));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(downloads.iter().all(|first| *first == Ok(1.0)), "{downloads:?}");
    });
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

#[test]
#[ignore = "takes four minutes"]
fn callbacks_that_panic_lose_no_reads_in_minutes() {
    within(Duration::from_secs(400), || readers_beside_panics(Duration::from_secs(120)));
}

/// A mistake in a callback that runs inside a submit of ours is its owner's: the call succeeds, and the handler hears of it.
///
/// Reliability 22.
#[test]
fn mistakes_in_callbacks_are_their_owners() {
    let (gpu, uncaptured) = watched();
    let relu = GpuRelu::new(&gpu).accumulating();
    let (x, dx) = (gpu.upload(&[1.0; 4]).unwrap(), gpu.zeros::<f32>(4).unwrap());
    let mistake = |device: &wgpu::Device| {
        let usage = wgpu::BufferUsages::MAP_READ
            | wgpu::BufferUsages::MAP_WRITE
            | wgpu::BufferUsages::INDEX;
        let size = 4;
        let _ = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage,
            mapped_at_creation: false,
        });
    };
    for round in 1..=20 {
        let (device, queue) = (gpu.device().clone(), gpu.queue().clone());
        // The device is idle, so the outer callback runs before the next submit, and the inner one within it.
        gpu.download(&x).unwrap();
        queue
            .clone()
            .on_submitted_work_done(move || queue.on_submitted_work_done(move || mistake(&device)));
        relu.gradient_into(&x, &x, &dx).unwrap();
        gpu.download(&x).unwrap();
        assert_eq!(uncaptured.load(Ordering::Relaxed), round);
        assert_eq!(gpu.download(&dx).unwrap(), [round as f32; 4], "each ran once");
    }
    // What is wrong with the submit itself is still ours.
    let step = relu.prepare_gradient(&x, &x, &dx).unwrap();
    x.destroy();
    assert!(matches!(step.submit(), Err(Error::Refused { .. })));
    assert_eq!(uncaptured.load(Ordering::Relaxed), 20);
}

/// The same for a mistake in a submit of the callback, which wgpu tells in the words of one in ours.
#[test]
fn submits_that_fail_in_callbacks_are_their_owners() {
    let (gpu, uncaptured) = watched();
    let relu = GpuRelu::new(&gpu).accumulating();
    let (x, dx) = (gpu.upload(&[1.0; 4]).unwrap(), gpu.zeros::<f32>(4).unwrap());
    let to = gpu.zeros::<f32>(4).unwrap();
    for round in 1..=20 {
        let lost = gpu.zeros::<f32>(4).unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&lost, 0, &to, 0, 16);
        let commands = encoder.finish();
        lost.destroy();
        let queue = gpu.queue().clone();
        // The device is idle, so the outer callback runs before the next submit, and the inner one within it.
        gpu.download(&x).unwrap();
        queue.clone().on_submitted_work_done(move || {
            queue.clone().on_submitted_work_done(move || {
                queue.submit([commands]);
            });
        });
        relu.gradient_into(&x, &x, &dx).unwrap();
        gpu.download(&x).unwrap();
        assert_eq!(uncaptured.load(Ordering::Relaxed), round, "its handler hears of it");
        assert_eq!(gpu.download(&dx).unwrap(), [round as f32; 4], "ours ran once");
    }
}

/// A submit of ours that fails is told, also while other threads submit with success.
#[test]
fn submits_that_fail_beside_others_are_told() {
    let (gpu, uncaptured) = watched();
    let relu = GpuRelu::new(&gpu);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    gpu.queue().submit([]);
                }
            });
        }
        let work = || {
            for _ in 0..100 {
                let [x, y] = [0; 2].map(|_| gpu.upload(&[1.0; 4]).unwrap());
                let step = relu.prepare(&x, &y).unwrap();
                x.destroy();
                let error = step.submit().unwrap_err();
                assert!(matches!(error, Error::Refused { .. }), "{error}");
                let doing = error.to_string();
                assert!(doing.contains("submitting an operation: x: "), "{error}");
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(work));
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// In its owner's scope, if it has one open around our call.
#[test]
fn mistakes_in_callbacks_reach_an_open_scope() {
    let (gpu, uncaptured) = watched();
    let x = gpu.upload(&[1.0; 4]).unwrap();
    gpu.download(&x).unwrap();
    let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
    let (device, queue) = (gpu.device().clone(), gpu.queue().clone());
    let ran = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&ran);
    queue.clone().on_submitted_work_done(move || {
        queue.on_submitted_work_done(move || {
            tell.store(true, Ordering::Relaxed);
            let descriptor = wgpu::BufferDescriptor {
                label: Some("the test's mistake"),
                size: 4,
                usage: wgpu::BufferUsages::empty(),
                mapped_at_creation: false,
            };
            let _ = device.create_buffer(&descriptor);
        });
    });
    while !ran.load(Ordering::Relaxed) {
        GpuRelu::new(&gpu).apply_in_place(&x).unwrap();
    }
    let error = pollster::block_on(scope.pop()).expect("the callback's error");
    assert!(
        error.to_string().contains("wgpu-relu") || error.to_string().contains("the test's mistake"),
        "{error}"
    );
    assert_eq!(uncaptured.load(Ordering::Relaxed), 0);
}

/// A device with another's queue is refused, and harms neither.
#[test]
fn queues_of_other_devices_are_refused() {
    let one = instance();
    let refused = |result: Result<(), Error>| matches!(result, Err(Error::ForeignQueue { .. }));
    for (other, handled) in [(&one, true), (&one, false), (&instance(), true), (&instance(), false)]
    {
        let ((device, queue), (device_b, queue_b)) =
            (device_on(&one, |_| ()), device_on(other, |_| ()));
        let good = Gpu::from_device(&device, &queue);
        let (good_b, heard) = if handled {
            watch((device_b, queue_b.clone()))
        } else {
            (Gpu::from_device(&device_b, &queue_b), Arc::default())
        };
        let x = good.upload(&[-1.0, 2.0]).unwrap();
        let y = good_b.upload(&[-3.0, 4.0]).unwrap();
        let before = heard.load(Ordering::Relaxed);
        let mixed = Gpu::from_device(&device, &queue_b);
        let relu = GpuRelu::new(&mixed);
        assert!(refused(mixed.upload(&[1.0]).map(drop)));
        assert!(refused(mixed.upload_into(&[1.0, 2.0], &x)));
        assert!(refused(mixed.zeros::<f32>(1).map(drop)));
        assert!(refused(mixed.download(&x).map(drop)));
        assert!(refused(pollster::block_on(mixed.download_async(&x)).map(drop)));
        assert!(refused(relu.apply(&x).map(drop)));
        assert!(refused(relu.apply_in_place(&x)));
        assert!(refused(relu.prepare(&x, &x).map(drop)));
        assert!(refused(relu.forward(&[1.0]).map(drop)));
        assert!(heard.load(Ordering::Relaxed) <= before + 1, "at most the check");
        for (gpu, buffer, expected) in [(&good, &x, [0.0, 2.0]), (&good_b, &y, [0.0, 4.0])] {
            GpuRelu::new(gpu).apply_in_place(buffer).unwrap();
            assert_eq!(gpu.download(buffer).unwrap(), expected);
        }
    }
}
