/** A machine's screen in full size, with its keyboard and, of a foreign system, its mouse. */
import { useRef, useState } from "preact/hooks";
import { KEYS, keystrokeOf } from "../../../emulator/devices/input/scancodes.ts";
import type { NodeState } from "../protocol.ts";
import { usePointer } from "./pointer.ts";
import { Screen } from "./screen.tsx";
import type { Store } from "./store.ts";

/** Keys that type no character, by the names that browsers have for them. */
const NAMED: Readonly<Record<string, number>> = {
  Backspace: KEYS.backspace,
  Enter: KEYS.enter,
  ArrowUp: KEYS.up,
  ArrowDown: KEYS.down,
  ArrowLeft: KEYS.left,
  ArrowRight: KEYS.right,
  Home: KEYS.home,
  End: KEYS.end,
  PageUp: KEYS.pageUp,
  PageDown: KEYS.pageDown,
  Delete: KEYS.delete,
  F1: KEYS.f1,
  F2: KEYS.f2,
  F3: KEYS.f3,
  F4: KEYS.f4,
};
const RELEASED = 0x10000;

function hintOf(hasKeys: boolean, hasPointer: boolean, hasMouse: boolean): string {
  if (hasPointer) return "pointer and keys go to this machine; Esc leaves";
  if (hasKeys) return "keys go to this machine; Esc leaves";
  return hasMouse ? "click to type and to point" : "click to type";
}

export function Console({ store, node, index }: { store: Store; node: NodeState; index: number }) {
  const [hasKeys, setHasKeys] = useState(false);
  const [line, setLine] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const act = (word: string, ...values: readonly (number | string)[]): void =>
    store.send({ kind: "act", word, node: index, values });
  const hasMouse = store.state?.isForeign ?? false;
  const hasPointer = usePointer({
    box,
    isWanted: hasMouse,
    move: (right, down, wheel) => act("mouse", `${right}`, `${down}`, `${wheel}`),
    hold: (buttons) => act("buttons", buttons),
  });
  const onKey = (event: KeyboardEvent): void => {
    if (event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      document.exitPointerLock();
      box.current?.blur();
      return;
    }
    const named = NAMED[event.key];
    // Tab leads on to the next element, as everywhere in the page.
    if (event.key === "Tab") return;
    if (named !== undefined) {
      act("key", named);
      act("key", named + RELEASED);
    } else if (event.ctrlKey && /^[a-z]$/i.test(event.key)) {
      act("type", String.fromCharCode(event.key.toLowerCase().charCodeAt(0) - 96));
    } else if (event.key.length === 1 && keystrokeOf(event.key) !== null) act("keys", event.key);
    else return;
    event.preventDefault();
  };
  return (
    <section class="console" aria-label={`Console of ${node.name}`}>
      <div
        ref={box}
        class="keys"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the screen takes keys while it has the focus
        tabIndex={0}
        aria-label={`Keyboard of ${node.name}; Escape leaves it`}
        onKeyDown={onKey}
        onFocus={() => setHasKeys(true)}
        onBlur={() => setHasKeys(false)}
      >
        <Screen store={store} node={index} label={`screen of ${node.name}`} isLarge />
        <span class="hint" aria-hidden="true">
          {hintOf(hasKeys, hasPointer, hasMouse)}
        </span>
      </div>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault();
          act("type", `${line}\r`);
          setLine("");
        }}
      >
        <input
          type="text"
          aria-label={`A line for ${node.name}`}
          placeholder="a line to type, such as cloud or help"
          value={line}
          onInput={({ currentTarget }) => setLine(currentTarget.value)}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
        />
        <button type="submit">Enter</button>
      </form>
    </section>
  );
}
