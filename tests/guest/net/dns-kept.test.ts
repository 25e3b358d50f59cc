/** What updates change in a zone that came from a file is in the file before it is confirmed. */
import { describe, expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import type { LabCluster } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { CLOUD, inState, PROMPT } from "../../system/images.ts";
import { output } from "../../system/output.ts";
import { cutAt, RecordingDisk } from "../../system/recording-disk.ts";
import { nodeWithVolume } from "../../system/volume.ts";
import { ask } from "./dig.ts";
import { TYPES } from "./dns-wire.ts";
import { PacketScene } from "./packet-wire.ts";
import { type Change, checked, type Signer, signed, update } from "./tsig.ts";

const ANY = 255;
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
const KEY = `dns key all.key ${Buffer.from(SECRET).toString("base64")}`;
const ZONE = [
  "\\$TTL 600",
  "@ SOA ns hostmaster 7 3600 600 86400 60",
  "@ NS ns",
  "ns A 10.0.2.15",
  "; a comment",
  "sub NS ns.sub",
  "ns.sub A 10.0.0.3",
];
const OK = 0;
const SERVER_FAILURE = 2;
const MX = 15;
/** Of a type without a name in the system. */
const CAA = 257;

interface Scene {
  readonly s: PacketScene;
  readonly signer: () => Signer;
}

let nextId = 500;

async function sceneOf(lab: LabCluster): Promise<Scene> {
  const s = new PacketScene(lab);
  const started = Date.parse(`${/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(await output(s.node, "date"))![0]}Z`) / 1000;
  const startedNs = lab.nowNs;
  const time = (): number => Math.floor(started + (lab.nowNs - startedNs) / 1e9);
  return { s, signer: () => ({ name: "all.key", secret: SECRET, time: time() }) };
}

/** What makes a node serve a zone from a file. */
const LINES = [...ZONE.map((row) => `echo "${row}" >> /a/home`), "dns load /a/home home.example", KEY, "dns on"];

const serving = (): Promise<LabCluster> => inState("serves a zone of a file", () => nodeWithVolume(LINES));

async function send({ s, signer }: Scene, ...changes: readonly Change[]): Promise<number> {
  const who = signer();
  const message = signed(update(nextId++, "home.example", [], changes), who);
  return checked((await ask(s, message))!, message, who).code;
}

const add = (name: string, type: number, data: readonly number[]): Change => ({
  name: `${name}.home.example`.replace(/^\./, ""),
  type,
  data,
  ttl: 77,
});

const file = async (lab: LabCluster, place = "/a"): Promise<string> =>
  (await output(lab.nodes[0]!, `cat ${place}/home`)).replaceAll("\r", "");

const ROWS = `; as the last update left it (dns load)
home.example. 600 SOA ns.home.example. hostmaster.home.example. 8 3600 600 86400 60
home.example. 600 NS ns.home.example.
ns.home.example. 600 A 10.0.2.15
sub.home.example. 600 NS ns.sub.home.example.
ns.sub.home.example. 600 A 10.0.0.3
`;

const CHANGES = [
  add("new", TYPES.A, [10, 1, 1, 1]),
  add("text", TYPES.TXT, [3, 97, 34, 92, 0, 4, 32, 255, 59, 126]),
  add("mail", MX, [0, 9, 3, 110, 101, 119, 0]),
  add("other", CAA, [0, 1, 254]),
  add("none", CAA, []),
];

const CHANGED = `${ROWS}new.home.example. 77 A 10.1.1.1
text.home.example. 77 TXT "a\\034\\092" "" " \\255;~"
mail.home.example. 77 MX 9 new.
other.home.example. 77 TYPE257 \\# 3 0001fe
none.home.example. 77 TYPE257 \\# 0`;

describe("a zone of a file", () => {
  test("is written with what an update changed", async () => {
    const lab = await serving();
    expect(await send(await sceneOf(lab), ...CHANGES)).toBe(OK);
    expect(await file(lab)).toContain(CHANGED);
  });

  thoroughly("keeps what leads to a zone below it that is served here too", async () => {
    const lab = await serving();
    for (const record of [
      "sub.home.example SOA ns.sub.home.example h.sub.home.example 1 2 3 4 5",
      "x.sub.home.example A 1.2.3.4",
    ])
      await lab.nodes[0]!.enter(`dns add ${record}`, PROMPT);
    expect(await send(await sceneOf(lab), add("new", TYPES.A, [10, 1, 1, 1]))).toBe(OK);
    expect(await file(lab)).toBe(`${ROWS}new.home.example. 77 A 10.1.1.1\n`);
  });

  thoroughly("is read again after a restart; what was signed before that is not obeyed", async () => {
    const lab = await serving();
    const made = await sceneOf(lab);
    expect(await send(made, ...CHANGES)).toBe(OK);
    const [node] = lab.nodes;
    const early = made.signer();
    const stranger = signed(update(nextId++, "home.example", [], [add("late", TYPES.A, [10, 1, 1, 2])]), early);
    await lab.advance("3s");
    node!.reset();
    await node!.waitFor(CLOUD, { within: "20s" });
    await node!.waitFor(PROMPT);
    for (const line of ["dns load /net/home home.example", KEY, "dns on"]) await node!.enter(line, PROMPT);
    const again = await sceneOf(lab);
    expect(await output(node!, "dns")).toMatch(/new\.home\.example 77 A 10\.1\.1\.1[\s\S]*\b10 records/);
    expect(checked((await ask(again.s, stranger))!, stranger, early).code).toBe(SERVER_FAILURE);
    // Written once more, it is the same but for the serial.
    expect(await send(again, { ...add("none", ANY, []), class: ANY, ttl: 0 })).toBe(OK);
    expect(await file(lab, "/net")).toContain(CHANGED.replace(" 8 3600", " 9 3600").replace(/\nnone.*/, ""));
  });

  thoroughly("that cannot be written is not changed for good", async () => {
    const lab = await serving();
    const made = await sceneOf(lab);
    lab.nodes[0]!.failDisk(0, 100);
    expect(await send(made, add("new", TYPES.A, [10, 1, 1, 1]))).toBe(SERVER_FAILURE);
    await lab.nodes[0]!.waitFor(/dns: \/a\/home: .*; updates fail until it can be written/);
  });

  thoroughly("has each confirmed update after a power cut", async () => {
    const disk = new RecordingDisk();
    const lab = await nodeWithVolume(LINES, { disk });
    const [node] = lab.nodes;
    const made = await sceneOf(lab);
    const before = disk.content.slice();
    disk.log = [];
    const confirmedAt: number[] = [];
    for (const number of [1, 2, 3, 4]) {
      expect(await send(made, add(`n${number}`, TYPES.A, [10, 1, 1, number]))).toBe(OK);
      confirmedAt.push(disk.log.length);
    }
    await node!.enter("umount /a", PROMPT);
    const { log } = disk;
    const random = new Random(9);
    for (let cut = 0; cut <= confirmedAt.at(-1)!; cut += 3) {
      const least = confirmedAt.filter((at) => at <= cut).length;
      disk.content = cutAt(before, log, cut, () => random.below(2) === 0);
      await node!.enter("mount hda0 /a", PROMPT);
      const said = await file(lab);
      const names = [...said.matchAll(/^n(\d)\.home/gm)].map(([, number]) => Number(number));
      expect(names, `cut ${cut}`).toEqual([1, 2, 3, 4].slice(0, names.length));
      expect([least, least + 1], `cut ${cut}`).toContain(names.length);
      await node!.enter("umount /a", PROMPT);
    }
  });
});
