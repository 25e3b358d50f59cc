/** `qure vm` as people call it: machines that go on when the command is over. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { bundle, done, type Listed, Machines, type Run, refused } from "./machines.ts";

const machines = new Machines();
const { folder, env, vm, vmHere: here, list } = machines;
beforeAll(() => machines.begin());
afterAll(() => machines.end());

test("a machine is made, started and used, and is a member of the cluster of another one", async () => {
  expect(done(await here("add"))).toMatch(
    /template: .*qure\.jsonc\n cluster: main\n {4}copy: template\.qure-\w+ to main\.qure-1-\w+\nqure-1\n$/,
  );
  expect(done(vm("launch", "web"))).toMatch(/qure-web: started\n$/);
  expect(list()).toEqual(["1 off", "web running"]);
  expect(done(vm("start", "all"))).toBe("qure-1: started\nqure-web: is running already\n");
  expect(done(await here("wait", "all", "--for", "cluster"))).toMatch(/qure-1 .*\n.*qure-web /);
  const waited = done(await here("wait", "1", "web", "--for", "address", "--json"));
  expect((JSON.parse(waited) as { machines: Listed[] }).machines.map(({ machine }) => machine)).toEqual(["1", "web"]);
  expect(done(await here("wait", "web", "--for", "address"))).toMatch(/^10\.0\.2\.\d+\n$/);
  expect(done(await here("exec", "web", "--", "cloud"))).toMatch(/qure-1 .* member/);
  expect(vm("exec", "web", "--", "true; test a = b").status).toBe(1);
  // The kernel says its new name meanwhile, which is no output.
  const renamed = "hostname other; sleep 1000; hostname; hostname qure-web";
  expect(done(await here("exec", "web", "--", renamed))).toBe("other\n");
  // Longer than a line of its console.
  const long = "word ".repeat(60).trim();
  expect(done(await here("exec", "web", "--", `echo ${long}`))).toBe(`${long}\n`);
  expect(done(await here("log", "web"))).toContain("QuRe loader");
  expect((JSON.parse(done(await here("log", "web", "--json"))) as { text: string }).text).toContain("QuRe loader");
  await machines.until("QuRe loader", "vm", "log", "web", "--follow");
});

thoroughly("the cluster is looked at from outside, and told what to agree on", async () => {
  const cloud = (...args: string[]): Run => machines.qure("cloud", ...args);
  // Their names may be older than the news of them.
  while (!/qure-1 [\s\S]*qure-web |qure-web [\s\S]*qure-1 /.test(done(cloud("nodes"))));
  expect(done(cloud("status"))).toMatch(/^ERA +MEMBERS +COORDINATOR +FOUNDED BY\n1 +2 +qure-(?:1|web) /);
  expect(done(cloud("set", "motd", "hello there"))).not.toMatch(/error/i);
  expect(done(cloud("get", "motd"))).toBe("hello there\n");
  expect(done(cloud("get"))).toBe("motd = hello there\n");
  expect(done(cloud("events"))).toMatch(/era 1 {2}founded [\s\S]*era 1 {2}joined /);
  expect(done(cloud("address", "list"))).toBe("the cluster has no service addresses\n");
  done(cloud("address", "add", "10.0.2.250", "255.255.255.0", "shared"));
  done(cloud("address", "move", "10.0.2.250", "qure-web"));
  expect(done(cloud("address", "list"))).toBe("10.0.2.250 mask 255.255.255.0 shared, held by qure-web\n");
  done(cloud("address", "remove", "10.0.2.250"));
  done(cloud("set", "motd"));
  expect(refused(cloud("get", "motd"))).toMatch(/the cluster has no value motd/);
  await machines.until("founded", "cloud", "events", "--follow");
  expect(refused(cloud("get", "none"))).toMatch(/the cluster has no value none/);
  expect(refused(cloud("status", "-c", "nobody"))).toMatch(/no machine of cluster nobody is running/);
});

thoroughly("a machine that runs is cloned with its memory, and the clone is another member", () => {
  done(vm("exec", "web", "--", "set kept=yes"));
  expect(done(vm("clone", "web", "twin"))).toBe("qure-twin: goes on as qure-web is now\n");
  done(vm("wait", "twin", "--for", "peers [1-9]"));
  expect(done(vm("exec", "twin", "--", "hostname; echo $kept"))).toBe("qure-twin\nyes\n");
  const address = (name: string): string => done(vm("ip", name));
  expect(address("twin")).not.toBe(address("web"));
  done(vm("stop", "--kill", "twin"));
  done(vm("remove", "twin"));
});

test.each([
  [["set", "a b", "c"], /^1 .*a b: a value's name has 1 to 31 printable characters without blanks/],
  [["set", "a", "b", "-c", "nobody"], /^1 .*no machine of cluster nobody is running/],
  [["address", "add", "10.0.2.256"], /^2 .*10\.0\.2\.256: write an address that a machine can have/],
  [["address", "add", "127.0.0.1"], /^2 .*127\.0\.0\.1: write an address/],
  [["address", "add", "10.0.2.250", "255.0.255.0"], /^2 .*write a mask, the word shared, or both/],
  [["address", "remove", "10.0.2.251"], /^1 .*10\.0\.2\.251 is not one of the cluster's service addresses/],
  [["address", "move", "10.0.2.251"], /^2 .*name the node that shall hold it/],
  [["address", "move", "10.0.2.251", "nobody"], /^1 .*no member has the name, address or id nobody/],
  [["address", "take", "10.0.2.251"], /^2 .*address take: there are list, add, remove, move/],
  [["invite"], /^1 .*this host has no key of cluster main: "qure cloud join" gets it from a member/],
  [["join", "0123"], /^1 .*0123: expected a code of 16 characters/],
  [["join"], /^1 .*no machine of cluster main has a key: "cloud key new NAME" at one of them/],
])("cloud %j is refused with one line", async (args, wanted) => {
  expect(refused(await machines.here("cloud", ...args))).toMatch(wanted);
});

thoroughly("a machine is configured, renamed, protected, removed and brought back", () => {
  done(vm("set", "web", "memory=64M", "boot.order=dc"));
  expect(refused(vm("set", "web", "memory=lots"))).toMatch(/^1 .*machine\.jsonc: error: memory=lots: memory is a size/);
  done(vm("snapshot", "create", "web", "monday"));
  expect(refused(vm("snapshot", "create", "web", "monday"))).toMatch(
    /^1 .*machine web has a snapshot monday: "qure vm/,
  );
  for (const word of ["restore", "remove"])
    expect(refused(vm("snapshot", word, "web", "m"))).toMatch(/^1 .*web has no snapshot m: there are monday\n$/);
  done(vm("stop", "--kill", "web"));
  done(vm("snapshot", "restore", "web", "monday", "--disk-only"));
  done(vm("snapshot", "remove", "web", "monday"));
  done(vm("rename", "web", "site"));
  expect(done(vm("status", "site"))).toMatch(/memory +64M[\s\S]*host name +qure-site/);
  done(vm("protect", "site"));
  expect(refused(vm("remove", "site"))).toMatch(/machine site is protected/);
  done(vm("protect", "site", "off"));
  done(vm("autostart", "site"));
  const edited = spawnSync("node", [bundle, "vm", "edit", "site"], {
    cwd: folder,
    env: { ...env, EDITOR: "sed -i s/64M/96M/" },
    encoding: "utf8",
  });
  expect(edited.status).toBe(0);
  expect(done(vm("status", "site"))).toContain("96M");
  // Its disk is still called as it was at first, and is nobody else's.
  expect(done(vm("add", "web"))).toMatch(/copy: \S+ to main\.qure-web-[0-9a-f]{8}\nqure-web\n$/);
  expect(done(vm("start", "site"))).toBe("qure-site: started\n");
  done(vm("wait", "site"));
  done(vm("stop", "site", "--kill"));
  done(vm("remove", "site"));
  expect(list()).not.toContain("site off");
  expect(done(vm("restore", "site"))).toBe("qure-site: is back\n");
  done(vm("clone", "site", "copy"));
  done(vm("remove", "site", "copy"));
  expect(done(vm("purge", "all"))).toMatch(/qure-copy: gone/);
  expect(done(vm("list", "--removed"))).not.toContain("site");
});

test("the unit has node and where machines are, in systemd's words", () => {
  const odd = { ...env, QURE_MACHINES: 'a "b" 5%' };
  const unit = spawnSync("node", [bundle, "vm", "daemon", "--unit"], {
    cwd: folder,
    env: odd,
    encoding: "utf8",
  }).stdout;
  expect(unit).toContain(`Environment="QURE_MACHINES=a \\"b\\" 5%%"\nEnvironment="QURE_STORE=${env.QURE_STORE}"\n`);
  expect(unit).toContain(`ExecStart=${process.execPath} ${bundle} vm daemon\n`);
});

thoroughly("of several machines those that can be started are, and the others are named", () => {
  done(vm("add", "bad"));
  // Of the folder in which it is named, whoever starts it.
  done(vm("set", "bad", "cdrom=cd.iso"));
  const missing = `${join(folder, "cd.iso")}: no such file`;
  const run = vm("start", "all", "--json");
  expect(run.status).toBe(1);
  expect(run.stderr).toBe(`qure vm: error: qure-bad: ${missing}\n`);
  const { machines: started, failed } = JSON.parse(run.stdout) as Readonly<Record<string, Listed[]>>;
  expect(started!.map(({ machine }) => machine)).not.toContain("bad");
  expect(started!.length).toBeGreaterThan(0);
  expect(failed).toEqual([{ machine: "bad", error: missing }]);
  writeFileSync(join(folder, "cd.jsonc"), '{ "cdrom": "cd.iso" }');
  done(vm("add", "worse", "--from", "cd.jsonc"));
  expect(refused(vm("start", "worse"))).toBe(`1 qure vm: error: ${missing}\n`);
  done(vm("remove", "worse"));
  writeFileSync(join(folder, "notes.txt"), "no disk\n");
  expect(refused(vm("add", "x", "--from", "notes.txt"))).toMatch(/^1 .*notes\.txt: it is no image of a disk/);
  writeFileSync(join(folder, "x.qcow2"), Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.alloc(1020)]));
  expect(refused(vm("add", "x", "--from", "x.qcow2"))).toMatch(
    /^1 .*x\.qcow2 is .*drives take raw sectors; convert it/,
  );
  expect(vm("start", "all").stdout).toMatch(/^qure-1: is running already\n/);
  done(vm("remove", "bad"));
});

test.each([
  [["start", "nobody"], /^1 .*there is no machine nobody in cluster main: there are/],
  [["start"], /^2 /],
  [["start", "a b"], /^2 .*a machine is a number, or a name/],
  [["add", "1"], /^1 .*there is a machine 1 already/],
  [["add", "x", "--driver", "bochs"], /^2 .*there are emu/],
  [["add", "0"], /^2 .*the numbers of machines begin with 1/],
  [["add", "x", "--mem", "3G"], /^2 .*--mem 3G: write a size from 4M to 2G/],
  [["add", "x", "--cpu", "many"], /^2 .*--cpu many: write a whole number from 1 to 8/],
  [["add", "x", "--disk", "64X"], /^2 .*--disk 64X: write a size such as 64M/],
  [["add", "x", "--forward", "99999:80"], /^2 .*--forward 99999:80: write a list of ports such as 8080:80/],
  [["add", "x", "--from", "."], /^1 .*\.: it is no file/],
  [["list", "-c", "../x"], /^2 .*a cluster's name has letters/],
  [["ip", "none"], /^1 .*there is no machine none/],
  [["exec", "1", "--", ""], /^2 .*a command/],
  [["wait", "1", "--for", "("], /^2 .*--for \(/],
  [["sendkey", "1"], /^2 /],
  [["sendkey", "1", "no-key"], /^1 .*there is no key no/],
  [["screenshot", "1", "none/1.png"], /^1 .*there is no folder none/],
  [["snapshot", "shoot", "1", "x"], /^2 .*there are create, list, restore and remove/],
  [["cp", "a", "b"], /^2 .*one of the two is MACHINE:\/PATH/],
  [
    ["wait", "1", "--for", "never said", "--timeout", "0.3"],
    /^1 .*\/never said\/ did not come within 0\.3 s; its console ends with: /,
  ],
])("%j is refused with one line", async (args, wanted) => {
  expect(refused(await machines.here("vm", ...args))).toMatch(wanted);
});
