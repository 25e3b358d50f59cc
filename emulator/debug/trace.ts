/**
 * Traces: one line for each event of the chosen kinds, with virtual time, node and the names of the addresses. A trace
 * only looks; digests are the same with it and without.
 */
import type { BusProbe } from "../board.ts";
import type { AccessBytes } from "../bus/bus.ts";
import { EXCEPTION_NAMES, NO_ERROR_CODE, PAGE_FAULT } from "../cpu/exceptions.ts";
import { BASE, CR2, CS, EAX, SELECTOR } from "../cpu/layout.ts";
import type { CodeProbe, DeliveryKind, DeliveryProbe } from "../cpu/probe.ts";
import type { EthernetFrame } from "../ether/port.ts";
import type { Machine } from "../machine.ts";
import { describeFrame } from "./frame-summary.ts";
import { describeConfigAccess } from "./pci-summary.ts";
import type { Probes } from "./probes.ts";
import type { SymbolTable } from "./symbols.ts";

/**
 * int: interrupts and exceptions; exec: each straight run of code that begins; io: ports and device memory; pci:
 * configuration space; net: frames.
 */
export const TRACE_KINDS = ["int", "exec", "io", "pci", "net"] as const;
export type TraceKind = (typeof TRACE_KINDS)[number];

const PCI_ADDRESS_PORT = 0xcf8;
const PCI_DATA_PORT = 0xcfc;

export interface TraceOptions {
  readonly kinds: ReadonlySet<TraceKind>;
  readonly symbols: SymbolTable;
  readonly write: (line: string) => void;
  /** While true, this machine repeats what has been traced before. */
  readonly isMuted: () => boolean;
}

function hex(value: number, digits: number): string {
  return `${(value >>> 0).toString(16).padStart(digits, "0")}h`;
}

/** The trace of one machine, from when it is made on. */
export class Trace implements CodeProbe, DeliveryProbe, BusProbe {
  readonly #machine: Machine;
  readonly #options: TraceOptions;
  /** What the guest wrote to the PCI address port last. */
  #pciAddress = 0;

  constructor(machine: Machine, probes: Probes, options: TraceOptions) {
    this.#machine = machine;
    this.#options = options;
    const { kinds } = options;
    probes.setTrace(kinds.has("exec") ? this : null, kinds.has("int") ? this : null);
    if (kinds.has("io") || kinds.has("pci")) machine.board.probe = this;
    if (kinds.has("net")) {
      machine.cables.forEach((cable, number) => {
        cable.probe = (direction, frame) => this.#frame(number, direction, frame);
      });
    }
  }

  #line(kind: TraceKind, text: string): void {
    if (this.#options.isMuted()) return;
    const { nowNs, name } = this.#machine;
    const seconds = `${Math.floor(nowNs / 1e9)}.${String(nowNs % 1e9).padStart(9, "0")}`;
    this.#options.write(`${seconds} ${name} ${kind.padEnd(4)} ${text}\n`);
  }

  get #place(): string {
    return this.#options.symbols.describe(this.#machine.processor.linearPc);
  }

  wants(_linearAddress: number, isFirst: boolean): boolean {
    return isFirst;
  }

  reached(linearAddress: number): boolean {
    this.#line("exec", this.#options.symbols.describe(linearAddress));
    return false;
  }

  delivery(kind: DeliveryKind, vector: number, errorCode: number, eip: number): void {
    const { core } = this.#machine.processor;
    const from = this.#options.symbols.describe(core.s[BASE + CS]! + eip);
    const real = core.state.protectedMode ? "" : ` (${hex(core.s[SELECTOR + CS]!, 4)}:${hex(eip, 4)})`;
    if (kind === "software")
      this.#line("int", `INT ${hex(vector, 2)} EAX ${hex(core.s[EAX]!, 8)} returns to ${from}${real}`);
    else if (kind === "interrupt") this.#line("int", `interrupt ${hex(vector, 2)} before ${from}${real}`);
    else {
      const name = EXCEPTION_NAMES[vector] ?? "";
      const code = errorCode === NO_ERROR_CODE ? "" : ` error ${hex(errorCode, 4)}`;
      const address = vector === PAGE_FAULT ? ` address ${this.#options.symbols.describe(core.s[CR2]!)}` : "";
      this.#line("int", `exception ${hex(vector, 2)} ${name}${code}${address} at ${from}${real}`);
    }
  }

  port(port: number, sizeBytes: AccessBytes, value: number, write: boolean): void {
    const { kinds } = this.#options;
    const arrow = write ? "<-" : "->";
    if (kinds.has("io"))
      this.#line("io", `port ${hex(port, 4)} ${arrow} ${hex(value, 2 * sizeBytes)} at ${this.#place}`);
    if (port === PCI_ADDRESS_PORT && sizeBytes === 4) {
      if (write) this.#pciAddress = value;
    } else if (kinds.has("pci") && (port & ~3) === PCI_DATA_PORT) {
      const access = describeConfigAccess(this.#pciAddress, port & 3);
      if (access !== null) this.#line("pci", `${access} ${arrow} ${hex(value, 2 * sizeBytes)} at ${this.#place}`);
    }
  }

  mmio(physicalAddress: number, sizeBytes: AccessBytes, value: number, write: boolean): void {
    if (this.#options.kinds.has("io"))
      this.#line(
        "io",
        `memory ${hex(physicalAddress, 8)} ${write ? "<-" : "->"} ${hex(value, 2 * sizeBytes)} at ${this.#place}`,
      );
  }

  #frame(card: number, direction: "send" | "receive", frame: EthernetFrame): void {
    this.#line("net", `eth${card} ${direction === "send" ? "sends" : "receives"} ${describeFrame(frame)}`);
  }
}
