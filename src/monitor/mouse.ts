/** The mouse from a monitor: QEMU's `mouse_move` and `mouse_button` for people, `input-send-event` for programs. */

import type { Command } from "./command.ts";
import { MonitorError } from "./error.ts";
import { extended, keyCode } from "./keys.ts";
import type { Session } from "./session.ts";

const MOST_COUNTS = 9999;
/** Bits of `mouse_button`, 1 left, 2 middle, 4 right, as LabNode has them: 1 left, 2 right, 4 middle. */
const swapped = (state: number): number => (state & 1) | ((state & 2) << 1) | ((state & 4) >> 1);
/** QEMU's InputButton, as LabNode has them. */
const BUTTONS: Readonly<Record<string, number>> = { left: 1, right: 2, middle: 4, side: 8, extra: 16 };
/** Steps of the wheel that a press of these is. */
const WHEEL: Readonly<Record<string, number>> = { "wheel-up": -1, "wheel-down": 1 };

function counts(text: string, name: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (!(Math.abs(value) <= MOST_COUNTS))
    throw new MonitorError(`${name}: ${text} is no number from -${MOST_COUNTS} to ${MOST_COUNTS}`);
  return value;
}

/** A field of an event of a program. */
function field(of: unknown, name: string): unknown {
  const value = typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
  if (value === undefined) throw new MonitorError(`Parameter '${name}' is missing`);
  return value;
}

function refuse(name: string, value: unknown): never {
  throw new MonitorError(`Parameter '${name}' does not accept value '${String(value)}'`);
}

/** What an event does, once all of them are known to be right. */
function eventOf({ node, machine }: Session, event: unknown): () => void {
  const type = field(event, "type");
  const data = field(event, "data");
  if (type === "rel") {
    const [axis, value] = [field(data, "axis"), field(data, "value")];
    if (!Number.isInteger(value) || Math.abs(Number(value)) > MOST_COUNTS) refuse("value", value);
    if (axis === "x") return () => node.moveMouse(Number(value), 0);
    if (axis === "y") return () => node.moveMouse(0, Number(value));
    refuse("axis", axis);
  }
  const isDown = field(data, "down");
  if (typeof isDown !== "boolean") refuse("down", isDown);
  if (type === "btn") {
    const name = String(field(data, "button"));
    const [button, steps] = [BUTTONS[name], WHEEL[name]];
    if (steps !== undefined) return () => isDown && node.moveMouse(0, 0, steps);
    if (button === undefined) refuse("button", name);
    return () => {
      const { buttons } = machine.board.mouse;
      node.holdMouseButtons(isDown ? buttons | button : buttons & ~button);
    };
  }
  if (type !== "key") refuse("type", type);
  const key = field(data, "key");
  const named = field(key, "data");
  const code = typeof named === "string" ? keyCode(named) : extended(Number(named));
  if (code === null || Number.isNaN(code)) refuse("data", named);
  return () => node.key(code, isDown);
}

export const MOUSE_COMMANDS: readonly Command[] = [
  {
    human: {
      name: "mouse_button",
      takes: "button_state:i",
      parameters: "state",
      does: "change mouse button state (1=L, 2=M, 4=R)",
      run: ({ node }, values) => node.holdMouseButtons(swapped(Number(values.number("button_state")) & 7)),
    },
    program: {
      name: "input-send-event",
      takes: { events: "array" },
      run(session, values) {
        const doing = values.list("events").map((event) => eventOf(session, event));
        for (const act of doing) act();
        return {};
      },
    },
  },
  {
    human: {
      name: "mouse_move",
      takes: "dx_str:s,dy_str:s,dz_str:s?",
      parameters: "dx dy [dz]",
      does: "send mouse move events",
      run({ node }, values) {
        const wheel = counts(values.word("dz_str") ?? "0", "dz");
        // A step away from the person for what is positive, as in QEMU.
        node.moveMouse(counts(values.word("dx_str")!, "dx"), counts(values.word("dy_str")!, "dy"), -Math.sign(wheel));
      },
    },
  },
];
