/**
 * Every field of every device is part of the saved state: after some work the board is saved and restored into a fresh
 * one, and all fields of both are compared, private ones included. Whoever adds a field that can change and forgets to
 * visit it sees its name here, whether or not anything depends on it yet (state.test.ts looks at that).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BoardConfig, NIC_MODELS } from "../../../emulator/board.ts";
import { Random } from "../../../emulator/state/random.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
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
  [/\.#reported(\.|$)/, "what the log has said: who was restored says it again"],
  [/^\.#counters\./, "what --stats prints: counted since the machine was made"],
];

/** The fields in which a restored board differs, and the classes that were looked at. */
function compareRestored(board: TestBoard, wrap: Wrap = asIs): { lost: string[]; classes: ReadonlySet<string> } {
  const copy = successor(board, saveWith(board, wrap), wrap);
  const [before, after] = [board, copy].map((machine) => fieldsOf(machine.board, SAVED_BY_OTHERS)) as [Fields, Fields];
  const lost = [...new Set([...before.values.keys(), ...after.values.keys()])]
    .filter((path) => before.values.get(path) !== after.values.get(path))
    .filter((path) => !NO_STATE.some(([field]) => field.test(path)));
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

test.each([300, 1000])(`after %i random steps (QURE_SEED=${SEED})`, (count) => {
  for (const config of BOARDS) expect(compareRestored(worked(count, count, config())).lost).toEqual([]);
});

test("all classes of devices that have a state are looked at", () => {
  const classes = new Set(BOARDS.flatMap((config) => [...compareRestored(new TestBoard(config())).classes]));
  const folder = join(import.meta.dirname, "../../../emulator/devices");
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
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

for (const { name: chip, cases, config } of CHIPS)
  for (const { name, script } of cases)
    thoroughly(`${chip}: ${name}`, () => {
      const board = new TestBoard(config());
      for (const step of parseScript(script)) attempt(board, step);
      expect(compareRestored(board).lost).toEqual([]);
    });
