// Runs the tests of the crate and of the page that draws activations in a headless Chromium: `cargo xtask test-web`.
//
//     node main.mjs <folder with node_modules/playwright-core> <Chromium's program>
//         <folder of the crate's tests> <folder of the page>
//         [--picture <file>] [activations, without the page]

import { join } from "node:path";

import { testCrate, testWithout } from "./crate.mjs";
import { run } from "./launch.mjs";
import { testPage } from "./page.mjs";

const [playwright, executablePath, tests, page, ...rest] = process.argv.slice(2);
const picture = rest[0] === "--picture" ? rest.splice(0, 2)[1] : join(page, "page.png");

await run(playwright, executablePath, async (browser, launch) => {
    let failures = await testCrate(browser, tests, rest);
    if (rest.length === 0) {
        failures += await testWithout(browser, tests);
        failures += await testPage(browser, launch, page, picture);
    }
    return failures;
});
