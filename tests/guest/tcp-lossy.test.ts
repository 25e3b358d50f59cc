/**
 * A file over a path that loses, delays and repeats, seed by seed: all of it arrives, what has arrived is not sent
 * again, and losses cost what they must and no more.
 */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { shared } from "../setup/shared.ts";
import { rowsOf } from "../setup/tier.ts";
import { withLongFile } from "./long-file.ts";
import { type TcpScene, tcpScene } from "./tcp-scene.ts";
import { type Segment, TcpPeer } from "./tcp-wire.ts";

const RTT_MS = 20;
const REQUEST_BYTES = 20;
const LONGEST_MS = 20_000;
const FIRST_PORT = 4000;
/** What tests/guest/long-file.ts writes. */
const BODY = `${"0123456789abcdef".repeat(16)}\n`.repeat(4 * 60);

/** What the path does to segments and acknowledgements, in thousandths of them. */
interface Path {
  readonly lost?: number;
  readonly acksLost?: number;
  readonly late?: number;
}

interface Outcome {
  readonly ms: number;
  /** Segments that came more often than the path has lost them. */
  readonly needless: number;
  readonly body: string;
}

/** A receiver by the book (RFC 9293, 2018, 2883, 7323), behind such a path. */
class LossyPeer extends TcpPeer {
  readonly #random: Random;
  readonly #path: Path;
  readonly #options: string;
  readonly #came: Segment[] = [];
  readonly #bytes: number[] = [];
  #first = 0;
  #next = 1;
  #end = 0;
  #islands: (readonly [from: number, to: number])[] = [];
  #stamp = 100;
  #recent = "0";
  #lost = 0;
  #arrived = 0;
  #distinct = new Set<number>();

  constructor(scene: TcpScene, port: number, options: string, path: Path, seed: number) {
    super(scene.lab, scene.plug, scene.node, port, 80);
    scene.peers.set(port, this);
    this.#random = new Random(seed, "lossy path");
    this.#path = path;
    this.#options = options;
  }

  override hear(segment: Segment): void {
    this.#came.push(segment);
    super.hear(segment);
  }

