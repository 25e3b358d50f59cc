/**
 * What the address translation needs of the host: connections, datagrams, pings. src/host fills it with Node's sockets.
 * Events come between two runs of the machines, never while one runs.
 */
import type { Ipv4Address } from "../packet.ts";

/** Why a connection came to nothing, or ended before its time. */
export type Failure = "refused" | "unreachable" | "reset";

export interface StreamEvents {
  opened(): void;
  /** The bytes are the receiver's to keep. */
  data(bytes: Uint8Array): void;
  /** The other side sends no more. */
  ended(): void;
  /** More may be written than before. */
  drained(): void;
  /** The last event; null: both sides had ended in good order. */
  closed(failure: Failure | null): void;
}

/** A connection of the host. */
export interface HostStream {
  /** The bytes may be changed afterwards. */
  write(bytes: Uint8Array): void;
  /** Bytes written that the host has not taken yet. */
  readonly pendingBytes: number;
  /** No more will be written. */
  end(): void;
  /** Ends it at once, with a reset where that can be said. */
  reset(): void;
  /** Whether data may come. What is under way still comes. */
  pause(): void;
  resume(): void;
}

/** A UDP socket of the host. */
export interface HostDatagrams {
  send(bytes: Uint8Array, address: Ipv4Address, port: number): void;
  close(): void;
}

/** A datagram came from there. The bytes are the receiver's to keep. */
export type DatagramHandler = (bytes: Uint8Array, address: Ipv4Address, port: number) => void;

export interface HostNetwork {
  /** Where the host asks for names, null when it has no server with an IPv4 address. */
  readonly nameServer: Ipv4Address | null;
  connect(address: Ipv4Address, port: number, events: StreamEvents): HostStream;
  /** A socket at a port that the host chooses. */
  datagrams(handler: DatagramHandler): HostDatagrams;
  /** Whether an echo request of so many bytes of data was answered. */
  ping(address: Ipv4Address, dataBytes: number): Promise<boolean>;
}
