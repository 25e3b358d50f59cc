/** Imports a module that is kept compressed in the page's folder (scripts/page.mjs). */

/** Throws an Error that says what cannot be loaded. */
export async function importPart(url: URL): Promise<unknown> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok || !response.body)
    throw new Error(`${url.pathname} cannot be loaded: ${response ? response.status : "there is no network"}`);
  const text = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).text();
  const code = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(code);
  } finally {
    URL.revokeObjectURL(code);
  }
}
