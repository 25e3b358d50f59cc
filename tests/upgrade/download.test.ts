/**
 * How a kernel spreads: nodes serve what is in their slots, and load it from each other and from plain web servers
 * (docs/protocols/upgrade.md, "Propagation").
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord, slotRecordSector } from "../../src/image/slot-record.ts";
import { type LabCluster, type LabNode, openWay, SparseDisk } from "../../src/index.ts";
import { addressOf as addressOfSymbol } from "../guest/cluster/agreement-scene.ts";
import { digAt, rows } from "../guest/net/dig.ts";
import { type Asked, type Downloaded, downloads } from "../guest/net/downloads.ts";
import { PacketScene, PEER } from "../guest/net/packet-wire.ts";
import { requireOracle } from "../oracle.ts";
import { shared } from "../setup/shared.ts";
import { numberedSigner } from "../setup/signer.ts";
import { atLength, describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { boot, CLOUD, PROMPT } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import {
  cdOf,
  flip,
  type Other,
  ofRevision,
  REVISION,
  signedDisk,
  signedSystem,
  withWord,
} from "../system/signed-images.ts";
import { SECOND_LBA } from "./machine.ts";
import { NEW, planOf, revisionOf, rolling, slotsOf } from "./rolling-scene.ts";
import { page, type Said, ScriptedSource } from "./scripted-source.ts";

const SECTOR_BYTES = 512;
const DISK_BYTES = 16 << 20;
const NEXT = REVISION + 1;
const CHUNK_BYTES = 65_536;
const next = ofRevision(NEXT);
const INSTALLED = /^Kernel 1 is on trial at the next start/m;

interface Scene {
  readonly lab: LabCluster;
  readonly nodes: readonly LabNode[];
  readonly disks: readonly SparseDisk[];
}

/** Members with slots, and with CDs in their drives. */
async function members(...cds: readonly (Other | null)[]): Promise<Scene> {
  const disks = cds.map(() => new SparseDisk(DISK_BYTES, { content: signedDisk() }));
  const lab = boot({ nodes: cds.map((cd, index) => ({ disk: disks[index]!, ...(cd ? { cdrom: cdOf(cd) } : {}) })) });
  for (const node of lab.nodes)
    await node.waitFor(new RegExp(`^cloud: .* peers ${cds.length - 1}\\s*$`, "m"), { within: "60s" });
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  await lab.advance("5s");
  return { lab, nodes: lab.nodes, disks };
}

const addressOf = (node: LabNode): string => [...node.console.text.matchAll(new RegExp(CLOUD, "gm"))].at(-1)![2]!;
const urlOf = (node: LabNode): string => `http://${addressOf(node)}/kernel/${NEXT}`;

function bytesOf(disk: SparseDisk, sector: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  disk.read(sector * SECTOR_BYTES, bytes);
  return bytes;
}

const recordOn = (disk: SparseDisk): SlotRecord | null =>
  readSlotRecord(bytesOf(disk, SLOT_RECORD_LBA, SECTOR_BYTES), bytesOf(disk, SLOT_RECORD_LBA + 1, SECTOR_BYTES));

/** Has the next kernel and its signature in slot 1, byte for byte. */
function expectInstalled(disk: SparseDisk): void {
  const { kernel, signature } = signedSystem(next);
  expect(recordOn(disk)!.slots[1]).toMatchObject({ sectors: kernel.length / SECTOR_BYTES, revision: NEXT });
  expect(Buffer.compare(bytesOf(disk, SECOND_LBA, kernel.length), kernel)).toBe(0);
  const signatureAt = Math.ceil((SECOND_LBA + kernel.length / SECTOR_BYTES) / 4) * 4;
  expect(Buffer.compare(bytesOf(disk, signatureAt, signature!.length), signature!)).toBe(0);
}

/** One byte of a slot's kernel is another one. */
function spoil(disk: SparseDisk, byte: number): void {
  const sector = SECOND_LBA + Math.floor(byte / SECTOR_BYTES);
  const bytes = bytesOf(disk, sector, SECTOR_BYTES);
  bytes[byte % SECTOR_BYTES]! ^= 1;
  disk.write(sector * SECTOR_BYTES, bytes);
}

