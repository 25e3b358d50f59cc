/** Nodes with disks and a key, and a host that pushes modules into them as the observer of their cluster. */

import { buildModule } from "../../src/build/build.ts";
import { modulesOf } from "../../src/build/modules.ts";
import { sha256 } from "../../src/bytes/sha256.ts";
import type { PushOutcome } from "../../src/cloud/pushes.ts";
import { formatDiagnostic, type LabNode, type SourceTree } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { nodeId } from "../../src/wire/cluster.ts";
import { packetHex } from "../../src/wire/hex.ts";
import { keyOfLine, Watched } from "../cloud/watched.ts";
import { membersWithKey, type Parts, reboot } from "../system/cluster-parts.ts";
import { diskWith } from "../system/disk-with.ts";
import { boot, CLOUD, images, PROMPT, sources } from "../system/images.ts";
import { output } from "../system/output.ts";

/** The sources with some text in the place of other text. */
export function treeWithChange(path: string, from: string, to: string): SourceTree {
  const tree = sources();
  const text = Buffer.from(tree.read(path)!).toString();
  if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
  const changed = Buffer.from(text.replaceAll(from, to));
  return { list: (folder) => tree.list(folder), read: (one) => (one === path ? changed : tree.read(one)) };
}

/** A module in which some text of a source is another. */
export function moduleWith(name: string, path: string, from: string, to: string): Uint8Array {
  const tree = treeWithChange(path, from, to);
  const module = modulesOf(tree.list("asm")).get(name)!;
  const { files, diagnostics } = buildModule(tree, { version: "0.1.0", revision: 1 }, module);
  if (files) return files[0]!.content;
  throw new Error(diagnostics.map((one) => formatDiagnostic(one, { colour: false })).join("\n"));
}

const httpWith = (from: string, to: string): Uint8Array => moduleWith("http", "asm/services/http-server.s", from, to);

/** One whose page begins with another word than `name`. */
export const httpNamed = (word: string): Uint8Array => httpWith('"name %s\\naddress', `"${word} %s\\naddress`);

/** One whose main task does this first. */
export const httpThat = (statements: string): Uint8Array =>
  httpWith("http_task:\n", `http_task:\n    ${statements.replaceAll("; ", "\n    ")}\n`);

export class Scene extends Watched {
  readonly parts: Parts;
  /** Is called each 10 ms while it is waited for a push. */
  onStep: () => void = () => {};

  constructor(parts: Parts, line = keyOfSeed(1)) {
    super(parts.lab, "switch", keyOfLine(line));
    this.parts = parts;
  }

  static async of(count = 3, disks = true): Promise<Scene> {
    const scene = new Scene(await membersWithKey(count, disks));
    await scene.advance(2000);
    return scene;
  }

  /** One node, whose disk remembers all that is written. */
  static async ofOne({ iso = images().iso, disk = diskWith(new Map()), line = keyOfSeed(1) } = {}): Promise<Scene> {
    const lab = boot({ nodes: [{ cdrom: iso, disk, key: line, bootOrder: "d" }] });
    const node = lab.nodes[0]!;
    await node.waitFor(CLOUD, { within: "30s" });
    await node.waitFor(PROMPT);
    const scene = new Scene({ lab, nodes: [node] });
    await scene.advance(4000);
    return scene;
  }

  get nodes(): readonly LabNode[] {
    return this.parts.nodes;
  }

  idOf(node: LabNode): string {
    return nodeId(this.lab.cluster.macAddresses[node.index]!);
  }

  /** Asks nodes, and waits for what becomes of it at each. */
  async ask(
    nodes: readonly LabNode[],
    begin: (id: string, done: (outcome: PushOutcome) => void) => void,
    withinMs = 12_000,
  ): Promise<PushOutcome[]> {
    const found = nodes.map((): PushOutcome | null => null);
    nodes.forEach((node, index) =>
      begin(this.idOf(node), (outcome) => {
        found[index] = outcome;
      }),
    );
    for (let passed = 0; found.includes(null) && passed < withinMs; passed += 10) {
      await this.advance(10);
      this.onStep();
    }
    return found.map((outcome) => outcome ?? { result: "no answer", why: "the test has ended" });
  }

  push(nodes: readonly LabNode[], content: Uint8Array, { name = "http", keeps = false } = {}): Promise<PushOutcome[]> {
    return this.ask(nodes, (id, done) => this.observer.pushes.push(id, name, content, keeps, done));
  }

  undo(nodes: readonly LabNode[], name = "http"): Promise<PushOutcome[]> {
    return this.ask(nodes, (id, done) => this.observer.pushes.undo(id, name, done));
  }

  look(nodes: readonly LabNode[]): Promise<PushOutcome[]> {
    return this.ask(nodes, (id, done) => this.observer.pushes.look(id, done));
  }

  /** The word with which a node's web server begins its page: `name` is the image's own. */
  async word(node: LabNode): Promise<string> {
    const page = await output(node, "wget http://127.0.0.1/status");
    return /^(\S+) \S+\naddress/m.exec(page)?.[1] ?? page;
  }

  /** What a node says is pushed there: names and digests. */
  async pushed(node: LabNode): Promise<string> {
    const [outcome] = await this.look([node]);
    if (outcome?.result !== "done") return JSON.stringify(outcome);
    return outcome.modules.map(({ name, digest }) => `${name} ${digest}`).join(", ");
  }

  async reboot(...nodes: readonly LabNode[]): Promise<void> {
    await reboot(this.parts, ...nodes);
    for (const node of nodes) await node.waitFor(PROMPT);
    await this.advance(4000);
  }
}

/** The first eight digits of a module's SHA-256, as nodes name it. */
export const digestOf = (content: Uint8Array): string => packetHex(sha256(content), 0, 4);
