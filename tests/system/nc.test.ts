/** `nc`, a program that joins its input and output to a TCP connection. */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

test("nc sends a file byte by byte, and ends when both sides have said all", async () => {
  const lab = await nodeWithVolume(["echo begin > /a/page", "truncate /a/page 9000", "echo end >> /a/page"]);
  const node = lab.nodes[0]!;
  node.type("nc -l 5000 > /a/got &\n");
  await lab.advance("100ms");
  expect(await output(node, "nc 127.0.0.1 5000 < /a/page; echo $?; wait")).toMatch(
    /^nc: connected from 127\.0\.0\.1:\d+\n(?:nc: 127\.0\.0\.1:\d+ calls\n)?0\n/,
  );
  expect(await output(node, "hexdump /a/got")).toBe(await output(node, "hexdump /a/page"));
});

thoroughly("nc sends rows of the console, receives without an input, and says why it cannot", async () => {
  const lab = await nodeWithVolume([]);
  const node = lab.nodes[0]!;
  node.type("nc -l 5000 &\n");
  await lab.advance("100ms");
  node.type("nc 127.0.0.1 5000\n");
  await node.waitFor(/^nc: 127\.0\.0\.1:\d+ calls$/m);
  node.type("a row\n");
  await node.waitFor(/^a row\n(?:.*\n)*?a row$/m);
  node.type("\x04");
  await node.waitFor(PROMPT);
  // Nobody presses a key when the other side has said all.
  await node.enter("echo a page > /a/page; nc -l 5000 < /a/page &", PROMPT);
  await lab.advance("100ms");
  expect(await output(node, "nc 127.0.0.1 5000")).toMatch(/^a page$/m);
  expect(await output(node, "nc 127.0.0.1 5000; echo $?")).toContain("nc: connection refused\n1\n");
  expect(await output(node, "nc 127.0.0.1; nc -l 0")).toMatch(
    /^usage: nc ADDRESS\|NAME PORT \| -l PORT\n.*not a port\n/,
  );
});
