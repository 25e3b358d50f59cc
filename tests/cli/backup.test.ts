/** `qure backup` and `qure restore` as people call them, with machines in every state. */
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { bundle, done, Machines, type Run, refused } from "./machines.ts";

const machines = new Machines();
const { folder, env, vm, vmHere, here: qure } = machines;
const backup = (...args: string[]): Promise<Run> => qure("backup", ...args);
const restore = (...args: string[]): Promise<Run> => qure("restore", ...args);
const at = (name: string): string => join(folder, name);

interface Volume {
  readonly name: string;
  readonly sizeBytes: number;
}

const volumes = async (): Promise<Volume[]> => JSON.parse(done(await qure("volume", "list", "--json"))) as Volume[];
const diskOf = async (machine: string): Promise<string> =>
  (await volumes()).find(({ name }) => name.startsWith(`main.qure-${machine}-`))!.name;
const hashOf = async (volume: string): Promise<string> => done(await qure("volume", "hash", volume)).split(" ")[0]!;
/** Nothing that is there only for a while stays. */
const left = async (): Promise<string[]> =>
  (await volumes()).flatMap(({ name }) => (/^(backup|restore)-/.test(name) ? [name] : []));

beforeAll(async () => {
  machines.begin();
  done(await vmHere("add", "web"));
});
afterAll(async () => {
  expect(await left()).toEqual([]);
  machines.end(["main", "other"]);
});

test("a node that is off, runs, stands still or is suspended is saved by one path, and boots again", async () => {
  expect(done(await backup("web", "off.qbak"))).toMatch(/^off\.qbak: \S+ KiB of node web\n$/);
  done(vm("start", "web"));
  done(await vmHere("wait", "web", "--for", "cluster"));
  done(await vmHere("exec", "web", "--", "echo kept > /net/kept; sync"));
  expect(done(await backup("web", "on.qbak", "--since", "off.qbak"))).toMatch(/ of node web since off\.qbak\n$/);
  expect(statSync(at("on.qbak")).size).toBeLessThan(statSync(at("off.qbak")).size / 20);
  expect(statSync(at("on.qbak")).mode & 0o777).toBe(0o600);
  done(await backup(`volume:${await diskOf("web")}`, "by-volume.qbak"));
  done(await vmHere("pause", "web"));
  done(await backup("create", "web", "paused.qbak"));
  done(await vmHere("unpause", "web"));
  done(await vmHere("suspend", "web"));
  done(await backup("web", "suspended.qbak", "-c", "main"));
  for (const name of ["on", "suspended"]) {
    const said = done(await backup("verify", `${name}.qbak`));
    expect(said).toMatch(/^node web: revision \d+ booted: era \d+, age 2, 1 eras, \d+ events, [23] files$/m);
  }
  expect(done(await backup("diff", "paused.qbak", "suspended.qbak"))).toMatch(/^node web: /);
  expect(done(await backup("diff", "on.qbak", "on.qbak"))).toBe("node web: equal\n");
  done(vm("start", "web"));
});

test("what is in an archive is said: at its beginning, as a whole, and against another", async () => {
  expect(done(await backup("list", "off.qbak", "on.qbak"))).toMatch(
    /^FILE.*\noff\.qbak .* - +node web\non\.qbak .* off\.qbak +node/,
  );
  const shown = JSON.parse(done(await backup("show", "on.qbak", "--json"))) as {
    archives: string[];
    parts: { name: string; node: { era: number; age: number }; revision: number; machine: string }[];
  };
  expect(shown.archives).toEqual(["off.qbak", "on.qbak"]);
  expect(shown.parts).toMatchObject([{ name: "web", node: { era: 1, age: 1 } }]);
  expect(shown.parts[0]!.machine).toBe(readFileSync(at("machines/main/qure-web/machine.jsonc"), "utf8"));
  expect(done(await backup("show", "on.qbak"))).toMatch(
    /^format 1, .*\nwith off\.qbak\nPART .*\nnode web +32 MiB +\d+ +[0-9a-f]{16} +1 +1\n$/,
  );
  mkdirSync(at("elsewhere"));
  renameSync(at("off.qbak"), at("elsewhere/off.qbak"));
  expect(refused(await backup("show", "on.qbak"))).toMatch(
    /^1 qure backup: error: on\.qbak has what differs from off\.qbak, which is not there: --base names it\n$/,
  );
  done(await backup("show", "on.qbak", "--base", "elsewhere/off.qbak"));
  done(await backup("verify", "on.qbak", "--base", "elsewhere/off.qbak", "--no-boot"));
  renameSync(at("elsewhere/off.qbak"), at("off.qbak"));
});

