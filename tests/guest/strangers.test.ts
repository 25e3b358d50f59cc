/**
 * What a coordinator makes of nodes that it does not believe yet, and of those that join: it names them, and obeys
 * none.
 */
import { expect, test } from "vitest";
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { PROMPT } from "../system/images.ts";
import {
  addressOf,
  founded,
  greeting,
  HIGH,
  HIGHEST,
  hello,
  idBytes,
  LOW,
  report,
  type Scene,
  SELF,
} from "./agreement-scene.ts";
import { BYE, ENTRY_BYTES, JOINING, VIEW, VIEW_BYTES } from "./cluster-wire.ts";

const REBOOT = 5;
const REBOOT_ANSWER = 6;
const [REQUEST_AT, ECHO_AT, TARGET_AT, RESULT_AT] = [20, 88, 128, 136];
const REFUSED = 1;
const NAMED = 5;
const DISKLESS = 1;
const NOBODY = "0".repeat(16);
/** Sessions of a node's later boots. */
const LATER = "7777777777777777";
const LATEST = "7878787878787878";
/** How many strangers a node keeps in mind. */
const STRANGERS = 128;
/** How many entries a view has at most: what an Ethernet frame takes. */
const ROOM = 19;

/** The strangers that views have named: their sessions, and their ages. */
function named({ wire }: Scene): Map<string, number> {
  const ages = new Map<string, number>();
  for (const { data } of wire.of(VIEW))
    for (let at = VIEW_BYTES; at < data.length; at += ENTRY_BYTES)
      if (data[at + 17] === NAMED)
        ages.set(
          Buffer.from(data.subarray(at + 56, at + 64)).toString("hex"),
          new DataView(data.buffer, data.byteOffset + at).getUint32(8, true),
        );
  return ages;
}

/** The session that the node's table of peers (asm/include/cluster.inc) has of a node; null when it is not in there. */
function sessionOf({ node }: Scene, id: string): string | null {
  const read = (address: number, bytes: number): Buffer => Buffer.from(node.readMemory(address, bytes));
  const [PEER_NEXT, PEER_ID, PEER_SESSION] = [0, 8, 64];
  for (let peer = read(addressOf("peer_first"), 4).readUInt32LE(); peer !== 0; ) {
    const at = peer - KERNEL_SPACE;
    if (read(at + PEER_ID, 8).toString("hex") === id) return read(at + PEER_SESSION, 8).toString("hex");
    peer = read(at + PEER_NEXT, 4).readUInt32LE();
  }
  return null;
}

/** The age that is named with a session. */
const ageOf = (s: Scene, session: string): Promise<number> =>
  s.lab.until(() => named(s).get(session), `${session} is not named`, { within: "2s" });

test("who seems to have restarted is told the highest age that is known of its earlier boots", async () => {
  const s = await founded();
  s.wire.say({ ...report(HIGH, 1, SELF), age: 9 });
  await s.lab.advance("50ms");
  s.wire.say({ ...hello(HIGH), session: LATER, echo: NOBODY });
  expect(await ageOf(s, LATER)).toBe(9);
  // Its disk was an older copy.
  s.wire.say({ ...report(HIGH, 1, SELF), age: 3, session: LATER });
  await s.lab.advance("50ms");
  s.wire.say({ ...hello(HIGH), session: LATEST, echo: NOBODY });
  expect(await ageOf(s, LATEST)).toBe(9);
});

test("what a member has said in another boot shows nothing, though it names this node's session and nobody heard it", async () => {
  const s = await founded();
  const number = s.wire.heard.at(-1)!.sequence;
  await s.lab.until(() => s.wire.heard.at(-1)!.sequence > number + 1, "the node says nothing");
  // To a boot that lives, of a disk or of none; and to one that is over.
  s.wire.say({ ...report(HIGH, 1, SELF), age: 2 });
  for (const flags of [0, DISKLESS]) {
    await s.lab.advance("50ms");
    s.wire.say({ ...report(HIGH, 1, SELF), age: 3, session: LATER, number, flags });
    await s.lab.advance("50ms");
    expect(sessionOf(s, HIGH)).toBe(HIGH);
  }
  s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE });
  await s.lab.advance("50ms");
  s.wire.say({ ...report(HIGH, 1, SELF), age: 3, session: LATER, number });
  await s.lab.advance("50ms");
  await s.node.enter("cloud", /0 other nodes are alive/);
  await s.node.waitFor(PROMPT);
  // A number that the node has not come to shows nothing either.
  s.wire.say({ ...report(HIGH, 1, SELF), age: 3, session: LATER, number: s.wire.heard.at(-1)!.sequence + 9 });
  await s.lab.advance("50ms");
  expect(sessionOf(s, HIGH)).toBe(HIGH);
  s.wire.say({ ...report(HIGH, 1, SELF), age: 1, session: LATER });
  await s.lab.advance("50ms");
  expect(sessionOf(s, HIGH)).toBe(LATER);
  await s.node.enter("cloud", /1 other node is alive/);
});

