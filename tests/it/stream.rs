//! Streams: for every length, chunk and device, the result is that of one buffer. Every error is reported and leaves
//! the device usable.

use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

use wgpu_relu::{Activation, Draw, Error, Gpu, GpuRelu, Operand};

use crate::{bits, gpu, own_device, random_words};

/// The shared device (mappable where the adapter can), and one that must use staging buffers.
fn both() -> [Gpu; 2] {
    let (device, queue) = own_device(|_| ());
    [gpu().clone(), Gpu::from_device(&device, &queue)]
}

fn random_data(length: usize, seed: u64) -> Vec<f32> {
    let mut random = random_words(seed);
    (0..length).map(|_| random() as i32 as f32 / (1 << 28) as f32).collect()
}

fn unstreamed(relu: &GpuRelu, gpu: &Gpu, x: &[f32]) -> Vec<f32> {
    gpu.download(&relu.apply(&gpu.upload(x).unwrap()).unwrap()).unwrap()
}

/// Raw bytes, and a writer of them that takes a few at a time.
fn raw(data: &[f32]) -> Vec<u8> {
    data.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Gives 1 to 7 bytes at a time, is interrupted now and then, and must not be read again after its end, like a
/// terminal, which would go on.
struct Dribble<R>(R, usize);

impl<R: Read> Read for Dribble<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        assert!(self.1 != usize::MAX, "read after its end");
        self.1 += 1;
        if self.1.is_multiple_of(11) {
            return Err(ErrorKind::Interrupted.into());
        }
        let most = into.len().min(1 + self.1 % 7);
        let read = self.0.read(&mut into[..most])?;
        if read == 0 {
            self.1 = usize::MAX;
        }
        Ok(read)
    }
}

/// Reads or takes a number of bytes, then fails.
struct FailsAfter(usize);

impl FailsAfter {
    fn some(&mut self, wanted: usize) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(ErrorKind::StorageFull, "the test's disk is full"));
        }
        let some = wanted.min(self.0);
        self.0 -= some;
        Ok(some)
    }
}

impl Read for FailsAfter {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let some = self.some(into.len())?;
        into[..some].fill(0);
        Ok(some)
    }
}

impl Write for FailsAfter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.some(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn equals_one_buffer_at_every_edge() {
    for gpu in both() {
        let silu = GpuRelu::with_activation(&gpu, Activation::Silu).unwrap();
        for chunk in [1, 7, 100, 1024, 5000] {
            let mut stream = silu.stream().chunk(chunk);
            let edges = [1, 2, 3, 4, 5, 9].map(|chunks| chunks * chunk);
            let lengths = edges.into_iter().flat_map(|edge| edge - 1..=edge + 1).chain([0]);
            for length in lengths {
                let seed = (length * chunk) as u64;
                // The slices also start at elements that are no multiple of four.
                let (x, dy) = (random_data(length + 1, seed), random_data(length + 1, !seed));
                let (x, dy) = (&x[length % 2..][..length], &dy[1..]);
                let expected = bits(&unstreamed(&silu, &gpu, x));
                let mut y = vec![f32::NAN; length];
                stream.run(x, &mut y).unwrap();
                assert_eq!(bits(&y), expected, "{length} elements by {chunk}");
                let mut y = x.to_vec();
                stream.run_in_place(&mut y).unwrap();
                assert_eq!(bits(&y), expected, "{length} elements by {chunk} in place");
                let mut y = Vec::new();
                let reader = Dribble(Cursor::new(raw(x)), length);
                assert_eq!(stream.pipe(reader, &mut y).unwrap(), length as u64);
                assert_eq!(
                    y,
                    bytemuck::cast_slice::<u32, u8>(&expected),
                    "{length} by {chunk} piped"
                );

                let (a, b) = (gpu.upload(x).unwrap(), gpu.upload(dy).unwrap());
                let expected = bits(&gpu.download(&silu.gradient(&a, &b).unwrap()).unwrap());
                let mut dx = vec![f32::NAN; length];
                stream.gradient(x, dy, &mut dx).unwrap();
                assert_eq!(bits(&dx), expected, "{length} elements by {chunk}, gradient");
                let mut dx = Vec::new();
                let (a, b) = (Dribble(Cursor::new(raw(x)), 1), Cursor::new(raw(dy)));
                assert_eq!(stream.pipe_gradient(a, b, &mut dx).unwrap(), length as u64);
                assert_eq!(
                    dx,
                    bytemuck::cast_slice::<u32, u8>(&expected),
                    "{length} by {chunk} piped"
                );
            }
        }
    }
}

/// The default chunk, over and over, from a slice that is longer than all chunks under way.
#[test]
fn equals_one_buffer_at_the_default_chunk() {
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        let x = random_data((9 << 20) + 3, 9);
        let expected: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
        let mut y = vec![f32::NAN; x.len()];
        let mut stream = relu.stream();
        for _ in 0..3 {
            y.fill(f32::NAN);
            stream.run(&x, &mut y).unwrap();
            assert!(y == expected);
        }
        assert!(relu.forward(&x).unwrap() == expected);
    }
}

