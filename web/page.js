// The controls of the page: what is chosen or typed, how large the canvas is, what went wrong.

import init, { Plot, activations } from "./wgpu_relu_web.js";

const [names, text, message, canvas] = ["names", "text", "message", "canvas"].map((id) =>
    document.getElementById(id),
);
const REMEDY =
    "Use a browser with WebGPU (Chrome or Edge 113, Safari 26, Firefox 141, or later), and a page " +
    "that comes over https or from localhost.";
/// How often in a row a lost device is replaced: a driver that crashes on every frame is left alone.
const PATIENCE = 3;

let plot;
let size = [1, 1];
let waiting = false;
let losses = 0;

text.form.addEventListener("submit", (event) => event.preventDefault());
names.addEventListener("change", () => choose(names.value, true));
text.addEventListener("input", () => choose(text.value, false));
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
    // A browser that does not know the pixels of a screen.
    observer.observe(canvas);
}

try {
    await init();
    names.append(...activations().map((name) => new Option(name)));
    await open();
} catch (error) {
    fail(error);
}

/// Opens a device, and another one when that is lost.
async function open() {
    if (!navigator.gpu) {
        throw new Error(`This browser has no WebGPU. ${REMEDY}`);
    }
    plot = await Plot.open(canvas, () => {
        losses += 1;
        plot = undefined;
        if (losses <= PATIENCE) {
            open().catch(fail);
        } else {
            fail(new Error("The browser has lost the GPU again and again; reload the page."));
        }
    });
    choose(text.value || names.value, text.value === "");
}

/// Shows an activation, or says what is wrong with it; `complete`: its text is written out.
function choose(wanted, complete) {
    if (!plot) {
        return;
    }
    try {
        const full = plot.choose(wanted);
        if (complete) {
            text.value = full;
        }
        names.value = full.split("(")[0];
        message.textContent = "";
        text.setAttribute("aria-invalid", "false");
        frame();
    } catch (error) {
        text.setAttribute("aria-invalid", "true");
        fail(error);
    }
}

/// Draws before the browser shows the page next.
function frame() {
    if (waiting || !plot) {
        return;
    }
    waiting = true;
    requestAnimationFrame(() => {
        waiting = false;
        try {
            plot?.draw(...size);
            losses = 0;
        } catch (error) {
            fail(error);
        }
    });
}

function fail(error) {
    message.textContent = error.message ?? String(error);
}
