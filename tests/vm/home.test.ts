/** Folders of machines: what a change leaves behind that was cut off, and that two at once are one after the other. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { makeFolder } from "../../src/host/folder.ts";
import { thisProcess } from "../../src/host/process-identity.ts";
import { parseTemplate } from "../../src/vm/configuration.ts";
import { type Change, configurationPath, type Disks, Home, newIdentity } from "../../src/vm/host/home.ts";

const folder = mkdtempSync(join(tmpdir(), "qvh-"));
mkdirSync(join(folder, "run"), { mode: 0o700 });
const env = { QURE_MACHINES: join(folder, "machines"), XDG_RUNTIME_DIR: join(folder, "run") };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let home: Home;
let volumes: Set<string>;
const disks: Disks = { remove: async (volume) => void volumes.delete(volume) };
let clusters = 0;

beforeEach(() => {
  home = Home.of(`c${++clusters}`, env);
  makeFolder(home.folder);
  volumes = new Set();
});

function configuration(key: string, number: number) {
  const { disk: _, ...template } = parseTemplate("t", "{}");
  return {
    ...template,
    ...newIdentity(),
    number,
    name: /^\d+$/.test(key) ? null : key,
    hostname: `qure-${key}`,
    disk: `volume:${key}`,
  };
}

const add = (key: string, number: number) =>
  home.change(env, disks, async () => {
    volumes.add(key);
    return home.put(key, configuration(key, number));
  });

/** What a process that is dead had noted. */
function note(change: Change): void {
  makeFolder(join(home.folder, "journal"));
  const by = { ...thisProcess(), pid: 2 ** 22 + 1 };
  writeFileSync(join(home.folder, "journal", "00.json"), JSON.stringify({ change, by }));
}

const settled = () => home.change(env, disks, async () => home.machines({ removed: true }).map(({ key }) => key));

test("a machine that was half made is taken away with its disk, wherever it was cut off", async () => {
  await add("a", 1);
  const { id } = configuration("b", 2);
  for (const step of ["noted", "disk", "folder"]) {
    note({ verb: "add", key: "b", id, volume: "b" });
    if (step !== "noted") volumes.add("b");
    if (step === "folder") mkdirSync(join(home.folder, ".new-qure-b"));
    expect(await settled(), step).toEqual(["a"]);
    expect([...volumes], step).toEqual(["a"]);
    expect(readdirSync(home.folder).sort(), step).toEqual(["journal", "qure-a"]);
    expect(readdirSync(join(home.folder, "journal")), step).toEqual([]);
  }
});

test("a machine that was made whole stays, though nobody took its note away", async () => {
  const made = await add("a", 1);
  note({ verb: "add", key: "a", id: made.configuration!.id, volume: "a" });
  expect(await settled()).toEqual(["a"]);
  expect([...volumes]).toEqual(["a"]);
});

test("a purge that was cut off is finished", async () => {
  const made = await add("a", 1);
  home.hide(made);
  note({ verb: "purge", folder: ".removed-qure-a", volume: "a" });
  expect(await settled()).toEqual([]);
  expect([...volumes]).toEqual([]);
});

test("what a living process has noted is left to it", async () => {
  makeFolder(join(home.folder, "journal"));
  volumes.add("b");
  const change: Change = { verb: "add", key: "b", id: "0", volume: "b" };
  writeFileSync(join(home.folder, "journal", "00.json"), JSON.stringify({ change, by: thisProcess() }));
  await settled();
  expect([...volumes]).toEqual(["b"]);
});

test("what fails while it is done is undone at once, and the reason is told", async () => {
  const { id } = configuration("b", 2);
  const failed = home.change(env, disks, () =>
    home.noted(disks, { verb: "add", key: "b", id, volume: "b" }, async () => {
      volumes.add("b");
      throw new Error("no space left");
    }),
  );
  await expect(failed).rejects.toThrow("no space left");
  expect([...volumes]).toEqual([]);
  expect(await settled()).toEqual([]);
});

test("changes at once are one after the other", async () => {
  const keys = Array.from({ length: 20 }, (_, index) => `m${index}`);
  let inside = 0;
  await Promise.all(
    keys.map((key) =>
      home.change(env, disks, async () => {
        expect(++inside).toBe(1);
        const number = home.nextNumber;
        await new Promise((done) => setTimeout(done, 1));
        home.put(key, configuration(key, number));
        inside--;
      }),
    ),
  );
  const numbers = home.machines().map(({ configuration: found }) => found!.number);
  expect(new Set(numbers).size).toBe(20);
});

test("a folder that is no machine's is passed over, and one whose file is wrong is told of", async () => {
  await add("a", 1);
  mkdirSync(join(home.folder, "notes"));
  mkdirSync(join(home.folder, "qure-b"));
  writeFileSync(join(home.folder, "qure-b", "machine.jsonc"), '{ "version": 9 }');
  mkdirSync(join(home.folder, "qure-c"));
  const found = home.machines();
  expect(found.map(({ key }) => key)).toEqual(["a", "b", "c"]);
  expect(found[1]!.trouble).toMatch(/machine\.jsonc:1:3: error: it is of version 9, which a newer qure wrote/);
  expect(found[2]!.trouble).toMatch(/it cannot be read/);
  expect(() => home.usable("b")).toThrow(/version 9/);
});

