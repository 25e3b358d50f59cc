/** The NTP client in ring 3: the clock goes where a server says, and nowhere else whatever a stranger sends. */
import { expect, test } from "vitest";
import { get16, put16 } from "../../emulator/ether/packet.ts";
import { PacketScene, udp } from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { withAddress } from "./booted.ts";
import { inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { complaintsOfTshark } from "./tshark.ts";

const SERVER = "10.0.2.77";
const NTP = 123;
const SECONDS_1900_TO_2000 = 3155673600;
const MESSAGE_BYTES = 48;

interface Answer {
  /** By how many seconds the server's clock is ahead. */
  readonly ahead?: number;
  /** What is laid over the answer, by offset. */
  readonly over?: readonly (readonly [at: number, bytes: readonly number[]])[];
  readonly length?: number;
  readonly source?: number;
}

/** A node whose clock the scene knows to the second, and after the first step to the millisecond. */
async function scene(): Promise<{ s: PacketScene; at: (ns: number) => number }> {
  const lab = await inState("for NTP", async () => {
    const booted = await withAddress();
    await booted.nodes[0]!.waitFor(PROMPT);
    return booted;
  });
  const s = new PacketScene(lab);
  const started = Date.parse(`${/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(await output(s.node, "date"))![0]}Z`) / 1000;
  const startedNs = lab.nowNs;
  return { s, at: (ns) => started + (ns - startedNs) / 1e9 };
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, Math.floor(value / 65536) & 0xffff);
  put16(bytes, at + 2, value & 0xffff);
}

function stamp(bytes: Uint8Array, at: number, unixSeconds: number): void {
  const seconds = unixSeconds - Date.UTC(2000, 0) / 1000 + SECONDS_1900_TO_2000;
  put32(bytes, at, Math.floor(seconds) % 2 ** 32);
  put32(bytes, at + 4, Math.floor((seconds % 1) * 2 ** 32));
}

/** Has the peer answer each question by all of `answers`; what was asked is returned. */
function serve({ s, at }: Awaited<ReturnType<typeof scene>>, answers: readonly Answer[]): Uint8Array[] {
  const asked: Uint8Array[] = [];
  s.answer = (frame) => {
    if (frame[23] !== 17 || get16(frame, 36) !== NTP) return [];
    const request = frame.subarray(42, 42 + MESSAGE_BYTES);
    asked.push(frame.slice(0, 42 + MESSAGE_BYTES));
    return answers.map(({ ahead = 0, over = [], length = MESSAGE_BYTES, source = NTP }) => {
      const data = new Uint8Array(Math.max(MESSAGE_BYTES, length));
      data.set([0x24, 2, 6, 0xe9]);
      put32(data, 4, 0x100);
      put32(data, 8, 0x200);
      data.set(request.subarray(40, 48), 24);
      stamp(data, 32, at(s.lab.nowNs) + ahead);
      stamp(data, 40, at(s.lab.nowNs) + ahead);
      for (const [from, bytes] of over) data.set(bytes, from);
      return udp({ source, port: get16(frame, 34), data: data.subarray(0, length) })(s.facts);
    });
  };
  return asked;
}

thoroughly(
  "the clock is stepped to the server's, questions cannot be foretold, and tshark reads them",
  async (context) => {
    const made = await scene();
    const { s, at } = made;
    const asked = serve(made, [{ ahead: 300.25 }]);
    expect(await output(s.node, `ntp ${SERVER} 0`)).toMatch(
      /^10\.0\.2\.77: \+(299|300)\.\d{3} s, delay \d ms, stratum 2\n$/,
    );
    expect(await output(s.node, `ntp ${SERVER} 0`)).toMatch(/^10\.0\.2\.77: [+-]0\.00\d s, delay \d ms, stratum 2\n$/);
    const shown = Date.parse(`${/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(await output(s.node, "date"))![0]}Z`) / 1000;
    expect(Math.abs(shown - (at(s.lab.nowNs) + 300.25))).toBeLessThan(1.1);
    serve(made, [{ ahead: -120.5 }]);
    expect(await output(s.node, `ntp ${SERVER} 0`)).toMatch(
      /^10\.0\.2\.77: -420\.7[45]\d s, delay \d ms, stratum 2\n$/,
    );
    expect(asked.map((frame) => frame.length)).toEqual([90, 90]);
    expect(asked[0]!.slice(82)).not.toEqual(asked[1]!.slice(82));
    expect(get16(asked[0]!, 34)).not.toBe(get16(asked[1]!, 34));
    const complaints = await complaintsOfTshark(asked, "ntp.flags.mode == 3", context);
    expect(complaints).toEqual({ complaints: "", found: 2 });
  },
);

