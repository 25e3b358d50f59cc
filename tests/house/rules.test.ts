/** The rules of the house that a program can check. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { shared } from "../setup/shared.ts";

const root = join(import.meta.dirname, "../..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const typescript = files.filter((path) => /\.tsx?$/.test(path));
/** What must also run in a browser. */
const core = typescript.filter((path) =>
  /^(emulator|src\/(bytes|isa|diagnostic|object|assembler|linker|binutils|image|build|disk|wire|cloud|monitor|plan|host\/places|platform\.d|lab\/(?!lab\.ts)))/.test(
    path,
  ),
);

/** Without comments and strings, so that prose may speak of what code must not do. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (match) =>
    match.replace(/[^\n]/g, " "),
  );
}

function importsOf(path: string): string[] {
  return [...read(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"\s]+)"/g)].map((match) => match[1]!);
}

/** Lines of the code of `paths` that match, as `file:line: text`. */
function offenders(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    code(read(path))
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

/** Packages that the core may import, since they need nothing but the language: a browser runs them too. */
const PORTABLE_PACKAGES: ReadonlySet<string> = new Set(["fflate"]);

/**
 * The emulator and src/lab as a browser has them, in a world without Node's globals, and the files that they are of.
 */
const browser = shared(async () => {
  const contents = `
    export { assemble } from "./src/assembler/assemble.ts";
    export { Machine } from "./emulator/machine.ts";
    export { inflatingCompressor } from "./src/lab/inflate.ts";
    export { LabCluster } from "./src/lab/cluster.ts";
    export { restoreWith } from "./src/lab/restore.ts";`;
  const bundle = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "qure",
    write: false,
    logLevel: "silent",
    metafile: true,
  });
  const inputs = Object.keys(bundle.metafile.inputs).filter((path) => path !== "<stdin>");
  const context = createContext({ WebAssembly, TextEncoder, TextDecoder });
  runInContext(`${bundle.outputFiles[0]!.text}; globalThis.qure = qure;`, context);
  return { inputs, context };
});

