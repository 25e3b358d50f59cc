/** The screen of a system that is not QuRe on the terminal: colours, keys, the emulator's own keys, how a run ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EMU_OPTIONS } from "../../src/cli/emu/options.ts";
import { runEmu } from "../../src/cli/emu/run.ts";
import { CommandError } from "../../src/cli/fail.ts";
import { readOptions } from "../../src/cli/option-table.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { guest } from "../systems/guest.ts";
import { Person } from "./person.ts";

const CTRL_RIGHT_BRACKET = "\x1d";
const MIB = 1 << 20;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-screen-"));
  const disk = (name: string, code: Uint8Array): void => {
    const bytes = new Uint8Array(MIB);
    bytes.set(code);
    writeFileSync(join(folder, name), bytes);
  };
  disk("echo.img", guest("tests/guest/programs/echo-screen.s"));
  disk("blank.img", new Uint8Array(0));
  const graphics = guest("tests/guest/programs/graphics.s");
  graphics[508] = 0x13;
  disk("graphics.img", graphics);
  disk("mouse.img", guest("tests/guest/programs/int15.s"));
  const halt = new Uint8Array(512);
  halt.set([0xfa, 0xf4]);
  halt.set([0x55, 0xaa], 510);
  disk("halt.img", halt);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sits at a machine with this disk; returns the exit code. */
async function sit(image: string, person: Person): Promise<number> {
  try {
    await runEmu(readOptions(EMU_OPTIONS, { hda: join(folder, image) }), null, person);
    return 0;
  } catch (error) {
    if (error instanceof CommandError) return error.exitCode;
    throw error;
  }
}

describe("a foreign system on a terminal", () => {
  test("shows its screen in its colours, and its keyboard is the terminal's", async () => {
    const person = new Person([/\x1b\[0;93;44mhello /, "Key"], [/Key/, "x"]);
    expect(await sit("echo.img", person)).toBe(0);
    expect(person.isRaw).toBe(false);
    expect(person.shown).not.toContain("not in a cluster");
  });

  test("Ctrl-] q leaves it", async () => {
    const person = new Person([/hello/, CTRL_RIGHT_BRACKET], [/q quit/, "q"]);
    expect(await sit("echo.img", person)).toBe(0);
  });

  test("Ctrl-] s shows COM1, and the screen again", async () => {
    const person = new Person(
      [/hello/, CTRL_RIGHT_BRACKET],
      [/q quit/, "s"],
      [/QuRe firmware/, CTRL_RIGHT_BRACKET],
      [/q quit/, "s"],
      [/hello/, "x"],
    );
    expect(await sit("echo.img", person)).toBe(0);
  });
});

describe("a terminal that can show points", () => {
  const attributes = /\x1b\[c/;

  test("gets graphics as sixels, as large as 80 by 25 of its cells", async () => {
    const person = new Person(
      [attributes, "\x1b[6;20;10t\x1b[?62;4;22c"],
      [/\x1bP0;1;0q"1;1;800;500#0;2;/, CTRL_RIGHT_BRACKET],
      [/q quit/, "q"],
    );
    expect(await sit("graphics.img", person)).toBe(0);
  });

  thoroughly("gets a PNG where it knows kitty's protocol, which is taken away in the end", async () => {
    const person = new Person(
      [attributes, "\x1b_Gi=31;OK\x1b\\\x1b[?62;4c"],
      [/\x1b_Ga=T,f=100,/, CTRL_RIGHT_BRACKET],
      [/q quit/, "q"],
    );
    expect(await sit("graphics.img", person)).toBe(0);
    expect(person.shown).toContain("\x1b_Ga=d,");
  });

  test("gets half blocks when it answers that it can do neither", async () => {
    const person = new Person([attributes, "\x1b[?62;22c"], [/▀/, CTRL_RIGHT_BRACKET], [/q quit/, "q"]);
    expect(await sit("graphics.img", person)).toBe(0);
  });
});

test("the terminal's mouse is the guest's once the guest listens to it", async () => {
  const person = new Person(
    [/\x1b\[\?1003h/, `\x1b[<35;10;5M\x1b[<35;11;4M${CTRL_RIGHT_BRACKET}`],
    [/q quit/, "s"],
    [/0008 0008 0010 0000/, "\x1b[<0;11;4M"],
    [/0009 0000 0000 0000/, "\x1b[<0;11;4m"],
    [/0008 0000 0000 0000/, ""],
  );
  expect(await sit("mouse.img", person)).toBe(0);
  expect(person.remaining).toBe(0);
});

describe("nobody looks", () => {
  test.each([
    ["blank.img", "nothing bootable was found"],
    ["halt.img", "the processor has halted with interrupts off"],
  ])("%s ends the run with status 4", async (image, why) => {
    const person = new Person();
    person.stdin.isTTY = false;
    const run = runEmu(readOptions(EMU_OPTIONS, { hda: join(folder, image) }), null, person);
    await expect(run).rejects.toMatchObject({ exitCode: 4, message: `qure-1: ${why}` });
  });
});
