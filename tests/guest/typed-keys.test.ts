/**
 * The keys that a person types or a machine is given (docs/protocols/cluster.md, "Identity and trust"), and the codes
 * of packets made with them.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, nowMs, report, type Scene, SELF, sceneOf } from "./agreement-scene.ts";
import { ClusterWire, HELLO, type Heard, OPEN, PROBE, REPORT, signed } from "./cluster-wire.ts";
import { nodeObject, objectOf, remembering } from "./remembering-scene.ts";

const KEY = "00112233445566778899aabbccddeeff" + "fedcba98765432100123456789abcdef";
const REFUSED = "cluster: expected a name of up to 31 printable characters, and a key of 64 hexadecimal digits\n";
const GIVEN = "The machine was given the key from outside (docs/protocols/cluster.md).";

/** Whether a packet's code was made with the key that follows from a name and a key. */
const isMadeWith = ({ data }: Heard, line: string | null): boolean =>
  Buffer.from(signed(data.slice(), line)).equals(Buffer.from(data));

/** The next hello, after what is typed. */
async function hello(s: Scene, typed: string): Promise<{ heard: Heard; said: string }> {
  const fromMs = nowMs(s);
  const said = await outputAmong(s.node, `${typed}; echo status $?`);
  const heard = await s.lab.until(() => s.wire.of(HELLO, fromMs)[0], "it does not join", { within: "1s" });
  return { heard, said };
}

async function scene(): Promise<Scene> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  return s;
}

test("a name and a key that are typed make the codes of packets, and are shown and forgotten again", async () => {
  const s = await scene();
  const name = "n".repeat(31);
  const { heard, said } = await hello(s, `cloud key set ${name} ${KEY.toUpperCase()}`);
  expect(said).toMatch(
    new RegExp(`^cluster ${name}, with a key; \\d+ packets? (?:was|were) refused\n${KEY}\nstatus 0\n$`),
  );
  expect(heard.flags & OPEN).toBe(0);
  expect(isMadeWith(heard, `${name} ${KEY}`)).toBe(true);
  expect(isMadeWith(heard, `${name.slice(1)} ${KEY}`)).toBe(false);
  // Who has the same key is heard, and nobody else.
  await s.lab.advance("2s");
  const other = new ClusterWire(s.lab, `${name} ${KEY}`);
  await s.lab.advance("500ms");
  other.say(report(HIGH, 1, SELF));
  await s.lab.advance("5ms");
  other.say({ ...report(HIGH, 1, SELF), kind: PROBE });
  await s.lab.advance("20ms");
  expect(other.of(REPORT).map(({ to }) => to)).toEqual(["10.0.2.99"]);
  const forgotten = await hello(s, "cloud key forget");
  expect(forgotten.said).toMatch(/^open cluster: .*\nstatus 0\n$/);
  expect(forgotten.heard.flags & OPEN).toBe(OPEN);
  expect(isMadeWith(forgotten.heard, null)).toBe(true);
});

thoroughly("what is no key is refused, and the one before counts on", async () => {
  const s = await scene();
  const fromMs = nowMs(s);
  for (const typed of [
    `set home ${KEY.slice(1)}`,
    `set home ${KEY}0`,
    `set home ${KEY.slice(0, -1)}g`,
    `set home g${KEY.slice(1)}`,
    `set home ${KEY.slice(0, 31)}:${KEY.slice(32)}`,
    `set ${"n".repeat(32)} ${KEY}`,
    `set "" ${KEY}`,
    `new ${"n".repeat(32)}`,
    'new "a b"',
  ])
    expect(await outputAmong(s.node, `cloud key ${typed}; echo status $?`), typed).toBe(`${REFUSED}status 1\n`);
  expect(s.wire.of(HELLO, fromMs)).toEqual([]);
  expect(await outputAmong(s.node, "cloud key")).toMatch(/^open cluster/);
});

thoroughly("a drawn key is another one each time, and makes the codes of packets", async () => {
  const s = await scene();
  const keys: string[] = [];
  for (let time = 0; time < 2; time++) {
    const { heard, said } = await hello(s, "cloud key new home");
    const [, key] = /^([0-9a-f]{64})$/m.exec(said)!;
    expect(isMadeWith(heard, `home ${key}`)).toBe(true);
    keys.push(key!);
  }
  expect(keys[0]).not.toBe(keys[1]);
  for (const key of keys) expect(new Set(key.match(/../g)).size).toBeGreaterThan(16);
});

thoroughly("a key is on the node's disk, and counts at its next boot", async () => {
  const bytes = Uint8Array.from(Buffer.from(KEY, "hex"));
  const s = await remembering({ cluster_node: nodeObject({ cluster: "home", key: bytes }) });
  const first = await s.lab.until(() => s.wire.of(HELLO)[0], "it does not join");
  expect(isMadeWith(first, `home ${KEY}`)).toBe(true);
  const { said } = await hello(s, "cloud key new other");
  const [, key] = /^([0-9a-f]{64})$/m.exec(said)!;
  const kept = objectOf(s, "cluster_node")!;
  expect(Buffer.from(kept.subarray(108, 114)).toString("latin1")).toBe("other\0");
  expect(Buffer.from(kept.subarray(140, 172)).toString("hex")).toBe(key);
  await hello(s, "cloud key forget");
  expect(objectOf(s, "cluster_node")!.subarray(108, 140)).toEqual(new Uint8Array(32));
});

const SETTINGS: readonly (readonly [what: string, setting: string, good: boolean])[] = [
  ["a name and a key", `home ${KEY}`, true],
  ["with the end of a line", `home ${KEY}\n`, true],
  ["with two of them", `home ${KEY}\n\n`, false],
  ["a name alone", "home", false],
  ["a key that is too short", `home ${KEY.slice(2)}`, false],
  ["a name that is too long", `${"n".repeat(32)} ${KEY}`, false],
];

for (const [what, setting, good] of SETTINGS)
  thoroughly(`a machine is given ${what}: that is ${good ? "its key" : "none, and it says so"}`, async () => {
    const lab = boot({ nodes: [{ cdrom: images().iso, key: setting }] });
    const s = sceneOf(lab);
    const heard = await s.lab.until(() => s.wire.of(HELLO)[0], "it does not join", { within: "20s" });
    expect(isMadeWith(heard, good ? `home ${KEY}` : null)).toBe(true);
    const damaged = "cluster: the key that this machine was given is none: expected NAME and 64 hexadecimal digits";
    expect(s.node.console.text.includes(damaged)).toBe(!good);
    expect((await outputAmong(s.node, "cloud key")).includes(GIVEN)).toBe(good);
  });
