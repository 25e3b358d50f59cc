/**
 * One seed with a fork and without: what the source sends, prints and writes is the same, but for what is listed here,
 * and comes later by no more than is said here (docs/protocols/fork.md).
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  ETHERTYPE_IPV4,
  get16,
  get32,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from "../../emulator/ether/packet.ts";
import { DevicePart, mount } from "../../src/disk/oofs/index.ts";
import { SparseDisk } from "../../src/index.ts";
import { DISK_BYTES } from "../emulator/cluster/prepared-disk.ts";
import { hex } from "../system/clone-scene.ts";
import { ForkScene } from "./scene.ts";
import { withDisks } from "./with-disks.ts";

const MS = 1e6;
const IP_AT = 14;
const IP_BYTES = 20;
const PARTITION_AT = 446 + 8;
const SECTOR_BYTES = 512;
const RESET = 0x04;
/** From the fork on. */
const WATCHED = "4s";
const PINGS = 4;
/** Of `seq 60000`. */
const STREAM_BYTES = 348_894;
/** The pause, a task that seals meanwhile, and a look of the network's task. */
const REPLY_LATER_NS = 12 * MS;
/** What keeps the processor or the cable busy takes as much longer as the transfer of so little memory lasts. */
const STREAM_LATER_NS = 900 * MS;

/** Said to the target and of it, or of the cluster, which has lost a member and won one. */
const LISTED = {
  /** Ports of UDP: the cluster's. */
  ports: [20818],
  lines: [/^cloud: /, /^m2 is the twin: /, /^m1:\S*> (?:cloud fork m2|sync)?$/],
  objects: ["cluster_history"],
};

interface Stream {
  readonly bytes: Map<number, number>;
  lastNs: number;
}

/** Files and objects of a volume by name, with digests of what is in them. */
function filesOf(disk: Uint8Array): Map<string, string> {
  const view = new DataView(disk.buffer, disk.byteOffset);
  const [start, sectors] = [view.getUint32(PARTITION_AT, true), view.getUint32(PARTITION_AT + 4, true)];
  const whole = new SparseDisk(disk.length, { content: disk });
  const volume = mount(new DevicePart(whole, start * SECTOR_BYTES, sectors * SECTOR_BYTES), { readOnly: true });
  const found = new Map<string, string>();
  for (const { name, kind } of volume.list("/")) {
    if (kind === "directory") continue;
    const bytes = kind === "object" ? volume.loadObject(name).bytes : volume.read(`/${name}`);
    found.set(name, createHash("sha256").update(bytes).digest("hex"));
  }
  return found;
}

/** What was sent, by its place. */
const sorted = (bytes: ReadonlyMap<number, number>): string =>
  createHash("sha256")
    .update([...bytes].sort(([a], [b]) => a - b).join(" "))
    .digest("hex");

/** What the source sends, but for what it sends to the target. */
class Said {
  readonly streams = new Map<string, Stream>();
  readonly replies: [what: string, atNs: number][] = [];
  /** What nobody has listed. */
  readonly others = new Set<string>();
  /** Bytes of streams that went out once more. */
  again = 0;
  resets = 0;

  add(frame: Uint8Array, atNs: number): void {
    if (get16(frame, 12) !== ETHERTYPE_IPV4) return void this.others.add(`ethertype ${get16(frame, 12)}`);
    const packet = frame.subarray(IP_AT, IP_AT + get16(frame, IP_AT + 2));
    const payload = packet.subarray(IP_BYTES);
    const protocol = packet[9]!;
    if (protocol === PROTOCOL_ICMP) this.replies.push([hex(payload), atNs]);
    else if (protocol === PROTOCOL_TCP) this.#addSegment(payload, atNs);
    else if (protocol !== PROTOCOL_UDP || !LISTED.ports.includes(get16(payload, 2)))
      this.others.add(`protocol ${protocol}, port ${get16(payload, 2)}`);
  }

  #addSegment(segment: Uint8Array, atNs: number): void {
    if ((segment[13]! & RESET) !== 0) this.resets++;
    const name = hex(segment.subarray(0, 4));
    const stream = this.streams.get(name) ?? { bytes: new Map<number, number>(), lastNs: 0 };
    this.streams.set(name, stream);
    const sequence = get32(segment, 4);
    for (const [at, byte] of segment.subarray((segment[12]! >> 4) * 4).entries()) {
      const place = (sequence + at) >>> 0;
      if (stream.bytes.has(place)) this.again++;
      stream.bytes.set(place, byte);
      stream.lastNs = atNs;
    }
  }
}

interface Observed {
  readonly said: Said;
  readonly lines: string[];
  readonly files: Map<string, string>;
}

/** What the source does from the same moment on, with a fork or without. */
async function observed(isForked: boolean): Promise<Observed> {
  const scene = new ForkScene(await withDisks());
  const { lab, source, other } = scene;
  await scene.accept();
  const target = hex(lab.cluster.macAddresses[1]!);
  const said = new Said();
  lab.cluster.network.onFrame = (link, end, sentNs, _arrivalNs, frame) => {
    if (end === 0 && link.name === source.name && hex(frame.subarray(0, 6)) !== target) said.add(frame, sentNs);
  };
  const from = source.console.text.length;
  other.type(`nc -l 5000 | wc &\nping -c ${PINGS} ${scene.addressOf(source)} &\n`);
  await lab.advance("200ms");
  source.type(`seq 60000 | nc ${scene.addressOf(other)} 5000 &\nseq 20000 > /net/numbers &\n`);
  await lab.advance("100ms");
  if (isForked) await scene.fork();
  await lab.advance(WATCHED);
  source.type("sync\n");
  await lab.advance("500ms");
  expect(scene.isTwin).toBe(isForked);
  const lines = source.console.text.slice(from).split("\n");
  return { said, lines, files: filesOf(source.readDisk(0, DISK_BYTES)) };
}

test("with a fork the source does what it does without, but for a listed set and a bounded shift", async () => {
  const without = await observed(false);
  const forked = await observed(true);
  // Programs that run at once may end in another order, as the stream takes longer.
  const isEnd = (line: string): boolean => /^\[\d+\] ended with status /.test(line);
  const own = ({ lines }: Observed): string[] => {
    const said = lines.filter((line) => !LISTED.lines.some((listed) => listed.test(line)));
    return [...said.filter((line) => !isEnd(line)), ...said.filter(isEnd).sort()];
  };
  const kept = ({ files }: Observed): unknown => [...files].filter(([name]) => !LISTED.objects.includes(name));
  const replied = ({ said }: Observed): string[] => said.replies.map(([what]) => what);
  expect(own(forked)).toEqual(own(without));
  expect(kept(forked)).toEqual(kept(without));
  expect(forked.said.others).toEqual(without.said.others);
  expect([forked.said.resets, forked.said.again]).toEqual([0, 0]);
  expect(replied(without)).toHaveLength(PINGS);
  expect(replied(forked)).toEqual(replied(without));
  for (const [index, [, atNs]] of forked.said.replies.entries())
    expect(Math.abs(atNs - without.said.replies[index]![1])).toBeLessThan(REPLY_LATER_NS);
  const [[name, stream]] = [...without.said.streams] as [[string, Stream]];
  expect(stream.bytes.size).toBe(STREAM_BYTES);
  expect([...forked.said.streams.keys()]).toEqual([name]);
  const same = forked.said.streams.get(name)!;
  expect(sorted(same.bytes)).toEqual(sorted(stream.bytes));
  expect(same.lastNs - stream.lastNs).toBeLessThan(STREAM_LATER_NS);
});
