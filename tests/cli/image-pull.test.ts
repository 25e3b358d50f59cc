/** What `qure image pull` does: the kernel that a node runs becomes a file, proved and whole, or there is none. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { pullImage } from "../../src/cli/image-pull.ts";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import { openPort, parseForward } from "../../src/index.ts";
import { withAddress } from "../system/booted.ts";
import { images } from "../system/images.ts";
import { qure } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-pull-"));
const file = join(folder, "kernel");
const manifest = join(folder, "manifest.json");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function built(): Uint8Array {
  const { offset, sizeBytes } = images().manifest["kernelImage"]!;
  return images().iso.slice(offset, offset + sizeBytes);
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A server on this host, as `HOST:PORT`. */
async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const whole =
  (bytes: Uint8Array): RequestListener =>
  (_, response) =>
    void response.writeHead(200, { "Content-Length": bytes.length, ETag: '"1"' }).end(bytes);

test("a node's running kernel becomes a file", async () => {
  const lab = await withAddress();
  lab.realtime = true;
  onTestFinished(() => lab.close());
  const way = await openPort(lab, parseForward("0:80"));
  writeFileSync(manifest, JSON.stringify({ kernelSha256: hashOf(built()) }));
  let isOver = false;
  const pulled = pullImage({ from: `127.0.0.1:${way.ports[0]}`, file, manifest }).finally(() => (isOver = true));
  pulled.catch(() => {});
  await lab.until(() => isOver, "it did not come to an end", { within: "300s" });
  const text = await pulled;
  expect(text).toContain(`as built: SHA-256 ${hashOf(built())}\n`);
  expect(text).toMatch(/^served by 10\.0\.2\.15 of the cluster open; patched:\n {2}checksum: 4 bytes at 20\n/m);
  expect(readFileSync(file).length).toBe(built().length);
  expect(readdirSync(folder).sort()).toEqual(["kernel", "manifest.json"]);
});

test("the command does it, and refuses another build's kernel", async () => {
  const from = await serving(whole(built()));
  const pull = (...more: string[]) => qure(["image", "pull", from, join(folder, "pulled"), ...more], { cwd: folder });
  writeFileSync(manifest, JSON.stringify({ kernelSha256: hashOf(built()) }));
  const { status, stdout, stderr } = await pull("--manifest", manifest);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain(`as built: SHA-256 ${hashOf(built())}\n`);
  expect(Buffer.compare(readFileSync(join(folder, "pulled")), built())).toBe(0);
  rmSync(join(folder, "pulled"));
  writeFileSync(manifest, JSON.stringify({ kernelSha256: hashOf(Buffer.from("another")) }));
  const refused = await pull("--manifest", manifest);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/^qure image: error: .*: it has another kernel than .*; nothing was written$/m);
  const mistaken = await pull("--revision", "1x");
  expect(mistaken.status).toBe(2);
  expect(mistaken.stderr).toMatch(/^qure image: error: --revision 1x: not a number from 0 to 4294967295$/m);
  expect(readdirSync(folder)).not.toContain("pulled");
});

test("it waits while a node serves others, and goes on where an answer ended", async () => {
  const image = built();
  const asked: (string | undefined)[] = [];
  const from = await serving(({ headers }, response) => {
    asked.push(headers.range);
    if (asked.length === 1) response.writeHead(503, { "Retry-After": "0" }).end();
    else if (asked.length === 2) {
      response.writeHead(200, { "Content-Length": image.length, ETag: '"1"' });
      response.write(image.subarray(0, 100_000), () => setImmediate(() => response.destroy()));
    } else {
      expect(headers["if-range"]).toBe('"1"');
      const at = Number(/^bytes=(\d+)-$/.exec(headers.range!)![1]);
      const rest = image.subarray(at);
      const range = `bytes ${at}-${image.length - 1}/${image.length}`;
      response.writeHead(206, { "Content-Length": rest.length, "Content-Range": range, ETag: '"1"' }).end(rest);
    }
  });
  await pullImage({ from, file });
  expect(asked.length).toBe(3);
  expect(hashOf(readFileSync(file))).toBe(hashOf(image));
});

