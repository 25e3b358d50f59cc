/**
 * Sockets of the host that carry the frames of the emulator's switch: VXLAN (RFC 7348), and what QEMU's network back
 * ends `dgram` and `stream` speak (qemu(1), -netdev): a datagram is a frame; on a stream each frame has its length
 * before it, four bytes in network order.
 */
import { createSocket, type Socket as Datagrams } from "node:dgram";
import { rmSync } from "node:fs";
import { createConnection, createServer, type ListenOptions, type Socket } from "node:net";
import { finishOffloads } from "../../emulator/ether/offload.ts";
import { frameFromOutside } from "../../emulator/ether/outlet.ts";
import { VxlanTable, vxlanDatagram, vxlanFrame } from "../../emulator/ether/vxlan.ts";
import { removeDead } from "./byte-stream.ts";
import type { DgramWay, InternetPlace, Place, StreamWay, UplinkWay, VxlanWay } from "./places.ts";

/** A socket of the switch. */
export interface UplinkPort {
  /** Sends a frame into the switch. */
  send(frame: Uint8Array): void;
  /** The cable to the switch is plugged in or pulled. */
  setLink(up: boolean): void;
}

/** Makes a socket of the switch; `take` has what the switch sends there. */
export type UplinkPlug = (name: string, take: (frame: Uint8Array) => void) => UplinkPort;

export interface OpenUplink {
  /** Where it listens, 0 for a path. */
  readonly port: number;
  close(): void;
}

/** What the host has not sent yet; more is dropped, as by a full queue of a card. */
const MOST_PENDING_BYTES = 1 << 20;
const RECEIVE_BYTES = 1 << 22;
/** Of a stream: no frame is longer, and a length that is says that this is no stream of frames. */
const MOST_FRAME_BYTES = 0x10000;
const LENGTH_BYTES = 4;
const MOST_CONNECTIONS = 64;
const RECONNECT_MS = 1000;

async function bound(local: InternetPlace): Promise<Datagrams> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(local.port, local.host, () => {
      socket.off("error", reject);
      // What cannot be sent is lost, as on any network.
      socket.on("error", () => {});
      // Frames come in bursts, and wait while the machines run.
      socket.setRecvBufferSize(RECEIVE_BYTES);
      resolve();
    });
  });
  return socket;
}

function send(socket: Datagrams, bytes: Uint8Array, { host, port }: InternetPlace): void {
  if (socket.getSendQueueSize() < MOST_PENDING_BYTES) socket.send(bytes, port, host, () => {});
}

function closeOnce(close: () => void): () => void {
  let isOpen = true;
  return () => {
    if (isOpen) close();
    isOpen = false;
  };
}

async function openVxlan({ vni, local, remotes }: VxlanWay, plug: UplinkPlug): Promise<OpenUplink> {
  const socket = await bound(local);
  const table = new VxlanTable(remotes.length);
  let isOpen = true;
  const port = plug(`vxlan ${vni}`, (frame) => {
    if (!isOpen) return;
    const datagram = vxlanDatagram(vni, frame);
    for (const peer of table.peersFor(frame)) send(socket, datagram, remotes[peer]!);
  });
  socket.on("message", (bytes, { address }) => {
    // Source ports are a hash of the frame (RFC 7348, 5), so a peer is known by its address alone.
    const peer = remotes.findIndex(({ host }) => host === address);
    const inner = peer < 0 ? null : vxlanFrame(vni, bytes);
    if (inner === null) return;
    for (const piece of finishOffloads(inner)) {
      const frame = frameFromOutside(piece);
      if (frame === null) continue;
      table.heard(peer, frame);
      port.send(frame);
    }
  });
  return {
    port: socket.address().port,
    close: closeOnce(() => {
      isOpen = false;
      socket.close();
    }),
  };
}

async function openDgram({ local, remote }: DgramWay, plug: UplinkPlug): Promise<OpenUplink> {
  const socket = await bound(local);
  let isOpen = true;
  const port = plug(`dgram ${remote.host}:${remote.port}`, (frame) => {
    if (isOpen) send(socket, frame, remote);
  });
  socket.on("message", (bytes, { address, port: from }) => {
    const frame = address === remote.host && from === remote.port ? frameFromOutside(bytes) : null;
    if (frame) port.send(frame);
  });
  return {
    port: socket.address().port,
    close: closeOnce(() => {
      isOpen = false;
      socket.close();
    }),
  };
}

