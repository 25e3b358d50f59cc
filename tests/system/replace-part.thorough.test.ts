/** A part of the kernel that is replaced by a module while it runs: its state goes over, or the old one goes on. */
import { expect, test } from "vitest";
import { format, mount } from "../../src/disk/oofs/index.ts";
import { assemble, formatDiagnostic, type LabNode } from "../../src/index.ts";
import { MemoryDisk } from "../disk/oofs/disks.ts";
import { boot, images, PROMPT, sources } from "./images.ts";
import { output } from "./output.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

const VOLUME_BYTES = 4 << 20;
/** Modules of tests/guest/programs/log-part.s, by their HOW. */
const MODULES = ["good", "refuses", "faults", "late", "ends", "other", "lacks"].map((name) => `${name}.o`);

/** A volume with the modules. */
function volume(): Uint8Array {
  const disk = new MemoryDisk(VOLUME_BYTES);
  format(disk, { id: 1n, time: { seconds: 1, nanoseconds: 0 } });
  const fs = mount(disk);
  const tree = sources();
  const files = {
    read(path: string) {
      const bytes = tree.read(path.includes("/") ? path : `asm/include/${path}`);
      return bytes ? { path, bytes } : null;
    },
  };
  for (const [how, name] of MODULES.entries()) {
    const { object, diagnostics } = assemble({
      path: "tests/guest/programs/log-part.s",
      syntax: "intel",
      files,
      defines: new Map([["HOW", how]]),
    });
    if (!object) throw new Error(diagnostics.map((one) => formatDiagnostic(one, { colour: false })).join("\n"));
    fs.create(`/${name}`);
    fs.write(`/${name}`, 0, object);
  }
  fs.sync();
  return disk.bytes;
}

/** A node without the network, with the modules at /m and a volume for the log at /net. */
async function machine(): Promise<LabNode> {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const node = boot({
    nodes: [{ cdrom: images().iso, disk, drives: [{ kind: "disk", medium: volume() }], bootOrder: "d" }],
    gateway: false,
  }).nodes[0]!;
  await node.waitFor(PROMPT);
  for (const line of [
    "service stop network",
    "mkfs -t oofs hda0",
    "mount hda0 /net",
    "mount hdb /m",
    "mkdir /net/services",
  ])
    await output(node, line);
  await output(node, "echo 'program /bin/echo a line' > /net/services/say; sleep 1500");
  return node;
}

test("a module takes the place of the log, with what that knows", async () => {
  const node = await machine();
  const kept = /^ +\d+ +\d+ +(\d+) /.exec(await output(node, "wc /net/log"))![1]!;
  expect(await output(node, "service replace log /m/good.o")).toBe(
    `log-next: ${kept} bytes are kept\nlog is /m/good.o now\n`,
  );
  expect(await output(node, "service status log")).toBe(
    "running, restarts 0, last status 0, kernel log by /m/good.o\n",
  );
  expect(await output(node, "ps")).toMatch(/ log-next\n/);
  expect(await output(node, "log log")).toMatch(/ info +log: replaced\n/);
  // It writes ten times as often.
  await output(node, "service start say; sleep 250");
  expect(await output(node, "tail -3 /net/log")).toMatch(/say: a line\n/);
  expect(await output(node, "module unload good.o")).toBe("module: good.o: in use\n");
  // Its main task ends, and is there again, as it is the service's part now; the description names the kernel's.
  await output(node, "kill log-next; sleep 1500");
  expect(await output(node, "ps")).toMatch(/ log-next\n/);
  await output(node, "service restart log");
  expect(await output(node, "ps")).not.toMatch(/ log-next\n/);
  expect(await output(node, "module unload good.o; module")).toBe("");
});

test("a module that fails leaves the old part running", async () => {
  const node = await machine();
  const reasons: readonly (readonly [file: string, reason: string])[] = [
    ["none", "not found"],
    ["refuses.o", "the new part does not take the state"],
    ["faults.o", "the new part has faulted: page fault"],
    ["late.o", "the new part has faulted: page fault"],
    ["ends.o", "the new part has ended"],
    ["other.o", "the module has no part of this name"],
    ["lacks.o", "not found: log_nothing"],
  ];
  await output(node, "service replace log /m/none");
  const before = await output(node, "handles; mem");
  for (const [file, reason] of reasons)
    expect((await output(node, `service replace log /m/${file}`)).replace(/^log-next: .*\n/, ""), file).toBe(
      `service log: ${reason}; the old one goes on\n`,
    );
  expect(await output(node, "module")).toBe("");
  await output(node, "service start say; sleep 1500");
  expect(await output(node, "tail -3 /net/log")).toMatch(/say: a line\n/);
  const heap = /heap .*/g;
  expect((await output(node, "handles; mem")).replace(heap, "")).toBe(before.replace(heap, ""));
  await output(node, "service stop log");
  expect(await output(node, "service replace log /m/good.o")).toBe("service log: it does not run\n");
});
