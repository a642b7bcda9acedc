//! Reads a disassembly: the width of each access to buffers, and loops.

/// What a kernel's instructions do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Code {
    /// The bytes that each load or store moves per invocation.
    pub(crate) loads: Vec<u32>,
    pub(crate) stores: Vec<u32>,
    /// Jumps backwards.
    pub(crate) loops: usize,
}

/// Reads AMD's assembly as LLVM writes it. The error names an access of unknown width.
pub(crate) fn read(assembly: &str) -> Result<Code, String> {
    let mut code = Code::default();
    let mut labels: Vec<&str> = Vec::new();
    for line in assembly.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if let Some(label) = first.strip_suffix(':') {
            labels.push(label);
        } else if first == "s_branch" || first.starts_with("s_cbranch_") {
            code.loops += usize::from(words.next().is_some_and(|to| labels.contains(&to)));
        } else if let Some((is_load, kind)) = access(first) {
            let bytes = bytes(kind).ok_or(format!("{first} is an access of unknown width"))?;
            if is_load { &mut code.loads } else { &mut code.stores }.push(bytes);
        }
    }
    Ok(code)
}

/// Whether an instruction loads from a buffer, or stores to one, and the rest of its name. Loads of uniforms are scalar
/// (`s_buffer_load`), and textures have instructions of their own.
fn access(instruction: &str) -> Option<(bool, &str)> {
    let memory = ["buffer_", "global_", "flat_"];
    let name = memory.iter().find_map(|memory| instruction.strip_prefix(memory))?;
    let load = name.strip_prefix("load_").map(|kind| (true, kind));
    load.or(name.strip_prefix("store_").map(|kind| (false, kind)))
}

/// `dword` and so on up to RDNA 2, `b32` and so on since RDNA 3.
fn bytes(kind: &str) -> Option<u32> {
    match kind {
        "dword" | "b32" => Some(4),
        "dwordx2" | "b64" => Some(8),
        "dwordx3" | "b96" => Some(12),
        "dwordx4" | "b128" => Some(16),
        _ if kind.contains("byte")
            || kind.contains("i8")
            || kind.contains("u8")
            || kind == "b8" =>
        {
            Some(1)
        }
        _ if kind.contains("short") || kind.contains("16") => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RDNA2: &str = "BB0:
\ts_load_dwordx4 s[8:11], s[2:3], 0x20                        ; f4080201 fa000020
\ts_buffer_load_dwordx8 s[8:15], s[8:11], 0x6c                ; f42c0204 fa00006c
\ts_cbranch_execz BB6                                         ; bf880027
BB1:
\tbuffer_load_dwordx4 v[4:7], v1, s[4:7], 0 offen             ; e0381000 80010401
\tbuffer_load_dword v2, v1, s[4:7], 0 offen                   ; e0301000 80010201
\tbuffer_atomic_xor v2, v1, s[4:7], 0 offen                   ; e0e81000 80010201
\ts_cbranch_scc1 BB1                                          ; bf850033
\tbuffer_store_dwordx4 v[12:15], v0, s[12:15], 0 offen glc    ; e0785000 80030c00
BB6:
\ts_endpgm                                                    ; bf810000
";

    #[test]
    fn accesses_and_loops_of_rdna_2_are_found() {
        let code = read(RDNA2);
        assert_eq!(code, Ok(Code { loads: vec![16, 4], stores: vec![16], loops: 1 }));
    }

    #[test]
    fn names_of_rdna_3_are_known() {
        let code = read(
            "\tglobal_load_b64 v[0:1], v2, s[0:1]\n\tbuffer_store_b128 v[4:7], v0, s[0:3], 0 offen\n",
        );
        assert_eq!(code, Ok(Code { loads: vec![8], stores: vec![16], loops: 0 }));
    }

    #[test]
    fn halves_of_registers_are_two_bytes_or_one() {
        let text = "buffer_load_ushort v0\nbuffer_load_d16_b16 v0\nbuffer_load_short_d16_hi v0\nbuffer_load_u8 v0\nglobal_load_ubyte_d16 v0";
        assert_eq!(read(text).map(|code| code.loads), Ok(vec![2, 2, 2, 1, 1]));
    }

    #[test]
    fn an_unknown_access_is_refused() {
        let error = read("\tbuffer_load_dwordx5 v[0:4], v5, s[0:3], 0 offen");
        assert_eq!(error, Err("buffer_load_dwordx5 is an access of unknown width".to_owned()));
    }
}
