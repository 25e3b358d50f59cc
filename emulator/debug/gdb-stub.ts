/**
 * One gdb that debugs one node: answers the packets of the remote serial protocol ("Debugging with GDB", appendix E).
 * Bytes come in and go out through functions, so that any transport will do. Each processor of the node is a thread,
 * from number 1 on; whatever one of them is told to do, the others go on as well. What a packet asks in vain is
 * answered with an error number of Unix (E01 EPERM, E0e EFAULT, E16 EINVAL); packets that are not known get an empty
 * answer, as the protocol wants it.
 */
import type { Core } from "../cpu/core.ts";
import type { ClusterDebugger } from "./cluster-debugger.ts";
import { readLinear, writeLinear } from "./linear-memory.ts";
import { runMonitorCommand } from "./monitor.ts";
import type { NodeDebugger } from "./node-debugger.ts";
import {
  ACKNOWLEDGED,
  framePacket,
  fromHex,
  fromLatin1,
  latin1,
  PACKET_BYTES,
  PacketReader,
  REPEAT,
  toHex,
} from "./packet.ts";
import {
  describeMode,
  readRegister,
  readRegisters,
  targetDescription,
  writeRegister,
  writeRegisters,
} from "./registers.ts";
import type { Resume, Stop, WatchKind } from "./stop.ts";

const NOT_PERMITTED = "E01";
const BAD_ADDRESS = "E0e";
const INVALID = "E16";
/** Numbers of gdb's signals, which follow those of Unix where there is one. */
const SIGINT = 2;
const SIGQUIT = 3;
const SIGTRAP = 5;
const ESP = 4;
const EIP = 8;
/** A memory read of this length fits into a packet as hexadecimal digits. */
const MAX_READ_BYTES = PACKET_BYTES / 2 - 2;
const WATCH_KINDS: Readonly<Record<string, WatchKind>> = { 2: "write", 3: "read", 4: "access" };
const WATCH_NAMES: Readonly<Record<WatchKind, string>> = { write: "watch", read: "rwatch", access: "awatch" };
const FEATURES = [
  `PacketSize=${PACKET_BYTES.toString(16)}`,
  "QStartNoAckMode+",
  "qXfer:features:read+",
  "swbreak+",
  "hwbreak+",
  "vContSupported+",
  "ReverseStep+",
  "ReverseContinue+",
];

export interface GdbConnection {
  send(bytes: Uint8Array): void;
  /** The debugger is done: it has detached or killed. */
  close(): void;
}

/** Thread-ids that name none: any, all, and left out. */
const NO_THREAD: ReadonlySet<string> = new Set(["0", "-1", ""]);

/** A number in hexadecimal digits, at most 32 bits; null for anything else. */
function number(text: string | undefined): number | null {
  return text !== undefined && /^[0-9a-fA-F]{1,16}$/.test(text) && BigInt(`0x${text}`) <= 0xffffffffn
    ? parseInt(text, 16)
    : null;
}

export class GdbStub {
  readonly #debugger: ClusterDebugger;
  readonly #node: NodeDebugger;
  readonly #connection: GdbConnection;
  readonly #reader = new PacketReader();
  #acknowledges = true;
  #last: Uint8Array = new Uint8Array(0);
  #stop: Stop = { kind: "interrupt" };
  #closed = false;
  /** The processor of which registers and memory are meant, and that which steps, when a packet names none. */
  #shown = 0;
  #stepping: number | undefined;
  /** gdb understands the stop reasons swbreak and hwbreak. */
  #reasons = { software: false, hardware: false };

