//! Times as ratios.

use std::fmt::Write;

use serde_json::Value;

use crate::sweep;

use super::Results;
use super::page::head_of_sizes;
use super::table::{Table, rate, ratio, size};

/// The operations of a cell, in the order in which they stand in it.
const OPERATIONS: [&str; 5] = ["forward", "in place", "gradient", "new buffer", "recycled"];

/// The keys of times: by the device's timestamps, and by the host's clock.
const CLOCKS: [(&str, &str); 2] =
    [("device_seconds", "the device's timestamps"), ("seconds", "the host's clock")];

/// All rows of the benchmarks.
fn rows(results: &Results) -> impl Iterator<Item = &Value> + Clone {
    results.benches.iter().filter_map(|bench| bench["results"].as_array()).flatten()
}

/// Values of a key without repetition, in the order in which they come.
fn distinct<'v, T: PartialEq>(
    rows: impl Iterator<Item = &'v Value>,
    value: impl Fn(&'v Value) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for value in rows.filter_map(value) {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

fn sizes<'v>(rows: impl Iterator<Item = &'v Value>) -> Vec<u64> {
    let mut sizes = distinct(rows, |row| row["elements"].as_u64());
    sizes.sort_unstable();
    sizes
}

/// The name without parameters.
fn short(activation: &str) -> &str {
    activation.split('(').next().unwrap_or(activation)
}

fn is(row: &Value, activation: &str, operation: &str, elements: u64) -> bool {
    let named = row["activation"].as_str().map_or("copy", short);
    named == activation && row["operation"] == operation && row["elements"] == elements
}

fn seconds(
    results: &Results,
    clock: &str,
    activation: &str,
    operation: &str,
    elements: u64,
) -> Option<f64> {
    rows(results).find(|row| is(row, activation, operation, elements))?[clock].as_f64()
}

