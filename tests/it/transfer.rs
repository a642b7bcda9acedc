//! Upload and download: mapped and staged, blocking and not.

use std::task::{Context, Poll, Waker};

use wgpu_relu::half::f16;
use wgpu_relu::{Error, Gpu, GpuRelu, Operand, View};

use crate::{bits, gpu, own_device, random_words};

/// The shared device (mappable where the adapter can), and one that must use staging buffers.
fn both() -> [Gpu; 2] {
    let (device, queue) = own_device(|_| ());
    [gpu().clone(), Gpu::from_device(&device, &queue)]
}

/// All buffers of a device, those of wgpu's own included.
pub(crate) fn buffers(device: &wgpu::Device) -> isize {
    device.get_internal_counters().hal.buffers.read()
}

fn random_data(length: usize, seed: u64) -> Vec<f32> {
    let mut random = random_words(seed);
    (0..length).map(|_| f32::from_bits(random())).collect()
}

#[test]
fn every_bit_comes_back() {
    for gpu in both() {
        // Around the smallest and the largest staging buffer.
        for length in [0, 1, 3, 1023, 16_384, 16_385, (8 << 20) - 1, (8 << 20) + 1, (17 << 20) + 5]
        {
            let data = random_data(length, length as u64);
            let buffer = gpu.upload(&data).unwrap();
            assert_eq!(buffer.size(), 4 * length as u64);
            let mut back = vec![0.0; length];
            gpu.download_into(&buffer, &mut back).unwrap();
            assert!(bits(&back) == bits(&data), "{length} elements, blocking");
            let back = pollster::block_on(gpu.download_async(&buffer)).unwrap();
            assert!(bits(&back) == bits(&data), "{length} elements, async");
        }
    }
}

#[test]
fn zeros_are_buffers_for_everything() {
    for gpu in both() {
        for length in [0, 1, 2, 5, 1001] {
            let words = gpu.zeros::<f32>(length as u64).unwrap();
            assert_eq!(words.size(), 4 * length as u64);
            assert_eq!(gpu.download(&words).unwrap(), vec![0.0; length]);
            let halves = gpu.zeros::<f16>(length as u64).unwrap();
            assert_eq!(halves.size(), 4 * (length as u64).div_ceil(2));
            let read: Vec<f16> =
                gpu.download_elements(View::elements::<f16>(&halves, 0, length as u64)).unwrap();
            assert_eq!(read, vec![f16::ZERO; length]);
        }
        // As an output, in part, as an input, and as the target of a gradient that accumulates.
        let relu = GpuRelu::new(&gpu);
        let (x, y) = (gpu.upload(&[-1.0, 2.0]).unwrap(), gpu.zeros::<f32>(4).unwrap());
        relu.apply_into(&x, y.slice(4..12)).unwrap();
        assert_eq!(gpu.download(&y).unwrap(), [0.0, 0.0, 2.0, 0.0]);
        let dx = gpu.zeros::<f32>(2).unwrap();
        for _ in 0..3 {
            relu.accumulating().gradient_into(&x, &x, &dx).unwrap();
        }
        assert_eq!(gpu.download(&dx).unwrap(), [0.0, 6.0]);
        let z = gpu.zeros::<f32>(2).unwrap();
        gpu.upload_into(&[5.0], z.slice(4..)).unwrap();
        assert_eq!(gpu.download(&relu.apply(&z).unwrap()).unwrap(), [0.0, 5.0]);
        for length in [gpu.device().limits().max_buffer_size / 4 + 1, u64::MAX / 4, u64::MAX] {
            let error = gpu.zeros::<f32>(length).unwrap_err();
            assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        }
    }
}

#[test]
fn ranges_come_back() {
    for gpu in both() {
        let data = random_data(1000, 3);
        let buffer = gpu.upload(&data).unwrap();
        for (start, length) in [(0, 1), (1, 1), (1, 3), (999, 1), (17, 900), (1000, 0)] {
            let view = View::elements::<f32>(&buffer, start, length);
            let expected = bits(&data[start as usize..(start + length) as usize]);
            assert_eq!(bits(&gpu.download(view).unwrap()), expected);
            let back = pollster::block_on(gpu.download_async(view)).unwrap();
            assert_eq!(bits(&back), expected);
        }
    }
}