#[test]
fn longer_than_a_binding_and_a_buffer() {
    let (device, queue) = own_device(|limits| {
        limits.max_buffer_size = 48 << 10;
        limits.max_storage_buffer_binding_size = 16 << 10;
        limits.max_uniform_buffer_binding_size =
            limits.max_uniform_buffer_binding_size.min(48 << 10);
    });
    let gpu = Gpu::from_device(&device, &queue);
    let relu = GpuRelu::new(&gpu);
    let x = random_data(100_003, 5);
    let expected: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
    assert!(matches!(gpu.upload(&x), Err(Error::TooLarge { .. })));
    assert!(relu.forward(&x).unwrap() == expected);
    let mut y = vec![f32::NAN; x.len()];
    // The largest chunk and an empty one: both become the nearest possible length.
    relu.stream().chunk(usize::MAX).run(&x, &mut y).unwrap();
    assert!(y == expected);
    let mut y = vec![f32::NAN; 10];
    relu.stream().chunk(0).run(&x[..10], &mut y).unwrap();
    assert!(y == expected[..10]);
    let mut y = Vec::new();
    relu.stream().pipe(&raw(&x)[..], &mut y).unwrap();
    assert!(y == raw(&expected));
}

#[test]
fn progress_rises_to_the_total() {
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        let x = random_data(2501, 1);
        let mut told = Vec::new();
        let caller = std::thread::current().id();
        let mut tell = |done, total| {
            assert_eq!(std::thread::current().id(), caller);
            told.push((done, total));
        };
        relu.stream().chunk(500).progress(&mut tell).run(&x, &mut vec![0.0; 2501]).unwrap();
        relu.stream().chunk(1000).progress(&mut tell).pipe(&raw(&x)[..], io::sink()).unwrap();
        let all = Some(2501);
        let slice = [500, 1000, 1500, 2000, 2500, 2501].map(|done| (done, all));
        assert_eq!(told[..6], slice);
        assert_eq!(told[6..], [1000, 2000, 2501].map(|done| (done, None)));
    }
}

#[test]
fn cancelling_leaves_a_prefix() {
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        // A stream with a second thread, and one without.
        for (length, after) in [(10_000, 300), (300, 100)] {
            let x = vec![-1.0; length];
            let mut y = vec![7.0; length];
            let flag = AtomicBool::new(false);
            let mut stream = relu.stream().chunk(100).cancel(&flag).progress(|done, _| {
                if done >= after {
                    flag.store(true, Ordering::Relaxed);
                }
            });
            assert_eq!(stream.run(&x, &mut y), Err(Error::Cancelled { done: after }));
            assert!(y[..after as usize].iter().all(|&y| y == 0.0));
            assert!(y[after as usize..].iter().all(|&y| y == 7.0));
            // While the flag is set nothing starts; afterwards everything works.
            assert_eq!(stream.run(&x, &mut y), Err(Error::Cancelled { done: 0 }));
            assert_eq!(stream.pipe(io::repeat(0), io::sink()), Err(Error::Cancelled { done: 0 }));
            drop(stream);
            relu.stream().chunk(100).run(&x, &mut y).unwrap();
            assert!(y.iter().all(|&y| y == 0.0));
        }
    }
}

/// Cancelled by another thread, in a stream that would never end.
#[test]
fn an_endless_stream_can_be_cancelled() {
    for gpu in both() {
        let flag = AtomicBool::new(false);
        let relu = GpuRelu::new(&gpu);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                flag.store(true, Ordering::Relaxed);
            });
            let outcome = relu.stream().chunk(1000).cancel(&flag).pipe(io::repeat(1), io::sink());
            assert!(matches!(outcome, Err(Error::Cancelled { .. })), "{outcome:?}");
        });
    }
}

