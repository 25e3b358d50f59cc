// Makes dist/page: the page in which a cluster runs, as a folder of static files. QuRe's image, the disk that is
// prepared for it and the names of its kernel are one compressed file, the sources another, loaded when they are asked
// for. A service worker keeps all of it, so that the page works without the network after the first visit. It
// does nothing when the page is of the sources and of this program as they are, unless --force is given.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { isCurrent, licencesOf, putInPlace, workFolder, writeStamp } from "./aside.mjs";
import { bundle } from "./bundle.mjs";
import { readyInterpreter } from "./interpreter.mjs";
import { sourcesHash } from "./sources.mjs";

const PLACE = "dist/page";
/** The image and the disk that the page boots, for who compares it with `qure emu`. */
const BOOTED = "build/page";
/** In dist/, and not in a folder that is put onto web servers. */
const STAMP = "../.page";
const { version } = JSON.parse(await readFile("package.json", "utf8"));

const program = await readFile(new URL(import.meta.url));
const hashOfSources = `${sourcesHash()} ${createHash("sha256").update(program).digest("hex")}`;
const isForced = process.argv.includes("--force");
const isThere = [PLACE, BOOTED].every((folder) => existsSync(folder));
if (!isForced && isThere && isCurrent(PLACE, STAMP, hashOfSources)) process.exit(0);

const say = (text) => process.stderr.write(`${text}\n`);
say("qure: building dist/page");
const work = workFolder();
const OUT = join(work, "page");
await mkdir(OUT);

/** What esbuild says of each bundle. */
const metafiles = [];

async function build(options) {
  const result = await esbuild({ ...options, metafile: true });
  metafiles.push(result.metafile);
  return result;
}

const common = {
  bundle: true,
  platform: "browser",
  // Those that have popovers.
  target: ["chrome114", "firefox125", "safari17"],
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  jsx: "automatic",
  jsxImportSource: "preact",
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  charset: "utf8",
  define: {
    QURE_VERSION: JSON.stringify(version),
    INTERPRETER_32: JSON.stringify((await readyInterpreter(32, work)).toString("latin1")),
  },
  inject: ["src/page/worker/ready-interpreter.ts"],
};

/** As small as it gets: shorter blocks have codes that fit them better, longer ones fewer codes. */
function compressed(bytes) {
  const tried = [4, 5, 6, 7, 8, 9].map((memLevel) => gzipSync(bytes, { level: 9, memLevel }));
  return tried.reduce((best, next) => (next.length < best.length ? next : best));
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path) : null;
}

const filesCode = join(work, "page-files.mjs");
await bundle("src/host/page-files.ts", filesCode, { define: { QURE_VERSION: JSON.stringify(version) } });
const { container, PAGE_HEAD, sourcesContainer } = await import(pathToFileURL(filesCode).href);

// The command makes the image and prepares the disk, so that the page boots to the bit what `qure emu` boots.
const IMAGES = join(work, "images");
const qure = (...args) => execFileSync("node", ["dist/qure.cjs", ...args], { stdio: ["ignore", "ignore", "inherit"] });
qure("build", "--output", IMAGES);
qure(
  "emu",
  "--image",
  `${IMAGES}/qure.iso`,
  "--disk",
  String(PAGE_HEAD.diskBytes),
  "--for",
  "0",
  "--dir",
  `${IMAGES}/disks`,
);
const { assemble, inspectImage, readElf } = await import(new URL("../dist/index.js", import.meta.url).href);

/** Where the kernel keeps what the page shows of its tasks: constants of asm/include, as the assembler sees them. */
const TASK_FIELDS = [
  ...["STATE", "ALL_NEXT", "ID", "ESP", "STACK_TOP", "EVENT", "EVENTS", "EVENT_COUNT", "CYCLES", "SWITCHES", "TIMER"],
  ...["PRIORITY", "LABEL", "SIZE"],
].map((name) => `TASK_${name}`);
const layoutSource = `.include "tasks.inc"\n.long ${[...TASK_FIELDS, "TASK_CYCLES + 4", "TIMER_SET", "TIMER_DEADLINE"].join(", ")}\n`;
const { object: layoutObject } = assemble({
  path: "layout.s",
  files: {
    read: (name) => {
      const bytes = name === "layout.s" ? Buffer.from(layoutSource) : readIfThere(`asm/include/${name}`);
      return bytes && { path: name, bytes };
    },
  },
});
const layoutWords = readElf(layoutObject, "layout.o").sections.find(({ name }) => name === ".text").content;
const taskLayout = Object.fromEntries(
  [...TASK_FIELDS, "TASK_CYCLES_HIGH", "TIMER_SET", "TIMER_DEADLINE"].map((name, index) => [
    name,
    Buffer.from(layoutWords).readUInt32LE(4 * index),
  ]),
);
const SECTOR_BYTES = 512;

/**
 * The disk as what differs from zeros: runs of sectors, each a copy from the ISO (the system is on both) or out of the
 * bytes that follow. The compressor looks back too little to find the same on its own.
 */
