/** The plan that options make is all that a run has of them: printed and run again, it ends with the same digest. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { declareOptions, readOptions } from "../../src/cli/option-table.ts";
import { type Field, type FieldTable, optionKey } from "../../src/plan/fields.ts";
import { PLAN } from "../../src/plan/schema.ts";
import { rowsOf } from "../setup/tier.ts";
import { Person } from "./person.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-plan-"));
  const disk = new Uint8Array(1 << 20);
  // sti; hlt; again
  disk.set([0xfb, 0xf4, 0xeb, 0xfd]);
  disk.set([0x55, 0xaa], 510);
  for (const name of ["a.img", "b.img"]) writeFileSync(at(name), disk);
  writeFileSync(at("k.bin"), disk.subarray(0, 8));
  writeFileSync(at("rom"), Uint8Array.of(0x55, 0xaa, 1, 0xcb));
  writeFileSync(at("key"), `mine ${"12".repeat(32)}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

async function run(...args: readonly string[]): Promise<string> {
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  const command = declareOptions(new Command().exitOverride(), EMU_OPTIONS);
  command.parse(
    args.map((arg) => arg.replaceAll("FOLDER", folder)),
    { from: "user" },
  );
  const person = new Person();
  person.stdin.isTTY = false;
  await runEmu(readOptions(EMU_OPTIONS, command.opts()), null, person);
  return person.shown;
}

const digestOf = (json: string): string => (JSON.parse(json) as { digest: string }).digest;
const HDA = ["--hda", "FOLDER/a.img"];

/** Options of the machines, and some of their plan. */
const ROWS: readonly [args: readonly string[], machine: object, plan?: object][] = [
  [HDA, { drives: [{ at: "hda", path: "FOLDER/a.img" }] }],
  [[...HDA, "--memory", "64M", "--nodes", "2"], { ramBytes: "64M", count: 2 }],
  [[...HDA, "--nic", "rtl8139", "--cpus", "2"], { nic: "rtl8139", processors: 2 }],
  [[...HDA, "--cpu", "486", "--no-hpet"], { processor: "486", hpet: false }],
  [[...HDA, "--rtc", "2027-03-01", "--seed", "7"], {}, { startSeconds: "2027-03-01T00:00:00", seed: 7 }],
  [[...HDA, "--clock", "p6", "--no-gateway"], {}, { nsPerInstruction: 5, network: { gateway: false } }],
  [[...HDA, "--key", "FOLDER/key"], { key: "FOLDER/key" }],
  [[...HDA, "--vgabios", "FOLDER/rom", "--romfile", "FOLDER/rom"], { videoRom: "FOLDER/rom", nicRom: "FOLDER/rom" }],
  [[...HDA, "--sound", "none,card=sb16,irq=7"], { sound: ["sb16,irq=7"] }],
  [["--serial", "null", "--serial", "null", "--serial", "null", ...HDA], { serialPorts: 3 }],
  [["--parallel", "null", ...HDA], { parallelPort: true }],
  [["--fda", "FOLDER/a.img", "--boot", "a"], { bootOrder: "a", drives: [{ at: "fda", path: "FOLDER/a.img" }] }],
  [["--kernel", "FOLDER/k.bin", "--append", "x y"], { kernel: { path: "FOLDER/k.bin", append: "x y" } }],
  [
    [...HDA, ...["index=3", "if=virtio", "if=ahci"].flatMap((where) => ["--drive", `file=FOLDER/b.img,${where}`])],
    { drives: ["hda", "hdd", "virtio0", "sata0"].map((place) => ({ at: place })) },
  ],
  [[...HDA, "--fault", "10ms cut 1", "--faults", "2"], {}, { run: { faults: ["10ms cut 1"], drawnFaults: 2 } }],
];

const placed = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value).replaceAll("FOLDER", folder)) as Value;

test.each(rowsOf(ROWS, 8))("%j: the plan that is printed runs to the same digest", async (args, machine, said = {}) => {
  const all = [...args, "--for", "40ms", "--json"];
  const printed = await run(...all, "--print-plan");
  const plan = JSON.parse(printed) as { machines: object[] };
  expect(plan.machines[0]).toMatchObject(placed(machine));
  expect(plan).toMatchObject(said);
  writeFileSync(at("plan.json"), printed);
  expect(await run("--plan", "FOLDER/plan.json", "--print-plan")).toBe(printed);
  expect(digestOf(await run("--plan", "FOLDER/plan.json"))).toBe(digestOf(await run(...all)));
});