#[test]
fn a_reader_that_fails_is_told_with_what_is_complete() {
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        for (bytes, done) in [(0, 0), (399, 0), (400, 100), (4002, 1000)] {
            let mut y = Vec::new();
            let mut stream = relu.stream().chunk(100);
            let error = stream.pipe(FailsAfter(bytes), &mut y).unwrap_err();
            let Error::Io { doing, done: told, kind, ref reason } = error else {
                panic!("{error}");
            };
            assert_eq!((doing, told, kind), ("reading x", done, ErrorKind::StorageFull));
            assert!(reason.contains("the test's disk is full"), "{reason}");
            assert_eq!(y, vec![0; 4 * done as usize]);
            let x = io::repeat(0).take(800);
            let error = stream.pipe_gradient(x, FailsAfter(500), io::sink()).unwrap_err();
            assert!(matches!(error, Error::Io { doing: "reading dy", done: 100, .. }), "{error}");
            assert_eq!(stream.pipe(&[0; 40][..], io::sink()), Ok(10));
        }
    }
}

#[test]
fn a_writer_that_fails_ends_the_reading() {
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        for (bytes, done) in [(0, 0), (399, 0), (400, 100), (4002, 1000)] {
            let mut stream = relu.stream().chunk(100);
            // Nothing else would end it.
            let error = stream.pipe(io::repeat(0), FailsAfter(bytes)).unwrap_err();
            let Error::Io { doing, done: told, kind, .. } = error else { panic!("{error}") };
            assert_eq!((doing, told, kind), ("writing y", done, ErrorKind::StorageFull));
            let dx = FailsAfter(bytes);
            let error = stream.pipe_gradient(io::repeat(0), io::repeat(0), dx).unwrap_err();
            assert!(matches!(error, Error::Io { doing: "writing dx", .. }), "{error}");
            assert_eq!(stream.pipe(&[0; 40][..], io::sink()), Ok(10));
        }
    }
}

/// The rest of the data in a `BufWriter` may fail, too.
#[test]
fn a_writer_is_flushed() {
    let relu = GpuRelu::new(gpu());
    let writer = io::BufWriter::with_capacity(1000, FailsAfter(10));
    let error = relu.stream().pipe(&[0; 40][..], writer).unwrap_err();
    assert!(matches!(error, Error::Io { doing: "writing y", done: 10, .. }), "{error}");
}

#[test]
fn readers_that_end_too_early_are_told_with_their_counts() {
    let relu = GpuRelu::new(gpu());
    let bytes = [0; 4000];
    for size in [1, 2, 3, 5, 399, 401, 1203] {
        let error = relu.stream().chunk(100).pipe(&bytes[..size], io::sink()).unwrap_err();
        let expected =
            Error::PartialElement { operand: Operand::X, offset: 0, size: size as u64, element: 4 };
        assert_eq!(error, expected);
    }
    for (x, dy) in [(10, 9), (9, 10), (0, 1), (1, 0), (100, 99), (250, 300), (100, 101)] {
        let (a, b) = (&bytes[..4 * x], &bytes[..4 * dy]);
        let error = relu.stream().chunk(100).pipe_gradient(a, b, io::sink()).unwrap_err();
        let Error::LengthMismatch { operand, length, reference, expected } = error else {
            panic!("{error}");
        };
        assert_eq!((operand, reference), (Operand::Dy, Operand::X));
        assert_eq!(length < expected, dy < x);
        assert!(length <= dy as u64 && expected <= x as u64, "{error}");
    }
}

#[test]
fn slices_of_different_lengths_are_refused() {
    let relu = GpuRelu::new(gpu());
    let mut stream = relu.stream();
    let (x, mut y) = ([1.0; 5], [7.0; 4]);
    let expected =
        |operand| Error::LengthMismatch { operand, length: 4, reference: Operand::X, expected: 5 };
    assert_eq!(stream.run(&x, &mut y), Err(expected(Operand::Y)));
    assert_eq!(stream.gradient(&x, &[1.0; 4], &mut [0.0; 5]), Err(expected(Operand::Dy)));
    assert_eq!(stream.gradient(&x, &x, &mut y), Err(expected(Operand::Dx)));
    assert_eq!(y, [7.0; 4]);
}

