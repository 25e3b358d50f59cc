/** gdb's side of the remote protocol, byte by byte, with a debugger of a small cluster on the other. */
import { Cluster } from "../../../emulator/cluster/cluster.ts";
import { ClusterDebugger } from "../../../emulator/debug/cluster-debugger.ts";
import { GdbStub } from "../../../emulator/debug/gdb-stub.ts";
import { framePacket, fromHex, fromLatin1, latin1 } from "../../../emulator/debug/packet.ts";

const MIB = 1024 * 1024;

export interface PeerOptions {
  readonly nodes?: number;
  readonly processors?: number;
}

export class Peer {
  readonly cluster: Cluster;
  readonly debuggers: ClusterDebugger;
  readonly stub: GdbStub;
  closed = false;
  #sent: Uint8Array[] = [];

  constructor(firmware: Uint8Array, { nodes = 1, processors = 1 }: PeerOptions = {}) {
    this.cluster = new Cluster({
      nodes: Array.from({ length: nodes }, (_, index) => ({
        name: `n${index}`,
        ramBytes: MIB,
        disk: null,
        cdrom: null,
        ...(processors > 1 ? { parts: { processor: "pentium" as const, processors } } : {}),
      })),
      firmware,
      seed: 1,
      gateway: false,
      linkLatencyNs: 50_000,
      startSeconds: 0,
    });
    this.debuggers = new ClusterDebugger(this.cluster, true);
    this.stub = this.connect(0);
    this.raw(framePacket(latin1("QStartNoAckMode")));
    this.taken();
  }

  connect(index: number, sent = this.#sent): GdbStub {
    return new GdbStub(this.debuggers, index, {
      send: (bytes) => void sent.push(bytes.slice()),
      close: () => void (this.closed = true),
    });
  }

  raw(bytes: Uint8Array): void {
    this.stub.receive(bytes);
  }

  /** All bytes that the stub has sent since the last call. */
  taken(): string {
    const text = this.#sent.map(fromLatin1).join("");
    this.#sent.length = 0;
    return text;
  }

  /** Sends a packet and returns the contents of the replies; lets virtual time pass if there is none yet. */
  ask(text: string): string {
    this.raw(framePacket(latin1(text)));
    if (this.#sent.length === 0) this.debuggers.runUntil(this.cluster.nowNs + 100_000_000);
    return [...this.taken().matchAll(/\$([^#]*)#[0-9a-f]{2}/g)].map((match) => match[1]!).join(" ");
  }

  /** A register by its number in the target description. */
  register(number: number): number {
    const bytes = fromHex(this.ask(`p${number.toString(16)}`))!;
    return (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
  }

  get pc(): number {
    return this.register(8);
  }
}
