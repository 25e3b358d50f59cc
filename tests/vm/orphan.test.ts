/** What a dead owner has left running, with stand-ins for the programs that know. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "../../src/host/folder.ts";
import { type Driver, parseConfiguration } from "../../src/vm/configuration.ts";
import { OwnerClient } from "../../src/vm/host/client.ts";
import { Home, type Machine } from "../../src/vm/host/home.ts";

const folder = mkdtempSync(join(tmpdir(), "qvo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "run"), { mode: 0o700 });
const env = {
  ...process.env,
  PATH: `${folder}${delimiter}${process.env["PATH"]}`,
  QURE_MACHINES: join(folder, "machines"),
  QURE_VMRUN: join(folder, "vmrun"),
  XDG_RUNTIME_DIR: join(folder, "run"),
};
const home = Home.of("main", env);
makeFolder(home.folder);

const program = (name: string, says: string): void =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${says}\n`, { mode: 0o755 });

function machineOf(driver: Driver): Machine {
  const identity = { version: 1, id: "00112233445566778899aabbccddeeff", number: 7, mac: "52:54:00:12:34:56" };
  const configuration = parseConfiguration("m.jsonc", JSON.stringify({ ...identity, driver }));
  const own = join(home.folder, `qure-${driver}`);
  makeFolder(own);
  return { key: driver, folder: own, configuration, trouble: null, isRemoved: false };
}

async function said(machine: Machine): Promise<string> {
  const { statuses } = await new OwnerClient(home, env).states([machine]);
  const { state, note } = statuses.get(machine.key)!;
  return note === null ? state : `${state}: ${note}`;
}
const left = (key: string, program: string): string =>
  `no answer: ${program} runs it still, without its disk, for its owner is dead: "qure vm stop --kill ${key}" ends it`;

test("a domain of libvirt", async () => {
  const machine = machineOf("libvirt");
  program("virsh", "echo 'running (booted)'");
  expect(await said(machine), "of one that never ran nobody is asked").toBe("off");
  writeFileSync(home.runFile(env, "libvirt.xml"), "");
  expect(await said(machine)).toBe(left("libvirt", "libvirt"));
  program("virsh", "echo 'shut off (destroyed)'");
  expect(await said(machine)).toBe("off");
  program("virsh", "echo 'error: failed to get domain' >&2; exit 1");
  expect(await said(machine)).toBe("off");
  program("virsh", "echo 'error: no connection' >&2; exit 1");
  expect(await said(machine)).toBe("off");
});

test("a machine of VMware's", async () => {
  const machine = machineOf("vmware");
  const vmx = join(machine.folder, "qure.vmx");
  writeFileSync(vmx, "");
  program("vmrun", `echo 'Total running VMs: 1'; echo ${vmx}`);
  expect(await said(machine), "its disk is not out").toBe("off");
  writeFileSync(join(machine.folder, "disk.json"), '{ "isOut": true }');
  expect(await said(machine)).toBe(left("vmware", "VMware"));
  program("vmrun", "echo 'Total running VMs: 0'");
  expect(await said(machine)).toBe("off");
});

test("a QEMU", async () => {
  const machine = machineOf("qemu");
  const path = home.runFile(env, "qemu.qmp");
  expect(await said(machine)).toBe("off");
  const server = createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((ready) => server.listen(path, ready));
  expect(await said(machine)).toBe(left("qemu", "QEMU"));
  await new Promise((closed) => server.close(closed));
  writeFileSync(path, "");
  expect(await said(machine), "a file at which nobody listens").toBe("off");
  expect(await said(machineOf("emu"))).toBe("off");
});
