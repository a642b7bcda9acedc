//! A card that is not there: Mesa's RADV compiles for it, and tells what it made.

#![expect(
    unsafe_code,
    reason = "Vulkan without wgpu, which cannot open a device that cannot run anything"
)]

use std::ffi::{CStr, c_char};

use ash::{Entry, Instance, ext, khr, vk};

use crate::Outcome;
use crate::spirv::Shader;

/// A device to compile for.
pub(crate) struct Device {
    // It holds the library that the functions of the others are in.
    _entry: Entry,
    instance: Instance,
    device: ash::Device,
    executables: khr::pipeline_executable_properties::Device,
    /// The card's name, and the driver's with its version.
    pub(crate) name: String,
    pub(crate) driver: String,
}

/// What the driver says of a compiled shader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    /// Invocations of a wave.
    pub(crate) wave: u32,
    pub(crate) statistics: Vec<(String, u64)>,
    pub(crate) assembly: String,
}

impl Device {
    /// Opens the first device.
    pub(crate) fn open() -> Outcome<Self> {
        // SAFETY: a Vulkan loader keeps to the specification.
        let entry = unsafe { Entry::load() }?;
        let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
        let info = vk::InstanceCreateInfo::default().application_info(&application);
        // SAFETY: `info` is complete, and `entry` outlives the instance.
        let instance = unsafe { entry.create_instance(&info, None) }?;
        // SAFETY: the instance is alive.
        let physical = unsafe { instance.enumerate_physical_devices() }?;
        let physical = *physical.first().ok_or("the driver has no device")?;
        let mut driver = vk::PhysicalDeviceDriverProperties::default();
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut driver);
        // SAFETY: the physical device is the instance's.
        unsafe { instance.get_physical_device_properties2(physical, &mut properties) };
        let name = text(&properties.properties.device_name);
        let driver = format!("{} {}", text(&driver.driver_name), text(&driver.driver_info));

        // What wgpu asks for, and the statistics.
        let extensions = [khr::pipeline_executable_properties::NAME, ext::robustness2::NAME];
        let extensions = extensions.map(CStr::as_ptr);
        let features = vk::PhysicalDeviceFeatures::default().robust_buffer_access(true);
        let mut robust = vk::PhysicalDeviceRobustness2FeaturesEXT::default()
            .robust_buffer_access2(true)
            .robust_image_access2(true);
        let mut executables = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
            .pipeline_executable_info(true);
        let queues = [vk::DeviceQueueCreateInfo::default().queue_priorities(&[1.0])];
        let info = vk::DeviceCreateInfo::default()
            .queue_create_infos(&queues)
            .enabled_extension_names(&extensions)
            .enabled_features(&features)
            .push_next(&mut robust)
            .push_next(&mut executables);
        // SAFETY: `info` is complete; the driver refuses extensions and features that it lacks.
        let device = unsafe { instance.create_device(physical, &info, None) }?;
        let executables = khr::pipeline_executable_properties::Device::new(&instance, &device);
        Ok(Device { _entry: entry, instance, device, executables, name, driver })
    }

    /// Compiles a shader.
    pub(crate) fn compile(&self, shader: &Shader) -> Outcome<Compiled> {
        let bindings: Vec<_> = shader
            .bindings
            .iter()
            .map(|&(number, ty)| {
                vk::DescriptorSetLayoutBinding::default()
                    .binding(number)
                    .descriptor_type(ty)
                    .descriptor_count(1)
                    .stage_flags(vk::ShaderStageFlags::COMPUTE)
            })
            .collect();
        let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
        // SAFETY: the bindings' numbers differ.
        let sets = [unsafe { self.device.create_descriptor_set_layout(&info, None) }?];
        let info = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
        // SAFETY: the set's layout is alive.
        let layout = unsafe { self.device.create_pipeline_layout(&info, None) }?;
        let info = vk::ShaderModuleCreateInfo::default().code(&shader.words);
        // SAFETY: the words are SPIR-V that naga wrote.
        let module = unsafe { self.device.create_shader_module(&info, None) }?;
        let stage = vk::PipelineShaderStageCreateInfo::default()
            .stage(vk::ShaderStageFlags::COMPUTE)
            .module(module)
            .name(c"main");
        let info = vk::ComputePipelineCreateInfo::default().stage(stage).layout(layout).flags(
            vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR
                | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR,
        );
        // SAFETY: the module has an entry point of that name, and the layout has its bindings.
        let pipelines = unsafe {
            self.device.create_compute_pipelines(vk::PipelineCache::null(), &[info], None)
        };
        let compiled = match pipelines {
            Ok(pipelines) => {
                let compiled = self.read(pipelines[0]);
                // SAFETY: nothing uses it any more.
                unsafe { self.device.destroy_pipeline(pipelines[0], None) };
                compiled
            }
            // A pipeline that could not be made is null.
            Err((_, error)) => Err(error.into()),
        };
        // SAFETY: the pipeline that was made of them is gone.
        unsafe {
            self.device.destroy_shader_module(module, None);
            self.device.destroy_pipeline_layout(layout, None);
            self.device.destroy_descriptor_set_layout(sets[0], None);
        }
        compiled
    }

    /// Reads what the driver says of a compute pipeline.
    fn read(&self, pipeline: vk::Pipeline) -> Outcome<Compiled> {
        let info = vk::PipelineInfoKHR::default().pipeline(pipeline);
        // SAFETY: the pipeline is alive.
        let properties = unsafe { self.executables.get_pipeline_executable_properties(&info) }?;
        let properties = properties.first().ok_or("the pipeline has no executable")?;
        let info = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline);
        // SAFETY: the pipeline is alive, was made with CAPTURE_STATISTICS, and has an executable 0.
        let found = unsafe { self.executables.get_pipeline_executable_statistics(&info) }?;
        let integers =
            found.iter().filter(|s| s.format == vk::PipelineExecutableStatisticFormatKHR::UINT64);
        // SAFETY: `format` says which member of the union is set.
        let statistics = integers.map(|s| (text(&s.name), unsafe { s.value.u64 })).collect();
        Ok(Compiled { wave: properties.subgroup_size, statistics, assembly: self.assembly(&info)? })
    }

    fn assembly(&self, info: &vk::PipelineExecutableInfoKHR<'_>) -> Outcome<String> {
        // SAFETY: the pipeline is alive, and was made with CAPTURE_INTERNAL_REPRESENTATIONS.
        let mut texts =
            unsafe { self.executables.get_pipeline_executable_internal_representations(info) }?;
        let mut contents: Vec<Vec<u8>> = texts.iter().map(|text| vec![0; text.data_size]).collect();
        for (text, content) in texts.iter_mut().zip(&mut contents) {
            text.p_data = content.as_mut_ptr().cast();
        }
        let mut count = texts.len() as u32;
        let get = self.executables.fp().get_pipeline_executable_internal_representations_khr;
        // SAFETY: there are `count` texts, and each has memory for `data_size` bytes, which live until the end of this function.
        unsafe { get(self.device.handle(), info, &mut count, texts.as_mut_ptr()) }.result()?;
        let at = texts
            .iter()
            .position(|t| text(&t.name) == "Assembly")
            .ok_or("the driver does not show its assembly")?;
        Ok(String::from_utf8_lossy(&contents[at]).trim_end_matches('\0').to_owned())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: everything that was made of them has been destroyed.
        unsafe {
            self.device.destroy_device(None);
            self.instance.destroy_instance(None);
        }
    }
}

/// A name in an array that ends with 0.
fn text(name: &[c_char]) -> String {
    let bytes: Vec<u8> =
        name.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