thoroughly("a node that runs is not restored unless it may be stopped, and a restore can be repeated", async () => {
  const disk = await diskOf("web");
  expect(refused(await restore("on.qbak"))).toMatch(
    /^1 .*machine web is running: "qure vm stop web" first; --stop does it/,
  );
  expect(done(await restore("on.qbak", "--stop"))).toBe("qure-web: node web, 32 MiB\n");
  const hash = await hashOf(disk);
  expect(done(await restore("on.qbak", "web"))).toBe("qure-web: node web, 32 MiB\n");
  expect(await hashOf(disk)).toBe(hash);
  done(await restore("off.qbak"));
  expect(await hashOf(disk)).not.toBe(hash);
  done(await restore("on.qbak"));
  done(vm("start", "web"));
  done(vm("wait", "web", "--for", "cluster"));
  expect(done(vm("exec", "web", "--", "cat /net/kept"))).toBe("kept\n");
  done(vm("stop", "--kill", "web"));
  expect(await diskOf("web")).toBe(disk);
});

thoroughly("a machine in the middle of an upgrade, and a disk of anything, are saved as they are", async () => {
  const disk = await diskOf("web");
  done(await qure("volume", "export", disk, "half.img", "--raw"));
  const bytes = readFileSync(at("half.img"));
  // Half a kernel and half a record: what a power cut within an installation leaves.
  bytes.fill(0xa5, 20_000 * 512, 20_500 * 512);
  bytes.fill(0x5a, 16382 * 512 + 100, 16383 * 512 + 300);
  writeFileSync(at("half.img"), bytes);
  done(await qure("volume", "import", "half", "half.img", "--raw"));
  writeFileSync(at("odd.img"), Buffer.concat([bytes.subarray(100_000, 200_000), Buffer.from("odd")]));
  expect(done(await backup("volume:half", "half.img", "odd.img", "half.qbak"))).toMatch(
    /of volume half, disk half\.img, disk odd/,
  );
  done(await qure("volume", "create", "other", "--size", "5M"));
  done(await restore("half.qbak", "volume:other", "--part", "half"));
  expect(await hashOf("other")).toBe(await hashOf("half"));
  done(await restore("half.qbak", "again.img", "--part", "disk half.img"));
  expect(Buffer.compare(readFileSync(at("again.img")), bytes)).toBe(0);
  done(await restore("half.qbak", "again.img", "--part", "odd.img"));
  expect(Buffer.compare(readFileSync(at("again.img")), readFileSync(at("odd.img")))).toBe(0);
  expect(refused(await restore("half.qbak", "again.img"))).toMatch(
    /^2 .*which part\? --part names one of volume half, disk/,
  );
  expect(refused(await restore("half.qbak"))).toMatch(/^2 .*disk half\.img: name the file that it is restored to/);
  expect(refused(await restore("half.qbak", "x", "--part", "none"))).toMatch(
    /^1 .*--part none: there is none: it has volume/,
  );
  expect(done(await backup("verify", "half.qbak", "--part", "half.img"))).toMatch(
    /disk half\.img: revision \d+ booted: /,
  );
  expect(done(await backup("verify", "half.qbak", "--part", "odd.img"))).toMatch(
    /disk odd\.img: whole; no QuRe is on it/,
  );
});

thoroughly("an archive that was damaged changes nothing, and stops no machine", async () => {
  done(vm("start", "web"));
  const hash = await hashOf("half");
  const bytes = readFileSync(at("on.qbak"));
  bytes[bytes.length - 700]! ^= 1;
  writeFileSync(at("bad.qbak"), bytes);
  expect(refused(await restore("bad.qbak", "volume:half"))).toMatch(/^1 qure restore: error: bad\.qbak.* is damaged: /);
  expect(refused(await restore("bad.qbak", "web", "--stop"))).toMatch(/is damaged/);
  expect(refused(await restore("half.img", "web", "--stop"))).toMatch(/half\.img is no archive of a backup/);
  expect(machines.list()).toContain("web running");
  expect(await hashOf("half")).toBe(hash);
  expect(refused(await backup("list", "bad.qbak", "half.img"))).toMatch(/half\.img is no archive of a backup/);
  expect(refused(await backup("web", "x.qbak", "--since", "bad.qbak"))).toMatch(/is damaged/);
  expect(existsSync(at("x.qbak"))).toBe(false);
  done(vm("stop", "--kill", "web"));
});