thoroughly("a step of more than 1000 s wants a word, and goes over the turn of NTP's era", async () => {
  const made = await scene();
  const { s } = made;
  serve(made, [{ ahead: 2000 }]);
  expect(await output(s.node, `ntp ${SERVER} 0`)).toBe(
    `warning: ${SERVER} is too far from this clock to be believed; see \`ntp SERVER 0 far\`\n`,
  );
  const years = 20 * 365 * 86400;
  serve(made, [{ ahead: years }]);
  expect(await output(s.node, `ntp ${SERVER} 0 far`)).toMatch(/: \+6307(199|200)\d\d\.\d{3} s|: \+6307\d{5}\.\d{3} s/);
  expect(await output(s.node, "date")).toMatch(/20(4\d|5\d)-/);
  // The clock goes from 2000 to the end of 2105.
  for (const ahead of [4.2 * years, -2.5 * years]) {
    serve(made, [{ ahead }]);
    expect(await output(s.node, `ntp ${SERVER} 0 far`)).toMatch(
      /warning: .* is too far from this clock to be believed/,
    );
    expect(await output(s.node, "date")).toMatch(/20(4\d|5\d)-/);
  }
});

/** Answers that say nothing about the time, and what is said of them. */
const USELESS: readonly (readonly [name: string, answer: Answer, said: string])[] = [
  ["another origin", { over: [[24, [1, 2, 3, 4, 5, 6, 7, 8]]] }, "does not answer"],
  ["an origin of zero", { over: [[24, [0, 0, 0, 0, 0, 0, 0, 0]]] }, "does not answer"],
  ["a client's mode", { over: [[0, [0x23]]] }, "does not answer"],
  ["version 0", { over: [[0, [0x04]]] }, "does not answer"],
  ["47 bytes", { length: 47 }, "does not answer"],
  ["no bytes", { length: 0 }, "does not answer"],
  ["another port", { source: 124 }, "does not answer"],
  ["no leap second known", { over: [[0, [0xe4]]] }, "does not know the time itself"],
  ["stratum 16", { over: [[1, [16]]] }, "does not know the time itself"],
  ["no transmit time", { over: [[40, [0, 0, 0, 0, 0, 0, 0, 0]]] }, "does not know the time itself"],
  ["a far root", { over: [[8, [0, 16, 0, 0]]] }, "does not know the time itself"],
  ["a root that overflows", { over: [[4, [255, 255, 255, 255, 255, 255, 255, 255]]] }, "does not know the time itself"],
  [
    "a kiss: DENY",
    {
      over: [
        [1, [0]],
        [12, [68, 69, 78, 89]],
      ],
    },
    "wants no more questions",
  ],
  [
    "a kiss: RSTR",
    {
      over: [
        [1, [0]],
        [12, [82, 83, 84, 82]],
      ],
    },
    "wants no more questions",
  ],
  [
    "a kiss: RATE",
    {
      over: [
        [1, [0]],
        [12, [82, 65, 84, 69]],
      ],
    },
    "is asked too often",
  ],
  [
    "a kiss: else",
    {
      over: [
        [1, [0]],
        [12, [0, 0, 0, 0]],
      ],
    },
    "does not know the time itself",
  ],
  ["a receive time of long ago", { over: [[32, [0, 0, 0, 1, 0, 0, 0, 0]]] }, "answered too late to be of use"],
];

thoroughly("answers that are wrong, forged or a kiss do not move the clock", async () => {
  const made = await scene();
  const { s } = made;
  const before = made.at(s.lab.nowNs);
  for (const [name, answer, said] of USELESS) {
    serve(made, [{ ahead: 5, ...answer }]);
    expect(await output(s.node, `ntp ${SERVER} 0`), name).toMatch(new RegExp(`^(error|warning): ${SERVER} ${said}\n$`));
  }
  // A forged answer before the right one does no harm.
  serve(made, [...USELESS.slice(0, 7).map(([, answer]) => ({ ahead: 500, ...answer })), {}]);
  expect(await output(s.node, `ntp ${SERVER} 0`)).toMatch(/^10\.0\.2\.77: [+-]0\.\d{3} s/);
  expect(made.at(s.lab.nowNs)).toBeGreaterThan(before);
});

thoroughly(
  "as a service it asks again and again, less often when it is told so, and never again when it is refused",
  async () => {
    const made = await scene();
    const { s } = made;
    const asked = serve(made, [{ ahead: 1 }]);
    s.node.type(`ntp ${SERVER} 16 &\n`);
    await s.node.waitFor(/: \+[01]\.\d{3} s, delay/);
    await s.lab.advance("17s");
    expect(asked.length).toBe(2);
    const often = serve(made, [{ over: USELESS[14]![1].over! }]);
    await s.lab.advance("16s");
    expect(often.length).toBe(1);
    const refused = serve(made, [{ over: USELESS[12]![1].over! }]);
    await s.lab.advance("16s");
    expect(refused.length).toBe(0);
    await s.lab.advance("17s");
    expect(refused.length).toBe(1);
    await s.node.waitFor(/error: 10\.0\.2\.77 wants no more questions/);
    await s.lab.advance("60s");
    expect(refused.length).toBe(1);
  },
);

test.each(rowsOf(["ntp", "ntp 10.0.2.77 15", "ntp 10.0.2.77 86401", "ntp 10.0.2.77 x", "ntp 10.0.2.77 0 near"], 2))(
  "%s is misused",
  async (command) => {
    const { s } = await scene();
    expect(await output(s.node, command)).toBe("usage: ntp SERVER [SECONDS [far]]\n");
  },
);
