/** The schemas of vm/: what is published is what is read. After a change, QURE_UPDATE=1 writes them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { parse } from "jsonc-parser";
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { declare } from "../../src/cli/vm.ts";
import { DRIVERS, parseConfiguration, parseTemplate, type Schema } from "../../src/vm/configuration.ts";
import { casesOf } from "../setup/tier.ts";
import { fits, OUTPUTS, PUBLISHED } from "./schemas.ts";

const root = join(import.meta.dirname, "../..");
const published = PUBLISHED["vm/machine.schema.json"]!;
const definition = (name: string): Schema => (published["definitions"] as Readonly<Record<string, Schema>>)[name]!;

test.each(Object.keys(PUBLISHED))("%s is what the tables say", (path) => {
  const wanted = `${JSON.stringify(PUBLISHED[path], null, 2)}\n`;
  if (process.env["QURE_UPDATE"]) writeFileSync(join(root, path), wanted);
  expect(readFileSync(join(root, path), "utf8")).toBe(wanted);
});

test("the template that comes with the package names its schema, and is as it says", () => {
  const template = parse(readFileSync(join(root, "vm/qure.jsonc"), "utf8")) as { $schema: string };
  expect(template.$schema).toBe("./machine.schema.json");
  expect(fits(published, template)).toBe(true);
});

test("every verb has a schema of what it prints", () => {
  const command = new Command("vm");
  declare(command);
  expect(Object.keys(OUTPUTS)).toEqual(command.commands.map((verb) => verb.name()).sort());
});

/** Values of which each fits some key, or nearly does. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, 2, 8, 9, -1, 1.5, 1e9, 999_999_999, 2 ** 53, "", " ", "a", "c", "cdn", "cdnac", "x"],
  ...[...DRIVERS, "bochs", "tcg", "kvm", "TCG", "qure", "blank", "qure-web", "qure-{key}", "-a", "a-", "{key", "a_b"],
  ...["3M", "4M", "16M", "2047M", "2048M", "2049M", "1G", "2G", "3G", "2G\n", "64m", "0M", "1T", "1000000000K", "07M"],
  ...["0s", "2s", "500ms", "2", "100000s", "qemu:///system", "qemu+ssh://big/system", "qemu:// x", "QEMU://x", "x:"],
  ...["volume:main.qure-web", "volume:", "volume:-a", `volume:${"a".repeat(128)}`, `volume:${"a".repeat(129)}`],
  ...[
    "file:/tmp/a b",
    "file:",
    "file:\u0007",
    "a\nb",
    "a\u0085",
    "\u2028",
    "é",
    "\u{1f600}".repeat(120),
    "a".repeat(121),
  ],
  ...["0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef", "52:54:00:12:34:56", "53:54:00:12:34:56"],
  ...[[], ["8080:80"], ["0:80"], ["80:0"], ["80:00"], ["udp:53:53"], ["tcp:127.0.0.1:1:65535"], ["1:65536"]],
  ...[["65536:1"], ["00080:080"], ["8080:80", 1], ["a:b"], ["80:80\n"], "8080:80"],
  ...[
    {},
    { order: "c" },
    { order: "x" },
    { order: "c", delay: "0s" },
    { delay: 0 },
    { size: "1G" },
    { size: "1G", of: 1 },
  ],
  ...[{ content: "blank" }, { size: "1", content: "qure" }, { content: null }, { order: "c", size: "1G" }],
];

/** What a machine cannot be without, and a template has not. */
const GOOD: Readonly<Record<string, unknown>> = {
  version: 1,
  id: "0123456789abcdef0123456789abcdef",
  number: 7,
  mac: "52:54:00:12:34:56",
};

const reads = (read: (path: string, content: string) => unknown, value: unknown): boolean => {
  try {
    read("m.jsonc", JSON.stringify(value));
    return true;
  } catch (error) {
    expect((error as Error).name).toBe("ConfigurationError");
    return false;
  }
};

describe("the schema and the reader are of one mind", () => {
  const kinds = [
    ["machine", parseConfiguration, GOOD],
    ["template", parseTemplate, {}],
  ] as const;

  test.each(kinds)("of every key of a %s with every value", (name, read, good) => {
    const keys = [...Object.keys(definition(name)["properties"] as object), "memroy", "boot.order", "toString"];
    for (const key of keys)
      for (const value of VALUES) {
        const file = { ...good, [key]: value };
        expect(fits(definition(name), file), JSON.stringify(file)).toBe(reads(read, file));
      }
  });

  const cases = casesOf("vm/schema");
  test(`of whole files: ${cases.title}`, () => {
    const seen = new Set<string>();
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const random = new Random(seed);
      const [name, read, good] = random.pick(kinds);
      const keys = Object.keys(definition(name)["properties"] as object);
      const file: Record<string, unknown> = { ...good };
      // As often as not all are such as fit.
      const isGood = random.below(2) === 0;
      for (let count = random.below(6); count > 0; count--) {
        const key = random.pick(keys);
        const known = (definition(name)["properties"] as Readonly<Record<string, Schema>>)[key]!;
        file[key] = random.pick(isGood ? VALUES.filter((value) => fits(known, value)) : VALUES);
      }
      for (const key of Object.keys(good)) if (random.below(12) === 0) delete file[key];
      const isRead = reads(read, file);
      expect(fits(definition(name), file), `${JSON.stringify(file)}: ${cases.repeat(seed)}`).toBe(isRead);
      seen.add(`${name} ${isRead}`);
    }
    if (cases.count > 100) expect(seen.size).toBe(4);
  });
});

test("a file says where its schema is, and that is no part of the machine", () => {
  const machine = parseConfiguration("m.jsonc", JSON.stringify({ $schema: "../machine.schema.json", ...GOOD }));
  expect(machine).not.toHaveProperty("$schema");
  expect(() => parseTemplate("t.jsonc", '{ "disk": [] }')).toThrow(/disk is an object with size and content, or null/);
});
