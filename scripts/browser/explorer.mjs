// Tests the explorer's page in a headless Chromium: `cargo xtask test-explorer --web`.
//
//     node explorer.mjs <folder with node_modules/playwright-core> <Chromium's program> <folder of the page>
//         [words of the checks to run, else all]
//
// egui paints on a canvas, so the tests click at the places in the canvas's attribute data-labels (explorer/src/web.rs).

import { run } from "./launch.mjs";
import { checks, expect, keepDevices, withoutGpu, withoutWebGpu } from "./serve.mjs";

/// How long a check may take, and one of its waits, in milliseconds. On a busy machine, SwiftShader needs a second for a frame
/// of four networks.
const PATIENCE = 300_000;
const WAIT = 240_000;

const [BLUE, ORANGE, RED] = [[41, 128, 219], [232, 115, 33], [220, 40, 40]];

const [playwright, executablePath, folder, ...words] = process.argv.slice(2);

await run(playwright, executablePath, async (browser) => {
    const { check: always, result } = checks(browser, folder, "explorer", PATIENCE);
    const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));
    const check = async (name, ...rest) => wanted(name) && (await always(name, ...rest));
    const view = (fragment) => ({ address: `?labels#${fragment}`, viewport: [1280, 720] });
    const elu = "tab=look&theme=light&shown=elu(alpha=1)&bounds=-4,4,-4,4&cursor=-1";
    await check("a slider", slider, undefined, view(elu));
    await check("a story", story, undefined, view("tab=look&theme=light"));
    await check("learning", learning, countSubmits, view("tab=learn&theme=light&set=circle&rate=0.02"));
    await check("the address", address, undefined, view("tab=learn&seed=7"));
    await check("a device that is lost", lost, keepDevices, view("tab=learn&set=circle"));
    for (const tab of ["look", "learn", "stories"]) {
        const phone = { ...view(`tab=${tab}&story=weights`), viewport: [390, 844] };
        await check(`${tab} on a phone`, fits, undefined, phone);
    }
    await check("a browser without WebGPU", without, withoutWebGpu);
    await check("a browser without a GPU", without, withoutGpu);
    return result.failures;
});

/// The names and places of all widgets, from top to bottom and from left to right.
async function widgets(page) {
    const text = await page.evaluate(() => document.getElementById("canvas").dataset.labels ?? "");
    const lines = text.split("\n").filter(Boolean).map((line) => {
        const [left, top, right, bottom, ...words] = line.split(" ");
        const place = [left, top, right, bottom].map(Number);
        return { place, text: words.join(" ") };
    });
    return lines.sort((a, b) => a.place[1] - b.place[1] || a.place[0] - b.place[0]);
}

/// Waits for a widget whose name matches, and returns it with the match.
async function widget(page, pattern) {
    const { source, flags } = pattern;
    const is = ([source, flags]) =>
        document.getElementById("canvas").dataset.labels?.split("\n").some((line) =>
            new RegExp(source, flags).test(line.split(" ").slice(4).join(" ")),
        );
    try {
        await page.waitForFunction(is, [source, flags], { timeout: WAIT });
    } catch (error) {
        const names = (await widgets(page)).map(({ text }) => text);
        throw new Error(`nothing is named ${pattern}, but ${JSON.stringify(names)}`, { cause: error });
    }
    for (const { place, text } of await widgets(page)) {
        const match = text.match(pattern);
        if (match) {
            return { place, text, match };
        }
    }
    return widget(page, pattern);
}

async function click(page, pattern) {
    const { place: [left, top, right, bottom] } = await widget(page, pattern);
    await page.mouse.click((left + right) / 2, (top + bottom) / 2);
}

/// The share of a place that has each colour, and the lowest row with the first one, from the place's top.
async function pixels(page, place, colours) {
    const png = (await page.screenshot()).toString("base64");
    return page.evaluate(look, { png, place: place.map(Math.round), colours });
}

