/** Ports of the host whose connections and datagrams go to a guest. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { StreamEvents } from "../../emulator/ether/nat/host-network.ts";
import type { Nat, Target } from "../../emulator/ether/nat/nat.ts";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { hostStream } from "./host-network.ts";

/** An open port of the host. */
export interface OpenForward {
  readonly port: number;
  close(): void;
}

/** A port of the host, and where what comes to it goes. */
export interface ForwardPort {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly target: Target;
  readonly targetPort: number;
}

function forwardTcp(nat: Nat, { address, port, target, targetPort }: ForwardPort): Promise<OpenForward> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    let events: StreamEvents | null = null;
    const stream = hostStream(socket, () => events);
    events = nat.forwardStream(target, targetPort, stream);
    if (events === null) socket.resetAndDestroy();
    else socket.resume();
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      // A connection that the host cannot take, for want of files, is lost, and the others go on.
      server.on("error", () => {});
      const bound = server.address();
      resolve({ port: typeof bound === "object" ? bound!.port : port, close: () => void server.close() });
    });
  });
}

function forwardUdp(nat: Nat, { address, port, target, targetPort }: ForwardPort): Promise<OpenForward> {
  const socket = createSocket("udp4");
  let isOpen = true;
  socket.on("message", (bytes, from) => {
    const answer = (data: Uint8Array): void => {
      if (isOpen) socket.send(data, from.port, from.address, () => {});
    };
    const source = { address: parseIpv4(from.address), port: from.port };
    nat.forwardDatagram(target, targetPort, source, Uint8Array.from(bytes), answer);
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      resolve({
        port: socket.address().port,
        close: () => {
          isOpen = false;
          socket.close();
        },
      });
    });
  });
}

/** Opens the port. Rejects with the system's error when it cannot be had. */
export function forwardPort(nat: Nat, forward: ForwardPort): Promise<OpenForward> {
  return forward.protocol === "tcp" ? forwardTcp(nat, forward) : forwardUdp(nat, forward);
}
