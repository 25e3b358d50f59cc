/** QuRe's own image and what belongs to it, as the page's folder holds them: one compressed file (scripts/page.mjs). */

/** Parts of the file by their names. */
export interface System {
  readonly firmware: Uint8Array;
  readonly iso: Uint8Array;
  /** The prepared disk's content up to its last byte that is not zero, and its size. */
  readonly disk: Uint8Array;
  readonly diskBytes: number;
  readonly version: string;
  readonly symbols: readonly (readonly [name: string, address: number, end: number])[];
}

interface Head {
  readonly version: string;
  readonly revision: number;
  readonly diskBytes: number;
  readonly parts: readonly { readonly name: string; readonly sizeBytes: number }[];
}

const LENGTH_BYTES = 4;

/** Decompresses a file of the page's folder. Throws an Error with a sentence. */
async function load(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok || !response.body)
    throw new Error(`${url.pathname} cannot be loaded: ${response.status} ${response.statusText}`);
  const stream = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A container: the length of its head, the head as JSON, the parts. */
async function loadParts(url: URL): Promise<{ head: Head; part: (name: string) => Uint8Array; names: string[] }> {
  const bytes = await load(url);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) as Head;
  const parts = new Map<string, Uint8Array>();
  let at = LENGTH_BYTES + length;
  for (const { name, sizeBytes } of head.parts) {
    parts.set(name, bytes.slice(at, at + sizeBytes));
    at += sizeBytes;
  }
  const part = (name: string): Uint8Array => {
    const found = parts.get(name);
    if (!found) throw new Error(`${url.pathname} has no part ${name}`);
    return found;
  };
  return { head, part, names: [...parts.keys()] };
}

export async function loadSystem(base: URL): Promise<System> {
  const { head, part } = await loadParts(new URL("system.gz", base));
  const symbols = JSON.parse(new TextDecoder().decode(part("symbols"))) as System["symbols"];
  const { version, diskBytes } = head;
  return { firmware: part("firmware"), iso: part("iso"), disk: part("disk"), diskBytes, version, symbols };
}

export interface Sources {
  readonly version: string;
  readonly revision: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export async function loadSources(base: URL): Promise<Sources> {
  const { head, part, names } = await loadParts(new URL("sources.gz", base));
  return { version: head.version, revision: head.revision, files: new Map(names.map((name) => [name, part(name)])) };
}
