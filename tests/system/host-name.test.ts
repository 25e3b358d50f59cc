/**
 * The name that a machine's host gives it (asm/drivers/host-name.s): by QEMU's firmware configuration device, and by
 * VMware's backdoor (asm/drivers/vmware.s), which here is as VMware describes it, or as a hostile host would have it.
 */
import { expect, test } from "vitest";
import { EBX, ECX, EDX } from "../../emulator/cpu/layout.ts";
import type { LabNode } from "../../src/index.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, PROMPT } from "./images.ts";

const BACKDOOR_PORT = 0x5658;
const MAGIC = 0x564d5868;
const CHANNEL = 3;
const DONE = 1;
const WAITS = 2;
const QUESTION = "info-get guestinfo.hostname";

const nameOf = (node: LabNode): string =>
  /^[^\0]*/.exec(Buffer.from(node.readMemory(addressOf("hostname"), 16)).toString("latin1"))![0];

interface Backdoor {
  /** What it answers to the one question; null: it has no messages, as QEMU's. */
  readonly answer: string | null;
  /** It says that the answer is so long. */
  readonly saysBytes?: number;
  /** After so many pieces it gives no more. */
  readonly pieces?: number;
}

/** The commands that it got, and the text of its questions. */
interface Heard {
  readonly commands: number[];
  text: string;
}

/** Puts a backdoor into a machine, whose processor is interpreted: it answers in the registers. */
function withBackdoor(node: LabNode, { answer, saysBytes, pieces = Infinity }: Backdoor): Heard {
  const { s } = node.machine.processor.core;
  // A board of VMware's, as its host bridge says: on QEMU's nobody is asked.
  const bridge = node.machine.board.pciFunctions.find(({ slot, number }) => slot === 0 && number === 0)!;
  bridge.plugged.config.set([0xad, 0x15, 0x76, 0x19], 0x2c);
  const heard: Heard = { commands: [], text: "" };
  let [questionBytes, given] = [0, 0];
  const message = (subcommand: number): number => {
    const four = Buffer.alloc(4);
    if (subcommand > 0 && s[EDX]! >>> 16 !== CHANNEL) return 0;
    if (subcommand === 0) s[EDX] = (CHANNEL << 16) | BACKDOOR_PORT;
    else if (subcommand === 1) questionBytes = s[EBX]!;
    else if (subcommand === 2) {
      four.writeInt32LE(s[EBX]!);
      heard.text = (heard.text + four.toString("latin1")).slice(0, questionBytes);
    } else if (subcommand === 3) {
      s[EBX] = saysBytes ?? answer!.length;
      return DONE | WAITS;
    } else if (subcommand === 4) {
      if (given >= pieces) return 0;
      Buffer.from(answer!.slice(given * 4, given * 4 + 4), "latin1").copy(four);
      given++;
      s[EBX] = four.readInt32LE();
    }
    return DONE;
  };
  node.machine.board.probe = {
    mmio: () => {},
    port: (port, sizeBytes, _value, isWrite) => {
      if (port !== BACKDOOR_PORT || sizeBytes !== 4 || isWrite) return;
      const command = s[ECX]! & 0xffff;
      const subcommand = s[ECX]! >>> 16;
      heard.commands.push(command === 30 ? subcommand : -command);
      if (command === 10) s[EBX] = MAGIC;
      if (command === 30 && answer !== null) s[ECX] = (message(subcommand) << 16) | command;
    },
  };
  return heard;
}

async function bootedWith(backdoor: Backdoor): Promise<{ node: LabNode; heard: Heard }> {
  const lab = boot({ nodes: [{ cdrom: images().iso }], jit: "off", gateway: false });
  const [node] = lab.nodes;
  const heard = withBackdoor(node!, backdoor);
  await node!.waitFor(PROMPT);
  return { node: node!, heard };
}

test("the name comes by VMware's backdoor, question and answer in pieces of four bytes, and the channel is closed", async () => {
  const { node, heard } = await bootedWith({ answer: "1 web-frontend" });
  expect(heard.commands).toEqual([-10, 0, 1, ...Array<number>(7).fill(2), 3, 4, 4, 4, 4, 5, 6]);
  expect(heard.text).toBe(QUESTION);
  expect(nameOf(node)).toBe("web-frontend");
});

thoroughly("on QEMU's board nobody is asked", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso }], gateway: false });
  const [node] = lab.nodes;
  const asked: number[] = [];
  const probe = { mmio: () => {}, port: (port: number) => void (port === BACKDOOR_PORT && asked.push(port)) };
  node!.machine.board.probe = probe;
  await node!.waitFor(PROMPT);
  expect(asked).toEqual([]);
});

const PASSED_OVER: readonly (readonly [string, Backdoor])[] = [
  ["nobody knows messages", { answer: null }],
  ["there is no such variable", { answer: "0 Unknown variable" }],
  ["it is no host name", { answer: "1 ../../etc" }],
  ["it is a number", { answer: "1 12" }],
  ["it is too long for a name", { answer: `1 ${"a".repeat(16)}` }],
  ["it is too long for the buffer", { answer: `1 ${"a".repeat(200)}` }],
  ["it is said to be longer than any", { answer: "1 web", saysBytes: 0x7fffffff }],
  ["its end never comes", { answer: "1 web", saysBytes: 256, pieces: 9 }],
  ["it is empty", { answer: "" }],
  ["it has a byte of no text", { answer: "1 we\0b" }],
];

test.each(rowsOf(PASSED_OVER, [1, 4]))(
  "what VMware's backdoor says is passed over where %s",
  async (_why, backdoor) => {
    const { node } = await bootedWith(backdoor);
    expect(nameOf(node)).toBe("qure");
  },
);

test.each(
  rowsOf(
    [
      ["web", "web"],
      ["web\n", "web"],
      ["-web", "qure"],
      ["w e b", "qure"],
      ["", "qure"],
      ["a".repeat(16), "qure"],
      ["a".repeat(100), "qure"],
      ["\x1b[2Jweb", "qure"],
      ["all", "qure"],
    ] as const,
    2,
  ),
)("by the firmware configuration device it is %j", async (given, name) => {
  const lab = boot({ nodes: [{ cdrom: images().iso, hostName: given }], gateway: false });
  await lab.nodes[0]!.waitFor(PROMPT);
  expect(nameOf(lab.nodes[0]!)).toBe(name);
});

test("a DHCP server gives no name that is a word of commands: the machine takes its own", async () => {
  const names = ["any", "web"];
  const macs = names.map((_, index) => Uint8Array.of(0x52, 0x54, 0, 0, 0, index + 1));
  const hostNames = new Map(names.map((name, index) => [`52:54:00:00:00:0${index + 1}`, name]));
  const lab = boot({ nodes: macs.map((macAddress) => ({ cdrom: images().iso, macAddress })), hostNames });
  await lab.until(() => lab.nodes.every(({ console }) => /^cloud: /m.test(console.text)), "no cluster", {
    within: "30s",
  });
  expect(lab.nodes.map(nameOf)).toEqual(["qure-000001", "web"]);
});
