/**
 * The tasks of QuRe's kernel, read from the memory of a machine that stands still: who there is, what each waits for,
 * and where it called for it. The kernel is asked nothing. Where its fields lie comes with the image
 * (scripts/page.mjs), its names from the image's own symbol table; what does not fit, as in a kernel that somebody has
 * changed, is said.
 */
import type { MachineHost } from "../../../emulator/cluster/machine-host.ts";
import type { SymbolTable } from "../../../emulator/debug/symbols.ts";
import type { TaskRow, TasksView } from "../protocol.ts";

/** Offsets in a task and sizes, by their names in asm/include/tasks.inc. */
export type TaskLayout = Readonly<Record<string, number>>;

const STATES = ["ready", "running", "waiting", "dead", "new"] as const;
const MOST_TASKS = 200;
const MOST_EVENTS = 8;
/** How deep a stack is searched for callers, and how many are named. */
const STACK_WORDS = 96;
const CALLERS = 4;
/** Where every waiting task stands: it says nothing. */
const SCHEDULER = /^(?:schedule|task_wait|task_yield|event_wait|event_wait_any)$/;
const TICK_MS = 10;
const NS_PER_CYCLE = 10;

class Memory {
  readonly #machine: MachineHost;

  constructor(machine: MachineHost) {
    this.#machine = machine;
  }

  bytes(address: number, length: number): Uint8Array | null {
    const bytes = this.#machine.readLinear(address, length);
    return bytes.length === length ? bytes : null;
  }

  words(address: number, count: number): number[] | null {
    const bytes = this.bytes(address, 4 * count);
    if (!bytes) return null;
    const view = new DataView(bytes.buffer);
    return Array.from({ length: count }, (_, index) => view.getUint32(4 * index, true));
  }
}

/** Is there a call right before this address? */
function followsCall(memory: Memory, address: number): boolean {
  const before = memory.bytes(address - 6, 6);
  if (!before) return false;
  if (before[1] === 0xe8) return true;
  // FF /2: CALL through a register or memory, of 2, 3 or 6 bytes.
  return [4, 3, 0].some((at) => before[at] === 0xff && ((before[at + 1]! >> 3) & 7) === 2);
}

export function viewTasks(machine: MachineHost, node: number, symbols: SymbolTable, layout: TaskLayout): TasksView {
  const nothing = (problem: string): TasksView => ({ node, problem, tasks: [] });
  const memory = new Memory(machine);
  const list = symbols.addressOf("task_all");
  if (machine.power === "off") return nothing("This machine is off.");
  if (list === null) return nothing("There are no names of QuRe's kernel in this image.");
  const tasks: TaskRow[] = [];
  const field = (task: Uint8Array, name: string): number => new DataView(task.buffer).getUint32(layout[name]!, true);
  let [next = 0] = memory.words(list, 1) ?? [];
  for (; next !== 0 && tasks.length < MOST_TASKS; ) {
    const task = memory.bytes(next, layout["TASK_SIZE"]!);
    const state = task && STATES[field(task, "TASK_STATE")];
    if (!task || !state) return nothing("The kernel's tasks cannot be read: this kernel keeps them in another way.");
    const label = task.subarray(layout["TASK_LABEL"]!);
    const end = label.indexOf(0);
    tasks.push({
      id: field(task, "TASK_ID"),
      name: String.fromCharCode(...label.subarray(0, end < 0 ? label.length : end)),
      state,
      priority: field(task, "TASK_PRIORITY"),
      milliseconds: ((field(task, "TASK_CYCLES") + field(task, "TASK_CYCLES_HIGH") * 2 ** 32) * NS_PER_CYCLE) / 1e6,
      switches: field(task, "TASK_SWITCHES"),
      waitsFor: state === "waiting" ? reasonOf(task) : "",
      callers: state === "running" ? [] : callersOf(field(task, "TASK_ESP"), field(task, "TASK_STACK_TOP")),
    });
    next = field(task, "TASK_ALL_NEXT");
  }
  if (tasks.length === 0) return nothing("The kernel is not there yet.");
  return { node, problem: null, tasks: tasks.sort((a, b) => a.id - b.id) };

  function nameOf(address: number): string {
    return symbols.describe(address).split(" ")[1] ?? "an object in the heap";
  }

  function reasonOf(task: Uint8Array): string {
    const count = Math.min(field(task, "TASK_EVENT_COUNT"), MOST_EVENTS);
    const events = field(task, "TASK_EVENTS");
    const single = field(task, "TASK_EVENT");
    const waited = events !== 0 ? (memory.words(events, count) ?? []) : single !== 0 ? [single] : [];
    const [now = 0] = memory.words(symbols.addressOf("clock_ticks") ?? 0, 1) ?? [];
    const timer = layout["TASK_TIMER"]!;
    const view = new DataView(task.buffer);
    const isTimed = view.getUint32(timer + layout["TIMER_SET"]!, true) === 1;
    const ticks = view.getUint32(timer + layout["TIMER_DEADLINE"]!, true) - now;
    const limit = isTimed && now > 0 ? `${waited.length > 0 ? "at most " : ""}${Math.max(0, ticks) * TICK_MS} ms` : "";
    return [waited.map(nameOf).join(" or "), limit].filter((part) => part !== "").join(", ") || "a deadline";
  }

  function callersOf(stack: number, top: number): string[] {
    const count = Math.min(STACK_WORDS, (top - stack) >> 2);
    const words = count > 0 ? (memory.words(stack, count) ?? []) : [];
    const names: string[] = [];
    for (const word of words) {
      const symbol = symbols.find(word);
      if (!symbol || !followsCall(memory, word) || SCHEDULER.test(symbol.name)) continue;
      if (names.at(-1) !== symbol.name) names.push(symbol.name);
      if (names.length === CALLERS) break;
    }
    return names;
  }
}