/** Options that say what is in drives, which machines there are, or that are no part of a run. */
const OTHERS = ["image", "cdrom", "hda", "fda", "fdb", "clock", "plan", "printPlan"];

test("each option is in a field, and each field names an option that there is", () => {
  const fields = (table: FieldTable): Field<unknown>[] =>
    Object.values(table).flatMap((field) => [field, ...(field.table ? fields(field.table) : [])]);
  const named = new Set(
    fields(PLAN)
      .flatMap(({ option, madeFrom }) => option ?? madeFrom ?? [])
      .map(optionKey),
  );
  const options = Object.keys(EMU_OPTIONS).filter((name) => !OTHERS.includes(name));
  expect([...named].sort()).toEqual(options.sort());
});

test("machines may differ, have names, and begin without power", async () => {
  const drives = [{ at: "hda", path: at("a.img") }];
  const machines = [
    { name: "one", drives },
    { count: 2, nic: "pcnet", drives },
    { ramBytes: "8M", drives, off: true },
  ];
  const plan = { system: "other", machines, run: { for: "30ms" }, outputs: { json: true } };
  writeFileSync(at("own.json"), JSON.stringify(plan));
  const { nodes } = JSON.parse(await run("--plan", "FOLDER/own.json")) as { nodes: { name: string; off: boolean }[] };
  expect(nodes.map(({ name, off }) => [name, off])).toEqual([
    ["one", false],
    ["qure-2", false],
    ["qure-3", false],
    ["qure-4", true],
  ]);
});

test("a plan that cannot be, or that goes with other options, is refused", async () => {
  writeFileSync(at("wrong.json"), '{\n  "machines": [{ "ramBytes": 5 }]\n}\n');
  await expect(run("--plan", "FOLDER/wrong.json")).rejects.toThrow(
    `${at("wrong.json")}:2:30: error: machines[0].ramBytes: expected a size`,
  );
  await expect(run("--plan", "FOLDER/none.json")).rejects.toThrow("none.json: no such file");
  await expect(run("--plan", "FOLDER/wrong.json", "--json")).rejects.toThrow(
    "--plan: the file says all of it: leave --json out",
  );
});

test("a plan without the line that its output names is refused", async () => {
  const machines = [{ drives: [{ at: "hda", path: at("a.img") }] }];
  for (const [outputs, message] of [
    [{ parallel: "null" }, "--parallel: the machine has no parallel port"],
    [{ sound: ["none"] }, "--sound: the machine has no AC97"],
    [{ serial: ["null", "null", "null"] }, "--serial: more than 2 times"],
  ] as const) {
    writeFileSync(at("lines.json"), JSON.stringify({ system: "other", machines, outputs }));
    await expect(run("--plan", "FOLDER/lines.json")).rejects.toThrow(message);
  }
});

test("a run that cannot begin writes nothing, neither into what it reads nor into what it would write", async () => {
  const written = (plan: object): void => writeFileSync(at("in.json"), JSON.stringify(plan));
  const before = readFileSync(at("a.img"));
  written({ machines: [{ name: "a", drives: [{ at: "hda", path: at("a.img"), keptIn: at(".") }] }] });
  await expect(run("--plan", "FOLDER/in.json")).rejects.toThrow("the disk of a would be kept here, and the run reads");
  expect(readFileSync(at("a.img")).equals(before)).toBe(true);
  writeFileSync(at("kept.pcap"), "precious");
  const machines = [{ drives: [{ at: "hdc", kind: "cd", path: at("none.iso") }] }];
  written({ machines, outputs: { capture: at("kept.pcap") } });
  await expect(run("--plan", "FOLDER/in.json")).rejects.toThrow("none.iso: no such file");
  expect(readFileSync(at("kept.pcap"), "utf8")).toBe("precious");
});

test("a device without an end is read up to a bound", async () => {
  await expect(run("--plan", "/dev/zero")).rejects.toThrow("/dev/zero: larger than the tools can work with");
});

test("a snapshot whose name is none is refused before the run", async () => {
  await expect(run("--hda", "FOLDER/a.img", "--for", "100s", "--save", "a b")).rejects.toThrow(
    "a b: a snapshot's name has letters, digits and . _ + - only",
  );
});
