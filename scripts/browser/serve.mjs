// A page from files, without a server, whose complaints are counted.

import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/// A new page at http://localhost/, which is secure and so has WebGPU. `files` are texts by their names, beside those in
/// `folder`. Whatever the page logs goes to `log`; `complaints` counts errors and warnings, but for those `expected`,
/// which `met` counts.
export async function open(browser, folder, { files = {}, log = () => {}, expected, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 800, height: 600 }, ...options });
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
        const bad = ["error", "warning", "assert"].includes(message.type());
        (bad ? complain : log)(message.text());
    });
    page.on("pageerror", (error) => complain(error.stack ?? error.message));
    page.on("crash", () => complain("it crashed"));
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
