/**
 * One seed with a fork and without: what the source sends, prints and writes is the same, but for what is listed here,
 * and comes later by no more than is said here (docs/protocols/fork.md).
 */
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { get16, get32, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../../emulator/ether/packet.ts";
import { SparseDisk } from "../../src/index.ts";
import { DevicePart, mount } from "../../src/disk/oofs/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { hex } from "../system/clone-scene.ts";
import { boot, images, inState } from "../system/images.ts";
import { ForkScene, joined, NODES } from "./scene.ts";

const MS = 1e6;
const ETHERTYPE_IP = 0x0800;
const IP_AT = 14;
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

interface Observed {
  readonly streams: Map<string, Stream>;
  readonly replies: (readonly [what: string, atNs: number])[];
  readonly others: Set<string>;
  readonly resets: number;
  readonly again: number;
  readonly lines: string[];
  readonly files: Map<string, string>;
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

/** What the source does from the same moment on, with a fork or without. */
async function observed(isForked: boolean): Promise<Observed> {
  const content = await preparedDisk();
  const lab = await inState("three members with disks and one given up", async () => {
    const nodes = NODES(images().iso).map(({ cdrom: _, ...node }) => ({
      ...node,
      disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
    }));
    const made = new ForkScene(await joined(boot({ nodes })));
    await made.accept();
    return made.lab;
  });
  const scene = new ForkScene(lab);
  const { source, other } = scene;
  const target = hex(lab.cluster.macAddresses[1]!);
  const streams = new Map<string, Stream>();
  const replies: [string, number][] = [];
  const others = new Set<string>();
  let [resets, again] = [0, 0];
  const sees = (frame: Uint8Array, atNs: number): void => {
    if (hex(frame.subarray(0, 6)) === target) return;
    if (get16(frame, 12) !== ETHERTYPE_IP) return void others.add(`ethertype ${get16(frame, 12)}`);
    const payload = IP_AT + 20;
    const end = IP_AT + get16(frame, IP_AT + 2);
    const protocol = frame[IP_AT + 9]!;
    if (protocol === PROTOCOL_ICMP) return void replies.push([hex(frame.subarray(payload, end)), atNs]);
    if (protocol === PROTOCOL_UDP) {
      const port = get16(frame, payload + 2);
      return void (LISTED.ports.includes(port) || others.add(`UDP ${port}`));
    }
    if (protocol !== PROTOCOL_TCP) return void others.add(`protocol ${protocol}`);
    if ((frame[payload + 13]! & RESET) !== 0) resets++;
    const name = hex(frame.subarray(payload, payload + 4));
    const stream = streams.get(name) ?? { bytes: new Map<number, number>(), lastNs: 0 };
    streams.set(name, stream);
    const start = payload + (frame[payload + 12]! >> 4) * 4;
    const sequence = get32(frame, payload + 4);
    for (let at = start; at < end; at++) {
      const place = (sequence + at - start) >>> 0;
      if (stream.bytes.has(place)) again++;
      stream.bytes.set(place, frame[at]!);
    }
    if (end > start) stream.lastNs = atNs;
  };
  lab.cluster.network.onFrame = (link, end, sentNs, _arrivalNs, frame) => {
    if (end === 0 && link.name === source.name) sees(frame, sentNs);
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
  const files = filesOf(source.readDisk(0, DISK_BYTES));
  return { streams, replies, others, resets, again, lines, files };
}

thoroughly("with a fork the source does what it does without, but for a listed set and a bounded shift", async () => {
  const without = await observed(false);
  const forked = await observed(true);
  const own = ({ lines }: Observed): string[] => lines.filter((line) => !LISTED.lines.some((listed) => listed.test(line)));
  const kept = ({ files }: Observed): unknown => [...files].filter(([name]) => !LISTED.objects.includes(name));
  const said = ({ replies }: Observed): string[] => replies.map(([what]) => what);
  expect(own(forked)).toEqual(own(without));
  expect(kept(forked)).toEqual(kept(without));
  expect(forked.others).toEqual(without.others);
  expect([forked.resets, forked.again]).toEqual([0, 0]);
  expect(said(without)).toHaveLength(PINGS);
  expect(said(forked)).toEqual(said(without));
  for (const [index, [, atNs]] of forked.replies.entries())
    expect(Math.abs(atNs - without.replies[index]![1])).toBeLessThan(REPLY_LATER_NS);
  const [[name, stream]] = [...without.streams] as [[string, Stream]];
  expect(stream.bytes.size).toBe(STREAM_BYTES);
  expect([...forked.streams.keys()]).toEqual([name]);
  const same = forked.streams.get(name)!;
  expect(sorted(same.bytes)).toEqual(sorted(stream.bytes));
  expect(same.lastNs - stream.lastNs).toBeLessThan(STREAM_LATER_NS);
});
