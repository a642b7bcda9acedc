//! A process that computes.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Outcome;
use crate::builds::Variant;

pub(crate) struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

impl Worker {
    pub(crate) fn start(variant: &Variant) -> Outcome<Self> {
        let mut command = Command::new(&variant.executable);
        command.arg(if variant.flushes { "1" } else { "0" });
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or("no pipe from the process")?;
        Ok(Worker { child, input, output })
    }

    /// Results of probe number `probe`, with every NaN made the same.
    pub(crate) fn run(
        &mut self,
        probe: usize,
        parameters: [f32; 4],
        x: &[u32],
        dy: &[u32],
        results: &mut Vec<u32>,
    ) -> Outcome<()> {
        let input = self.input.as_mut().ok_or("the process has ended")?;
        let header = [probe as u32, (x.len() / 4) as u32];
        input.write_all(bytemuck::cast_slice(&header))?;
        input.write_all(bytemuck::cast_slice(&parameters))?;
        input.write_all(bytemuck::cast_slice(x))?;
        input.write_all(bytemuck::cast_slice(dy))?;
        results.resize(x.len(), 0);
        self.output.read_exact(bytemuck::cast_slice_mut(results))?;
        for bits in results {
            *bits = canonical(*bits);
        }
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The process ends with its input.
        self.input = None;
        let _ = self.child.wait();
    }
}

/// NaN counts as one value.
pub(crate) fn canonical(bits: u32) -> u32 {
    if bits & 0x7fff_ffff > 0x7f80_0000 { 0x7fc0_0000 } else { bits }
}
