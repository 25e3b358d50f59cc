/** What a node cannot read of its keys stays on its disk, and is read later (docs/protocols/cluster-history.md, "On disk"). */
import { expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { boot, images, inSharedState, PROMPT } from "../system/images.ts";
import { HIGH, nowMs, type Scene, says } from "./agreement-scene.ts";
import { ClusterWire, HEADER_BYTES, isSignedWith } from "./cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, OFFER_KEY, SHOW } from "./key-scene.ts";
import { CLUSTER, FORGED, KEY_LINE, live, Member, rise } from "./keyed-node.ts";

const BLOCK_BYTES = 4096;
const MAGIC = "QRKR";
const DAMAGED_BYTE = 4;
const NONCE = new Uint8Array(NONCE_BYTES).fill(7);
const NEW_KEY = Buffer.alloc(32, 0xa5);
const NEW_LINE = `${CLUSTER} ${NEW_KEY.toString("hex")}`;

/** Turns a bit over in each block that begins like the object. */
function turnOver({ node }: Scene): number {
  const disk = node.disk!;
  const block = new Uint8Array(BLOCK_BYTES);
  let count = 0;
  for (let offset = 0; offset < disk.sizeBytes; offset += BLOCK_BYTES) {
    disk.read(offset, block);
    if (String.fromCharCode(...block.subarray(0, 4)) !== MAGIC) continue;
    block[DAMAGED_BYTE]! ^= 0x80;
    disk.write(offset, block);
    count++;
  }
  return count;
}

test("a next key that cannot be read at a boot counts when it was read after all", async () => {
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
  const giver = new Member(s, HIGH, 0x40);
  const name = (): { era: number; founder: string } => wire.heard.findLast(({ state }) => state === 2)!;
  const said = (): void => wire.say({ ...giver.said, era: name().era, founder: name().founder });
  said();
  await lab.advance("40ms");
  const of = { era: name().era, founder: name().founder };
  giver.say(OFFER_KEY, Buffer.concat([NONCE, giver.numbers.shown]), of);
  const show = await says(s, SHOW);
  giver.say(GIVE, giver.numbers.seal(show.data.subarray(HEADER_BYTES + NONCE_BYTES), true, NONCE).close(NEW_KEY), of);
  await lab.advance("300ms");
  giver.say(OFFER_KEY, Buffer.concat([NONCE, giver.numbers.shown]), of);
  await says(s, HAVE);

  s.node.powerOff();
  expect(turnOver(s)).toBeGreaterThan(0);
  s.node.powerOn();
  await s.node.waitFor(/^cluster: cluster_keyring cannot be read: .+; it stays as it is, and is tried again$/m);
  await s.node.waitFor(/^cloud: \S+ \S+ era 3 /m, { within: "20s" });
  await lab.advance("1s");
  wire.changeKey(NEW_LINE);
  wire.present = wire.heard.at(-1)!.session;
  const speak = (): void => wire.say({ ...giver.said, era: 3, founder: name().founder });
  expect(await rise(s, FORGED, speak)).toBe(1);
  turnOver(s);
  await lab.advance("6s");
  expect(await rise(s, FORGED, speak)).toBe(0);
  expect(s.node.console.text).toMatch(/^cluster: the key was replaced$/m);
  const fromMs = nowMs(s);
  await live(s, [], 600);
  expect(wire.heard.filter(({ atMs }) => atMs > fromMs).every(({ data }) => isSignedWith(data, NEW_LINE))).toBe(true);
});
