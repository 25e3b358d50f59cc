/** After a rest, sending begins with the first window again (RFC 5681, 4.1). */
import { expect, test } from "vitest";
import { get16, get32 } from "../../../emulator/ether/packet.ts";
import { PROMPT } from "../../system/images.ts";
import { withLongFile } from "./long-file.ts";
import { PacketScene, tcp } from "./packet-wire.ts";

const HTTP_PORT = 80;
const SOURCE = 41_000;
const SYN_ACK = 0x12;
const REQUEST = "GET /long HTTP/1.1\r\nHost: node\r\n\r\n";
const FIRST_WINDOW_SEGMENTS = 10;

test("a connection that has rested sends ten segments, one that has not more", async () => {
  const lab = await withLongFile();
  const s = new PacketScene(lab);
  await s.node.enter("", PROMPT);
  let next = 0;
  let sequence = 1;
  let came = 0;
  let segments = 0;
  let answers = true;
  const send = (flags: number, data?: Uint8Array): Uint8Array =>
    tcp({ source: SOURCE, port: HTTP_PORT, flags, sequence, acknowledgement: next, ...(data ? { data } : {}) })(
      s.facts,
    );
  s.answer = (frame) => {
    if (frame[23] !== 6 || get16(frame, 36) !== SOURCE) return [];
    const bytes = frame.subarray(34, 14 + get16(frame, 16));
    const from = get32(bytes, 4);
    if (bytes[13] === SYN_ACK) {
      next = (from + 1) >>> 0;
      return [send(0x10)];
    }
    const length = bytes.length - (bytes[12]! >> 4) * 4;
    if (length === 0) return [];
    came += length;
    segments++;
    if (!answers) return [];
    next = (from + length) >>> 0;
    return [send(0x10)];
  };
  s.plug.send(tcp({ source: SOURCE, port: HTTP_PORT, flags: 2 })(s.facts));
  await lab.advance("50ms");
  /** How many segments come at once after a rest, while nothing of them is acknowledged. */
  const burst = async (restMs: number): Promise<number> => {
    const request = Uint8Array.from(REQUEST, (sign) => sign.charCodeAt(0));
    const ask = (): void => {
      s.plug.send(send(0x18, request));
      sequence += request.length;
    };
    answers = true;
    ask();
    await lab.advance("150ms");
    expect(came).toBeGreaterThan(50_000);
    await lab.advance(`${restMs}ms`);
    [answers, came, segments] = [false, 0, 0];
    ask();
    await lab.advance("100ms");
    return segments;
  };
  expect(await burst(1)).toBeGreaterThan(FIRST_WINDOW_SEGMENTS);
  // What is left of that answer, and a rest.
  next = (next + came) >>> 0;
  answers = true;
  s.plug.send(send(0x10));
  await lab.advance("300ms");
  expect(await burst(2000)).toBe(FIRST_WINDOW_SEGMENTS);
});
