/** `netdump`: what an interface takes in and sends is in a file that tshark reads, and nobody else is held up by it. */
import { expect, test } from "vitest";
import { echo, icmp, PacketScene } from "../guest/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { inState } from "./images.ts";
import { outputAmong } from "./output.ts";
import { complaintsAbout } from "./tshark.ts";
import { nodeWithVolume } from "./volume.ts";

const HEAD_BYTES = 24;
const RECORD_BYTES = 16;

async function scene(): Promise<PacketScene> {
  return new PacketScene(
    await inState("a volume for netdump", async () => {
      const lab = await nodeWithVolume([]);
      await outputAmong(lab.nodes[0]!, "service stop cluster");
      return lab;
    }),
  );
}

/** The bytes of a file, as the shell's dump shows them. */
async function bytesOf(s: PacketScene, path: string): Promise<Uint8Array> {
  const rows = (await outputAmong(s.node, `hexdump ${path}`)).matchAll(/^[0-9a-f]{8} {2}((?:[0-9a-f]{2} *)+)/gm);
  return Uint8Array.from(
    [...rows].flatMap(([, bytes]) => bytes!.trim().split(/ +/)).map((byte) => Number.parseInt(byte, 16)),
  );
}

thoroughly("frames that come and go are in the file, with their times, and tshark reads them", async (context) => {
  const s = await scene();
  s.node.type("netdump /a/frames eth0\n");
  await s.lab.advance("200ms");
  for (let number = 0; number < 3; number++) {
    s.plug.send(icmp(echo(7, number, new Uint8Array(100 + number)))(s.facts));
    await s.lab.advance("100ms");
  }
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  const file = await bytesOf(s, "/a/frames");
  const view = new DataView(file.buffer);
  expect(
    [0, 4, 6, 20].map((at) => (at < 4 || at === 20 ? view.getUint32(at, true) : view.getUint16(at, true))),
  ).toEqual([0xa1b2c3d4, 2, 4, 1]);
  const times: number[] = [];
  for (let at = HEAD_BYTES; at < file.length; at += RECORD_BYTES + view.getUint32(at + 8, true))
    times.push(view.getUint32(at, true) + view.getUint32(at + 4, true) / 1e6);
  expect(times).toEqual([...times].sort());
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(0.19);
  expect(times.at(-1)! - times[0]!).toBeLessThan(0.6);
  expect(await complaintsAbout(file, "icmp.type == 8 || icmp.type == 0", context)).toEqual({
    complaints: "",
    found: 6,
  });
});

test("it ends at Ctrl-C, there is one at a time, and nothing is left of it", async () => {
  const s = await scene();
  const before = await outputAmong(s.node, "handles");
  s.node.type("netdump /a/frames &\n");
  await s.lab.advance("200ms");
  expect(await outputAmong(s.node, "netdump /a/other")).toMatch(/netdump: in use/);
  expect(await outputAmong(s.node, "netdump /none/x eth9")).toMatch(/^netdump: /);
  expect(await outputAmong(s.node, "netdump")).toMatch(/^usage: netdump /);
  expect(await outputAmong(s.node, "netdump /a/x eth0 0")).toMatch(/^usage: netdump /);
  s.node.type("kill %1\n");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  expect(await outputAmong(s.node, "handles")).toBe(before);
  s.node.type("netdump /a/frames\n");
  await s.lab.advance("200ms");
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  s.node.type("netdump /a/frames eth0 2\n");
  await s.lab.advance("200ms");
  for (let number = 0; number < 3; number++) s.plug.send(icmp(echo(7, number, new Uint8Array(8)))(s.facts));
  await s.node.waitFor(/^2 frames, 0 lost$/m);
  expect(await outputAmong(s.node, "netdump /none/x")).toMatch(/^netdump: /);
  expect(await outputAmong(s.node, "handles")).toBe(before);
});

thoroughly("a flood fills its memory and no more: what was lost is counted, and the node answers", async () => {
  const s = await scene();
  s.node.type("netdump /a/frames\n");
  await s.lab.advance("200ms");
  s.node.slowDisk(1000); // what is written waits, so its memory fills
  for (let batch = 0; batch < 40; batch++) {
    for (let number = 0; number < 50; number++) s.plug.send(icmp(echo(8, number, new Uint8Array(1400)))(s.facts));
    await s.lab.advance("20ms");
  }
  s.node.slowDisk(1);
  await s.lab.advance("5s");
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, \d+ lost$/m);
  const [, kept, lost] = /^(\d+) frames, (\d+) lost$/m.exec(s.node.console.text)!;
  expect(Number(kept)).toBeGreaterThan(80);
  expect(Number(lost)).toBeGreaterThan(0);
  expect(await outputAmong(s.node, "mem check")).toMatch(/all headers agree/);
});