  /** The node is held from now on. Throws when another debugger has it. */
  constructor(debuggers: ClusterDebugger, index: number, connection: GdbConnection) {
    this.#debugger = debuggers;
    this.#node = debuggers.nodes[index]!;
    this.#connection = connection;
    if (!debuggers.attach(index, (stop) => this.#stopped(stop)))
      throw new Error(`${this.#node.machine.name} has a debugger already`);
  }

  /** Bytes from gdb, in pieces of any size. */
  receive(bytes: Uint8Array): void {
    for (const input of this.#reader.read(bytes)) {
      if (this.#closed) return;
      switch (input.kind) {
        case "interrupt":
          this.#debugger.interrupt(this.#node.index);
          break;
        case "again":
          if (this.#acknowledges) this.#connection.send(this.#last);
          break;
        case "broken":
          if (this.#acknowledges) this.#connection.send(REPEAT);
          break;
        case "packet":
          if (this.#acknowledges) this.#connection.send(ACKNOWLEDGED);
          this.#packet(input.data);
      }
    }
  }

  /** The connection is gone: the node goes on as if nobody had been there. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#debugger.detach(this.#node.index);
  }

  #reply(text: string): void {
    this.#last = framePacket(latin1(text));
    this.#connection.send(this.#last);
  }

  #packet(data: Uint8Array): void {
    const text = fromLatin1(data);
    const reply = this.#answer(text, data);
    if (reply !== null && !this.#closed) this.#reply(reply);
  }

  /** Null: the answer comes when the node stops. */
  #answer(text: string, data: Uint8Array): string | null {
    const rest = text.slice(1);
    switch (text[0]) {
      case "?":
        return this.#describe(this.#stop);
      case "g":
        return toHex(this.#look(readRegisters));
      case "G":
        return this.#changed(
          ((bytes) => bytes !== null && this.#look((core) => writeRegisters(core, bytes)))(fromHex(rest)),
        );
      case "p": {
        const register = number(rest);
        const value = register === null ? null : this.#look((core) => readRegister(core, register));
        return value === null ? INVALID : toHex(value);
      }
      case "P": {
        const [register, value] = rest.split("=");
        const bytes = fromHex(value ?? "");
        return this.#changed(
          number(register) !== null &&
            bytes !== null &&
            this.#look((core) => writeRegister(core, number(register)!, bytes)),
        );
      }
      case "m":
        return this.#readMemory(rest);
      case "M":
        return this.#writeMemory(rest, fromHex(rest.slice(rest.indexOf(":") + 1)));
      case "X":
        return this.#writeMemory(rest, data.subarray(text.indexOf(":") + 1));
      case "Z":
      case "z":
        return this.#point(text[0] === "Z", rest);
      case "c":
      case "C":
      case "s":
      case "S":
        return this.#resumeAt(text);
      case "b":
        if (rest === "s") return this.#resume({ kind: "reverse step" });
        return rest === "c" ? this.#resume({ kind: "reverse continue" }) : "";
      case "H":
        return this.#choose(rest[0], rest.slice(1));
      case "T":
        return this.#processorOf(rest) == null ? INVALID : "OK";
      case "D":
        return this.#leave("OK");
      case "k":
        this.#kill();
        return null;
      case "q":
        return this.#query(text);
      case "Q":
        if (text !== "QStartNoAckMode") return "";
        this.#reply("OK");
        this.#acknowledges = false;
        return null;
      case "v":
        return this.#verbose(text);
      default:
        return "";
    }
  }

  /** Between two runs: looks at the chosen processor, or changes it. */
  #look<Result>(look: (core: Core) => Result): Result {
    return this.#node.machine.processor.at(this.#shown, look);
  }

  /** A thread's processor; undefined when none is named, null when there is no such thread. */
  #processorOf(thread = ""): number | null | undefined {
    if (NO_THREAD.has(thread)) return undefined;
    const processor = (number(thread) ?? 0) - 1;
    return processor >= 0 && processor < this.#node.machine.processor.count ? processor : null;
  }

  /** The thread for `g` and its like, or for `c` and `s`. */
  #choose(operation: string | undefined, thread: string): string {
    const processor = this.#processorOf(thread);
    if (processor === null) return INVALID;
    if (operation === "c") this.#stepping = processor;
    else if (operation === "g") this.#shown = processor ?? this.#node.machine.processor.running;
    return "OK";
  }

  #changed(done: boolean): string {
    if (!done) return NOT_PERMITTED;
    this.#debugger.history.touched();
    return "OK";
  }

  #readMemory(argument: string): string {
    const [address, length] = argument.split(",").map(number);
    if (address == null || length == null) return INVALID;
    const bytes = this.#look((core) => readLinear(core, address, Math.min(length, MAX_READ_BYTES)));
    return bytes.length === 0 && length > 0 ? BAD_ADDRESS : toHex(bytes);
  }