const servedBy = async (node: LabNode): Promise<number> =>
  Number(/^kernels served (\d+)$/m.exec(await outputAmong(node, "wget http://127.0.0.1/status"))![1]);

thoroughly("a kernel goes from a CD to one node, and from node to node", async () => {
  const { nodes, disks } = await members(next, null, null);
  const [first, second, third] = nodes as [LabNode, LabNode, LabNode];
  expect(await outputAmong(first, "kernel install hdc")).toMatch(INSTALLED);
  expect(await outputAmong(second, `kernel install ${urlOf(first)}`)).toMatch(INSTALLED);
  expect(await outputAmong(third, `kernel install ${NEXT}`)).toMatch(INSTALLED);
  for (const disk of disks) expectInstalled(disk);
  const served = [await servedBy(first), await servedBy(second)];
  expect(served[0]! + served[1]!).toBe(2);
  expect(served[0]).toBeGreaterThan(0);
});

thoroughly(
  "cloud upgrade URL: this machine loads it, and the cluster goes to it; a URL that fails begins nothing",
  async () => {
    const { lab, nodes, disks } = await members(next, null, null);
    const [first, second, third] = nodes as [LabNode, LabNode, LabNode];
    expect(await outputAmong(first, "kernel install hdc")).toMatch(INSTALLED);
    const bad = await outputAmong(second, "cloud upgrade http://10.0.2.77/kernel/7; cloud upgrade");
    expect(bad).toMatch(/^kernel: 10\.0\.2\.77: timed out\nNo upgrade has been planned/m);
    expect(await outputAmong(second, `cloud upgrade ${urlOf(first)}`)).toMatch(INSTALLED);
    expectInstalled(disks[1]!);
    await lab.advance("60s");
    // Without a volume nothing proves that its disk takes a write, so this trial goes on.
    expect(await outputAmong(third, "cloud upgrade")).toMatch(
      new RegExp(
        `^upgrade to revision ${NEXT}: run, 3 to go, turn 1 of qure-2, trial\n(?:.*\n)*qure-2 +${NEXT} trial`,
        "m",
      ),
    );
  },
);

/** The other members, as one of them asks those that are equal in all else: downwards from the id before its own. */
function asked({ lab, nodes, disks }: Scene, by: LabNode): { readonly node: LabNode; readonly disk: SparseDisk }[] {
  const hex = (node: LabNode): string => Buffer.from(lab.cluster.macAddresses[node.index]!).toString("hex");
  const isBelow = (node: LabNode): number => Number(hex(node) < hex(by));
  return nodes
    .map((node, index) => ({ node, disk: disks[index]! }))
    .filter(({ node }) => node !== by)
    .sort((one, other) => isBelow(other.node) - isBelow(one.node) || (hex(one.node) < hex(other.node) ? 1 : -1));
}

thoroughly("a member whose disk is damaged is named, and another one goes on where it was", async () => {
  const scene = await members(next, next, null);
  const [liar, other] = asked(scene, scene.nodes[2]!);
  for (const { node } of [liar!, other!]) expect(await outputAmong(node, "kernel install hdc")).toMatch(INSTALLED);
  spoil(liar!.disk, 5 * CHUNK_BYTES + 77);
  const said = await outputAmong(scene.nodes[2]!, `kernel install ${NEXT}`);
  expect(said).toContain(
    `kernel: ${addressOf(liar!.node)}: sent what was not signed, in the 64 KiB from byte ${5 * CHUNK_BYTES}\n`,
  );
  expect(said).toMatch(INSTALLED);
  expectInstalled(scene.disks[2]!);
  expect(await servedBy(other!.node), "the rest is no whole kernel").toBe(0);
});

/** From now on it gives the kernel after the one that it is asked for: `jc` after `call parse_number` is `inc eax`. */
function lieByOne({ machine }: LabNode): void {
  const path = addressOfSymbol("kernel_path");
  const code = Buffer.from(machine.readMemory(path, 64));
  const call = code.indexOf(0xe8, code.indexOf(0x77)); // after `ja`
  expect(machine.readMemory(path + call + 5, 1)[0]).toBe(0x72);
  machine.writeMemory(path + call + 5, Uint8Array.of(0x40, 0x90));
}

