// Runs the tests in a headless Chromium: `cargo xtask test-web`.
//
//     node main.mjs <folder with node_modules/playwright-core> <Chromium's program>
//         <folder of the crate's tests> <folder of the page>
//         [--picture <file>] [activations, without the page]

import { createRequire } from "node:module";
import { join } from "node:path";

import { testCrate, testWithout } from "./crate.mjs";
import { testPage } from "./page.mjs";

const [playwright, executablePath, tests, page, ...rest] = process.argv.slice(2);
const picture = rest[0] === "--picture" ? rest.splice(0, 2)[1] : join(page, "page.png");
/// The time limit of everything.
const PATIENCE = 20 * 60_000;

const { chromium } = createRequire(`${playwright}/`)("playwright-core");
const FLAGS = [
    "--enable-unsafe-webgpu",
    // Without these, a screenshot has no canvas.
    ...["--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ...["--no-first-run", "--disable-quic"],
];
/// A browser on a display of so many pixels per CSS pixel. A page must be opened with the same scale. The
/// page reads that scale, but its canvas gets the pixels of the display.
const launch = (scale) =>
    chromium.launch({ executablePath, args: [...FLAGS, `--force-device-scale-factor=${scale}`] });
// This also ends a browser that does not open or close.
setTimeout(() => {
    console.error(`error: not done after ${PATIENCE / 60_000} minutes`);
    process.exit(1);
}, PATIENCE);
const browser = await launch(1);
let failures = 0;
try {
    console.log(`Chromium ${browser.version()}`);
    failures += await testCrate(browser, tests, rest);
    if (rest.length === 0) {
        failures += await testWithout(browser, tests);
        failures += await testPage(browser, launch, page, picture);
    }
} catch (error) {
    failures += 1;
    console.error(error);
} finally {
    await browser.close();
}
if (failures > 0) {
    console.error(`error: ${failures} failed, see above`);
}
process.exit(failures === 0 ? 0 : 1);
