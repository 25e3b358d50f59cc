/**
 * Each allocation of commands fails once. That is an error which somebody takes: nothing panics, the next command
 * works, and nothing is lost. Those of the start fail in refusal.thorough.test.ts.
 */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { rowsOf } from "../setup/tier.ts";
import { inState } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

const NONE = /mem: no allocation has failed/;
const ONE = /mem: the allocation by \w+\+0x\w+ has failed/;

/** Commands that allocate, each with what makes it possible again. */
const COMMANDS: readonly (readonly [command: string, after?: string])[] = [
  ["hello"],
  ["echo word > /a/file; cat /a/file", "rm /a/file"],
  ["cp /a/text /a/copy", "rm /a/copy"],
  ["mkdir /a/new", "rmdir /a/new"],
  ["mv /a/text /a/moved", "mv /a/moved /a/text"],
  ["ls /a; find /a; du /a; df"],
  ["cat /a/text | sort | head -2"],
  ["grep l /a/text; wc /a/text; tail /a/text; hexdump /a/text"],
  ["echo /a/*"],
  ["pipe /bin/seq 20 : /bin/wc"],
  ["threads"],
  ["seq 3 &", "sleep 100"],
  ["set colour red; unset colour"],
  ["shell /a/script"],
  ["service restart log; sleep 100", "service start log"],
  ["umount /a; mount hda0 /a", "mount hda0 /a"],
  ["sync; scrub /a; fsck hda0"],
  ["keymap /a/my.map"],
];
const MOST = 400;
/** More than a connection of ours is remembered after its end. */
const TIME_WAIT_MS = 150_000;
/** What is said when the network has done all that it does without anybody else. */
const ALONE = /^eth0: address 169\.254\..*\n/m;

async function prepared(): Promise<LabNode> {
  const lines = ["seq 40 > /a/text", "echo 'echo one two; seq 2' > /a/script", "echo '10 q' > /a/my.map"];
  const lab = await inState("volume for refusals", () => nodeWithVolume(lines, { isAlone: true }));
  return lab.nodes[0]!;
}

/** What is open, and who has memory but for the lines that were typed and what was printed when they failed. */
async function belongings(node: LabNode): Promise<string> {
  const kept = (line: string): boolean => !/history_add/.test(line);
  const leaks = (await output(node, "mem leaks")).split("\n").filter(kept);
  const handles = (await output(node, "handles")).split("\n").map((line) => line.replace(/^[0-9a-f]{8} /, ""));
  return [...leaks, ...handles].join("\n");
}

const ROWS = COMMANDS.map(([command, after = "true"]) => [command, after] as const);

/** `settlesMs`: until all that works for the commands has ended. */
async function failEach(node: LabNode, command: string, after: string, settlesMs = 100): Promise<void> {
  await output(node, command);
  await output(node, after);
  await output(node, "mem mark");
  const before = await belongings(node);
  let failures = 0;
  for (let number = 1; number < MOST; number++) {
    const said = await output(node, `mem fail ${number}; ${command}; mem fail; ${after}`);
    if (NONE.test(said)) break;
    if (ONE.test(said)) failures++;
  }
  expect(failures).toBeGreaterThan(0);
  await output(node, `sync; sleep ${settlesMs}`);
  expect(await belongings(node)).toBe(before);
  expect(await output(node, "mem check")).toMatch(/all headers agree/);
}

test.each(rowsOf(ROWS, [0, 5]))("each allocation of `%s`", async (command, after) => {
  await failEach(await prepared(), command, after);
});

test("each allocation of a connection from a machine to itself, of both ends", async () => {
  const node = await prepared();
  await node.enter("service start network", ALONE);
  await output(node, "sleep 5000");
  await failEach(
    node,
    "echo-server 7 & sleep 50; echo-client 127.0.0.1 7 1",
    "kill echo-server; sleep 500",
    TIME_WAIT_MS,
  );
});
