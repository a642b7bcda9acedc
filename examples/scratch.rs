use std::time::Instant;
use wgpu_relu::*;
fn main() {
    let gpu = Gpu::new().unwrap();
    let n: usize = std::env::args().nth(1).map_or(16 << 20, |a| a.parse().unwrap());
    let rounds = 15;
    let x32 = gpu
        .upload(&(0..n).map(|i| ((i * 7919) % 1000) as f32 / 100.0 - 5.0).collect::<Vec<_>>())
        .unwrap();
    let y32 = gpu.upload(&vec![0.0; n]).unwrap();
    let act = std::env::args().nth(2).map_or(Activation::Relu, |a| a.parse().unwrap());
    let relu = GpuRelu::with_activation(&gpu, act).unwrap();
    let h = |t: ElementType| relu.with_element(t);
    let xf16: Vec<half::f16> =
        (0..n).map(|i| half::f16::from_f32(((i * 7919) % 1000) as f32 / 100.0 - 5.0)).collect();
    let xf = gpu.upload_elements(&xf16).unwrap();
    let yf = gpu.upload_elements(&xf16).unwrap();
    let half_view = |b| View::elements::<half::f16>(b, 0, n as u64);
    let odd = |b| View::elements::<half::f16>(b, 1, n as u64 - 8);
    let w = 1000u64;
    let rows = n as u64 / 1024;
    let mut steps: Vec<(String, Prepared, f64)> = vec![
        ("f32".into(), relu.prepare(&x32, &y32).unwrap(), n as f64),
        (
            "f16".into(),
            h(ElementType::F16).prepare(half_view(&xf), half_view(&yf)).unwrap(),
            n as f64,
        ),
        (
            "bf16".into(),
            h(ElementType::Bf16).prepare(half_view(&xf), half_view(&yf)).unwrap(),
            n as f64,
        ),
        ("f16 odd".into(), h(ElementType::F16).prepare(odd(&xf), odd(&yf)).unwrap(), n as f64),
        (
            "f32 to f16".into(),
            relu.with_output_element(ElementType::F16).prepare(&x32, half_view(&yf)).unwrap(),
            n as f64,
        ),
        (
            "f16 to f32".into(),
            h(ElementType::F16)
                .with_output_element(ElementType::F32)
                .prepare(half_view(&xf), &y32)
                .unwrap(),
            n as f64,
        ),
        (
            "rows 1000/1024".into(),
            relu.prepare(
                View::rows(&x32, 0, 4 * w, rows, 4096),
                View::rows(&y32, 0, 4 * w, rows, 4096),
            )
            .unwrap(),
            (w * rows) as f64,
        ),
        (
            "rows 1001/1024".into(),
            relu.prepare(
                View::rows(&x32, 0, 4 * 1001, rows, 4096),
                View::rows(&y32, 0, 4 * 1001, rows, 4096),
            )
            .unwrap(),
            (1001 * rows) as f64,
        ),
        (
            "rows 1000/1024 to packed".into(),
            relu.prepare(
                View::rows(&x32, 0, 4 * w, rows, 4096),
                View::elements::<f32>(&y32, 0, w * rows),
            )
            .unwrap(),
            (w * rows) as f64,
        ),
        (
            "rows 48/64".into(),
            relu.prepare(
                View::rows(&x32, 0, 4 * 48, n as u64 / 64, 256),
                View::rows(&y32, 0, 4 * 48, n as u64 / 64, 256),
            )
            .unwrap(),
            (n as f64 / 64. * 48.),
        ),
        ("f32 in place".into(), relu.prepare(&y32, &y32).unwrap(), n as f64),
    ];
    let mut times = vec![vec![]; steps.len()];
    for round in 0..rounds + 1 {
        for (i, (_, step, _)) in steps.iter_mut().enumerate() {
            let mut e = gpu.device().create_command_encoder(&Default::default());
            {
                let mut p = e.begin_compute_pass(&Default::default());
                step.record(&mut p);
            }
            let t = Instant::now();
            let s = gpu.queue().submit([e.finish()]);
            gpu.device()
                .poll(wgpu::PollType::Wait { submission_index: Some(s), timeout: None })
                .unwrap();
            if round > 0 {
                times[i].push(t.elapsed().as_secs_f64());
            }
        }
    }
    let med = |v: &Vec<f64>| {
        let mut v = v.clone();
        v.sort_by(f64::total_cmp);
        v[v.len() / 2]
    };
    let base = steps[0].2 / med(&times[0]);
    for ((name, _, n), t) in steps.iter().zip(&times) {
        let rate = n / med(t);
        println!("{name:28} {:8.3} Gelem/s  {:.2} of f32", rate / 1e9, rate / base);
    }
}