#[test]
fn uploads_go_into_ranges() {
    for gpu in both() {
        let before = random_data((9 << 20) + 7, 5);
        let buffer = gpu.upload(&before).unwrap();
        // Around an element, and around the largest staging buffer.
        for (start, length) in [(0, 1), (1, 1), (1, 3), (17, 900), (5, (8 << 20) + 2), (7, 0)] {
            gpu.upload_into(&before, &buffer).unwrap();
            let data = random_data(length, 6);
            let view = View::elements::<f32>(&buffer, start as u64, length as u64);
            gpu.upload_into(&data, view).unwrap();
            let mut expected = before.clone();
            expected[start..start + length].copy_from_slice(&data);
            assert!(
                bits(&gpu.download(&buffer).unwrap()) == bits(&expected),
                "{length} at {start}"
            );
        }
    }
}

/// An upload comes after work that was submitted before, and before work that is submitted later.
#[test]
fn an_upload_into_a_buffer_in_use_takes_its_turn() {
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        let x = gpu.upload(&[-1.0; 70_000]).unwrap();
        let before = relu.apply(&x).unwrap();
        gpu.upload_into(&[2.0; 70_000], &x).unwrap();
        let after = relu.apply(&x).unwrap();
        assert_eq!(gpu.download(&before).unwrap(), [0.0; 70_000]);
        assert_eq!(gpu.download(&after).unwrap(), [2.0; 70_000]);
    }
}

#[test]
fn uploads_that_do_not_fit_are_refused() {
    let gpu = gpu();
    let x = gpu.upload(&[1.0; 8]).unwrap();
    let expected = Error::LengthMismatch {
        operand: Operand::Target,
        length: 8,
        reference: Operand::Data,
        expected: 7,
    };
    assert_eq!(gpu.upload_into(&[2.0; 7], &x), Err(expected));
    let past = View::elements::<f32>(&x, 4, 5);
    assert!(matches!(gpu.upload_into(&[2.0; 5], past), Err(Error::OutOfBounds { .. })));
    let usage = wgpu::BufferUsages::COPY_SRC;
    let no_target = crate::raw_buffer(gpu.device(), usage, &[0; 4]);
    let refused = gpu.upload_into(&[2.0; 4], &no_target);
    assert!(matches!(refused, Err(Error::MissingUsage { needed: "COPY_DST", .. })), "{refused:?}");
    assert_eq!(gpu.download(&x).unwrap(), [1.0; 8]);
    let gone = gpu.upload(&[1.0; 8]).unwrap();
    gone.destroy();
    assert!(matches!(gpu.upload_into(&[2.0; 8], &gone), Err(Error::Refused { .. })));
}

/// The async download has the contents at the time of its call, and does not keep the buffer.
#[test]
fn a_download_is_of_its_moment() {
    for gpu in both() {
        let x = gpu.upload(&[-1.0; 70_000]).unwrap();
        let before = gpu.download_async(&x);
        GpuRelu::new(&gpu).apply_in_place(&x).unwrap();
        let after = gpu.download_async(&x);
        assert_eq!(pollster::block_on(after).unwrap(), vec![0.0; 70_000]);
        assert_eq!(pollster::block_on(before).unwrap(), vec![-1.0; 70_000]);
    }
}

/// It wakes its task by itself. Nobody else polls the device, and the future is polled only when it is woken.
#[test]
fn a_download_wakes_and_does_not_spin() {
    struct Counting(std::thread::Thread, std::sync::atomic::AtomicUsize);
    impl std::task::Wake for Counting {
        fn wake(self: std::sync::Arc<Self>) {
            self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            self.0.unpark();
        }
    }
    let gpu = gpu();
    let x = gpu.upload(&vec![1.5; 1 << 20]).unwrap();
    let counting = std::sync::Arc::new(Counting(std::thread::current(), 0.into()));
    let waker = Waker::from(std::sync::Arc::clone(&counting));
    let mut download = Box::pin(gpu.download_async(&x));
    let mut polls = 0;
    let data = loop {
        polls += 1;
        match download.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(data) => break data.unwrap(),
            Poll::Pending => std::thread::park_timeout(std::time::Duration::from_secs(20)),
        }
    };
    assert_eq!(data, vec![1.5; 1 << 20]);
    assert!(polls <= 4, "{polls} polls for one chunk");
    let wakes = counting.1.load(std::sync::atomic::Ordering::SeqCst);
    assert!(polls == 1 || wakes > 0, "it was ready, but nobody was told");
}

