/** What tshark says of frames that a node has sent. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { TestContext } from "vitest";
import { requireOracle } from "../oracle.ts";

const MAGIC = 0xa1b2c3d4;
const ETHERNET = 1;

/** A pcap file of frames. */
function pcapOf(frames: readonly Uint8Array[]): Uint8Array {
  const head = new DataView(new ArrayBuffer(24));
  head.setUint32(0, MAGIC, true);
  head.setUint16(4, 2, true);
  head.setUint16(6, 4, true);
  head.setUint32(16, 65535, true);
  head.setUint32(20, ETHERNET, true);
  const pieces = frames.flatMap((frame, index) => {
    const record = new DataView(new ArrayBuffer(16));
    record.setUint32(0, index, true);
    record.setUint32(8, frame.length, true);
    record.setUint32(12, frame.length, true);
    return [new Uint8Array(record.buffer), frame];
  });
  return Uint8Array.from(Buffer.concat([new Uint8Array(head.buffer), ...pieces]));
}

/** The lines of tshark about frames that are malformed or have a wrong checksum, and how many `filter` finds. */
export async function complaintsOfTshark(
  frames: readonly Uint8Array[],
  filter: string,
  context: TestContext,
): Promise<{ complaints: string; found: number }> {
  return complaintsAbout(pcapOf(frames), filter, context);
}

/** The same for a whole capture file. */
export async function complaintsAbout(
  capture: Uint8Array,
  filter: string,
  context: TestContext,
): Promise<{ complaints: string; found: number }> {
  const tshark = requireOracle("tshark", context);
  const folder = mkdtempSync(join(tmpdir(), "qure-pcap-"));
  try {
    const path = join(folder, "frames.pcap");
    writeFileSync(path, capture);
    const checked = ["ip", "udp", "tcp"].flatMap((name) => ["-o", `${name}.check_checksum:TRUE`]);
    const bad = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0";
    const { stdout: complaints } = await execa(tshark, ["-r", path, ...checked, "-Y", bad]);
    const { stdout } = await execa(tshark, ["-r", path, ...checked, "-Y", filter]);
    return { complaints, found: stdout.split("\n").filter(Boolean).length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
