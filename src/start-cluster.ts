/** Powers clusters on as programs and tests want them: with the package's firmware, and of kernels that are files. */
import { SymbolTable } from "../emulator/debug/symbols.ts";
import { loadFirmware, loadStarter } from "./host/package.ts";
import { kernelIso } from "./image/kernel-start/start.ts";
import { isClusterKey, KEY_EXPECTED } from "./lab/cluster-key.ts";
import { DEFAULT_RAM_BYTES } from "./lab/cluster-options.ts";
import { type ClusterOptions, LabCluster, type NodeOptions } from "./lab/lab.ts";
import { ElfError, readElf } from "./object/elf-reader.ts";
import { programSymbols } from "./object/program-symbols.ts";
import { MACHINE, PLAN } from "./plan/schema.ts";

/** A file and its name, which Multiboot kernels are told; a kernel whose name ends in `.com` is a DOS program. */
export interface NamedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

export interface StartNode extends NodeOptions {
  /** Boots this kernel, as `qure emu --kernel` does: ELF (Multiboot 1 and 2), Linux bzImage, .com, or flat at 7C00h. */
  readonly kernel?: Uint8Array | NamedFile;
  /** The kernel's command line. */
  readonly append?: string;
  /** The initial RAM disk of Linux, or the modules of a Multiboot kernel: the name is what the kernel reads. */
  readonly initrd?: Uint8Array | readonly NamedFile[];
  /** A linked program (ELF) with the names of what runs, for failed waits; the kernel's own when absent. */
  readonly symbols?: Uint8Array;
}

export interface StartOptions extends Omit<ClusterOptions, "firmware" | "nodes"> {
  readonly nodes: readonly StartNode[];
  /** Another BIOS than QuRe's own. */
  readonly firmware?: Uint8Array;
}

/** All options by name: programs that no compiler looks at misspell them, too. */
const NODE_OPTIONS: Readonly<Record<keyof StartNode, true>> = {
  ...{ name: true, disk: true, cdrom: true, ramBytes: true, macAddress: true, off: true },
  ...{
    key: true,
    hostName: true,
    drives: true,
    virtioDisks: true,
    ahci: true,
    floppies: true,
    bootOrder: true,
    videoRom: true,
  },
  ...{ nic: true, nicRom: true, processor: true, processors: true, hpet: true, serialPorts: true },
  ...{ parallelPort: true, sound: true, kernel: true, append: true, initrd: true, symbols: true },
};
const START_OPTIONS: Readonly<Record<keyof StartOptions, true>> = {
  ...{
    nodes: true,
    firmware: true,
    host: true,
    seed: true,
    gateway: true,
    hostNames: true,
    world: true,
    linkLatency: true,
    startSeconds: true,
  },
  ...{ nsPerInstruction: true, capture: true, threads: true, jit: true, reboot: true, tripleFault: true },
  ...{ realtime: true, signal: true, log: true },
};

/** What nodes and clusters have as plans have it is checked by the plan's tables. */
const NODE_FIELDS = [
  ...(["ramBytes", "processor", "processors", "bootOrder", "nic"] as const),
  ...(["hpet", "serialPorts", "parallelPort", "off"] as const),
] satisfies readonly (keyof StartNode & keyof typeof MACHINE)[];
const CLUSTER_FIELDS = ["seed", "nsPerInstruction"] as const;

function checkNames(given: object, known: Readonly<Record<string, true>>, whose: string): void {
  const wrong = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (wrong === undefined) return;
  throw new RangeError(`${whose} has no option ${wrong}; there are ${Object.keys(known).sort().join(", ")}`);
}

function checkOptions(options: StartOptions | undefined): asserts options is StartOptions {
  if (typeof options !== "object" || options === null)
    throw new RangeError("startCluster takes an object with a list of machines: startCluster({ nodes: [{}, {}] })");
  checkNames(options, START_OPTIONS, "startCluster");
  if (!Array.isArray(options.nodes)) throw new RangeError("nodes is a list with an object for each machine: [{}, {}]");
  for (const name of CLUSTER_FIELDS) if (options[name] !== undefined) PLAN[name].read(options[name], name);
  options.nodes.forEach((node: StartNode, index) => {
    checkNames(node, NODE_OPTIONS, `node ${index + 1}`);
    for (const name of NODE_FIELDS)
      if (node[name] !== undefined) MACHINE[name].read(node[name], `node ${index + 1}: ${name}`);
    // A machine reads none out of another form, and its cluster would be open.
    if (node.key !== undefined && !isClusterKey(node.key))
      throw new RangeError(`node ${index + 1}: key: ${KEY_EXPECTED}`);
    for (const [name, value] of Object.entries({ disk: node.disk, cdrom: node.cdrom, kernel: node.kernel }))
      if (typeof value === "string")
        throw new RangeError(
          `node ${index + 1}: ${name} is what a file holds, not its name: await readFile("${value}")`,
        );
  });
}

const named = (file: Uint8Array | NamedFile, name: string): NamedFile =>
  file instanceof Uint8Array ? { name, content: file } : file;

/** What of a node decides its kernel's CD. */
const KERNEL_FIELDS = ["kernel", "append", "initrd", "ramBytes"] as const;

function kernelCd({ kernel, append = "", initrd = [], ramBytes = DEFAULT_RAM_BYTES }: StartNode): Uint8Array {
  const { name, content } = named(kernel!, "kernel");
  const modules = (initrd instanceof Uint8Array ? [named(initrd, "initrd")] : initrd).map((file) => ({
    text: file.name,
    content: file.content,
  }));
  return kernelIso({ name, bytes: content, append, modules, ramBytes }, loadStarter());
}

/** The nodes with a CD in the place of each kernel. Nodes with the same kernel share one. */
function plainNodes(nodes: readonly StartNode[]): NodeOptions[] {
  const made: { readonly node: StartNode; readonly cdrom: Uint8Array }[] = [];
  return nodes.map((node) => {
    const { kernel, append, initrd, symbols: _symbols, ...plain } = node;
    if (kernel === undefined) {
      if (append === undefined && initrd === undefined) return plain;
      throw new RangeError(`${append === undefined ? "initrd" : "append"} is for a kernel: give the node one too`);
    }
    if (plain.cdrom !== undefined) throw new RangeError("a kernel takes the place of the CD: leave cdrom out");
    let known = made.find((other) => KERNEL_FIELDS.every((field) => other.node[field] === node[field]));
    if (!known) made.push((known = { node, cdrom: kernelCd(node) }));
    // Whoever names a kernel means it, whatever is on the disks.
    return { bootOrder: "d", ...plain, cdrom: known.cdrom };
  });
}

/** Null where a file is no linked program, as flat kernels and Linux are none. */
function symbolsOf({ symbols, kernel }: StartNode): SymbolTable | null {
  const file = symbols ?? (kernel && named(kernel, "").content);
  if (file === undefined) return null;
  try {
    return new SymbolTable(programSymbols(readElf(file, "symbols")));
  } catch (error) {
    if (error instanceof ElfError && symbols === undefined) return null;
    throw error;
  }
}

/** Powers a cluster on, with the package's own firmware unless another is given. */
export function startCluster(given: StartOptions): LabCluster {
  checkOptions(given);
  const { nodes, firmware, ...options } = given;
  const lab = new LabCluster({ ...options, nodes: plainNodes(nodes), firmware: firmware ?? loadFirmware() });
  nodes.forEach((node, index) => void (lab.nodes[index]!.symbols = symbolsOf(node)));
  return lab;
}
