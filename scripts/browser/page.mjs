// Tests the page that draws activations: its curves and its messages.

import { difference, FUNCTIONS, look } from "./pixels.mjs";
import { checks, expect, keepDevices, withoutGpu, withoutWebGpu } from "./serve.mjs";

/// How long a check may take, and a picture until it is right, in milliseconds.
const PATIENCE = 180_000;
const PICTURE_PATIENCE = 30_000;

/// Checks the page in `folder`, and returns the number of checks that fail. Leaves a screenshot in the file `picture`.
export async function testPage(browser, launch, folder, picture) {
    const { check, result } = checks(browser, folder, "page", PATIENCE);
    await check("curves", curves);
    // On these, sides of the canvas are between two pixels.
    for (const scale of [1.5, 2]) {
        const on = await launch(scale);
        await check(`curves on a display of scale ${scale}`, curves, undefined, { on, scale });
        await on.close();
    }
    await check("parameters", mistaken);
    await check("another size", resized);
    await check("a device that is lost", lost, patiently);
    await check("a browser without WebGPU", without, withoutWebGpu);
    await check("a browser without a GPU", without, withoutGpu);
    await check("a picture of it", async (page) => {
        await shows(page, "relu");
        await choose(page, "gelu");
        await page.screenshot({ path: picture });
        console.log(`${picture} has the page`);
    });
    return result.failures;
}

/// Every activation of FUNCTIONS has its own curves, and those of no other.
async function curves(page) {
    for (const name in FUNCTIONS) {
        await choose(page, name);
        const picture = await shows(page, name);
        for (const other in FUNCTIONS) {
            const noticed = other === name || (await difference(page, picture, other)) !== "";
            expect(noticed, `${name} is taken for ${other}; the check is blind`);
        }
    }
    const count = await page.locator("#names option").count();
    expect(count >= 25, `${count} activations to choose from`);
}

async function mistaken(page) {
    await choose(page, "softplus");
    await shows(page, "softplus");
    const names = page.locator("#parameters input");
    const shown = await names.evaluateAll((inputs) => inputs.map(({ name, value }) => [name, value]));
    expect(`${shown}` === "beta,1,threshold,20", `the defaults are ${shown}`);
    await choose(page, "elu(alpha=0.5)");
    for (const [text, reason] of [
        ["", "alpha must be a number"],
        ["1e60", "alpha must be finite"],
    ]) {
        await page.fill("#parameters input", text);
        const message = await page.textContent("#message");
        expect(message.includes(reason), `${text} gives ${JSON.stringify(message)}`);
    }
    await frames(page);
    await shows(page, "elu(alpha=0.5)", "after mistakes");
    await choose(page, "tanh");
    expect((await page.textContent("#message")) === "", "the message stays");
}

async function resized(page) {
    await choose(page, "silu");
    for (const [width, height] of [[500, 700], [1100, 300], [800, 600]]) {
        await page.setViewportSize({ width, height });
        const told = (size) => `${[innerWidth, innerHeight]}` === `${size}`;
        await page.waitForFunction(told, [width, height]);
        await shows(page, "silu", `${width} x ${height}`);
    }
}

/// Keeps the page's devices. Timeouts of 10 s or more never end: page.js forgets losses after so long, and on a
/// slow machine it would never give up.
async function patiently(page) {
    await keepDevices(page);
    await page.addInitScript(() => {
        const { setTimeout } = globalThis;
        globalThis.setTimeout = (call, delay, ...rest) =>
            delay >= 10_000 ? undefined : setTimeout(call, delay, ...rest);
    });
}

async function lost(page) {
    await choose(page, "softplus");
    await shows(page, "softplus");
    await page.evaluate(() => devices[0].destroy());
    await page.waitForFunction(() => devices.length === 2);
    await frames(page);
    await shows(page, "softplus", "on the next device");
    // Otherwise the canvas could still show the picture of the first device.
    await choose(page, "tanh");
    await shows(page, "tanh", "on the next device");
    for (const count of [2, 3, 4]) {
        await page.waitForFunction((count) => devices.length === count, count);
        await frames(page);
        await page.evaluate(() => devices.at(-1).destroy());
    }
    await page.locator("#message").filter({ hasText: "again and again" }).waitFor();
    const count = await page.evaluate(() => devices.length);
    expect(count === 4, `${count} devices were opened`);
}

async function without(page) {
    const message = page.locator("#message");
    await message.filter({ hasText: /WebGPU/ }).waitFor();
    const text = await message.textContent();
    expect(/use|update/i.test(text), `no remedy: ${text}`);
}

/// Chooses from the list, and types parameters, as in elu(alpha=0.5).
async function choose(page, text) {
    const [name, parameters = ""] = text.replace(")", "").split("(");
    await page.locator(`#names option:text-is("${name}")`).waitFor({ state: "attached" });
    await page.selectOption("#names", name);
    for (const [parameter, value] of parameters.split(",").filter(Boolean).map((p) => p.split("="))) {
        await page.fill(`#parameters input[name="${parameter}"]`, value);
    }
    await frames(page);
}

/// Waits until the canvas shows the curves of `name`, because a slow machine may need many frames for it. Returns the
/// picture. `when` begins the error.
async function shows(page, name, when = name) {
    const end = Date.now() + PICTURE_PATIENCE;
    for (;;) {
        const picture = await look(page);
        const wrong = await difference(page, picture, name);
        if (wrong === "") {
            return picture;
        }
        expect(Date.now() < end, `${when}: ${wrong}`);
    }
}

/// Waits until the page has drawn the choice, if it is fast.
const frames = (page) =>
    page.evaluate(async () => {
        for (let i = 0; i < 4; i += 1) {
            await new Promise(requestAnimationFrame);
        }
    });
