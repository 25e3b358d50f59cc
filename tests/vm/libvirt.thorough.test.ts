/** Machines at a real libvirt of this host, on one Ethernet with the emulator's: `qure vm` as people call it. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "../../src/host/folder.ts";
import { requireLibvirt, requireOracle } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
const folder = mkdtempSync(join(tmpdir(), "qure-libvirt-"));
mkdirSync(join(folder, "run"), 0o700);
const env = {
  ...process.env,
  QURE_STORE: join(folder, "volumes"),
  QURE_MACHINES: join(folder, "machines"),
  XDG_RUNTIME_DIR: join(folder, "run"),
  XDG_STATE_HOME: join(folder, "state"),
};

afterAll(() => {
  qure("stop", "--kill", "all");
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) =>
  spawnSync("node", [bundle, ...args], { cwd: folder, env, encoding: "utf8" });
const qure = (...args: readonly string[]) => run("vm", ...args);

/** What it prints, when it succeeds. */
function done(...args: readonly string[]): string {
  const { status, stdout, stderr } = qure(...args);
  expect(`${status} ${status === 0 ? "" : stderr}`).toBe("0 ");
  return stdout;
}

interface Listed {
  readonly owner: { readonly pid: number } | null;
  readonly machines: readonly { readonly machine: string; readonly state: string; readonly id: string }[];
}
const listed = (): Listed => JSON.parse(done("list", "--json")) as Listed;
const stateOf = (name: string): string => listed().machines.find(({ machine }) => machine === name)!.state;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setTimeout(next, 100));
}

test("a machine at libvirt is on the cluster's Ethernet, and does all that others do", async (context) => {
  const uri = requireLibvirt(context);
  const virsh = (...args: readonly string[]): string =>
    spawnSync("virsh", ["-q", "-c", uri, ...args], { encoding: "utf8" }).stdout.trim();
  expect(run("build", "--packaged").status).toBe(0);
  done("launch", "web", "--driver", "libvirt");
  done("launch", "db");
  const web = listed().machines.find(({ machine }) => machine === "web")!;
  const uuid = web.id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  expect(virsh("domstate", uuid)).toBe("running");
  for (const name of ["web", "db"]) done("wait", name, "--for", "cluster");
  expect(done("exec", "web", "--", "ping", done("ip", "db").trim())).toMatch(/bytes from|ttl|ms/);
  expect(qure("exec", "web", "--", "no-such-command").status).toBe(127);

  done("screenshot", "web", "web.png");
  expect(readFileSync(join(folder, "web.png")).subarray(1, 4).toString()).toBe("PNG");
  done("sendkey", "web", "ret");
  expect(qure("sendkey", "web", "nokey").stderr).toContain("there is no key nokey");
  done("reset", "web");
  done("wait", "web", "--for", "address");

  // Whoever does something to it at libvirt is seen: its state is what libvirt says.
  done("pause", "web");
  expect(virsh("domstate", uuid)).toBe("paused");
  virsh("resume", uuid);
  await until(() => stateOf("web") === "running");
  virsh("suspend", uuid);
  await until(() => stateOf("web") === "paused");
  done("unpause", "web");
  expect(virsh("domstate", uuid)).toBe("running");

  done("exec", "web", "--", "hostname");
  done("snapshot", "create", "web", "before");
  done("suspend", "web");
  expect(stateOf("web")).toBe("suspended");
  expect(virsh("list", "--all", "--uuid")).not.toContain(uuid);
  expect(done("start", "web")).toBe("qure-web: goes on\n");
  done("exec", "web", "--", "hostname");

  done("stop", "web");
  expect(stateOf("web")).toBe("off");
  expect(virsh("list", "--all", "--uuid")).not.toContain(uuid);
});

