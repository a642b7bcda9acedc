//! Claim: max(0, x) and x * (x > 0) are both ReLU.

use std::time::Instant;

use wgpu_relu::{GpuRelu, View, wgpu};

use crate::Outcome;
use crate::plot::{Figure, Line, Panel, Scale};
use crate::setup::{Setup, geometric_means};

/// The expression of `f`, in a kernel of four elements per invocation.
const FORMS: [(&str, &str); 3] = [
    ("copy", "v"),
    ("max(0, x)", "max(vec4<f32>(0.0), v)"),
    ("x * (x > 0)", "v * vec4<f32>(v > vec4<f32>(0.0))"),
];

const LIBRARY: &str = "relu of this crate";

/// Elements, as powers of two.
const SIZES: std::ops::RangeInclusive<u32> = 12..=24;

pub(crate) fn run(setup: &Setup) -> Outcome<()> {
    let kernels = FORMS.map(|(_, form)| pipeline(setup, form));
    differences(setup, &kernels)?;
    let title = "Time over that of a copy by the same kernel".to_owned();
    let lines = times(setup, &kernels)?;
    let panel = Panel {
        title,
        x_label: "elements".to_owned(),
        y_label: "time / time of the copy".to_owned(),
        scales: [Scale::Binary, Scale::Linear],
        lines,
        ..Panel::default()
    };
    let title = format!("Two ways to write ReLU, on {}", setup.gpu.adapter_info().name);
    Figure { title, columns: 1, size: (760, 400), panels: vec![panel] }.save(&setup.out, "forms")
}

/// Every 4,096th of all floats, and the special ones.
fn inputs() -> Vec<f32> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        -f32::NAN,
        f32::MAX,
        f32::MIN,
    ];
    let tiny = [f32::MIN_POSITIVE, -f32::MIN_POSITIVE, 1e-40, -1e-40, 1e-45, -1e-45];
    let spread = (0..1u32 << 20).map(|i| f32::from_bits(i << 12 | 0x55));
    special.into_iter().chain(tiny).chain(spread).collect()
}

