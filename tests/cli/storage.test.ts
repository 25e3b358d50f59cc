/** `qure storage` as people call it, with roles that are processes of their own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openStore } from "../../src/host/volume-place.ts";
import { thoroughly } from "../setup/thoroughly.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
// Sockets have short names.
const folder = mkdtempSync("/tmp/qs-");
mkdirSync(join(folder, "run"));
const env = { ...process.env, XDG_RUNTIME_DIR: join(folder, "run"), QURE_STORAGE_CONFIG: join(folder, "s.conf") };
writeFileSync(
  join(folder, "s.conf"),
  `roles = [('blockerb', 'blocker'), ('mapperd', 'mapper')]
blockerb = { 'portno': 0, 'archip_dir': 'data', 'nr_threads': 2 }
mapperd = { 'portno': 1, 'blockerb_port': 0, 'blockerm_port': 0, 'log_level': 2 }
`,
);

function storage(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync("node", [bundle, "storage", ...args], { cwd: folder, env, encoding: "utf8" });
}
const states = (output: string): string[] =>
  output.split("\n").flatMap((line) => line.split(/ +/).slice(0, 3).join(" ") || []);

afterAll(() => {
  storage("stop");
  rmSync(folder, { recursive: true, force: true });
});

/** The process that serves a role: the one whose command line says so. */
function processOf(role: string): number {
  const found = readdirSync("/proc").filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/cmdline`, "utf8").includes(`storage\0serve\0${role}\0--config\0${folder}`)
      );
    } catch {
      return false;
    }
  });
  expect(found).toHaveLength(1);
  return Number(found[0]);
}

test("roles are started, killed, found out, started again and stopped, and what was written stays", async () => {
  expect(states(storage("status").stdout)).toEqual(["blockerb blocker stopped", "mapperd mapper stopped"]);
  const started = storage("start");
  expect([started.stderr, started.status]).toEqual(["", 0]);
  expect(states(started.stdout)).toEqual(["blockerb blocker running", "mapperd mapper running"]);
  const store = await openStore("role:mapperd", env);
  await store.write("object/a/1/0", 0, Uint8Array.of(1), { isDurable: false });
  process.kill(processOf("blockerb"), "SIGKILL");
  process.kill(processOf("mapperd"), "SIGKILL");
  expect(states(storage("status", "-u").stdout)).toEqual(["blockerb blocker stopped", "mapperd mapper stopped"]);
  expect(storage("start").status).toBe(0);
  await store.write("object/a/1/0", 1, Uint8Array.of(2), { isDurable: true });
  expect((await store.read("object/a/1/0"))!.bytes).toEqual(Uint8Array.of(1, 2));
  const [shown] = JSON.parse(storage("restart", "mapperd", "--json").stdout) as {
    state: string;
    status: { place: string };
  }[];
  expect(shown).toMatchObject({
    state: "running",
    status: { place: expect.stringMatching(/^role blockerb \(folder /) },
  });
  expect((await store.read("object/a/1/0"))!.bytes).toEqual(Uint8Array.of(1, 2));
  expect(states(storage("stop").stdout)).toEqual(["mapperd mapper stopped", "blockerb blocker stopped"]);
  const [run] = readdirSync(join(folder, "run"));
  const log = (name: string): string => readFileSync(join(folder, "run", run!, `${name}.log`), "utf8");
  expect(log("mapperd")).toMatch(/^\S+Z info: serves role blockerb \(folder .*\) at port 1\n/);
  expect(log("mapperd").trim()).toMatch(/info: asked to stop\n\S+ info: stopped$/);
  expect(log("blockerb")).toBe("");
});

thoroughly("a role that is stuck is told from one that runs and one that does not", () => {
  storage("start", "blockerb");
  const id = processOf("blockerb");
  process.kill(id, "SIGSTOP");
  expect(states(storage("status", "--timeout", "1").stdout)).toEqual(["blockerb blocker no", "mapperd mapper stopped"]);
  expect(storage("stop", "blockerb", "--timeout", "1")).toMatchObject({
    status: 1,
    stderr: "qure storage: error: blockerb listens, and does not answer: end its process by hand\n",
  });
  process.kill(id, "SIGCONT");
  // As an init system stops it.
  process.kill(id, "SIGTERM");
  let isThere = true;
  while (isThere) isThere = storage("status", "blockerb").stdout.includes("running");
  expect(readdirSync(join(folder, "run")).flatMap((name) => readdirSync(join(folder, "run", name)))).not.toContain(
    "port-0",
  );
});

test("errors are one line that says where and what to do", () => {
  expect(storage("start", "nobody")).toMatchObject({
    status: 2,
    stderr: `qure storage: error: ${join(folder, "s.conf")} has no role nobody: it has blockerb, mapperd\n`,
  });
  writeFileSync(join(folder, "bad.conf"), "roles = []\nSEGMENT_SIZE = 512\n");
  expect(storage("start", "--config", "bad.conf")).toMatchObject({
    status: 1,
    stderr:
      "bad.conf:2:1: error: SEGMENT_SIZE has no meaning here, leave it out: roles speak over sockets, and there is no shared segment\n",
  });
  expect(storage("status", "--config", "none.conf").stderr).toBe("qure storage: error: none.conf: no such file\n");
  writeFileSync(join(folder, "file.conf"), "roles = [('b', 'blocker')]\nb = { 'portno': 0, 'archip_dir': 's.conf' }\n");
  expect(storage("start", "--config", "file.conf")).toMatchObject({
    status: 1,
    stderr: `qure storage: error: b does not start: ${join(folder, "s.conf")} is a file, not a folder with volumes\n`,
  });
});
