/** tar: GNU's reads what it makes, it reads what GNU's makes, and an archive that is wrong harms nothing. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const BLOCK = 512;
const LONG = `${"long-".repeat(12)}/${"name-".repeat(12)}/${"file-".repeat(12)}`;

/** Files of the archives, by their names. */
const FILES: ReadonlyMap<string, string> = new Map([
  ["d/one", "1\n"],
  ["d/e/two", "two\n".repeat(1000)],
  ["d/empty", ""],
  [LONG, "long\n"],
]);

const env = { PATH: "/usr/bin:/bin", LC_ALL: "C" };

/** An archive of the files by GNU tar. */
function byGnu(format: "ustar" | "gnu" | "pax"): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "qure-tar-"));
  try {
    for (const [name, content] of FILES) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return new Uint8Array(execFileSync("tar", [`--format=${format}`, "-cf", "-", "d", LONG], { cwd: folder, env }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The header of an entry, with a right sum unless it is `damaged`. */
function header(name: string, size: string, kind = "0", damaged = false): Uint8Array {
  const bytes = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => bytes.set(Buffer.from(text, "latin1"), at);
  put(0, name);
  put(124, size);
  put(148, " ".repeat(8));
  put(156, kind);
  put(257, "ustar\x0000");
  const sum = bytes.reduce((all, byte) => all + byte, damaged ? 1 : 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return bytes;
}

const octal = (bytes: number): string => `${bytes.toString(8).padStart(11, "0")}\0`;
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const text = (value: string): Uint8Array => new Uint8Array(Buffer.concat([Buffer.from(value)], BLOCK));

const DAMAGED = "data is damaged or of another format";

/** Archive, and what is said when it is unpacked. */
const WRONG: readonly (readonly [name: string, archive: Uint8Array, said: string])[] = [
  [
    "up",
    joined(header("../x", octal(2)), text("x\n"), header("good", octal(5)), text("good\n")),
    "../x: not permitted\n",
  ],
  ["root", header("/x", octal(0)), "/x: not permitted\n"],
  ["within", header("d/../../x", octal(0)), "d/../../x: not permitted\n"],
  ["unnamed", header("", octal(0)), "(no name): not permitted\n"],
  ["link", header("x", octal(0), "2"), "x: not supported\n"],
  ["sum", header("x", octal(0), "0", true), `sum: ${DAMAGED}\n`],
  ["short", joined(header("x", octal(2000)), text("x")), `short: ${DAMAGED}\n`],
  ["half", header("x", octal(0)).slice(0, 300), `half: ${DAMAGED}\n`],
  ["large", header("x", "\x80\0\0\0\x7f\0\0\0\0\0\0\0"), "large: too long\n"],
  ["far", header("x", octal(2 ** 33 - 1)), `far: ${DAMAGED}\n`],
  ["words", text("no archive\n"), `words: ${DAMAGED}\n`],
  ["below", joined(header("good", octal(5)), text("good\n"), header("good/x", octal(0))), "good/x: not a directory\n"],
];

async function node(): Promise<LabNode> {
  const lab = await inState("a volume with archives", async () => {
    const disk = diskWith(
      new Map([
        ["ustar", byGnu("ustar")],
        ["gnu", byGnu("gnu")],
        ["pax", byGnu("pax")],
        ...WRONG.map(([name, archive]) => [name, archive] as const),
      ]),
    );
    const booted = boot({ nodes: [{ cdrom: images().iso, disk, ramBytes: 16 << 20 }], gateway: false });
    const one = booted.nodes[0]!;
    await one.waitFor(PROMPT);
    await booted.advance("100ms");
    for (const line of ["service stop network", "umount /net", "mount hda0 /a", "cd /a"]) await one.enter(line, PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

/** The bytes of a file, as hexdump shows them. */
async function bytesOf(one: LabNode, path: string): Promise<Uint8Array> {
  const rows = (await output(one, `hexdump ${path}`)).split("\n");
  return new Uint8Array(
    rows.flatMap((row) => row.slice(9, 59).match(/[0-9a-f]{2}/g) ?? []).map((two) => parseInt(two, 16)),
  );
}

test("unpacks what GNU tar makes, and makes the same again", async () => {
  const one = await node();
  const names = [...FILES.keys()];
  for (const format of ["ustar", "gnu", "pax"] as const) {
    await output(one, `mkdir ${format}.d; cd ${format}.d`);
    expect(await output(one, `tar xf ../${format}; echo $?`)).toBe("0\n");
    expect(await output(one, `cat d/one; sha256sum < d/e/two; wc -c d/empty; cat ${LONG}`)).toBe(
      `1\n${execFileSync("sha256sum", { input: FILES.get("d/e/two")!, encoding: "utf8" })}      0 d/empty\nlong\n`,
    );
    const listed = (await output(one, `tar tf ../${format}`)).trim().split("\n");
    expect(listed.filter((name) => !name.endsWith("/")).sort()).toEqual(names.toSorted());
    await output(one, "cd /a");
  }
  await output(one, `cd gnu.d; tar cf ../made d ${LONG}; cd /a; mkdir again; cd again; tar -xf ../made; cd /a`);
  expect(await output(one, "sha256sum gnu.d/d/e/two again/d/e/two | cut -c -64 | uniq -c")).toMatch(/^ +2 /);
});

test("makes what GNU tar reads", async () => {
  const one = await node();
  await output(one, `mkdir g; cd g; tar xf ../gnu; tar cf ../made d/one d/empty ${LONG}; cd /a`);
  const archive = await bytesOf(one, "/a/made");
  const listed = execFileSync("tar", ["-tvf", "-"], { input: archive, env, encoding: "utf8" });
  expect(
    listed
      .split("\n")
      .map((row) => row.replace(/ +/g, " ").split(" "))
      .map(([mode, owner, size, , , name]) => [mode, owner, size, name]),
  ).toEqual([
    ["-rw-r--r--", "0/0", "2", "d/one"],
    ["-rw-r--r--", "0/0", "0", "d/empty"],
    ["-rw-r--r--", "0/0", "5", LONG],
    ["", undefined, undefined, undefined],
  ]);
  expect(execFileSync("tar", ["-xOf", "-", LONG], { input: archive, env, encoding: "utf8" })).toBe("long\n");
});

test("refuses what is wrong, and leaves what is there", async () => {
  const one = await node();
  await output(one, "mkdir w; cd w");
  const before = await output(one, "handles");
  for (const [name, , said] of WRONG) {
    await output(one, "echo mine > x");
    const printed = await output(one, `tar xf ../${name}; echo $?`);
    expect.soft(printed.replaceAll(`../${name}`, name), name).toBe(`${said}1\n`);
    expect.soft(await output(one, "cat x; find . part; ls /a/x"), name).toBe("mine\n/a/x: not found\n");
  }
  expect(await output(one, "cat good")).toBe("good\n");
  expect(await output(one, "tar xf ../none; tar cf /none/x w; tar cf t none ../gnu; tar tf t; tar cxf t x")).toBe(
    [
      "../none: not found\n/none/x: not mounted\nnone: not found\n../gnu: not permitted\n",
      "usage: tar c|x|t[v][f ARCHIVE] [PATH...]\n",
    ].join(""),
  );
  expect(await output(one, "handles")).toBe(before);
});
