/** Links that hold a run: what is written is read again, and whatever else is given ends in a sentence. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { ACTIONS, type Action, formatAction, parseAction } from "../../src/lab/actions.ts";
import { decodeRun, encodeRun, LinkError, type RunDescription } from "../../src/lab/run-link.ts";

const NODES = 5;

function randomRun(random: Random, count: number): RunDescription {
  let atNs = 0;
  const actions = Array.from({ length: count }, (): Action => {
    atNs += random.below(2 ** 32) * 3;
    const { word, parameters } = random.pick(ACTIONS);
    const values = parameters.map(({ usual, kind }) =>
      kind.holds === "text" || random.chance(50) ? usual : kind.parse("7"),
    );
    return { atNs, word, node: random.below(NODES), values };
  });
  return {
    image: "0123456789abcdef",
    medium: "cd",
    preparedBytes: 64 << 20,
    nodes: NODES,
    ramBytes: 32 << 20,
    seed: random.below(2 ** 32) * 1000,
    gateway: random.chance(50),
    isCampaign: random.chance(50),
    ...(random.chance(50) ? { sites: '{ "sites": [{ "nodes": 5 }] }' } : {}),
    actions,
    endNs: atNs + 5,
    digest: random.chance(50) ? "00112233445566778899aabbccddeeff" : null,
  };
}

test("a run is read as it was written, alone or at the end of an address, and twenty actions take less than 2 kB", () => {
  const random = new Random(1);
  for (let round = 0; round < 50; round++) {
    const run = randomRun(random, 20);
    const text = encodeRun(run);
    expect(decodeRun(text)).toEqual(run);
    expect(decodeRun(`https://example.org/page/#r=${text}\n`)).toEqual(run);
    expect(text.length).toBeLessThan(2000);
  }
});

test("a link that somebody has kept is read", () => {
  const run: RunDescription = {
    image: "0123456789abcdef",
    medium: "cd",
    preparedBytes: 64 << 20,
    nodes: 3,
    ramBytes: 32 << 20,
    seed: 42,
    gateway: true,
    isCampaign: false,
    actions: [{ atNs: 5e9, word: "lose", node: 1, values: [30] }],
    endNs: 9e9,
    digest: "00112233445566778899aabbccddeeff",
  };
  const kept = "AQEjRWeJq83vAAOAgAQDgAQqgLTEwyEAESIzRFVmd4iZqrvM3e7_AYDkl9ASBgEemVT8LA";
  expect(encodeRun(run)).toBe(kept);
  expect(decodeRun(kept)).toEqual(run);
});

test("an action is read from a script as it is written there", () => {
  for (const { word, parameters } of ACTIONS) {
    const action = { word, node: 2, values: parameters.map(({ usual }) => usual) };
    const [first, ...rest] = formatAction({ ...action, atNs: 0 }).split(" ");
    expect(parseAction(first!, rest.join(" "))).toEqual(action);
  }
  expect(() => parseAction("lose", "2 130%")).toThrow("130% is not a share in percent");
  expect(() => parseAction("lose", "two")).toThrow("followed by the number of a machine");
});

test("whatever is no link is refused with a sentence", () => {
  const random = new Random(2);
  const whole = encodeRun(randomRun(random, 8));
  const digits = [...new Set(whole)];
  const others = ["", "#r=", "hello", "ä", whole.slice(0, -1), whole.slice(4), `${whole}AAAA`];
  const altered = Array.from({ length: 500 }, () => {
    const at = random.below(whole.length);
    return `${whole.slice(0, at)}${random.pick(digits)}${whole.slice(at + random.below(3))}`;
  });
  for (const text of [...others, ...altered].filter((candidate) => candidate !== whole))
    expect(() => decodeRun(text), text).toThrow(LinkError);
});