  #happens(thousandths = 0): boolean {
    return this.#random.below(1000) < thousandths;
  }

  /** Takes a segment; the acknowledgement that answers it. */
  #take({ sequence, data, flags, options }: Segment): string {
    const from = (sequence - this.#first) | 0;
    const stamp = /ts (\d+) /.exec(options)?.[1];
    if (stamp !== undefined && from <= this.#next) this.#recent = stamp;
    const to = from + data.length;
    for (const [at, byte] of data.entries()) this.#bytes[from - 1 + at] = byte;
    if (flags.includes("F")) this.#end = to;
    const twice =
      to <= this.#next || this.#islands.some(([start, end]) => start <= from && to <= end) ? [[from, to] as const] : [];
    if (twice.length === 0) {
      const touching = this.#islands.filter(([start, end]) => start <= to && from <= end);
      const island = [
        Math.min(from, ...touching.map(([start]) => start)),
        Math.max(to, ...touching.map(([, end]) => end)),
      ];
      this.#islands = [
        [island[0]!, island[1]!] as const,
        ...this.#islands.filter((other) => !touching.includes(other)),
      ];
      const front = this.#islands.find(([start]) => start <= this.#next);
      if (front) {
        this.#next = Math.max(this.#next, front[1]);
        this.#islands = this.#islands.filter((other) => other !== front);
      }
    }
    const isDone = this.#end > 0 && this.#next === this.#end;
    const blocks = [...twice, ...this.#islands].slice(0, 3).map((range) => range.join(":"));
    const sack = this.#options.includes("sackOK") && blocks.length > 0 ? ` sack ${blocks.join(" ")}` : "";
    const ts = this.#options.includes("ts") ? ` ts ${this.#stamp++}:${this.#recent}` : "";
    return `. ${REQUEST_BYTES + 1}:${REQUEST_BYTES + 1} ack ${this.#next + (isDone ? 1 : 0)}${ts}${sack}`;
  }

  async fetch(scene: TcpScene): Promise<Outcome> {
    const { lab } = scene;
    const hasStamps = this.#options.includes("ts");
    const options = this.#options.replace("ts", "ts 1:0");
    this.send(`S 0:0 win 65535 mss 1000 ${options}`.trim());
    await lab.advance(`${RTT_MS}ms`);
    expect(await this.expect("S. 0:0 ack 1 ts *:")).toMatch(/^S\. 0:0 ack 1/);
    this.#first = this.#came[0]!.sequence;
    this.#came.length = 0;
    this.send(`. 1:1 ack 1${hasStamps ? " ts 2:last" : ""}`);
    this.send(`P. 1:${REQUEST_BYTES + 1} ack 1${hasStamps ? " ts 3:last" : ""} data GET /long HTTP/1.0\\n\\n`);
    const began = lab.nowNs;
    const due: { readonly atMs: number; readonly row: string }[] = [];
    const late: { readonly atMs: number; readonly segment: Segment }[] = [];
    let ms = 0;
    for (; ms < LONGEST_MS && !(this.#end > 0 && this.#next === this.#end && due.length === 0); ms++) {
      await lab.advance("1ms");
      const now = (lab.nowNs - began) / 1e6;
      const arriving = late.filter(({ atMs }) => atMs <= now).map(({ segment }) => segment);
      for (const one of arriving)
        late.splice(
          late.findIndex(({ segment }) => segment === one),
          1,
        );
      for (const segment of this.#came.splice(0)) {
        // The peer looks at each one's timestamp, too.
        await this.expect("x ts *:");
        if (segment.data.length === 0 && !segment.flags.includes("F")) continue;
        this.#distinct.add(segment.sequence);
        this.#arrived++;
        if (this.#happens(this.#path.lost)) this.#lost++;
        else if (this.#happens(this.#path.late)) late.push({ atMs: now + 8, segment });
        else arriving.push(segment);
      }
      for (const segment of arriving) {
        const row = this.#take(segment);
        if (!this.#happens(this.#path.acksLost)) due.push({ atMs: now + RTT_MS, row });
      }
      while (due[0] && due[0].atMs <= now) this.send(due.shift()!.row);
    }
    const text = Buffer.from(Uint8Array.from(this.#bytes)).toString("latin1");
    this.send(`R ${REQUEST_BYTES + 1}:${REQUEST_BYTES + 1}${hasStamps ? ` ts ${this.#stamp}:last` : ""}`);
    scene.peers.clear();
    const needless = this.#arrived - this.#distinct.size - this.#lost;
    return { ms, needless, body: text.slice(text.indexOf("\r\n\r\n") + 4) };
  }
}

const scene = shared(async () => tcpScene(await withLongFile()));

/** What such a path may cost: milliseconds, and segments that come though they were there, for three seeds each. */
const PATHS: readonly (readonly [what: string, path: Path, most: Readonly<Record<string, string>>])[] = [
  [
    "loses nothing",
    {},
    { none: "63/0 63/0 63/0", sackOK: "63/0 63/0 63/0", "sackOK ts": "63/0 63/0 63/0", ts: "63/0 63/0 63/0" },
  ],
  [
    "loses 3 %",
    { lost: 30 },
    { none: "63/0 63/0 307/1", sackOK: "63/0 63/0 105/0", "sackOK ts": "63/0 63/0 105/0", ts: "63/0 63/0 314/1" },
  ],
  [
    "loses 10 %",
    { lost: 100 },
    { none: "84/0 387/0 147/0", sackOK: "84/0 189/0 105/0", "sackOK ts": "84/0 189/0 85/0", ts: "84/0 397/0 147/0" },
  ],
  [
    "loses every fifth acknowledgement",
    { acksLost: 200 },
    { none: "63/0 63/0 63/0", sackOK: "63/0 63/0 63/0", "sackOK ts": "63/0 63/0 63/0", ts: "63/0 63/0 63/0" },
  ],
  [
    "delays 5 % by 8 ms",
    { late: 50 },
    { none: "197/15 84/16 84/6", sackOK: "113/3 84/1 84/3", "sackOK ts": "105/3 84/1 84/3", ts: "92/2 84/1 84/1" },
  ],
  [
    "does all that",
    { lost: 50, acksLost: 50, late: 50 },
    { none: "487/15 84/1 147/1", sackOK: "126/2 85/1 105/6", "sackOK ts": "105/3 92/1 105/5", ts: "322/2 342/1 653/2" },
  ],
];

/** So much more it may take, as a case begins between two ticks of the node's clock. */
const TICK_MS = 10;

test.each(rowsOf(["sackOK", "none", "sackOK ts", "ts"], 1))(
  "a file comes whole, soon and once over bad paths, with %s",
  async (options) => {
    const bad: string[] = [];
    for (const [number, [what, path, most]] of PATHS.entries())
      for (const [seed, row] of most[options]!.split(" ").entries()) {
        const port = FIRST_PORT + options.length * 100 + number * 10 + seed;
        const said = options === "none" ? "" : options;
        const peer = new LossyPeer(await scene(), port, said, path, seed + 1);
        const { ms, needless, body } = await peer.fetch(await scene());
        const [mostMs, mostNeedless] = row.split("/").map(Number);
        if (ms > mostMs! + TICK_MS || needless > mostNeedless!)
          bad.push(`${what}, seed ${seed + 1}: ${ms} ms, ${needless} needless; expected ${row}`);
        if (body !== BODY) bad.push(`${what}, seed ${seed + 1}: another file, of ${body.length} bytes`);
      }
    expect(bad).toEqual([]);
  },
);
