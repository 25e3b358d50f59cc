/** The TFTP client in ring 3, against our server, and against peers that lose, repeat, lie and speak for others. */
import { expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import type { LabNode } from "../../src/index.ts";
import { join, PacketScene, udp } from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";
import { output, outputAmong } from "./output.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";
import { complaintsOfTshark } from "./tshark.ts";
import { nodeWithVolume } from "./volume.ts";

const SERVER = "10.0.2.77";
const TFTP = 69;
const OWN_PORT = 4321;
const BLOCK = 1428;
const CONTENT = Uint8Array.from({ length: 3 * BLOCK + 100 }, (_, index) => 33 + (index % 90));

const text = (value: string): number[] => [...value].map((sign) => sign.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const strings = (...values: readonly string[]): number[] => values.flatMap((value) => [...text(value), 0]);
const taken = (...values: readonly string[]): Uint8Array => join([0, 6], strings(...values));
const data = (number: number, bytes: Uint8Array | readonly number[]): Uint8Array =>
  join([0, 3, number >> 8, number & 255], bytes);
const failure = (code: number, said: string): Uint8Array => join([0, 5, 0, code], strings(said));
const acknowledged = (number: number): Uint8Array => Uint8Array.of(0, 4, number >> 8, number & 255);
const block = (number: number, size = BLOCK): Uint8Array =>
  data(number, CONTENT.subarray((number - 1) * size, number * size));

async function scene(): Promise<PacketScene> {
  return new PacketScene(await inState("a volume for TFTP", () => nodeWithVolume(["echo old > /a/kept"])));
}

/** A message of the client, and who else than the server's port says something. */
type Say = (message: Uint8Array, count: number) => readonly (Uint8Array | { from: number; message: Uint8Array })[];

/** Has the peer answer each message of the client; returns them, with the frames. */
function serve(s: PacketScene, say: Say): { said: Uint8Array[]; frames: Uint8Array[]; ports: number[] } {
  const heard = { said: [] as Uint8Array[], frames: [] as Uint8Array[], ports: [] as number[] };
  s.answer = (frame) => {
    if (frame[23] !== 17 || ![TFTP, OWN_PORT, OWN_PORT + 1].includes(get16(frame, 36))) return [];
    const message = frame.slice(42, 34 + get16(frame, 38));
    heard.said.push(message);
    heard.frames.push(frame.slice(0, 34 + get16(frame, 38)));
    heard.ports.push(get16(frame, 36));
    return say(message, heard.said.length).map((answer) => {
      const { from, message: bytes } = answer instanceof Uint8Array ? { from: OWN_PORT, message: answer } : answer;
      return udp({ source: from, port: get16(frame, 34), data: bytes })(s.facts);
    });
  };
  return heard;
}

/** A server that gives CONTENT, with options. */
const give: Say = (message) => {
  if (message[1] === 1) return [taken("blksize", String(BLOCK), "tsize", String(CONTENT.length))];
  return message[1] === 4 && get16(message, 2) < 4 ? [block(get16(message, 2) + 1)] : [];
};

/** What is in a file of the node. */
async function content(node: LabNode, path: string): Promise<string> {
  return output(node, `cat ${path}`);
}

thoroughly("a file comes with large blocks and its size, and tshark reads what was asked", async (context) => {
  const s = await scene();
  const heard = serve(s, give);
  expect(await output(s.node, `tftp get ${SERVER} boot/image /a/image`)).toBe(`${CONTENT.length} bytes in 4 blocks\n`);
  expect(textOf(heard.said[0]!)).toBe("\0\x01boot/image\0octet\0blksize\x001428\0tsize\x000\0");
  expect(heard.said.slice(1)).toEqual([0, 1, 2, 3, 4].map(acknowledged));
  expect(heard.ports).toEqual([TFTP, ...Array<number>(5).fill(OWN_PORT)]);
  expect((await content(s.node, "/a/image")).startsWith(textOf(CONTENT).slice(0, 70))).toBe(true);
  expect(await output(s.node, "ls /a/image")).toMatch(new RegExp(`\\b${CONTENT.length}\\b`));
  expect(await complaintsOfTshark(heard.frames.slice(0, 1), "tftp.opcode == 1", context)).toEqual({
    complaints: "",
    found: 1,
  });
});

test("a server without options, lost and doubled packets, and a stranger's do no harm", async () => {
  const s = await scene();
  let lost = 0;
  const heard = serve(s, (message, count) => {
    if (message[1] === 5) return [];
    if (message[1] === 1) return lost++ ? [block(1, 512)] : []; // the first question is lost
    const next = get16(message, 2) + 1;
    if (next > Math.ceil(CONTENT.length / 512)) return [];
    if (count === 4) return [{ from: OWN_PORT + 1, message: data(next, text("evil")) }, block(next, 512)];
    if (count === 6) return [block(next - 1, 512), block(next, 512)]; // one that it has
    if (count === 8) return [data(next + 5, text("early")), block(next, 512)];
    return [block(next, 512)];
  });
  expect(await output(s.node, `tftp get ${SERVER} image /a/image`)).toBe(`${CONTENT.length} bytes in 9 blocks\n`);
  const strangers = heard.said.filter((_, index) => heard.ports[index] === OWN_PORT + 1);
  expect(strangers.map((bytes) => textOf(bytes))).toEqual(["\0\x05\0\x05not your transfer\0"]);
});

thoroughly("a file is put, by large blocks when the server takes them", async () => {
  const s = await scene();
  serve(s, give);
  await output(s.node, `tftp get ${SERVER} image /a/image`);
  for (const takes of [true, false]) {
    const got: string[] = [];
    const heard = serve(s, (message, count) => {
      if (message[1] === 2)
        return [takes ? taken("TSize", String(CONTENT.length), "BLKSIZE", "1000") : acknowledged(0)];
      if (message[1] !== 3) return [];
      if (count === 3) return [acknowledged(0)]; // an old one: the block is sent again in time, once
      got[get16(message, 2)] = textOf(message.subarray(4));
      return [acknowledged(get16(message, 2))];
    });
    const size = takes ? 1000 : 512;
    const blocks = Math.floor(CONTENT.length / size) + 1;
    expect(await output(s.node, `tftp put ${SERVER} /a/image up/image`)).toBe(
      `${CONTENT.length} bytes in ${blocks} blocks\n`,
    );
    expect(got.join("")).toBe(textOf(CONTENT));
    expect(textOf(heard.said[0]!)).toBe(`\0\x02up/image\0octet\0blksize\x001428\0tsize\0${CONTENT.length}\0`);
    expect(heard.said.length).toBe(blocks + 2);
  }
});

/** What a peer says when it is asked for a file, and what is printed of it; the peer's last word, if it gets one. */
const HOSTILE: readonly (readonly [name: string, says: readonly Uint8Array[], printed: string, told?: string])[] = [
  ["nothing", [], "no answer"],
  ["an error", [failure(1, "no such file")], "no such file"],
  ["an error with control characters", [failure(1, "\x1b[2J\x07a")], "?[2J?a"],
  ["an error without its NUL", [join([0, 5, 0, 2], text("denied"))], "denied"],
  ["an error of no bytes", [Uint8Array.of(0, 5)], "no answer"],
  ["a block that is too long", [block(1, 513)], "a block is too long", "a block is too long"],
  ["an option that was not asked for", [taken("windowsize", "4")], "an option was not asked for"],
  ["a block size of 7", [taken("blksize", "7")], "an option was not asked for"],
  ["a block size that is larger", [taken("blksize", "1429")], "an option was not asked for"],
  ["a block size that is no number", [taken("blksize", "12x")], "an option was not asked for"],
  ["an option without its value", [join([0, 6], strings("blksize"))], "an option was not asked for"],
  ["an option without its end", [join([0, 6], text("blksize"), [0], text("99"))], "an option was not asked for"],
  ["options of no name", [Uint8Array.of(0, 6, 0, 0)], "an option was not asked for"],
  [
    "kinds that are none",
    [Uint8Array.of(0, 9, 0, 1), Uint8Array.of(1, 3, 0, 1), Uint8Array.of(0, 1, 0, 1)],
    "no answer",
  ],
  ["another block", [data(2, text("late"))], "no answer"],
];

thoroughly("what a hostile server says is an error, and a file that was there stays", async () => {
  const s = await scene();
  for (const [name, says, printed] of HOSTILE) {
    serve(s, (message, count) => (message[1] === 1 && count === 1 ? says : []));
    expect(await output(s.node, `tftp get ${SERVER} image /a/kept`), name).toBe(`${SERVER}: ${printed}\n`);
  }
  // A file that is not what was said, and one whose server falls silent, leave nothing either.
  serve(s, (message) => (message[1] === 1 ? [taken("tsize", "5")] : message[1] === 4 ? [data(1, text("six by"))] : []));
  expect(await output(s.node, `tftp get ${SERVER} image /a/kept`)).toBe(
    `${SERVER}: the file has not the size that was said\n`,
  );
  serve(s, (message) => (message[1] === 1 ? [data(1, CONTENT.subarray(0, 512))] : []));
  expect(await output(s.node, `tftp get ${SERVER} image /a/kept`)).toBe(`${SERVER}: no answer\n`);
  expect(await content(s.node, "/a/kept")).toBe("old\n");
  expect(await output(s.node, "ls /a")).not.toMatch(/part/);
  expect(await output(s.node, `tftp put ${SERVER} /a/none x`)).toMatch(/^\/a\/none: not found\n$/);
  for (const command of ["tftp", "tftp get", "tftp get a", "tftp take a b", "tftp get a b c d"])
    expect(await output(s.node, command)).toBe("usage: tftp get|put SERVER FILE [NAME]\n");
  expect(await output(s.node, `tftp get ${SERVER} ${"n".repeat(300)} /a/x`)).toMatch(/at most 255 characters/);
});

thoroughly("our client and our server understand each other", async () => {
  const disks = [new RecordingDisk(), new RecordingDisk()];
  for (const disk of disks) disk.content = partitioned();
  const lab = boot({ nodes: disks.map((disk) => ({ cdrom: images().iso, disk })) });
  for (const node of lab.nodes) await node.waitFor(CLOUD, { within: "20s" });
  await lab.advance("5s");
  for (const node of lab.nodes) {
    await node.waitFor(PROMPT);
    await node.enter("service stop cluster", PROMPT);
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /a", PROMPT);
  }
  const [server, client] = [lab.nodes[0]!, lab.nodes[1]!];
  await server.enter("seq 400 > /a/numbers", PROMPT);
  await server.enter("tftp-server /a &", /tftp-server: ready/);
  const address = CLOUD.exec(server.console.text)![2]!;
  expect(await outputAmong(client, `tftp get ${address} numbers /a/got`)).toBe("1492 bytes in 2 blocks\n");
  expect(await outputAmong(client, "wc /a/got")).toMatch(/400 +400 +1492/);
  expect(await outputAmong(client, `tftp get ${address} none /a/got`)).toBe(`${address}: no such file\n`);
  expect(await outputAmong(client, `tftp put ${address} /a/got`)).toBe(`${address}: files are only read\n`);
});