/// A panic of the reader, the writer or the callback passes through, and harms nothing.
#[test]
fn panics_pass_through() {
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("the test's reader panics")
        }
    }
    for gpu in both() {
        let relu = GpuRelu::new(&gpu);
        let mut stream = relu.stream().chunk(100);
        let caught = |work: &mut dyn FnMut()| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
        };
        assert!(caught(&mut || drop(stream.pipe(Panics, io::sink()))));
        assert_eq!(stream.pipe(&[0; 4000][..], io::sink()), Ok(1000));
        let mut stream = relu.stream().chunk(100).progress(|done, _| assert!(done < 500));
        assert!(caught(&mut || drop(stream.pipe(io::repeat(0), io::sink()))));
        assert_eq!(stream.pipe(&[0; 400][..], io::sink()), Ok(100));
    }
}

#[test]
fn a_lost_device_ends_the_stream() {
    let devices = || {
        let (device, queue) = own_device(|_| ());
        [Gpu::new().unwrap(), Gpu::from_device(&device, &queue)]
    };
    let lost = |error: &Error| matches!(error, Error::DeviceLost { .. });
    for gpu in devices() {
        let relu = GpuRelu::new(&gpu);
        let x = vec![1.0; 10_000];
        let mut y = x.clone();
        let mut stream = relu.stream().chunk(100);
        stream.run(&x, &mut y).unwrap();
        gpu.device().destroy();
        for length in [1, 100, 300, 10_000] {
            // With the buffers of the first run, and with new ones.
            let error = stream.run(&x[..length], &mut y[..length]).unwrap_err();
            assert!(lost(&error), "{error}");
            let error = relu.stream().run(&x[..length], &mut y[..length]).unwrap_err();
            assert!(lost(&error), "{error}");
        }
    }
    // While it runs, in a stream that would never end.
    for gpu in devices() {
        let relu = GpuRelu::new(&gpu);
        let destroy = |done, _: Option<u64>| {
            if done == 1000 {
                gpu.device().destroy();
            }
        };
        let mut stream = relu.stream().chunk(100).progress(destroy);
        let error = stream.pipe(io::repeat(0), io::sink()).unwrap_err();
        assert!(lost(&error), "{error}");
        // The same with the buffers in the pools.
        let error = stream.pipe(io::repeat(0), io::sink()).unwrap_err();
        assert!(lost(&error), "{error}");
    }
}

/// Readers of numbers that differ, up to a failure.
fn failing(data: &[f32], bytes: usize) -> impl Read + Send {
    Cursor::new(raw(data)).take(bytes as u64).chain(FailsAfter(0))
}