thoroughly("a member that gives a rightly signed kernel of another revision is not believed", async () => {
  const { nodes, disks } = await members(ofRevision(NEXT + 1), null);
  const [liar, node] = nodes as [LabNode, LabNode];
  expect(await outputAmong(liar, "kernel install hdc")).toMatch(INSTALLED);
  lieByOne(liar);
  expect(await outputAmong(node, `kernel install ${NEXT}; echo $?`)).toMatch(
    new RegExp(`^kernel: ${addressOf(liar)}: has the signature of another revision\n1\n`, "m"),
  );
  expect(recordOn(disks[1]!)).toBeNull();
});

thoroughly("a member that dies at any moment of a download gives way to another", async () => {
  for (const afterMs of rowsOf([20, 60, 120, 200, 300], [0, 2])) {
    const scene = await members(next, next, null);
    const [dying, other] = asked(scene, scene.nodes[2]!);
    for (const { node } of [dying!, other!]) expect(await outputAmong(node, "kernel install hdc")).toMatch(INSTALLED);
    const last = scene.nodes[2]!;
    last.type(`kernel install ${NEXT}\n`);
    await scene.lab.advance(`${afterMs}ms`);
    dying!.node.powerOff();
    await last.waitFor(INSTALLED, { within: "60s" });
    expectInstalled(scene.disks[2]!);
    expect(await outputAmong(last, "handles")).not.toMatch(/stream.*shell/);
  }
});

thoroughly(
  "the name `download` gives those that have the plan's target, the one that served the least first",
  async (context) => {
    requireOracle("dig", context);
    const scene = await members(next, next, null);
    const [first, second, third] = scene.nodes as [LabNode, LabNode, LabNode];
    for (const node of [first, second]) expect(await outputAmong(node, "kernel install hdc")).toMatch(INSTALLED);
    await outputAmong(first, "cloud set dns.domain cloud.example");
    const wire = new PacketScene(scene.lab);
    const facts = scene.nodes.map((node) => ({
      mac: scene.lab.cluster.macAddresses[node.index]!,
      address: addressOf(node),
    }));
    const addresses = (text: string): string[] =>
      rows(text).flatMap((row) => / 0 IN A (\S+)$/.exec(row)?.slice(1) ?? []);
    /** Of the member that knows most: reports of slots go to the coordinator. */
    const answered = async (type = "A"): Promise<string> => {
      const answers: string[] = [];
      for (const node of facts) answers.push(await digAt(wire, node, "Download.cloud.example", type));
      return answers.sort((one, other) => addresses(other).length - addresses(one).length)[0]!;
    };
    await scene.lab.advance("3s");
    expect(await answered(), "without a plan").toMatch(/status: NXDOMAIN/);
    await outputAmong(first, `cloud set upgrade "${NEXT} pause 0 - - 3"`);
    await scene.lab.advance("70s");
    expect(addresses(await answered()).sort()).toEqual([addressOf(first), addressOf(second)].sort());
    expect(await answered("AAAA")).toMatch(/status: NOERROR.*ANSWER: 0/s);
    expect(await outputAmong(third, `kernel install ${urlOf(first)}`)).toMatch(INSTALLED);
    await scene.lab.advance("3s");
    const named = addresses(await answered());
    expect(named.toSorted()).toEqual(scene.nodes.map(addressOf).sort());
    expect(named.at(-1), "whoever has served less comes first").toBe(addressOf(first));
  },
);

atLength("a cluster goes to a kernel that one of its members has", async () => {
  const { lab, nodes } = await rolling(3, "one has it", { lacking: [1, 2], isProven: false });
  await outputAmong(nodes[0]!, "cloud set upgrade.unsigned yes");
  expect(await outputAmong(nodes[0]!, `cloud upgrade ${NEW}`)).not.toMatch(/^cluster: .*(?:cannot|no member)/m);
  await lab.until(() => nodes.every((node) => planOf(node)?.state === "done"), "not all run it", { within: "900s" });
  expect(nodes.map(revisionOf)).toEqual([NEW, NEW, NEW]);
  expect(nodes.map((node) => slotsOf(node).good)).toEqual([1, 1, 1]);
  const served: number[] = [];
  for (const node of nodes) served.push(await servedBy(node));
  expect(served.reduce((sum, count) => sum + count)).toBe(2);
});

