/**
 * The probes of one machine's processor, shared by a debugger and a trace. They are in place only while one of them has
 * something to look for, so that a machine which nobody watches runs at full speed.
 */
import type { Cpu } from "../cpu/cpu.ts";
import type { CodeProbe, DataProbe, DeliveryKind, DeliveryProbe } from "../cpu/probe.ts";

export class Probes implements CodeProbe, DeliveryProbe {
  readonly #cpu: Cpu;
  #code: CodeProbe | null = null;
  #traceCode: CodeProbe | null = null;
  #delivery: DeliveryProbe | null = null;
  #traceDelivery: DeliveryProbe | null = null;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  /** The debugger's; also to be called when it wants more places than before: all code is decoded anew. */
  setCode(probe: CodeProbe | null): void {
    if (probe === null && this.#code === null) return;
    this.#code = probe;
    this.#install();
  }

  setData(probe: DataProbe | null, linearPages: ReadonlySet<number>): void {
    this.#cpu.setDataProbe(probe, linearPages);
  }

  setDelivery(probe: DeliveryProbe | null): void {
    this.#delivery = probe;
    this.#cpu.core.deliveryProbe = probe === null && this.#traceDelivery === null ? null : this;
  }

  setTrace(code: CodeProbe | null, delivery: DeliveryProbe | null): void {
    this.#traceCode = code;
    this.#traceDelivery = delivery;
    this.#install();
  }

  #install(): void {
    const code = this.#code !== null || this.#traceCode !== null;
    const { core } = this.#cpu;
    core.deliveryProbe = this.#delivery === null && this.#traceDelivery === null ? null : this;
    if (code || core.codeProbe !== null) this.#cpu.setCodeProbe(code ? this : null);
  }

  wants(linearAddress: number, isFirst: boolean): boolean {
    return (
      this.#code?.wants(linearAddress, isFirst) === true || this.#traceCode?.wants(linearAddress, isFirst) === true
    );
  }

  reached(linearAddress: number): boolean {
    // What is not executed yet is not traced yet.
    if (this.#code?.reached(linearAddress) === true) return true;
    this.#traceCode?.reached(linearAddress);
    return false;
  }

  delivery(kind: DeliveryKind, vector: number, errorCode: number, eip: number): void {
    this.#delivery?.delivery(kind, vector, errorCode, eip);
    this.#traceDelivery?.delivery(kind, vector, errorCode, eip);
  }
}
