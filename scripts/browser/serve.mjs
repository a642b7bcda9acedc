// Opens a page from files, without a server, and counts its errors.

import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".wasm": "application/wasm",
};

/// How long Playwright waits for anything, in milliseconds. A software GPU on a busy machine needs seconds.
const PATIENCE = 30_000;

/// A new page at http://localhost/, which is secure and so has WebGPU. `files` are texts by their
/// names, in addition to the files in `folder`. The page's log goes to `log`. `complaints` counts errors, except
/// `expected` ones, which `met` counts. Warnings are shown and not counted, because each version of a
/// browser has other warnings. `scale` is the scale that the browser was launched with, `viewport` the window's size.
export async function open(browser, folder, options = {}) {
    // Otherwise windows and displays would have their own sizes and scales.
    const { files = {}, log = () => {}, expected, scale = 1, viewport = [800, 600] } = options;
    const [width, height] = viewport;
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const seen = { complaints: 0, met: 0 };
    const complain = (text) => {
        if (expected?.test(text)) {
            seen.met += 1;
            return;
        }
        seen.complaints += 1;
        console.error(`FAILED: the page complains: ${text}`);
    };
    page.on("console", (message) => {
        const [type, text] = [message.type(), message.text()];
        if (type === "warning") {
            console.log(`the page warns: ${text}`);
        } else {
            (["error", "assert"].includes(type) ? complain : log)(text);
        }
    });
    page.on("pageerror", (error) => complain(error.stack ?? error.message));
    page.on("crash", () => complain("it crashed"));
    await page.addInitScript(tellUncaptured);
    await page.route("**/*", async (route) => {
        const name = new URL(route.request().url()).pathname.slice(1) || "index.html";
        try {
            const body = files[name] ?? (await readFile(join(folder, name)));
            await route.fulfill({ body, contentType: TYPES[extname(name)] });
        } catch {
            await route.fulfill({ status: 404 });
        }
    });
    return { page, seen };
}

/// A function that runs a test on a new page from `folder`, within so many milliseconds, and `result`, which counts the
/// failures. `prepare` gets the page before it is loaded.
export function checks(browser, folder, what, patience) {
    const result = { failures: 0 };
    const check = async (name, test, prepare, options = {}) => {
        const { on = browser, scale = 1, address = "", viewport } = options;
        const { page, seen } = await open(on, folder, { scale, viewport });
        const steps = async () => {
            await prepare?.(page);
            await page.goto(`http://localhost/${address}`);
            const ratio = await page.evaluate(() => devicePixelRatio);
            expect(ratio === scale, `the display has scale ${ratio}, not ${scale}`);
            await test(page);
        };
        try {
            await within(patience, "it", steps());
            if (seen.complaints === 0) {
                console.log(`${what}, ${name}: right`);
            }
        } catch (error) {
            result.failures += 1;
            console.error(`FAILED: ${what}, ${name}: ${error.message}`);
        }
        result.failures += seen.complaints;
        await page.context().close();
    };
    return { check, result };
}

export function expect(holds, what) {
    if (!holds) {
        throw new Error(what);
    }
}

/// For `prepare`: keeps the page's devices in `devices`.
export const keepDevices = (page) =>
    page.addInitScript(() => {
        globalThis.devices = [];
        const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (...descriptor) {
            const device = await requestDevice.apply(this, descriptor);
            globalThis.devices.push(device);
            return device;
        };
    });

/// For `prepare`: a browser without WebGPU, and one whose WebGPU has no GPU.
export const withoutWebGpu = (page) =>
    page.addInitScript(() => Object.defineProperty(navigator, "gpu", { value: undefined }));
export const withoutGpu = (page) =>
    page.addInitScript(() => {
        navigator.gpu.requestAdapter = async () => null;
    });

/// Returns the value of `promise`, or an error if it takes longer than so many milliseconds. Playwright has no time limit
/// for a function that a page evaluates.
export async function within(milliseconds, what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        const error = new Error(`${what} takes more than ${milliseconds / 1000} s`);
        timer = setTimeout(() => reject(error), milliseconds);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/// Runs in the page: logs every WebGPU error that reaches a device, under the device's label. The browser's own logs of
/// such errors depend on its version.
function tellUncaptured() {
    const prototype = globalThis.GPUAdapter?.prototype;
    if (!prototype) {
        return;
    }
    const { requestDevice } = prototype;
    prototype.requestDevice = async function (...descriptor) {
        const device = await requestDevice.apply(this, descriptor);
        device.addEventListener("uncapturederror", (event) => {
            event.preventDefault();
            console.error(`uncaptured on ${JSON.stringify(device.label)}: ${event.error.message}`);
        });
        return device;
    };
}
