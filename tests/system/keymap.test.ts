/** Layouts of the keyboard: what keys give, from the maps of the kernel and from files. */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { atPrompt } from "./booted.ts";
import { PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

const SHIFT = 0x2a;
const ALT = 0x38;
const ALT_GR = 0xe038;
const ENTER = 0x1c;

/** Presses a key while others are held. */
function press(node: LabNode, code: number, ...held: readonly number[]): void {
  for (const key of [...held, code]) node.key(key, true);
  for (const key of [code, ...held]) node.key(key, false);
}

/** Layout, what Shift and the right Alt key are to the keys that are pressed, what they give. */
const LAYOUTS: readonly (readonly [keymap: string, keys: readonly (readonly number[])[], text: string])[] = [
  ["us", [[0x10], [0x15, SHIFT], [0x03, SHIFT], [0x2b], [0x2c], [0x35]], "qY@\\z/"],
  ["uk", [[0x10], [0x28, SHIFT], [0x03, SHIFT], [0x2b], [0x56], [0x2b, SHIFT], [0x04, SHIFT]], 'q@"#\\~'],
  [
    "de",
    [[0x2c], [0x15, SHIFT], [0x10, ALT_GR], [0x0c, ALT_GR], [0x08, SHIFT], [0x27], [0x56, ALT_GR], [0x35]],
    "yZ@\\/|-",
  ],
  ["fr", [[0x10], [0x1e, SHIFT], [0x0b, ALT_GR], [0x02, SHIFT], [0x02], [0x27], [0x05, ALT_GR], [0x03]], "aQ@1&m{"],
];

test("each layout that comes with the kernel", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = lab.nodes[0]!;
  for (const [keymap, keys, text] of LAYOUTS) {
    await node.enter(`keymap ${keymap}; keymap`, new RegExp(`^${keymap}\n[^\n]*> $`, "m"));
    node.type("echo '");
    await lab.advance("20ms");
    for (const [code, ...held] of keys) press(node, code!, ...held);
    await lab.advance("20ms");
    node.type("'");
    await lab.advance("20ms");
    press(node, ENTER);
    expect(await node.waitFor(/\n(.*)\n[^\n]*> $/), keymap).toMatchObject({ 1: text });
  }
  // The left Alt key is what it was, and so are Ctrl and Caps Lock, by the letters that the keys have now.
  node.type("echo ");
  await lab.advance("20ms");
  press(node, 0x10);
  press(node, 0x10, ALT);
  press(node, 0x3a);
  press(node, 0x1e);
  press(node, 0x3a);
  press(node, ENTER);
  await node.waitFor(/\naQ\n[^\n]*> $/);
  await node.enter("keymap nl", /^keymap nl: not found$/m);
  await node.enter("keymap de fr", /^usage: keymap/m);
});

thoroughly("a file, and the layout that the settings want", async () => {
  const lab = await nodeWithVolume([], { isAlone: true, place: "/net" });
  const node = lab.nodes[0]!;
  await output(node, "echo '# mine' > /net/my.map; echo '10 x X ~' >> /net/my.map; echo '11 none' >> /net/my.map");
  await output(node, "keymap /net/my.map");
  expect(await output(node, "keymap")).toBe("/net/my.map\n");
  node.type("echo ");
  await lab.advance("20ms");
  for (const keys of [[0x10], [0x11], [0x10, SHIFT], [0x10, ALT_GR], [ENTER]]) press(node, keys[0]!, ...keys.slice(1));
  await node.waitFor(/\nxX~\n[^\n]*> $/);
  for (const [line, number] of [
    ["10", 2],
    ["59 a", 2],
    ["zz a", 2],
    ["10 ab", 2],
    ["10 a b c d", 2],
  ] as const) {
    await output(node, `echo '# mine' > /net/wrong; echo '${line}' >> /net/wrong`);
    const said = `keymap /net/wrong: line ${number} is not SCAN PLAIN [SHIFT [ALTGR]]\n`;
    expect(await output(node, "keymap /net/wrong"), line).toBe(said);
  }
  expect(await output(node, "keymap /net/none")).toBe("keymap /net/none: not found\n");
  expect(await output(node, "keymap")).toBe("/net/my.map\n");
  await output(node, "set keymap = fr; save");
  await node.enter("reboot", /QuRe loader: /);
  await node.waitFor(PROMPT);
  await output(node, "mount hda0 /net; sleep 100");
  expect(await output(node, "keymap")).toBe("fr\n");
});