  #writeMemory(argument: string, bytes: Uint8Array | null): string {
    const [address, length] = (argument.split(":")[0] ?? "").split(",").map(number);
    if (address == null || length == null || bytes === null || bytes.length !== length) return INVALID;
    // gdb asks with an empty write whether X is known.
    if (length === 0) return "OK";
    if (!this.#look((core) => writeLinear(core, address, bytes))) return BAD_ADDRESS;
    return this.#changed(true);
  }

  #point(set: boolean, argument: string): string {
    const [kind, where, size] = argument.split(";")[0]!.split(",");
    const address = number(where);
    const sizeBytes = number(size);
    if (address === null || sizeBytes === null) return INVALID;
    const node = this.#node;
    if (kind === "0" || kind === "1") {
      const breakKind = kind === "0" ? "software" : "hardware";
      if (set) return node.addBreakpoint(breakKind, address) ? "OK" : NOT_PERMITTED;
      node.removeBreakpoint(breakKind, address);
      return "OK";
    }
    const watchKind = WATCH_KINDS[kind ?? ""];
    if (watchKind === undefined) return "";
    if (set) return node.addWatch(watchKind, address, sizeBytes) ? "OK" : NOT_PERMITTED;
    node.removeWatch(watchKind, address, sizeBytes);
    return "OK";
  }

  // Going on and stopping.

  #resume(resume: Resume): null {
    this.#debugger.resume(this.#node.index, resume);
    return null;
  }

  /** `c`, `s`, and with a signal `C`, `S`; then perhaps the address to go on at. Guests know nothing of signals. */
  #resumeAt(text: string): string | null {
    const match = /^(?:[cs]([0-9a-fA-F]*)|[CS][0-9a-fA-F]{1,2}(?:;([0-9a-fA-F]*))?)$/.exec(text);
    if (match === null) return INVALID;
    const where = match[1] || match[2];
    if (where) {
      const address = number(where);
      const bytes = address === null ? null : Uint8Array.of(address, address >>> 8, address >>> 16, address >>> 24);
      if (bytes === null || !this.#look((core) => writeRegister(core, EIP, bytes))) return INVALID;
      this.#debugger.history.touched();
    }
    return text[0]!.toLowerCase() === "s" ? this.#step(this.#stepping, null) : this.#resume({ kind: "continue" });
  }

  #step(processor: number | undefined, range: { readonly first: number; readonly end: number } | null): null {
    return this.#resume({ kind: "step", range, ...(processor === undefined ? {} : { processor }) });
  }

  #stopped(stop: Stop): void {
    this.#stop = stop;
    this.#shown = this.#node.machine.processor.running;
    this.#reply(this.#describe(stop));
  }

  #describe(stop: Stop): string {
    if (stop.kind === "off") return `W${(stop.status & 0xff).toString(16).padStart(2, "0")}`;
    // As QEMU says it with -no-shutdown.
    const signal = { interrupt: SIGINT, "switched off": SIGQUIT }[stop.kind as string] ?? SIGTRAP;
    let reason = "";
    if (stop.kind === "watch") reason = `${WATCH_NAMES[stop.watchKind]}:${stop.linearAddress.toString(16)};`;
    else if (stop.kind === "history begins") reason = "replaylog:begin;";
    else if (stop.kind === "breakpoint" && this.#reasons[stop.breakKind])
      reason = stop.breakKind === "software" ? "swbreak:;" : "hwbreak:;";
    const { core, machine } = this.#node;
    const register = (index: number): string =>
      `${index.toString(16).padStart(2, "0")}:${toHex(readRegister(core, index)!)};`;
    const thread = `thread:${machine.processor.running + 1};`;
    return `T${signal.toString(16).padStart(2, "0")}${reason}${thread}${register(ESP)}${register(EIP)}`;
  }

  #leave(reply: string): null {
    this.#reply(reply);
    this.close();
    this.#connection.close();
    return null;
  }

  /** A killed machine has lost its power; the others of its cluster go on. */
  #kill(): void {
    this.#node.machine.powerOff();
    this.close();
    this.#connection.close();
  }

  // Packets with names.

  #verbose(text: string): string | null {
    if (text === "vCont?") return "vCont;c;C;s;S;r";
    if (text.startsWith("vKill")) {
      this.#reply("OK");
      this.#kill();
      return null;
    }
    if (!text.startsWith("vCont;")) return "";
    const actions = text.slice("vCont;".length).split(";");
    // Only one can be told to step; gdb tells others to go on, which they do anyway.
    const [action, thread] = (actions.find((one) => /^[sSr]/.test(one)) ?? actions[0]!).split(":") as [string, string?];
    const processor = this.#processorOf(thread);
    if (processor === null) return INVALID;
    if (/^c$|^C[0-9a-fA-F]{2}$/.test(action)) return this.#resume({ kind: "continue" });
    if (/^s$|^S[0-9a-fA-F]{2}$/.test(action)) return this.#step(processor, null);
    const range = /^r([0-9a-fA-F]+),([0-9a-fA-F]+)$/.exec(action);
    const [first, end] = [number(range?.[1]), number(range?.[2])];
    return first === null || end === null ? INVALID : this.#step(processor, { first, end });
  }

  #query(text: string): string {
    const name = /^q[A-Za-z]*/.exec(text)![0];
    switch (name) {
      case "qSupported":
        this.#reasons = { software: text.includes("swbreak+"), hardware: text.includes("hwbreak+") };
        return FEATURES.join(";");
      case "qAttached":
        return "1";
      case "qC":
        return `QC${this.#shown + 1}`;
      case "qfThreadInfo":
        return `m${Array.from({ length: this.#node.machine.processor.count }, (_, processor) => processor + 1)}`;
      case "qsThreadInfo":
        return "l";
      case "qThreadExtraInfo":
        return this.#threadInfo(text.split(",")[1]);
      case "qSymbol":
        return "OK";
      case "qXfer":
        return this.#transfer(text);
      case "qRcmd":
        return this.#monitor(text.slice(text.indexOf(",") + 1));
      default:
        return "";
    }
  }

  /** What `info threads` shows beside a thread's number. */
  #threadInfo(thread: string | undefined): string {
    const { name, processor } = this.#node.machine;
    const index = this.#processorOf(thread);
    if (index == null) return INVALID;
    const state = processor.at(index, (core) => describeMode(core));
    return toHex(latin1(processor.count === 1 ? `${name}: ${state}` : `${name}, processor ${index}: ${state}`));
  }

  #transfer(text: string): string {
    const match = /^qXfer:features:read:([^:]*):([0-9a-fA-F]+),([0-9a-fA-F]+)$/.exec(text);
    if (match === null) return "";
    const [offset, length] = [number(match[2]), number(match[3])];
    if (match[1] !== "target.xml" || offset === null || length === null) return "E00";
    const description = targetDescription();
    const part = description.slice(offset, offset + Math.min(length, PACKET_BYTES - 4));
    return `${offset + part.length < description.length ? "m" : "l"}${part}`;
  }

  #monitor(hex: string): string {
    const command = fromHex(hex);
    if (command === null) return INVALID;
    const output = latin1(runMonitorCommand(fromLatin1(command), this.#debugger, this.#node));
    for (let at = 0; at < output.length; at += MAX_READ_BYTES)
      this.#reply(`O${toHex(output.subarray(at, at + MAX_READ_BYTES))}`);
    return "OK";
  }
}