atLength("of eleven members the one with the highest id has the kernel in a slot, and is found", async () => {
  const { lab, nodes } = await members(...Array.from({ length: 11 }, () => next));
  const hex = (node: LabNode): string => Buffer.from(lab.cluster.macAddresses[node.index]!).toString("hex");
  const byId = nodes.toSorted((a, b) => (hex(a) < hex(b) ? -1 : 1));
  expect(await outputAmong(byId.at(-1)!, "kernel install hdc")).toMatch(INSTALLED);
  expect(await outputAmong(byId[0]!, `kernel install ${NEXT}`)).toMatch(INSTALLED);
});

/** A node that is loaded from, and one that loads from whoever a test makes. */
const serving = shared(async () => {
  const scene = await members(next);
  expect(await outputAmong(scene.nodes[0]!, "kernel install hdc")).toMatch(INSTALLED);
  return { ...scene, wire: new PacketScene(scene.lab) };
});

async function get(asked: Partial<Asked> = {}): Promise<Downloaded> {
  return (await downloads((await serving()).wire, [{ path: `/kernel/${NEXT}`, ...asked }]))[0]!;
}

thoroughly("both slots are served, with their signatures, and nothing else is", async () => {
  for (const [revision, other] of [
    [REVISION, {}],
    [NEXT, next],
  ] as const) {
    const { kernel, signature } = signedSystem(other);
    const whole = await get({ path: `/kernel/${revision}` });
    expect(whole.status).toBe("200 OK");
    expect(Buffer.compare(whole.body, kernel)).toBe(0);
    const signed = await get({ path: `/kernel/${revision}.sig` });
    expect(Buffer.compare(signed.body, signature!)).toBe(0);
    const head = await get({ path: `/kernel/${revision}`, method: "HEAD" });
    expect([head.status, head.fields.get("Content-Length")]).toEqual(["200 OK", String(kernel.length)]);
  }
  for (const path of ["999", `0${NEXT}`, "0x3e9", `${NEXT}.si`, `${NEXT}.sigs`, `${NEXT}/`, "", "99999999999", "-1"])
    expect((await get({ path: `/kernel/${path}` })).status, path).toBe("404 Not Found");
});

test("a range is that part, whatever sector it begins in, and only of the same kernel", async () => {
  const { kernel } = signedSystem(next);
  const tag = (await get({ method: "HEAD" })).fields.get("ETag")!;
  const ends = [0, 1, 511, 512, 513, 4095, 4096, 4097, 70_000, kernel.length - 1];
  for (const from of rowsOf(ends, 4))
    for (const bytes of [1, 4096, 9000]) {
      const to = Math.min(from + bytes, kernel.length) - 1;
      const { status, body } = await get({ fields: `If-Range: ${tag}\r\nRange: bytes=${from}-${to}\r\n` });
      expect(status).toBe("206 Partial Content");
      expect(Buffer.compare(body, kernel.subarray(from, to + 1)), `${from}-${to}`).toBe(0);
    }
  expect((await get({ fields: 'If-Range: "other"\r\nRange: bytes=5-\r\n' })).body.length).toBe(kernel.length);
  expect((await get({ fields: `Range: bytes=${kernel.length}-\r\n` })).status).toBe("416 Range Not Satisfiable");
  expect((await get({ fields: `If-None-Match: ${tag}\r\n` })).status).toBe("304 Not Modified");
});

thoroughly("two download at once, a third hears when to ask again, and whole ones are counted", async () => {
  const { wire, nodes } = await serving();
  const before = await servedBy(nodes[0]!);
  const path = `/kernel/${NEXT}`;
  const asked = [{ path }, { path, from: "10.0.2.78" }, { path, from: "10.0.2.79" }, { path: `${path}.sig` }];
  const answers = await downloads(wire, asked);
  expect(answers.map(({ status }) => status.slice(0, 3))).toEqual(["200", "200", "503", "200"]);
  expect(answers[2]!.fields.get("Retry-After")).toBe("1");
  await downloads(wire, [{ path, stops: { after: 100_000, how: "resets" } }]);
  await get({ fields: "Range: bytes=1-\r\n" });
  expect(await servedBy(nodes[0]!)).toBe(before + 2);
});