pub(super) fn beside_the_copy(results: &Results) -> Option<String> {
    let sizes = sizes(rows(results));
    let activations = distinct(rows(results), |row| row["activation"].as_str().map(short));
    let mut text = format!(
        "Rates as shares of that of `copy_buffer_to_buffer` between the same buffers, in bytes that the operation needs \
         to read and write. Each cell is {}. A new buffer is made by `apply`; wgpu clears it first, which is in the time \
         and not in the bytes. A recycled one was handed back by `Gpu::recycle`, so it is not cleared.\n\n",
        OPERATIONS.join(" / ")
    );
    let before = text.len();
    for (clock, name) in CLOCKS {
        let rate_of = |activation: &str, operation: &str, elements: u64| {
            let row = rows(results).find(|row| is(row, activation, operation, elements))?;
            Some(row["bytes"].as_f64()? / row[clock].as_f64()?)
        };
        let copy = |elements: u64| rate_of("copy", "copy", elements);
        if sizes.iter().all(|&elements| copy(elements).is_none()) {
            continue;
        }
        let mut table = Table::new(&head_of_sizes("elements", &sizes));
        let mut row = |name: &str, cell: &dyn Fn(u64) -> String| {
            let cells = sizes.iter().map(|&elements| cell(elements));
            table.row(&[name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
        };
        row("copy, GB/s", &|elements| {
            copy(elements).map_or("–".to_owned(), |found| rate(found, 1.0))
        });
        for activation in &activations {
            row(activation, &|elements| {
                let share =
                    |operation| Some(rate_of(activation, operation, elements)? / copy(elements)?);
                OPERATIONS.map(|operation| ratio(share(operation))).join(" / ")
            });
        }
        let _ = write!(text, "By {name}:\n\n{}", table.finish()?);
    }
    (text.len() > before).then_some(text)
}

pub(super) fn beside_torch(results: &Results) -> Option<String> {
    let torch = results.torch.as_ref()?;
    let theirs = torch["results"].as_array()?;
    let sizes = sizes(theirs.iter());
    // PyTorch has its times from events of the device.
    let clock = CLOCKS[0].0;
    let ours = |activation: &str, operation: &str, elements: u64| match activation {
        // The fused form with one bias for each of 512 channels.
        "relu, bias per channel" => {
            let forms = results.fused.as_ref()?["results"].as_array()?;
            let is = |row: &&Value| {
                let name = row["name"].as_str().unwrap_or_default();
                row["elements"] == elements && name.starts_with("relu, bias")
            };
            forms.iter().find(is)?[clock].as_f64()
        }
        // PyTorch's allocator keeps memory and clears none: what compares is a buffer that is there.
        _ if operation == "new buffer" => seconds(results, clock, activation, "forward", elements),
        _ => seconds(results, clock, activation, operation, elements),
    };
    let mut table = Table::new(&head_of_sizes("elements", &sizes));
    let names = distinct(theirs.iter(), |row| {
        Some((row["activation"].as_str()?, row["operation"].as_str()?))
    });
    for (activation, operation) in names {
        let cells = sizes.iter().map(|&elements| {
            let theirs = theirs.iter().find(|row| is(row, activation, operation, elements));
            let theirs = theirs.and_then(|row| row["seconds"].as_f64());
            ratio(
                theirs
                    .zip(ours(activation, operation, elements))
                    .map(|(theirs, ours)| theirs / ours),
            )
        });
        let name = match operation {
            "copy" => "copy".to_owned(),
            _ => format!("{activation}, {operation}"),
        };
        table.row(&[name].into_iter().chain(cells).collect::<Vec<_>>());
    }
    let version = |key: &str| torch[key].as_str().unwrap_or("unknown");
    Some(format!(
        "The time of PyTorch {} eager (CUDA {}, {}, by CUDA events) over that of wgpu-relu (by the device's timestamps): \
         above 1, wgpu-relu is faster. Where PyTorch makes a new buffer from its cache, wgpu-relu writes into one that is \
         there.\n\n{}",
        version("torch"),
        version("cuda"),
        version("device"),
        table.finish()?
    ))
}

pub(super) fn beside_burn(results: &Results) -> Option<String> {
    let rows = results.peers.as_ref()?["results"].as_array()?;
    let sizes = sizes(rows.iter());
    let find = |activation: &Value, way: &str, elements: u64| {
        let is = |row: &&Value| {
            row["activation"] == *activation && row["way"] == way && row["elements"] == elements
        };
        rows.iter().find(is)?["seconds"].as_f64()
    };
    let mut head = head_of_sizes("activation", &sizes);
    head.insert(1, "beside".to_owned());
    let mut table = Table::new(&head);
    for activation in
        distinct(rows.iter(), |row| Some(&row["activation"]).filter(|name| name.is_string()))
    {
        for (way, own) in [
            ("Burn", "wgpu-relu, recorded"),
            ("Burn, forward and gradient", "wgpu-relu, forward and gradient"),
            ("naive kernel", "wgpu-relu, recorded"),
            ("a kernel that only copies", "wgpu-relu, recorded"),
        ] {
            let of = if way == "a kernel that only copies" { &Value::Null } else { activation };
            let ratios: Vec<Option<f64>> = sizes
                .iter()
                .map(|&elements| Some(find(of, way, elements)? / find(activation, own, elements)?))
                .collect();
            if ratios.iter().any(Option::is_some) {
                let name = activation.as_str().map_or("", short);
                let cells = [name.to_owned(), way.to_owned()].into_iter();
                table.row(&cells.chain(ratios.into_iter().map(ratio)).collect::<Vec<_>>());
            }
        }
    }
    let table = table.finish()?;
    Some(format!(
        "The time of each over that of wgpu-relu, by the host's clock: above 1, wgpu-relu is faster. The page that \
         `cargo xtask peers --write` makes says how each runs.\n\n{table}"
    ))
}

pub(super) fn forms(results: &Results) -> Option<String> {
    let rows = results.fused.as_ref()?["results"].as_array()?;
    let sizes = sizes(rows.iter());
    let clock =
        if rows.iter().any(|row| row[CLOCKS[0].0].is_number()) { CLOCKS[0] } else { CLOCKS[1] };
    let find = |name: &str, elements: u64| {
        let is = |row: &&Value| row["name"] == name && row["elements"] == elements;
        let row = rows.iter().find(is)?;
        Some((row, row[clock.0].as_f64()?))
    };
    let mut head = head_of_sizes("form", &sizes);
    head.insert(1, "bytes per element".to_owned());
    let mut table = Table::new(&head);
    for name in distinct(rows.iter(), |row| row["name"].as_str()) {
        let cells = sizes.iter().map(|&elements| {
            let rate = |name| {
                find(name, elements).and_then(|(row, time)| Some(row["bytes"].as_f64()? / time))
            };
            let share = rate(name).zip(rate("copy")).map(|(own, copy)| own / copy);
            // Elements per second beside the plain operation's.
            let speed = |row: &Value, time: f64| Some(row["form_elements"].as_f64()? / time);
            let over_plain = find(name, elements).and_then(|(row, time)| {
                let (plain, plain_time) = find(row["plain"].as_str()?, elements)?;
                Some(speed(row, time)? / speed(plain, plain_time)?)
            });
            format!("{} / {}", ratio(share), ratio(over_plain))
        });
        let bytes = rows.iter().find(|row| row["name"] == name)?["bytes_per_element"].as_f64();
        let bytes = bytes.map_or("–".to_owned(), |bytes| bytes.to_string());
        table.row(&[name.to_owned(), bytes].into_iter().chain(cells).collect::<Vec<_>>());
    }
    Some(format!(
        "By {}. Each cell: bytes per second over those of the copy / elements per second over those of the plain operation \
         (relu, for gradients its gradient).\n\n{}",
        clock.1,
        table.finish()?
    ))
}

pub(super) fn sweep(results: &Results) -> Option<String> {
    let file = results.sweep.as_ref()?;
    let clock = if file.by_device { CLOCKS[0].1 } else { CLOCKS[1].1 };
    let mut text = format!(
        "Rates as shares of that of `copy_buffer_to_buffer`, by {clock}, medians of {} rounds. A row is a workgroup's size, a \
         column a number of vectors of four elements per invocation. Each cell is with checked indices / unchecked.\n\n",
        file.rounds
    );
    let ours = |row: &&sweep::Row| row.workgroup.is_some();
    let mut sizes: Vec<usize> = file.rows.iter().map(|row| row.elements).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut kernels: Vec<&str> = Vec::new();
    let mut vectors: Vec<u32> = file.rows.iter().filter_map(|row| row.vectors).collect();
    vectors.sort_unstable();
    vectors.dedup();
    for row in file.rows.iter().filter(ours) {
        if !kernels.contains(&&*row.kernel) {
            kernels.push(&row.kernel);
        }
    }
    for elements in sizes {
        let at_size = || file.rows.iter().filter(move |row| row.elements == elements);
        for kernel in &kernels {
            let find = |workgroup: u32, vectors: u32, checked: bool| {
                let grid = (Some(workgroup), Some(vectors), checked);
                let mut rows = at_size().filter(|row| row.kernel == *kernel);
                rows.find(|row| (row.workgroup, row.vectors, row.checked) == grid)
            };
            let mut head = vec!["workgroup".to_owned()];
            head.extend(vectors.iter().map(u32::to_string));
            let mut table = Table::new(&head);
            let mut workgroups: Vec<u32> = at_size().filter_map(|row| row.workgroup).collect();
            workgroups.dedup();
            workgroups.sort_unstable();
            workgroups.dedup();
            for workgroup in workgroups {
                let cells = vectors.iter().map(|&vectors| {
                    let cell = |checked| {
                        ratio(find(workgroup, vectors, checked).map(|row| row.share_of_copy))
                    };
                    format!("{} / {}", cell(true), cell(false))
                });
                table.row(&[workgroup.to_string()].into_iter().chain(cells).collect::<Vec<_>>());
            }
            let library = format!("{kernel}, {}", sweep::BY_LIBRARY);
            let library = at_size().find(|row| row.kernel == library);
            let library = library.map_or(String::new(), |row| {
                format!("; {}: {}", sweep::BY_LIBRARY, ratio(Some(row.share_of_copy)))
            });
            let best = at_size().filter(|row| row.kernel == *kernel && row.checked);
            let best = best.max_by(|a, b| a.share_of_copy.total_cmp(&b.share_of_copy))?;
            let _ = write!(
                text,
                "{kernel}, {} elements (best of the checked: workgroups of {} with {} vectors, {}{library}):\n\n{}",
                size(elements as u64),
                best.workgroup.unwrap_or_default(),
                best.vectors.unwrap_or_default(),
                ratio(Some(best.share_of_copy)),
                table.finish()?
            );
        }
    }
    Some(text)
}
