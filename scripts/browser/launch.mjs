// Launches a headless Chromium for tests.

import { createRequire } from "node:module";

/// The time limit of everything.
const PATIENCE = 20 * 60_000;

const FLAGS = [
    "--enable-unsafe-webgpu",
    // Without these, a screenshot has no canvas.
    ...["--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ...["--no-first-run", "--disable-quic"],
];

/// Calls `tests` with a browser and a function that launches another one, and ends the process. `tests` returns the number
/// of tests that fail. `playwright` is the folder that has node_modules/playwright-core.
export async function run(playwright, executablePath, tests) {
    const { chromium } = createRequire(`${playwright}/`)("playwright-core");
    // A browser on a display of so many pixels per CSS pixel. A page must be opened with the same scale. The page reads
    // that scale, but its canvas gets the pixels of the display.
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
        failures += await tests(browser, launch);
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
}
