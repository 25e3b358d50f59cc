/** Where the page begins. */
import { render } from "preact";
import { App } from "./app.tsx";

const root = document.getElementById("page")!;
root.replaceChildren();
render(<App />, root);
// Pages from a file have no service worker, and need none.
if (location.protocol.startsWith("http")) void navigator.serviceWorker?.register("service-worker.js").catch(() => {});
