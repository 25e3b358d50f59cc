/** A node in a cluster with a key, and strangers who are members of it with numbers of their own. */
import { keyOfSeed } from "../../../src/lab/cluster-key.ts";
import { inSharedState, PROMPT } from "../../system/images.ts";
import { Counts } from "../net/packet-wire.ts";
import { joins, report, type Scene, SELF } from "./agreement-scene.ts";
import { ClusterWire, type Heard, type Said } from "./cluster-wire.ts";
import { Numbers } from "./key-scene.ts";

export const KEY_LINE = keyOfSeed(1);
export const [CLUSTER, OLD_KEY] = KEY_LINE.trim().split(" ") as [string, string];
const ERA = 1;

/** A node that has founded era 1 of a cluster with a key, and coordinates. */
export async function foundedWithKey(): Promise<Scene> {
  const lab = await inSharedState("founded with a key", async () => {
    const booted = await joins();
    const node = booted.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter(`cloud key set ${KEY_LINE.trim()}`, PROMPT);
    await node.waitFor(/^cloud: \S+ \S+ era 1 /m, { within: "10s" });
    await booted.advance("600ms");
    return booted;
  });
  const wire = new ClusterWire(lab, KEY_LINE);
  const s = { lab, node: lab.nodes[0]!, wire };
  await lab.until(() => wire.heard[0], "it says nothing");
  return s;
}

/** A member of the node's cluster. */
export class Member {
  readonly s: Scene;
  readonly id: string;
  readonly numbers: Numbers;
  readonly address: string;

  constructor(s: Scene, id: string, fill: number) {
    this.s = s;
    this.id = id;
    this.numbers = new Numbers(fill);
    this.address = `10.0.2.${Number.parseInt(id.slice(-2), 16)}`;
    s.wire.appear(id);
  }

  /** What it says when nothing else is wanted: that it lives. */
  get said(): Said {
    return { ...report(this.id, ERA, SELF), session: this.numbers.session };
  }

  live(): void {
    this.s.wire.say(this.said);
  }

  say(kind: number, rest: Uint8Array, more: Partial<Said> = {}): void {
    this.s.wire.say({ ...this.said, kind, rest, ...more });
  }

  /** What the node has said of a kind to this member alone. */
  told(kind: number, fromMs = 0): Heard[] {
    return this.s.wire.of(kind, fromMs).filter(({ to }) => to === this.address);
  }
}

/** The members live for so long, or until something has come about. */
export async function live(
  s: Scene,
  members: readonly Member[],
  ms: number,
  until: () => boolean = () => false,
): Promise<void> {
  for (let passed = 0; passed < ms && !until(); passed += 20) {
    if (passed % 200 === 0) for (const member of members) member.live();
    await s.lab.advance("20ms");
  }
}

export const FORGED = "cloud forged, or made with another key";
export const UNPROVEN = "cloud of a boot that is not known to be the present one";
export const REPLAYED = "cloud heard before";

/** By how much a count rises by what is done. */
export async function rise(s: Scene, count: string, act: () => void): Promise<number> {
  const counts = new Counts(s.node);
  const before = counts.read().get(count)!;
  act();
  await s.lab.advance("40ms");
  return counts.read().get(count)! - before;
}