describe("house rules", () => {
  test("nothing under emulator/ reads a clock, a random source or a timer of the host", () => {
    const emulator = core.filter((path) => path.startsWith("emulator/"));
    expect(
      offenders(
        emulator,
        /\bDate\b|\bperformance\b|Math\.random|hrtime|set(Timeout|Interval|Immediate)|queueMicrotask|\bcrypto\b/,
      ),
    ).toEqual([]);
  });

  test("the core uses no API of Node", () => {
    expect(
      core.flatMap((path) =>
        importsOf(path)
          .filter((name) => !name.startsWith(".") && !PORTABLE_PACKAGES.has(name))
          .map((name) => `${path} imports ${name}`),
      ),
    ).toEqual([]);
    expect(offenders(core, /\bprocess\.|\bBuffer\b|(?<![#.])\brequire\(|__dirname|import\.meta/)).toEqual([]);
  });

  test("imports go the way docs/architecture.md gives: the ground floor knows nobody, and only the command line knows all", () => {
    /** Folder -> the folders it may import from, and all may from src/bytes. */
    const NO_NODE = ["isa", "diagnostic", "object", "build", "image", "disk", "wire", "cloud", "lab", "plan"].map(
      (name) => `src/${name}`,
    );
    const allowed: Readonly<Record<string, readonly string[]>> = {
      "src/bytes": [],
      "src/isa": [],
      "src/diagnostic": [],
      "src/object": [],
      "src/assembler": ["src/isa", "src/diagnostic", "src/object"],
      "src/assembler/model": ["src/isa", "src/diagnostic", "src/object"],
      "src/assembler/read": ["src/assembler/model", "src/isa", "src/object"],
      "src/assembler/write": ["src/assembler/model", "src/isa", "src/diagnostic", "src/object"],
      "src/assembler/directives": ["src/assembler/read", "src/assembler/model", "src/isa", "src/object"],
      "src/linker": ["src/diagnostic", "src/object"],
      "src/binutils": ["src/isa", "src/object"],
      "src/image": ["src/diagnostic", "src/object", "src/linker", "src/disk"],
      "src/build": ["src/isa", "src/diagnostic", "src/object", "src/assembler", "src/linker", "src/image", "src/disk"],
      "src/spec": ["src/diagnostic", "src/plan/fields.ts", "src/build", "src/image", "src/vm"],
      "src/disk/oofs": ["src/disk/device.ts", "src/disk/error.ts", "src/diagnostic"],
      "src/disk/fat": ["src/disk/device.ts", "src/disk/error.ts", "src/disk/oofs", "src/diagnostic"],
      "src/disk": ["src/diagnostic"],
      "src/wire": ["emulator"],
      "src/cloud": ["emulator", "src/wire"],
      emulator: ["src/isa"],
      "src/host": ["emulator", "src/isa", "src/version.ts", "src/diagnostic", "src/volume", "src/backup"],
      "src/volume": ["src/diagnostic"],
      "src/backup": ["src/diagnostic", "src/volume"],
      "src/lab": ["emulator", "src/host", "src/isa"],
      "src/monitor": ["emulator", "src/lab", "src/isa"],
      "src/vm": [
        "emulator",
        "src/cloud",
        "src/diagnostic",
        "src/host",
        "src/lab",
        "src/monitor",
        "src/volume",
        "src/wire",
      ],
      "src/plan": ["emulator", "src/host/places.ts", "src/lab"],
      "src/chaos": [
        "emulator",
        "src/assembler/assemble.ts",
        "src/cloud",
        "src/disk",
        "src/host",
        "src/image",
        "src/lab",
        "src/object",
        "src/plan",
        "src/wire",
      ],
      "src/page": ["emulator", ...NO_NODE],
    };
    const wrong: string[] = [];
    for (const [folder, others] of Object.entries(allowed)) {
      for (const path of typescript.filter((file) => file.startsWith(`${folder}/`))) {
        for (const name of importsOf(path).filter((imported) => imported.startsWith("."))) {
          const target = normalize(join(dirname(path), name));
          if (![folder, "src/bytes", ...others].some((place) => target === place || target.startsWith(`${place}/`)))
            wrong.push(`${path} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test("exported signatures have no any", () => {
    expect(
      offenders(
        typescript.filter((path) => !path.startsWith("tests/")),
        /:\s*any\b|<any>|\bas any\b|any\[\]/,
      ),
    ).toEqual([]);
  });

  test("paths in the project are relative", () => {
    const text = files.filter((path) => /\.(ts|mjs|s|inc|md|json|ld)$/.test(path) && path !== "package-lock.json");
    const absolute = text.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) =>
          /(^|[\s"'`(])\/(work|home|root|Users)\//.test(line) ? [`${path}:${index + 1}`] : [],
        ),
    );
    expect(absolute.filter((place) => !place.startsWith(relative(root, import.meta.filename)))).toEqual([]);
  });

  test("pages have lines of at most 120 columns, but for what programs print", () => {
    const pages = files.filter((path) => /^(?:[A-Z]+\.md$|docs\/)/.test(path) && path.endsWith(".md"));
    const wide = pages.flatMap((path) =>
      read(path)
        .replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ""))
        .split("\n")
        .flatMap((line, index) => (line.length > 120 ? [`${path}:${index + 1}: ${line.length} columns`] : [])),
    );
    expect(wide).toEqual([]);
  });

  test("comments have lines of at most 120 columns, if there is a space to break them at", () => {
    const sources = files.filter((path) => /\.(ts|tsx|mts|mjs|s|inc|ld)$/.test(path));
    const wide = sources.flatMap((path) => {
      const comment = /\.(s|inc)$/.test(path) ? /^\s*#\s*\S+\s/ : /^\s*(?:\/\/|\/\*\*?|\*)\s*\S+\s/;
      return read(path)
        .split("\n")
        .flatMap((line, index) =>
          line.length > 120 && comment.test(line) && !line.includes("biome-ignore") ? [`${path}:${index + 1}`] : [],
        );
    });
    expect(wide).toEqual([]);
  });

  test("tests are neither skipped nor singled out in the source", () => {
    const tests = typescript.filter((path) => path.startsWith("tests/"));
    expect(offenders(tests, /\b(it|test|describe)\.(only|skip|todo)\b/)).toEqual([]);
  });

  test("tests share a machine by `shared`, which has it made anew for each planted fault", () => {
    const guests = typescript.filter((path) => /^tests\/(guest|system)\/.*\.test\.ts$/.test(path));
    expect(offenders(guests, /^\s*let \w+: Promise</)).toEqual([]);
  });

  test("boot images, disks and build outputs are not committed", () => {
    const committed = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
    expect(
      committed.filter((path) =>
        /\.(iso|img|vmdk|elf|o|bin|qcow2|pcapng)$|^(dist|build|node_modules)(\/|$)/.test(path),
      ),
    ).toEqual([]);
  });

  test("the emulator, bundled for a browser, boots a machine without Node's globals", async () => {
    const { context } = await browser();
    expect(runInContext(BROWSER_PROGRAM, context) as string).toBe("hello from the reset vector");
  });

  test("src/lab, bundled for a browser, runs, saves and restores a cluster with the digests of Node", async () => {
    const { inputs, context } = await browser();
    const portable = (path: string): boolean => PORTABLE_PACKAGES.has(/^node_modules\/([^/]+)/.exec(path)?.[1] ?? "");
    expect(inputs.filter((path) => !core.includes(path) && !portable(path))).toEqual([]);
    const result = (await runInContext(LAB_PROGRAM, context)) as { digests: string[]; text: string };
    expect(result.text).toContain("hello from the reset vector");
    expect(new Set(result.digests).size).toBe(1);
  });
});

/** Assembles a ROM that says hello on COM1. */
const ROM = `
  const source = ".intel_syntax noprefix\\n.code16\\n start: mov si, offset text - start\\n next: cs lodsb\\n test al, al\\n jz done\\n mov ah, al\\n mov dx, 0x3fd\\n wait: in al, dx\\n test al, 0x20\\n jz wait\\n mov al, ah\\n mov dx, 0x3f8\\n out dx, al\\n jmp next\\n done: hlt\\n jmp done\\n" +
    "text: .asciz \\"hello from the reset vector\\"\\n .org 0xfff0\\n jmp start\\n .org 0x10000\\n";
  const encoder = new TextEncoder();
  const files = { read: (path) => path === "rom.s" ? { path, bytes: encoder.encode(source) } : null };
  const { object, diagnostics } = qure.assemble({ path: "rom.s", files });
  if (!object) return JSON.stringify(diagnostics);
  const view = new DataView(object.buffer, object.byteOffset);
  const headers = view.getUint32(32, true), count = view.getUint16(48, true);
  let rom = null;
  for (let i = 0; i < count; i++) {
    const at = headers + 40 * i;
    if (view.getUint32(at + 20, true) === 0x10000) rom = object.slice(view.getUint32(at + 16, true), view.getUint32(at + 16, true) + 0x10000);
  }
`;

/** Powers a machine that has nothing else. */
const BROWSER_PROGRAM = `
(() => {
  ${ROM}
  let text = "";
  const machine = new qure.Machine({ name: "browser", ramBytes: 1 << 20, firmware: rom, ide: [], network: [], rtcStartSeconds: 0, characterOutput: (port, byte) => { text += String.fromCharCode(byte); } });
  machine.runUntil(50e6);
  return text;
})()`;

/** Two of them in a cluster: run at once, in pieces, and from a snapshot on. */
const LAB_PROGRAM = `
(async () => {
  ${ROM}
  const host = { compressor: qure.inflatingCompressor, nowMs: () => 0, turn: async () => {}, liveDisk: (machine, disk) => disk };
  const make = () => new qure.LabCluster({ host, firmware: rom, nodes: [{ ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }] });
  const whole = make();
  await whole.advance("50ms");
  const pieces = make();
  await pieces.advance("1ms");
  const restored = qure.restoreWith(pieces.save(), { host }, (options) => new qure.LabCluster(options));
  await pieces.advance("49ms");
  await restored.advance("49ms");
  return { digests: [whole, pieces, restored].map((lab) => lab.digest()), text: whole.nodes[0].console.text };
})()`;