atLength("what cannot be saved or restored is said in a line", async () => {
  expect(refused(await backup("web"))).toMatch(/^2 .*web: name what is backed up, and then the archive/);
  expect(refused(await backup("half.img", "odd.img"))).toMatch(
    /^2 .*odd\.img is there and is no archive: the archive is/,
  );
  expect(refused(await backup("web", "on.qbak", "--since", "on.qbak"))).toMatch(
    /^2 .*on\.qbak is what the new archive builds/,
  );
  expect(refused(await backup("web", "./off.qbak", "--since", "on.qbak"))).toMatch(
    /^2 .*off\.qbak is what the new archive/,
  );
  expect(refused(await restore("on.qbak", "off.qbak"))).toMatch(/^2 .*off\.qbak is an archive itself/);
  expect(refused(await backup("nobody", "x.qbak"))).toMatch(/^1 .*nobody: no such machine and no such file/);
  expect(refused(await backup("volume:none", "x.qbak"))).toMatch(/^1 .*there is no volume none/);
  expect(refused(await backup("web", "web", "x.qbak"))).toMatch(/^2 .*node web is named twice/);
  expect(refused(await backup(".", "x.qbak"))).toMatch(/^1 .*\.: it is no plain file/);
  expect(refused(await backup("web", "/dev/full"))).toMatch(/^1 .*\/dev\/full/);
  expect(refused(await backup("web", "none/x.qbak"))).toMatch(/^1 .*none\/x\.qbak/);
  expect(refused(await restore("none.qbak"))).toMatch(/^1 .*none\.qbak: no such file/);
  expect(refused(await restore(".", "web"))).toMatch(/^1 /);
  expect(refused(await restore("on.qbak", "/dev/full"))).toMatch(/^1 .*\/dev\/full is no plain file/);
  expect(refused(await restore("on.qbak", "none/x.img"))).toMatch(/^1 .*none/);
  done(await qure("volume", "snapshot", "half", "kept"));
  expect(refused(await restore("on.qbak", "volume:kept"))).toMatch(/^1 .*kept is a snapshot, which never changes/);
  done(await backup("volume:kept", "kept.qbak"));
  const other = { ...env, QURE_MACHINE: "other" };
  spawnSync("node", [bundle, "volume", "lock", "half"], { cwd: folder, env: other });
  expect(refused(await restore("on.qbak", "volume:half"))).toMatch(/^1 .*half is locked by machine other/);
  spawnSync("node", [bundle, "volume", "unlock", "half"], { cwd: folder, env: other });
});

thoroughly("a file that a process writes is neither saved nor replaced", async () => {
  copyFileSync(at("half.img"), at("busy.img"));
  const file = openSync(at("busy.img"), "r+");
  try {
    expect(refused(await backup("busy.img", "x.qbak"))).toMatch(
      /^1 .*busy\.img is written by process \d+: end that first/,
    );
    expect(refused(await restore("on.qbak", "busy.img"))).toMatch(
      /^1 .*busy\.img is the disk of a machine that runs: process/,
    );
  } finally {
    closeSync(file);
  }
  done(await restore("on.qbak", "busy.img"));
});

atLength("restores that are killed at any moment, and two at once, leave a whole disk", async () => {
  const wanted: { readonly bytes: Buffer; readonly hash: string }[] = [];
  for (const name of ["off", "on"]) {
    done(await restore(`${name}.qbak`, `${name}.img`));
    done(await restore(`${name}.qbak`, "volume:target"));
    wanted.push({ bytes: readFileSync(at(`${name}.img`)), hash: await hashOf("target") });
  }
  const started = (name: string, target: string, killMs?: number): Promise<void> =>
    new Promise((ended) => {
      const child = spawn("node", [bundle, "restore", name, target], { cwd: folder, env, stdio: "ignore" });
      if (killMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killMs);
      child.on("close", () => ended());
    });
  const judge = async (): Promise<void> => {
    expect(wanted.map(({ hash }) => hash)).toContain(await hashOf("target"));
    expect(wanted.some(({ bytes }) => Buffer.compare(bytes, readFileSync(at("off.img"))) === 0)).toBe(true);
  };
  for (const killMs of [150, 250, 350, 450]) {
    await Promise.all([started("off.qbak", "volume:target", killMs), started("on.qbak", "off.img", killMs)]);
    await judge();
  }
  await Promise.all(
    ["off.qbak", "on.qbak"].flatMap((name) => ["volume:target", "off.img"].map((to) => started(name, to))),
  );
  await judge();
  // What the killed ones left is taken away by the next.
  done(await restore("on.qbak", "volume:target"));
  done(await restore("on.qbak", "off.img"));
  expect(readdirSync(folder).filter((name) => name.endsWith(".restore"))).toEqual([]);
  expect(await hashOf("target")).toBe(wanted[1]!.hash);
});

