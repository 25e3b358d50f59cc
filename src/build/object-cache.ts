/**
 * What was made in builds before, each part with all that it was made of: objects with their sources, programs with
 * their objects. What has not changed is not made again. Nothing is judged by names or times: what went in is compared
 * byte by byte. The cache goes from one process to the next as one file (`toFile`), which holds the last build's parts
 * and no others.
 */
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { type ElfObject, readElf } from "../object/elf-reader.ts";

/** One source, assembled. */
export interface AssembledSource {
  /** The object's file; null when there were errors. */
  readonly file: Uint8Array | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, with what it held; null for a name that was looked for and not found. */
  readonly inputs: ReadonlyMap<string, Uint8Array | null>;
}

/** An object as it goes into a link: the same one as long as nothing of it has changed. */
export interface CachedObject {
  readonly object: ElfObject | null;
  readonly diagnostics: readonly Diagnostic[];
}

class Entry implements CachedObject {
  readonly path: string;
  readonly made: AssembledSource;
  #object: ElfObject | null = null;

  constructor(path: string, made: AssembledSource) {
    this.path = path;
    this.made = made;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.made.diagnostics;
  }

  get object(): ElfObject | null {
    return (this.#object ??= this.made.file && readElf(this.made.file, this.path));
  }
}

/** Something made of objects and of bytes. */
interface Product {
  readonly inputs: readonly (ElfObject | Uint8Array)[];
  readonly value: unknown;
}

/** Is told what is made, and why. */
export type MakingListener = (part: string, reason: string) => void;

export class ObjectCache {
  #entries = new Map<string, Entry>();
  #products = new Map<string, Product>();
  /** What this build has asked for. */
  #usedEntries = new Map<string, Entry>();
  #usedProducts = new Map<string, Product>();
  /** Of bytes those that were found equal to them last: many sources include the same files. */
  readonly #equal = new WeakMap<Uint8Array, Uint8Array>();
  #listener: MakingListener = () => {};

  /** A build begins: tells from now on what is made. */
  begin(listener: MakingListener = () => {}): void {
    this.#listener = listener;
    this.#takeUsed();
  }

