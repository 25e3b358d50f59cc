/**
 * A button that opens something above the page: the platform's popover, which a click elsewhere and Escape close, and
 * which gives the focus back to the button.
 */
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

const WIDTH = 340;
const EDGE = 8;

interface MenuProps {
  readonly label: string;
  /** Content, which may close the menu. */
  readonly children: (close: () => void) => ComponentChildren;
}

export function Menu({ label, children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const place = (): void => {
    const { right, bottom } = button.current!.getBoundingClientRect();
    const width = Math.min(WIDTH, innerWidth - 2 * EDGE);
    const left = Math.max(EDGE, Math.min(right - width, innerWidth - width - EDGE));
    const top = bottom + EDGE;
    Object.assign(box.current!.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      maxHeight: `${Math.max(120, innerHeight - top - EDGE)}px`,
    });
  };
  return (
    <div class="menu">
      <button ref={button} type="button" popoverTarget={id}>
        {label}
      </button>
      <div ref={box} id={id} popover="auto" class="popover" onBeforeToggle={place}>
        {children(() => box.current?.hidePopover())}
      </div>
    </div>
  );
}
