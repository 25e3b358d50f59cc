/**
 * A machine's own screen on the terminal, for systems that are not QuRe: text in its colours, graphics as the terminal
 * can. Keys go to the PS/2 keyboard, and the terminal's mouse moves the PS/2 mouse while the guest listens to it.
 * Ctrl-] and a letter are for the emulator.
 */
import { KEYS } from "../../../emulator/devices/scancodes.ts";
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
  const painter = new ScreenPainter(node, stdout);
  const { mouse } = node.machine.board;
  let showsScreen = true;
  let isCommand = false;
  let left = false;
  let silence = (): void => {};
  /** The terminal tells of its mouse, which keeps a person from selecting text: only while a guest wants it. */
  let tracksMouse = false;
  let pointer: readonly [column: number, row: number] | null = null;
  lab.realtime = true;

  const paint = (): void => {
    const isWanted = showsScreen && mouse.isReporting;
    if (isWanted !== tracksMouse) {
      tracksMouse = isWanted;
      pointer = null;
      stdout.write(isWanted ? TRACK_MOUSE : LEAVE_MOUSE);
    }
    if (showsScreen) painter.paint();
  };
  const commands: Readonly<Record<string, () => void>> = {
    q: () => void (left = true),
    r: () => node.reset(),
    p: () => node.machine.pressPowerButton(),
    d: () => {
      for (const down of [true, false])
        for (const key of [KEYS.control, KEYS.alt, KEYS.delete]) node.machine.key(key, down);
    },
    s: () => {
      showsScreen = !showsScreen;
      painter.clear();
      silence();
      silence = (): void => {};
      if (showsScreen) return;
      stdout.write(node.console.text.split("\n").slice(-PICTURE_ROWS).join("\r\n"));
      silence = node.console.listen((bytes) => void stdout.write(bytes));
    },
    "]": () => give(CTRL_RIGHT_BRACKET),
  };
  const give = (text: string): void => {
    if (!showsScreen) node.send(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    else node.typeKeys(text);
  };
  const moveMouse = ({ column, row, wheel, button, isDown }: TerminalEvent & { readonly kind: "mouse" }): void => {
    const [across, down] = painter.pointsInCell;
    const [fromColumn, fromRow] = pointer ?? [column, row];
    pointer = [column, row];
    const [right, downwards] = [(column - fromColumn) * across, (row - fromRow) * down];
    if (right !== 0 || downwards !== 0 || wheel !== 0) node.moveMouse(Math.round(right), Math.round(downwards), wheel);
    if (isDown !== null) node.holdMouseButtons(isDown ? mouse.buttons | button : mouse.buttons & ~button);
  };
  const heed = (event: TerminalEvent): void => {
    if (event.kind === "mouse") moveMouse(event);
    else if (event.kind === "cell") painter.cell = event;
    else if (event.kind === "shows") {
      if (painter.way !== "kitty") painter.way = event.what;
    } else if (event.kind === "key") for (const down of [true, false]) node.machine.key(event.key, down);
    else if (event.kind === "character") heedCharacter(event.character);
  };
  const heedCharacter = (character: string): void => {
    if (isCommand) {
      isCommand = false;
      painter.forget();
      commands[character]?.();
    } else if (character === CTRL_RIGHT_BRACKET) {
      isCommand = true;
      stdout.write(`\x1b[${PICTURE_ROWS + 1};1H\x1b[0m${MENU}`);
    } else give(character);
  };
  const onData = (data: Uint8Array): void => {
    let text = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
    while (text !== "") {
      const [event, length] = takeEvent(text);
      // COM1 gets keys as the terminal sends them.
      const isKey = event.kind === "key" && (!showsScreen || isCommand);
      heed(isKey ? { kind: "character", character: text[0]! } : event);
      text = text.slice(isKey ? 1 : length);
    }
  };
  stdin.setRawMode?.(true);
  stdin.on("data", onData);
  stdin.resume();
  stdout.write(ASK_TERMINAL);
  painter.clear();
  try {
    await lab.until(
      () => {
        paint();
        return left || node.isOff || interrupt.signal.aborted;
      },
      "",
      { within: "forever" },
    );
    painter.forget();
    paint();
  } finally {
    silence();
    painter.takePictureAway();
    stdin.off("data", onData);
    stdin.setRawMode?.(false);
    stdin.pause();
    stdout.write(`${tracksMouse ? LEAVE_MOUSE : ""}\x1b[0m\x1b[?25h\x1b[${PICTURE_ROWS + 1};1H\x1b[K\n`);
  }
}
