/** The host's sockets for the address translation of emulator/ether/nat: Node's, and the host's `ping`. */
import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { getServers } from "node:dns";
import { createConnection, type Socket } from "node:net";
import type {
  DatagramHandler,
  Failure,
  HostDatagrams,
  HostNetwork,
  HostStream,
  StreamEvents,
} from "../../emulator/ether/nat/host-network.ts";
import { formatIpv4, type Ipv4Address, parseIpv4 } from "../../emulator/ether/packet.ts";

const CONNECT_MS = 20_000;
const PING_SECONDS = 5;
/** What `ping -s` takes. */
const MOST_PING_BYTES = 65_507;

function failureOf({ code }: NodeJS.ErrnoException): Failure {
  if (code === "ECONNREFUSED") return "refused";
  return code === "ECONNRESET" || code === "EPIPE" ? "reset" : "unreachable";
}

/** A connection of Node's as the translation wants it; `events` hears of it from now on. */
export function hostStream(socket: Socket, events: () => StreamEvents | null): HostStream {
  let failure: Failure | null = null;
  socket.setNoDelay(true);
  // A buffer of Node's may be a part of a larger one: the piece is copied so that it holds no more than itself.
  socket.on("data", (bytes) => events()?.data(Uint8Array.from(bytes)));
  socket.on("end", () => events()?.ended());
  socket.on("drain", () => events()?.drained());
  socket.on("error", (error) => (failure = failureOf(error)));
  socket.on("close", () => events()?.closed(failure));
  let isGathering = false;
  /** What comes while the machines run, a segment at a time, goes to the host's kernel by one call. */
  const gather = (): void => {
    if (isGathering) return;
    isGathering = true;
    socket.cork();
    process.nextTick(() => {
      isGathering = false;
      socket.uncork();
    });
  };
  return {
    write: (bytes) => {
      gather();
      socket.write(Uint8Array.from(bytes));
    },
    get pendingBytes() {
      return socket.writableLength;
    },
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

function connect(address: Ipv4Address, port: number, events: StreamEvents): HostStream {
  const socket = createConnection({ host: formatIpv4(address), port, allowHalfOpen: true, timeout: CONNECT_MS });
  socket.once("timeout", () => {
    if (socket.connecting) socket.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
  });
  socket.once("connect", () => {
    socket.setTimeout(0);
    events.opened();
  });
  return hostStream(socket, () => events);
}

function datagrams(handler: DatagramHandler): HostDatagrams {
  const socket = createSocket("udp4");
  let isOpen = true;
  socket.on("message", (bytes, { address, port }) => handler(Uint8Array.from(bytes), parseIpv4(address), port));
  socket.on("error", () => {
    // A datagram that cannot be sent is lost, as on any network.
  });
  return {
    send: (bytes, address, port) => {
      if (isOpen) socket.send(bytes, port, formatIpv4(address), () => {});
    },
    close: () => {
      isOpen = false;
      socket.close();
    },
  };
}

/** Raw sockets need privileges that this program does not have; the host's `ping` has what it needs. */
function ping(address: Ipv4Address, dataBytes: number): Promise<boolean> {
  const size = Math.min(dataBytes, MOST_PING_BYTES);
  return new Promise((resolve) => {
    const words = ["-n", "-q", "-c", "1", "-W", String(PING_SECONDS), "-s", String(size), formatIpv4(address)];
    execFile("ping", words, { timeout: (PING_SECONDS + 2) * 1000 }, (error) => resolve(error === null));
  });
}

/** The host's first name server with an IPv4 address. */
function nameServer(): Ipv4Address | null {
  const found = getServers().find((server) => /^\d+\.\d+\.\d+\.\d+$/.test(server));
  return found === undefined ? null : parseIpv4(found);
}

/** The networks of this host, as its user may use them. */
export function nodeNetwork(): HostNetwork {
  return { nameServer: nameServer(), connect, datagrams, ping };
}
