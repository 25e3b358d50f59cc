/** A cluster in a state of the fuzzer's, which goes back to it before each case. */
import { Checkpoint } from "../../emulator/debug/checkpoint.ts";
import type { LabCluster, LabNode, LabPlug } from "../../src/index.ts";
import { PROMPT, type ReachedState, restorePlugged } from "./fuzz-states.ts";

/** After so long whatever waits for a stranger has been given up. */
const REST = "10min";
/** How long the node may take for what it was sent, and to say that it is well. */
const WELL_WITHIN = "30s";

/** Blocks of the heap, by who asked for them. */
export type Callers = ReadonlyMap<string, number>;

export class FuzzScene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly plug: LabPlug;
  /** What `restedCallers` is when nothing was sent; null while nobody has asked. */
  rested: Callers | null = null;
  readonly #start: Checkpoint;
  readonly #said: ReturnType<LabNode["console"]["save"]>;
  #reached = new Set<number>();

  /** `isGuided`: says what was reached. Code that is probed is never compiled, so that costs several times as much. */
  constructor(state: ReachedState, isGuided = true) {
    const { lab, plug } = restorePlugged(state);
    this.lab = lab;
    this.node = lab.nodes[0]!;
    this.plug = plug;
    for (const { processor } of isGuided ? lab.cluster.machines : [])
      processor.setCodeProbe({
        wants: (address) => {
          this.#reached.add(address >>> 0);
          return false;
        },
        reached: () => false,
      });
    this.#start = Checkpoint.of(lab.cluster, null, true);
    this.#said = this.node.console.save();
  }

  /** Where in the console's text the state begins. */
  get saidBytes(): number {
    return this.#said.text.length;
  }

  /** Goes back. */
  begin(): void {
    this.#start.restore(this.lab.cluster);
    this.node.console.restore(this.#said);
    this.plug.forget();
  }

  /**
   * Addresses of guest code that was decoded since this was asked last: code stays decoded when the scene goes back.
   */
  reached(): ReadonlySet<number> {
    const reached = this.#reached;
    this.#reached = new Set();
    return reached;
  }

  /** What the node prints for a line, at its prompt. */
  async ask(line: string, pattern: RegExp): Promise<string> {
    const { console } = this.node;
    this.node.type(`${line}\n`);
    const before = console.text.length;
    await this.node.waitFor(pattern, { within: WELL_WITHIN });
    await this.node.waitFor(PROMPT, { within: WELL_WITHIN });
    return console.text.slice(before);
  }

  /** Who has blocks of the heap when everything has been given up that waits for a stranger. */
  async restedCallers(): Promise<Callers> {
    await this.lab.advance(REST);
    const said = await this.ask("mem callers", /blocks/);
    const rows = [...said.matchAll(/^ *(\d+) blocks +\d+ bytes +(.*)$/gm)];
    return new Map(rows.map(([, blocks, who]) => [who!, Number(blocks)]));
  }
}
