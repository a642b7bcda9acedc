//! WGSL to SPIR-V, as wgpu's Vulkan backend does it on a card with `robustBufferAccess2`.

use ash::vk::DescriptorType;
use naga::back::{pipeline_constants, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, GlobalUse, ValidationFlags, Validator};
use naga::{AddressSpace, ImageClass, Module, ShaderStage, TypeInner};

use crate::Outcome;

/// A module, ready for a driver.
pub(crate) struct Shader {
    pub(crate) words: Vec<u32>,
    /// The number and the type of each binding.
    pub(crate) bindings: Vec<(u32, DescriptorType)>,
    pub(crate) arrays: Vec<Array>,
}

/// An array in a storage buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Array {
    /// The bytes of an item, which one access should move.
    pub(crate) stride: u32,
    pub(crate) is_read: bool,
    pub(crate) is_written: bool,
}

/// Compiles a module with these values of its `override`s.
pub(crate) fn compile(source: &str, constants: &[(&str, u32)]) -> Outcome<Shader> {
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let info = validator.validate(&module).map_err(|error| error.emit_to_string(source))?;
    let constants = constants.iter().map(|&(name, value)| (name.to_owned(), f64::from(value)));
    let stage = (ShaderStage::Compute, "main");
    let constants = constants.collect();
    let (module, info) =
        pipeline_constants::process_overrides(&module, &info, Some(stage), &constants)?;
    let entry =
        spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point: "main".to_owned() };
    let words = spv::write_vec(&module, &info, &options(), Some(&entry))?;
    let mut shader = Shader { words, bindings: Vec::new(), arrays: Vec::new() };
    for (handle, variable) in module.global_variables.iter() {
        let Some(binding) = &variable.binding else { continue };
        let ty = &module.types[variable.ty].inner;
        shader.bindings.push((binding.binding, descriptor(variable.space, ty)));
        if let (AddressSpace::Storage { .. }, Some(stride)) = (variable.space, stride(&module, ty))
        {
            let uses = info.get_entry_point(0)[handle];
            shader.arrays.push(Array {
                stride,
                is_read: uses.contains(GlobalUse::READ),
                is_written: uses.contains(GlobalUse::WRITE),
            });
        }
    }
    Ok(shader)
}

/// Those of wgpu-hal, for a module that wgpu checks.
fn options() -> spv::Options<'static> {
    spv::Options {
        lang_version: (1, 6),
        flags: spv::WriterFlags::empty(),
        bounds_check_policies: BoundsCheckPolicies {
            index: BoundsCheckPolicy::Restrict,
            buffer: BoundsCheckPolicy::Unchecked,
            image_load: BoundsCheckPolicy::Unchecked,
            binding_array: BoundsCheckPolicy::Unchecked,
        },
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: true,
        emit_int_div_checks: true,
        ..spv::Options::default()
    }
}

fn descriptor(space: AddressSpace, ty: &TypeInner) -> DescriptorType {
    match (space, ty) {
        (AddressSpace::Uniform, _) => DescriptorType::UNIFORM_BUFFER,
        (_, TypeInner::Image { class: ImageClass::Storage { .. }, .. }) => {
            DescriptorType::STORAGE_IMAGE
        }
        (_, TypeInner::Image { .. }) => DescriptorType::SAMPLED_IMAGE,
        _ => DescriptorType::STORAGE_BUFFER,
    }
}

/// Of an array of numbers or vectors. A struct is loaded and stored by fields of four bytes.
fn stride(module: &Module, ty: &TypeInner) -> Option<u32> {
    match *ty {
        TypeInner::Array { base, stride, .. } => match module.types[base].inner {
            TypeInner::Struct { .. } => Some(4),
            _ => Some(stride),
        },
        _ => None,
    }
}
