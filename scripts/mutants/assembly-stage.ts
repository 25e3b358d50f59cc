/**
 * What tests stand on while faults are planted: builds of the system with and without the fault, booted clusters in
 * known states, what each test reaches, and the bounds of its guests.
 *
 * A fault that leaves every address where it was needs no boot: the bytes that it changes are written into the memory
 * of a cluster that was booted without it, provided that booting does not reach the line.
 */

import { assemble } from "../../src/assembler/assemble.ts";
import { buildFirmware, buildSystem, CHECKED, KERNEL_SPACE } from "../../src/build/build.ts";
import { ObjectCache } from "../../src/build/object-cache.ts";
import {
  type ClusterOptions,
  type ElfObject,
  folderTree,
  LabCluster,
  readElf,
  restoreCluster,
  type SourceTree,
} from "../../src/index.ts";
import { Decoded, decode } from "../../src/isa/decode.ts";
import { lineRowsOf } from "../../src/object/dwarf/line-table.ts";
import { keepWarm } from "../../tests/setup/warm.ts";

export interface Images {
  readonly iso: Uint8Array;
  readonly disk: Uint8Array;
  readonly diskBytes: number;
  readonly kernelElf: Uint8Array;
  readonly loaderElf: Uint8Array;
  readonly manifest: Readonly<Record<string, { offset: number; sizeBytes: number }>>;
  readonly firmware: Uint8Array;
}

/** Lines as `file:line`. */
export type Lines = ReadonlySet<string>;

/** Bytes at an address, as they are without the fault and with it. */
interface Patch {
  readonly address: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

interface Fault {
  readonly file: string;
  /** The place as `file:line`. */
  readonly place: string;
  readonly content: Uint8Array;
}

/** What a test may take, from what it took without a fault. */
export interface Bounds {
  readonly instructions: number;
  readonly timeNs: number;
}

/** A guest that went on for much longer than without the fault. */
export class GuestTimeout extends Error {}

/** The fault cannot be built: it is none. */
export class NotBuilt extends Error {}

interface State {
  readonly snapshot: Uint8Array;
  /** What was reached on the way to it. */
  readonly lines: Lines;
  readonly instructions: number;
  readonly mapper: LineMap;
}

export interface SavedState {
  readonly key: string;
  readonly snapshot: Uint8Array;
  readonly lines: readonly string[];
  readonly instructions: number;
}

/** Behind these, code does not simply go on. */
const BRANCHES = /^(j|call|ret|iret|loop|int|hlt|ud|sys)/;
const ENTRY_FILE = "asm/kernel/entry.s";
const BOOT_SECTOR_BYTES = 512;
/** In the boot sector, and behind a disk's signature. */
const PARTITION_TABLE_AT = 440;
/** Of a machine, unless a test says otherwise: as much as tests/system/images.ts gives it. */
const RAM_BYTES = 8 << 20;

/** Addresses of the kernel -> source lines. */
class LineMap {
  readonly #starts: readonly { address: number; place: string }[];
  readonly #elf: ElfObject;
  readonly #decoded = new Decoded();

  constructor(kernelElf: Uint8Array) {
    this.#elf = readElf(kernelElf, "kernel.elf");
    const rows = lineRowsOf(this.#elf);
    this.#starts = rows
      .filter((row) => !row.end)
      .map(({ address, file, line }) => ({ address, place: `${file}:${line}` }))
      .sort((a, b) => a.address - b.address);
  }

  /**
   * Adds what follows without a branch between: the emulator joins some pairs of instructions and asks for the first
   * only.
   */
  #complete(addresses: Iterable<number>): Set<number> {
    const complete = new Set(addresses);
    const code = this.#elf.sections.filter(({ type, flags }) => type === 1 && (flags & 4) !== 0);
    for (const start of [...complete]) {
      const section = code.find(({ address, content }) => address <= start && start < address + content.length);
      if (!section) continue;
      for (let at = start; ; ) {
        const { form, length } = decode(section.content, at - section.address, 32, this.#decoded);
        if (!form || BRANCHES.test(form.semantic)) break;
        at += length;
        if (complete.has(at)) break;
        complete.add(at);
      }
    }
    return complete;
  }

  placesOf(reached: Iterable<number>): Set<string> {
    const places = new Set<string>();
    const addresses = this.#complete(reached);
    const starts = this.#starts;
    for (const address of addresses) {
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[middle]!.address <= address) low = middle + 1;
        else high = middle;
      }
      // Several rows at one address: macros within macros.
      for (let at = low - 1; at >= 0 && starts[at]!.address === starts[low - 1]!.address; at--)
        places.add(starts[at]!.place);
    }
    return places;
  }
}

