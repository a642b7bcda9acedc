// Opens a page from files, without a server, and counts its errors.

import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/// How long Playwright waits for anything, in milliseconds. A software GPU on a busy machine needs seconds.
const PATIENCE = 30_000;

/// A new page at http://localhost/, which is secure and so has WebGPU. `files` are texts by their
/// names, in addition to the files in `folder`. The page's log goes to `log`. `complaints` counts errors, except
/// `expected` ones, which `met` counts. Warnings are shown and not counted, because each version of a
/// browser has other warnings. `scale` is the scale that the browser was launched with.
export async function open(browser, folder, options = {}) {
    const { files = {}, log = () => {}, expected, scale = 1 } = options;
    // Otherwise windows and displays would have their own sizes and scales.
    const viewport = { width: 800, height: 600 };
    const context = await browser.newContext({ viewport, deviceScaleFactor: scale });
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