test("the kernel of a revision is asked for by it, and another one is refused", async () => {
  const asked: (string | undefined)[] = [];
  const from = await serving((request, response) => {
    asked.push(request.url);
    if (request.url === "/kernel/9") response.writeHead(404).end();
    else whole(built())(request, response);
  });
  const { revision } = readKernelHeader(built());
  expect(await pullImage({ from, file, revision })).toMatch(
    new RegExp(`revision ${revision}, \\d+ bytes\nas built: SHA-256 [0-9a-f]{64}$`),
  );
  expect(hashOf(readFileSync(file))).toBe(hashOf(built()));
  await expect(pullImage({ from, file, revision: revision + 1 })).rejects.toThrow(
    `the kernel image is of revision ${revision}; nothing was written`,
  );
  await expect(pullImage({ from, file, revision: 9 })).rejects.toThrow(/has no kernel of revision 9 \(404\)$/);
  expect(asked).toEqual([`/kernel/${revision}`, `/kernel/${revision + 1}`, "/kernel/9"]);
});

const damaged = (at: number): Uint8Array => {
  const bytes = built();
  bytes[at]! ^= 1;
  return bytes;
};

test.each<[string, RequestListener | (() => Uint8Array), RegExp]>([
  [
    "a damaged one",
    () => damaged(1000),
    /the kernel image is damaged: checksum [0-9a-f]{8}, its header says [0-9a-f]{8}/,
  ],
  ["no kernel at all", () => new Uint8Array(4096), /no kernel image: expected the magic QUREKRNL/],
  ["a short one", () => built().slice(0, 5120), /the kernel image is cut off/],
  [
    "one with a sector more",
    () => Buffer.concat([built(), new Uint8Array(512)]),
    /has \d+ bytes by its header, and \d+/,
  ],
  ["less than a header", () => new Uint8Array(64), /announces 64 bytes, which no kernel image has/],
  [
    "nothing",
    (_, response) => void response.writeHead(404).end(),
    /does not serve the kernel that it runs \(404\): "netboot on"/,
  ],
  ["an error", (_, response) => void response.writeHead(500).end(), /answers with 500/],
  ["no length", (_, response) => void response.writeHead(200).end("x"), /announces -1 bytes/],
  [
    "nobody's turn",
    (_, response) => void response.writeHead(503, { "Retry-After": "30" }).end(),
    /serves others, and has not served this one for 1 s/,
  ],
  [
    "a part that nobody wanted",
    (_, response) => void response.writeHead(206, { "Content-Range": "bytes 5-9/4096" }).end("12345"),
    /sends another part than it was asked for/,
  ],
])("%s is refused, and the file stays as it was", async (_, answer, says) => {
  writeFileSync(file, "former");
  const from = await serving(answer.length === 0 ? whole((answer as () => Uint8Array)()) : (answer as RequestListener));
  await expect(pullImage({ from, file, patienceMs: 1000 })).rejects.toThrow(says);
  expect(readFileSync(file, "utf8")).toBe("former");
  expect(readdirSync(folder)).not.toContainEqual(expect.stringMatching(/\.part$/));
});

test("another build's kernel, a manifest that is none, and a name that is none are refused", async () => {
  const from = await serving(whole(built()));
  writeFileSync(manifest, JSON.stringify({ kernelSha256: "0".repeat(64) }));
  await expect(pullImage({ from, file, manifest })).rejects.toThrow(
    /it has another kernel than .*manifest\.json tells/,
  );
  for (const text of ["{", "null", "{}", '{"kernelSha256": "x"}']) {
    writeFileSync(manifest, text);
    await expect(pullImage({ from, file, manifest })).rejects.toThrow(/manifest\.json: no manifest of "qure build"/);
  }
  for (const name of ["", "a b", "http://x", "x:0", "x:99999", "x/y"])
    await expect(pullImage({ from: name, file })).rejects.toThrow(/expected a node's name or address/);
});