export class Stage {
  /** The sources, with the fault that is planted. */
  readonly tree: SourceTree;
  readonly #cache = new ObjectCache();
  readonly #withoutFault: Images;
  readonly #states = new Map<string, State>();
  readonly #mappers = new Map<Uint8Array, LineMap>();
  readonly #mapper: LineMap;
  #fault: Fault | null = null;
  #faulty: Images | null = null;
  readonly #kernel: ElfObject;
  readonly #objects = new Map<string, ElfObject>();
  /** Null when the fault moves addresses, or is not in the kernel's 32-bit code. */
  #patch: readonly Patch[] | null = null;
  readonly #isos = new Map<string, Uint8Array>();
  readonly #faultyStates = new Map<string, Uint8Array>();
  /** What is reached now, for each kernel; null while nobody wants to know. */
  #reached: Map<LineMap, Set<number>> | null = null;
  #bounds: Bounds | null = null;
  #spent = { instructions: 0, timeNs: 0 };
  /** The test that runs now boots machines by itself after its state was reached. */
  bootsLater = true;
  file = "";

  constructor(root: string) {
    const files = folderTree(root);
    const known = new Map<string, Uint8Array | null>();
    this.tree = {
      list: (folder) => files.list(folder),
      read: (path) => {
        if (this.#fault?.file === path) return this.#fault.content;
        if (!known.has(path)) known.set(path, files.read(path));
        return known.get(path) ?? null;
      },
    };
    this.#withoutFault = this.#build();
    this.#mapper = new LineMap(this.#withoutFault.kernelElf);
    this.#booted = this.#mapper;
    this.#kernel = readElf(this.#withoutFault.kernelElf, "kernel.elf");
  }

  get kernelElf(): Uint8Array {
    return this.#withoutFault.kernelElf;
  }

  get loaderElf(): Uint8Array {
    return this.#withoutFault.loaderElf;
  }

  source(path: string): string {
    return new TextDecoder("latin1").decode(this.tree.read(path) ?? new Uint8Array(0));
  }

  list(folder: string): readonly string[] {
    return this.tree.list(folder);
  }

  #build(): Images {
    const settings = { version: "0.1.0", revision: 1000, checks: true, cache: this.#cache };
    const { files, diagnostics } = buildSystem(this.tree, settings);
    const firmware =
      this.#fault === null || this.#fault.file.startsWith("boot/firmware/") || this.#fault.file.endsWith(".inc")
        ? buildFirmware(this.tree).files
        : null;
    if (!files || (this.#fault === null && !firmware)) throw new NotBuilt(diagnostics[0]?.message ?? "not built");
    const file = (name: string): (typeof files)[number] => files.find((found) => found.name === name)!;
    return {
      iso: file("qure.iso").content,
      disk: file("qure.img").content,
      diskBytes: file("qure.img").sizeBytes,
      kernelElf: file("kernel.elf").content,
      loaderElf: file("loader.elf").content,
      manifest: file("qure.iso").parts,
      firmware: firmware ? firmware[0]!.content : this.#withoutFault.firmware,
    };
  }

  /** Plants a fault, or takes it out with null. Throws `NotBuilt` when the source cannot be assembled with it. */
  plant(fault: { file: string; line: number; text: string } | null): void {
    this.#isos.clear();
    this.#faultyStates.clear();
    this.#patch = null;
    this.#fault = null;
    this.#faulty = null;
    if (fault === null) return;
    const lines = this.source(fault.file).split("\n");
    lines[fault.line - 1] = fault.text;
    const content = Uint8Array.from(lines.join("\n"), (character) => character.charCodeAt(0));
    this.#fault = { file: fault.file, place: `${fault.file}:${fault.line}`, content };
    try {
      this.#patch = this.#patchOf(fault.file, this.#object(fault.file, null), this.#object(fault.file, content));
    } catch (error) {
      this.#fault = null;
      throw error;
    }
  }

  /** One source assembled: as it is, or with a fault. */
  #object(path: string, content: Uint8Array | null): ElfObject {
    const known = content === null ? this.#objects.get(path) : undefined;
    if (known) return known;
    const fault = this.#fault;
    if (content === null) this.#fault = null;
    try {
      const folders = [path.slice(0, path.lastIndexOf("/")), "boot", "boot/firmware", "asm/include"];
      const read = (name: string): { path: string; bytes: Uint8Array } | null => {
        for (const candidate of [name, ...folders.map((folder) => `${folder}/${name}`)]) {
          const bytes = this.tree.read(candidate);
          if (bytes) return { path: candidate, bytes };
        }
        return null;
      };
      const { object, diagnostics } = assemble({ path, files: { read }, defines: CHECKED });
      if (!object) throw new NotBuilt(diagnostics[0]?.message ?? "not assembled");
      const elf = readElf(object, path);
      if (content === null) this.#objects.set(path, elf);
      return elf;
    } finally {
      this.#fault = fault;
    }
  }

  /** The bytes of the linked kernel that the fault changes; null when it changes more than bytes. */
  #patchOf(path: string, before: ElfObject, after: ElfObject): readonly Patch[] | null {
    const described = (object: ElfObject): string =>
      JSON.stringify([
        object.sections.map(({ name, sizeBytes, relocations }) => [
          name,
          sizeBytes,
          [...relocations].map(({ offset, type, symbol }) => [offset, type, symbol]),
        ]),
        object.symbols.map(({ name, value }) => [name, value]),
      ]);
    const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
    const layout = described(before) === described(after);
    const changed = before.sections.filter((section, index) => {
      const other = after.sections[index];
      return other && section.type === 1 && !same(section.content, other.content);
    });
    if (layout && changed.length === 0) throw new NotBuilt("the bytes are the same");
    const section = changed[0];
    if (!layout || changed.length !== 1 || !section || !path.startsWith("asm/")) return null;
    const target = after.sections[section.index]!.content;
    const base = this.#linkedAt(before, section.index);
    if (base === null) return null;
    const linked = this.#linkedBytes(base, section.content.length);
    if (!linked) return null;
    const result = linked.slice();
    const fields = new Set([...section.relocations].flatMap(({ offset }) => [0, 1, 2, 3].map((byte) => offset + byte)));
    for (let at = 0; at < target.length; at++)
      if (target[at] !== section.content[at]) {
        if (fields.has(at)) return null;
        result[at] = target[at]!;
      } else if (!fields.has(at) && linked[at] !== section.content[at]) return null;
    let start = 0;
    while (result[start] === linked[start]) start++;
    let end = result.length;
    while (result[end - 1] === linked[end - 1]) end--;
    return [{ address: base + start, before: linked.slice(start, end), after: result.slice(start, end) }];
  }

  /** Where the linker put a section of an object: the symbols in it tell. */
  #linkedAt(object: ElfObject, index: number): number | null {
    const linked = new Map<string, number[]>();
    for (const { name, value } of this.#kernel.symbols) linked.set(name, [...(linked.get(name) ?? []), value]);
    const votes = new Map<number, number>();
    for (const symbol of object.symbols)
      if (symbol.section === index && symbol.name !== "")
        for (const value of linked.get(symbol.name) ?? [])
          votes.set(value - symbol.value, (votes.get(value - symbol.value) ?? 0) + 1);
    return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  }

  #linkedBytes(address: number, length: number): Uint8Array | null {
    const section = this.#kernel.sections.find(
      (found) =>
        found.type === 1 &&
        (found.flags & 2) !== 0 &&
        found.address <= address &&
        address + length <= found.address + found.content.length,
    );
    return section ? section.content.subarray(address - section.address, address - section.address + length) : null;
  }

  images(): Images {
    if (this.#fault === null) return this.#withoutFault;
    return (this.#faulty ??= this.#build());
  }

  /** An ISO of sources that a test has made from `tree`. */
  isoOf(tree: SourceTree): Uint8Array {
    const settings = { version: "0.1.0", revision: 1, checks: true, cache: this.#cache };
    const { files, diagnostics } = buildSystem(tree, settings);
    if (!files) throw new NotBuilt(diagnostics[0]?.message ?? "not built");
    const iso = files.find(({ name }) => name === "qure.iso")!.content;
    if (this.#reached) this.#mappers.set(iso, new LineMap(files.find(({ name }) => name === "kernel.elf")!.content));
    return iso;
  }

  /** The ISO of a name, made once for each fault. */
  isoNamed(name: string, tree: () => SourceTree): Uint8Array {
    let iso = this.#isos.get(name);
    if (!iso) this.#isos.set(name, (iso = this.isoOf(tree())));
    return iso;
  }

  boot({ nodes, ...options }: Omit<ClusterOptions, "firmware">): LabCluster {
    const small = nodes.map((node) => ({ ramBytes: RAM_BYTES, ...node }));
    const lab = keepWarm(new LabCluster({ ...options, nodes: small, firmware: this.images().firmware }));
    const cdrom = nodes[0]?.cdrom;
    const mapper = (cdrom instanceof Uint8Array ? this.#mappers.get(cdrom) : undefined) ?? this.#mapper;
    this.#booted = mapper;
    this.#watch(lab, mapper);
    return lab;
  }

  /**
   * Bytes that tests have prepared once for all: the system without a fault prepares them, and that is no part of a
   * test. A disk that boots has the system of the moment on it.
   */
  async prepared(name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
    return this.#withSystem(await this.#preparedWithoutFault(name, make));
  }

  /** A disk with the system that is on it without a fault -> one with the fault in it. */
  #withSystem(bytes: Uint8Array): Uint8Array {
    const known = this.#withoutFault.disk;
    const isDisk =
      bytes.length > known.length &&
      Buffer.compare(bytes.subarray(BOOT_SECTOR_BYTES, known.length), known.subarray(BOOT_SECTOR_BYTES)) === 0;
    if (!isDisk || this.#fault === null) return bytes;
    const { disk } = this.images();
    const changed = bytes.slice();
    changed.set(disk.subarray(0, PARTITION_TABLE_AT));
    changed.set(disk.subarray(BOOT_SECTOR_BYTES), BOOT_SECTOR_BYTES);
    return changed;
  }

  async #preparedWithoutFault(name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
    let bytes = this.#prepared.get(name);
    if (bytes) return bytes;
    const [fault, reached, bounds, spent] = [this.#fault, this.#reached, this.#bounds, this.#spent];
    this.#fault = null;
    this.#reached = null;
    this.#bounds = null;
    this.#spent = { instructions: 0, timeNs: 0 };
    try {
      bytes = await make();
    } finally {
      this.#fault = fault;
      this.#reached = reached;
      this.#bounds = bounds;
      this.#spent = spent;
    }
    this.#prepared.set(name, bytes);
    return bytes;
  }

  readonly #prepared = new Map<string, Uint8Array>();

  /** The cluster in a state that tests name; made once for all of them while the fault cannot have touched it. */
  async inState(name: string, make: () => Promise<LabCluster>): Promise<LabCluster> {
    const key = `${this.file} ${name}`;
    if (this.#fault === null) {
      let state = this.#states.get(key);
      if (!state) {
        const outer = { reached: this.#reached, spent: this.#spent };
        this.#reached = new Map();
        this.#spent = { instructions: 0, timeNs: 0 };
        const lab = await make();
        state = {
          snapshot: lab.save(),
          lines: this.#harvest(),
          instructions: this.#spent.instructions,
          mapper: this.#booted,
        };
        this.#reached = outer.reached;
        this.#spent = outer.spent;
        this.#states.set(key, state);
      }
      this.#statesUsed.add(key);
      return this.#restored(state.snapshot, state.mapper);
    }
    const state = this.#states.get(key);
    if (state && this.#patch && !this.bootsLater && !state.lines.has(this.#fault.place)) {
      const lab = this.#restored(state.snapshot);
      if (this.#patchMemory(lab)) return lab;
    }
    let snapshot = this.#faultyStates.get(key);
    if (!snapshot) {
      // What leads to the state is not part of the test, so it has its own bounds.
      const outer = this.#spent;
      this.#spent = { instructions: 0, timeNs: 0 };
      const lab = await make();
      this.#spent = outer;
      snapshot = lab.save();
      this.#faultyStates.set(key, snapshot);
    }
    return this.#restored(snapshot);
  }

  readonly #statesUsed = new Set<string>();
  /** Of the largest cluster that was watched. */
  #machines = 0;
  /** Of the kernel that was booted last. */
  #booted: LineMap;

  #restored(snapshot: Uint8Array, mapper = this.#mapper): LabCluster {
    const lab = keepWarm(restoreCluster(snapshot));
    this.#watch(lab, mapper);
    return lab;
  }

  /** False when a machine does not hold the kernel that the patch is for. */
  #patchMemory(lab: LabCluster): boolean {
    for (const { machine } of lab.nodes)
      for (const { address, before, after } of this.#patch!) {
        const { dma } = machine.memory;
        const there = new Uint8Array(before.length);
        const physicalAddress = address - KERNEL_SPACE;
        dma.read(physicalAddress, there);
        if (Buffer.compare(there, before) !== 0) return false;
        dma.write(physicalAddress, after);
      }
    return true;
  }

  /** Notes what the cluster's processors decode, and keeps it within the bounds. */
  #watch(lab: LabCluster, mapper: LineMap): void {
    const { cluster } = lab;
    this.#machines = Math.max(this.#machines, cluster.machines.length);
    if (this.#reached) {
      const reached = this.#reached;
      for (const machine of cluster.machines)
        machine.processor.setCodeProbe({
          wants: (address) => {
            let set = reached.get(mapper);
            if (!set) reached.set(mapper, (set = new Set()));
            set.add(address >>> 0);
            return false;
          },
          reached: () => false,
        });
    }
    const runUntil = cluster.runUntil.bind(cluster);
    let instructions = cluster.instructions;
    let timeNs = cluster.nowNs;
    const look = (): void => {
      this.#spent.instructions += cluster.instructions - instructions;
      this.#spent.timeNs += cluster.nowNs - timeNs;
      instructions = cluster.instructions;
      timeNs = cluster.nowNs;
      const bounds = this.#bounds;
      if (bounds && (this.#spent.instructions > bounds.instructions || this.#spent.timeNs > bounds.timeNs))
        throw new GuestTimeout();
    };
    cluster.runUntil = (endNs, lookout = null) => {
      runUntil(endNs, {
        everyNs: lookout?.everyNs ?? 1_000_000,
        look: () => {
          look();
          return lookout?.look() ?? false;
        },
      });
      look();
    };
  }

  #harvest(): Set<string> {
    const all = new Set<string>();
    for (const [mapper, addresses] of this.#reached ?? [])
      for (const place of mapper.placesOf(addresses)) all.add(place);
    return all;
  }

  /** Runs a test without a fault, and says what it reached itself, from which states, and what it took. */
  async observe(
    run: () => Promise<void>,
  ): Promise<{ lines: Set<string>; states: readonly string[]; boots: boolean; machines: number; took: Bounds }> {
    this.#reached = new Map();
    this.#machines = 0;
    this.#statesUsed.clear();
    this.#spent = { instructions: 0, timeNs: 0 };
    try {
      await run();
      const lines = this.#harvest();
      const boots = [...lines].some((place) => place.startsWith(`${ENTRY_FILE}:`));
      return { lines, states: [...this.#statesUsed], boots, machines: this.#machines, took: { ...this.#spent } };
    } finally {
      this.#reached = null;
    }
  }

  /** What it takes to come to a state, and whether that reaches a place. */
  stateAt(key: string, place: string): { reaches: boolean; instructions: number } {
    const state = this.#states.get(key);
    return { reaches: state?.lines.has(place) ?? false, instructions: state?.instructions ?? 0 };
  }

  /** Runs within bounds. */
  async within(bounds: Bounds, run: () => Promise<void>): Promise<void> {
    this.#bounds = bounds;
    this.#spent = { instructions: 0, timeNs: 0 };
    try {
      await run();
    } finally {
      this.#bounds = null;
    }
  }

  /** Whether machines reach a place while they come to any of the states. */
  isOnTheWay(place: string): boolean {
    return [...this.#states.values()].some(({ lines }) => lines.has(place));
  }

  /** The states of a test file, for another run over the same sources. */
  save(file: string): SavedState[] {
    return [...this.#states]
      .filter(([key]) => key.startsWith(`${file} `))
      .map(([key, { snapshot, lines, instructions }]) => ({ key, snapshot, lines: [...lines], instructions }));
  }

  restore(saved: readonly SavedState[]): void {
    for (const { key, snapshot, lines, instructions } of saved)
      this.#states.set(key, { snapshot, lines: new Set(lines), instructions, mapper: this.#mapper });
  }
}
