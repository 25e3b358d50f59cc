/**
 * QMP, QEMU's protocol for programs ("QEMU Machine Protocol Specification"): JSON objects in both directions, one a
 * line on the way out. Times of events are those of the machines' clock on the board: a run repeated says the same
 * again.
 */
import type { Parameters, ProgramCommand } from "./command.ts";
import { ProgramValues } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { MonitorEvent } from "./control.ts";
import { MonitorError } from "./error.ts";
import { runLine } from "./human.ts";
import { INFO, versionObject } from "./info.ts";
import { JsonSplitter } from "./json-splitter.ts";
import type { Session } from "./session.ts";

const NEGOTIATE = "qmp_capabilities";

const OWN: readonly ProgramCommand[] = [
  {
    name: "human-monitor-command",
    takes: { "command-line": "string", "cpu-index": "integer?" },
    run(session, values) {
      const before = session.cpu;
      if (!session.chooseCpu(values.number("cpu-index", before)))
        throw new MonitorError("Parameter 'cpu-index' expects a CPU number");
      const text = runLine(session, values.text("command-line"));
      if (values.number("cpu-index", -1) >= 0) session.chooseCpu(before);
      // As QEMU's, which writes for terminals.
      return text.replace(/\n/g, "\r\n");
    },
  },
  {
    name: "query-commands",
    takes: {},
    run: () => PROGRAM_ROWS.map(({ name }) => ({ name })),
  },
];

/** All commands but the one that begins. */
export const PROGRAM_ROWS: readonly ProgramCommand[] = [
  ...[...COMMANDS, ...INFO].flatMap(({ program }) => (program ? [program] : [])),
  ...OWN,
  { name: NEGOTIATE, takes: { enable: "array?" } satisfies Parameters, run: () => ({}) },
].sort((a, b) => (a.name < b.name ? -1 : 1));

const MEMBERS = new Set(["execute", "arguments", "id"]);

interface Request {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readRequest(value: unknown): Request {
  if (!isObject(value)) throw new MonitorError("QMP input must be a JSON object");
  const stranger = Object.keys(value).find((name) => !MEMBERS.has(name));
  if (stranger !== undefined) throw new MonitorError(`QMP input member '${stranger}' is unexpected`);
  const { execute } = value;
  if (execute === undefined) throw new MonitorError("QMP input lacks member 'execute'");
  if (typeof execute !== "string") throw new MonitorError("QMP input member 'execute' must be a string");
  const given = value["arguments"] ?? {};
  if (!isObject(given)) throw new MonitorError("QMP input member 'arguments' must be an object");
  return { execute, arguments: given };
}

export class QmpMonitor {
  readonly #session: Session;
  readonly #write: (text: string) => void;
  readonly #splitter = new JsonSplitter();
  readonly #silence: () => void;
  #isReady = false;

  constructor(session: Session, write: (text: string) => void) {
    this.#session = session;
    this.#write = write;
    this.#silence = session.control.listen((event) => this.#tell(event));
    this.#send({ QMP: { version: versionObject(session), capabilities: [] } });
  }

  receive(text: string): void {
    for (const piece of this.#splitter.take(text)) {
      if (piece.error !== null) this.#send({ error: { class: "GenericError", desc: piece.error } });
      else this.#answer(piece.value);
    }
  }

  close(): void {
    this.#silence();
  }

  #send(value: unknown): void {
    this.#write(`${JSON.stringify(value)}\r\n`);
  }

  #tell({ name, data, node }: MonitorEvent): void {
    if (!this.#isReady) return;
    const { lab } = this.#session.control;
    const microseconds = Math.floor(lab.nowNs / 1000);
    const whose = node !== null && lab.nodes.length > 1 ? { node: lab.nodes[node]!.name } : {};
    const all = { ...data, ...whose };
    this.#send({
      timestamp: {
        seconds: lab.cluster.config.startSeconds + Math.floor(microseconds / 1e6),
        microseconds: microseconds % 1e6,
      },
      event: name,
      ...(Object.keys(all).length > 0 ? { data: all } : {}),
    });
  }

  #answer(value: unknown): void {
    const id = isObject(value) && value["id"] !== undefined ? { id: value["id"] } : {};
    try {
      this.#send({ return: this.#run(readRequest(value)), ...id });
    } catch (error) {
      if (!(error instanceof MonitorError)) throw error;
      this.#send({ error: { class: error.errorClass, desc: error.message }, ...id });
    }
  }

  #run({ execute, arguments: given }: Request): unknown {
    if (!this.#isReady && execute !== NEGOTIATE)
      throw new MonitorError(`Expecting capabilities negotiation with '${NEGOTIATE}'`, "CommandNotFound");
    if (this.#isReady && execute === NEGOTIATE)
      throw new MonitorError("Capabilities negotiation is already complete, command ignored", "CommandNotFound");
    const row = PROGRAM_ROWS.find(({ name }) => name === execute);
    if (!row) throw new MonitorError(`The command ${execute} has not been found`, "CommandNotFound");
    const values = new ProgramValues(row.takes, given);
    if (execute === NEGOTIATE) this.#isReady = true;
    return row.run(this.#session, values);
  }
}
