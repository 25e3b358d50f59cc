/** Where the page begins. */
import { render } from "preact";
import { App } from "./app.tsx";
import { keepPage } from "./offline.ts";

const root = document.getElementById("page")!;
root.replaceChildren();
render(<App />, root);
keepPage();
