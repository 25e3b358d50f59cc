/** Machines in VMware, of which a stand-in for its vmrun plays the part (vmrun-stand-in.mjs). */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openHostVolumes } from "../../src/host/volume-host.ts";
import { openStore } from "../../src/host/volume-place.ts";
import { type Configuration, parseConfiguration } from "../../src/vm/configuration.ts";
import type { RunnerSetup } from "../../src/vm/host/runner.ts";
import { VmwareRunner } from "../../src/vm/host/vmware-runner.ts";
import type { Volumes } from "../../src/volume/model.ts";
import { bundle, type Ended, qure as inProcess } from "../cli/in-process.ts";
import { requireOracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";

const all = mkdtempSync(join(tmpdir(), "qure-vmware-"));
const SIZE_BYTES = 3 << 20;
const SECTOR_BYTES = 512;
let count = 0;

const sector = (text: string): Buffer => Buffer.concat([Buffer.from(text)], SECTOR_BYTES);

afterAll(() => rmSync(all, { recursive: true, force: true }));

/** One machine, with a folder and a volume of its own. */
class Bench {
  readonly root = join(all, `${++count}`);
  readonly folder = join(this.root, "qure-7");
  readonly env = {
    ...process.env,
    QURE_STORE: join(this.root, "volumes"),
    QURE_VMRUN: join(this.root, "vmrun"),
    QURE_MACHINES: join(this.root, "machines"),
    XDG_RUNTIME_DIR: this.root,
    XDG_STATE_HOME: join(this.root, "state"),
  };
  said = "";
  ends: string[] = [];
  #wake: () => void = () => {};
  configuration: Configuration = parseConfiguration(
    "machine.jsonc",
    JSON.stringify({
      ...{ version: 1, id: "00112233445566778899aabbccddeeff", number: 7, mac: "52:54:00:12:34:56" },
      ...{ hostname: "qure-7", driver: "vmware", disk: "volume:seven" },
    }),
  );

  constructor() {
    mkdirSync(this.root);
    mkdirSync(this.folder);
    const standIn = join(import.meta.dirname, "vmrun-stand-in.mjs");
    writeFileSync(this.env.QURE_VMRUN, `#!/bin/sh\nexec node ${standIn} "$@"\n`, { mode: 0o755 });
  }

  async volumes(): Promise<Volumes> {
    const own = { ...this.env, QURE_MACHINE: this.configuration.id };
    return openHostVolumes(await openStore(null, own), own);
  }

  async diskText(atBytes: number, bytes: number): Promise<string> {
    const device = await (await this.volumes()).open("seven", { readOnly: true });
    const found = Buffer.from(await device.read(atBytes, SECTOR_BYTES))
      .subarray(0, bytes)
      .toString();
    await device.close();
    return found;
  }

  get memoryPath(): string {
    return join(this.folder, "memory");
  }

  get calls(): string[] {
    const path = join(this.root, "calls");
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    return text
      .trim()
      .split("\n")
      .map((line) => line.replaceAll(`${this.folder}/`, ""));
  }

  start(): Promise<VmwareRunner> {
    const setup: RunnerSetup = {
      born: null,
      configuration: this.configuration,
      memoryPath: this.memoryPath,
      plug: () => ({ send: () => {}, setLink: () => {} }),
      heard: (bytes) => {
        this.said += Buffer.from(bytes).toString();
        this.#wake();
      },
      ended: (state, note) => {
        this.ends.push(`${state} ${note}`);
        this.#wake();
      },
      stood: () => {},
      note: (text) => {
        this.said += `[${text}]`;
      },
    };
    const place = { file: (suffix: string) => join(this.root, suffix), wire: join(this.root, "wire") };
    return VmwareRunner.start(setup, place, this.env);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((done) => (this.#wake = done));
  }
}

describe("a machine in VMware", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench();
    const volumes = await bench.volumes();
    await volumes.create("seven", { sizeBytes: SIZE_BYTES });
    const device = await volumes.open("seven");
    await device.write(SECTOR_BYTES, sector("from the volume"));
    await device.close();
  });

  test("has the volume's bytes in a VMDK, a console, and gives back what it wrote when it is off", async (context) => {
    const image = requireOracle("qemu-img", context);
    const runner = await bench.start();
    await bench.until(() => bench.said.includes("boots qure-7\r\n"));
    expect(bench.calls).toEqual(["-T player start qure.vmx nogui"]);
    const vmdk = join(bench.folder, "disk.vmdk");
    expect(spawnSync(image, ["check", vmdk]).status).toBe(0);
    expect(readFileSync(join(bench.folder, "disk-flat.vmdk")).subarray(512, 527).toString()).toBe("from the volume");
    runner.type(Buffer.from("write"));
    await bench.until(() => bench.said.includes("written"));
    await expect(runner.copyDisk()).rejects.toThrow("its disk is VMware's until it is off");
    runner.type(Buffer.from("halt"));
    await bench.until(() => bench.ends.length > 0);
    expect(bench.ends).toEqual(["off null"]);
    expect(await bench.diskText(4096, 12)).toBe("by the guest");
  });

  thoroughly("is paused, reset and suspended; its memory goes on with its disk and no other", async () => {
    let runner = await bench.start();
    await bench.until(() => bench.said.includes("boots"));
    await runner.pause(true);
    expect(runner.isPaused).toBe(true);
    await runner.pause(false);
    await runner.reset();
    await runner.suspend();
    expect(existsSync(bench.memoryPath)).toBe(true);
    runner = await bench.start();
    await bench.until(() => bench.said.includes("goes on"));
    await runner.suspend();
    expect(bench.calls.map((call) => call.split(" ")[2])).toEqual(
      ["pause", "unpause", "reset", "suspend", "start", "suspend"].toSpliced(0, 0, "start"),
    );
    const device = await (await bench.volumes()).open("seven");
    await device.write(0, sector("another"));
    await device.close();
    await expect(bench.start()).rejects.toThrow("its disk was written since it was suspended");
    // As `--discard` does it.
    for (const suffix of ["", ".json"]) rmSync(bench.memoryPath + suffix);
    bench.said = "";
    runner = await bench.start();
    await bench.until(() => bench.said.includes("boots qure-7"));
    await runner.end();
    expect(await bench.diskText(0, 7)).toBe("another");
  });

  test("says what VMware cannot do, and what to do instead", async () => {
    const runner = await bench.start();
    await expect(runner.pressPowerButton()).rejects.toThrow(
      'VMware Tools are not running in the guest: a power button, which VMware does for no system that has not VMware\'s tools: switch it off at its console, or "stop --kill"',
    );
    await expect(runner.screenshot()).rejects.toThrow("a picture of its screen, which VMware does for no system");
    expect(() => runner.pressKeys()).toThrow("vmrun has no keyboard: type at its console");
    await runner.end();
    bench.configuration = { ...bench.configuration, forward: ["8080:80"] };
    await expect(bench.start()).rejects.toThrow("forward: VMware's network has ports of its own");
    rmSync(bench.env.QURE_VMRUN);
    bench.configuration = { ...bench.configuration, forward: [] };
    await expect(bench.start()).rejects.toThrow("vmrun is not there: install VMware, name its vmrun by QURE_VMRUN");
  });

  thoroughly("that a dead owner left running is ended, and nothing that it wrote is lost", () => {
    const { root, env } = bench;
    const qure = (...args: string[]): string => {
      const run = spawnSync("node", [bundle, ...args], { cwd: root, env, encoding: "utf8" });
      expect(run).toMatchObject({ status: 0, stderr: "" });
      return run.stdout;
    };
    const image = join(root, "old.img");
    writeFileSync(image, sector("from the image"));
    qure("vm", "launch", "web", "--from", image, "--driver", "vmware");
    const folder = join(env.QURE_MACHINES, "main/qure-web");
    // As VMware writes.
    writeFileSync(join(folder, "disk-flat.vmdk"), sector("by the guest"));
    const { owner } = JSON.parse(qure("vm", "list", "--json")) as { owner: { pid: number } };
    process.kill(owner.pid, "SIGKILL");
    expect(qure("vm", "start", "web")).toBe("qure-web: started\n");
    const calls = (): string[] => bench.calls.map((call) => call.split(" ")[2]!);
    expect(calls()).toEqual(["start", "stop", "start"]);
    qure("vm", "stop", "--kill", "web");
    expect(calls()).toEqual(["start", "stop", "start", "stop"]);
    const { disk } = parseConfiguration("", readFileSync(join(folder, "machine.jsonc"), "utf8"));
    qure("volume", "export", disk!.replace("volume:", ""), join(root, "after.img"), "--raw");
    expect(readFileSync(join(root, "after.img")).toString()).toBe(sector("by the guest").toString());
  });

  test("is made from a .vmx, whose mistakes are one line", async () => {
    const said = (...args: string[]): Promise<Ended> => inProcess(["vm", ...args], { cwd: bench.root, env: bench.env });
    const path = join(bench.root, "old.vmx");
    writeFileSync(
      path,
      'displayName = "Old"\nmemsize = "64"\nguestinfo.hostname = "old"\nbios.bootOrder = "cdrom,hdd"\n',
    );
    expect(await said("add", "old", "--from", path, "--driver", "vmware")).toMatchObject({ status: 0, stderr: "" });
    const made = readFileSync(join(bench.env.QURE_MACHINES, "main/qure-old/machine.jsonc"), "utf8");
    expect(parseConfiguration("", made)).toMatchObject({
      ...{ driver: "vmware", memory: "64M", hostname: "old", displayName: "Old", boot: { order: "dc", delay: "0s" } },
    });
    writeFileSync(path, 'ide0:0.fileName = "none.vmdk"\n');
    expect(await said("add", "--from", path)).toMatchObject({
      status: 1,
      stderr: `${path}:1:20: error: none.vmdk: no such disk beside it\n`,
    });
    writeFileSync(path, '; the template of 2012\nmemsize = "64"\n');
    expect(await said("add", "--from", path)).toMatchObject({ status: 1, stdout: "" });
    expect((await said("add", "--from", path)).stderr).toBe(
      `${path}:1:1: error: a comment begins with "#", not with ";": VMware refuses this file, too\n`,
    );
    expect((await said("list", "--json")).stdout.match(/"machine":/g)).toHaveLength(1);
  });
});
