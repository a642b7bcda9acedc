//! Launches on parts of one page, beside the device's own tensors.

use burn::tensor::{DType, Shape};
use wgpu_relu::plan::{BufferRange, Request};
use wgpu_relu::{Activation, Operand};

use super::*;
use crate::device::tests::default_device;

/// The client of the default device, and the route that operations take to it.
fn client_and_route() -> (Client, Route) {
    let device = default_device();
    let client = device.client();
    let route = Route::of(&client, &device).expect("an opened device");
    (client, route)
}

fn f32s<const D: usize>(shape: [usize; D]) -> Spec {
    Spec { shape: Shape::new(shape), dtype: DType::F32 }
}

/// What a page holds where no operation may write.
const FILLED: u8 = 0xA7;

/// The slots of tensors in one page, with free space before, between and after them.
struct Page {
    client: Client,
    handle: Handle,
    /// The first byte and the size of each slot.
    slots: Vec<(u64, u64)>,
}

impl Page {
    fn new(client: &Client, tensors: &[Vec<u8>]) -> Self {
        let alignment = client.properties().memory.alignment.max(256);
        let (mut slots, mut end) = (Vec::new(), alignment);
        for tensor in tensors {
            let size = tensor.len() as u64;
            slots.push((end, size));
            end += size.next_multiple_of(alignment) + alignment;
        }
        let mut bytes = vec![FILLED; end as usize];
        for (tensor, (start, _)) in tensors.iter().zip(&slots) {
            bytes[*start as usize..][..tensor.len()].copy_from_slice(tensor);
        }
        Page { client: client.clone(), handle: client.create_from_slice(&bytes), slots }
    }

    fn slot(&self, index: usize) -> Handle {
        let (start, size) = self.slots[index];
        let after = self.handle.size() - start - size;
        self.handle.clone().offset_start(start).offset_end(after)
    }

