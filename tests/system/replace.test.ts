/** A service whose program is replaced by a newer one while it runs: its state goes over, or the old one goes on. */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, CLOUD, images, inState, isoWithGuests, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";
import { nodeWithVolume } from "./volume.ts";

/** A node whose service `count` has counted a little. */
async function counting(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lab = await inState("counting", async () => {
    const iso = await isoWithGuests();
    return nodeWithVolume(
      [
        "mkdir /net/services",
        "echo this is no program > /net/text",
        "echo 'program /bin/counter 100' > /net/services/count",
        "echo 'program /bin/sleep 100000' > /net/services/still",
        "service start still",
        "service start count",
        "sleep 1000",
      ],
      { isAlone: true, place: "/net", iso },
    );
  });
  return { lab, node: lab.nodes[0]! };
}

/** The numbers that a program of the service has printed. */
async function counted(node: LabNode, program: string): Promise<number[]> {
  const log = await output(node, "service log count");
  return log.split("\n").flatMap((line) => (line.startsWith(`${program}: `) ? [Number(line.split(": ")[1])] : []));
}

/** Whether each number is the one before and `step`: none was lost, and none counted twice. */
function isSeries(numbers: readonly number[], step: number): boolean {
  return numbers.length > 2 && numbers.every((number, index) => index === 0 || number === numbers[index - 1]! + step);
}

test("takes over the state, and is what is started again", async () => {
  const { node } = await counting();
  expect(await output(node, "service replace count /bin/next-g")).toBe("count is /bin/next-g 100 now\n");
  await output(node, "sleep 500");
  const before = await counted(node, "counter");
  const after = await counted(node, "successor");
  expect(isSeries(before, 1)).toBe(true);
  expect(isSeries(after, 10)).toBe(true);
  expect(after[0]).toBe(before.at(-1)! + 10);
  expect(await output(node, "service status count")).toMatch(/^running, restarts 0, .*, program \/bin\/next-g 100\n$/);
  expect(await output(node, "log count")).toMatch(/ info +count: replaced\n/);
  // Of the two processes one is left, and it is killed and started again like any service.
  expect((await output(node, "ps")).match(/ (counter|next-g)\n/g)).toEqual([" next-g\n"]);
  await output(node, "kill next-g; sleep 1500");
  expect(await output(node, "service status count")).toMatch(/^running, restarts 1, .*, program \/bin\/next-g 100\n$/);
});

/** File, what is said of it. */
const FAILURES: readonly (readonly [file: string, reason: string])[] = [
  ["/net/none", "not found"],
  ["/net/text", "not a program for this system"],
  ["/bin/next-f", "the new program has ended with status 142"],
  ["/bin/next-r", "the new program has ended with status 3"],
  ["/bin/next-l", "the new program has ended with status 142"],
  ["/bin/next-s", "the new program does not take the state"],
  ["/bin/hello", "the new program has ended with status 0"],
];

test("that fails leaves the old program as it was", async () => {
  const { node } = await counting();
  await output(node, "service replace count /net/none");
  const before = await output(node, "handles; mem");
  for (const [file, reason] of FAILURES)
    expect(await output(node, `service replace count ${file}`), file).toMatch(
      new RegExp(`^(?:[^\n]*has ended: page fault[^\n]*\n)?service count: ${reason}; the old one goes on\n$`),
    );
  await output(node, "sleep 500");
  expect(isSeries(await counted(node, "counter"), 1)).toBe(true);
  expect(await output(node, "service status count")).toMatch(/^running, restarts 0, .*, program \/bin\/counter 100\n$/);
  expect(await output(node, "log count")).toMatch(/ warning +count: not replaced: not a program for this system\n/);
  const heap = /heap .*/g;
  expect((await output(node, "handles; mem")).replace(heap, "")).toBe(before.replace(heap, ""));
});

test("is refused by an older program, and by one that gives no state", async () => {
  const { node } = await counting();
  await output(node, "service replace count /bin/next-g");
  expect(await output(node, "service replace count counter")).toBe(
    "service count: the new program has ended with status 2; the old one goes on\n",
  );
  await output(node, "sleep 300");
  expect(isSeries(await counted(node, "successor"), 10)).toBe(true);
  expect(await output(node, "service replace still /bin/next-g")).toBe(
    "service still: its program does not give its state; the old one goes on\n",
  );
  expect(await output(node, "service replace log /net/text")).toBe(
    "service log: not a program for this system; the old one goes on\n",
  );
  await output(node, "service stop still");
  expect(await output(node, "service replace still /bin/next-g")).toBe("service still: it does not run\n");
  expect(await output(node, "service replace other /bin/next-g")).toBe("service: other was never started\n");
});

thoroughly("can be stopped, and begun once only, while a replacement is under way", async () => {
  const { node } = await counting();
  await output(node, "service replace count /bin/next-s &");
  await output(node, "sleep 300");
  expect(await output(node, "service replace count /bin/next-g")).toBe("service count: it is being replaced already\n");
  await output(node, "service stop count");
  expect(await output(node, "service list")).toMatch(/^stopped +count$/m);
  expect(node.console.text).toContain("service count: it was stopped; the old one goes on");
  expect(await output(node, "ps")).not.toMatch(/ (counter|next-s)\n/);
});

thoroughly("keeps the connections of a server, and those that come", async () => {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }, { cdrom: images().iso }] });
  const [server, client] = lab.nodes as [LabNode, LabNode];
  for (const node of lab.nodes) await node.waitFor(CLOUD, { within: "20s" });
  for (const node of lab.nodes) {
    await node.waitFor(PROMPT);
    await node.enter("service stop cluster", PROMPT);
  }
  const [, , address] = CLOUD.exec(server.console.text)!;
  for (const line of [
    "mkfs -t oofs hda0",
    "mount hda0 /net",
    "mkdir /net/services",
    "echo 'program /bin/echo-server 7' > /net/services/echo",
    "service start echo",
  ])
    await output(server, line);
  client.type(`nc ${address} 7\n`);
  const echoed = async (word: string): Promise<void> => {
    const from = client.console.text.length;
    client.type(`${word}\n`);
    // As it is typed, and as it comes back.
    await lab.until(() => client.console.text.slice(from).split(word).length === 3, `no ${word}`, { within: "5s" });
  };
  await echoed("one");
  expect(await output(server, "service replace echo echo-server")).toBe("echo is echo-server 7 now\n");
  await echoed("two");
  expect(await output(server, "service replace echo /bin/seq")).toMatch(/status 0; the old one goes on\n$/);
  await echoed("three");
  client.type("\x03");
  await client.waitFor(PROMPT);
  expect(await output(client, `echo-client ${address} 7 3`)).toBe(`4 of 4 came back from ${address}\n`);
});
