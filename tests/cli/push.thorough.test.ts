/** `qure push` as people call it: a module of this folder, in a machine that runs. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../system/images.ts";
import { done, Machines, refused } from "./machines.ts";

const machines = new Machines();
const { folder, vm, qure } = machines;
const SERVER = "asm/services/http-server.s";

beforeAll(() => {
  machines.begin();
  done(vm("launch", "a"));
  done(vm("wait", "a", "--for", "cluster"));
});
afterAll(() => machines.end());

const page = (): string => done(vm("exec", "a", "--", "wget http://127.0.0.1/status"));

test("without the cluster's key nothing is pushed", () => {
  expect(refused(qure("push", "http", "all", "--packaged"))).toMatch(
    /error: this host has no key of cluster main, without which nothing is pushed: "qure cloud join" /,
  );
  done(vm("exec", "a", "--", "cloud key new lab"));
  done(qure("cloud", "join"));
});

test("a module of another folder is pushed, shown, kept and taken back", () => {
  mkdirSync(join(folder, "mine"));
  for (const name of ["field", "file", "row", "running", "server"])
    cpSync(join(root, `asm/services/http-${name}.s`), join(folder, `mine/http-${name}.s`));
  const text = readFileSync(join(root, SERVER), "utf8").replace('"name %s\\naddress', '"titled %s\\naddress');
  writeFileSync(join(folder, "mine/http-server.s"), text);
  writeFileSync(join(folder, "spec.json"), '{ "base": "qure" }');
  expect(page()).toMatch(/^name /m);
  const options = ["--source", ".", "--config", "spec.json", "--set", "modules.http=mine", "--output", "out"];
  expect(done(qure("push", "http", "all", ...options, "--cluster", "main", "--timeout", "30"))).toMatch(
    /^qure-a: http, \d+ bytes, away for \d+\.\d ms\n$/,
  );
  expect(page()).toMatch(/^titled /m);
  expect(done(qure("push", "http", "a", ...options, "--keep"))).toMatch(/^qure-a: http, \d+ bytes\n$/);
  expect(done(qure("push", "--status"))).toMatch(/^NODE +MODULE .*\nqure-a +http +[0-9a-f]{8} +\d+ +2\S+Z +kept\n$/);
  expect(JSON.parse(done(qure("push", "--status", "--json")))).toMatchObject({
    nodes: [{ node: "qure-a", outcome: { result: "done", modules: [{ name: "http", isKept: true }] } }],
  });
  expect(done(qure("push", "--undo", "http", "all"))).toMatch(/^qure-a: http as it was before, away for /);
  expect(page()).toMatch(/^name /m);
  expect(done(qure("push", "--status"))).toBe("every node that answers runs what its image has\n");
});

test("a program is pushed, shown and taken back", () => {
  const hello = (): string => done(vm("exec", "a", "--", "hello"));
  mkdirSync(join(folder, "greeting"));
  const text = readFileSync(join(root, "asm/programs/hello.s"), "utf8").replace("Hello from", "Greetings from");
  writeFileSync(join(folder, "greeting/hello.s"), text);
  const options = ["--source", ".", "--config", "spec.json", "--set", "modules.hello=greeting", "--output", "out"];
  expect(done(qure("push", "hello", "all", ...options))).toMatch(/^qure-a: hello, \d+ bytes\n$/);
  expect(hello()).toContain("Greetings from ring 3.");
  expect(done(qure("push", "--status"))).toMatch(/\nqure-a +hello +[0-9a-f]{8} +\d+ +2\S+Z +a program\n$/);
  expect(done(qure("push", "--undo", "hello", "all"))).toMatch(/^qure-a: hello as it was before\n$/);
  expect(hello()).toContain("Hello from ring 3.");
  const atConsole = ["--console", "a"];
  expect(done(qure("push", "hello", ...options, ...atConsole))).toMatch(/^a: hello, \d+ bytes\n$/);
  expect(hello()).toContain("Greetings from ring 3.");
  expect(done(qure("push", "--status", ...atConsole))).toMatch(/\na +hello +[0-9a-f]{8} +\d+ +2\S+Z +a program\n$/);
  expect(done(qure("push", "--undo", "hello", ...atConsole))).toBe("a: hello as it was before\n");
  expect(refused(qure("push", "--undo", "hello", ...atConsole))).toMatch(/error: a: hello: nothing of this name was /);
});

test("what cannot be pushed is said at once", () => {
  expect(refused(qure("push", "http", "b", "--packaged"))).toMatch(/error: no member has the name, address or id b: /);
  expect(refused(qure("push", "dns", "all", "--packaged"))).toMatch(
    /error: qure-a: dns: no service of the kernel has this name \(service list\); what was there before goes on\n$/,
  );
  const atConsole = (where: string): string => refused(qure("push", "hello", "--packaged", "--console", where));
  expect(atConsole("/dev/null")).toMatch(/error: --console \/dev\/null: it is no terminal; /);
  expect(atConsole("unix:nobody")).toMatch(/error: --console unix:nobody: /);
  const console = ["--console", "a"];
  const wrong = [
    ["http", "all", ...console],
    console,
    ["http", "--console", "tcp:x"],
    ["http", "--status", ...console],
  ];
  for (const words of [...wrong, [], ["http"], ["--undo"], ["a_b", "all"]])
    expect(qure("push", ...words).status).toBe(2);
});
