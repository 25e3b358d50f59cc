/**
 * Loads a part of the page that is kept compressed, so that it is small also from hosts that compress nothing, and goes
 * on as that part: `page.js`, `worker.js` and `builder.js` are this file with the part's name.
 */
import { importPart } from "./part.ts";

declare const PART: string;

const early: Event[] = [];
const keep = (event: Event): void => void early.push(event);

async function load(): Promise<void> {
  const isPage = typeof document !== "undefined";
  // What is sent to a worker before it has come is meant for it.
  if (!isPage) self.addEventListener("message", keep);
  await importPart(new URL(PART, isPage ? document.baseURI : location.href));
  self.removeEventListener("message", keep);
  for (const event of early) self.dispatchEvent(new MessageEvent("message", { data: (event as MessageEvent).data }));
}

load().catch((error: unknown) => {
  const sign = typeof document === "undefined" ? null : document.querySelector(".loading");
  if (sign) sign.textContent = `${(error as Error).message}. Load the page again.`;
  // Thrown where whoever started this hears of it.
  setTimeout(() => {
    throw error;
  });
});
