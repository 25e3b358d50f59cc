/** Lines of the log in datagrams: what a collector hears, and what it hears later. */
import { expect, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { PacketScene } from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { withAddress } from "./booted.ts";
import { inState, PROMPT } from "./images.ts";
import { outputAmong } from "./output.ts";
import { complaintsOfTshark } from "./tshark.ts";

const SYSLOG = 514;

async function scene(): Promise<{ s: PacketScene; frames: Uint8Array[]; lines: () => string[] }> {
  const lab = await inState("for syslog", async () => {
    const booted = await withAddress();
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("hostname collector-s", PROMPT);
    return booted;
  });
  const s = new PacketScene(lab);
  const frames: Uint8Array[] = [];
  s.answer = (frame) => {
    if (frame[23] === 17 && get16(frame, 36) === SYSLOG) frames.push(frame.slice(0, 34 + get16(frame, 38)));
    return [];
  };
  return { s, frames, lines: () => frames.map((frame) => String.fromCharCode(...frame.subarray(42))) };
}

test("nothing leaves until a collector is set, then each line does, and tshark reads them", async (context) => {
  const { s, frames, lines } = await scene();
  await outputAmong(s.node, "service stop cluster");
  await s.lab.advance("12s");
  expect(lines()).toEqual([]);
  await outputAmong(s.node, "set syslog.server 10.0.2.77");
  await s.lab.advance("1s");
  expect(lines().at(-1)).toMatch(/ cluster - - - stopped$/);
  await outputAmong(s.node, "service start cluster");
  await s.lab.advance("1s");
  const log = (await outputAmong(s.node, "log")).split("\n").filter((line) => /^\d{4}-/.test(line)); // the cluster prints too
  const severity = { error: 27, warning: 28, info: 30 } as Readonly<Record<string, number>>;
  expect(lines()).toEqual(
    log.map((line) => {
      const [, date, time, level, source, text] = /^(\S+) (\S+) (\S+) +([^:]+): (.*)$/.exec(line)!;
      return `<${severity[level!]!}>1 ${date}T${time}Z collector-s ${source} - - - ${text}`;
    }),
  );
  expect(lines().length).toBeGreaterThan(3);
  expect(await complaintsOfTshark(frames, "syslog.facility == 3", context)).toEqual({
    complaints: "",
    found: frames.length,
  });
  const before = frames.length;
  await outputAmong(s.node, "unset syslog.server");
  await outputAmong(s.node, "service stop cluster");
  await s.lab.advance("1s");
  expect(frames.length).toBe(before);
});

thoroughly("what a collector without an address could not hear, it hears later", async () => {
  const { s, lines } = await scene();
  await outputAmong(s.node, "set syslog.server nowhere.invalid");
  await outputAmong(s.node, "service stop cluster");
  await s.lab.advance("15s");
  expect(lines()).toEqual([]);
  await outputAmong(s.node, "set syslog.server 10.0.2.77");
  await s.lab.advance("25s");
  expect(lines().at(-1)).toMatch(/ cluster - - - stopped$/);
});