/// Reliability 18.
#[test]
fn dropped_downloads_leave_no_trace() {
    let (device, queue) = own_device(|_| ());
    let gpu = &Gpu::from_device(&device, &queue);
    let before = buffers(&device);
    let x = gpu.upload(&[2.0; 100]).unwrap();
    for round in 0..10_000 {
        let mut download = Box::pin(gpu.download_async(&x));
        if round % 2 == 0 {
            let _ = download.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
    assert_eq!(gpu.download(&x).unwrap(), [2.0; 100]);
    // x and the buffers of the pools remain, and nothing of the downloads. The threads of the last ones may
    // still be ending.
    for _ in 0..100 {
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        if buffers(&device) - before <= 8 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{} buffers are left", buffers(&device) - before);
}

#[test]
fn transfers_reuse_their_staging() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    // wgpu frees what the check of the queue made.
    device.poll(wgpu_relu::wgpu::PollType::wait_indefinitely()).unwrap();
    let before = buffers(&device);
    let mut kept = Vec::new();
    for round in 0..50 {
        // Long enough for staging buffers in both directions.
        kept.push(gpu.upload(&[round as f32; 50_000]).unwrap());
        assert_eq!(gpu.download(&kept[round]).unwrap(), [round as f32; 50_000]);
    }
    // Each download waits for the upload, whose staging buffer is then free.
    let staging = buffers(&device) - before - kept.len() as isize;
    assert!((1..=4).contains(&staging), "{staging} staging buffers are kept");
}

#[test]
fn trimming_frees_the_staging() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    // Long enough for staging buffers in both directions.
    let x = gpu.upload(&[1.0; 50_000]).unwrap();
    assert_eq!(gpu.download(&x).unwrap(), [1.0; 50_000]);
    let buffers = || {
        device.poll(wgpu_relu::wgpu::PollType::wait_indefinitely()).unwrap();
        buffers(&device)
    };
    let kept = buffers();
    gpu.trim();
    let trimmed = buffers();
    assert!(trimmed <= kept - 2, "{trimmed} buffers, {kept} before");
    assert_eq!(gpu.download(&x).unwrap(), [1.0; 50_000]);
}

/// Longer than all chunks that may be under way, and no multiple of one.
#[test]
fn long_transfers_go_in_pieces() {
    let (device, queue) = own_device(|_| ());
    let gpu = Gpu::from_device(&device, &queue);
    let before = buffers(&device);
    let data = random_data((200 << 20) / 4 + 3, 9);
    let buffer = gpu.upload(&data).unwrap();
    assert!(bits(&gpu.download(&buffer).unwrap()) == bits(&data));
    // The data, and in either direction two chunks and the last one.
    let used = buffers(&device) - before;
    assert!(used <= 1 + 3 + 3, "{used} buffers");
}

/// A device whose largest buffer is no power of two and smaller than a chunk.
#[test]
fn staging_keeps_to_the_devices_largest_buffer() {
    for limit in [1 << 10, 3 << 19] {
        let (device, queue) = own_device(|limits| {
            limits.max_buffer_size = limit;
            limits.max_storage_buffer_binding_size =
                limits.max_storage_buffer_binding_size.min(limit);
            limits.max_uniform_buffer_binding_size =
                limits.max_uniform_buffer_binding_size.min(limit);
        });
        let gpu = Gpu::from_device(&device, &queue);
        let data = random_data(limit as usize / 4, 4);
        let buffer = gpu.upload(&data).unwrap();
        assert_eq!(bits(&gpu.download(&buffer).unwrap()), bits(&data));
        assert_eq!(bits(&pollster::block_on(gpu.download_async(&buffer)).unwrap()), bits(&data));
    }
}

/// wgpu runs callbacks inside its own calls, and they may use the same device.
#[test]
fn a_callback_may_use_the_gpu() {
    let gpu = gpu();
    let x = gpu.upload(&[-1.0, 2.0]).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let (theirs, relu) = (x.clone(), GpuRelu::new(gpu));
    gpu.queue().on_submitted_work_done(move || {
        let y = relu.apply(&theirs).unwrap();
        sender.send(self::gpu().download(&y).unwrap()).unwrap();
    });
    for _ in 0..100 {
        GpuRelu::new(gpu).apply(&x).unwrap();
        if let Ok(y) = receiver.try_recv() {
            assert_eq!(y, [0.0, 2.0]);
            return;
        }
    }
    assert_eq!(gpu.download(&x).unwrap(), [-1.0, 2.0]);
    assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(20)).unwrap(), [0.0, 2.0]);
}

/// Downloads of a buffer and operations on it, all at once.
#[test]
fn downloads_and_operations_on_one_buffer_take_turns() {
    let gpu = gpu();
    let x = gpu.upload(&[3.0; 4096]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let relu = GpuRelu::new(gpu);
                for _ in 0..100 {
                    relu.apply_in_place(&x).unwrap();
                }
            });
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(gpu.download(&x).unwrap(), [3.0; 4096]);
                }
            });
        }
    });
}
