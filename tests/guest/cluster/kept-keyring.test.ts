/**
 * Which object cluster_keyring a node takes over from its disk (docs/protocols/cluster-key.md, "On disk"): each byte of
 * its head counts, and its name ends.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { HIGH, LOW, says, view } from "./agreement-scene.ts";
import { bytesWith, ClusterWire, HELLO, isSignedWith, OPEN, REPORT } from "./cluster-wire.ts";
import { signedWithoutKey } from "./no-key.ts";
import { nodeObject, remembering } from "./remembering-scene.ts";

const LONGEST = "cluster-of-a-name-of-31-letters";
const OLD_KEY = new Uint8Array(32).fill(0x11);
const NEW_KEY = new Uint8Array(32).fill(0x22);
const NAME_BYTES = 32;
const SAID = /^cluster: the key was replaced$/m;
const DAMAGED = /the object cluster_keyring on the disk is damaged/;
const [MAGIC_AT, VERSION_AT, NAME_AT] = [0, 4, 12];
const line = (key: Uint8Array): string => `${LONGEST} ${Buffer.from(key).toString("hex")}\n`;

/** A keyring whose next key is the new one; one of its bytes is another. */
function keyring(at?: number, value = 0): Uint8Array {
  const bytes = Buffer.alloc(108);
  bytes.write("QRKR");
  bytes.writeUInt32LE(1, VERSION_AT);
  bytes.writeUInt32LE(9, 8);
  bytes.write(LONGEST, NAME_AT);
  bytes.set(NEW_KEY, 44);
  if (at !== undefined) bytes[at] = value;
  return bytes;
}

const KEYRINGS: readonly (readonly [string, "counts" | "is damaged" | "is another cluster's", Uint8Array])[] = [
  ["of a name of 31 characters", "counts", keyring()],
  ["whose name does not end", "counts", keyring(NAME_AT + NAME_BYTES - 1, 0x78)],
  ["of another last character", "is another cluster's", keyring(NAME_AT + NAME_BYTES - 2, 0x78)],
  ["of another magic in its second byte", "is damaged", keyring(MAGIC_AT + 1, 0)],
  ["in its third", "is damaged", keyring(MAGIC_AT + 2, 0)],
  ["in its last", "is damaged", keyring(MAGIC_AT + 3, 0)],
  ["of another version in its second byte", "is damaged", keyring(VERSION_AT + 1, 1)],
  ["in its third one", "is damaged", keyring(VERSION_AT + 2, 1)],
  ["in its last one", "is damaged", keyring(VERSION_AT + 3, 1)],
  ["of a byte more", "counts", Buffer.concat([keyring(), Buffer.of(1)])],
];

describe("a keyring", () => {
  test.each(rowsOf(KEYRINGS, 1))("%s: %s", async (_what, becomes, object) => {
    expect(LONGEST).toHaveLength(NAME_BYTES - 1);
    const node = nodeObject({ era: 4, age: 8, eraAge: 5, founder: LOW, cluster: LONGEST, key: OLD_KEY });
    const s = await remembering({ cluster_node: node, cluster_keyring: object });
    const { data, session } = await says(s, HELLO);
    expect(isSignedWith(data, line(OLD_KEY))).toBe(true);
    expect(DAMAGED.test(s.node.console.text)).toBe(becomes === "is damaged");
    const wire = new ClusterWire(s.lab, line(NEW_KEY));
    wire.present = session;
    wire.say(view(HIGH, 5));
    await s.lab.advance("100ms");
    expect(SAID.test(s.node.console.text)).toBe(becomes === "counts");
    const isFollowed = wire.of(REPORT).some((heard) => isSignedWith(heard.data, line(NEW_KEY)));
    expect(isFollowed).toBe(becomes === "counts");
  });
});

describeThoroughly("nobody can make codes without a key", () => {
  test.each([
    ["where there is no keyring", null],
    [
      "where its next key is the one in use, as after the last rotation",
      Buffer.concat([keyring().subarray(0, 44), OLD_KEY, new Uint8Array(32)]),
    ],
    ["where it has neither key", Buffer.concat([keyring().subarray(0, 44), new Uint8Array(64)])],
  ])("%s", async (_where, object) => {
    const node = nodeObject({ era: 4, age: 8, eraAge: 5, founder: LOW, cluster: LONGEST, key: OLD_KEY });
    const s = await remembering({ cluster_node: node, ...(object && { cluster_keyring: object }) });
    const { session: echo } = await says(s, HELLO);
    const bytes = bytesWith({ ...view(HIGH, 5), sequence: 1, echo }, OLD_KEY);
    bytes[7]! &= ~OPEN;
    s.wire.sayBytes(signedWithoutKey(bytes), 0x63);
    await s.lab.advance("100ms");
    expect(s.node.console.text).not.toMatch(SAID);
    expect(s.wire.of(REPORT)).toEqual([]);
  });
});
