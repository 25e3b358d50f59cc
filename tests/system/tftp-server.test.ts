/** The TFTP server in ring 3: whole files, lost packets, several clients, and requests for what is not to be read. */
import { expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { PacketScene, udp } from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { inState } from "./images.ts";
import { nodeWithVolume } from "./volume.ts";

const UDP = 17;
const SERVER = 69;
const BLOCK = 512;
const TEXT = "0123456789".repeat(7);

async function scene(): Promise<PacketScene> {
  const lab = await inState("a TFTP server", async () => {
    const lines = [
      "mkdir /a/boot",
      `echo '${TEXT}' > /a/boot/short`,
      ...Array<string>(16).fill("cat /a/boot/short >> /a/boot/long"),
      "echo secret > /a/secret",
      "echo secret > /a/boot/.hidden",
    ];
    const booted = await nodeWithVolume(lines);
    await booted.nodes[0]!.enter("tftp-server /a/boot &", /tftp-server: ready/);
    return booted;
  });
  return new PacketScene(lab);
}

interface Said {
  readonly from: number;
  readonly kind: number;
  readonly number: number;
  readonly data: string;
}

/** What the server sends to a port of ours within `ms` after a message. */
async function say(
  s: PacketScene,
  source: number,
  port: number,
  message: Uint8Array,
  ms = 100,
): Promise<readonly Said[]> {
  const heard: Said[] = [];
  s.answer = (frame) => {
    if (frame[23] === UDP && get16(frame, 36) === source) {
      const bytes = frame.subarray(42, 34 + get16(frame, 38));
      const data = String.fromCharCode(...bytes.subarray(4));
      heard.push({ from: get16(frame, 34), kind: get16(bytes, 0), number: get16(bytes, 2), data });
    }
    return [];
  };
  s.plug.send(udp({ source, port, data: message })(s.facts));
  await s.lab.advance(`${ms}ms`);
  return heard;
}

const text = (value: string): number[] => [...value].map((sign) => sign.charCodeAt(0));
const request = (name: string, mode = "octet", kind = 1, options = ""): Uint8Array =>
  Uint8Array.from([0, kind, ...text(name), 0, ...text(mode), 0, ...text(options)]);
const acknowledge = (number: number): Uint8Array => Uint8Array.of(0, 4, number >> 8, number & 255);

thoroughly("a file comes whole, block by block, also when packets are lost", async () => {
  const s = await scene();
  const whole = `${TEXT}\n`.repeat(16);
  let got = "";
  let [said] = await say(s, 5000, SERVER, request("long", "OcTeT"));
  const from = said!.from;
  for (let number = 1; ; number++) {
    expect(said).toMatchObject({ from, kind: 3, number });
    got += said!.data;
    if (said!.data.length < BLOCK) break;
    // An old acknowledgement is not answered; a block that nobody acknowledges comes again.
    expect(await say(s, 5000, from, acknowledge(number - 1))).toEqual([]);
    if (number === 1) expect((await say(s, 5000, from, acknowledge(0), 1500))[0]).toEqual(said);
    [said] = await say(s, 5000, from, acknowledge(number));
  }
  expect(got).toBe(whole);
  expect(await say(s, 5000, from, acknowledge(Math.floor(whole.length / BLOCK) + 1))).toEqual([]);
});

thoroughly(
  "six clients at once are served, the seventh hears that it is too much; who is silent is given up",
  async () => {
    const s = await scene();
    const ports = new Set<number>();
    for (let client = 0; client < 6; client++)
      ports.add((await say(s, 6000 + client, SERVER, request("long")))[0]!.from);
    expect(ports.size).toBe(6);
    expect(await say(s, 6006, SERVER, request("long"))).toMatchObject([{ kind: 5, data: "busy, try later\0" }]);
    await s.lab.advance("8s");
    expect(await say(s, 6006, SERVER, request("short"))).toMatchObject([{ kind: 3, number: 1, data: `${TEXT}\n` }]);
  },
);

thoroughly("a request that comes twice is one transfer; one that comes after it was answered is another", async () => {
  const s = await scene();
  const [first] = await say(s, 6100, SERVER, request("long"), 50);
  expect(first).toMatchObject({ kind: 3, number: 1 });
  // However often it comes, it does not take the places of others, and the answer goes again in its time, no sooner.
  for (let time = 0; time < 8; time++) expect(await say(s, 6100, SERVER, request("long"), 50)).toEqual([]);
  expect(await say(s, 6100, SERVER, request("long"), 900)).toEqual([first]);
  expect(await say(s, 6101, SERVER, request("short"))).toMatchObject([{ kind: 3, number: 1 }]);
  // Another file is another request; so is the same one of a client that has begun anew.
  const [other] = await say(s, 6100, SERVER, request("short"), 50);
  expect(other!.data).toBe(`${TEXT}\n`);
  expect(await say(s, 6100, first!.from, acknowledge(1), 50)).toMatchObject([{ from: first!.from, number: 2 }]);
  const [again] = await say(s, 6100, SERVER, request("long"), 50);
  expect(again).toMatchObject({ kind: 3, number: 1 });
  expect(again!.from).not.toBe(first!.from);
});

test.each(
  rowsOf<[string, string]>(
    [
      ["../secret", "not a name of a file here\0"],
      ["x/../../secret", "not a name of a file here\0"],
      [".hidden", "not a name of a file here\0"],
      ["n".repeat(200), "not a name of a file here\0"],
      ["none", "no such file\0"],
    ],
    2,
  ),
)("%s is refused", async (name, sentence) => {
  expect(await say(await scene(), 5001, SERVER, request(name))).toMatchObject([{ kind: 5, data: sentence }]);
});

thoroughly("requests that are cut off, that write, or that are none get no file", async () => {
  const s = await scene();
  expect(await say(s, 5002, SERVER, request("short", "octet", 2))).toMatchObject([
    { kind: 5, data: "files are only read\0" },
  ]);
  expect(await say(s, 5002, SERVER, request("short", "netascii"))).toMatchObject([{ kind: 5, data: "octet only\0" }]);
  const good = request("short");
  for (let length = 0; length < good.length; length++)
    expect(await say(s, 5002, SERVER, good.subarray(0, length), 10)).toEqual([]);
  for (const kind of [0, 3, 4, 5, 9])
    expect(await say(s, 5002, SERVER, request("short", "octet", kind), 10)).toEqual([]);
  expect(await say(s, 5002, SERVER, good)).toMatchObject([{ kind: 3, number: 1 }]);
});

const LONG = (TEXT.length + 1) * 16;

/** The options of a request, and what is answered: the options that are taken, or a first block of so many bytes. */
const OPTIONS: readonly [options: string, answer: string | number][] = [
  ["tsize\u00000\0", `tsize\0${LONG}\0`],
  ["BlkSize\u00001432\0tsize\u00000\0", `blksize\u00001432\0tsize\0${LONG}\0`],
  ["blksize\u00008\0", "blksize\u00008\0"],
  ["blksize\u000065464\0", "blksize\u00001468\0"],
  ["timeout\u00003\0multicast\0\0", "timeout\u00003\0"],
  ["blksize\u0000600\0".repeat(20), "blksize\u0000600\0"],
  ["tsize\u00000\0blksize\u00007\0", `tsize\0${LONG}\0`],
  ["blksize\u00007\0", BLOCK],
  ["blksize\u0000many\0", BLOCK],
  ["blksize\0\0", BLOCK],
  ["blksize\u000099999999999\0", BLOCK],
  ["blksize\u00001024", BLOCK],
  ["blksize\0", BLOCK],
  ["timeout\u00000\0", BLOCK],
  ["timeout\u0000255\0", BLOCK],
  ["\0\0\0\0", BLOCK],
  ["blksiz\u00001024\0blksizes\u00001024\0", BLOCK],
];

test.for(rowsOf(OPTIONS, 1))("of the options %j those with a sense are taken", async ([options, answer]) => {
  const s = await scene();
  const [said, ...others] = await say(s, 5003, SERVER, request("long", "octet", 1, options));
  expect(others).toEqual([]);
  if (typeof answer === "number") {
    expect(said).toMatchObject({ kind: 3, number: 1 });
    expect(said!.data.length).toBe(answer);
    return;
  }
  // The first two bytes of the options are where the number of a block would be.
  const head = String.fromCharCode(said!.number >> 8, said!.number & 255);
  expect([said!.kind, head + said!.data]).toEqual([6, answer]);
  const asked = /blksize\0(\d+)/.exec(answer);
  const block = asked ? Number(asked[1]) : BLOCK;
  // Nothing but the acknowledgement of the options is answered, and they come again until it is there.
  expect(await say(s, 5003, said!.from, acknowledge(1))).toEqual([]);
  expect(await say(s, 5003, said!.from, acknowledge(7), 3500)).toContainEqual(said);
  const [first] = await say(s, 5003, said!.from, acknowledge(0));
  expect(first).toMatchObject({ kind: 3, number: 1, data: `${TEXT}\n`.repeat(16).slice(0, block) });
});

test("a client that cannot have the options ends the transfer", async () => {
  const s = await scene();
  const [said] = await say(s, 5004, SERVER, request("long", "octet", 1, "blksize\u00001024\0"));
  expect(said).toMatchObject({ kind: 6 });
  expect(await say(s, 5004, said!.from, Uint8Array.of(0, 5, 0, 8, 0), 2000)).toEqual([]);
});