    /// The bytes of each slot, once it is clear that all others are as they were. An odd 16-bit tensor owns the whole word.
    fn read(self) -> Vec<Vec<u8>> {
        let bytes = self.client.read_one(self.handle.clone()).expect("a working device");
        for (index, byte) in bytes.iter().enumerate() {
            let at = index as u64;
            let inside = |(start, size): &(u64, u64)| (*start..start + size).contains(&at);
            assert!(
                self.slots.iter().any(inside) || *byte == FILLED,
                "byte {index} of the page, beside the slots {:?}",
                self.slots
            );
        }
        let slot =
            |(start, size): &(u64, u64)| bytes[*start as usize..(start + size) as usize].to_vec();
        self.slots.iter().map(slot).collect()
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// Runs a call on slots of one page: inputs, then outputs. `buffers` says which slots are one in place of another.
fn run_in_page(planner: &Planner, call: Call, specs: &[Spec], data: &[Vec<u8>], buffers: &[u32]) {
    let (client, route) = client_and_route();
    let page = Page::new(&client, data);
    let handles: Vec<Handle> = (0..data.len()).map(|index| page.slot(index)).collect();
    let plan = call.plan(planner, specs, buffers).expect("valid");
    send(&route, &client, plan, &handles.iter().collect::<Vec<_>>()).expect("a working device");
    let inputs = call.inputs().len();
    let after = page.read();
    for (index, (before, after)) in data.iter().zip(&after).enumerate() {
        if buffers[inputs..].contains(&(index as u32)) {
            assert!(
                before.is_empty() || before != after,
                "{call:?} wrote nothing into slot {index}"
            );
        } else if index < inputs {
            assert_eq!(before, after, "{call:?} wrote into its input {index}");
        }
    }
}

/// cubecl compiles without bounds checks, so the shaders' own bounds must hold inside a page.
#[test]
fn neighbours_in_a_page_stay_untouched() {
    let (client, _) = client_and_route();
    let planner = planner(&client);
    let leaky = Activation::LeakyRelu { negative_slope: 0.5 };
    for length in 1..=70 {
        let (x, dy) = (bytes(&vec![-2.0; length]), bytes(&vec![3.0; length]));
        let y = bytes(&vec![7.0; length]);
        let one = f32s([length]);
        let forward = Call::new(Kind::Forward, leaky);
        let (two, three) = ([one.clone(), one.clone()], vec![one.clone(); 3]);
        run_in_page(&planner, forward, &two, &[x.clone(), y.clone()], &[0, 1]);
        run_in_page(&planner, forward, &two, std::slice::from_ref(&x), &[0, 0]);
        let gradient = forward.with(Kind::Gradient);
        run_in_page(&planner, gradient, &three, &[x.clone(), dy.clone(), y.clone()], &[0, 1, 2]);
        run_in_page(&planner, gradient, &three, &[x.clone(), dy.clone()], &[0, 1, 1]);
        let gate = forward.with(Kind::Gate);
        run_in_page(&planner, gate, &three, &[x.clone(), dy.clone(), y.clone()], &[0, 1, 2]);
        let masked = forward.with(Kind::Masked);
        let specs = [vec![one.clone()], masked.output_specs(&[one]).expect("valid")].concat();
        let mask = bytes(&vec![7.0; specs[2].shape.num_elements()]);
        run_in_page(&planner, masked, &specs, &[x, y, mask], &[0, 1, 2]);
    }
}

/// Two 16-bit elements share a word, which two tensors never share.
#[test]
fn neighbours_of_16_bit_tensors_stay_untouched() {
    let (client, _) = client_and_route();
    let planner = planner(&client);
    for length in 1..=70_usize {
        let spec = Spec { shape: Shape::new([length]), dtype: DType::F16 };
        let slot = length.next_multiple_of(2);
        // -2 and 7.
        let [x, y] = [0xC000u16, 0x4700].map(|half| half.to_ne_bytes().repeat(slot));
        let call = Call::new(Kind::Forward, Activation::Relu);
        run_in_page(&planner, call, &[spec.clone(), spec.clone()], &[x.clone(), y], &[0, 1]);
        run_in_page(&planner, call, &[spec.clone(), spec], &[x], &[0, 0]);
    }
}

/// Both halves of each row, at every length of a half.
#[test]
fn neighbours_of_gated_halves_stay_untouched() {
    let (client, _) = client_and_route();
    let planner = planner(&client);
    let glu = Call::new(Kind::Halves { axis: 1 }, Activation::Relu);
    for half in 1..=40 {
        let rows = 3;
        let (x, y) = (f32s([rows, 2 * half]), f32s([rows, half]));
        let [of_x, of_y] = [(-2.0, 2 * half), (7.0, half)]
            .map(|(value, columns)| bytes(&vec![value; rows * columns]));
        run_in_page(&planner, glu, &[x.clone(), y.clone()], &[of_x.clone(), of_y], &[0, 1]);
        let gradient = glu.with(Kind::HalvesGradient { axis: 1 });
        let dy = bytes(&vec![3.0; rows * half]);
        let specs = [x.clone(), y, x];
        run_in_page(&planner, gradient, &specs, &[of_x.clone(), dy.clone()], &[0, 1, 0]);
        let dx = bytes(&vec![7.0; rows * 2 * half]);
        run_in_page(&planner, gradient, &specs, &[of_x, dy, dx], &[0, 1, 2]);
    }
}

/// The sums of slopes, whose scratch memory comes from the same pool.
#[test]
fn neighbours_of_sums_stay_untouched() {
    let (client, _) = client_and_route();
    let planner = planner(&client);
    for (rows, channels) in [(1, 1), (5, 3), (300, 7), (1000, 64)] {
        let call = Call::prelu(Kind::WeightGradient { slopes: channels });
        let x = f32s([rows, channels]);
        let values = bytes(&vec![-2.0; rows * channels]);
        let specs = [x.clone(), x, f32s([channels])];
        let data = [values.clone(), values, bytes(&vec![7.0; channels])];
        run_in_page(&planner, call, &specs, &data, &[0, 1, 2]);
    }
}

/// Burn's largest tensor here fills less than one row of 65,535 workgroups, so the rows are shorter.
#[test]
fn several_rows_of_workgroups_and_several_dispatches() {
    let (client, _) = client_and_route();
    let planner = planner_with(&client, 4);
    let x = BufferRange::whole(0, 200_004);
    let request = Request::forward(Activation::Relu).with(Operand::X, x);
    let plan = request.with(Operand::Y, BufferRange::whole(1, 200_004)).plan(&planner);
    let grids: Vec<_> = plan.expect("valid").dispatches.iter().map(Dispatch::workgroups).collect();
    assert!(grids.len() > 1 && grids.iter().any(|[_, y, _]| *y > 1), "{grids:?}");
    let (x, y) = (bytes(&vec![-2.0; 50_001]), bytes(&vec![7.0; 50_001]));
    let specs = [f32s([50_001]), f32s([50_001])];
    run_in_page(&planner, Call::new(Kind::Forward, Activation::Relu), &specs, &[x, y], &[0, 1]);
}

/// cubecl finds bad WGSL at the next read only, so every module compiles here. Only lengths of whole vectors take the wide
/// loads, and only odd ones the narrow loads.
#[test]
fn every_shader_compiles() {
    let (client, route) = client_and_route();
    let planner = planner(&client);
    for activation in Activation::ALL {
        for length in [7, 4096] {
            let x = f32s([length]);
            let mut kinds = vec![Kind::Forward, Kind::Gradient, Kind::Gate, Kind::GateGradient];
            if Call::new(Kind::Forward, *activation).has_mask() {
                kinds.extend([Kind::Masked, Kind::MaskGradient]);
            }
            for kind in kinds {
                let call = Call::new(kind, *activation);
                let mut inputs = vec![x.clone(); call.inputs().len()];
                if kind == Kind::MaskGradient {
                    let masked = call.with(Kind::Masked).output_specs(&inputs[1..]);
                    inputs[0] = masked.expect("valid")[1].clone();
                }
                let outputs = call.output_specs(&inputs).expect("valid");
                let specs = [inputs, outputs].concat();
                let buffers: Vec<u32> = (0..).take(specs.len()).collect();
                let plan = call.plan(&planner, &specs, &buffers).expect("valid");
                let handles: Vec<Handle> =
                    specs.iter().map(|spec| client.empty(4 * spec.shape.num_elements())).collect();
                let of_plan: Vec<&Handle> = handles.iter().collect();
                send(&route, &client, plan, &of_plan).expect("a working device");
                let y = handles[call.inputs().len()].clone();
                if let Err(error) = client.read_one(y) {
                    panic!("{call:?} of {length} elements: {error:?}");
                }
            }
        }
    }
}
