// c = a b for matrices with any strides: a tile of 32 x 32 per workgroup, 4 x 4 per invocation, 16 terms at a time.

struct Product {
    rows: u32,
    columns: u32,
    inner: u32,
    // Elements from one row, and from one column, to the next.
    a_row: u32,
    a_column: u32,
    b_row: u32,
    b_column: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> product: Product;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const TILE = 32u;
const DEPTH = 16u;

var<workgroup> tile_a: array<f32, 512>;
var<workgroup> tile_b: array<f32, 512>;

@compute @workgroup_size(8, 8)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let row = TILE * workgroup.y;
    let column = TILE * workgroup.x;
    var sums: array<vec4<f32>, 4>;
    for (var first = 0u; first < product.inner; first += DEPTH) {
        for (var i = index; i < TILE * DEPTH; i += 64u) {
            let at = i % TILE;
            let k = first + i / TILE;
            var of_a = 0.0;
            var of_b = 0.0;
            if (k < product.inner) {
                if (row + at < product.rows) {
                    of_a = a[(row + at) * product.a_row + k * product.a_column];
                }
                if (column + at < product.columns) {
                    of_b = b[k * product.b_row + (column + at) * product.b_column];
                }
            }
            tile_a[i] = of_a;
            tile_b[i] = of_b;
        }
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            let i = k * TILE + 4u * local.y;
            let j = k * TILE + 4u * local.x;
            let factors = vec4<f32>(tile_b[j], tile_b[j + 1u], tile_b[j + 2u], tile_b[j + 3u]);
            sums[0] += tile_a[i] * factors;
            sums[1] += tile_a[i + 1u] * factors;
            sums[2] += tile_a[i + 2u] * factors;
            sums[3] += tile_a[i + 3u] * factors;
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        let y = row + 4u * local.y + i;
        for (var j = 0u; j < 4u; j++) {
            let x = column + 4u * local.x + j;
            if (y < product.rows && x < product.columns) {
                c[y * product.columns + x] = sums[i][j];
            }
        }
    }
}
