/** Plans as text: what is read, what is refused and where, and that each is written as it was read. */
import { describe, expect, test } from "vitest";
import { encodeRun } from "../../src/lab/run-link.ts";
import { CLOUD } from "../../src/plan/goal.ts";
import { formatPlan, machineCount, planOf, readPlan } from "../../src/plan/plan.ts";
import { unheld } from "../../src/plan/run.ts";

const HDA = { at: "hda", path: "a.img" };
const ONE = { machines: [{ drives: [HDA] }] };

test("what is absent has its default", () => {
  const plan = planOf({ ...ONE, run: { until: "cloud", for: "1.5s" } });
  expect(plan.machines[0]).toMatchObject({ count: 1, ramBytes: 32 << 20, nic: "e1000", processors: 1, hpet: true });
  expect(plan.run).toMatchObject({ until: CLOUD, for: 1.5e9, reboot: true, jit: "on" });
  expect(plan).toMatchObject({ seed: 1, system: "qure", nsPerInstruction: 10, network: { gateway: true } });
  expect(JSON.parse(formatPlan(plan))).toEqual({ version: 1, ...ONE, run: { until: "cloud", for: "1500ms" } });
});

/** Each field that is not at its default, in the form in which it is printed. */
const WHOLE = {
  version: 1,
  system: "other",
  seed: 7,
  startSeconds: "2026-11-28T20:15:00",
  nsPerInstruction: 5,
  firmware: "bios.bin",
  machines: [
    {
      count: 2,
      ramBytes: "64M",
      processor: "pentium3",
      processors: 2,
      drives: [
        { at: "hda", path: "a.img", isRaw: true, keptIn: "disks" },
        { at: "hdd", kind: "cd" },
        { at: "sata5", kind: "cd", path: "b.iso" },
        { at: "virtio0", path: "v.img" },
        { at: "fdb", path: "f.img" },
      ],
      kernel: { path: "k.elf", append: "a b", modules: [{ path: "m", text: "x" }] },
      bootOrder: "dn",
      nic: "rtl8139",
      nicRom: "r.rom",
      videoRom: "v.rom",
      hpet: false,
      serialPorts: 4,
      parallelPort: true,
      sound: ["AC97", "sb16,irq=7"],
      key: "seed",
    },
    { name: "late", ramBytes: "1G", macAddress: "52:54:00:12:34:56", off: true },
  ],
  network: {
    gateway: false,
    forwards: ["tcp:127.0.0.1:8080:2:80", "udp:127.0.0.1:53-10.0.2.15:53"],
    ways: [
      "user,hostfwd=tcp:127.0.0.1:22:1:22",
      "vxlan,vni=42,local=0.0.0.0:4789,remote=10.9.0.2:4789,remote=10.9.0.3:4789",
      "dgram,local=127.0.0.1:5001,remote=127.0.0.1:5002",
      "stream,listen.path=/tmp/lan.sock",
      "stream,connect=127.0.0.1:5000",
    ],
  },
  run: {
    until: "text:ready$",
    for: "250us",
    stay: true,
    script: "s.txt",
    faults: ["5000ms lose 2 30%", "on:/era 2/ cut 1"],
    drawnFaults: 3,
    threads: 2,
    jit: "force",
    reboot: false,
    realtime: true,
    stopped: true,
  },
  outputs: {
    json: true,
    link: true,
    stats: true,
    logs: "logs",
    screenshots: "shots",
    capture: "all.pcapng",
    serial: ["stdio", "file:com2.txt", "null", "tcp:[::1]:4444,server,wait=off"],
    parallel: "unix:/tmp/p",
    debugConsole: "telnet:127.0.0.1:23,server",
    sound: ["none,card=sb16,irq=7,channels=1,format=u8", "x.wav,card=AC97,frequency=44100,channels=2,format=s16"],
  },
  debugging: {
    gdb: 1234,
    monitor: "unix:/tmp/m,server",
    qmp: "tcp:127.0.0.1:5555,server,wait=off",
    trace: ["int", "net"],
    traceFile: "t.txt",
    symbols: ["k.elf"],
  },
  snapshots: { folder: "kept", save: "then", at: "2s" },
};

test("is printed as it was read", () => {
  expect(JSON.parse(formatPlan(planOf(WHOLE)))).toEqual(WHOLE);
  expect(machineCount(planOf(WHOLE))).toBe(3);
});

const LINK_OF_TWO = encodeRun({
  ...{ image: "0".repeat(16), medium: "disk", preparedBytes: 0, nodes: 2, ramBytes: 1 << 25, seed: 1, gateway: true },
  ...{ isCampaign: false, actions: [], endNs: 0, digest: null },
});

