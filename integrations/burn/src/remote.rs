//! The operations on the devices of burn-remote: sent by a client, run by a server.

use burn::backend::ir::{CustomOpIr, ScalarIr, TensorIr};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, DispatchDevice, Remote, TensorMetadata};
use burn::remote::CustomOpClient;
use burn::server::RemoteServer;
use burn::tensor::{Device, Tensor};
use wgpu_relu::plan::Planner;
use wgpu_relu::{Activation, Draw, wgpu};

use crate::activation::try_activate;
use crate::call::{Call, Kind, Spec};
use crate::error::Error;
use crate::kernel::planner_of;
use crate::operation::{ActivationOps, checked, first, pair};

/// Names the operations between client and server. Another version may send other numbers, so it is part of the name.
const ID: &str = concat!("wgpu-relu-burn ", env!("CARGO_PKG_VERSION"));

/// Gives a server the operations of this package. Without them, it ends the session of a client that calls one.
///
/// Where Burn is built with its feature `vulkan` or `metal`, make the server's device with [`device::open`](crate::device::open).
///
/// ```no_run
/// use burn::server::{RemoteServer, WebSocketTransport};
/// use burn::tensor::{Device, DeviceKind};
///
/// let server = RemoteServer::new([Device::wgpu(DeviceKind::DefaultDevice)]);
/// wgpu_relu_burn::register(server).serve(WebSocketTransport::new(3000))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn register(server: RemoteServer) -> RemoteServer {
    server.with_custom_op::<Cube, _>(ID, |handles, ir, _device| {
        let call = checked(decode(&ir.scalars));
        let inputs: Vec<_> =
            ir.inputs.iter().map(|input| handles.get_float_tensor::<Cube>(input)).collect();
        let outputs = run(call, inputs, ir.outputs.len());
        for (ir, output) in ir.outputs.iter().zip(outputs) {
            handles.register_float_tensor::<Cube>(&ir.id, output);
        }
    })
}

/// Runs one operation on a server and waits for the result. Call it once after connecting: a server without the operations
/// otherwise shows itself only at the next read, as a lost connection.
///
/// # Errors
///
/// [`Error::Burn`] if the server is gone, or does not know the operations of this version.
pub fn probe(device: &Device) -> Result<(), Error> {
    let failed = |reason: String| Error::Burn {
        doing: "running relu on the server",
        reason,
        remedy: "start the server with wgpu_relu_burn::register of the same version, and connect anew",
    };
    let x = Tensor::<1>::from_floats([-1.0, 2.0], device);
    let y = try_activate(x, Activation::Relu)?.try_into_data();
    let y = y.map_err(|error| failed(error.to_string()))?;
    let y: Vec<f32> = y.try_to_vec().map_err(|error| failed(format!("{error:?}")))?;
    if y == [0.0, 2.0] { Ok(()) } else { Err(failed(format!("relu of -1 and 2 is {y:?}"))) }
}

pub(crate) fn is_remote(device: &DispatchDevice) -> bool {
    match device {
        DispatchDevice::Remote(_) => true,
        DispatchDevice::Autodiff(device) => is_remote(&device.clone().inner()),
        _ => false,
    }
}

/// A planner with wgpu's default limits, because those of a server's device are not known here.
pub(crate) fn planner() -> Planner {
    planner_of(&wgpu::Limits::default())
}

/// Runs a call on the server's own backend, which may be fused.
fn run(call: Call, inputs: Vec<FloatTensor<Cube>>, outputs: usize) -> Vec<FloatTensor<Cube>> {
    let two = |(a, b)| vec![a, b];
    let mut inputs = inputs.into_iter();
    match (inputs.next(), inputs.next(), inputs.next(), outputs) {
        (Some(a), None, None, 1) => vec![Cube::wgpu_relu_of_one(a, call)],
        (Some(a), Some(b), None, 1) => vec![Cube::wgpu_relu_of_two(a, b, call)],
        (Some(a), Some(b), Some(c), 1) => vec![Cube::wgpu_relu_of_three(a, b, c, call)],
        (Some(a), None, None, 2) => two(Cube::wgpu_relu_two_of_one(a, call)),
        (Some(a), Some(b), Some(c), 2) => two(Cube::wgpu_relu_two_of_three(a, b, c, call)),
        _ => panic!("{:?} has other inputs or outputs than the client sends", call.kind),
    }
}

