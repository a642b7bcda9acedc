// Compares the picture on the page's canvas with functions computed here.

/// The range of the plot, as in examples/shared/src/curve/mod.rs: left, right, bottom, top.
const VIEW = [-4, 4, -2, 4];

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
/// Value and derivative, by the choice in the page.
export const FUNCTIONS = {
    relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
    tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
    silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
    softplus: [(x) => Math.log1p(Math.exp(x)), sigmoid],
    "elu(alpha=0.5)": [
        (x) => (x > 0 ? x : 0.5 * Math.expm1(x)),
        (x) => (x > 0 ? 1 : 0.5 * Math.exp(x)),
    ],
    "leaky_relu(negative_slope=-0.5)": [(x) => (x > 0 ? x : -0.5 * x), (x) => (x > 0 ? 1 : -0.5)],
};

/// A picture of the window, and the place of the canvas in it, in whole pixels of the screen. The browser
/// puts a canvas between two pixels onto the nearest one, so a picture of the canvas alone would have to
/// begin within a pixel.
export async function look(page) {
    const place = await page.evaluate(() => {
        const canvas = document.getElementById("canvas");
        const { left, top, width, height } = canvas.getBoundingClientRect();
        const [x, y] = [left, top].map((side) => Math.round(side * devicePixelRatio));
        const shown = [width, height].map((side) => side * devicePixelRatio);
        return { x, y, width: canvas.width, height: canvas.height, shown };
    });
    return { place, png: (await page.screenshot()).toString("base64") };
}

/// How the canvas in a picture differs from the curves of `name`; empty if it does not.
export async function difference(page, { place, png }, name) {
    const { width, height, shown } = place;
    if (Math.abs(width - shown[0]) >= 1 || Math.abs(height - shown[1]) >= 1) {
        return `${width} x ${height} pixels are drawn where ${shown.join(" x ")} are shown`;
    }
    const [left, right] = VIEW;
    // Half columns, from the edge on.
    const at = (_, i) => left + ((right - left) * i) / (2 * width);
    const x = Array.from({ length: 2 * width + 1 }, at);
    const curves = FUNCTIONS[name].map((f) => x.map(f));
    return page.evaluate(compare, { place, png, curves, view: VIEW });
}

/// Runs in the page: compares the canvas's part of a picture with curves.
async function compare({ place, png, curves, view: [left, right, bottom, top] }) {
    const NAMES = ["f", "f'"];
    const COLOURS = [
        [41, 128, 219],
        [232, 115, 33],
    ];
    const BACKGROUND = [18, 20, 26];
    const bytes = Uint8Array.from(atob(png), (byte) => byte.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { x: column0, y: row0, width, height } = place;
    if (column0 + width > image.width || row0 + height > image.height) {
        return `the canvas reaches out of the window of ${image.width} x ${image.height} pixels`;
    }
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, -column0, -row0);
    const { data } = context.getImageData(0, 0, width, height);
    const is = (colour, x, y, off) =>
        colour.every((part, i) => Math.abs(data[4 * (y * width + x) + i] - part) <= off);
    const row = (value) => ((top - value) / (top - bottom)) * height - 0.5;
    // Near whole numbers there are lines of the grid.
    const [column, line] = [width / (right - left), height / (top - bottom)];
    const near = (value, unit) => Math.abs(value - Math.round(value)) * unit < 2;
    const onGrid = (x, y) =>
        near(left + (x + 0.5) / column, column) || near(top - (y + 0.5) / line, line);
    // Half a curve's width, and from one of its points to the next.
    const reach = 2 + Math.ceil(width / 512);
    let empty = 0;
    for (let x = 0; x < width; x += 1) {
        // The range of the curves within so many columns, on either side.
        const spans = curves.map((curve) => {
            const rows = curve.slice(Math.max(2 * (x - reach), 0), 2 * (x + reach) + 3).map(row);
            return [Math.min(...rows), Math.max(...rows)];
        });
        const found = [false, false];
        for (let y = 0; y < height; y += 1) {
            const inside = spans.map(([from, to]) => y > from - 3 && y < to + 3);
            const shows = COLOURS.map((colour) => is(colour, x, y, 30));
            for (const i of [0, 1]) {
                if (shows[i] && !inside[i]) {
                    return `${NAMES[i]} is at column ${x}, row ${y}`;
                }
                found[i] ||= shows[i];
            }
            if (!inside[0] && !inside[1] && !onGrid(x, y)) {
                if (!is(BACKGROUND, x, y, 3)) {
                    return `something is at column ${x}, row ${y}`;
                }
                empty += 1;
            }
        }
        const visible = curves.map((curve) => {
            const rows = curve.slice(2 * x, 2 * x + 3).map(row);
            return rows.every((row) => row > 1 && row < height - 2);
        });
        // f is drawn over f'.
        visible[1] &&= spans[1][0] > spans[0][1] + 4 || spans[1][1] < spans[0][0] - 4;
        for (const i of [0, 1]) {
            if (visible[i] && !found[i]) {
                return `${NAMES[i]} is not in column ${x}, from row ${spans[i].join(" to ")}`;
            }
        }
    }
    return empty > (width * height) / 2 ? "" : "there is hardly any background";
}
