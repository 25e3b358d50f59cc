/** The files of machines and their templates, and what people call machines. */
import { describe, expect, test } from "vitest";
import {
  type Configuration,
  changedTo,
  formatConfiguration,
  parseConfiguration,
  parseTemplate,
  setValue,
} from "../../src/vm/configuration.ts";
import { compareKeys, folderName, keyOfFolder, parseKey } from "../../src/vm/name.ts";

const machine: Configuration = {
  version: 1,
  id: "0123456789abcdef0123456789abcdef",
  number: 7,
  name: "web",
  driver: "emu",
  accelerator: "tcg",
  uri: "qemu:///system",
  hostname: "qure-web",
  displayName: "QuRe web",
  memory: "32M",
  cpus: 1,
  mac: "52:54:00:12:34:56",
  boot: { order: "c", delay: "0s" },
  disk: "volume:main.qure-web",
  cdrom: null,
  forward: ["8080:80"],
  autostart: false,
  scaled: false,
  protected: false,
};
const text = formatConfiguration(machine);

test("a file says what was written into it", () => {
  expect(parseConfiguration("m.jsonc", text)).toEqual(machine);
});

test("a value is changed, and comments stay", () => {
  const commented = text.replace('  "memory"', '  // As much as the tests need.\n  "memory"').replace("32M", "64M");
  const changed = setValue("m.jsonc", setValue("m.jsonc", commented, "memory=128M"), "boot.order=cd");
  expect(changed).toContain("// As much as the tests need.");
  expect(parseConfiguration("m.jsonc", changed)).toEqual({
    ...machine,
    memory: "128M",
    boot: { ...machine.boot, order: "cd" },
  });
  const renamed = changedTo(changed, parseConfiguration("m.jsonc", changed), { ...machine, name: null, number: 9 });
  expect(renamed).toContain("// As much as the tests need.");
  expect(parseConfiguration("m.jsonc", renamed)).toEqual({ ...machine, name: null, number: 9 });
});

test.each([
  ["forward=", { forward: [] }],
  ["forward=8080:80,tcp:127.0.0.1:2222:22", { forward: ["8080:80", "tcp:127.0.0.1:2222:22"] }],
  ["autostart=true", { autostart: true }],
  ["cdrom=/tmp/a b.iso", { cdrom: "/tmp/a b.iso" }],
  ["cdrom=null", { cdrom: null }],
  ["cpus=8", { cpus: 8 }],
  ["driver=qemu", { driver: "qemu" }],
])("set %s", (assignment, wanted) => {
  expect(parseConfiguration("m.jsonc", setValue("m.jsonc", text, assignment))).toEqual({ ...machine, ...wanted });
});

test.each([
  ["memory=3M", /memory=3M: memory is a size from 4M to 2G/],
  ["cpus=9", /cpus is a whole number from 1 to 8/],
  ["memroy=64M", /there is no memroy: did you mean memory\?/],
  ["id=0", /id is what makes the machine itself/],
  ["disk=volume:other", /disk is what makes the machine itself/],
  ["memory", /write KEY=VALUE/],
  ["hostname=-a", /hostname is a host name/],
])("set %s is refused", (assignment, wanted) => {
  expect(() => setValue("m.jsonc", text, assignment)).toThrow(wanted);
});

describe("what is wrong in a file is told with its place", () => {
  test.each([
    [
      "a key that is misspelled",
      text.replace('"cpus"', '"cpu"'),
      /^m\.jsonc:\d+:3: error: there is no cpu: did you mean cpus/,
    ],
    [
      "a value of another kind",
      text.replace('"memory": "32M"', '"memory": 32'),
      /^m\.jsonc:\d+:\d+: error: memory is a size/,
    ],
    ["a key twice", text.replace('"cpus": 1', '"cpus": 1, "cpus": 2'), /: error: cpus is there twice/],
    [
      "a comment by ;",
      text.replace("// A machine", "; A machine"),
      /:2:3: error: invalid symbol: a comment begins with \/\//,
    ],
    ["what is missing", "{}", /^m\.jsonc:1:1: error: version is missing/],
    ["no object", "[]", /^m\.jsonc:1:1: error: expected one object/],
    ["an end too soon", "{", /: error: close brace expected/],
    [
      "a newer version",
      text.replace('"version": 1', '"version": 2'),
      /error: it is of version 2, which a newer qure wrote/,
    ],
    ["a group's key", text.replace('"order"', '"odrer"'), /there is no boot\.odrer: did you mean boot\.order/],
  ])("%s", (_what, content, wanted) => {
    expect(() => parseConfiguration("m.jsonc", content)).toThrow(wanted);
  });
});

test("a template has all that it does not say", () => {
  expect(parseTemplate("t.jsonc", '{ "memory": "64M", "disk": { "size": "1G" } }')).toMatchObject({
    memory: "64M",
    hostname: "qure-{key}",
    disk: { size: "1G", content: "blank" },
  });
});

test.each([
  ['{ "id": "0" }', /there is no id/],
  ['{ "disk": { "size": "1G", "contents": "qure" } }', /there is no disk\.contents: did you mean disk\.content/],
  ['{ "driver": "virtualbox" }', /driver is one of emu/],
  ['{ "disk": 5 }', /disk is an object with size and content, or null/],
])("a template that lies is refused: %s", (content, wanted) => {
  expect(() => parseTemplate("t.jsonc", content)).toThrow(wanted);
});

test("machines are called by number or name, with qure- before it or without", () => {
  expect(["7", "qure-7", "007", "web", "qure-web", "_a"].map(parseKey)).toEqual(["7", "7", "7", "web", "web", "_a"]);
  for (const wrong of ["", "all", "a b", "../x", "-1", "a/b", "qure-"])
    expect(() => parseKey(wrong)).toThrow(/a machine is/);
  expect(keyOfFolder(folderName("web"))).toBe("web");
  expect(["other", "qure-", "qure-a b", ".new-qure-7"].map(keyOfFolder)).toEqual([null, null, null, null]);
  expect(["web", "10", "9", "a"].sort(compareKeys)).toEqual(["9", "10", "a", "web"]);
});
