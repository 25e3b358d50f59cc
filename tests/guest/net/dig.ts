/** Questions to the DNS server of a node, as frames, and by dig (BIND's) through a socket of this machine. */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { get16 } from "../../../emulator/ether/packet.ts";
import { type NodeFacts, type PacketScene, udp } from "./packet-wire.ts";

/** The data of the node's next datagram from port 53 to `port`. */
async function reply(s: PacketScene, port: number): Promise<Uint8Array | null> {
  const isReply = (frame: Uint8Array): boolean =>
    frame[23] === 17 && get16(frame, 34) === 53 && get16(frame, 36) === port;
  const started = s.lab.nowNs;
  while (s.lab.nowNs - started < 300e6) {
    const frame = s.frames.find(isReply);
    if (frame) return frame.slice(42, 14 + get16(frame, 16));
    await s.lab.advance("2ms");
  }
  return null;
}

let nextPort = 20_000;

/** What a node, the scene's own if none is given, answers to a message. */
export async function ask(s: PacketScene, message: Uint8Array, node = s.facts): Promise<Uint8Array | null> {
  const source = nextPort++;
  s.frames.length = 0;
  s.plug.send(udp({ source, port: 53, data: message })(node));
  return reply(s, source);
}

/** What dig prints about an answer of the scene's node, its rows without blanks that differ. */
export const dig = (s: PacketScene, ...options: readonly string[]): Promise<string> => digAt(s, s.facts, ...options);

/** The same about an answer of any node. */
export const digAt = (s: PacketScene, node: NodeFacts, ...options: readonly string[]): Promise<string> =>
  digBy((message) => ask(s, message, node), ...options);

/** The same about what `answerTo` answers. */
export async function digBy(
  answerTo: (message: Uint8Array) => Promise<Uint8Array | null>,
  ...options: readonly string[]
): Promise<string> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (message, from) => {
    void answerTo(message).then((answer) => answer && socket.send(answer, from.port, from.address));
  });
  const port = (socket.address() as AddressInfo).port;
  const child = spawn("dig", [
    "@127.0.0.1",
    "-p",
    String(port),
    "+tries=1",
    "+time=20",
    "+nocookie",
    "+ignore",
    ...options,
  ]);
  let text = "";
  child.stdout.on("data", (piece) => (text += piece));
  await once(child, "close");
  socket.close();
  return text.replace(/[\t ]+/g, " ");
}

/** The rows of dig's sections, sorted within each by its own order. */
export function rows(text: string): string[] {
  return text.split("\n").filter((row) => row !== "" && !row.startsWith(";"));
}