/// Runs in the page.
async function look({ png, place: [left, top, right, bottom], colours }) {
    const bytes = Uint8Array.from(atob(png), (byte) => byte.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const [width, height] = [right - left, Math.min(bottom, image.height) - top];
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(image, -left, -top);
    const { data } = context.getImageData(0, 0, width, height);
    const shares = colours.map(() => 0);
    let lowest = -1;
    for (let i = 0; i < width * height; i += 1) {
        colours.forEach((colour, which) => {
            if (colour.every((part, channel) => Math.abs(data[4 * i + channel] - part) <= 24)) {
                shares[which] += 1 / (width * height);
                lowest = which === 0 ? Math.floor(i / width) : lowest;
            }
        });
    }
    return { shares, lowest };
}

/// The curve's value at x = -1 is ELU's, before and after its slider moves, and the curve reaches lower on the screen.
async function slider(page) {
    const value = async (alpha) => {
        const number = "(-?[\\d.e-]+)";
        const pattern = new RegExp(`^Curves\\. elu: x = ${number}, f = ${number}, f' = ${number}$`);
        const near = (found, exact) => Math.abs(found - exact) < 1e-5;
        const end = Date.now() + WAIT;
        for (;;) {
            const { match, place } = await widget(page, pattern);
            const [x, f, slope] = match.slice(1).map(Number);
            if (near(f, alpha * Math.expm1(-1)) && near(slope, alpha * Math.exp(-1))) {
                expect(near(x, -1), `the cursor is at ${x}`);
                return pixels(page, place, [BLUE]);
            }
            expect(Date.now() < end, `elu(alpha=${alpha}) is ${f}, with derivative ${slope}, at ${x}`);
            await page.waitForTimeout(50);
        }
    };
    const before = await value(1);
    const rails = (await widgets(page)).filter(({ text }) => text === "alpha");
    // The first one is the rail, which is 100 points long, with its number and name beside it.
    const { place: [left, top, , bottom] } = rails.sort((a, b) => a.place[0] - b.place[0])[0];
    await page.mouse.move(left + 60, (top + bottom) / 2);
    await page.mouse.down();
    for (const x of [70, 80, 85, 85, 85]) {
        await page.mouse.move(left + x, (top + bottom) / 2);
        await page.waitForTimeout(50);
    }
    await page.mouse.up();
    await page.waitForFunction(() => !location.hash.includes("elu(alpha=1)"));
    await page.waitForTimeout(1000);
    const hash = await page.evaluate(() => location.hash);
    const alpha = Number(hash.match(/elu\(alpha=([\d.]+)\)/)?.[1]);
    // From -4 to 4, four times the default.
    expect(alpha > 2 && alpha < 3.5, `alpha is ${alpha} in ${hash}`);
    const after = await value(alpha);
    expect(before.shares[0] > 0.001, `no curve: ${before.shares}`);
    expect(after.lowest > before.lowest + 50, `the curve ends at row ${before.lowest}, then ${after.lowest}`);
}

/// "ReLU dies" plays until the end that its text says.
async function story(page) {
    await click(page, /^Stories$/);
    await click(page, /^ReLU dies$/);
    await widget(page, /^The figures below bear this out\.$/);
    const layers = new Map();
    const scores = new Map();
    for (const { text, place } of await widgets(page)) {
        const layer = text.match(/^Layer (\d), (\w+).*: (\d+) units, (\d+) dead/);
        if (layer) {
            const [, number, name, units, dead] = layer;
            // The picture is below its label, so that it comes second.
            layers.set(`${number} ${name}`, { name, units: +units, dead: +dead, place });
        }
        const score = text.match(/^Step (\d+): loss [\d.]+, accuracy ([\d.]+) %$/);
        if (score) {
            expect(score[1] === "200", text);
            // A label and its text are two names at about one place.
            scores.set(Math.round(place[0] / 50), Number(score[2]));
        }
    }
    expect(layers.size === 8 && scores.size === 4, `${layers.size} layers, ${scores.size} scores`);
    const sum = (of) => [...layers.values()].filter(of).reduce((all, { dead }) => all + dead, 0);
    const [relu, others] = [sum(({ name }) => name === "relu"), sum(({ name }) => name !== "relu")];
    expect(relu >= 16 && others === 0, `${relu} units of ReLU are dead, and ${others} others`);
    expect(Math.min(...[...scores.values()].slice(1)) > 95, `accuracies: ${[...scores.values()]}`);
    for (const [key, { name, place }] of layers) {
        if (place[1] >= 0 && place[3] <= 720 && key.startsWith("1")) {
            const { shares: [red] } = await pixels(page, place, [RED]);
            expect(red > 0.01 === (name === "relu"), `${name}: red is ${red} of ${place}`);
        }
    }
    const hash = await page.evaluate(() => location.hash);
    expect(hash.includes("tab=stories") && hash.includes("story=dies"), hash);
}

/// For `prepare`: counts what the page submits.
async function countSubmits(page) {
    await page.addInitScript(() => {
        globalThis.submits = 0;
        const { submit } = GPUQueue.prototype;
        GPUQueue.prototype.submit = function (...buffers) {
            globalThis.submits += 1;
            return submit.apply(this, buffers);
        };
    });
}

/// The keys play and pause, the surface gets both colours, and then nothing more is drawn.
async function learning(page) {
    const steps = async () => Number((await widget(page, /^Step (\d+): loss/)).match[1]);
    await widget(page, /^Step 0: loss/);
    await page.keyboard.press("s");
    await widget(page, /^Step 1: loss/);
    await page.keyboard.press("Space");
    await widget(page, /^Step ([4-9]\d|\d{3,}): loss/);
    await page.keyboard.press("Space");
    await widget(page, /^Play$/);
    const { place } = await widget(page, /^Decision surface\./);
    const { shares: [blue, orange] } = await pixels(page, place, [BLUE, ORANGE]);
    expect(blue > 0.2 && orange > 0.03, `the surface has ${blue} of blue, ${orange} of orange`);
    // The last results arrive, and the address changes.
    await page.waitForTimeout(3000);
    const count = () => page.evaluate(() => submits);
    const [before, stopped] = [await count(), await steps()];
    await page.waitForTimeout(1500);
    expect((await count()) === before, `${(await count()) - before} frames are drawn while nothing changes`);
    expect((await steps()) === stopped, "it learns while it pauses");
    expect(before > 50, `only ${before} submits were seen`);
    await page.keyboard.press("r");
    await widget(page, /^Step 0: loss/);
}

/// The state is in the address and in the browser's storage, and a new fragment is taken.
async function address(page) {
    await widget(page, /^Decision surface\./);
    await click(page, /^New seed$/);
    await page.waitForFunction(() => location.hash.includes("seed=8"));
    const length = await page.evaluate(() => history.length);
    expect(length <= 2, `the history has ${length} entries`);
    await page.goto("about:blank");
    await page.goto("http://localhost/?labels");
    await widget(page, /^Decision surface\./);
    await page.evaluate(() => {
        location.hash = "#tab=look&shown=relu&cursor=2";
    });
    await widget(page, /^Curves\. relu: x = (1\.99|2)\S*, f = (1\.99|2)\S*, f' = 1$/);
}

/// A loss is told, a button goes on with what was learned, and a loss in between ends the program.
async function lost(page) {
    const destroy = async (count) => {
        await page.waitForFunction((count) => devices.length === count, count);
        await page.evaluate(() => devices.at(-1).destroy());
    };
    await widget(page, /^Step 0: loss/);
    for (const step of [1, 2, 3]) {
        await page.keyboard.press("s");
        await widget(page, new RegExp(`^Step ${step}: loss`));
    }
    const before = (await widget(page, /^Step 3: loss/)).text;
    await destroy(1);
    await click(page, /^Go on with a new device$/);
    const after = (await widget(page, /^Step 3: loss/)).text;
    expect(after === before, `${before} became ${after}`);
    await page.keyboard.press("s");
    await widget(page, /^Step 4: loss/);
    await destroy(2);
    await widget(page, /^The GPU was lost\.$/);
    await destroy(3);
    await page.locator("#message").filter({ hasText: "again" }).waitFor();
    expect(await page.locator("img").first().isVisible(), "there are no pictures");
}

/// Nothing is cut off at the right.
async function fits(page) {
    await widget(page, /^Stories$/);
    await page.waitForTimeout(1000);
    for (const { text, place } of await widgets(page)) {
        expect(place[2] <= 391, `${text} is cut off at ${place}`);
    }
}

/// Words say why, and the pictures are there.
async function without(page) {
    const message = page.locator("#message");
    await message.filter({ hasText: /WebGPU/ }).waitFor();
    const text = await message.textContent();
    expect(/use|update/i.test(text), `no remedy: ${text}`);
    const pictures = page.locator("img");
    expect((await pictures.count()) >= 4, "there are hardly any pictures");
    for (const picture of await pictures.all()) {
        await picture.scrollIntoViewIfNeeded();
        await picture.evaluate((image) => image.decode());
        expect(await picture.isVisible(), "a picture is hidden");
    }
    expect(!(await page.locator("canvas").isVisible()), "the canvas is shown");
}
