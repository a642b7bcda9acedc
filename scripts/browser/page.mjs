// The page that draws activations, as it looks: what it shows is compared with functions computed here.

import { open } from "./serve.mjs";

/// As examples/curve/mod.rs has it: left, right, bottom, top.
const VIEW = [-4, 4, -2, 4];

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
/// Value and derivative, by what is chosen or typed.
const FUNCTIONS = {
    relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
    tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
    silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
    softplus: [(x) => Math.log1p(Math.exp(x)), sigmoid],
    "elu(alpha=0.5)": [(x) => (x > 0 ? x : 0.5 * Math.expm1(x)), (x) => (x > 0 ? 1 : 0.5 * Math.exp(x))],
    "leaky_relu(negative_slope=-0.5)": [(x) => (x > 0 ? x : -0.5 * x), (x) => (x > 0 ? 1 : -0.5)],
};

/// How many checks of the page in `folder` fail; leaves a screenshot in the file `picture`.
export async function testPage(browser, launch, folder, picture) {
    let failures = 0;
    const check = async (name, test, prepare, { on = browser, ...options } = {}) => {
        const { page, seen } = await open(on, folder, options);
        try {
            await prepare?.(page);
            await page.goto("http://localhost/");
            await test(page);
            if (seen.complaints === 0) {
                console.log(`page, ${name}: right`);
            }
        } catch (error) {
            failures += 1;
            console.error(`FAILED: page, ${name}: ${error.message}`);
        }
        failures += seen.complaints;
        await page.context().close();
    };
    await check("curves", curves);
    const fine = await launch("--force-device-scale-factor=2");
    await check("curves on a fine display", curvesOnFineDisplay, undefined, { on: fine, viewport: null });
    await fine.close();
    await check("what is typed", typed);
    await check("another size", resized);
    await check("a device that is lost", lost, keepDevice);
    await check("a browser without WebGPU", without, (page) =>
        page.addInitScript(() => Object.defineProperty(navigator, "gpu", { value: undefined })),
    );
    await check("a browser without a GPU", without, (page) =>
        page.addInitScript(() => {
            navigator.gpu.requestAdapter = async () => null;
        }),
    );
    await check("a picture of it", async (page) => {
        await choose(page, "gelu");
        await page.screenshot({ path: picture });
        console.log(`${picture} has the page`);
    });
    return failures;
}

/// Every activation of FUNCTIONS looks as it is, and as no other.
async function curves(page) {
    for (const name in FUNCTIONS) {
        await choose(page, name);
        const wrong = await difference(page, name);
        expect(wrong === "", `${name}: ${wrong}`);
        for (const other in FUNCTIONS) {
            const noticed = other === name || (await difference(page, other)) !== "";
            expect(noticed, `${name} is taken for ${other}; the check is blind`);
        }
    }
    const count = await page.locator("#names option").count();
    expect(count >= 25, `${count} activations to choose from`);
}

async function curvesOnFineDisplay(page) {
    expect((await page.evaluate(() => devicePixelRatio)) === 2, "the display is not fine");
    await curves(page);
}

async function typed(page) {
    await choose(page, "elu");
    expect((await page.inputValue("#text")) === "elu(alpha=1)", "parameters are not written out");
    await choose(page, "elu(alpha=0.5)");
    for (const [text, reason] of [
        ["elu(alpha=x)", "no number for alpha"],
        ["elu(alpha=inf)", "must be finite"],
        ["rellu", "is none of relu"],
    ]) {
        await page.fill("#text", text);
        const message = await page.textContent("#message");
        expect(message.includes(reason), `${text} gives ${JSON.stringify(message)}`);
        expect((await page.getAttribute("#text", "aria-invalid")) === "true", `${text} is not marked`);
    }
    await frames(page);
    const wrong = await difference(page, "elu(alpha=0.5)");
    expect(wrong === "", `after mistakes: ${wrong}`);
    await choose(page, "tanh");
    expect((await page.textContent("#message")) === "", "the message stays");
}

async function resized(page) {
    await choose(page, "silu");
    for (const [width, height] of [[500, 700], [1100, 300], [800, 600]]) {
        await page.setViewportSize({ width, height });
        await frames(page);
        const [drawn, shown] = await page.evaluate(() => {
            const { width, clientWidth } = document.getElementById("canvas");
            return [width, clientWidth];
        });
        expect(drawn === shown, `${drawn} pixels are drawn where ${shown} are shown`);
        const wrong = await difference(page, "silu");
        expect(wrong === "", `${width} x ${height}: ${wrong}`);
    }
}

const keepDevice = (page) =>
    page.addInitScript(() => {
        globalThis.devices = [];
        const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (...descriptor) {
            const device = await requestDevice.apply(this, descriptor);
            globalThis.devices.push(device);
            return device;
        };
    });

