// Runs compute shaders on the WebGPU of a headless Chromium: `cargo xtask test-web`.
//
//     node browser.mjs <folder with node_modules/playwright-core> <Chromium's program>
//
// The first line it prints names browser and adapter. Then, for each line it reads, a job
//
//     { code, constants, buffers: [{ binding, words, read }], workgroups }
//
// it prints one: { words: [..] } of each buffer to be read, or { error }.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${folder}/`)("playwright-core");
/// How long a job may take; SwiftShader needs a second for the largest modules.
const PATIENCE = 60_000;

const browser = await chromium.launch({
    executablePath,
    args: ["--enable-unsafe-webgpu"],
});
try {
    const page = await browser.newPage();
    page.on("console", (message) => console.error(`Chromium: ${message.text()}`));
    // WebGPU needs a secure origin, which localhost is; no server has to be there for that.
    await page.route("**/*", (route) =>
        route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
    );
    await page.goto("http://localhost/");
    const adapter = await page.evaluate(open);
    console.log(JSON.stringify({ name: `Chromium ${browser.version()}, ${adapter}` }));
    for await (const line of createInterface({ input: process.stdin })) {
        console.log(await inTime(page.evaluate(run, line)));
    }
} finally {
    await browser.close();
}

/// In the page: opens the device; the adapter's name.
async function open() {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) {
        throw new Error("Chromium has no WebGPU adapter");
    }
    const { vendor, architecture, description } = adapter.info;
    globalThis.device = await adapter.requestDevice();
    globalThis.pipelines = new Map();
    return [vendor, architecture, description].filter((part) => part !== "").join(" ");
}

/// In the page: runs a job, as text, since a page is given text faster than numbers.
async function run(line) {
    const { code, constants, buffers, workgroups } = JSON.parse(line);
    device.pushErrorScope("validation");
    const key = JSON.stringify([code, constants]);
    if (!pipelines.has(key)) {
        const module = device.createShaderModule({ code });
        const { messages } = await module.getCompilationInfo();
        const errors = messages.filter(({ type }) => type === "error");
        for (const { lineNum, linePos, message } of errors) {
            await device.popErrorScope();
            return JSON.stringify({ error: `${lineNum}:${linePos} ${message}` });
        }
        const compute = { module, constants };
        pipelines.set(key, device.createComputePipeline({ layout: "auto", compute }));
    }
    const pipeline = pipelines.get(key);
    const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = GPUBufferUsage;
    const bound = buffers.map(({ binding, words }) => {
        const usage = COPY_SRC | STORAGE | UNIFORM;
        const size = 4 * words.length;
        const buffer = device.createBuffer({ size, usage, mappedAtCreation: true });
        new Uint32Array(buffer.getMappedRange()).set(words);
        buffer.unmap();
        return { binding, resource: { buffer } };
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const layout = pipeline.getBindGroupLayout(0);
    pass.setBindGroup(0, device.createBindGroup({ layout, entries: bound }));
    pass.dispatchWorkgroups(workgroups);
    pass.end();
    const results = bound.filter((_, index) => buffers[index].read).map(({ resource }) => {
        const { size } = resource.buffer;
        const buffer = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
        encoder.copyBufferToBuffer(resource.buffer, 0, buffer, 0, size);
        return buffer;
    });
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error !== null) {
        return JSON.stringify({ error: error.message });
    }
    const words = [];
    for (const buffer of results) {
        await buffer.mapAsync(GPUMapMode.READ);
        words.push([...new Uint32Array(buffer.getMappedRange())]);
        buffer.destroy();
    }
    bound.forEach(({ resource }) => resource.buffer.destroy());
    return JSON.stringify({ words });
}

/// What `job` answers, or that it does not.
async function inTime(job) {
    let timer;
    const late = new Promise((resolve) => {
        const error = `no answer within ${PATIENCE / 1000} s`;
        timer = setTimeout(() => resolve(JSON.stringify({ error })), PATIENCE);
    });
    const answer = await Promise.race([job, late]);
    clearTimeout(timer);
    return answer;
}
