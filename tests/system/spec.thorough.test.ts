/** What the keys of a spec do in a running QuRe: a variant as `qure new` makes it, built and booted. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabNode } from "../../src/lab/lab.ts";
import { startCluster } from "../../src/start-cluster.ts";
import { KNOWN, keyLine } from "./ssh-client.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
const KEY = `cats ${"5a".repeat(32)}`;
let folder: string;
let home: string;

function qure(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("node", [bundle, ...args], { cwd: home, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

/** Builds with these values, and starts a machine from the disk. */
async function booted(values: Readonly<Record<string, unknown>>): Promise<LabNode> {
  writeFileSync(join(home, "build.local.json"), JSON.stringify(values));
  qure("build");
  const [node] = startCluster({ nodes: [{ disk: readFileSync(join(home, "build/cats.img")) }] }).nodes;
  await node!.waitFor(/^cloud: .* era/m, { within: "60s" });
  return node!;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-variant-"));
  home = folder;
  qure("new", "cats", "--from", "qure");
  home = join(folder, "cats");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("as it is made, it has a program and a service more, and its own name", async () => {
  const node = await booted({});
  await node.enter("greet", /Hello from cats!/);
  await node.enter("service log greeter", /cats is here/);
  await node.enter("hostname", /^cats-[\da-f]{6}$/m);
});

test("keymap, console, cluster, files, settings, services and lines of init.rc", async () => {
  writeFileSync(join(home, "key"), `${KEY}\n`);
  writeFileSync(join(home, "poem"), "a cat\n");
  writeFileSync(join(home, "keys"), `# who may enter\n${keyLine(KNOWN, "tom@home")}\n`);
  const node = await booted({
    hostName: "tom",
    keymap: "de",
    console: { columns: 100, rows: 40, history: true },
    cluster: { key: "key", reboot: false },
    authorizedKeys: "keys",
    disk: {
      size: "40M",
      files: [
        { path: "/poems/one", from: "poem" },
        { path: "/two", text: "two\n" },
      ],
      settings: { colour: "grey" },
      init: ["echo $colour > /net/ran"],
      services: { ticker: { program: "/bin/seq 3", need: ["greeter"], restart: "never" } },
    },
  });
  await node.enter("keymap", /^de$/m);
  await node.enter("set", /columns=100[\s\S]*rows=40[\s\S]*|rows=40[\s\S]*columns=100/);
  await node.enter("set", /cloud\.reboot=no/);
  await node.enter("set", /history=\/net\/history/);
  await node.enter("hostname", /^tom$/m);
  await node.enter("cat /net/poems/one /net/two", /^a cat\ntwo$/m);
  await node.enter("cat /net/ran", /^grey$/m);
  await node.enter("cat /net/services/ticker", /program \/bin\/seq 3\nneed greeter\nrestart never/);
  await node.enter("cloud key", /cats/);
  await node.enter("ssh-key list", /^256 SHA256:\S+ tom@home \(ED25519\)$/m);
  // The key's script is gone with the first boot.
  await node.enter("test -e /net/first.rc || echo gone", /^gone$/m);
});

test("values and addresses that the cluster keeps together are agreed on once, and a person's change stays", async () => {
  const cluster = {
    ...{ domain: "cats.example", addresses: ["10.0.2.100/24 shared", "10.0.2.101"], unsigned: true },
    values: { "upgrade.alone": "yes", motto: "nine lives" },
  };
  const node = await booted({ cluster });
  const begun = "test -e /net/cluster.rc || echo agreed";
  await node.enter(`while test -e /net/cluster.rc; do sleep 500; done; ${begun}`, /^agreed$/m, { within: "60s" });
  await node.enter("cloud get", /^address\.10\.0\.2\.100 255\.255\.255\.0 shared$/m);
  await node.enter("cloud get", /^address\.10\.0\.2\.101 255\.255\.255\.0$/m);
  await node.enter("cloud get", /^dns\.domain cats\.example$[\s\S]*^motto nine lives$/m);
  await node.enter("cloud get", /^upgrade\.alone yes$/m);
  await node.enter("cloud get", /^upgrade\.unsigned yes$/m);
  await node.enter("cloud set motto 'ten lives'; cloud get motto", /^ten lives$/m);
});

test("what the cluster cannot keep together is an error of that key", () => {
  for (const [cluster, problem] of [
    [{ addresses: ["10.0.2.100", "10.0.2.100 shared"] }, "10.0.2.100 is there twice"],
    [{ addresses: ["10.0.2"] }, "expected a service address such as 10.0.2.100"],
    [{ domain: "Cats" }, "expected a domain such as cats.example"],
    [
      { values: Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`v${at}`, "x".repeat(120)])) },
      "its values and addresses take 1240 bytes, and 1020 can be",
    ],
  ] as const) {
    writeFileSync(join(home, "build.local.json"), JSON.stringify({ cluster }));
    const { status, stderr } = spawnSync("node", [bundle, "build"], { cwd: home, encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringContaining(problem)]);
  }
});

test("what can be left out of QuRe, and a system of few programs, boot", async () => {
  for (const modules of [
    { telnet: false, mdns: false, ssh: false, syslog: false },
    { hello: false, "echo-server": false },
  ])
    expect((await booted({ modules, disk: { services: {} } })).console.text).toContain("cats-");
  const node = await booted({ programs: ["greet", "greeter", "ls"] });
  await node.enter("ls /bin", /greet\n[\s\S]*greeter\n[\s\S]* ls\n/);
  expect(node.console.text).not.toMatch(/ wc\n/);
});

test("without the cluster, network cards or shell it is linked, too", () => {
  for (const names of [["wide"], ["cluster", "wide"], ["cards"], ["shell"]]) {
    const modules = Object.fromEntries(names.map((name) => [name, false]));
    writeFileSync(join(home, "build.local.json"), JSON.stringify({ modules }));
    expect(qure("build")).toContain("cats.iso");
  }
});

test("a file of keys with a line that is none is an error at that line", () => {
  for (const [keys, problem] of [
    ["ssh-rsa AAAAB3NzaC1yc2E= me\n", "keys:1: expected a line of a file id_ed25519.pub, without options"],
    [`${keyLine(KNOWN, "a")}\nrestrict ${keyLine(KNOWN, "b")}\n`, "keys:2: expected a line of"],
    ["# nobody\n", "expected 1 to 32 keys, and it has 0"],
  ] as const) {
    writeFileSync(join(home, "keys"), keys);
    writeFileSync(join(home, "build.local.json"), JSON.stringify({ authorizedKeys: "keys" }));
    const { status, stderr } = spawnSync("node", [bundle, "build"], { cwd: home, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain(problem);
  }
});
