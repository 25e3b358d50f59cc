/**
 * A machine's own screen on the terminal, for systems that are not QuRe: text in its colours, graphics as the terminal
 * can. Keys go to the PS/2 keyboard, and the terminal's mouse moves the PS/2 mouse while the guest listens to it.
 * Ctrl-] and a letter are for the emulator.
 */
import { KEYS } from "../../../emulator/devices/input/scancodes.ts";
import type { LabNode } from "../../lab/cluster.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { PICTURE_ROWS } from "./picture-ways.ts";
import { ScreenPainter } from "./screen-painter.ts";
import type { Terminal } from "./terminal.ts";
import { ASK_TERMINAL, LEAVE_MOUSE, type TerminalEvent, TRACK_MOUSE, takeEvent } from "./terminal-input.ts";

const CTRL_RIGHT_BRACKET = "\x1d";
const MENU =
  "Ctrl-] then: q quit, s screen or COM1, r reset, p power button, d Ctrl-Alt-Del, ] the key itself; anything else goes back";

/** Runs at the pace of real time until the person leaves or the machine is off. */
export async function watchScreen(
  lab: LabCluster,
  { stdin, stdout }: Terminal,
  interrupt: AbortController,
): Promise<void> {
  const node = lab.nodes[0]!;
  const screen = new WatchedScreen(node, stdout);
  const onData = (data: Uint8Array): void => screen.heedBytes(data);
  lab.realtime = true;
  stdin.setRawMode?.(true);
  stdin.on("data", onData);
  stdin.resume();
  screen.open();
  try {
    await lab.until(
      () => {
        screen.paint();
        return screen.left || node.isOff || interrupt.signal.aborted;
      },
      "",
      { within: "forever" },
    );
    screen.repaint();
  } finally {
    screen.silence();
    stdin.off("data", onData);
    stdin.setRawMode?.(false);
    stdin.pause();
    screen.close();
  }
}

/** What the terminal shows of the machine, and what becomes of keys and mouse. */
class WatchedScreen {
  readonly #node: LabNode;
  readonly #stdout: Terminal["stdout"];
  readonly #painter: ScreenPainter;
  /** The person has asked to leave. */
  left = false;
  /** Or COM1. */
  #showsScreen = true;
  #isCommand = false;
  #stopListening = (): void => {};
  /** The terminal tells of its mouse, which keeps a person from selecting text: only while a guest wants it. */
  #tracksMouse = false;
  #pointer: readonly [column: number, row: number] | null = null;
  readonly #commands: Readonly<Record<string, () => void>> = {
    q: () => void (this.left = true),
    r: () => this.#node.reset(),
    p: () => this.#node.machine.pressPowerButton(),
    d: () => {
      for (const down of [true, false])
        for (const key of [KEYS.control, KEYS.alt, KEYS.delete]) this.#node.machine.key(key, down);
    },
    s: () => this.#switchView(),
    "]": () => this.#give(CTRL_RIGHT_BRACKET),
  };

  constructor(node: LabNode, stdout: Terminal["stdout"]) {
    this.#node = node;
    this.#stdout = stdout;
    this.#painter = new ScreenPainter(node, stdout);
  }

  open(): void {
    this.#stdout.write(ASK_TERMINAL);
    this.#painter.clear();
  }

  close(): void {
    this.#painter.takePictureAway();
    const mouse = this.#tracksMouse ? LEAVE_MOUSE : "";
    this.#stdout.write(`${mouse}\x1b[0m\x1b[?25h\x1b[${PICTURE_ROWS + 1};1H\x1b[K\n`);
  }

  /** No more of COM1. */
  silence(): void {
    this.#stopListening();
    this.#stopListening = (): void => {};
  }

  paint(): void {
    const isWanted = this.#showsScreen && this.#node.machine.board.mouse.isReporting;
    if (isWanted !== this.#tracksMouse) {
      this.#tracksMouse = isWanted;
      this.#pointer = null;
      this.#stdout.write(isWanted ? TRACK_MOUSE : LEAVE_MOUSE);
    }
    if (this.#showsScreen) this.#painter.paint();
  }

  /** Paints all of it, changed or not. */
  repaint(): void {
    this.#painter.forget();
    this.paint();
  }

  heedBytes(data: Uint8Array): void {
    let text = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
    while (text !== "") {
      const [event, length] = takeEvent(text);
      // COM1 gets keys as the terminal sends them.
      const isKey = event.kind === "key" && (!this.#showsScreen || this.#isCommand);
      this.#heed(isKey ? { kind: "character", character: text[0]! } : event);
      text = text.slice(isKey ? 1 : length);
    }
  }

  #heed(event: TerminalEvent): void {
    if (event.kind === "mouse") this.#moveMouse(event);
    else if (event.kind === "cell") this.#painter.cell = event;
    else if (event.kind === "shows") {
      if (this.#painter.way !== "kitty") this.#painter.way = event.what;
    } else if (event.kind === "key") for (const down of [true, false]) this.#node.machine.key(event.key, down);
    else if (event.kind === "character") this.#heedCharacter(event.character);
  }

  #heedCharacter(character: string): void {
    if (this.#isCommand) {
      this.#isCommand = false;
      this.#painter.forget();
      this.#commands[character]?.();
    } else if (character === CTRL_RIGHT_BRACKET) {
      this.#isCommand = true;
      this.#stdout.write(`\x1b[${PICTURE_ROWS + 1};1H\x1b[0m${MENU}`);
    } else this.#give(character);
  }

  #give(text: string): void {
    if (!this.#showsScreen) this.#node.send(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    else this.#node.typeKeys(text);
  }

  #switchView(): void {
    const { console } = this.#node;
    this.#showsScreen = !this.#showsScreen;
    this.#painter.clear();
    this.silence();
    if (this.#showsScreen) return;
    this.#stdout.write(console.text.split("\n").slice(-PICTURE_ROWS).join("\r\n"));
    this.#stopListening = console.listen((bytes) => void this.#stdout.write(bytes));
  }

  #moveMouse({ column, row, wheel, button, isDown }: TerminalEvent & { readonly kind: "mouse" }): void {
    const node = this.#node;
    const { mouse } = node.machine.board;
    const [across, down] = this.#painter.pointsInCell;
    const [fromColumn, fromRow] = this.#pointer ?? [column, row];
    this.#pointer = [column, row];
    const [right, downwards] = [(column - fromColumn) * across, (row - fromRow) * down];
    if (right !== 0 || downwards !== 0 || wheel !== 0) node.moveMouse(Math.round(right), Math.round(downwards), wheel);
    if (isDown !== null) node.holdMouseButtons(isDown ? mouse.buttons | button : mouse.buttons & ~button);
  }
}