test("a domain that is destroyed at libvirt is off; one of a dead owner is replaced", async (context) => {
  const uri = requireLibvirt(context);
  const virsh = (...args: readonly string[]): string =>
    spawnSync("virsh", ["-q", "-c", uri, ...args], { encoding: "utf8" }).stdout.trim();
  done("start", "web");
  const uuid = listed()
    .machines.find(({ machine }) => machine === "web")!
    .id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  virsh("destroy", uuid);
  await until(() => stateOf("web") === "off");
  done("start", "web");
  const { owner } = listed();
  process.kill(owner!.pid, "SIGKILL");
  const before = virsh("domid", uuid);
  expect(done("start", "web")).toBe("qure-web: started\n");
  expect(virsh("domid", uuid)).not.toBe(before);
  done("wait", "web", "--for", "address");
  done("stop", "--kill", "web");
  expect(virsh("list", "--all", "--uuid")).not.toContain(uuid);
});

/** A server of OpenSSH's on this host's loopback, which one key opens. */
async function startSshd(program: string): Promise<{ readonly uri: string; close(): void }> {
  const at = join(folder, "sshd");
  mkdirSync(at, 0o700);
  makeFolder("/run/sshd");
  for (const name of ["host", "key"]) spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(at, name)]);
  const { port } = await freePort();
  const lines = [`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${at}/host`, `AuthorizedKeysFile ${at}/key.pub`];
  writeFileSync(join(at, "conf"), [...lines, "StrictModes no", "UsePAM no", ""].join("\n"));
  const child = spawn(program, ["-D", "-f", join(at, "conf"), "-E", join(at, "log")], { stdio: "ignore" });
  await until(() => existsSync(join(at, "log")) && readFileSync(join(at, "log"), "utf8").includes("listening"));
  const uri = `qemu+ssh://${userInfo().username}@127.0.0.1:${port}/system?keyfile=${at}/key&no_verify=1`;
  return { uri, close: () => child.kill() };
}

function freePort(): Promise<{ readonly port: number }> {
  return new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address() as { port: number };
      server.close(() => found(address));
    });
  });
}

atLength(
  "a running machine moves to a libvirt that ssh leads to, and stays on the cluster's Ethernet",
  async (context) => {
    requireLibvirt(context);
    const { uri, close } = await startSshd(requireOracle("sshd", context));
    try {
      done("start", "web", "db");
      for (const name of ["web", "db"]) done("wait", name, "--for", "cluster");
      expect(done("move", "web", uri)).toBe(`qure-web: runs at ${uri}\n`);
      done("wait", "web", "--for", "cluster");
      expect(done("exec", "web", "--", "ping", done("ip", "db").trim())).toContain("bytes from");
      done("screenshot", "web", "far.png");
      expect(qure("suspend", "web").stderr).toContain("its memory would lie at the other host");
      expect(qure("move", "web", "qemu+ssh://127.0.0.1:1/system").stderr).toContain("virsh: ");
      expect(stateOf("web")).toBe("running");
      const { machines } = listed();
      expect(machines.find(({ machine }) => machine === "web")).toMatchObject({ driver: "libvirt" });
      // The connection is cut: the machine has no disk any more, and that is said.
      close();
      spawnSync("sh", [
        "-c",
        `kill $(ss -Htnp "sport = :${/:(\d+)\//.exec(uri)![1]}" | grep -o 'pid=[0-9]*' | cut -d= -f2)`,
      ]);
      await until(() => stateOf("web") === "failed");
      expect(done("status", "web")).toContain("failed: ssh: ");
      done("stop", "web");
      done("move", "web", "qemu:///system");
      done("start", "web");
      done("wait", "web");
      done("stop", "web");
    } finally {
      close();
    }
  },
);

test("a libvirt that is elsewhere or does not answer is one line", (context) => {
  requireLibvirt(context);
  qure("stop", "--kill", "web");
  done("set", "web", "uri=qemu+tcp://elsewhere/system");
  expect(qure("start", "web").stderr).toBe(
    "qure vm: error: uri=qemu+tcp://elsewhere/system: another host is named by qemu+ssh://[USER@]HOST[:PORT]/system\n",
  );
  done("set", "web", "uri=qemu+unix:///system?socket=/nonexistent");
  const { status, stderr } = qure("start", "web");
  expect(status).toBe(1);
  expect(stderr).toMatch(/^qure vm: error: virsh: .*\/nonexistent.*\n$/);
  expect(qure("set", "web", "uri=nothing").stderr).toContain("uri is a URI of libvirt's such as qemu:///system");
});