test("a folder that was copied is no machine: its disk is the original's, and is not purged with it", async () => {
  const made = await add("web", 1);
  // Whatever comes first by its name.
  cpSync(made.folder, join(home.folder, "qure-a"), { recursive: true });
  const [copy, original] = home.machines();
  expect(original!.trouble).toBeNull();
  expect(copy!.trouble).toMatch(/qure-a is a copy of .*qure-web, with the same disk: remove it; "qure vm clone web"/);
  expect(() => home.usable("a")).toThrow(/is a copy of/);
  home.hide(copy!);
  const [hidden] = home.machines({ removed: true }).filter(({ isRemoved }) => isRemoved);
  await home.change(env, disks, () => home.purge(hidden!, disks));
  expect([...volumes]).toEqual(["web"]);
  expect(home.usable("web").configuration.number).toBe(1);
});

test("a machine whose file cannot be used goes with its disk, unless that is another's", async () => {
  const disk = (key: string): string => `${home.cluster}.qure-${key}-01234567`;
  for (const key of ["a", "b"]) {
    volumes.add(disk(key));
    home.put(key, { ...configuration(key, 1), disk: `volume:${disk(key)}` });
  }
  const purged = async (): Promise<(string | null)[]> => {
    const hidden = home.machines({ removed: true }).filter(({ isRemoved }) => isRemoved);
    return home.change(env, disks, () => Promise.all(hidden.map((machine) => home.purge(machine, disks))));
  };
  const spoil = (key: string): void => {
    const path = configurationPath(home.find(key));
    writeFileSync(path, readFileSync(path, "utf8").replace('"cpus": 1', '"cpus": 99'));
    home.hide(home.find(key));
  };
  cpSync(home.find("a").folder, join(home.folder, "qure-copy"), { recursive: true });
  spoil("a");
  expect(await purged()).toEqual([null]);
  expect([...volumes]).toEqual([disk("a"), disk("b")]);
  spoil("b");
  expect(await purged()).toEqual([disk("b")]);
  expect([...volumes]).toEqual([disk("a")]);
});

test("what scale makes machines of is kept, and of what an earlier qure wrote the number is", () => {
  expect([home.wanted, home.scaleSource]).toEqual([null, null]);
  writeFileSync(join(home.folder, "wanted"), "5\n");
  expect([home.wanted, home.scaleSource]).toEqual([5, null]);
  const source = { isNamed: true, template: parseTemplate("t", '{ "memory": "16M" }'), begins: "template.x" };
  home.setWanted(3, source);
  expect([home.wanted, home.scaleSource]).toEqual([3, source]);
  for (const wrong of ["", "{}", "-1", '{ "count": 2, "source": { "template": { "memory": 5 } } }']) {
    writeFileSync(join(home.folder, "wanted"), wrong);
    expect(home.wanted, wrong).toBeNull();
  }
});

test("one process at a time brings the number of machines to what is wanted", async () => {
  const said: string[] = [];
  let go = (): void => {};
  const first = home.scaling(env, { wait: true }, async () => {
    said.push("first");
    await new Promise<void>((end) => (go = end));
    said.push("done");
  });
  const second = home.scaling(env, { wait: true }, async () => void said.push("second"));
  expect(await home.scaling(env, { wait: false }, async () => said.push("third"))).toBeNull();
  // Each machine of it is a change of its own.
  await add("a", 1);
  go();
  await Promise.all([first, second]);
  expect(said).toEqual(["first", "done", "second"]);
  await expect(home.scaling(env, { wait: false }, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await home.scaling(env, { wait: false }, async () => "free again")).toBe("free again");
});

test("a cluster's folder that was copied has no machines of its own, and one that was renamed has", () => {
  const disk = `volume:${home.cluster}.qure-web`;
  home.put("web", { ...configuration("web", 1), disk });
  const copied = Home.of(`${home.cluster}copy`, env);
  cpSync(home.folder, copied.folder, { recursive: true });
  expect(copied.machines()[0]!.trouble).toMatch(/is a copy of/);
  expect(home.usable("web").configuration.disk).toBe(disk);
  rmSync(home.folder, { recursive: true });
  expect(copied.usable("web").configuration.disk).toBe(disk);
});

test("what no file may say is refused before anything is made, and numbers that are used up come again", async () => {
  expect(() => home.check("a", { ...configuration("a", 1), cpus: 99 })).toThrow(/cpus is a whole number from 1 to 8/);
  await add("7", 7);
  await add("999999999", 999_999_999);
  expect(home.nextNumber).toBe(1);
});

test("what lies among the clusters and is none is passed over", () => {
  mkdirSync(join(Home.root(env), "lost+found"));
  symlinkSync("nowhere", join(Home.root(env), "gone"));
  expect(Home.clusters(env)).toContain(home.cluster);
  expect(Home.clusters(env).filter((name) => !/^c\d+(?:copy)?$/.test(name))).toEqual([]);
});

test("a copied folder is another cluster's: its owner's files are elsewhere", () => {
  const copy = Home.of("copied", env);
  renameSync(home.folder, copy.folder);
  makeFolder(home.folder);
  expect(copy.runFile(env, "sock")).not.toBe(home.runFile(env, "sock"));
});

test("a file is written aside: one that cannot be read changes nothing", async () => {
  const made = await add("a", 1);
  const before = readFileSync(configurationPath(made), "utf8");
  expect(() => home.write(made, before.replace('"cpus": 1', '"cpus": 99'))).toThrow(/cpus is a whole number/);
  expect(readFileSync(configurationPath(made), "utf8")).toBe(before);
  expect(existsSync(`${configurationPath(made)}.part`)).toBe(false);
});
