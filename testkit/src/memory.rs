//! The memory of the process, as Linux tells it.

/// The bytes in a line of /proc/self/status: `VmRSS:` is what is resident, `VmHWM:` the most that was. None on systems
/// without /proc.
pub fn of_process(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}
