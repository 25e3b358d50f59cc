/** A cluster with a key of which only the first machine is configured by hand: the daemon does the rest. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle, done, Machines, refused } from "./machines.ts";

const machines = new Machines();
const { folder, env, vm, qure } = machines;
beforeAll(() => machines.begin());
afterAll(() => machines.end());

const keyFile = join(folder, "machines/main/key");

interface Daemon {
  readonly child: ChildProcess;
  said(text: string): Promise<void>;
}

function daemonWith(...args: string[]): Daemon {
  const child = spawn("node", [bundle, "vm", "daemon", ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let all = "";
  let look = (): void => {};
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    all += piece;
    look();
  });
  const said = (text: string): Promise<void> =>
    new Promise((found, fail) => {
      child.on("close", () => fail(new Error(`it ended after ${all}`)));
      look = () => void (all.includes(text) && found());
      look();
    });
  return { child, said };
}

function kill({ child }: Daemon): Promise<void> {
  const ended = new Promise<void>((end) => void child.on("close", () => end()));
  child.kill("SIGKILL");
  return ended;
}

const cardOf = (name: string): string => /^MAC +(\S+)$/m.exec(done(vm("status", name)))![1]!;

const members = (): string[] =>
  (JSON.parse(done(qure("cloud", "nodes", "--json"))) as { members: { name: string }[] }).members
    .map(({ name }) => name)
    .sort();

test("the first machine is configured by hand, others by the daemon, killed at any step", async () => {
  done(vm("launch", "a"));
  done(vm("wait", "a", "--for", "cluster"));
  done(vm("exec", "a", "--", "cloud key new lab"));
  expect(done(qure("cloud", "status"))).toBe(
    'nobody speaks as an open cluster; one with a key is heard after "qure cloud join"\n',
  );
  expect(done(qure("cloud", "join"))).toBe("this host has the key of the cluster lab now\n");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(readFileSync(keyFile, "utf8")).toMatch(/^lab [0-9a-f]{64}\n$/);
  done(vm("launch", "other"));
  done(vm("scale", "2"));
  done(vm("launch", "card"));
  // With the next start it has another, so that until then nobody here has the card that it speaks by.
  const elsewhere = cardOf("other");
  done(vm("set", "other", "mac=52:54:00:00:00:01"));
  for (const step of ["looks after", "invited"]) {
    const daemon = daemonWith();
    await daemon.said(step);
    await kill(daemon);
  }
  const daemon = daemonWith("--adopt", `${cardOf("card").toUpperCase()},${elsewhere},main/third`);
  await daemon.said(`${elsewhere}: it has no key, and no console here: type there what "qure cloud invite" prints`);
  while (members().length < 4);
  expect(members()).toEqual(["qure-3", "qure-4", "qure-a", "qure-card"]);
  // One that a person has named, made later; and not the one that nobody has named.
  done(vm("launch", "third"));
  await daemon.said("main/third: This node has the key of the cluster lab now.");
  while (members().length < 5);
  await kill(daemon);
  expect(done(vm("exec", "other", "--", "cloud"))).toMatch(/^open cluster: /m);
});

test("a key that was replaced is got from a member again, and a file that others can read is none", async () => {
  const before = readFileSync(keyFile, "utf8");
  done(vm("exec", "a", "--", "cloud key rotate"));
  while (!done(qure("cloud", "status")).includes('the cluster has another key now: "qure cloud join"'));
  expect(refused(qure("cloud", "invite"))).toMatch(/the key of cluster main was replaced: "qure cloud join"/);
  done(qure("cloud", "join"));
  expect(readFileSync(keyFile, "utf8")).not.toBe(before);
  expect(done(qure("cloud", "invite"))).toMatch(/cloud join [0-9a-z]{4}(?:-[0-9a-z]{4}){3}\n$/);
  chmodSync(keyFile, 0o640);
  expect(refused(qure("cloud", "status"))).toMatch(/main\/key: others can read it: "chmod 600 /);
  writeFileSync(keyFile, "lab 12\n");
  chmodSync(keyFile, 0o600);
  expect(refused(qure("cloud", "status"))).toMatch(/main\/key: expected one line: a name, and 64 hexadecimal digits/);
});

test("the unit has what the daemon was told, and what is no machine is refused", () => {
  expect(done(vm("daemon", "--unit", "--adopt", "all"))).toMatch(/ExecStart=.* vm daemon --adopt all\n/);
  expect(refused(vm("daemon", "--unit", "--adopt", "a b"))).toMatch(/^2 .*a b: a machine is a number, or a name/);
});
