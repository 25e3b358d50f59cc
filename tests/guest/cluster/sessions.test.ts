/**
 * Which boots of others a node believes (docs/protocols/cluster.md, "Freshness"): what shows that a packet was made
 * since its sender was heard last, and which boots are over.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { boot, images, PROMPT } from "../../system/images.ts";
import { Counts } from "../net/packet-wire.ts";
import {
  addressOf,
  founded,
  HIGH,
  idBytes,
  LOW,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  view,
} from "./agreement-scene.ts";
import {
  BYE,
  ClusterWire,
  ENTRY_BYTES,
  HEADER_BYTES,
  HELLO,
  PROBE,
  REPORT,
  type Said,
  VIEW,
  VIEW_BYTES,
} from "./cluster-wire.ts";
import { KEY_LINE } from "./keyed-node.ts";

const NOBODY = "0".repeat(16);
const RETIRED = 256;

class Judge {
  readonly s: Scene;
  readonly #counts: Counts;
  constructor(s: Scene) {
    this.s = s;
    this.#counts = new Counts(s.node);
  }

  /** What the node makes of a packet. */
  async of(said: Said, ms = 3): Promise<"believed" | "unknown" | "old"> {
    const before = this.#counts.read();
    this.s.wire.say(said);
    await this.s.lab.advance(ms * 1e6);
    const after = this.#counts.read();
    const rise = (name: string): number => after.get(`cloud ${name}`)! - before.get(`cloud ${name}`)!;
    expect(rise("packets received")).toBe(1);
    if (rise("heard before") > 0) return "old";
    return rise("of a boot that is not known to be the present one") > 0 ? "unknown" : "believed";
  }
}

const probe = (session: string, more: Partial<Said> = {}): Said => ({
  ...report(HIGH, 1, SELF),
  kind: PROBE,
  session,
  ...more,
});
/** The number of the node's last packet, which may wait for its addressee to be found. */
const last = (s: Scene): number =>
  new DataView(s.node.readMemory(addressOf("trust_sequence"), 4).slice().buffer).getUint32(0, true);

/** It has heard HIGH, and has said more since. */
async function heard(): Promise<Judge> {
  const judge = new Judge(await founded());
  judge.s.wire.say(report(HIGH, 1, SELF));
  await judge.s.lab.advance("1ms");
  await judge.s.lab.advance("600ms");
  return judge;
}

const LATER = "7777777777777777";

describe("another boot of a node that was heard", () => {
  test("is believed by a number of the node's that is above all that it had come to then, and no other", async () => {
    const s = await founded();
    const judge = new Judge(s);
    const since = last(s);
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("900ms");
    expect(last(s)).toBeGreaterThan(since + 1);
    for (const number of [0, 1, since, 0xffffffff]) expect(await judge.of(probe(LATER, { number }))).toBe("unknown");
    expect(await judge.of(probe(LATER, { number: last(s) + 1 }))).toBe("unknown");
    expect(await judge.of(probe(LATER, { echo: LOW, number: since + 1 }))).toBe("unknown");
    expect(await judge.of(probe(LATER, { echo: NOBODY }))).toBe("unknown");
    expect(await judge.of(probe(LATER, { number: since + 1 }))).toBe("believed");
    expect(await judge.of(probe(LATER))).toBe("believed");
    // From then on the one before is over, and the first numbers of this one are old.
    expect(await judge.of(probe(HIGH))).toBe("old");
    expect(await judge.of(probe(LATER, { sequence: 1 }))).toBe("old");
  });

  thoroughly("is believed by the last number that the node has said", async () => {
    const judge = await heard();
    expect(await judge.of(probe(LATER, { number: last(judge.s) }))).toBe("believed");
  });

  thoroughly("of a node that was never heard is believed by any number that was said", async () => {
    const judge = new Judge(await founded());
    expect(await judge.of(probe(LATER, { number: 0 }))).toBe("unknown");
    expect(await judge.of(probe(LATER, { number: last(judge.s) + 1 }))).toBe("unknown");
    expect(await judge.of(probe(LATER, { number: 1 }))).toBe("believed");
  });

  test("of a member that a copy was told of alone is believed by what the copy has said after that", async () => {
    // A machine with a key of its own is told that it is a copy.
    const lab = boot({ nodes: [{ cdrom: images().iso, key: KEY_LINE }] });
    const s = { lab, node: lab.nodes[0]!, wire: new ClusterWire(lab, KEY_LINE) };
    const told = { ...view(LOW, 3), members: [HIGH] };
    await says(s, HELLO, "20s");
    const judge = new Judge(s);
    s.wire.say(told);
    await s.lab.advance("300ms");
    const [before, fromMs] = [s.wire.heard.at(-1)!.session, nowMs(s)];
    s.node.becomeCopy(7);
    const isAnew = (): boolean => s.wire.of(HELLO, fromMs).some(({ session }) => session !== before);
    await s.lab.until(isAnew, "it does not find out that it is a copy");
    s.wire.say(told);
    await s.lab.advance("5ms");
    expect(await judge.of(probe(LATER, { number: 1 }))).toBe("unknown");
    await s.lab.advance("900ms");
    expect(await judge.of(probe(LATER))).toBe("believed");
  });

  thoroughly("is told from those that are over by all of its session", async () => {
    const judge = await heard();
    expect(await judge.of(probe(LATER))).toBe("believed");
    for (const session of [`${HIGH.slice(0, 8)}00000001`, `00000001${HIGH.slice(8)}`]) {
      await judge.s.lab.advance("500ms");
      expect(await judge.of(probe(session))).toBe("believed");
    }
    for (const session of [HIGH, LATER, `${HIGH.slice(0, 8)}00000001`])
      expect(await judge.of(probe(session))).toBe("old");
  });
});