async function lost(page) {
    await choose(page, "softplus");
    await page.evaluate(() => devices[0].destroy());
    await page.waitForFunction(() => devices.length === 2, undefined, { timeout: 10_000 });
    await frames(page);
    const wrong = await difference(page, "softplus");
    expect(wrong === "", `on the next device: ${wrong}`);
}

async function without(page) {
    const message = page.locator("#message");
    await message.filter({ hasText: /WebGPU/ }).waitFor({ timeout: 10_000 });
    const text = await message.textContent();
    expect(/use|update/i.test(text), `no remedy: ${text}`);
}

function expect(holds, what) {
    if (!holds) {
        throw new Error(what);
    }
}

/// Chooses by the list where the name is in it, else by typing.
async function choose(page, text) {
    await page.locator("#names option").first().waitFor({ state: "attached" });
    await page.waitForFunction(() => document.getElementById("text").value !== "");
    if (text.includes("(")) {
        await page.fill("#text", text);
    } else {
        await page.selectOption("#names", text);
    }
    await frames(page);
}

/// Until what was asked for is on the screen.
const frames = (page) =>
    page.evaluate(async () => {
        for (let i = 0; i < 4; i += 1) {
            await new Promise(requestAnimationFrame);
        }
    });

/// In what the canvas, as it is on the screen, differs from the curves of `name`; empty if in nothing.
async function difference(page, name) {
    const png = (await page.locator("#canvas").screenshot()).toString("base64");
    const [left, right] = VIEW;
    const width = await page.evaluate(() => document.getElementById("canvas").width);
    // Half columns, from the edge on.
    const at = Array.from({ length: 2 * width + 1 }, (_, i) => left + ((right - left) * i) / (2 * width));
    const curves = FUNCTIONS[name].map((f) => at.map(f));
    return page.evaluate(compare, { png, curves, view: VIEW });
}

/// In the page: compares a screenshot with curves.
async function compare({ png, curves, view: [left, right, bottom, top] }) {
    const BLUE = [41, 128, 219];
    const ORANGE = [232, 115, 33];
    const BACKGROUND = [18, 20, 26];
    const bytes = Uint8Array.from(atob(png), (byte) => byte.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    if (2 * width + 1 !== curves[0].length) {
        return `the picture is ${width} pixels wide, the canvas ${(curves[0].length - 1) / 2}`;
    }
    const is = (colour, x, y, off) =>
        colour.every((part, i) => Math.abs(data[4 * (y * width + x) + i] - part) <= off);
    const row = (value) => ((top - value) / (top - bottom)) * height - 0.5;
    /// Columns and rows near whole numbers have lines of the grid.
    const near = (value, unit) => Math.abs(value - Math.round(value)) * unit < 2;
    // Half its width, and from one of its points to the next.
    const reach = 2 + Math.ceil(width / 512);
    let empty = 0;
    for (let x = 0; x < width; x += 1) {
        // Where a curve goes within so many columns, on either side.
        const spans = curves.map((curve) => {
            const rows = curve.slice(Math.max(2 * (x - reach), 0), 2 * (x + reach) + 3).map(row);
            return [Math.min(...rows), Math.max(...rows)];
        });
        const found = [0, 0];
        for (let y = 0; y < height; y += 1) {
            const inside = spans.map(([from, to]) => y > from - 3 && y < to + 3);
            [BLUE, ORANGE].forEach((colour, i) => {
                if (is(colour, x, y, 30)) {
                    found[i] += 1;
                    inside[i] ||= (found.wrong = `${["f", "f'"][i]} is at column ${x}, row ${y}`) === "";
                }
            });
            const grid =
                near(left + ((x + 0.5) * (right - left)) / width, width / (right - left)) ||
                near(top - ((y + 0.5) * (top - bottom)) / height, height / (top - bottom));
            if (!inside[0] && !inside[1] && !grid && !found.wrong) {
                empty += 1;
                if (!is(BACKGROUND, x, y, 3)) {
                    found.wrong = `something is at column ${x}, row ${y}`;
                }
            }
        }
        if (found.wrong) {
            return found.wrong;
        }
        // A curve is two pixels wide; f lies over f'.
        const [blue, orange] = curves.map((curve) => {
            const rows = curve.slice(2 * x, 2 * x + 3).map(row);
            return rows.every((row) => row > 1 && row < height - 2);
        });
        const hidden = spans[1][0] < spans[0][1] + 4 && spans[1][1] > spans[0][0] - 4;
        if (blue && found[0] === 0) {
            return `f is not in column ${x}, row ${spans[0]}`;
        }
        if (orange && found[1] === 0 && !hidden) {
            return `f' is not in column ${x}, row ${spans[1]}`;
        }
    }
    return empty > (width * height) / 2 ? "" : "there is hardly any background";
}
