/** The kernel that a node runs, put together from its memory and read over the network, is what the build made. */
import { expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { makeBootImage } from "../../../src/image/boot-image.ts";
import { readKernelHeader } from "../../../src/image/kernel-image.ts";
import { asBuilt, servedBy, servedPatches } from "../../../src/image/served-copy.ts";
import { makeIso, SparseDisk } from "../../../src/index.ts";
import { keyOfSeed } from "../../../src/lab/cluster-key.ts";
import { keptForAll } from "../../setup/cache.ts";
import { shared } from "../../setup/shared.ts";
import { atLength, thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { withAddress } from "../../system/booted.ts";
import { boot, CLOUD, images, inState, isoOf, PROMPT, sources } from "../../system/images.ts";
import { output } from "../../system/output.ts";
import { type Asked, type Downloaded, downloads } from "./downloads.ts";
import { PacketScene, PEER } from "./packet-wire.ts";

const RUNNING = "/kernel/running";
const KERNEL_AT = 0x100000;
const ELSEWHERE = 0x1a0000;
const STRANGER = "198.51.100.9";
const scene = shared(async () => new PacketScene(await withAddress()));

async function get(asked: Partial<Asked> = {}, of = scene): Promise<Downloaded> {
  return (await downloads(await of(), [{ path: RUNNING, ...asked }]))[0]!;
}

/** What the build made: the kernel image of a CD. */
function built(iso = images().iso, { offset, sizeBytes } = images().manifest["kernelImage"]!): Uint8Array {
  return iso.slice(offset, offset + sizeBytes);
}

/** Is the build's image, and differs from it in nothing but the patches. */
function expectBuilt(body: Uint8Array, image = built()): void {
  expect(body.length).toBe(image.length);
  const { checksum, checksumFound } = readKernelHeader(body);
  expect(checksum).toBe(checksumFound);
  const unpatched = body.slice();
  for (const { offset, sizeBytes } of servedPatches(image))
    unpatched.set(image.subarray(offset, offset + sizeBytes), offset);
  expect(unpatched.findIndex((byte, at) => byte !== image[at])).toBe(-1);
  expect(Buffer.compare(asBuilt(body), image)).toBe(0);
}

/** A CD with this kernel and the build's loader. */
function isoAround(body: Uint8Array): Uint8Array {
  const { iso, manifest } = images();
  const loader = iso.slice(manifest["bootSector"]!.offset, manifest["kernelImage"]!.offset);
  const kernel = { bytes: new Uint8Array(body), parts: readKernelHeader(body).parts };
  return makeIso(makeBootImage(loader, kernel), "COPY").bytes;
}

async function sceneOf(nodes: Parameters<typeof boot>[0]["nodes"], options = {}): Promise<PacketScene> {
  const lab = boot({ nodes, ...options });
  for (const node of lab.nodes) {
    await node.waitFor(CLOUD, { within: "60s" });
    await node.waitFor(PROMPT);
  }
  await lab.advance("5s");
  return new PacketScene(lab);
}

test("the running kernel is the build's but for the patches", async () => {
  const { status, fields, body } = await get();
  expect(status).toBe("200 OK");
  expect(fields.get("Content-Length")).toBe(String(built().length));
  expect(fields.get("Content-Type")).toBe("application/octet-stream");
  expectBuilt(body);
  expect(servedPatches(body).map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ["checksum", 4],
    ["address", 4],
    ["cluster", 32],
  ]);
  expect(servedBy(body)).toEqual({ address: (await scene()).facts.address, cluster: "open" });
  expect(servedBy(built())).toEqual({ address: null, cluster: "" });
});

test("status says its revision and the checksum of the build's image, whoever asks", async () => {
  const { checksum, revision } = readKernelHeader(built());
  const text = checksum.toString(16).padStart(8, "0");
  const page = async (path: string): Promise<string> => new TextDecoder().decode((await get({ path })).body);
  expect(await page("/status")).toContain(`\nkernel revision ${revision}, checksum ${text}\n`);
  expect(JSON.parse(await page("/status.json"))).toMatchObject({ revision, checksum: text });
});

test("a range is that part of the same image, wherever it begins", async () => {
  const { body: whole, fields } = await get();
  const { parts } = readKernelHeader(whole);
  const ranges: [number, number][] = [];
  // Around dwords that hold addresses: a range may begin and end within one.
  const offsets = new Uint32Array(
    whole.slice(parts.relocations.offset + 12, parts.relocations.offset + (parts.relocations.sizeBytes & ~3)).buffer,
  );
  const places = [offsets[0]!, offsets[offsets.length >> 1]!, offsets.at(-1)!].map((at) => parts.code32.offset + at);
  for (const place of [...places, parts.symbols.offset + 12, parts.lines.offset + 24])
    for (let from = place - 2; from < place + 4; from++) ranges.push([from, from], [from, from + 3]);
  const edges = Object.values(parts).flatMap(({ offset, sizeBytes }) => [offset, offset + sizeBytes]);
  edges.push(...servedPatches(whole).map(({ offset }) => offset));
  const random = new Random(1, "ranges");
  for (let drawn = 0; drawn < 10; drawn++) edges.push(random.below(whole.length - 40));
  for (const edge of edges)
    ranges.push([Math.max(0, edge - random.below(6)), Math.min(whole.length - 1, edge + random.below(12))]);
  for (const [from, to] of rowsOf(ranges, 24)) {
    const { status, body, fields: part } = await get({ fields: `Range: bytes=${from}-${to}\r\n` });
    expect(status, `${from}-${to}`).toBe("206 Partial Content");
    expect(part.get("Content-Range")).toBe(`bytes ${from}-${to}/${whole.length}`);
    expect(part.get("ETag")).toBe(fields.get("ETag"));
    expect(Buffer.compare(body, whole.slice(from, to + 1)), `${from}-${to}`).toBe(0);
  }
  const tag = fields.get("ETag")!;
  expect(tag).toBe(`"${readKernelHeader(whole).checksum.toString(16).padStart(8, "0")}"`);
  expect((await get({ fields: `If-None-Match: ${tag}\r\n` })).status).toBe("304 Not Modified");
  expect((await get({ fields: "Range: bytes=99999999-\r\n" })).status).toBe("416 Range Not Satisfiable");
  const head = await get({ method: "HEAD" });
  expect([head.status, head.fields.get("Content-Length")]).toEqual(["200 OK", String(whole.length)]);
});

test("one downloads at a time; who asks meanwhile hears so, and when to ask again", async () => {
  const s = await scene();
  const asked = [{ path: RUNNING }, { path: RUNNING, from: "10.0.2.78" }, { path: "/status" }];
  const [first, second, status] = await downloads(s, asked);
  expect([first!.status, second!.status]).toEqual(["200 OK", "503 Service Unavailable"]);
  expect(new TextDecoder().decode(status!.body)).toMatch(/^name /);
  expect(second!.fields.get("Retry-After")).toBe("1");
  expectBuilt(first!.body);
  expectBuilt((await get({ from: "10.0.2.78" })).body);
});

test("a client that ends in the middle leaves the next one its turn at once", async () => {
  const s = await scene();
  await downloads(s, [{ path: RUNNING, stops: { after: 100_000, how: "resets" } }]);
  await s.lab.advance("100ms");
  expectBuilt((await get()).body);
});

test("one that takes nothing any more loses its turn after 15 s", async () => {
  const s = await scene();
  await downloads(s, [{ path: RUNNING, stops: { after: 100_000, how: "silent" } }]);
  await s.lab.advance("12s");
  expect((await get()).status).toBe("503 Service Unavailable");
  await s.lab.advance("6s");
  expectBuilt((await get()).body);
});

thoroughly("a network that is stopped in the middle of a download leaves nobody's turn behind", async () => {
  const s = await scene();
  await downloads(s, [{ path: RUNNING, stops: { after: 100_000, how: "silent" } }]);
  await output(s.node, "service stop network; service start network; service start http");
  await s.lab.advance("8s");
  expectBuilt((await get()).body);
});

thoroughly("a slow one gives way to whoever asks after its 10 s, and not before", async () => {
  const s = await scene();
  const asked = [
    { path: RUNNING, isSlow: true },
    { path: RUNNING, from: "10.0.2.78", delayMs: 5000 },
    { path: RUNNING, from: "10.0.2.78", delayMs: 4000 },
    { path: RUNNING, from: "10.0.2.78", delayMs: 3500 },
  ];
  const [slow, ...others] = await downloads(s, asked, 10_000);
  expect(slow!.status).toBe("200 OK");
  expect(slow!.body.length).toBeLessThan(built().length);
  expect(others.map(({ status }) => status.slice(0, 3))).toEqual(["503", "503", "200"]);
  expectBuilt(others[2]!.body);
});

test("a public asker gets the public address, if there is one, and one of the LAN the address it has reached", async () => {
  const s = await scene();
  await output(s.node, `route add 198.51.100.0 255.255.255.0 ${PEER}`);
  expect(servedBy((await get({ from: STRANGER })).body).address).toBe(s.facts.address);
  await output(s.node, "set public.address 203.0.113.5");
  const served = await get({ from: STRANGER });
  expectBuilt(served.body);
  expect(servedBy(served.body).address).toBe("203.0.113.5");
  expect(servedBy((await get()).body).address).toBe(s.facts.address);
  await output(s.node, "set public.address nonsense");
  expect(servedBy((await get({ from: STRANGER })).body).address).toBe(s.facts.address);
});

thoroughly("after work it is still what it was at the start", async () => {
  const s = await scene();
  for (const line of ["filter in drop udp 10.9.9.9", "hostname worked", "cloud", "ping -c 2 10.0.2.77", "netstat -a"])
    await output(s.node, line);
  await s.lab.advance("60s");
  expectBuilt((await get()).body);
});

test("a machine that boots from the download is a member, and serves the same", async () => {
  const { body } = await get();
  const s = await sceneOf([{ cdrom: isoAround(body) }, { cdrom: images().iso }]);
  await s.lab.until(() => s.lab.nodes.every((node) => /^cloud: .* peers 1\s*$/m.test(node.console.text)), "no members");
  const again = (await downloads(s, [{ path: RUNNING }]))[0]!;
  expectBuilt(again.body);
  expect(servedBy(again.body).address).toBe(s.facts.address);
});

test("a cluster's key is in no download, but its name; a machine without key is told what to do", async () => {
  const key = keyOfSeed(1);
  const s = await inState("serves with a key", async () => {
    const lab = boot({ nodes: [{ cdrom: images().iso, key }] });
    await lab.nodes[0]!.waitFor(CLOUD, { within: "60s" });
    await lab.nodes[0]!.waitFor(PROMPT);
    return lab;
  }).then((lab) => new PacketScene(lab));
  const { body } = await get({}, async () => s);
  expectBuilt(body);
  expect(servedBy(body).cluster).toBe("seed-1");
  const secret = Buffer.from(key.split(" ")[1]!, "hex");
  expect(secret.length).toBe(32);
  expect(Buffer.from(body).indexOf(secret)).toBe(-1);
  const lab = boot({ nodes: [{ cdrom: isoAround(body) }] });
  await lab.nodes[0]!.waitFor(
    new RegExp(`this kernel came from ${s.facts.address} of the cluster seed-1: \`cloud invite\` there`),
    { within: "60s" },
  );
});

thoroughly("a node that was started from its disk serves, too", async () => {
  const disk = new SparseDisk(images().diskBytes, { content: images().disk });
  const s = await sceneOf([{ disk }]);
  expectBuilt((await downloads(s, [{ path: RUNNING }]))[0]!.body);
});

/** The system's sources with a change to one of its loader's. */
function loaderWith(place: string, from: RegExp, to: string): ReturnType<typeof sources> {
  const tree = sources();
  return {
    list: (folder) => tree.list(folder),
    read: (path) => {
      const bytes = tree.read(path);
      if (path !== place) return bytes;
      const text = new TextDecoder().decode(bytes!);
      expect(text).toMatch(from);
      return new TextEncoder().encode(text.replace(from, to));
    },
  };
}

thoroughly("a kernel that stands elsewhere in memory serves the same bytes", async () => {
  const tree = loaderWith("boot/loader/loader.inc", /^(KERNEL_BASE += )0x100000/m, `$1${ELSEWHERE}`);
  const cdrom = await keptForAll(`ISO whose kernel stands at ${ELSEWHERE}`, () => isoOf(tree));
  const s = await sceneOf([{ cdrom }]);
  const { body } = (await downloads(s, [{ path: RUNNING }]))[0]!;
  const { offset } = images().manifest["kernelImage"]!;
  expectBuilt(body, cdrom.slice(offset, offset + body.length));
  const { code32 } = readKernelHeader(body).parts;
  const text = "QuRe revision %u";
  const at = Buffer.from(body).indexOf(text) - code32.offset;
  expect(Buffer.from(s.node.readMemory(ELSEWHERE + at, text.length)).toString()).toBe(text);
});

thoroughly("with a loader that leaves no header there is nothing to serve, and all else works", async () => {
  const tree = loaderWith("boot/loader/place.s", /^ +mov +dword ptr \[di \+ bi_header\], IMAGE_HEADER\n/m, "");
  const cdrom = await keptForAll("ISO whose loader is older", () => isoOf(tree));
  const s = await sceneOf([{ cdrom }]);
  const [running, status] = await downloads(s, [{ path: RUNNING }, { path: "/status" }]);
  expect(running!.status).toBe("404 Not Found");
  expect(new TextDecoder().decode(status!.body)).toMatch(/^kernel revision 1, checksum 00000000$/m);
});

test("where memory was damaged the copy's checksum is wrong", async () => {
  const s = await scene();
  const { parts } = readKernelHeader(built());
  const place = KERNEL_AT + (parts.code32.sizeBytes >> 1);
  const [byte] = s.node.readMemory(place, 1);
  s.node.machine.writeMemory(place, Uint8Array.of(byte! ^ 1));
  const { checksum, checksumFound } = readKernelHeader((await get()).body);
  s.node.machine.writeMemory(place, Uint8Array.of(byte!));
  expect(checksum).not.toBe(checksumFound);
});

thoroughly("a node that came over the network serves, too", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso }, { bootOrder: "n" }] });
  const [server, blank] = lab.nodes;
  await server!.waitFor(/era 1 age 1 peers 0/, { within: "60s" });
  await server!.enter("netboot on", PROMPT);
  await blank!.waitFor(CLOUD, { within: "60s" });
  await blank!.waitFor(PROMPT);
  await lab.advance("5s");
  const s = new PacketScene(lab, 1);
  expectBuilt((await downloads(s, [{ path: RUNNING }]))[0]!.body);
});

atLength("after hours it is still what it was at the start", async () => {
  const s = await sceneOf([{ cdrom: images().iso }]);
  await s.lab.advance("3h");
  expectBuilt((await downloads(s, [{ path: RUNNING }]))[0]!.body);
});
