// The controls of the page: the choice, the size of the canvas, and messages.

import init, { Plot, activations, defaults, parameters } from "./plot.js";

const [names, fields, message, canvas] = ["names", "parameters", "message", "canvas"].map((id) =>
    document.getElementById(id),
);
const REMEDY =
    "Use a browser with WebGPU (Chrome or Edge 113, Safari 26, Firefox 141, or later), and a " +
    "page that comes over https or from localhost.";
/// The most replacements of lost devices in a row, because a driver may crash every time. A device that has lived for so
/// many milliseconds ends the row.
const PATIENCE = 3;
const CALM = 10_000;

let plot;
let size = [1, 1];
let waiting = false;
let losses = 0;
let calm;

names.form.addEventListener("submit", (event) => event.preventDefault());
names.addEventListener("change", () => {
    offer();
    choose();
});
fields.addEventListener("input", choose);
const observer = new ResizeObserver(([{ devicePixelContentBoxSize, contentRect }]) => {
    const exact = devicePixelContentBoxSize?.[0];
    const { width, height } = contentRect;
    size = exact
        ? [exact.inlineSize, exact.blockSize]
        : [width, height].map((side) => Math.round(side * devicePixelRatio));
    frame();
});
try {
    observer.observe(canvas, { box: "device-pixel-content-box" });
} catch {
    // This browser does not report the pixels of a screen.
    observer.observe(canvas);
}

try {
    await init();
    names.append(...activations().split(",").map((name) => new Option(name)));
    offer();
    await open();
} catch (error) {
    fail(error);
}

/// Opens a device, and a new one when it is lost.
async function open() {
    if (!navigator.gpu) {
        throw new Error(`This browser has no WebGPU. ${REMEDY}`);
    }
    plot = await Plot.open(canvas, () => {
        clearTimeout(calm);
        losses += 1;
        plot = undefined;
        if (losses <= PATIENCE) {
            open().catch(fail);
        } else {
            fail(new Error("The browser has lost the GPU again and again; reload the page."));
        }
    }).catch((cause) => {
        const text = "WebGPU offers no GPU; update the browser, or the GPU's driver.";
        throw new Error(text, { cause });
    });
    calm = setTimeout(() => {
        losses = 0;
    }, CALM);
    choose();
}

/// Shows fields for the parameters of the chosen activation.
function offer() {
    const values = defaults(names.value);
    const labels = parameters(names.value).split(",").filter(Boolean).map((name, i) => {
        const [label, input] = ["label", "input"].map((tag) => document.createElement(tag));
        // Seven digits are enough for an f32.
        Object.assign(input, { name, type: "number", step: "any", value: +values[i].toPrecision(7) });
        label.append(`${name} `, input);
        return label;
    });
    fields.replaceChildren(...labels);
}

/// Shows the chosen activation, or the error of its parameters.
function choose() {
    if (!plot) {
        return;
    }
    const inputs = [...fields.querySelectorAll("input")];
    const bad = inputs.find((input) => Number.isNaN(input.valueAsNumber));
    try {
        if (bad) {
            throw new Error(`${bad.name} must be a number`);
        }
        plot.choose(names.value, Float32Array.from(inputs, (input) => input.valueAsNumber));
        message.textContent = "";
        frame();
    } catch (error) {
        fail(error);
    }
}

/// Draws before the browser's next frame.
function frame() {
    if (waiting || !plot) {
        return;
    }
    waiting = true;
    requestAnimationFrame(() => {
        waiting = false;
        try {
            plot?.draw(...size);
        } catch (error) {
            fail(error);
        }
    });
}

function fail(error) {
    message.textContent = error.message ?? String(error);
}