test("two that take nothing hold a third up for no longer than 15 s", async () => {
  const { wire } = await serving();
  const path = `/kernel/${NEXT}`;
  const stops = { after: 100_000, how: "silent" } as const;
  await downloads(wire, [
    { path, stops },
    { path, from: "10.0.2.78", stops },
  ]);
  expect((await get({ from: "10.0.2.79" })).status).toBe("503 Service Unavailable");
  await wire.lab.advance("16s");
  expect((await get({ from: "10.0.2.79" })).status).toBe("200 OK");
});

thoroughly(
  "curl takes a kernel, a part and a rest from a node, and a node loads from a web server of this host",
  async (context) => {
    const curl = requireOracle("curl", context);
    const { lab, nodes, disks } = await members(null);
    const node = nodes[0]!;
    lab.realtime = true;
    onTestFinished(() => lab.close());
    const { ports } = await openWay(lab, "user,hostfwd=tcp:127.0.0.1:0-:80");
    const url = `http://127.0.0.1:${ports[0]}/kernel/${REVISION}`;
    const folder = mkdtempSync(join(tmpdir(), "qure-curl-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const ask = async (...options: readonly string[]): Promise<void> => {
      let isOver = false;
      const done = promisify(execFile)(curl, ["-sS", "--fail", "--max-time", "60", ...options]).finally(
        () => (isOver = true),
      );
      done.catch(() => {});
      await lab.until(() => isOver, "curl did not end", { within: "300s" });
      await done;
    };
    const { kernel, signature } = signedSystem();
    const file = join(folder, "kernel");
    await ask("-o", file, url, "-o", `${file}.sig`, `${url}.sig`);
    expect(Buffer.compare(readFileSync(file), kernel)).toBe(0);
    expect(Buffer.compare(readFileSync(`${file}.sig`), signature!)).toBe(0);
    await ask("-r", "1000-70000", "-o", file, url);
    expect(Buffer.compare(readFileSync(file), kernel.subarray(1000, 70_001))).toBe(0);
    writeFileSync(file, kernel.subarray(0, 123_457));
    await ask("-C", "-", "-o", file, url);
    expect(Buffer.compare(readFileSync(file), kernel)).toBe(0);

    const system = signedSystem(next);
    const server = createServer(({ url: path }, response) => {
      response.end(path === "/kernel.sig" ? system.signature : system.kernel);
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    expect(await outputAmong(node, `kernel install http://10.0.2.2:${port}/kernel`)).toMatch(INSTALLED);
    expectInstalled(disks[0]!);
  },
);

thoroughly("how many kernels a node has served outlives its restart, if it keeps anything", async () => {
  const disk = new SparseDisk(DISK_BYTES + (32 << 20), { content: signedDisk() });
  const lab = boot({ nodes: [{ disk }] });
  const node = lab.nodes[0]!;
  const start = async (): Promise<void> => {
    const from = node.console.text.length;
    await lab.until(() => /^cloud: .* peers 0$/m.test(node.console.text.slice(from)), "it is no member", {
      within: "60s",
    });
    await lab.advance("6s");
    await node.enter("", PROMPT);
  };
  await start();
  await node.enter("mkfs -t oofs hda0", PROMPT);
  node.reset();
  await start();
  expect((await downloads(new PacketScene(lab), [{ path: `/kernel/${REVISION}` }]))[0]!.status).toBe("200 OK");
  expect(await servedBy(node)).toBe(1);
  node.reset();
  await start();
  expect(await servedBy(node)).toBe(1);
});

/** A node alone with a source that does what it is told. */
const alone = shared(async () => {
  const disk = new SparseDisk(DISK_BYTES, { content: signedDisk() });
  const lab = boot({ nodes: [{ disk }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "60s" });
  await node.waitFor(PROMPT);
  await lab.advance("5s");
  return { lab, node, disk, source: new ScriptedSource(new PacketScene(lab)) };
});

/** What a source says that has this system, right or wrong. */
function sourceOf(other: Other, body = (kernel: Uint8Array): Said => ({ bytes: page(kernel) })) {
  const { kernel, signature } = signedSystem(other);
  return (request: string): Said | null => {
    if (!request.includes(".sig ")) return body(kernel);
    return { bytes: signature ? page(signature) : page(Buffer.from("none\n"), { status: "404 Not Found" }) };
  };
}

const part = (kernel: Uint8Array, from: number, sent = from): Said => ({
  bytes: page(kernel.subarray(sent), {
    status: "206 Partial Content",
    fields: `Content-Range: bytes ${from}-${kernel.length - 1}/${kernel.length}\r\n`,
  }),
});

const BAD = "its signature is damaged, or of another format";
const stranger = numberedSigner(2);
const changed = (at: number) => (right: Uint8Array) => {
  const kernel = right.slice();
  flip(at)(kernel);
  return { bytes: page(kernel) };
};
const cutTo = (bytes: number) => (kernel: Uint8Array) => ({ bytes: page(kernel).subarray(0, bytes) });

/** A source, and what is said of it when nobody else is there. */
const lastChunk = Math.floor((signedSystem(next).kernel.length - 1) / CHUNK_BYTES);
const REFUSED: readonly (readonly [what: string, answer: (request: string) => Said | null, said: string])[] = [
  [
    "no signature",
    sourceOf({ ...next, signature: null }),
    "has no signature \\(.sig\\) beside this kernel; `kernel install --unsigned` asks for none",
  ],
  [
    "a stranger's signature",
    sourceOf({ ...next, signer: stranger }),
    "no key that this kernel trusts made its signature",
  ],
  ["a signature with a changed hash", sourceOf({ ...next, signature: flip(128) }), "its signature is wrong"],
  ["a signature of another version", sourceOf({ ...next, signedBytes: withWord(4, 2) }), BAD],
  ["a signature of a size that it has not", sourceOf({ ...next, signedBytes: withWord(8, 4096) }), BAD],
  ["an image of 4 GiB", sourceOf({ ...next, signedBytes: withWord(28, 0xffff_fe00) }), BAD],
  [
    "class 18, another product",
    sourceOf({ ...next, terms: { ...next.terms, product: "tests" } }),
    "it is of another product",
  ],
  [
    "a floor above this kernel",
    sourceOf({ ...next, terms: { revision: NEXT, floor: NEXT } }),
    "only a kernel of a higher revision than this one may install it",
  ],
  ["class 13, a signed downgrade", sourceOf(ofRevision(REVISION - 1, 7)), "it is of a lower revision than this kernel"],
  [
    "the signature of another kernel",
    sourceOf({ terms: { revision: NEXT, floor: REVISION } }),
    "has the signature of another revision",
  ],
  ["class 20, a bit that flipped", sourceOf(next, changed(100_000)), lied(1)],
  ["a byte of the last chunk", sourceOf(next, changed(-1)), lied(lastChunk)],
  ["class 19, a body that ends early", sourceOf(next, cutTo(200_000)), "ended its answer too early"],
  [
    "a body of a sector less",
    sourceOf(next, (kernel) => ({ bytes: page(kernel.subarray(SECTOR_BYTES)) })),
    "has a kernel of another length, in bytes: \\d+",
  ],
  [
    "another part than was asked for",
    sourceOf(next, (kernel) => part(kernel, 512)),
    "sent another part than it was asked for",
  ],
  [
    "a reset in the middle",
    sourceOf(next, (kernel) => ({ bytes: page(kernel).subarray(0, 100_000), end: "reset" })),
    "connection reset by the other side",
  ],
  [
    "silence in the middle",
    sourceOf(next, (kernel) => ({ bytes: page(kernel).subarray(0, 100_000), end: "silence" })),
    "was silent for 10 s",
  ],
  ["silence from the beginning", () => null, "was silent for 10 s"],
  [
    "a redirect",
    () => ({ bytes: page(new Uint8Array(0), { status: "302 Found", fields: "Location: http://10.0.2.78/\r\n" }) }),
    "answered with status 302",
  ],
  [
    "pieces",
    sourceOf(next, (kernel) => ({ bytes: page(kernel, { fields: "Transfer-Encoding: chunked\r\n" }) })),
    "gave no answer of HTTP",
  ],
  ["what is no HTTP", () => ({ bytes: Buffer.from("220 ready\r\n\r\n") }), "gave no answer of HTTP"],
  [
    "a head without end",
    () => ({ bytes: Buffer.from(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(1000)}`) }),
    "gave no answer of HTTP",
  ],
  ["a signature without end", () => ({ bytes: page(new Uint8Array(20_000)) }), "has a signature that is too long"],
];

function lied(chunk: number): string {
  return `sent what was not signed, in the 64 KiB from byte ${chunk * CHUNK_BYTES}`;
}

test("a source that is wrong in any way is named with the reason, and nothing is written", async () => {
  const { node, disk, source } = await alone();
  for (const [what, answer, said] of rowsOf(REFUSED, [3, 8])) {
    source.answer = answer;
    const printed = await output(node, `kernel install http://${PEER}/kernel/${NEXT}; echo $?`);
    expect(printed, what).toMatch(new RegExp(`^kernel: no source has given it:\nkernel: ${PEER}: ${said}\n1\n`));
    expect(recordOn(disk), what).toBeNull();
  }
  expect(await outputAmong(node, "handles")).not.toMatch(/stream.*shell/);
});

/** What the record of the disk says, whether a signed kernel that is right can be installed there or not. */
const RECORDS: readonly (readonly [what: string, said: Partial<SlotRecord>, printed: string])[] = [
  [
    "class 9, the disk is full",
    {
      good: 1,
      slots: [
        { firstSector: SECOND_LBA - 100, sectors: 0, revision: 0 },
        { firstSector: SECOND_LBA, sectors: 2000, revision: 1 },
      ],
    },
    "no space left",
  ],
  ["class 13, below the floor of the disk", { floor: NEXT + 1 }, "its revision is below the lowest of this disk"],
  [
    "a revision that is refused",
    { failures: [{ revision: NEXT, count: 2 }] },
    "its revision has failed twice: `kernel allow REVISION` lets it be tried again",
  ],
];

test.each(RECORDS)("%s: that is found out before a byte of the kernel is asked for", async (_, said, printed) => {
  const { node, disk, source } = await alone();
  const before = [0, 1].map((copy) => bytesOf(disk, SLOT_RECORD_LBA + copy, SECTOR_BYTES));
  const slots = [
    { firstSector: 14, sectors: 2000, revision: REVISION },
    { firstSector: SECOND_LBA, sectors: 0, revision: 0 },
  ];
  const whole = { version: 2, good: 0, trial: null, tries: 0, sequence: 9, floor: 0, result: 0, resultRevision: 0 };
  const record = slotRecordSector({ ...whole, failures: [], slots, ...said });
  for (const copy of [0, 1]) disk.write((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, record);
  source.answer = sourceOf(next);
  source.requests.length = 0;
  expect(await output(node, `kernel install http://${PEER}/k`)).toBe(`kernel: hda: ${printed}\n`);
  expect(source.requests.map((request) => request.split(" ")[1])).toEqual(["/k.sig"]);
  expect(Buffer.compare(bytesOf(disk, SLOT_RECORD_LBA, SECTOR_BYTES), record)).toBe(0);
  before.forEach((bytes, copy) => disk.write((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, bytes));
});

test("a kernel of a slot is named with its signature, and proved by it", async () => {
  const { node, disk, source } = await alone();
  source.answer = sourceOf(next);
  expect(await output(node, `kernel install http://${PEER}/k`)).toMatch(INSTALLED);
  expect(await output(node, "kernel list")).toBe(
    `0  QuRe 0.2.0, revision ${REVISION}, sector 14, signed for test, good\n` +
      `1  QuRe 0.2.0, revision ${NEXT}, sector 8192, signed for test, on trial\n`,
  );
  const right = `0  is test revision ${REVISION}, for revision 7 and later\n`;
  expect(await output(node, "kernel verify; echo $?")).toBe(
    `${right}1  is test revision ${NEXT}, for revision ${REVISION} and later\n0\n`,
  );
  spoil(disk, 300_000);
  expect(await output(node, "kernel verify; echo $?")).toBe(
    `${right}kernel: 1: it is not the kernel that was signed\n1\n`,
  );
  expect(await output(node, `kernel install --unsigned http://${PEER}/k`)).toMatch(INSTALLED);
  expect(await output(node, "kernel verify; echo $?")).toBe(`${right}kernel: 1: it is not signed\n1\n`);
  expect(source.requests.at(-1)).toMatch(/^GET \/k HTTP/);
});

thoroughly("a source that breaks off, and one that knows no ranges, go on where they were", async () => {
  const { node, disk, source } = await alone();
  let count = 0;
  const kernelOf = sourceOf(next, (kernel) => {
    count++;
    const from = Number(/^Range: bytes=(\d+)-\r$/m.exec(source.requests.at(-1)!)?.[1] ?? 0);
    expect(from % CHUNK_BYTES, "only what is proven is kept").toBe(0);
    if (count === 1) return { bytes: page(kernel).subarray(0, 200_000) };
    if (count === 2) return { bytes: part(kernel, from).bytes.subarray(0, 300_000), end: "reset" };
    return { bytes: page(kernel) };
  });
  source.answer = kernelOf;
  source.requests.length = 0;
  expect(await output(node, `kernel install http://${PEER}:80/any/kernel`)).toMatch(INSTALLED);
  expectInstalled(disk);
  const ranges = source.requests.map((request) => /bytes=(\d+)/.exec(request)?.[1]);
  expect(ranges).toEqual([undefined, undefined, String(3 * CHUNK_BYTES), String(7 * CHUNK_BYTES)]);
  expect(source.requests[1]).toMatch(/^GET \/any\/kernel HTTP\/1.0\r\nHost: 10.0.2.77:80\r\n/);
});

describeThoroughly("a source that is slow", () => {
  test.each([
    ["of 100 KB/s is waited for", 14, INSTALLED],
    ["of 1.4 KB/s is left", 1000, /^kernel: 10.0.2.77: was too slow$/m],
  ] as const)("a source %s", async (_, segmentMs, said) => {
    const { node, source } = await alone();
    source.answer = sourceOf(next, (kernel) => ({ bytes: page(kernel), segmentMs }));
    const from = node.console.text.length;
    node.type(`kernel install http://${PEER}/k\n`);
    while (!PROMPT.test(node.console.text.slice(from + 5))) await source.advance(segmentMs);
    expect(node.console.text.slice(from)).toMatch(said);
  });
});

test("Ctrl-C ends a load at once, and what was wrongly typed is said", async () => {
  const { node, source } = await alone();
  source.answer = () => null;
  node.type(`kernel install http://${PEER}/k\n`);
  await source.advance(2000);
  node.type("\u0003");
  await node.waitFor(/^kernel: hda: Ctrl-C was typed$/m, { within: "1s" });
  await node.waitFor(PROMPT);
  for (const [line, said] of [
    ["https://10.0.2.77/k", "only http:// is known here"],
    ["http:///k", "the URL names no host"],
    ["http://10.0.2.77:0/k", "a port is a number from 1 to 65535"],
    ["http://10.0.2.77:70000/k", "a port is a number from 1 to 65535"],
    ["http://10.0.2.77/", "the URL names no file"],
    ["http://10.0.2.77/k?x", "the URL of a kernel has no blanks, no ? and no #, and its path at most 511 characters"],
    [String(NEXT), "the cluster has no other member to load it from"],
  ])
    expect(await output(node, `kernel install ${line}`)).toBe(`kernel: hda: ${said}\n`);
});

const cases = casesOf("upgrade/download");

/** Some bits are other ones. */
function mutated(right: Uint8Array, random: Random): Uint8Array {
  const bytes = right.slice();
  for (let count = 1 + random.below(4); count > 0; count--) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

test(`whatever bits of an answer are wrong, nothing is installed and no memory is lost: ${cases.title}`, async () => {
  const { node, disk, source } = await alone();
  const { kernel, signature } = signedSystem(next);
  const before = recordOn(disk);
  await output(node, "mem mark");
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "answers");
    const signed = random.below(4) > 0 ? mutated(signature!, random) : signature!;
    const body = signed === signature ? mutated(kernel, random) : kernel;
    source.answer = (request) => ({ bytes: page(request.includes(".sig ") ? signed : body) });
    const said = await output(node, `kernel install http://${PEER}/k`);
    expect(said, cases.repeat(seed)).toMatch(/^kernel: no source has given it:\n/);
    expect(recordOn(disk), cases.repeat(seed)).toEqual(before);
  }
  expect(await output(node, "mem leaks")).not.toMatch(/download|source|fetch/);
});