test("one more stranger than a node keeps in mind is named as the others were", async () => {
  const s = await founded();
  for (let index = 0; index <= STRANGERS; index++) {
    const id = `02${index.toString(16).padStart(12, "0")}62`;
    s.wire.say({ ...hello(id), echo: NOBODY });
    await s.lab.advance("5ms");
    // The table is full, and nobody in it is still to be named.
    if (index === STRANGERS - 1) await s.lab.until(() => named(s).size === STRANGERS, "not all are named");
    if (index === STRANGERS) expect(await ageOf(s, id)).toBe(0);
  }
});

test("whoever says that it has the session of another stranger does not take its place", async () => {
  const s = await founded();
  // After a view that was said at once the next one waits: it has to name both.
  s.wire.say({ ...hello(HIGHEST), echo: NOBODY });
  await ageOf(s, HIGHEST);
  for (const id of [HIGH, LOW]) s.wire.say({ ...hello(id), session: LATER, echo: NOBODY });
  await ageOf(s, LATER);
  await s.lab.advance("200ms");
  const ids = s.wire
    .of(VIEW)
    .flatMap(({ data }) =>
      Array.from({ length: (data.length - VIEW_BYTES) / ENTRY_BYTES }, (_, index) =>
        data.subarray(VIEW_BYTES + index * ENTRY_BYTES),
      ),
    )
    .filter((entry) => entry[17] === NAMED)
    .map((entry) => Buffer.from(entry.subarray(0, 8)).toString("hex"));
  expect(ids.sort()).toEqual([LOW, HIGH, HIGHEST].sort());
});

test("more strangers than a view has room for are named one view after the other", async () => {
  const s = await founded();
  const crowd = ROOM + 11;
  for (let index = 0; index < crowd; index++)
    s.wire.say({ ...hello(`02${index.toString(16).padStart(12, "0")}62`), echo: NOBODY });
  await s.lab.until(() => named(s).size === crowd, "not all are named");
  for (const { data } of s.wire.of(VIEW)) expect(data.length).toBeLessThanOrEqual(VIEW_BYTES + ROOM * ENTRY_BYTES);
});

test("one that joins is not obeyed when it asks for a reboot, which the node's user reads", async () => {
  const s = await founded();
  const rest = new Uint8Array(16);
  rest.set(idBytes(SELF));
  s.wire.say({ kind: REBOOT, state: JOINING, era: 0, id: LOW, rest });
  await s.node.waitFor(/^cluster: refused to reboot for stranger 10\.0\.2\.97$/m);
});

test("a member that asks for a reboot is answered alone, as the boot that it is now", async () => {
  const s = await founded();
  s.wire.say({ ...report(HIGH, 1, SELF), session: LATER });
  await s.lab.advance("50ms");
  const rest = new Uint8Array(16);
  rest.set(idBytes(SELF));
  s.wire.say({ ...report(HIGH, 1, SELF), kind: REBOOT, session: LATER, rest });
  await s.node.waitFor(/^cluster: refused to reboot for stranger 10\.0\.2\.99$/m);
  const [answer] = s.wire.of(REBOOT_ANSWER);
  expect(answer!.to).toBe("10.0.2.99");
  const { data } = answer!;
  expect(data.subarray(REQUEST_AT, REQUEST_AT + 4)).toEqual(new Uint8Array(4));
  // Its second packet, behind the report.
  expect(data.subarray(ECHO_AT, ECHO_AT + 8)).toEqual(Uint8Array.of(...idBytes(LATER).subarray(0, 4), 2, 0, 0, 0));
  expect(data.subarray(TARGET_AT, TARGET_AT + 8)).toEqual(idBytes(HIGH));
  expect(data[RESULT_AT]).toBe(REFUSED);
});

test("a hello of a boot that is over is answered too: those who do not know that would take the coordinator's place", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("50ms");
  s.wire.say({ ...report(HIGH, 1, SELF), age: 2, session: LATER });
  await s.lab.until(() => sessionOf(s, HIGH) === LATER, "the later boot is not believed", { within: "1s" });
  await s.lab.advance("150ms"); // what has changed is told
  s.wire.say({ ...report(HIGH, 1, SELF), age: 2, session: LATER });
  // Right after a view: the next one would be a beat away.
  const views = s.wire.of(VIEW).length;
  await s.lab.until(() => s.wire.of(VIEW).length > views, "no view is said", { within: "1s" });
  const atMs = s.lab.nowNs / 1e6;
  s.wire.say({ ...greeting(HIGH, 1, SELF), echo: NOBODY });
  await s.lab.advance("200ms");
  expect(s.wire.of(VIEW, atMs)).not.toHaveLength(0);
  expect(sessionOf(s, HIGH)).toBe(LATER);
});
