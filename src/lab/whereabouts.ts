/** Where machines are, in a line for each, for a person whose wait has failed. */
import { IF } from "../../emulator/cpu/flags.ts";
import { hex } from "../../emulator/debug/hex.ts";
import { type ProcessorView, SHOWN_REGISTERS } from "../../emulator/debug/processor-view.ts";
import type { SymbolTable } from "../../emulator/debug/symbols.ts";
import { WaitError } from "./errors.ts";

/** What is asked of a machine. */
interface Looked {
  readonly name: string;
  readonly isOff: boolean;
  readonly exitStatus: number | null;
  readonly isHalted: boolean;
  /** Why it does nothing more by itself; null while it goes on. */
  readonly standstill: string | null;
  readonly symbols: SymbolTable | null;
  view(): ProcessorView;
}

/** Of a machine that is off. */
function endOf({ exitStatus }: Pick<Looked, "exitStatus">): string {
  return exitStatus === null ? "was switched off" : `ended with exit status ${exitStatus}`;
}

/** `qure-1 runs at 0008:00101234 wait_forever+4h, IF 1, last interrupt 20h`. */
export function whereabouts(machine: Looked): string {
  const { name, isOff, isHalted, standstill, symbols } = machine;
  if (isOff) return `${name} ${endOf(machine)}`;
  const { registers, address, lastEvent } = machine.view();
  const register = (wanted: (typeof SHOWN_REGISTERS)[number]): number => registers[SHOWN_REGISTERS.indexOf(wanted)]!;
  const symbol = symbols?.describe(address).split(" ")[1];
  const place = `${hex(register("cs"), 4)}:${hex(register("eip"))}${symbol === undefined ? "" : ` ${symbol}`}`;
  const event = lastEvent === null ? "no interrupt yet" : `last ${lastEvent.kind} ${hex(lastEvent.vector, 2)}h`;
  return [
    `${name} ${isHalted ? "is halted" : "runs"} at ${place}`,
    `IF ${(register("eflags") & IF) === 0 ? 0 : 1}`,
    event,
    ...(standstill === null ? [] : [standstill]),
  ].join(", ");
}

/** A machine's console or screen, at which a wait looked. */
export interface Shown {
  readonly node: Described;
  /** `the screen` */
  readonly title: string;
  readonly text: () => string;
}

interface Described extends Pick<Looked, "isOff" | "exitStatus"> {
  readonly whereabouts: string;
}

/** So many machines are described at the most. */
const MOST_PLACES = 8;

/** Of a wait for machines. `shown`: what it looked at, if that can be shown. */
export function failedWait(
  nodes: readonly Described[],
  what: string,
  waitedNs: number,
  shown: Shown | (() => string) | null,
): WaitError {
  const seen = typeof shown === "function" ? { title: "the console", text: shown, node: null } : shown;
  const asked = seen?.node ? [seen.node] : nodes;
  const areOff = nodes.every(({ isOff }) => isOff);
  const isOne = asked.length === 1;
  return new WaitError({
    what,
    waitedNs,
    ended: !areOff ? null : isOne ? `it ${endOf(asked[0]!)}` : "all machines are off",
    shown: seen && { title: seen.title, text: seen.text() },
    places: areOff && isOne ? [] : asked.slice(0, MOST_PLACES).map((node) => node.whereabouts),
  });
}
