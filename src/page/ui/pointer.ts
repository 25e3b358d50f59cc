/**
 * The pointer over a machine's picture as its mouse: a click takes it, as in other emulators, and it is the machine's
 * until Escape. The page's own pointer is hidden and stands still meanwhile, so the mouse can go on for ever.
 */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** How often motion is told at most: each time becomes a part of the run, and of its link. */
const MOTION_MS = 30;
const MOST_COUNTS = 9999;
/** By `MouseEvent.button`, what `buttons` calls them. */
const BUTTONS = [1, 4, 2, 8, 16] as const;
/** What browsers say of one step of a wheel, by `WheelEvent.deltaMode`: in pixels, lines and pages. */
const WHEEL_STEP = [100, 3, 1] as const;

export interface PointerUse {
  readonly box: RefObject<HTMLElement | null>;
  /** Whether the machine wants a pointer at all. */
  readonly isWanted: boolean;
  readonly move: (right: number, down: number, wheel: number) => void;
  readonly hold: (buttons: number) => void;
}

/** Counts that whole steps are taken of; what is left counts the next time. */
class Counts {
  #right = 0;
  #down = 0;
  #wheel = 0;

  add(right: number, down: number, wheel: number): void {
    this.#right += right;
    this.#down += down;
    this.#wheel += wheel;
  }

  take(): readonly [right: number, down: number, wheel: number] | null {
    const whole = (value: number): number => Math.max(-MOST_COUNTS, Math.min(MOST_COUNTS, Math.trunc(value)));
    const taken = [whole(this.#right), whole(this.#down), whole(this.#wheel)] as const;
    if (taken.every((count) => count === 0)) return null;
    this.add(-taken[0], -taken[1], -taken[2]);
    return taken;
  }
}

/** A point of the screen's picture is a count of the mouse, however large the picture is on the page. */
function pointsInPixel(box: HTMLElement): number {
  const canvas = box.querySelector("canvas");
  if (!canvas || canvas.clientWidth === 0 || canvas.clientHeight === 0) return 1;
  const { width = canvas.width, height = canvas.height } = canvas.dataset;
  return Math.max(Number(width) / canvas.clientWidth, Number(height) / canvas.clientHeight);
}

/** Gives the pointer to a machine while it is held; true while it is. */
export function usePointer({ box, isWanted, move, hold }: PointerUse): boolean {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element || !isWanted) return;
    const counts = new Counts();
    let held = 0;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const isOurs = (): boolean => document.pointerLockElement === element;
    const tell = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      const taken = counts.take();
      if (taken) move(...taken);
    };
    const press = (buttons: number): void => {
      if (buttons === held) return;
      tell();
      held = buttons;
      hold(held);
    };
    const count = (right: number, down: number, wheel: number): void => {
      const points = pointsInPixel(element);
      counts.add(right * points, down * points, wheel);
      timer ??= setTimeout(tell, MOTION_MS);
    };
    const listeners = new AbortController();
    const { signal } = listeners;
    const listen = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      listener: (event: HTMLElementEventMap[Name]) => void,
    ): void => element.addEventListener(name, listener, { signal, passive: false });
    listen("mousemove", ({ movementX, movementY }) => {
      if (isOurs()) count(movementX, movementY, 0);
    });
    listen("mousedown", (event) => {
      if (isOurs()) {
        event.preventDefault();
        press(held | (BUTTONS[event.button] ?? 0));
      } else if (event.button === 0) {
        // Refused within a second after Escape, which a further click mends.
        Promise.resolve(element.requestPointerLock()).catch(() => {});
      }
    });
    listen("mouseup", ({ button }) => press(held & ~(BUTTONS[button] ?? 0)));
    listen("wheel", (event) => {
      if (!isOurs()) return;
      event.preventDefault();
      count(0, 0, event.deltaY / (WHEEL_STEP[event.deltaMode] ?? 1));
    });
    listen("contextmenu", (event) => {
      if (isOurs()) event.preventDefault();
    });
    document.addEventListener(
      "pointerlockchange",
      () => {
        setHeld(isOurs());
        if (isOurs()) element.focus();
        else press(0);
      },
      { signal },
    );
    return () => {
      listeners.abort();
      press(0);
      if (timer !== null) clearTimeout(timer);
      if (isOurs()) document.exitPointerLock();
      setHeld(false);
    };
    // `move` and `hold` are made anew each time the page is drawn, and mean the same machine.
  }, [isWanted]);
  return isHeld;
}