/// Whatever ends a pipe early, the writer has whole chunks of the result from its start, and of a chunk that it refuses
/// what it took.
#[test]
fn what_ends_a_pipe_leaves_a_prefix() {
    /// Keeps what it is given, up to a number of bytes.
    struct Keeps<'a>(&'a mut Vec<u8>, FailsAfter);
    impl Write for Keeps<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = self.1.some(bytes.len())?;
            self.0.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    const CHUNK: usize = 100;
    let (device, queue) = own_device(|_| ());
    for mortal in [Gpu::new().unwrap(), Gpu::from_device(&device, &queue)] {
        let elu = GpuRelu::with_activation(&mortal, Activation::Elu { alpha: 1.5 }).unwrap();
        let (x, dy) = (random_data(20 * CHUNK + 7, 21), random_data(20 * CHUNK + 7, 22));
        let y = raw(&unstreamed(&elu, &mortal, &x));
        let [a, b] = [&x, &dy].map(|data| mortal.upload(data).unwrap());
        let dx = raw(&mortal.download(&elu.gradient(&a, &b).unwrap()).unwrap());
        let is_prefix = |case: &str, written: &[u8], all: &[u8], done: usize| {
            assert_eq!(written.len(), 4 * done, "{case}");
            assert!(written == &all[..written.len()], "{case}: {done}");
        };
        for bytes in [0, 1, 399, 400, 4002, 6401] {
            let whole = bytes / (4 * CHUNK) * CHUNK;
            let mut written = Vec::new();
            elu.stream().chunk(CHUNK).pipe(failing(&x, bytes), &mut written).unwrap_err();
            is_prefix("reader", &written, &y, whole);
            for failing_x in [true, false] {
                let mut written = Vec::new();
                let (x_bytes, dy_bytes) =
                    if failing_x { (bytes, 1 << 20) } else { (1 << 20, bytes) };
                let mut stream = elu.stream().chunk(CHUNK);
                let (x, dy) = (failing(&x, x_bytes), failing(&dy, dy_bytes));
                stream.pipe_gradient(x, dy, &mut written).unwrap_err();
                is_prefix("reader of a gradient", &written, &dx, whole);
            }
            // A writer that is full may have a part of the chunk that it refused.
            let mut written = Vec::new();
            let full = Keeps(&mut written, FailsAfter(bytes));
            elu.stream().chunk(CHUNK).pipe(&raw(&x)[..], full).unwrap_err();
            assert!(written == y[..bytes], "writer: {bytes}");
        }
        for chunks in [0, 1, 7] {
            let flag = AtomicBool::new(chunks == 0);
            let mut written = Vec::new();
            let mut stream = elu.stream().chunk(CHUNK).cancel(&flag).progress(|done, _| {
                flag.store(done == (chunks * CHUNK) as u64, Ordering::Relaxed);
            });
            let outcome = stream.pipe(&raw(&x)[..], &mut written);
            let done = (chunks * CHUNK) as u64;
            assert_eq!(outcome, Err(Error::Cancelled { done }));
            is_prefix("cancelled", &written, &y, chunks * CHUNK);
        }
        // The device goes last.
        let mut written = Vec::new();
        let mut told = 0;
        let mut stream = elu.stream().chunk(CHUNK).progress(|done, _| {
            told = done as usize;
            if told == 5 * CHUNK {
                mortal.device().destroy();
            }
        });
        let error = stream.pipe(&raw(&x)[..], &mut written).unwrap_err();
        assert!(matches!(error, Error::DeviceLost { .. }), "{error}");
        drop(stream);
        is_prefix("lost", &written, &y, told);
        assert!((5..=8).contains(&(told / CHUNK)), "{told}: three chunks are under way at most");
    }
}

/// The same for slices, which keep their old contents behind the prefix.
#[test]
fn a_loss_leaves_a_prefix_in_slices() {
    const CHUNK: usize = 100;
    let devices = || {
        let (device, queue) = own_device(|_| ());
        [Gpu::new().unwrap(), Gpu::from_device(&device, &queue)]
    };
    // A stream with a second thread, and one without.
    for length in [20 * CHUNK + 7, 3 * CHUNK] {
        let (x, dy) = (random_data(length, 31), random_data(length, 32));
        type Run = fn(&mut wgpu_relu::Stream<'_>, [&[f32]; 2], &mut [f32]) -> Result<(), Error>;
        let run: Run = |stream, [x, _], out| stream.run(x, out);
        let run_in_place: Run = |stream, _, out| stream.run_in_place(out);
        let gradient: Run = |stream, [x, dy], out| stream.gradient(x, dy, out);
        for (old, call) in [(&dy, run), (&x, run_in_place), (&x, gradient)] {
            let mut expected = old.clone();
            call(&mut GpuRelu::new(gpu()).stream(), [&x, &dy], &mut expected).unwrap();
            for gpu in devices() {
                let mut out = old.clone();
                let mut done = 0;
                let relu = GpuRelu::new(&gpu);
                let mut stream = relu.stream().chunk(CHUNK).progress(|so_far, _| {
                    done = so_far as usize;
                    if done == CHUNK {
                        gpu.device().destroy();
                    }
                });
                let outcome = call(&mut stream, [&x, &dy], &mut out);
                drop(stream);
                if done < length {
                    assert!(matches!(outcome, Err(Error::DeviceLost { .. })), "{outcome:?}");
                }
                assert!(bits(&out[..done]) == bits(&expected[..done]), "{length}: {done}");
                assert!(bits(&out[done..]) == bits(&old[done..]), "{length}: {done}");
            }
        }
    }
}

#[test]
fn streams_keep_to_their_buffers() {
    for mappable in [false, true] {
        let gpu = if mappable {
            Gpu::new().unwrap()
        } else {
            let (device, queue) = own_device(|_| ());
            Gpu::from_device(&device, &queue)
        };
        let buffers = || {
            gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
            gpu.device().get_internal_counters().hal.buffers.read()
        };
        let relu = GpuRelu::new(&gpu);
        let (x, mut y) = (random_data(20_500, 3), vec![0.0; 20_500]);
        let mut stream = relu.stream().chunk(1000);
        stream.run(&x, &mut y).unwrap();
        let first = buffers();
        for _ in 0..30 {
            stream.run(&x, &mut y).unwrap();
            // A running stream makes no more buffers either: the data is 20 times as long as a chunk.
            let during = AtomicIsize::new(0);
            relu.stream()
                .chunk(1000)
                .progress(|_, _| {
                    let now = gpu.device().get_internal_counters().hal.buffers.read();
                    during.fetch_max(now, Ordering::Relaxed);
                })
                .run(&x, &mut y)
                .unwrap();
            // A second stream beside the first: data, staging, uniforms, and one of each in flight.
            let during = during.into_inner();
            assert!(during <= first + 3 * 5, "{during} buffers, {first} before");
        }
        drop(stream);
        let rested = buffers();

        // Failed or cancelled streams leave none either.
        let flag = AtomicBool::new(true);
        for _ in 0..30 {
            relu.stream().chunk(1000).run(&x, &mut y).unwrap();
            let _ = relu.stream().chunk(1000).pipe(io::repeat(0), FailsAfter(7777)).unwrap_err();
            let cancelled = relu.stream().chunk(1000).cancel(&flag).run(&x, &mut y);
            assert_eq!(cancelled, Err(Error::Cancelled { done: 0 }));
            let now = buffers();
            assert!(now <= rested, "{now} buffers, {rested} before");
        }
    }
}

/// On one device, beside other work.
#[test]
fn streams_run_side_by_side() {
    for gpu in both() {
        let x = random_data(5000, 8);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let relu = GpuRelu::new(&gpu);
                    let expected: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
                    let mut stream = relu.stream().chunk(300);
                    for _ in 0..20 {
                        let mut y = vec![f32::NAN; x.len()];
                        stream.run(&x, &mut y).unwrap();
                        assert_eq!(y, expected);
                        assert_eq!(unstreamed(&relu, &gpu, &x), expected);
                    }
                });
            }
        });
    }
}