function diskRuns(disk, iso) {
  const known = new Map();
  const sectorOf = (bytes, at) => bytes.subarray(at, at + SECTOR_BYTES).toString("latin1");
  for (let at = 0; at + SECTOR_BYTES <= iso.length; at += SECTOR_BYTES) known.set(sectorOf(iso, at), at / SECTOR_BYTES);
  const zeros = "\0".repeat(SECTOR_BYTES);
  const runs = [];
  const own = [];
  for (let at = 0; at < disk.length; at += SECTOR_BYTES) {
    const bytes = Buffer.alloc(SECTOR_BYTES);
    disk.copy(bytes, 0, at, at + SECTOR_BYTES);
    const text = bytes.toString("latin1");
    if (text === zeros) continue;
    const sector = at / SECTOR_BYTES;
    const source = known.get(text) ?? -1;
    const last = runs.at(-1);
    const follows =
      last && last[0] + last[1] === sector && (source < 0 ? last[2] < 0 : last[2] >= 0 && last[2] + last[1] === source);
    if (follows) last[1]++;
    else runs.push([sector, 1, source]);
    if (source < 0) own.push(bytes);
  }
  return [
    { name: "disk runs", content: Buffer.from(JSON.stringify(runs)) },
    { name: "disk", content: Buffer.concat(own) },
  ];
}

/**
 * Where the ISO has rows of numbers of which each is near the one before, as [byte, how many]: tables of the kernel
 * (docs/formats/kernel-image.md). As differences they take an eighth of the room. That of lines has them already.
 */
function rowsOf(iso) {
  const { kernel, bootRecord, bootImageOffset } = inspectImage({
    sizeBytes: iso.length,
    read: (at, length) => iso.subarray(at, at + length),
  });
  const kernelAt = bootImageOffset + SECTOR_BYTES * bootRecord.kernelSector;
  const { relocations, symbols } = kernel.parts;
  return [
    [relocations.offset + 12, kernel.relocations],
    [symbols.offset + 12, kernel.symbols],
  ].map(([at, count]) => [kernelAt + at, count]);
}

/** The bytes, with rows as differences. */
function differences(bytes, rows) {
  const result = Buffer.from(bytes);
  for (const [at, count] of rows)
    for (let index = 1; index < count; index++) {
      const place = at + 4 * index;
      result.writeUInt32LE((bytes.readUInt32LE(place) - bytes.readUInt32LE(place - 4)) >>> 0, place);
    }
  return result;
}

const iso = await readFile(`${IMAGES}/qure.iso`);
const rows = rowsOf(iso);
const system = [
  { name: "firmware", content: await readFile("dist/firmware.bin") },
  { name: "starter", content: await readFile("dist/starter.bin") },
  { name: "iso", content: differences(iso, rows) },
  ...diskRuns(await readFile(`${IMAGES}/disks/qure-1.img`), iso),
];
const head = { ...PAGE_HEAD, taskLayout, rows };
await writeFile(join(OUT, "system.gz"), compressed(container(head, system)));
// A package has the sources as they are, and makes this of them (src/host/page-files.ts).
const sources = sourcesContainer(".");
await writeFile(join(OUT, "sources.gz"), compressed(sources));

/** A program as a compressed part. */
async function buildModule(name, entry) {
  const { outputFiles } = await build({ ...common, entryPoints: [entry], format: "esm", write: false });
  await writeFile(join(OUT, `${name}.gz`), compressed(outputFiles[0].contents));
}

/** Such a part, and the small script that loads it. */
async function buildPart(name, entry) {
  await buildModule(name, entry);
  const define = { ...common.define, PART: JSON.stringify(`${name}.gz`) };
  await build({
    ...common,
    define,
    entryPoints: ["src/page/load.ts"],
    outfile: join(OUT, `${name}.js`),
    format: "esm",
  });
}

await Promise.all([
  buildPart("page", "src/page/ui/main.tsx"),
  buildPart("worker", "src/page/worker/main.ts"),
  buildPart("builder", "src/page/worker/builder.ts"),
  buildModule("editor", "src/page/editor/editor.ts"),
  build({ ...common, entryPoints: ["src/page/style.css"], outfile: join(OUT, "style.css") }),
]);
for (const name of ["index.html", "icon.svg", "manifest.webmanifest"]) await cp(`src/page/${name}`, join(OUT, name));

await writeFile(join(OUT, "LICENSES"), await licencesOf(metafiles));

/** Loaded when somebody opens the editor. */
const LATER = ["sources.gz", "builder.gz", "builder.js", "editor.gz"];
const files = (await readdir(OUT)).sort();
const hash = createHash("sha256");
for (const name of files) hash.update(name).update(await readFile(join(OUT, name)));
const define = {
  PAGE_FILES: JSON.stringify(["./", ...files.filter((name) => !LATER.includes(name))]),
  LATER_FILES: JSON.stringify(LATER),
  PAGE_HASH: JSON.stringify(hash.digest("hex").slice(0, 16)),
};
await build({
  ...common,
  define,
  entryPoints: ["src/page/service-worker.ts"],
  outfile: join(OUT, "service-worker.js"),
  format: "iife",
});

putInPlace(IMAGES, BOOTED, join(work, "old images"));
putInPlace(OUT, PLACE, join(work, "old"));
writeStamp(PLACE, STAMP, hashOfSources);

let total = 0;
let all = 0;
for (const name of (await readdir(PLACE)).sort()) {
  const bytes = await readFile(join(PLACE, name));
  const sent = name.endsWith(".gz") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  if (!LATER.includes(name)) total += bytes.length;
  all += bytes.length;
  say(
    `${join(PLACE, name).padEnd(36)} ${String(bytes.length).padStart(8)} bytes, ${String(sent).padStart(7)} compressed`,
  );
}
say(
  `a first visit loads ${(total / 1000).toFixed(0)} kB from a host that compresses nothing, the editor ${((all - total) / 1000).toFixed(0)} kB more`,
);
