// Compiles WGSL with Tint, the compiler of Chromium, through Dawn for Node: `cargo xtask tint`.
//
//     node tint.mjs <folder with node_modules/webgpu> <file of modules as JSON lines of [name, source]>

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, file] = process.argv.slice(2);
const { create, globals } = createRequire(`${folder}/`)("webgpu");
Object.assign(globalThis, globals);

// Dawn's null backend only compiles, so it needs no driver.
// A global, because Dawn crashes when the instance is collected.
globalThis.gpu = create(["backend=null"]);
const adapter = await gpu.requestAdapter();
const device = await adapter.requestDevice();
const lines = readFileSync(file, "utf8").split("\n").filter((line) => line !== "");
let refused = 0;
for (const line of lines) {
    const [name, code] = JSON.parse(line);
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    const { messages } = await module.getCompilationInfo();
    if (/@compute/.test(code)) {
        device.createComputePipeline({ layout: "auto", compute: { module } });
    }
    const error = await device.popErrorScope();
    if (error !== null || messages.some((message) => message.type === "error")) {
        refused += 1;
        console.error(`${name}: ${error?.message ?? ""}`);
        for (const { lineNum, linePos, message } of messages) {
            console.error(`  ${lineNum}:${linePos} ${message}`);
        }
    }
}
console.log(`Tint takes ${lines.length - refused} of ${lines.length} modules`);
process.exit(refused === 0 && lines.length > 0 ? 0 : 1);