/// Waits like a slow disk or network.
struct Slow<T> {
    inner: T,
    bytes: usize,
    every: usize,
}

impl<T> Slow<T> {
    fn pass(&mut self, bytes: usize) {
        self.bytes += bytes;
        while self.bytes >= self.every {
            self.bytes -= self.every;
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

impl<T: Read> Read for Slow<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.pass(read);
        Ok(read)
    }
}

impl<T: Write> Write for Slow<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.pass(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Waiting first for the reader and then for the writer takes the sum of both times. A stream waits for both at once.
#[test]
fn reading_and_writing_overlap() {
    const CHUNKS: usize = 50;
    let elements = 1 << 12;
    let slow = |every| {
        let relu = GpuRelu::new(gpu());
        let [reader, writer] = every;
        let x = io::repeat(0).take((CHUNKS * elements * 4) as u64);
        let reader = Slow { inner: x, bytes: 0, every: reader };
        let writer = Slow { inner: io::sink(), bytes: 0, every: writer };
        let start = std::time::Instant::now();
        let piped = relu.stream().chunk(elements).pipe(reader, writer).unwrap();
        assert_eq!(piped, (CHUNKS * elements) as u64);
        start.elapsed()
    };
    let (chunk, never) = (4 * elements, usize::MAX);
    // A busy machine may stall any of them.
    let overlaps = (0..5).any(|_| {
        let apart = slow([chunk, never]) + slow([never, chunk]);
        let together = slow([chunk, chunk]);
        println!("reading and writing {apart:?} apart, {together:?} together");
        together < apart * 3 / 4
    });
    assert!(overlaps);
}

/// Chunks of 5 become chunks of 8, because random slopes come by fours.
#[test]
fn random_slopes_go_on_from_chunk_to_chunk() {
    let (lower, upper) = (0.1, 0.9);
    let rrelu = GpuRelu::with_activation(gpu(), Activation::Rrelu { lower, upper }).unwrap();
    let draw = Draw { seed: 3, offset: 4 };
    let rrelu = rrelu.in_training(draw).unwrap();
    let x = [-1.0; 103];
    let mut y = [0.0; 103];
    rrelu.stream().chunk(5).run(&x, &mut y).unwrap();
    let expected: Vec<f32> = (0..103).map(|i| -draw.slope(lower, upper, i)).collect();
    assert_eq!(y[..], expected);
    assert_eq!(rrelu.forward(&x).unwrap(), expected);
}