thoroughly(
  "a node that is gone is made again as it was, and one that is there is made once more as another",
  async () => {
    const [before] = JSON.parse(done(vm("list", "--json"))).machines as { number: number; disk: string }[];
    const address = (name: string): string =>
      /"mac": "([^"]+)"/.exec(readFileSync(at(`machines/main/qure-${name}/machine.jsonc`), "utf8"))![1]!;
    const mac = address("web");
    done(await restore("on.qbak", "second"));
    expect(address("second")).not.toBe(mac);
    done(vm("remove", "web"));
    expect(refused(await restore("on.qbak"))).toMatch(
      /machine web was removed and can be restored: "qure vm restore web"/,
    );
    done(vm("purge", "web"));
    expect(done(await restore("on.qbak"))).toBe("qure-web: node web, 32 MiB\n");
    expect(address("web")).toBe(mac);
    const web = (JSON.parse(done(vm("list", "--json"))).machines as { machine: string; number: number }[]).find(
      ({ machine }) => machine === "web",
    );
    expect(web!.number).toBe(before!.number);
    done(vm("start", "web"));
    done(vm("wait", "web", "--for", "cluster"));
    expect(done(vm("exec", "web", "--", "cat /net/kept"))).toBe("kept\n");
    done(vm("stop", "--kill", "web"));
    done(vm("set", "web", 'forward=["8080:80"]'));
    done(await backup("web", "forwarding.qbak"));
    done(await restore("forwarding.qbak", "-c", "other"));
    expect(readFileSync(at("machines/other/qure-web/machine.jsonc"), "utf8")).not.toContain("8080:80");
    expect(done(vm("list", "-c", "other"))).toMatch(/web/);
  },
);

thoroughly("a verification names what is not as it was recorded", async () => {
  done(await restore("on.qbak", "on.img"));
  const bytes = readFileSync(at("on.img"));
  // A disk with this kernel whose file system lost a block: in use or not, wherever it is.
  let found = 0;
  for (let place = bytes.indexOf("kept\n", 8 << 20); place >= 0; place = bytes.indexOf("kept\n", place + 1), found++)
    bytes[place]! ^= 1;
  expect(found).toBeGreaterThan(0);
  writeFileSync(at("rotten.img"), bytes);
  done(await backup("rotten.img", "rotten.qbak"));
  expect(refused(await backup("verify", "rotten.qbak"))).toMatch(
    /^1 qure backup: error: disk rotten\.img: its file system: /,
  );
  // Nothing of the loader is left.
  bytes.fill(0, 512, 60 * 512);
  writeFileSync(at("mute.img"), bytes);
  done(await backup("mute.img", "mute.qbak"));
  expect(refused(await backup("verify", "mute.qbak"))).toMatch(
    /^1 qure backup: error: disk mute\.img: it does not answer; its/m,
  );
});

atLength("volumes of another place are named by --store, and holes of large ones are not read", async () => {
  mkdirSync(at("place"));
  done(await qure("volume", "create", "huge", "--size", "10T", "--store", at("place")));
  done(await backup("volume:huge", "huge.qbak", "--store", at("place")));
  expect(statSync(at("huge.qbak")).size).toBeLessThan(1000);
  done(await restore("huge.qbak", "volume:huge2", "--store", at("place")));
  done(await restore("huge.qbak", "--store", at("place")));
  // Whoever serves one makes the snapshot.
  done(await qure("volume", "map", "huge2", "--detach", "--store", at("place")));
  done(await backup("volume:huge2", "served.qbak", "--store", at("place")));
  expect(refused(await restore("huge.qbak", "volume:huge2", "--store", at("place")))).toMatch(
    /huge2 is open in process/,
  );
  done(await qure("volume", "unmap", "huge2", "--store", at("place")));
  expect(done(await backup("show", "served.qbak"))).toMatch(/^volume huge2 +10 TiB/m);
  expect(done(await qure("volume", "list", "--store", at("place")))).toMatch(
    /huge +volume +10 TiB[\s\S]*huge2 +volume +10 TiB/,
  );
  truncateSync(at("odd.img"), 0);
  expect(refused(await backup("odd.img", "x.qbak"))).toMatch(/odd\.img is empty: that is no disk image/);
});
