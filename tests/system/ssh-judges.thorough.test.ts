/**
 * SSH as others have it: OpenSSH's ssh, scp and sftp, PuTTY's plink and psftp, and ssh-audit, at a node whose disk was
 * made with the one known key. No option says more than which key, and where hosts are remembered.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { type LabCluster, openPort } from "../../src/index.ts";
import { requireOracle, type SkippableContext } from "../oracle.ts";
import { PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

const FILE_BYTES = 300_000;
const content = Uint8Array.from(
  { length: FILE_BYTES },
  (
    (random) => () =>
      random.below(256)
  )(new Random(1)),
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-ssh-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly status: number;
  readonly out: string;
}

/** Runs a program of this host while the node runs. */
async function run(lab: LabCluster, program: string, words: readonly string[], input = ""): Promise<Ran> {
  const child = spawn(program, words, {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, HOME: folder },
  });
  let out = "";
  let status: number | null = null;
  child.stdout.on("data", (piece) => (out += String(piece)));
  child.stderr.on("data", (piece) => (out += String(piece)));
  child.on("close", (code) => (status = code ?? 255));
  child.stdin.end(input);
  await lab.until(() => status !== null, `${program} does not end`, { within: "600s" });
  return { status: status!, out };
}

interface Place {
  readonly lab: LabCluster;
  readonly port: string;
  readonly fingerprint: string;
}

/** A node with a volume, a key of this host's ssh-keygen that it knows, and what it says of its own. */
async function place(context: SkippableContext): Promise<Place> {
  const keygen = requireOracle("ssh-keygen", context);
  const lab = await nodeWithVolume([], { place: "/net" });
  const node = lab.nodes[0]!;
  expect((await run(lab, keygen, ["-q", "-t", "ed25519", "-N", "", "-C", "judge", "-f", "id"])).status).toBe(0);
  await node.enter(`ssh-key add ${readFileSync(join(folder, "id.pub"), "utf8").trim()}`, PROMPT);
  const fingerprint = /SHA256:\S+/.exec(await output(node, "ssh-key host"))![0];
  await node.enter("cd /net", PROMPT);
  lab.realtime = true;
  writeFileSync(join(folder, "file"), content);
  return { lab, port: String((await openPort(lab, "0:22")).ports[0]!), fingerprint };
}

const KEYS = [
  "-F",
  "none",
  "-i",
  "id",
  "-o",
  "IdentitiesOnly=yes",
  "-o",
  "UserKnownHostsFile=known",
  "-o",
  "StrictHostKeyChecking=accept-new",
];
const HOST = "root@127.0.0.1";
const got = (name: string): boolean => Buffer.from(content).equals(readFileSync(join(folder, name)));