describe("refuses, with the place,", () => {
  const machine = (said: object): object => ({ machines: [said] });
  test.each<[unknown, string]>([
    [[], "expected an object, and got []"],
    [{ version: 2, ...ONE }, "version: expected one of 1, and got 2"],
    [{}, "machines: there is none, and no snapshot is restored"],
    [{ ...ONE, snapshots: { restore: "a" } }, "machines: those of a restored snapshot are in it"],
    [{ ...ONE, nodes: 3 }, "nodes: there is no such field; there are version, system, seed"],
    [{ ...ONE, toString: 1 }, "toString: there is no such field"],
    [machine({ ramBytes: "3" }), 'machines[0].ramBytes: expected a size, 1M to 1G in steps of 64K, such as "64M"'],
    [machine({ ramBytes: 33_000_000 }), "machines[0].ramBytes: expected a size"],
    [machine({ count: 1.5 }), "machines[0].count: expected a whole number, 1 to 1000, and got 1.5"],
    [machine({ count: 2, name: "a" }), "machines[0].name: 2 machines cannot have one name"],
    [{ machines: [{ name: "a" }, { name: "a" }] }, "machines: two are called a"],
    [{ machines: [{ name: "qure-2" }, {}] }, "machines: two are called qure-2"],
    [{ machines: [{ count: 1000 }, {}] }, "machines: 1001 machines"],
    [machine({ hpet: 1 }), "machines[0].hpet: expected true or false, and got 1"],
    [machine({ nic: "ne2000" }), 'machines[0].nic: expected one of "e1000", '],
    [machine({ processor: "486", processors: 2 }), "machines[0].processors: the model 486 has no local APIC"],
    [machine({ drives: [{ path: "a" }] }), "machines[0].drives[0].at: it is missing"],
    [machine({ drives: [{ at: "sda", path: "a" }] }), "machines[0].drives[0].at: expected a place of a drive"],
    [machine({ drives: [HDA, HDA] }), "machines[0].drives[1].at: there is a drive in hda already"],
    [machine({ kernel: { path: "k" }, drives: [{ at: "hdc", path: "c" }] }), "there is a drive in hdc already"],
    [machine({ drives: [{ at: "hda" }] }), "machines[0].drives[0]: expected one of path and blank"],
    [machine({ drives: [{ at: "hdb", blank: "64M" }] }), "machines[0].drives[0]: a blank disk"],
    [
      machine({ drives: [{ at: "hda", blank: "64M", isPrepared: true }] }),
      "isPrepared: expected a blank disk, and a CD",
    ],
    [machine({ drives: [{ at: "fda", kind: "cd" }] }), "machines[0].drives[0].kind: a CD is at an IDE channel"],
    [machine({ drives: [{ at: "hda", path: "" }] }), 'machines[0].drives[0].path: expected a path, and got ""'],
    [machine({ sound: ["AC97", "AC97"] }), "machines[0].sound: a machine has one card of a model"],
    [machine({ sound: ["sb16,irq=99"] }), "machines[0].sound[0]: "],
    [machine({ macAddress: "01:00:00:00:00:00" }), "machines[0].macAddress: expected a hardware address"],
    [{ ...ONE, run: { until: "clouds" } }, "run.until: clouds: write cloud or text:REGEX"],
    [{ ...ONE, run: { for: "soon" } }, 'run.for: expected a time, such as "250ms", and got "soon"'],
    [{ ...ONE, run: { faults: ["5s explode 1"] } }, "run.faults[0]: 5s explode 1: "],
    [{ ...ONE, run: { stopped: true } }, "run.stopped: nobody could let it go on"],
    [{ ...ONE, network: { ways: ["user"] } }, "run.realtime: expected true"],
    [{ ...ONE, snapshots: { at: "1s" } }, "snapshots.at: save is missing"],
    [{ ...ONE, run: { replay: LINK_OF_TWO } }, "run.replay: the link is of 2 machines, and there are 1"],
    [{ ...ONE, run: { replay: "x" } }, "run.replay: the link was altered"],
    [{ ...ONE, startSeconds: "utc" }, "startSeconds: utc: write a date"],
  ])("%j", (value, message) => {
    expect(() => planOf(value)).toThrow(message);
  });
});

test.each([
  ['{\n  "machines": [\n    { "ramBytes": "32" }\n  ]\n}', "p.json:3:19: error: machines[0].ramBytes: expected a size"],
  ['{\n  "machines": [{}],\n  "nodes": 3 }', "p.json:3:12: error: nodes: there is no such field"],
  ['{ "machines": [{ "drives": [{ "path": "a" }] }] }', "p.json:1:29: error: machines[0].drives[0].at: it is missing"],
  ["", "p.json:1:1: error: expected a value"],
  ['{ "seed": 1 "a": 2 }', "p.json:1:13: error: expected a comma or }"],
  ['{ "seed": 1, "seed": 2 }', "p.json:1:14: error: seed is there twice"],
  ['{ "seed": 1, }', "p.json:1:14: error: expected a field's name in quotes"],
  ['{ "seed": 01 }', "p.json:1:12: error: expected a comma or }"],
  ['{ "key": "a\n" }', "p.json:1:10: error: expected a text that ends on its line"],
  ["{} {}", "p.json:1:4: error: expected the end of the file"],
  ["[".repeat(100), "more than 64 brackets"],
])("a file %j is refused at its line and column", (text, message) => {
  expect(() => readPlan(text, "p.json")).toThrow(message);
});

test.each<[object, string | null]>([
  [{}, null],
  [{ ramBytes: "64M", count: 3 }, null],
  [{ nic: "pcnet" }, "--nic (nic)"],
  [{ serialPorts: 3 }, "--serial (serialPorts)"],
  [{ drives: [HDA, { at: "virtio0", path: "v" }] }, "--drive (the drive virtio0)"],
  [{ drives: [{ ...HDA, keptIn: "d" }] }, "--dir (the drive hda)"],
  [{ kernel: { path: "k" }, drives: [] }, null],
  [{ drives: [] }, "a run without an image"],
])("of a machine with %j no link can hold %s", (said, found) => {
  expect(unheld(planOf({ system: "other", machines: [{ drives: [HDA], ...said }] }))).toBe(found);
});

test.each<[object, string]>([
  [{ startSeconds: "2027-01-01" }, "--rtc (startSeconds)"],
  [{ firmware: "b" }, "--firmware (firmware)"],
  [{ nsPerInstruction: 5 }, "--ns-per-instruction (nsPerInstruction)"],
  [{ run: { reboot: false } }, "--no-reboot (reboot)"],
])("of a plan with %j no link can hold %s", (said, found) => {
  expect(unheld(planOf({ system: "other", machines: [{ drives: [HDA] }], ...said }))).toBe(found);
});