  /** A build is whole: what it did not ask for is forgotten. One that failed has not asked for all. */
  end(): void {
    [this.#entries, this.#products] = [new Map(), new Map()];
    this.#takeUsed();
  }

  #takeUsed(): void {
    for (const [path, entry] of this.#usedEntries) this.#entries.set(path, entry);
    for (const [name, product] of this.#usedProducts) this.#products.set(name, product);
    [this.#usedEntries, this.#usedProducts] = [new Map(), new Map()];
  }

  /** What `assembleSource` gave for this path before, if all that it read is still the same; else what it gives now. */
  get(path: string, read: (path: string) => Uint8Array | null, assembleSource: () => AssembledSource): CachedObject {
    let entry = this.#usedEntries.get(path) ?? this.#entries.get(path);
    const changed = entry && this.#changedInput(entry.made.inputs, read);
    if (entry === undefined || changed !== undefined) {
      this.#listener(path, changed === undefined ? "it is new" : `${changed} has changed`);
      entry = new Entry(path, assembleSource());
    }
    this.#usedEntries.set(path, entry);
    return entry;
  }

  #changedInput(
    inputs: ReadonlyMap<string, Uint8Array | null>,
    read: (path: string) => Uint8Array | null,
  ): string | undefined {
    for (const [path, bytes] of inputs) if (!this.#same(bytes, read(path))) return path;
    return undefined;
  }

  /**
   * What `make` gave for these very inputs before, or what it gives now. Objects must come from `get`: they are
   * compared by identity, bytes by what they hold.
   */
  product<Value>(name: string, inputs: Product["inputs"], make: () => Value): Value {
    let product = this.#usedProducts.get(name) ?? this.#products.get(name);
    const known = product?.inputs;
    const at = known === undefined ? -1 : inputs.findIndex((input, index) => !this.#sameInput(input, known[index]));
    if (product === undefined || at >= 0 || known?.length !== inputs.length) {
      const cause = known === undefined ? undefined : inputs[Math.max(at, 0)];
      const what = cause instanceof Uint8Array || cause === undefined ? "what goes into it" : cause.path;
      this.#listener(name, known === undefined ? "it is new" : `${what} has changed`);
      product = { inputs, value: make() };
    }
    this.#usedProducts.set(name, product);
    return product.value as Value;
  }

  #sameInput(a: ElfObject | Uint8Array, b: ElfObject | Uint8Array | undefined): boolean {
    return a === b || (a instanceof Uint8Array && b instanceof Uint8Array && this.#same(a, b));
  }

  #same(a: Uint8Array | null, b: Uint8Array | null): boolean {
    if (a === b) return true;
    if (a === null || b === null || a.length !== b.length) return false;
    if (this.#equal.get(a) === b) return true;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    this.#equal.set(a, b);
    return true;
  }

  /** The parts, but for what failed and for products that are no bytes. */
  toFile(): Uint8Array {
    this.#takeUsed();
    const blobs = new Blobs();
    const paths = new Map<string, number>();
    const pathOf = (path: string): number => {
      if (!paths.has(path)) paths.set(path, paths.size);
      return paths.get(path)!;
    };
    const owners = new Map<ElfObject, string>();
    const sources: SourceRow[] = [];
    for (const { path, made, object } of this.#entries.values()) {
      if (made.file === null || object === null) continue;
      owners.set(object, path);
      const inputs = [...made.inputs].flatMap(([input, bytes]) => [pathOf(input), blobs.add(bytes)]);
      sources.push({ path, file: blobs.add(made.file), inputs, diagnostics: made.diagnostics });
    }
    const products: ProductRow[] = [];
    for (const [name, { inputs, value }] of this.#products) {
      const refs = inputs.map((input) => (input instanceof Uint8Array ? blobs.add(input) : owners.get(input)));
      if (value instanceof Uint8Array && refs.every((ref) => ref !== undefined))
        products.push({ name, inputs: refs, value: blobs.add(value) });
    }
    return blobs.toFile({ paths: [...paths.keys()], sources, products });
  }

  /** What `toFile` has made; the caller knows that it is whole. */
  static ofFile(file: Uint8Array): ObjectCache {
    const cache = new ObjectCache();
    const { index, blob } = openBlobs(file);
    for (const { path, file: at, inputs, diagnostics } of index.sources) {
      const read = new Map<string, Uint8Array | null>();
      for (let i = 0; i < inputs.length; i += 2) read.set(index.paths[inputs[i]!]!, blob(inputs[i + 1]!));
      cache.#entries.set(path, new Entry(path, { file: blob(at), diagnostics, inputs: read }));
    }
    for (const { name, inputs, value } of index.products) {
      const objects = inputs.map((ref) => (typeof ref === "string" ? cache.#entries.get(ref)!.object! : blob(ref)!));
      cache.#products.set(name, { inputs: objects, value: blob(value) });
    }
    return cache;
  }
}

interface SourceRow {
  readonly path: string;
  readonly file: number;
  /** Pairs of a path and of what it held, by their numbers. */
  readonly inputs: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
}

interface ProductRow {
  readonly name: string;
  /** Objects by their sources, bytes by their numbers. */
  readonly inputs: readonly (string | number)[];
  readonly value: number;
}

interface Index {
  readonly paths: readonly string[];
  readonly sources: readonly SourceRow[];
  readonly products: readonly ProductRow[];
}

/** Stands for a file that was not there. */
const ABSENT = -1;

/** Bytes, each once, by numbers; the file: u32 bytes of the index, the index as JSON, the bytes one after another. */
class Blobs {
  readonly #numbers = new Map<Uint8Array, number>();

  add(bytes: Uint8Array | null): number {
    if (bytes === null) return ABSENT;
    const number = this.#numbers.get(bytes) ?? this.#numbers.size;
    this.#numbers.set(bytes, number);
    return number;
  }

  toFile(index: Index): Uint8Array {
    const blobs = [...this.#numbers.keys()];
    const text = new TextEncoder().encode(JSON.stringify({ ...index, sizes: blobs.map(({ length }) => length) }));
    const file = new Uint8Array(blobs.reduce((sum, { length }) => sum + length, 4 + text.length));
    new DataView(file.buffer).setUint32(0, text.length, true);
    file.set(text, 4);
    let at = 4 + text.length;
    for (const bytes of blobs) {
      file.set(bytes, at);
      at += bytes.length;
    }
    return file;
  }
}

function openBlobs(file: Uint8Array): { index: Index; blob: (number: number) => Uint8Array | null } {
  const textBytes = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(file.subarray(4, 4 + textBytes));
  const index = JSON.parse(text) as Index & { readonly sizes: readonly number[] };
  let at = 4 + textBytes;
  const blobs = index.sizes.map((size) => {
    at += size;
    return file.subarray(at - size, at);
  });
  return { index, blob: (number) => (number === ABSENT ? null : blobs[number]!) };
}
