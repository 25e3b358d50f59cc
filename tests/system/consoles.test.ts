/** Eight consoles: each has a screen, keys and a shell of its own. */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { withoutAsides } from "../../src/vm/said-aside.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { atPrompt } from "./booted.ts";
import { PROMPT } from "./images.ts";

const ALT = 0x38;
const F1 = 0x3b;
const CONTROL = 0x1d;

function press(node: LabNode, code: number, held: number): void {
  node.key(held, true);
  node.key(code, true);
  node.key(code, false);
  node.key(held, false);
}

/** Alt and F1 to F8. */
async function choose(lab: LabCluster, console: number): Promise<LabNode> {
  const node = lab.nodes[0]!;
  press(node, F1 + console - 1, ALT);
  await lab.advance("50ms");
  return node;
}

/** The screen without the rows below what was printed. */
const shown = (node: LabNode): string => node.screen().join("\n").trimEnd();

test("Alt with F1 to F8 shows consoles with a screen, keys and a shell each", async () => {
  const lab = await atPrompt({ gateway: false });
  const first = lab.nodes[0]!.screen()[0];
  const node = await choose(lab, 3);
  expect(shown(node)).toBe("qure:/>");
  node.typeKeys("false; echo three\n");
  await node.waitForScreen(/^three\nqure:\/>/m);
  await choose(lab, 8);
  node.typeKeys("echo eight; echo un");
  await node.waitForScreen(/echo eight; echo un$/m);

  // The serial line goes on with console 1, and hears nothing of the others.
  await node.enter("echo at 0", /^at 0\n/m);
  expect(node.console.text).not.toMatch(/three|eight/);
  expect(shown(node)).toBe("qure:/> echo eight; echo un");
  await node.waitFor(PROMPT);
  await node.enter("console", /1 {2}serial +\/\n3 +\/\n8 +on the screen {2}\/\n/m);

  // What was there comes back, a line that is being edited too.
  await choose(lab, 1);
  expect(node.screen()[0]).toBe(first);
  expect(shown(node)).toMatch(/^at 0$/m);
  await choose(lab, 8);
  node.typeKeys("ended\n");
  await node.waitForScreen(/^eight\nunended\nqure:\/>$/m);
  await choose(lab, 3);
  expect(shown(node)).toBe("qure:/> false; echo three\nthree\nqure:/>");
});

test("what the kernel says by itself is marked for whoever reads a command's output at the serial line", async () => {
  const lab = await atPrompt();
  const node = lab.nodes[0]!;
  await node.enter("console mark", PROMPT);
  let said = "";
  node.console.listen((bytes) => (said += Buffer.from(bytes).toString("latin1")));
  // In a row that a command has begun, and into a line that is being typed.
  await node.enter('seq 3 | tr -d "\\n"; sleep 9000; echo', /^123eth0: address [\d./]+ by DHCP$/m);
  await node.waitFor(PROMPT, { within: "20s" });
  node.type("hostname one; hostname other\nconsole pl");
  await node.waitFor(/> console pl\ncloud: other .*\n.*> console pl$/, { within: "20s" });
  await node.enter("ain", PROMPT);
  expect(withoutAsides(said).replaceAll("\r", "")).toBe(
    'seq 3 | tr -d "\\n"; sleep 9000; echo\n123\nqure-1:/> hostname one; hostname other\nother:/> console plain\nother:/> ',
  );
  // Nothing is marked any more.
  const before = said.length;
  await node.enter("hostname third", /^cloud: third /m, { within: "20s" });
  expect(withoutAsides(said.slice(before))).toBe(said.slice(before));
});

test("programs, jobs and Ctrl-C belong to the console where they were begun", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = await choose(lab, 2);
  node.typeKeys("echo piped | wc; /bin/cat\n");
  await node.waitForScreen(/^ +1 +1 +6$/m);
  node.typeKeys("typed\n");
  await node.waitForScreen(/^typed\ntyped$/m);
  // Ctrl-C at console 1 leaves it alone, and so does one at console 4.
  node.send(Uint8Array.of(3));
  await node.waitFor(/\^C/);
  await choose(lab, 4);
  press(node, 0x2e, CONTROL);
  node.typeKeys("sleep 1000 &\n");
  await node.waitForScreen(/^\[1\] task \d+$/m);
  await node.enter("jobs; echo none", /jobs; echo none\nnone\n/);
  node.typeKeys("jobs\n");
  await node.waitForScreen(/^\[1\] running/m);
  node.typeKeys("kill %1; cls; hist\n");
  await node.waitForScreen(/^ +1 {2}echo piped/);
  await choose(lab, 2);
  node.typeKeys("more\n");
  await node.waitForScreen(/^more\nmore$/m);
  press(node, 0x2e, CONTROL);
  await node.waitForScreen(/^more\nmore\n\^C\nqure:\/>$/m);
  expect(node.console.text).not.toMatch(/typed|piped/);
});

test("each console keeps what left its screen", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = await choose(lab, 5);
  node.typeKeys("help\n");
  await node.waitForScreen(/\n.*> $|\n.*>$/);
  await lab.advance("100ms");
  const end = shown(node);
  node.key(0xe049, true);
  node.key(0xe049, false);
  await lab.advance("50ms");
  const back = shown(node);
  expect(back).not.toBe(end);
  await choose(lab, 6);
  expect(shown(node)).toBe("qure:/>");
  await choose(lab, 5);
  expect(shown(node)).toBe(back);
  node.typeKeys("\n");
  await lab.advance("50ms");
  expect(shown(node)).toContain(end.split("\n").slice(-20).join("\n"));
});

test("the debugger and a panic bring console 1 back", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = await choose(lab, 2);
  node.typeKeys("echo second; debug\n");
  await node.waitFor("debug> ");
  expect(shown(node)).toMatch(/debug>$/);
  expect(shown(node)).not.toContain("second");
  node.typeKeys("c\n");
  await node.waitForScreen(/^second\nqure:\/>$/m);
  expect(shown(node)).not.toContain("debug>");
  node.typeKeys("crash panic\n");
  await node.waitFor("PANIC");
  expect(shown(node)).toContain("PANIC");
});

thoroughly("without memory for a console the one before stays, with a sentence", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = lab.nodes[0]!;
  await node.enter("mem fail 5; console 2; console 2; console", /console 2: out of memory\n(?:.*\n)*1 +serial/, {
    within: "5s",
  });
});

thoroughly("console shows one, and refuses what is none", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = lab.nodes[0]!;
  for (const wrong of ["0", "9", "x", "2 3"])
    await node.enter(`console ${wrong}`, /^usage: console \[NUMBER\|size\|mark\|plain\]$/m);
  await node.waitFor(PROMPT);
  await node.enter("console 8", PROMPT);
  await lab.until(() => shown(node) === "qure:/>", "the new shell does not ask");
  await node.enter("console 1", PROMPT);
  await lab.advance("10ms");
  expect(shown(node)).toMatch(/usage: console/);
});

test("more shows pages of the screen on a console without a line", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = await choose(lab, 2);
  node.typeKeys("set rows 10; set columns 30; seq 60 | more\n");
  await node.waitForScreen(/^-- more: .*--$/m);
  expect(shown(node).split("\n")).toEqual([
    ...Array.from({ length: 24 }, (_, row) => `${row + 1}`),
    "-- more: Space, Enter, Q --",
  ]);
  node.typeKeys(" ");
  await node.waitForScreen(/^25\n(?:\d+\n)*48\n-- more: /m);
  node.typeKeys("q");
  await node.waitForScreen(/^qure:\/>$/m);
});
