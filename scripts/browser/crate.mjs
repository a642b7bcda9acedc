// The crate, built for a browser, against the reference: web/browser has what is tested.

import { open } from "./serve.mjs";

/// How long the tests may say nothing; SwiftShader needs seconds for the largest shaders.
const PATIENCE = 120_000;

/// They make one mistake on purpose, which must be seen.
const expected = /usages \(BufferUsage::\(MapRead\|Storage\)\) is invalid/;

/// Runs the tests in `folder`, of the named activations or all; how many fail.
export async function testCrate(browser, folder, activations) {
    let alive = () => {};
    const files = { "index.html": "<!doctype html><link rel='icon' href='data:,'>" };
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
    // A panic leaves the promise pending; the page tells of it.
    const panic = new Promise((_, reject) => page.on("pageerror", reject));
    try {
        const failures = await Promise.race([page.evaluate(run, activations), silence, panic]);
        if (seen.met !== 1) {
            throw new Error(`the browser told of ${seen.met} mistakes, not of the one there was`);
        }
        return failures + seen.complaints;
    } finally {
        clearTimeout(timer);
        await page.context().close();
    }
}

/// In the page.
async function run(activations) {
    const tests = await import("./browser_tests.js");
    await tests.default();
    return tests.run(activations);
}
