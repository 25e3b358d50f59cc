/** The form of a row in the tables of commands. */
import type { Values } from "./arguments.ts";
import { MonitorError } from "./error.ts";
import type { Session } from "./session.ts";

/** A line for people. */
export interface HumanCommand {
  /** Its names, separated by bars. */
  readonly name: string;
  /** What it takes, in the notation of arguments.ts. */
  readonly takes: string;
  /** The same for people. */
  readonly parameters: string;
  /** What it does, in a few words. */
  readonly does: string;
  readonly run: (session: Session, values: Values) => string | void;
}

type Kind = "string" | "boolean" | "integer" | "array";

/** What a program may send with a command. */
export type Parameters = Readonly<Record<string, Kind | `${Kind}?`>>;

export interface ProgramCommand {
  readonly name: string;
  readonly takes: Parameters;
  /** Returns what comes back; an empty object for nothing. */
  readonly run: (session: Session, values: ProgramValues) => unknown;
}

/** A row: what people type, what programs send, or both. */
export interface Command {
  readonly human?: HumanCommand;
  readonly program?: ProgramCommand;
}

/** The arguments of a program's command, which have the types that its row says. */
export class ProgramValues {
  readonly #values: Readonly<Record<string, unknown>>;

  /** Throws a MonitorError where they have not. */
  constructor(takes: Parameters, values: Readonly<Record<string, unknown>>) {
    this.#values = values;
    const known = Object.entries(takes);
    for (const [name, kind] of known) {
      const given = Object.hasOwn(values, name) ? values[name] : undefined;
      const type = kind.replace("?", "");
      if (given === undefined) {
        if (kind.endsWith("?")) continue;
        throw new MonitorError(`Parameter '${name}' is missing`);
      }
      if (!isOfKind(given, type)) throw new MonitorError(`Invalid parameter type for '${name}', expected: ${type}`);
    }
    const stranger = Object.keys(values).find((name) => !Object.hasOwn(takes, name));
    if (stranger !== undefined) throw new MonitorError(`Parameter '${stranger}' is unexpected`);
  }

  text(name: string): string {
    return this.#values[name] as string;
  }

  /** Null when it is not given. */
  textOrNull(name: string): string | null {
    return (this.#values[name] as string | undefined) ?? null;
  }

  number(name: string, otherwise: number): number {
    return (this.#values[name] as number | undefined) ?? otherwise;
  }

  isTrue(name: string): boolean {
    return this.#values[name] === true;
  }

  list(name: string): readonly unknown[] {
    return this.#values[name] as readonly unknown[];
  }
}

function isOfKind(value: unknown, kind: string): boolean {
  if (kind === "array") return Array.isArray(value);
  if (kind === "integer") return Number.isSafeInteger(value);
  return typeof value === kind;
}
