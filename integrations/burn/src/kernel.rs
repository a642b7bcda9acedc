//! Plans of wgpu-relu, launched by cubecl on tensors of its memory pool.

use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::metadata::Info;
use cubecl::ir::{ElemType, UIntKind};
use cubecl::prelude::{
    AddressType, CubeCount, CubeDim, ExecutionMode, KernelDefinition, KernelId, KernelMetadata,
    KernelSettings, Scope,
};
use cubecl::server::{Handle, KernelArguments, MetadataBindingInfo};
use cubecl::{CubeKernel, PrecompiledSource};
use wgpu_relu::plan::{BufferId, BufferRange, Dispatch, Plan, Planner, Request, ShaderKey};
use wgpu_relu::{Activation, ElementType, Operand, wgpu};

use crate::error::Error;

/// The name of the runtime and compiler that take WGSL.
pub(crate) const RUNTIME: &str = "wgpu<wgsl>";

/// A dispatch's shader as a kernel of cubecl.
#[derive(Debug)]
struct SourceKernel(Dispatch);

impl KernelMetadata for SourceKernel {
    /// cubecl finds a compiled pipeline by this alone, so it must tell any two shaders apart.
    fn id(&self) -> KernelId {
        let key: ShaderKey = self.0.key().clone();
        KernelId::new::<Self>().info(key)
    }

    fn address_type(&self) -> ElemType {
        ElemType::UInt(UIntKind::U32)
    }
}

impl CubeKernel for SourceKernel {
    /// cubecl's own representation stays empty, because the kernel has a source.
    fn define(&self) -> KernelDefinition {
        let CubeDim(dim) = CubeDim::new_single();
        let settings = KernelSettings::new(dim, ExecutionMode::Checked, AddressType::U32);
        let body = Scope::root(settings.clone());
        KernelDefinition { body, settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(PrecompiledSource {
            source: self.0.source_with_constants(),
            entrypoint_name: Dispatch::ENTRY_POINT.into(),
            lang: "wgsl",
        })
    }
}

/// Checks that the client takes our shaders.
pub(crate) fn check_client(client: &Client, device: impl FnOnce() -> String) -> Result<(), Error> {
    check_name(client.name(), device)
}

fn check_name(runtime: &str, device: impl FnOnce() -> String) -> Result<(), Error> {
    if runtime == RUNTIME {
        return Ok(());
    }
    Err(Error::Runtime { device: device(), runtime: runtime.to_owned() })
}

/// An operation on contiguous tensors of one length: the tensors' numbers are the order of `operands`.
pub(crate) fn plan(
    planner: &Planner,
    request: Request,
    operands: &[Operand],
    dtype: DType,
    length: usize,
) -> Result<Plan, Error> {
    let element = element_type(dtype)?;
    let size = length as u64 * element.size();
    // The pool's slots are whole words, so there is one for an odd 16-bit element too.
    let slot = size.next_multiple_of(4);
    let request = (0..).zip(operands).fold(request, |request, (number, operand)| {
        request.with(*operand, BufferRange::elements::<u8>(number, slot, 0, size))
    });
    Ok(request.with_elements(element, element).plan(planner)?)
}

/// Computes y = f(x) into a new tensor.
pub(crate) fn forward(x: CubeTensor, activation: Activation) -> Result<CubeTensor, Error> {
    let x = into_contiguous(x);
    run(Request::forward(activation), &[(Operand::X, &x)], Operand::Y)
}

/// Computes dx = dy · f'(x) into a new tensor.
pub(crate) fn gradient(
    x: CubeTensor,
    dy: CubeTensor,
    activation: Activation,
) -> Result<CubeTensor, Error> {
    let (x, dy) = (into_contiguous(x), into_contiguous(dy));
    let inputs = [(Operand::X, &x), (Operand::Dy, &dy)];
    run(Request::gradient(activation), &inputs, Operand::Dx)
}

/// Launches a request on contiguous inputs. The new output has the shape and dtype of the first input.
fn run(
    request: Request,
    inputs: &[(Operand, &CubeTensor)],
    output: Operand,
) -> Result<CubeTensor, Error> {
    let (_, x) = inputs[0];
    check_client(&x.client, || format!("{:?}", x.device))?;
    let shape = x.meta.shape().clone();
    let y = empty_device_contiguous_dtype(x.client.clone(), x.device.clone(), shape, x.dtype);
    let (mut operands, mut handles): (Vec<_>, Vec<_>) =
        inputs.iter().map(|(operand, tensor)| (*operand, &tensor.handle)).unzip();
    operands.push(output);
    handles.push(&y.handle);
    let plan = plan(&planner(&x.client), request, &operands, x.dtype, x.meta.num_elements())?;
    launch(&x.client, plan, &handles);
    Ok(y)
}

/// Records a plan's dispatches in the client's stream. Errors of the device appear when a result is read.
fn launch(client: &Client, plan: Plan, handles: &[&Handle]) {
    for dispatch in plan.dispatches {
        let arguments = dispatch.bindings().iter().fold(KernelArguments::new(), |arguments, b| {
            let BufferId::Operand(number) = b.buffer else {
                unreachable!("a request plans no scratch buffers")
            };
            let handle = handles[number as usize].clone();
            let after = handle.size_in_used().saturating_sub(b.offset + b.size);
            arguments.with_buffer(handle.offset_start(b.offset).offset_end(after).binding())
        });
        let words = dispatch.uniform().as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word));
        let arguments = arguments.with_info(MetadataBindingInfo::custom(words.collect()));
        let [x, y, z] = dispatch.workgroups();
        client.launch(Box::new(SourceKernel(dispatch)), CubeCount::Static(x, y, z), arguments);
    }
}

