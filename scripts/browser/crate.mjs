// Runs the tests of web/browser, which compare the crate, built for a browser, with the reference.

import { open, within, withoutWebGpu } from "./serve.mjs";

/// How long the tests may say nothing; SwiftShader needs seconds for the largest shaders.
const PATIENCE = 120_000;

/// The tests make one mistake on purpose, which must be noticed: web/browser/device.rs has the label.
const expected = /^uncaptured on "mistaken on purpose": /;

/// An empty page.
const files = { "index.html": "<!doctype html><link rel='icon' href='data:,'>" };

/// Checks that a browser without WebGPU gives a typed error with the remedy. Returns the number of checks that fail.
export async function testWithout(browser, folder) {
    let said = "";
    const log = (text) => (said += text);
    const { page, seen } = await open(browser, folder, { files, log });
    await withoutWebGpu(page);
    await page.goto("http://localhost/");
    const failures = await within(PATIENCE, "the error", page.evaluate(run, []));
    await page.context().close();
    if (failures !== 1 || seen.complaints > 0 || !said.includes("use a browser with WebGPU")) {
        console.error(`FAILED: without WebGPU: ${said}`);
        return 1;
    }
    console.log("without WebGPU: a typed error with the remedy");
    return 0;
}

/// Runs the tests in `folder`, of the named activations or all. Returns the number that fail.
export async function testCrate(browser, folder, activations) {
    let alive = () => {};
    const log = (text) => {
        console.log(text);
        alive();
    };
    const { page, seen } = await open(browser, folder, { files, log, expected });
    await page.goto("http://localhost/");
    let timer;
    const silence = new Promise((_, reject) => {
        alive = () => {
            clearTimeout(timer);
            const error = new Error(`the tests say nothing for ${PATIENCE / 1000} s`);
            timer = setTimeout(() => reject(error), PATIENCE);
        };
        alive();
    });
    // A panic leaves the promise pending, but the page logs it.
    const panic = new Promise((_, reject) => page.on("pageerror", reject));
    try {
        const failures = await Promise.race([page.evaluate(run, activations), silence, panic]);
        if (seen.met !== 1) {
            throw new Error(`${seen.met} mistakes were seen, not the one there was`);
        }
        return failures + seen.complaints;
    } finally {
        clearTimeout(timer);
        await page.context().close();
    }
}

/// Runs in the page.
async function run(activations) {
    const tests = await import("./browser_tests.js");
    await tests.default();
    return tests.run(activations);
}
