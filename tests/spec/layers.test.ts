/** Layers of a spec: what each may say, what goes over what, and how a mistake is shown. */
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../src/diagnostic/diagnostic.ts";
import { readAssignment, readEnvironment, readFile, resolve, type Said, SpecError } from "../../src/spec/layers.ts";

const base = (text: string): Said[] => readFile("build.json", "build.json", text);
const local = (text: string): Said[] => readFile("build.local.json", "build.local.json", text);

/** What a person reads of a file that is refused. */
function complaints(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join("\n");
  }
  return "";
}

describe("what goes over what", () => {
  const said = [
    ...base('{ "name": "a", "disk": { "size": "64M", "init": ["one"], "settings": { "x": "1", "y": "1" } } }'),
    ...local('{ "disk": { "+init": ["two"], "settings": { "y": "2" } }, "outputs": ["iso"] }'),
    ...readEnvironment({ QURE_DISK_SIZE: "48M", QURE_HTTP_DIR: "../http", QURE_OUTPUTS: "+usb,tgz", QURE_SEED: "7" }),
    readAssignment("name=c", "--set"),
    readAssignment("modules.telnet-door=false", "--set"),
  ];
  const { spec, settings } = resolve(said);
  const setting = (key: string): (typeof settings)[number] => settings.find((one) => one.key === key)!;

  test("objects merge, lists replace, a list with + goes to the end", () => {
    expect(spec.disk).toMatchObject({ size: "48M", init: ["one", "two"], settings: { x: "1", y: "2" } });
    expect(spec.outputs).toEqual(["iso", "usb", "tgz"]);
    expect([spec.name, spec.modules]).toEqual(["c", { http: "../http", "telnet-door": false }]);
  });

  test("each value knows where it is from, and what it went over", () => {
    const origins = (key: string): unknown => setting(key).said.map(({ layer, place, value }) => [layer, place, value]);
    expect(origins("disk.size")).toEqual([
      ["environment", "QURE_DISK_SIZE", "48M"],
      ["build.json", "build.json:1:26", "64M"],
      ["default", "", "32M"],
    ]);
    expect(origins("disk.settings.y")).toEqual([
      ["build.local.json", "build.local.json:1:45", "2"],
      ["build.json", "build.json:1:82", "1"],
    ]);
    expect(origins("name")).toEqual([
      ["command line", "--set name", "c"],
      ["build.json", "build.json:1:3", "a"],
      ["default", "", "qure"],
    ]);
  });

  test("nothing said is what QuRe has", () => {
    expect(resolve([]).spec).toMatchObject({ name: "qure", product: "QuRe", layout: "qure", outputs: ["iso", "raw"] });
  });

  test("a name that objects have by themselves is one like others", () => {
    const { spec: odd } = resolve(base('{ "defines": { "__proto__": 3, "constructor": 4 } }'));
    expect(Object.entries(odd.defines)).toEqual([
      ["__proto__", 3],
      ["constructor", 4],
    ]);
  });
});

describe("mistakes", () => {
  test("an unknown key is shown where it stands, with the one that was meant", () => {
    expect(complaints(() => base('{\n  // comment\n  "disk": { "sise": "64M" },\n}'))).toBe(
      'build.json:3:13: error: there is no key sise [spec-key]\n      "disk": { "sise": "64M" },\n                ^~~~~~\n    did you mean size?',
    );
  });

  test.each([
    [
      '{ "disk": { "size": "8M" } }',
      /^build\.json:1:21: error: disk\.size: expected a size from 16M to 2T, and got "8M"/,
    ],
    ['{ "disk": 3 }', /^build\.json:1:11: error: disk: expected an object in braces/],
    ['{ "keymap": "dr" }', /^build\.json:1:13: error: keymap: expected one of .*\n.*\n +\^~~~\n {4}did you mean de\?/],
    ['{ "outputs": ["iso", "img"] }', /^build\.json:1:22: error: outputs\.1: expected one of /],
    ['{ "name": "a", "name": "b" }', /^build\.json:1:16: error: name is there twice/],
    ['{ "+name": "a" }', /^build\.json:1:3: error: name is no list/],
    ['{ "disk": { "files": [{ "from": "x" }] } }', /^build\.json:1:23: error: disk\.files\.0\.path: it is missing/],
    ['{ "disk": { "files": [{ "pth": "/x" }] } }', /1:25: error: there is no key pth \[spec-key\]\n.*\n.*\n.*path\?/],
    ['{ "defines": { "1x": 3 } }', /^build\.json:1:16: error: 1x is no name here/],
    ['{ "name": "a" ', /^build\.json:1:15: error: close brace expected \[spec-syntax\]/],
    ["[]", /^build\.json:1:1: error: expected one object in braces/],
    ["", /^build\.json:1:1: error: /],
  ])("%s", (text, shown) => {
    expect(complaints(() => base(text))).toMatch(shown);
  });

  test("all of a file's mistakes come at once", () => {
    expect(complaints(() => base('{ "nam": 1, "disk": { "size": 3 } }')).match(/error:/g)).toHaveLength(2);
  });

  test.each([
    [() => readEnvironment({ QURE_DISK_SIZE: "3" }), /^qure: error: QURE_DISK_SIZE: expected a size/],
    [
      () => readAssignment("disk.sise=64M", "--set"),
      /--set disk\.sise: there is no such key: did you mean disk\.size\?/,
    ],
    [() => readAssignment("name", "--set"), /--set name: write KEY=VALUE/],
    [
      () => readAssignment("machine.processors=9", "--set"),
      /--set machine\.processors: expected a whole number, 1 to 8/,
    ],
  ])("of variables and options: %#", (read, shown) => {
    expect(complaints(read)).toMatch(shown);
  });
});
