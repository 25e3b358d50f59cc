/**
 * Loads a part of the page that is kept compressed, so that it is small also from hosts that compress nothing, and goes
 * on as that part: `page.js`, `worker.js` and `builder.js` are this file with the part's name.
 */
declare const PART: string;

const early: Event[] = [];
const keep = (event: Event): void => void early.push(event);

async function load(): Promise<void> {
  const isPage = typeof document !== "undefined";
  const url = new URL(PART, isPage ? document.baseURI : location.href);
  // What is sent to a worker before it has come is meant for it.
  if (!isPage) self.addEventListener("message", keep);
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${url.pathname} cannot be loaded: ${response.status}`);
  const text = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).text();
  const code = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  await import(code);
  URL.revokeObjectURL(code);
  self.removeEventListener("message", keep);
  for (const event of early) self.dispatchEvent(new MessageEvent("message", { data: (event as MessageEvent).data }));
}

load().catch((error: unknown) => {
  // Thrown where whoever started this hears of it.
  setTimeout(() => {
    throw error;
  });
});