describeThoroughly("a boot of which a view tells the node's own number", () => {
  /** A view of HIGH in another boot that answers nobody, with entries of these ids, sessions and numbers. */
  function lists(
    session: string,
    ...entries: readonly (readonly [id: string, session: string, number: number])[]
  ): Said {
    const rest = new Uint8Array(VIEW_BYTES - HEADER_BYTES + entries.length * ENTRY_BYTES);
    rest[0] = 9;
    for (const [index, [id, whose, number]] of entries.entries()) {
      const at = VIEW_BYTES - HEADER_BYTES + index * ENTRY_BYTES;
      rest.set(idBytes(id), at);
      rest.set([1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 10, 0, 2, 15], at + 8);
      rest.set(idBytes(whose), at + 56);
      new DataView(rest.buffer).setUint32(at + 64, number, true);
    }
    // In another cluster of a worse name, so that nothing else follows from it.
    return { ...view(HIGH, 1, "f".repeat(16)), session, echo: NOBODY, rest };
  }

  thoroughly("is believed, in whichever entry that is", async () => {
    const judge = await heard();
    const own = judge.s.wire.heard.at(-1)!.session;
    const number = last(judge.s);
    expect(await judge.of(lists(LATER, [LOW, LOW, number]))).toBe("unknown");
    expect(await judge.of(lists(LATER, [LOW, LOW, number], [SELF, own, 1]))).toBe("unknown");
    expect(await judge.of(lists(LATER, [LOW, LOW, number], [SELF, own, last(judge.s) + 1]))).toBe("unknown");
    expect(await judge.of(lists(LATER, [SELF, `${own.slice(0, 8)}00000000`, number]))).toBe("unknown");
    expect(await judge.of(lists(LATER, [SELF, `00000000${own.slice(8)}`, number]))).toBe("unknown");
    expect(await judge.of(lists(LATER, [SELF, own, number]))).toBe("believed");
    await judge.s.lab.advance("900ms");
    const more = last(judge.s);
    expect(await judge.of(lists("7878787878787878", [LOW, LOW, more], [SELF, own, more]))).toBe("believed");
  });
});

describeThoroughly("boots that are over", () => {
  thoroughly("are remembered, the last 256", async () => {
    const judge = new Judge(await founded());
    const session = (index: number): string => `71${index.toString(16).padStart(14, "0")}`;
    /** The node says something, and then HIGH in its next boot. */
    const boots = async (index: number): Promise<void> => {
      const before = last(judge.s);
      judge.s.wire.say(probe(session(index)));
      await judge.s.lab.advance("3ms");
      if (last(judge.s) === before) throw new Error(`boot ${index} is not believed`);
    };
    for (let index = 0; index <= RETIRED; index++) await boots(index);
    expect(await judge.of(probe(session(0), { number: 1 }))).toBe("old");
    expect(await judge.of(probe(session(1), { number: 1 }))).toBe("old");
    expect(await judge.of(probe(session(RETIRED - 1), { number: 1 }))).toBe("old");
    await boots(RETIRED + 1);
    expect(await judge.of(probe(session(0), { number: 1 }))).toBe("unknown");
    expect(await judge.of(probe(session(1), { number: 1 }))).toBe("old");
    await boots(RETIRED + 2);
    expect(await judge.of(probe(session(1), { number: 1 }))).toBe("unknown");
    expect(await judge.of(probe(session(2), { number: 1 }))).toBe("old");
    expect(await judge.of(probe(session(RETIRED + 1), { number: 1 }))).toBe("old");
  });
});

