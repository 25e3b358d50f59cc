/**
 * Every field of every device is part of the saved state: after some work the board is saved and restored into a fresh
 * one, and all fields of both are compared, private ones included. Whoever adds a field that can change and forgets to
 * visit it sees its name here, whether or not anything depends on it yet (state.test.ts looks at that).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BoardConfig, NIC_MODELS } from "../../../emulator/board-config.ts";
import { Random } from "../../../emulator/state/random.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { randomSteps } from "./bursts.ts";
import { CHIPS, complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { Omission } from "./omission.ts";
import { type Fields, fieldsOf } from "./private-fields.ts";
import { attempt, saveWith, successor, type Wrap } from "./relay.ts";
import { parseScript } from "./script.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);
const asIs: Wrap = (visitor) => visitor;

/** What is saved by others: timers by their queue, the cable by the machine, media by the snapshot. */
const SAVED_BY_OTHERS = new Set(["TimerQueue", "SparseDisk", "CableEnd"]);

/** Fields that may differ, by the end of their path, with the reason. */
const NO_STATE: readonly (readonly [field: RegExp, reason: string])[] = [
  [/\.#lastFound$/, "which window was found last: only makes the next search faster"],
  [/\.#receiver\.(#descriptor|#descriptorView|#writtenBack)$/, "nothing of them outlives a call"],
  [/\.#transmitter\.(#descriptor|#descriptorView|#status)$/, "nothing of them outlives a call"],
  [/\.#transmitter\.#room$/, "room that has grown: the packet in it is a field of its own"],
  [/\.queues\.\d+\.(#descriptor|#word)$/, "nothing of them outlives a call"],
  [/\.#report(ed|s)(\.|$)/, "what the log has said: who was restored says it again"],
  [/^\.#counters\./, "what --stats prints: counted since the machine was made"],
];

/** The fields in which a restored board differs, and the classes that were looked at. */
function compareRestored(board: TestBoard, wrap: Wrap = asIs): { lost: string[]; classes: ReadonlySet<string> } {
  const copy = successor(board, saveWith(board, wrap), wrap);
  const isNoState = (path: string): boolean => NO_STATE.some(([field]) => field.test(path));
  const [before, after] = [board, copy].map((machine) => fieldsOf(machine.board, SAVED_BY_OTHERS, isNoState)) as [
    Fields,
    Fields,
  ];
  const lost = [...new Set([...before.values.keys(), ...after.values.keys()])].filter(
    (path) => before.values.get(path) !== after.values.get(path),
  );
  return {
    lost: lost.map((path) => `${path}: ${before.values.get(path)} became ${after.values.get(path)}`),
    classes: before.classes,
  };
}

/** Boards that have everything, one with each card. */
const BOARDS = NIC_MODELS.map((nic) => () => ({ ...complete(), nic }));

/** A board after random work. */
function worked(part: number, count: number, config: Partial<BoardConfig>): TestBoard {
  const board = new TestBoard(config);
  let left = count;
  for (const step of randomSteps(
    new Random(SEED, `fields ${part}`),
    config.nic === undefined ? {} : { nic: config.nic },
  )) {
    if (left-- === 0) break;
    attempt(board, step);
  }
  return board;
}

test.each(rowsOf([300, 1000], [0, 1]))(`after %i random steps (QURE_SEED=${SEED})`, (count) => {
  for (const config of BOARDS) expect(compareRestored(worked(count, count, config())).lost).toEqual([]);
});

test("all classes of devices that have a state are looked at", () => {
  const classes = new Set(BOARDS.flatMap((config) => [...compareRestored(new TestBoard(config())).classes]));
  const folder = join(import.meta.dirname, "../../../emulator/devices");
  const names = readdirSync(folder, { encoding: "utf8", recursive: true }).filter((name) => name.endsWith(".ts"));
  const texts = names.map((name) => readFileSync(join(folder, name), "utf8"));
  const bases = new Set(texts.flatMap((text) => [...text.matchAll(/ extends (\w+)/g)].map(([, name]) => name)));
  const stateful = texts
    .flatMap((text) => [...text.matchAll(/^(?:export )?class (\w+)[^{]*\{.*?^}/gms)])
    .filter(([text]) => /^ {2}(override )?visitState\(/m.test(text))
    .map((match) => match[1]!)
    .filter((name) => !bases.has(name));
  expect(stateful.length).toBeGreaterThan(20);
  expect(stateful.filter((name) => !classes.has(name))).toEqual([]);
});

test("a field that is left out is named", () => {
  const board = new TestBoard(complete());
  board.run("out 21 a5");
  const { lost } = compareRestored(board, (visitor) => new Omission(visitor, "8259A, field 4"));
  expect(lost).toEqual([expect.stringMatching(/#imr: number 165 became number 0$/)]);
});

const PARTS = `
  board 7, port 61h 1, port 92h 1, port CF9h 1, POST code 1, APM control 1, APM status 1, coprocessor error 1, HPET 1,
  8254 1, MC146818 1, 8042 1, PS/2 keyboard 1, PS/2 mouse 2, 16550A 2, parallel port 1,
  SB16 1, SB16 mixer 1, SB16 processor 1, SB16 voice 1, sound clock 1, VGA 3, VGA memory 1, display interface 1, DMA 1, 8237A 1,
  82077AA 2, medium 1, diskette drive 2, PCI bus 1, 82441FX host bridge 1, PIIX3 ISA bridge 1, PIIX3 IDE 1, IDE channel 1,
  bus master 1, IDE drive 2, ide0 master 1, ide0 slave 1, ide1 master 2, PIIX4 power management 1, VGA PCI function 1, eth0 1,
  virtio0 1, virtio 1, virtqueue 1, virtio disk 1, ahci0 1, AHCI 1, AHCI port 1,
  PRD table 1, sata0 1, SATA disk 1, sata1 2, AC97 1, AC'97 1, AC'97 codec 1, AC'97 stream 1, 8259A 2, local APIC 1, I/O APIC 1, firmware configuration 2, timers 1,
  cable end 1
`
  .trim()
  .split(/,\s+/);
/** What boards with the other cards have besides, in the order of NIC_MODELS. */
const PARTS_OF_CARDS = [["RTL8139 1"], ["virtio network card 1"], ["NE2000 1"], ["PCnet 1"]];

/** The parts of a board's state, which are its format: a part whose fields change gets another version. */
function partsOf(config: Partial<BoardConfig>): string[] {
  const parts: string[] = [];
  saveWith(new TestBoard(config), (visitor) => {
    const part = visitor.part.bind(visitor);
    visitor.part = (name, version) => {
      parts.push(`${name} ${version}`);
      part(name, version);
    };
    return visitor;
  });
  return [...new Set(parts)];
}

test("the parts that a snapshot is made of have these names and versions", () => {
  const [common, ...others] = BOARDS.map((config) => partsOf(config()));
  expect(common).toEqual(PARTS);
  expect(others.map((parts) => parts.filter((part) => !PARTS.includes(part)))).toEqual(PARTS_OF_CARDS);
});

/**
 * Cases that one board goes through before it is looked at: to list all of its fields takes ten times as long as a
 * case.
 */
const TOGETHER = 5;

for (const { name: chip, cases, config } of rowsOf(CHIPS, [0, 12])) {
  // A copy is given the media that the board has, not those that it had.
  const together = chip.endsWith("changed") ? 1 : TOGETHER;
  for (let first = 0; first < cases.length; first += together) {
    const some = cases.slice(first, first + together);
    thoroughly(`${chip}: ${some.map(({ name }) => name).join("; ")}`, () => {
      const board = new TestBoard(config());
      for (const step of some.flatMap(({ script }) => parseScript(script))) attempt(board, step);
      expect(compareRestored(board).lost).toEqual([]);
    });
  }
}
