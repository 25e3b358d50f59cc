/**
 * A way into the emulator's switch from another process, in virtual time: frames with their times over a Unix socket,
 * and time that passes only when the other side says so (docs/protocols/switch.md). Judges with a clock of their own
 * use it.
 */
import { createServer, type Socket } from "node:net";

/** A frame that came to a plug, and when. */
type Answer = (frame: Uint8Array, timeNs: number) => readonly Uint8Array[];

/** What of a cluster is used: a plug in its switch, and its time. */
export interface Switched {
  readonly nowNs: number;
  readonly cluster: { runUntil(timeNs: number): void };
  plug(name: string): { send(frame: Uint8Array): void; answer(handler: Answer): void };
  close(): void;
}

/** It listens until it is closed. */
export interface SwitchServer {
  close(): void;
}

const HEAD_BYTES = 16;
const MOST_BYTES = 1 << 16;
/** How closely time is looked at: first this span, then ever longer ones, as long as nothing comes. */
const LOOK_NS = 50_000;
const LONGEST_LOOK_NS = 2_000_000;
const [FRAME, ADVANCE, TIME] = ["F", "A", "T"].map((letter) => letter.charCodeAt(0)) as [number, number, number];

function message(kind: number, timeNs: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, kind);
  view.setBigUint64(8, BigInt(Math.round(timeNs)), true);
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}

function attend(socket: Socket, lab: Switched): void {
  const plug = lab.plug("endpoint");
  let arrived: Uint8Array[] = [];
  let pending = Buffer.alloc(0);
  plug.answer((frame, timeNs) => {
    arrived.push(message(FRAME, timeNs, frame));
    return [];
  });
  const take = (kind: number, timeNs: number, payload: Uint8Array): void => {
    if (kind === FRAME) plug.send(payload);
    else if (kind === ADVANCE) {
      const endNs = lab.nowNs + timeNs;
      for (
        let lookNs = LOOK_NS;
        arrived.length === 0 && lab.nowNs < endNs;
        lookNs = Math.min(2 * lookNs, LONGEST_LOOK_NS)
      )
        lab.cluster.runUntil(Math.min(endNs, lab.nowNs + lookNs));
      socket.write(Buffer.concat([...arrived, message(TIME, lab.nowNs)]));
      arrived = [];
    } else socket.destroy();
  };
  socket.on("data", (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= HEAD_BYTES && !socket.destroyed) {
      const bytesOf = pending.readUInt32LE(0);
      if (bytesOf > MOST_BYTES) {
        socket.destroy();
        return;
      }
      if (pending.length < HEAD_BYTES + bytesOf) return;
      const payload = Uint8Array.from(pending.subarray(HEAD_BYTES, HEAD_BYTES + bytesOf));
      const [kind, timeNs] = [pending.readUInt8(4), Number(pending.readBigUInt64LE(8))];
      pending = pending.subarray(HEAD_BYTES + bytesOf);
      take(kind, timeNs, payload);
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => lab.close());
}

/** Serves the switch at `path`: each connection gets a cluster of its own from `make`. */
export async function serveSwitch(path: string, make: () => Switched): Promise<SwitchServer> {
  const server = createServer((socket) => attend(socket, make()));
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(path, listening);
  });
  return server;
}
