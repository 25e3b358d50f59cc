/**
 * What a node's disk holds of keys (docs/protocols/cluster-key.md, "On disk"): the next key before the node says that
 * it has it, the previous one after it was replaced, and what becomes of both at the next boot.
 */
import { describe, expect, test } from "vitest";
import { objectOn } from "../../src/chaos/remembered.ts";
import { SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { boot, images, inSharedState, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, HIGHEST, idBytes, nowMs, type Scene, SELF, says } from "./agreement-scene.ts";
import { ClusterWire, HEADER_BYTES, HELLO, isSignedWith, JOINING } from "./cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, OFFER_KEY, OUTDATED, proofOf, SHOW, TURN } from "./key-scene.ts";
import { CLUSTER, FORGED, KEY_LINE, live, Member, OLD_KEY, rise } from "./keyed-node.ts";
import { saveOn } from "./remembering-scene.ts";

const NONCE = Uint8Array.from({ length: NONCE_BYTES }, (_, at) => at + 1);
const NEW_KEY = Buffer.from(Array.from({ length: 32 }, (_, at) => 0xa0 + at));
const NEW_LINE = `${CLUSTER} ${NEW_KEY.toString("hex")}`;
const NONE = Buffer.alloc(32);
const AGAIN_MS = 5000;
const BLOCK_BYTES = 4096;
const DAMAGED_BYTE = 4;

/** A node with a disk that has founded era 1 of a cluster with a key, and a member that can give it another. */
async function withDisk(): Promise<{ s: Scene; giver: Member }> {
  const lab = await inSharedState("founded with a key and a disk", async () => {
    const disk = new SparseDisk(DISK_BYTES, { content: await preparedDisk() });
    const booted = boot({ nodes: [{ cdrom: images().iso, disk }] });
    const node = booted.nodes[0]!;
    await node.waitFor(/^cloud: \S+ \S+ era 1 /m, { within: "20s" });
    await node.waitFor(PROMPT);
    await node.enter(`cloud key set ${KEY_LINE.trim()}`, PROMPT);
    await node.waitFor(/^cloud: \S+ \S+ era 2 /m, { within: "10s" });
    await booted.advance("2s");
    return booted;
  });
  const wire = new ClusterWire(lab, KEY_LINE);
  const s: Scene = { lab, node: lab.nodes[0]!, wire };
  await lab.until(() => wire.heard[0], "it says nothing");
  return { s, giver: memberOf(s, HIGH, 0x40) };
}

/** A member of the era in which the node is. */
function memberOf(s: Scene, id: string, fill: number): Member {
  class Later extends Member {
    override get said() {
      const { era, founder } = s.wire.heard.findLast(({ state }) => state === 2)!;
      return { ...super.said, era, founder };
    }
  }
  return new Later(s, id, fill);
}

/** What the disk holds of keys. */
function keyring({ node }: Scene) {
  const object = objectOn(node.disk!, "cluster_keyring");
  if (!object) return null;
  const bytes = Buffer.from(object);
  expect(bytes).toHaveLength(204);
  expect(bytes.toString("latin1", 0, 4)).toBe("QRKR");
  expect(bytes.readUInt32LE(4)).toBe(1);
  return {
    serial: bytes.readUInt32LE(8),
    name: bytes.toString("latin1", 12, 44).replace(/\0+$/, ""),
    next: bytes.subarray(44, 76),
    previous: bytes.subarray(76, 108),
  };
}

const ownKey = ({ node }: Scene): Buffer => Buffer.from(objectOn(node.disk!, "cluster_node")!).subarray(140, 172);

const offer = (giver: Member): void => giver.say(OFFER_KEY, Buffer.concat([NONCE, giver.numbers.shown]));

/** The giver gives the new key. */
async function gives({ wire, lab }: Scene, giver: Member): Promise<void> {
  giver.live();
  await lab.advance("40ms");
  offer(giver);
  const show = await lab.until(() => wire.of(SHOW)[0], "it shows no number", { within: "200ms" });
  giver.say(GIVE, giver.numbers.seal(show.data.subarray(HEADER_BYTES + NONCE_BYTES), true, NONCE).close(NEW_KEY));
  await lab.advance("20ms");
}

/** The node has the key on its disk, and has said so. */
async function given(): Promise<{ s: Scene; giver: Member }> {
  const scene = await withDisk();
  await gives(scene.s, scene.giver);
  await scene.s.lab.advance("300ms");
  offer(scene.giver);
  await says(scene.s, HAVE);
  return scene;
}

/** The node boots again, and joins the giver, who has this key. */
async function reboots({ s, giver }: { s: Scene; giver: Member }, line: string): Promise<void> {
  const { era, founder } = s.wire.heard.findLast(({ state }) => state === 2)!;
  s.node.powerOff();
  await s.lab.advance("10ms");
  s.node.powerOn();
  s.wire.changeKey(line);
  const from = s.wire.heard.length;
  await s.lab.until(() => s.wire.heard.length > from, "it says no hello", { within: "20s" });
  s.wire.present = s.wire.heard.at(-1)!.session;
  s.wire.say({ ...giver.said, era, founder });
  await s.lab.advance("200ms");
}

describe("the next key", () => {
  test("is on the disk before the node says that it has it, beside the one that counts", async () => {
    const { s, giver } = await withDisk();
    expect(keyring(s)).toBeNull();
    s.node.slowDisk(3000);
    await gives(s, giver);
    const fromMs = nowMs(s);
    for (let time = 0; time < 5; time++) {
      offer(giver);
      await s.lab.advance("40ms");
      if (keyring(s) === null) expect(s.wire.of(HAVE)).toHaveLength(0);
    }
    expect(s.wire.of(HAVE)).toHaveLength(0);
    s.node.slowDisk(1);
    await live(s, [giver], 20_000, () => keyring(s) !== null);
    await live(s, [giver], 200);
    offer(giver);
    const have = await says(s, HAVE);
    expect(have.atMs).toBeGreaterThan(fromMs);
    expect(Buffer.from(have.data.subarray(HEADER_BYTES))).toEqual(
      Buffer.concat([NONCE, proofOf(NEW_KEY, NONCE, idBytes(SELF))]),
    );
    expect(keyring(s)).toMatchObject({ name: CLUSTER, next: NEW_KEY, previous: NONE });
    expect(ownKey(s).toString("hex")).toBe(OLD_KEY);
  });

  thoroughly("counts at the next boot as soon as somebody uses it", async () => {
    const scene = await given();
    const { s } = scene;
    await reboots(scene, NEW_LINE);
    expect(s.node.console.text).toMatch(/^cluster: the key was replaced$/m);
    const atMs = nowMs(s);
    await live(s, [scene.giver], 600);
    const later = s.wire.heard.filter((heard) => heard.atMs > atMs);
    expect(later.length).toBeGreaterThan(0);
    expect(later.every(({ data }) => isSignedWith(data, NEW_LINE))).toBe(true);
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud key")).toContain(`\n${NEW_KEY.toString("hex")}\n`);
    await s.lab.advance("300ms");
    expect(ownKey(s)).toEqual(NEW_KEY);
    expect(keyring(s)).toMatchObject({ next: NEW_KEY });
    expect(keyring(s)!.previous.toString("hex")).toBe(OLD_KEY);
  });

  thoroughly("counts for nothing while nobody uses it, whatever boots there are", async () => {
    const scene = await given();
    await reboots(scene, KEY_LINE);
    const { s, giver } = scene;
    const atMs = nowMs(s);
    await live(s, [giver], 600);
    expect(s.wire.heard.filter((heard) => heard.atMs > atMs).every(({ data }) => isSignedWith(data, KEY_LINE))).toBe(
      true,
    );
    expect(s.node.console.text).not.toContain("replaced");
    expect(keyring(s)).toMatchObject({ next: NEW_KEY, previous: NONE });
  });
});

describeThoroughly("the previous key", () => {
  /** The new key counts. */
  async function turned(): Promise<{ s: Scene; giver: Member }> {
    const scene = await given();
    scene.s.wire.changeKey(NEW_LINE);
    scene.giver.say(TURN, new Uint8Array(0));
    await live(scene.s, [scene.giver], 500);
    return scene;
  }

  test("is on the disk when it was replaced, and each change counts", async () => {
    const { s } = await turned();
    expect(keyring(s)).toMatchObject({ name: CLUSTER, next: NEW_KEY, serial: 2 });
    expect(keyring(s)!.previous.toString("hex")).toBe(OLD_KEY);
    expect(ownKey(s)).toEqual(NEW_KEY);
    expect(Buffer.from(objectOn(s.node.disk!, "cluster_node")!).toString("latin1", 108, 115)).toBe(`${CLUSTER}\0`);
  });

  test("tells at the next boot too who was away", async () => {
    const scene = await turned();
    const { s } = scene;
    s.node.powerOff();
    await s.lab.advance("10ms");
    s.node.powerOn();
    const from = s.wire.heard.length;
    await s.lab.until(() => s.wire.heard.slice(from).some(({ state }) => state === 2), "it founds nothing", {
      within: "30s",
    });
    await s.lab.advance("1s");
    s.wire.changeKey(KEY_LINE);
    const stranger = memberOf(s, HIGHEST, 0x43);
    s.wire.say({ ...stranger.said, kind: HELLO, state: JOINING, era: 0, founder: "0".repeat(16) });
    await s.lab.advance("40ms");
    expect(stranger.told(OUTDATED)).toHaveLength(1);
    expect(isSignedWith(stranger.told(OUTDATED)[0]!.data, KEY_LINE)).toBe(true);
  });

  test("goes with the next one when the node takes another cluster's key", async () => {
    const { s } = await turned();
    await s.node.waitFor(PROMPT);
    await s.node.enter(`cloud key set other ${"5a".repeat(32)}`, PROMPT);
    await s.lab.advance("500ms");
    expect(keyring(s)).toMatchObject({ name: "", next: NONE, previous: NONE, serial: 3 });
    expect(ownKey(s).toString("hex")).toBe("5a".repeat(32));
  });
});

describeThoroughly("a disk that takes nothing", () => {
  test("is said once; the node has the key when it does without a disk altogether", async () => {
    const { s, giver } = await withDisk();
    s.node.failDisk(0, 100);
    await gives(s, giver);
    const isDiskless = (): boolean =>
      s.node.console.text.includes("cluster_node cannot be saved: device error; it is in");
    for (let time = 0; time < 200 && !isDiskless(); time++) {
      expect(s.wire.of(HAVE)).toHaveLength(0);
      offer(giver);
      await live(s, [giver], 100);
    }
    await live(s, [giver], 3 * AGAIN_MS);
    expect(s.node.console.text.match(/^cluster: cluster_keyring cannot be saved: .+$/gm)).toHaveLength(1);
    offer(giver);
    await says(s, HAVE);
  });

  test("is a reason not to give a key: nothing has changed", async () => {
    const { s } = await withDisk();
    await s.node.waitFor(PROMPT);
    s.node.failDisk(0, 100);
    await s.node.enter(
      "cloud key rotate; echo status $?",
      /^cluster: the new key cannot be written to the disk: nothing has changed\nstatus 1$/m,
      { within: "20s" },
    );
    await s.lab.advance("1s");
    expect(isSignedWith(s.wire.heard.at(-1)!.data, KEY_LINE)).toBe(true);
  });
});

describeThoroughly("a keyring on the disk", () => {
  const GOOD = Buffer.concat([
    Buffer.from("QRKR"),
    Buffer.from([1, 0, 0, 0, 9, 0, 0, 0]),
    Buffer.from(CLUSTER.padEnd(32, "\0")),
    NEW_KEY,
    NONE,
  ]);
  const DAMAGED =
    /^cluster: the object cluster_keyring on the disk is damaged; a new key that this node was given is lost$/m;

  /** The node boots with this object on its disk, and hears the new key. */
  async function boots(object: Uint8Array): Promise<Scene> {
    const scene = await withDisk();
    const { s, giver } = scene;
    const { era, founder } = s.wire.heard.findLast(({ state }) => state === 2)!;
    s.node.powerOff();
    await s.lab.advance("10ms");
    saveOn(s.node.disk!, { cluster_keyring: object });
    s.node.powerOn();
    const from = s.wire.heard.length;
    await s.lab.until(() => s.wire.heard.length > from, "it says no hello", { within: "20s" });
    s.wire.present = s.wire.heard.at(-1)!.session;
    s.wire.changeKey(NEW_LINE);
    s.wire.say({ ...giver.said, era, founder });
    await s.lab.advance("300ms");
    return s;
  }

  test.each<[string, Uint8Array, boolean, boolean]>([
    ["is taken over", GOOD, true, false],
    ["is damaged with another magic", GOOD.with(0, 0x51 ^ 1), false, true],
    ["is damaged with another version", GOOD.with(4, 2), false, true],
    ["is damaged when a byte is missing", GOOD.subarray(0, -1), false, true],
    ["counts for nothing where it is another cluster's", GOOD.with(12, 0x74), false, false],
  ])("%s", async (_what, object, counts, isDamaged) => {
    const s = await boots(object);
    if (isDamaged) expect(s.node.console.text).toMatch(DAMAGED);
    else expect(s.node.console.text).not.toMatch(DAMAGED);
    if (counts) expect(s.node.console.text).toMatch(/^cluster: the key was replaced$/m);
    else expect(s.node.console.text).not.toContain("the key was replaced");
  });
});

/** Turns a bit over in each block of the disk that begins like a keyring. */
function turnOver({ node }: Scene): number {
  const disk = node.disk!;
  const block = new Uint8Array(BLOCK_BYTES);
  let count = 0;
  for (let offset = 0; offset < disk.sizeBytes; offset += BLOCK_BYTES) {
    disk.read(offset, block);
    if (String.fromCharCode(...block.subarray(0, 4)) !== "QRKR") continue;
    block[DAMAGED_BYTE]! ^= 0x80;
    disk.write(offset, block);
    count++;
  }
  return count;
}

thoroughly("a next key that cannot be read at a boot counts when it was read after all", async () => {
  const { s, giver } = await given();
  s.node.powerOff();
  expect(turnOver(s)).toBeGreaterThan(0);
  s.node.powerOn();
  await s.node.waitFor(/^cluster: cluster_keyring cannot be read: .+; it stays as it is, and is tried again$/m);
  await s.node.waitFor(/^cloud: \S+ \S+ era 3 /m, { within: "20s" });
  await s.lab.advance("1s");
  s.wire.changeKey(NEW_LINE);
  expect(await rise(s, FORGED, () => giver.live())).toBe(1);
  turnOver(s);
  await s.lab.advance(`${AGAIN_MS + 1000}ms`);
  expect(await rise(s, FORGED, () => giver.live())).toBe(0);
  expect(s.node.console.text).toMatch(/^cluster: the key was replaced$/m);
  const fromMs = nowMs(s);
  await s.lab.advance("600ms");
  expect(s.wire.heard.filter(({ atMs }) => atMs > fromMs).every(({ data }) => isSignedWith(data, NEW_LINE))).toBe(true);
});
