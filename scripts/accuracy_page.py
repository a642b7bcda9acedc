"""Makes docs/ACCURACY.md from the tables that `cargo xtask accuracy` prints, one file per column.

    python scripts/accuracy_page.py lavapipe.md swiftshader.md gl.md pytorch.md compilers.md > docs/ACCURACY.md

The drivers are compared with the file whose heading begins with "PyTorch". compilers.md is the output of `cargo xtask compilers`.
"""

import pathlib
import sys

INTRODUCTION = """\
# How accurate is it beside PyTorch and Burn?

This page has the largest and the mean error of every activation and its gradient (for `dy` = 1), and the input of the largest error.
Errors are in units in the last place (ulp) of the true value, over every 509th f32. The first three columns are this crate on three
drivers, the others are other libraries on the same inputs.

- 0 means correctly rounded everywhere. Rounding alone has an error of up to 0.5 ulp. The bounds are in `src/activation/mod.rs`.
- If a derivative is a sum of two terms that cancel, its error counts in ulp of the larger term.
- Results and inputs below 2⁻¹²⁶ may count as 0, because other libraries may flush them. This crate's results there are right to one
  unit of 2⁻¹⁴⁹ on every driver.
- This crate's columns are equal, because its results have the same bits on every driver. The last section shows that for compilers.
- The maximum is infinite if a result is NaN instead of a number, or a number instead of NaN. The mean leaves such results out.

PyTorch's float32 has an absolute error in the tails, where these functions vanish, and so millions of ulp. Its gradients at a NaN
depend on the element's position in the array, and some of them are numbers. tests/it/semantics.rs lists all such differences.

These commands make the page again:

```sh
for driver in lavapipe swiftshader gl; do cargo xtask accuracy --driver $driver > $driver.md; done
pip install numpy torch && python scripts/pytorch_outputs.py target/outputs/pytorch
cargo xtask accuracy --outputs target/outputs/pytorch > pytorch.md
cargo xtask compilers > compilers.md
python scripts/accuracy_page.py lavapipe.md swiftshader.md gl.md pytorch.md burn.md compilers.md > docs/ACCURACY.md
```

burn.md is the same for Burn's results, from `cargo xtask peers outputs target/outputs/burn`. Burn's name and adapter are in
target/outputs/burn/about.txt. Burn calls the driver's own exp, tanh and so on. A – means that Burn has no such activation.

`--outputs` takes the results of any library: NAME.forward.f32 and NAME.gradient.f32. scripts/pytorch_outputs.py describes the files.
"""


REMARK = """
With more digits, measured once: the mean of elu forward is 0.0000171 and that of celu 0.0000236 (PyTorch 2.15: 0.000412). The mean of
tanh forward is 0.0000168 (PyTorch: 0.0000191), and its maximum 0.5102 (PyTorch: 0.5128).
"""

COMPILERS = """
## Do compilers change the bits?

`cargo xtask compilers` compiles naga's Metal source of every activation by clang with 13 sets of flags, and runs 5 of the builds also
with subnormal numbers flushed. It tries many parameters. The column "strict" has the largest error. The others count the results that
differ from those of the strict build: with subnormals flushed, contraction to fma, reassociation with reciprocals and without signed
zeros, all of fast math, the same with NaN, division off by up to 2.5 ulp, and other forms of min and max.
"""


def read(path):
    """The heading, and the cells (max, mean, at) of value and gradient per activation."""
    heading, rows = None, {}
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("# "):
            heading = line[2:]
        cells = [cell.strip() for cell in line.split("|")[1:8]]
        if len(cells) == 7 and cells[0] not in ("activation", "---"):
            rows[cells[0]] = [cells[1:4], cells[4:7]]
    return heading, rows


def short(cell):
    """Large errors in short form."""
    return f"{float(cell):.1e}" if number(cell) >= 1e4 else cell


def number(cell):
    """The printed number; a missing one is infinite."""
    return float("inf") if cell == "–" else float(cell)


# The output of `cargo xtask compilers` has no heading.
pages = [(path, *read(path)) for path in sys.argv[1:]]
compilers = [path for path, heading, _ in pages if heading is None]
tables = [(heading, rows) for _, heading, rows in pages if heading is not None]
peer = next((rows for heading, rows in tables if heading.startswith("PyTorch")), None)
worse = []
print(INTRODUCTION)
for which, title in enumerate(("Forward", "Gradient")):
    print(f"## {title}\n\nMaximum / mean, at x.\n")
    print("| activation |", " | ".join(heading for heading, _ in tables), "|")
    print("|---" * (1 + len(tables)) + "|")
    for activation in tables[0][1]:
        row = []
        for heading, rows in tables:
            worst, mean, at = rows.get(activation, [["–"] * 3] * 2)[which]
            row.append("–" if worst == "–" else worst if at == "–" else f"{short(worst)} / {short(mean)}, {at}")
            if peer and activation in peer and rows is not peer and heading.split()[0] in ("llvmpipe", "SwiftShader"):
                other = peer[activation][which]
                for what, ours, theirs in (("maximum", worst, other[0]), ("mean", mean, other[1])):
                    if number(ours) > number(theirs):
                        worse.append(f"- {activation}, {title.lower()}, {what}: {ours} on {heading}, {theirs} by PyTorch")
        print(f"| {activation} |", " | ".join(row), "|")
    print()
print("## Where PyTorch is better\n")
print("\n".join(worse) or "Nowhere, to the digits above.")
print(REMARK, end="")
for path in compilers:
    print(COMPILERS)
    lines = pathlib.Path(path).read_text().splitlines()
    print("\n".join(line for line in lines if line.startswith("|")))
    print("\n" + "\n".join(line for line in lines if line[:1].isdigit() and " differ " in line))
