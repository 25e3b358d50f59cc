/**
 * The state of a cluster in memory, to come back to. Taking one costs a look at all memory; it holds only the pages
 * that differ from the checkpoint before it, because equal pages are shared.
 */
import type { Cluster } from "../cluster/cluster.ts";
import type { StateVisitor } from "../state/state.ts";

const PAGE_BYTES = 4096;

/** Pages of an array; null for a page of zeros. */
type Pages = readonly (Uint8Array | null)[];
type Field = number | string | boolean | Uint8Array;

function words(bytes: Uint8Array): Int32Array | null {
  return (bytes.byteOffset & 3) === 0 && (bytes.length & 3) === 0
    ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
    : null;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  const left = words(a);
  const right = words(b);
  if (left !== null && right !== null) {
    for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
    return true;
  }
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const ZEROS = new Uint8Array(PAGE_BYTES);

function isZero(page: Uint8Array): boolean {
  return equal(page, page.length === PAGE_BYTES ? ZEROS : new Uint8Array(page.length));
}

/** Each field with its value, in the order of the visit. */
abstract class FieldVisitor implements StateVisitor {
  abstract readonly restoring: boolean;
  protected abstract field<Value extends Field>(value: Value): Value;
  abstract bytes(value: Uint8Array): void;

  part(name: string, version: number): void {
    const wanted = `${name} ${version}`;
    const found = this.field(wanted);
    if (found !== wanted) throw new Error(`state of ${wanted} expected, ${found} found`);
  }
  bool(value: boolean): boolean {
    return this.field(value);
  }
  u8(value: number): number {
    return this.field(value);
  }
  u16(value: number): number {
    return this.field(value);
  }
  u32(value: number): number {
    return this.field(value);
  }
  i32(value: number): number {
    return this.field(value);
  }
  integer(value: number): number {
    return this.field(value);
  }
  f64(value: number): number {
    return this.field(value);
  }
  text(value: string): string {
    return this.field(value);
  }
  blob(value: Uint8Array): Uint8Array {
    return this.field(value.slice());
  }
}

class Saver extends FieldVisitor {
  readonly restoring = false;
  readonly fields: Field[] = [];
  readonly arrays: Pages[] = [];
  readonly #previous: readonly Pages[];
  /** Bytes that no earlier checkpoint holds. */
  ownBytes = 0;

  constructor(previous: readonly Pages[]) {
    super();
    this.#previous = previous;
  }

  protected field<Value extends Field>(value: Value): Value {
    this.fields.push(value);
    return value;
  }

  bytes(value: Uint8Array): void {
    const before = this.#previous[this.arrays.length];
    const pages: (Uint8Array | null)[] = [];
    for (let start = 0, index = 0; start < value.length; start += PAGE_BYTES, index++) {
      const page = value.subarray(start, start + PAGE_BYTES);
      const known = before?.[index];
      if (known && known.length === page.length && equal(known, page)) pages.push(known);
      else if (isZero(page)) pages.push(null);
      else {
        pages.push(page.slice());
        this.ownBytes += page.length;
      }
    }
    this.arrays.push(pages);
  }
}

class Restorer extends FieldVisitor {
  readonly restoring = true;
  readonly #fields: readonly Field[];
  readonly #arrays: readonly Pages[];
  #nextField = 0;
  #nextArray = 0;

  constructor(fields: readonly Field[], arrays: readonly Pages[]) {
    super();
    this.#fields = fields;
    this.#arrays = arrays;
  }

  protected field<Value extends Field>(_value: Value): Value {
    return this.#fields[this.#nextField++] as Value;
  }

  override blob(_value: Uint8Array): Uint8Array {
    return (this.#fields[this.#nextField++] as Uint8Array).slice();
  }

  bytes(value: Uint8Array): void {
    const pages = this.#arrays[this.#nextArray++]!;
    for (let index = 0; index < pages.length; index++) {
      const target = value.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
      const page = pages[index]!;
      if (page !== null) target.set(page);
      // The host holds no memory for pages that were never written.
      else if (!isZero(target)) target.fill(0);
    }
  }
}

export class Checkpoint {
  /** Instructions that each machine had retired, and its virtual time in ns. */
  readonly retired: readonly number[];
  readonly machineNs: readonly number[];
  readonly clusterNs: number;
  /** Something came from outside just before. */
  readonly isAnchor: boolean;
  #ownBytes: number;
  readonly #openQuantumNs: number | null;
  readonly #fields: readonly Field[];
  readonly #arrays: readonly Pages[];

  constructor(cluster: Cluster, previous: Checkpoint | null, isAnchor: boolean) {
    const saver = new Saver(previous === null ? [] : previous.#arrays);
    cluster.visitState(saver);
    this.#fields = saver.fields;
    this.#arrays = saver.arrays;
    this.#ownBytes = saver.ownBytes;
    this.retired = cluster.machines.map(({ instructions }) => instructions);
    this.machineNs = cluster.machines.map(({ nowNs }) => nowNs);
    this.clusterNs = cluster.nowNs;
    this.#openQuantumNs = cluster.openQuantumNs;
    this.isAnchor = isAnchor;
  }

  /** Bytes that no earlier checkpoint holds. */
  get ownBytes(): number {
    return this.#ownBytes;
  }

  /** The checkpoint between this one and `before` is forgotten: what it shares with this one alone is now this one's. */
  inherit(forgotten: Checkpoint, before: Checkpoint | null): void {
    this.#arrays.forEach((pages, array) => {
      const between = forgotten.#arrays[array];
      const earlier = before === null ? undefined : before.#arrays[array];
      pages.forEach((page, index) => {
        if (page !== null && page === between?.[index] && page !== earlier?.[index]) this.#ownBytes += page.length;
      });
    });
  }

  restore(cluster: Cluster): void {
    cluster.visitState(new Restorer(this.#fields, this.#arrays));
    cluster.openQuantumNs = this.#openQuantumNs;
  }
}