/// WGSL has no bf16, and tensors that Burn itself fills with it hold other numbers.
fn element_type(dtype: DType) -> Result<ElementType, Error> {
    match dtype {
        DType::F32 => Ok(ElementType::F32),
        DType::F16 => Ok(ElementType::F16),
        _ => Err(Error::DType { dtype }),
    }
}

/// The numbers of cubecl's device. cubecl does not say whether it is a GPU, so the grid is that of GPUs.
pub(crate) fn planner(client: &Client) -> Planner {
    planner_with(client, u32::MAX)
}

/// With at most so many workgroups per dimension.
fn planner_with(client: &Client, max_workgroups: u32) -> Planner {
    let properties = client.properties();
    let (hardware, memory) = (&properties.hardware, &properties.memory);
    let default = wgpu::Limits::default();
    let limits = wgpu::Limits {
        // The first three are the adapter's. A device that the caller made may have the default limits.
        max_compute_workgroups_per_dimension: default
            .max_compute_workgroups_per_dimension
            .min(hardware.max_cube_count.0)
            .min(max_workgroups),
        max_compute_invocations_per_workgroup: default
            .max_compute_invocations_per_workgroup
            .min(hardware.max_units_per_cube),
        max_compute_workgroup_size_x: default
            .max_compute_workgroup_size_x
            .min(hardware.max_cube_dim.0),
        max_storage_buffers_per_shader_stage: hardware.max_bindings,
        max_storage_buffer_binding_size: memory.max_page_size,
        min_storage_buffer_offset_alignment: memory.alignment as u32,
        ..default
    };
    let info = wgpu::AdapterInfo::new(wgpu::DeviceType::DiscreteGpu, wgpu::Backend::Vulkan);
    Planner::new(&info, &limits, wgpu::Features::empty()).pooled()
}

#[cfg(test)]
mod tests {
    use burn_cubecl::CubeDevice;

    use super::*;

    /// Halves -2 in a slot of a page of 7, and checks the page.
    fn assert_only_its_slot(client: &Client, planner: &Planner, length: u64) {
        let alignment = client.properties().memory.alignment.max(256);
        let slot = length * 4;
        let words = (2 * alignment + slot.next_multiple_of(alignment)) as usize / 4;
        let page = client.create_from_slice(&7f32.to_ne_bytes().repeat(words));
        let x = client.create_from_slice(&(-2f32).to_ne_bytes().repeat(length as usize));
        let after = page.size() - alignment - slot;
        let y = page.clone().offset_start(alignment).offset_end(after);
        let request = Request::forward(Activation::LeakyRelu { negative_slope: 0.5 });
        let operands = [Operand::X, Operand::Y];
        let plan = plan(planner, request, &operands, DType::F32, length as usize);
        launch(client, plan.expect("valid"), &[&x, &y]);
        let page = client.read_one(page).expect("a working device");
        for (index, bytes) in page.chunks_exact(4).enumerate() {
            let found = f32::from_ne_bytes(bytes.try_into().expect("4 bytes"));
            let inside = (alignment..alignment + slot).contains(&(index as u64 * 4));
            let expected = if inside { -1.0 } else { 7.0 };
            assert_eq!(found, expected, "{length}: element {index} of the page");
        }
    }

    /// cubecl compiles without bounds checks, so the shader's own bounds must hold inside a page.
    #[test]
    fn neighbours_in_a_page_stay_untouched() {
        let client = CubeDevice::default().client();
        for length in 1..=70 {
            assert_only_its_slot(&client, &planner(&client), length);
        }
    }

    /// Burn's largest tensor here fills less than one row of 65,535 workgroups, so the rows are shorter.
    #[test]
    fn several_rows_of_workgroups_and_several_dispatches() {
        let client = CubeDevice::default().client();
        let planner = planner_with(&client, 4);
        let x = BufferRange::whole(0, 200_004);
        let request = Request::forward(Activation::Relu).with(Operand::X, x);
        let plan = request.with(Operand::Y, BufferRange::whole(1, 200_004)).plan(&planner);
        let grids: Vec<_> =
            plan.expect("valid").dispatches.iter().map(Dispatch::workgroups).collect();
        assert!(grids.len() > 1 && grids.iter().any(|[_, y, _]| *y > 1), "{grids:?}");
        assert_only_its_slot(&client, &planner, 50_001);
    }

    /// The names are cubecl's.
    #[test]
    fn clients_of_other_compilers_are_refused() {
        for name in ["wgpu<spirv>", "wgpu<msl>", "cuda"] {
            let error = check_name(name, || "Wgpu(0)".to_owned()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "the tensor is on Wgpu(0), which runs {name} kernels, but activations need wgpu<wgsl>; \
                     use a wgpu device, and build Burn without its features vulkan and metal"
                )
            );
        }
        check_name(CubeDevice::default().client().name(), String::new).expect("wgpu");
    }
}
