/** How a machine gets the key of a cluster: by a code that counts once, and tells who listens nothing. */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { BYE, ClusterWire } from "../guest/cluster/cluster-wire.ts";
import { cipherOf, keyOfCode } from "../guest/cluster/key-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { peersOf } from "./output.ts";

const KEY = keyOfSeed(1);
const JOIN = 13;
const WELCOME = 14;
const NONCE_AT = 128;
const SECRET_AT = 160;
const SECRET_BYTES = 64;
const CODE = /cloud join ([0-9a-hjkmnp-tv-z]{4}(?:-[0-9a-hjkmnp-tv-z]{4}){3})$/m;

/** A member with a key, and two machines without one. */
async function host(): Promise<{ lab: LabCluster; member: LabNode; guest: LabNode; other: LabNode }> {
  const lab = await inState("a member and two guests", async () => {
    const booted = boot({
      nodes: [KEY, undefined, undefined].map((key) => ({ cdrom: images().iso, ...(key && { key }) })),
    });
    await booted.until(() => booted.nodes.map(peersOf).join() === "0,1,1", "they did not settle");
    for (const node of booted.nodes) await node.waitFor(PROMPT);
    return booted;
  });
  const [member, guest, other] = lab.nodes as [LabNode, LabNode, LabNode];
  return { lab, member, guest, other };
}

describe("an invitation", () => {
  test("brings one machine into the cluster, and no other", async () => {
    const { lab, member, guest, other } = await host();
    const wire = new ClusterWire(lab);
    const [, code] = await member.enter("cloud invite", CODE);
    await guest.enter(`cloud join ${code!.toUpperCase()}`, /This node has the key of the cluster seed-1 now/);
    expect(member.console.text).toMatch(/cluster: qure-2 \S+ has joined by invitation/);
    await lab.until(() => lab.nodes.map(peersOf).join() === "1,1,0", "it did not join", { within: "10s" });
    await other.enter(`cloud join ${code}`, /nobody who has given this code .* or it was used before/, {
      within: "10s",
    });
    await other.enter("cloud", /^open cluster/m);
    // Who knows the code finds the key in what was said, and nobody else does: it is not there in clear.
    const asked = wire.of(JOIN)[0]!;
    expect(asked.data).toHaveLength(144);
    const secret = Buffer.from(KEY.trim().split(" ")[1]!, "hex");
    expect(wire.heard.some(({ data }) => Buffer.from(data).includes(secret))).toBe(false);
    expect(wire.of(WELCOME)).toEqual([]); // it goes to one machine
  });

  test("takes a machine out of the cluster that it was in, with a goodbye, and it joins the other one", async () => {
    const { lab, member, guest, other } = await host();
    const [, code] = await member.enter("cloud invite", CODE);
    const wire = new ClusterWire(lab);
    await guest.enter(`cloud join ${code}`, /This node has the key of the cluster seed-1 now/);
    // Nobody has to miss it first.
    await lab.until(() => peersOf(other) === 0, "it said no goodbye", { within: "100ms" });
    expect(wire.of(BYE)).toHaveLength(1);
    await lab.until(() => lab.nodes.map(peersOf).join() === "1,1,0", "it did not join", { within: "2s" });
  });

  test("enciphers the key as the protocol's page says", async () => {
    const { lab, member } = await host();
    const [, code] = await member.enter("cloud invite", CODE);
    const wire = new ClusterWire(lab);
    const nonce = Uint8Array.from({ length: 16 }, (_, index) => index);
    wire.askToJoin(keyOfCode(code!, 1), nonce);
    await lab.advance("50ms");
    const welcome = wire.of(WELCOME)[0]!.data;
    const nonces = welcome.subarray(NONCE_AT, SECRET_AT);
    expect(nonces.subarray(0, 16)).toEqual(nonce);
    const stream = cipherOf(keyOfCode(code!, 2), nonces);
    const plain = welcome.subarray(SECRET_AT, SECRET_AT + SECRET_BYTES).map((byte, at) => byte ^ stream[at]!);
    expect(Buffer.from(plain).toString("latin1", 0, 7)).toBe("seed-1\0");
    expect(Buffer.from(plain.subarray(32)).toString("hex")).toBe(KEY.trim().split(" ")[1]);
    // The same machine may ask again, and what it gets is enciphered anew; another one may not.
    wire.askToJoin(keyOfCode(code!, 1), nonce);
    await lab.advance("50ms");
    const again = wire.of(WELCOME).map(({ data }) => Buffer.from(data).toString("hex", NONCE_AT + 16, SECRET_AT));
    expect(new Set(again).size).toBe(2);
    wire.askToJoin(
      keyOfCode(code!, 1),
      nonce.map((byte) => byte ^ 1),
    );
    wire.askToJoin(keyOfCode("0000-0000-0000-0000", 1), nonce);
    await lab.advance("50ms");
    expect(wire.of(WELCOME)).toHaveLength(2);
  });

  test("is not drawn in an open cluster, and not joined with what is no code", async () => {
    const { guest } = await host();
    await guest.enter("cloud invite", /An open cluster has no key to give/);
    await guest.enter("cloud join 0123-4567-89ab-cde", /expected a code of 16 characters/);
    await guest.enter("cloud join 0123-4567-89ab-cdei", /expected a code of 16 characters/);
  });

  thoroughly("counts for ten minutes", async () => {
    const { lab, member, guest } = await host();
    const [, code] = await member.enter("cloud invite", CODE);
    await lab.advance("601s");
    await guest.enter(`cloud join ${code}`, /nobody who has given this code/, { within: "10s" });
  });
});
