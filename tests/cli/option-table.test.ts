/** Options as data: what the table says is what commander takes. */
import { Command, CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { EMU_OPTIONS, RESTORE_OPTIONS, SAVE_OPTIONS } from "../../src/cli/emu/options.ts";
import { UsageError } from "../../src/cli/fail.ts";
import { declareOptions, type OptionValues, readOptions } from "../../src/cli/option-table.ts";

type Values = OptionValues<typeof EMU_OPTIONS>;

function parse(args: readonly string[], names?: readonly string[]): Values {
  const command = declareOptions(
    new Command().exitOverride().configureOutput({ writeErr: () => {} }),
    EMU_OPTIONS,
    names,
  );
  command.parse([...args], { from: "user" });
  return readOptions(EMU_OPTIONS, command.opts());
}

describe("the options of qure emu", () => {
  test("have their defaults and types when none is given", () => {
    expect(parse([])).toMatchObject({
      nodes: 1,
      image: null,
      disk: 64 << 20,
      gateway: true,
      until: null,
      jit: "on",
      stopped: false,
      trace: null,
      symbols: [],
      store: expect.stringMatching(/snapshots$/),
    });
  });

  test.each<[readonly string[], Partial<Values>]>([
    [["-n", "3"], { nodes: 3 }],
    [["--no-gateway"], { gateway: false }],
    [["-m", "1G"], { memory: 2 ** 30 }],
    [["--for", "1.5s"], { for: 1.5e9 }],
    [["--until", "cloud"], { until: { text: "cloud", pattern: null } }],
    [["--until", "text:a|b"], { until: { text: "text:a|b", pattern: /a|b/m } }],
    [["-d", "int,net", "-D", "t.txt"], { trace: new Set(["int", "net"] as const), traceFile: "t.txt" }],
    [["--symbols", "a.elf", "b.elf", "--stats"], { symbols: ["a.elf", "b.elf"], stats: true }],
    [["--jit", "force"], { jit: "force" }],
    [["--save", "x", "--at", "10ms"], { save: "x", at: 10e6 }],
  ])("%j", (args, expected) => expect(parse(args)).toMatchObject(expected));

  test.each<[readonly string[], RegExp]>([
    [["--nodes", "1001"], /--nodes 1001: not a whole number from 1 to 1000/],
    [["--seed", "-1"], /--seed -1: not a whole number/],
    [["--until", "text:("], /--until text:\(: Invalid regular expression/],
    [["--serial", "pty"], /--serial pty: write stdio, file:PATH, tcp:HOST:PORT/],
    [["--parallel", "file:"], /--parallel file:: write file:PATH/],
    [["--trace", "int,inf"], /--trace inf: not a kind of event; there are int, exec/],
    [["--at", "1s"], /--at: give --save too/],
    [["-S"], /--stopped: give --gdb or --monitor or --qmp too/],
    [["-D", "x"], /--trace-file: give --trace too/],
  ])("%j is refused", (args, message) => {
    expect(() => parse(args)).toThrow(UsageError);
    expect(() => parse(args)).toThrow(message);
  });

  test.each<[readonly string[], RegExp]>([
    [["--jit", "maybe"], /Allowed choices are on, off, force/],
    [["--image", "a", "--hda", "b"], /cannot be used with option '--hda <file>'/],
    [["--cdrom", "a", "--image", "b"], /cannot be used with option '--cdrom <file>'/],
  ])("%j is refused by commander", (args, message) => {
    expect(() => parse(args)).toThrow(CommanderError);
    expect(() => parse(args)).toThrow(message);
  });

  test("of qure snapshot are parts of them", () => {
    expect(() => parse(["--save", "x"], SAVE_OPTIONS)).toThrow(/unknown option '--save'/);
    expect(() => parse(["--nodes", "2"], RESTORE_OPTIONS)).toThrow(/unknown option '--nodes'/);
    expect(parse(["--for", "1s"], RESTORE_OPTIONS)).toMatchObject({ for: 1e9, nodes: 1 });
  });
});