thoroughly("a node that takes another key has another session, and counts from 1 again", async () => {
  const judge = await heard();
  const { s } = judge;
  const before = s.wire.heard.at(-1)!.session;
  await s.node.waitFor(PROMPT);
  const fromMs = nowMs(s);
  await s.node.enter("cloud key new home", PROMPT);
  await s.lab.advance("200ms");
  const bye = s.wire.of(BYE, fromMs);
  expect(bye.map(({ session }) => session)).toEqual([before]);
  const [first, second] = await s.lab.until(
    () => (s.wire.of(HELLO, fromMs).length > 1 ? s.wire.of(HELLO, fromMs) : null),
    "it does not join",
  );
  expect(first!.session).not.toBe(before);
  expect([first!.sequence, second!.sequence]).toEqual([1, 2]);
  expect(first!.flags & 4).toBe(0);
  // Values and history were the other cluster's.
  expect(first!.data.subarray(112, 116)).toEqual(new Uint8Array(4));
  expect(first!.data.subarray(120, 128)).toEqual(new Uint8Array(8));
  expect(s.wire.of(VIEW, fromMs).filter(({ session }) => session !== before && session !== first!.session)).toEqual([]);
});

thoroughly("who reports is asked for by no ARP", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("2ms");
  s.wire.say({ ...report(HIGH, 1, SELF), kind: PROBE });
  await s.lab.advance("5ms");
  expect(s.wire.of(REPORT).map(({ to }) => to)).toEqual(["10.0.2.99"]);
});

describeThoroughly("packets of a session that come late", () => {
  /** How far below the highest number one is still told from those that were heard. */
  const LATE = 31;

  /** Whether each of these numbers, said one after the other, is new. */
  async function news(s: Scene, sequences: readonly number[]): Promise<boolean[]> {
    const counts = new Counts(s.node);
    const old = (): number => counts.read().get("cloud heard before")!;
    const found: boolean[] = [];
    for (const sequence of sequences) {
      const before = old();
      s.wire.say({ ...report(HIGH, 1, SELF), kind: PROBE, sequence });
      await s.lab.advance("1ms");
      found.push(old() === before);
    }
    return found;
  }

  /** HIGH is believed, at number 1000. */
  async function scene(): Promise<Scene> {
    const s = await founded();
    s.wire.say({ ...report(HIGH, 1, SELF), sequence: 1000 });
    await s.lab.advance("5ms");
    return s;
  }

  test("are new once, up to 31 below the highest number, whatever comes between", async () => {
    const s = await scene();
    const top = 1100;
    const numbers = [top, top - LATE, top - LATE, top - LATE - 1, top - 1, top - 1, top, top - 16, top - 15, top - 16];
    expect(await news(s, numbers)).toEqual([true, true, false, false, true, false, false, true, true, false]);
    // One more: what was 31 below is too late, what was 30 below is not.
    expect(await news(s, [top + 1, top - LATE, top - LATE + 1, top - LATE + 1, top, top - 1])).toEqual([
      ...[true, false, true, false, false, false],
    ]);
  });

  thoroughly("are known as heard or not after the number went on by 31, and forgotten after 32", async () => {
    const s = await scene();
    expect(await news(s, [2000, 2000 + LATE, 2000, 2001, 2001])).toEqual([true, true, false, true, false]);
    expect(await news(s, [3000, 3000 + LATE + 1, 3000, 3001, 3001, 3000 + LATE + 1])).toEqual([
      ...[true, true, false, true, false, false],
    ]);
    expect(await news(s, [5000, 4999, 4999, 5000 - LATE, 5000 - LATE - 1])).toEqual([true, true, false, true, false]);
  });

  thoroughly("from before a session was believed are too late", async () => {
    const s = await scene();
    expect(await news(s, [999, 1000, 1001, 999, 1000 - LATE, 1002])).toEqual([false, false, true, false, false, true]);
  });
});