test("OpenSSH's ssh: commands, input, status, the host's fingerprint, keys anew on the way", async (context) => {
  const ssh = requireOracle("ssh", context);
  const { lab, port, fingerprint } = await place(context);
  const at = [...KEYS, "-p", port, HOST];
  const first = await run(lab, ssh, [...at, "echo hello; test 1 = 2"]);
  expect({ ...first, out: first.out.replace(/^Warning[^\n]*\n/, "") }).toEqual({ status: 1, out: "hello\n" });
  expect((await run(lab, "ssh-keygen", ["-lf", "known"])).out).toContain(fingerprint);
  expect(await run(lab, ssh, [...at, "wc -c"], "twelve bytes")).toEqual({
    status: 0,
    out: expect.stringMatching(/\b12\b/),
  });
  expect(await run(lab, ssh, ["-T", ...at], "echo of a script\nexit 3\n")).toEqual({ status: 3, out: "of a script\n" });
  expect(
    await run(lab, ssh, ["-o", "RekeyLimit=32K", ...at, "cat > up"], Buffer.from(content).toString("hex")),
  ).toEqual({
    status: 0,
    out: "",
  });
  const back = await run(lab, ssh, ["-o", "RekeyLimit=32K", ...at, "cat up"]);
  expect(back.out === Buffer.from(content).toString("hex")).toBe(true);
  const shell = await run(lab, ssh, ["-tt", ...at], "console size\rexit\r");
  expect(shell.out).toMatch(/80 columns, 24 rows/);
  // Whoever has another key stays out.
  await run(lab, "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "other"]);
  const stranger = await run(lab, ssh, [...at.map((word) => (word === "id" ? "other" : word)), "echo in"]);
  expect(stranger).toEqual({ status: 255, out: expect.stringContaining("Permission denied (publickey)") });
});

test("OpenSSH's ControlMaster: commands, input and files go beside each other over one connection", async (context) => {
  const [ssh, scp] = [requireOracle("ssh", context), requireOracle("scp", context)];
  const { lab, port } = await place(context);
  const shared = [...KEYS, "-o", "ControlPath=control"];
  const at = [...shared, "-p", port, HOST];
  expect((await run(lab, ssh, ["-M", "-f", "-N", ...at])).status).toBe(0);
  const all = await Promise.all([
    run(lab, ssh, [...at, "sleep 2; echo first; test 1 = 2"]),
    run(lab, ssh, [...at, "wc -c"], "twelve bytes"),
    run(lab, scp, ["-q", ...shared, "-P", port, "file", `${HOST}:far`]),
    run(lab, ssh, ["-T", ...at], "sleep 1\necho of a script\nexit 3\n"),
  ]);
  expect(all.map(({ status }) => status)).toEqual([1, 0, 0, 3]);
  expect(all[0]!.out).toBe("first\n");
  expect(all[3]!.out).toBe("of a script\n");
  expect((await run(lab, scp, ["-q", ...shared, "-P", port, `${HOST}:far`, "near"])).status).toBe(0);
  expect(got("near")).toBe(true);
  const shell = await run(lab, ssh, ["-tt", ...at], "console size\rexit\r");
  expect(shell.out).toMatch(/80 columns, 24 rows/);
  // All went by one connection.
  expect((await output(lab.nodes[0]!, "log ssh")).match(/root from/g)).toHaveLength(1);
  expect((await run(lab, ssh, ["-O", "exit", ...at])).status).toBe(0);
});

test("OpenSSH's scp and sftp: there and back, folders, names, and what was cut off goes on", async (context) => {
  const [scp, sftp] = [requireOracle("scp", context), requireOracle("sftp", context)];
  const { lab, port } = await place(context);
  const at = ["-q", ...KEYS, "-P", port];
  expect(await run(lab, scp, [...at, "file", `${HOST}:far`])).toEqual({ status: 0, out: "" });
  expect(await run(lab, scp, [...at, `${HOST}:/net/far`, "near"])).toEqual({ status: 0, out: "" });
  expect(got("near")).toBe(true);
  writeFileSync(join(folder, "part"), content.subarray(0, 100_000));
  writeFileSync(join(folder, "near2"), content.subarray(0, 50_000));
  const script = [
    "mkdir d",
    "put part d/far",
    "reput file d/far",
    "reget d/far near2",
    "rename d/far d/other",
    "ls -l d",
    "get d/other near3",
    "-rmdir d",
    "rm d/other",
    "rmdir d",
    "-get d/other near4",
    "",
  ];
  writeFileSync(join(folder, "script"), script.join("\n"));
  const told = await run(lab, sftp, [...at, "-b", "script", HOST]);
  expect(told.status).toBe(0);
  expect(told.out).toMatch(/-rw-r--r-- 1 qure qure +300000 20\d\d-.*other/);
  expect(told.out).toMatch(/not empty|Failure/i);
  expect(got("near2")).toBe(true);
  expect(got("near3")).toBe(true);
});

test("PuTTY's plink and psftp", async (context) => {
  const [plink, psftp] = [requireOracle("plink", context), requireOracle("psftp", context)];
  const puttygen = requireOracle("puttygen", context);
  const { lab, port, fingerprint } = await place(context);
  expect((await run(lab, puttygen, ["id", "-O", "private", "-o", "id.ppk"])).status).toBe(0);
  const at = ["-batch", "-P", port, "-i", "id.ppk", "-hostkey", fingerprint];
  const ran = await run(lab, plink, ["-ssh", ...at, HOST, "echo hello; test 1 = 2"]);
  expect(ran).toEqual({ status: 1, out: expect.stringContaining("hello") });
  writeFileSync(join(folder, "script"), "put file far\nget far near\nrm far\nquit\n");
  expect((await run(lab, psftp, [...at, "-b", "script", HOST])).status).toBe(0);
  expect(got("near")).toBe(true);
});

test("ssh-audit finds nothing weak", async (context) => {
  const audit = requireOracle("ssh-audit", context);
  const { lab, port } = await place(context);
  const { out } = await run(lab, audit, ["-n", "-p", port, "127.0.0.1"]);
  expect(out).toContain("(kex) curve25519-sha256");
  // ssh-audit 2.5 does not know the sign of kex-strict, which is no exchange.
  const complaints = out
    .split("\n")
    .filter((line) => /\[(?:warn|fail)\]/.test(line) && !line.includes("kex-strict-s-v00"));
  expect(complaints).toEqual([]);
});