/// Queues a call for the server.
fn ship(call: Call, inputs: Vec<FloatTensor<Remote>>) -> Vec<FloatTensor<Remote>> {
    let client = CustomOpClient::new(&inputs[0].device());
    let specs: Vec<Spec> = inputs.iter().map(Spec::of).collect();
    let outputs = checked(call.output_specs(&specs)).into_iter();
    let outputs =
        outputs.map(|spec| TensorIr::uninit(client.create_empty_handle(), spec.shape, spec.dtype));
    let outputs: Vec<_> = outputs.collect();
    let inputs: Vec<_> = inputs.into_iter().map(|tensor| tensor.into_ir()).collect();
    client.register(CustomOpIr::with_scalars(ID, &inputs, &outputs, encode(&call)))
}

impl ActivationOps for Remote {
    fn wgpu_relu_of_one(a: FloatTensor<Self>, call: Call) -> FloatTensor<Self> {
        first(ship(call, vec![a]))
    }

    fn wgpu_relu_of_two(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        first(ship(call, vec![a, b]))
    }

    fn wgpu_relu_of_three(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        first(ship(call, vec![a, b, c]))
    }

    fn wgpu_relu_two_of_one(
        a: FloatTensor<Self>,
        call: Call,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        pair(ship(call, vec![a]))
    }

    fn wgpu_relu_two_of_three(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        call: Call,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        pair(ship(call, vec![a, b, c]))
    }

    fn wgpu_relu_own(_x: FloatTensor<Self>) -> FloatTensor<Self> {
        unreachable!("update_buffer refuses tensors of other devices than wgpu's")
    }
}

/// Every kind at its place in a message, with the one number that some carry.
fn kinds(number: usize) -> [Kind; 11] {
    [
        Kind::Forward,
        Kind::Gradient,
        Kind::Masked,
        Kind::MaskGradient,
        Kind::Prelu,
        Kind::PreluGradient,
        Kind::WeightGradient { slopes: number },
        Kind::Gate,
        Kind::GateGradient,
        Kind::Halves { axis: number },
        Kind::HalvesGradient { axis: number },
    ]
}

/// A call as the numbers that an operation of Burn can carry. The activation is its text, eight bytes per number.
fn encode(call: &Call) -> Vec<ScalarIr> {
    let number = match call.kind {
        Kind::WeightGradient { slopes: number }
        | Kind::Halves { axis: number }
        | Kind::HalvesGradient { axis: number } => number,
        _ => 0,
    };
    let kind = kinds(number)
        .iter()
        .position(|kind| *kind == call.kind)
        .expect("every kind is in the table");
    let Draw { seed, offset } = call.draw.unwrap_or_default();
    let head = [kind as u64, number as u64, call.draw.is_some().into(), seed, offset];
    let text = call.activation.to_string();
    let words = text.as_bytes().chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    head.into_iter().chain(words).map(ScalarIr::UInt).collect()
}

/// The inverse of [`encode`].
fn decode(scalars: &[ScalarIr]) -> Result<Call, Error> {
    let other = || Error::Burn {
        doing: "reading a client's operation",
        reason: format!("{scalars:?} is none of this version"),
        remedy: "give client and server the same version of wgpu-relu-burn",
    };
    let number = |scalar: &ScalarIr| match scalar {
        ScalarIr::UInt(number) => Ok(*number),
        _ => Err(other()),
    };
    let numbers = scalars.iter().map(number).collect::<Result<Vec<u64>, Error>>()?;
    let Some((&[kind, number, drawn, seed, offset], words)) = numbers.split_first_chunk() else {
        return Err(other());
    };
    let [kind, number] = [kind, number].map(usize::try_from);
    let (kind, number) = (kind.map_err(|_| other())?, number.map_err(|_| other())?);
    let kind = *kinds(number).get(kind).ok_or_else(other)?;
    let text: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let text = String::from_utf8(text).map_err(|_| other())?;
    let activation: Activation = text.trim_end_matches('\0').parse()?;
    Ok(Call { kind, activation, draw: (drawn == 1).then_some(Draw { seed, offset }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters must arrive with all their bits.
    #[test]
    fn calls_survive_the_way_to_a_server() {
        let odd = Activation::LeakyRelu { negative_slope: f32::from_bits(0x0012_3457) };
        for activation in Activation::ALL.iter().chain([&odd]) {
            for kind in kinds(5) {
                for draw in [None, Some(Draw { seed: u64::MAX, offset: 3 })] {
                    let call = Call { kind, activation: *activation, draw };
                    assert_eq!(decode(&encode(&call)).expect("its own"), call);
                }
            }
        }
        for wrong in [vec![], vec![ScalarIr::UInt(11); 6], vec![ScalarIr::Float(0.0); 6]] {
            let error = decode(&wrong).expect_err("no call");
            assert!(error.to_string().contains("the same version"), "{error}");
        }
    }
}
