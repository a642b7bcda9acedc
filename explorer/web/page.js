// Starts the explorer, or says in words why it cannot start.

function fail(text) {
    document.getElementById("message").textContent = text;
    document.body.className = "without";
}

if (!navigator.gpu) {
    // The program is not fetched: it has megabytes.
    fail(
        "This browser has no WebGPU. Use a browser with WebGPU (Chrome or Edge 113, Safari 26, Firefox 141, or later), " +
            "and a page that comes over https or from localhost.",
    );
} else {
    try {
        const { default: init } = await import("./explorer.js");
        await init();
    } catch (error) {
        fail(`The explorer cannot be loaded (${error.message ?? error}). Reload the page.`);
    }
}