/** Takes frames out of a stream. False when it is no stream of frames. */
class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  push(bytes: Buffer, take: (frame: Uint8Array) => void): boolean {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    while (rest.length >= LENGTH_BYTES) {
      const length = rest.readUInt32BE(0);
      if (length > MOST_FRAME_BYTES) return false;
      if (rest.length < LENGTH_BYTES + length) break;
      const frame = frameFromOutside(rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      if (frame) take(frame);
      rest = rest.subarray(LENGTH_BYTES + length);
    }
    this.#pending = Buffer.from(rest);
    return true;
  }
}

/** A socket of the switch that one connection after the other uses. */
class StreamPort {
  readonly #port: UplinkPort;
  #socket: Socket | null = null;

  constructor(name: string, plug: UplinkPlug) {
    this.#port = plug(name, (frame) => this.#write(frame));
    this.#port.setLink(false);
  }

  get isFree(): boolean {
    return this.#socket === null;
  }

  #write(frame: Uint8Array): void {
    if (this.#socket === null || this.#socket.writableLength > MOST_PENDING_BYTES) return;
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(frame.length);
    this.#socket.cork();
    this.#socket.write(length);
    this.#socket.write(frame);
    this.#socket.uncork();
  }

  use(socket: Socket, ended: () => void = () => {}): void {
    const reader = new FrameReader();
    this.#socket = socket;
    this.#port.setLink(true);
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      if (!reader.push(bytes, (frame) => this.#port.send(frame))) socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#socket = null;
      this.#port.setLink(false);
      ended();
    });
  }

  end(): void {
    this.#socket?.destroy();
  }
}

function listenOptions({ host, port, path }: Place): ListenOptions {
  return path !== undefined ? { path } : { host, port };
}

/** Each connection is a cable to the switch of its own. */
async function serveStream({ place }: StreamWay, plug: UplinkPlug): Promise<OpenUplink> {
  const ports: StreamPort[] = [];
  const server = createServer((socket) => {
    let port = ports.find(({ isFree }) => isFree);
    if (port === undefined && ports.length < MOST_CONNECTIONS)
      ports.push((port = new StreamPort(`stream ${ports.length + 1}`, plug)));
    if (port === undefined) socket.destroy();
    else port.use(socket);
  });
  if (place.path !== undefined) await removeDead(place.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listenOptions(place), () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve();
    });
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    close: closeOnce(() => {
      server.close();
      for (const port of ports) port.end();
      if (place.path !== undefined) rmSync(place.path, { force: true });
    }),
  };
}

/** Connects, and again a second after the other side has gone. The first time it must be there. */
async function connectStream({ place }: StreamWay, plug: UplinkPlug): Promise<OpenUplink> {
  const connect = (): Socket =>
    place.path !== undefined ? createConnection(place.path) : createConnection(place.port, place.host);
  const first = connect();
  await new Promise<void>((resolve, reject) => {
    first.once("error", reject);
    first.once("connect", () => {
      first.off("error", reject);
      resolve();
    });
  });
  const port = new StreamPort("stream", plug);
  let isOpen = true;
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    if (!isOpen) return;
    timer = setTimeout(() => {
      const socket = connect();
      const retry = (): void => again();
      socket.once("error", retry);
      socket.once("connect", () => {
        socket.off("error", retry);
        if (isOpen) port.use(socket, again);
        else socket.destroy();
      });
    }, RECONNECT_MS);
    timer.unref();
  };
  port.use(first, again);
  return {
    port: 0,
    close: closeOnce(() => {
      isOpen = false;
      clearTimeout(timer);
      port.end();
    }),
  };
}

/** Opens the way. Rejects with the system's error when that cannot be done. */
export function openUplink(way: UplinkWay, plug: UplinkPlug): Promise<OpenUplink> {
  if (way.kind === "vxlan") return openVxlan(way, plug);
  if (way.kind === "dgram") return openDgram(way, plug);
  return way.isServer ? serveStream(way, plug) : connectStream(way, plug);
}