/// Prints where each form differs from NumPy's maximum(0, x), whose bits the crate's relu has.
fn differences(setup: &Setup, kernels: &[wgpu::ComputePipeline]) -> Outcome<()> {
    let gpu = &setup.gpu;
    let x = inputs();
    let (from, to) = (gpu.upload(&x)?, gpu.upload(&vec![0.0; x.len()])?);
    let reference = wgpu_relu::reference::forward(wgpu_relu::Activation::Relu, &x);
    println!("\ndifferences from maximum(0, x) of NumPy, of {} inputs", x.len());
    for (index, name) in [LIBRARY, FORMS[1].0, FORMS[2].0].into_iter().enumerate() {
        match index {
            0 => GpuRelu::new(gpu).apply_into(&from, &to)?,
            _ => launch(setup, &kernels[index], &from, &to, 1)?,
        }
        let y = gpu.download(&to)?;
        type Kind = (&'static str, fn(f32) -> bool);
        let kinds: [Kind; 5] = [
            ("NaN", f32::is_nan),
            ("-inf", |x| x == f32::NEG_INFINITY),
            ("negative", |x| x < 0.0 && x.is_normal()),
            ("-0", |x| x == 0.0 && x.is_sign_negative()),
            ("subnormal", f32::is_subnormal),
        ];
        let mut told = Vec::new();
        let differs = |i: usize| y[i].to_bits() != reference[i].to_bits();
        for (kind, is) in kinds {
            let of_kind: Vec<usize> = (0..x.len()).filter(|&i| is(x[i])).collect();
            let wrong: Vec<usize> = of_kind.iter().copied().filter(|&i| differs(i)).collect();
            if let Some(&first) = wrong.first() {
                let (count, all) = (wrong.len(), of_kind.len());
                told.push(format!("{count} of {all} {kind} ({:?} gives {:?})", x[first], y[first]));
            }
        }
        let known = |x: f32| kinds.iter().any(|(_, is)| is(x));
        let others = (0..x.len()).filter(|&i| !known(x[i]) && differs(i)).count();
        let told = if told.is_empty() { "none".to_owned() } else { told.join("; ") };
        println!("  {name:<18} {told}; {others} of the others");
    }
    Ok(())
}

/// Rounds. Each runs every form.
const ROUNDS: usize = 15;

fn times(setup: &Setup, kernels: &[wgpu::ComputePipeline]) -> Outcome<Vec<Line>> {
    let gpu = &setup.gpu;
    let most = 1u64 << SIZES.end();
    let x: Vec<f32> = (0..most).map(|i| (i as f32 * 0.7).sin()).collect();
    let (from, to) = (gpu.upload(&x)?, gpu.upload(&vec![0.0; x.len()])?);
    let mut runs = vec![vec![Vec::new(); ROUNDS]; 3];
    for size in SIZES.step_by(2) {
        let length = 1u64 << size;
        let (from, to) =
            (View::elements::<f32>(&from, 0, length), View::elements::<f32>(&to, 0, length));
        let library = GpuRelu::new(gpu).prepare(from, to)?;
        // A sample takes some milliseconds.
        let repeats = ((1 << 22) / length).clamp(1, 256) as usize;
        for round in 0..=ROUNDS {
            let mut seconds = [0.0; 4];
            for (index, seconds) in seconds.iter_mut().enumerate() {
                let start = Instant::now();
                match kernels.get(index) {
                    Some(kernel) => launch(setup, kernel, from, to, repeats)?,
                    None => {
                        let mut encoder = gpu.device().create_command_encoder(&Default::default());
                        {
                            let mut pass = encoder.begin_compute_pass(&Default::default());
                            (0..repeats).for_each(|_| library.record(&mut pass));
                        }
                        gpu.queue().submit([encoder.finish()]);
                    }
                }
                gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
                *seconds = start.elapsed().as_secs_f64();
            }
            // The first round warms up.
            if round > 0 {
                for (run, time) in runs.iter_mut().zip(&seconds[1..]) {
                    run[round - 1].push((length as f64, time / seconds[0]));
                }
            }
        }
    }
    let names = [FORMS[1].0, FORMS[2].0, LIBRARY];
    println!("\ntime over that of a copy, geometric mean of {ROUNDS} rounds");
    let mut lines = Vec::new();
    for ((style, name), runs) in names.into_iter().enumerate().zip(&runs) {
        let mut points = geometric_means(runs);
        let told: Vec<_> =
            points.iter().map(|p| format!("{} Ki {:.2}", p.x as u64 >> 10, p.y)).collect();
        println!("  {name:<18} {}", told.join(", "));
        // A range would show only the machine's other work.
        points.iter_mut().for_each(|point| point.spread = None);
        lines.push(Line::new(name, style, points));
    }
    Ok(lines)
}

fn pipeline(setup: &Setup, form: &str) -> wgpu::ComputePipeline {
    let device = setup.gpu.device();
    let source = format!(
        "@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
        @group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {{
            let i = id.y * groups.x * 64u + id.x;
            if (i >= arrayLength(&y)) {{ return; }}
            let v = x[i];
            y[i] = {form};
        }}"
    );
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(form),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(form),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

fn launch<'a>(
    setup: &Setup,
    pipeline: &wgpu::ComputePipeline,
    from: impl Into<View<'a>>,
    to: impl Into<View<'a>>,
    repeats: usize,
) -> Outcome<()> {
    let (from, to) = (from.into(), to.into());
    let device = setup.gpu.device();
    let entries = [from, to].map(|view| wgpu::BufferBinding {
        buffer: view.buffer(),
        offset: view.offset(),
        size: std::num::NonZero::new(view.size()),
    });
    let entries: Vec<_> = (0..)
        .zip(entries)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Buffer(buffer),
        })
        .collect();
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    let groups = to.size().div_ceil(16 * 64) as u32;
    let width = groups.clamp(1, 32_768);
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        for _ in 0..repeats {
            pass.dispatch_workgroups(width, groups.div_ceil(width), 1);
        }
    }
    setup.gpu.queue().submit([encoder.finish()]);
    Ok(())
}
