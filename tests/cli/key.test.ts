/** `qure key`, and what `qure build` and `qure inspect` do with keys: in a small system, as a person calls them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallSystem } from "../build/small-system.ts";
import { numberedSigner } from "../setup/signer.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { type Ended, qure as inProcess } from "./in-process.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-key-"));
  for (const [path, text] of smallSystem()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, "latin1");
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const qure = (...args: string[]): Promise<Ended> =>
  inProcess(args, { cwd: folder, env: { ...process.env, XDG_CONFIG_HOME: join(folder, "config") } });

const file = (name: string): Buffer => readFileSync(join(folder, name));

function writeKey(name: string, number: number): string {
  const { pem, key } = numberedSigner(number);
  writeFileSync(join(folder, name), pem);
  return Buffer.from(key).toString("hex");
}

describe("qure key sign", () => {
  test("makes a key that only its owner may read, and never takes the place of a file", async () => {
    const made = await qure("key", "sign", "new", "made/release.key");
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    if (process.platform !== "win32") expect(statSync(join(folder, "made/release.key")).mode & 0o777).toBe(0o600);
    const before = file("made/release.key");
    const again = await qure("key", "sign", "new", "made/release.key");
    expect(again).toMatchObject({ status: 1, stdout: "" });
    expect(again.stderr).toMatch(/^qure key: error: made\/release.key: is there already; remove it yourself/);
    expect(file("made/release.key")).toEqual(before);
    expect((await qure("key", "sign", "show", "made/release.key")).stdout).toBe(made.stdout);
    expect((await qure("key", "sign", "list", "made")).stdout).toBe(
      `${made.stdout.trim()}  ${join("made", "release.key")}\n`,
    );
    expect((await qure("key", "sign", "new", "made")).stderr).toMatch(/^qure key: error: made: is there already/);
  });

  test("has a place of its own for a key without a name", async () => {
    const made = await qure("key", "sign", "new");
    expect((await qure("key", "sign", "show")).stdout).toBe(made.stdout);
    const listed = JSON.parse((await qure("key", "sign", "list", "--json")).stdout) as unknown;
    expect(listed).toEqual([{ file: join(folder, "config/qure/sign.key"), key: made.stdout.trim() }]);
  });

  test("says what is no key", async () => {
    writeFileSync(join(folder, "words.key"), "no key\n");
    for (const name of ["words.key", "asm"]) expect((await qure("key", "sign", "show", name)).status).toBe(1);
    expect((await qure("key", "sign", "show", "words.key")).stderr).toBe(
      "qure key: error: words.key: expected a key of Ed25519 in PEM, as `qure key sign new` writes it\n",
    );
    expect((await qure("key", "sign", "show", "none.key")).stderr).toBe("qure key: error: none.key: no such file\n");
  });
});

describe("qure key sign follow", () => {
  test("writes a list that qure inspect reads and proves", async () => {
    const [old, next] = [writeKey("old.key", 1), writeKey("next.key", 2)];
    const more = `${"ab".repeat(31)}2b`;
    const args = ["key", "sign", "follow", "next.list", "next.key", more, "--by", "old.key", "--sequence", "7"];
    expect(await qure(...args, "--product", "small")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect((await qure("inspect", "next.list")).stdout).toBe(
      `next.list: trusted keys of small, number 7\n\n${next}\n${more}\n\nsigned by ${old}\n`,
    );
    expect(JSON.parse((await qure("inspect", "--json", "next.list")).stdout)).toEqual({
      product: "small",
      sequence: 7,
      keys: [next, more],
      signer: old,
    });
    writeFileSync(join(folder, "long.list"), Buffer.concat([file("next.list"), Buffer.from([0])]));
    expect((await qure("inspect", "long.list")).stderr).toMatch(
      /: byte 8 of the list of keys: expected the size of the file/,
    );
  });

  test.each(
    rowsOf(
      [
        [["a.list", "old.key"], 2, "give --by and --sequence"],
        [["a.list", "old.key", "--by", "old.key"], 2, "give --by and --sequence"],
        [["a.list", "old.key", "--by", "old.key", "--sequence", "0"], 2, "--sequence 0: not a whole number from 1"],
        [["a.list", ..."123456789"], 2, "a list has at most 8 keys"],
        [["a.list", "old.key", "--product", "A"], 2, "--product A: 1 to 31 letters"],
        [["a.list", "none.key"], 1, "none.key: no such file"],
      ] as const,
      2,
    ),
  )("%j is refused", async (args, status, said) => {
    writeKey("old.key", 1);
    const rest = said.includes("give") || said.includes("--sequence") ? [] : ["--by", "old.key", "--sequence", "1"];
    const ended = await qure("key", "sign", "follow", ...args, ...rest);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain(said);
    expect(existsSync(join(folder, "a.list"))).toBe(false);
  });
});

describe("qure build --sign", () => {
  thoroughly("puts a signature beside the image, which is the same without, and onto CD and disk", async () => {
    const key = writeKey("a.key", 1);
    expect((await qure("build", "-o", "plain", "--revision", "5")).status).toBe(0);
    const terms = ["--revision", "5", "--sign", "a.key", "--trust", "a.key"];
    for (const value of ["floor=3", "product=small"]) terms.push("--set", `signing.${value}`);
    const built = await qure("build", "-o", "signed", ...terms);
    expect(built).toMatchObject({ status: 0, stderr: "" });
    expect(built.stdout).toContain("kernel.sig");
    expect(existsSync(join(folder, "plain/kernel.sig"))).toBe(false);
    expect(file("signed/kernel.elf")).toEqual(file("plain/kernel.elf"));
    const [plain, signed] = [file("plain/qure.img"), file("signed/qure.img")];
    const at = signed.indexOf("QRSG");
    expect(at % 2048).toBe(0);
    expect(signed.subarray(0, at)).toEqual(plain.subarray(0, at));
    expect(signed.subarray(at, at + file("signed/kernel.sig").length)).toEqual(file("signed/kernel.sig"));
    expect((await qure("build", "-o", "again", ...terms)).status).toBe(0);
    expect(file("again/kernel.sig")).toEqual(file("signed/kernel.sig"));
    for (const name of ["kernel.sig", "qure.iso", "qure.img"])
      expect((await qure("inspect", `signed/${name}`)).stdout).toMatch(
        new RegExp(`Signature    small, revision 5, may be installed from revision 3 on\n[^]*by the key ${key}\n`),
      );
    expect(JSON.parse((await qure("inspect", "--json", "signed/qure.iso")).stdout)).toMatchObject({
      kind: "iso",
      signature: { product: "small", floor: 3, key, chunks: 1 },
      problems: [],
    });
  });

  test("a changed kernel or signature is named", async () => {
    writeKey("a.key", 1);
    await qure("build", "-o", "spoilt", "--sign", "a.key");
    const bytes = file("spoilt/qure.iso");
    const at = bytes.lastIndexOf("QUREKRNL");
    bytes[at + 100]! ^= 1;
    writeFileSync(join(folder, "spoilt/qure.iso"), bytes);
    const found = await qure("inspect", "spoilt/qure.iso");
    expect(found.status).toBe(1);
    expect(found.stderr).toMatch(/^qure inspect: error: spoilt\/qure.iso: the image differs .* in bytes 0 to \d+$/m);
    const signature = file("spoilt/kernel.sig");
    signature[130]! ^= 1;
    writeFileSync(join(folder, "spoilt/kernel.sig"), signature);
    expect(await qure("inspect", "spoilt/kernel.sig")).toMatchObject({
      status: 1,
      stderr:
        "qure inspect: error: spoilt/kernel.sig: byte 192 of the signature: expected a signature by its key of all before it\n",
    });
  });

  test("a build without a key leaves no signature of another kernel, and one that does not trust it says so", async () => {
    writeKey("a.key", 1);
    expect((await qure("build", "-o", "both", "--sign", "a.key")).stderr).toMatch(
      /^qure build: note: this kernel does not trust the key that signs it: --trust a.key has it install the next one$/m,
    );
    expect(existsSync(join(folder, "both/kernel.sig"))).toBe(true);
    expect((await qure("build", "-o", "both")).status).toBe(0);
    expect(existsSync(join(folder, "both/kernel.sig"))).toBe(false);
  });

  test.each(
    rowsOf(
      [
        [
          ["--sign", "a.key", "--revision", "4", "--set", "signing.floor=5"],
          1,
          /signing.floor is 5: higher than the revision, which is 4$/,
        ],
        [["--set", "signing.product=Large"], 1, /expected a name of 1 to 31 letters a to z, digits, \. and -, and got/],
        [["--set", 'signing.trust=["none.key"]'], 1, /none.key: no such file$/],
        [["--sign", "none.key"], 1, /none.key: no such file$/],
        [["--sign", "words.key"], 1, /words.key: expected a private key of Ed25519 in PEM/],
        [["--trust", "words.key"], 1, /words.key: expected a key of Ed25519 in PEM/],
        [["--trust", "00".repeat(32)], 1, /0000: no public key of Ed25519$/],
        [
          Array.from({ length: 9 }, () => ["--trust", "ab".repeat(32)]).flat(),
          2,
          /--trust: at most 8 keys, with those of signing.trust$/,
        ],
      ] as const,
      3,
    ),
  )("%j is refused", async (args, status, said) => {
    writeKey("a.key", 1);
    writeFileSync(join(folder, "words.key"), "no key\n");
    const ended = await qure("build", "-o", "refused", ...args);
    expect(ended.status).toBe(status);
    expect(ended.stderr.trimEnd()).toMatch(said);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});
