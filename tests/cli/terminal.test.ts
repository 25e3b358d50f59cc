/** A cluster on a terminal: attaching to consoles, leaving, and what Ctrl-C means where. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { CommandError } from "../../src/cli/fail.ts";
import { readOptions } from "../../src/cli/option-table.ts";
import { Person } from "./person.ts";

/** A boot sector that says on COM1 what comes in there, for ever. */
const ECHO = Uint8Array.from([
  0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1,
]);
const CTRL_C = "\x03";
const CTRL_RIGHT_BRACKET = "\x1d";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-terminal-"));
  const disk = new Uint8Array(1 << 20);
  disk.set(ECHO);
  disk.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "echo.img"), disk);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function exitCode(person: Person): Promise<number> {
  const options = readOptions(EMU_OPTIONS, { nodes: 2, hda: join(folder, "echo.img") });
  try {
    await runEmu(options, null, person);
    return 0;
  } catch (error) {
    if (error instanceof CommandError && error.message === "") return error.exitCode;
    throw error;
  }
}

describe("a cluster on a terminal", () => {
  test("Ctrl-C at the table ends it with status 130", async () => {
    const person = new Person([/q: quit/, CTRL_C]);
    expect(await exitCode(person)).toBe(130);
    expect(person.shown).toMatch(/^digest [0-9a-f]{32}$/m);
    expect(person.isRaw).toBe(false);
  });

  test("q ends it with status 0", async () => {
    expect(await exitCode(new Person([/q: quit/, "q"]))).toBe(0);
  });

  test("while attached, Ctrl-C and q go to the node, and Ctrl-] comes back", async () => {
    const person = new Person(
      [/q: quit/, "2"],
      [/qure-2, Ctrl-\] leaves it/, `q${CTRL_C}x`],
      [/q\x03x/, CTRL_RIGHT_BRACKET],
      [/q: quit/, "q"],
    );
    expect(await exitCode(person)).toBe(0);
  });
});
