/**
 * QEMU's words for serial lines, the printer, the debug console and monitors: `-serial mon:stdio` shares the terminal
 * between both, `-chardev stdio,id=c,mux=on -serial chardev:c -mon chardev=c` says the same in three words, and
 * `-nographic` is `-serial stdio` where nobody says another one. Here a terminal is a serial line's or a monitor's, and
 * is the line's where it would be shared.
 */
import { UsageError } from "../fail.ts";

const CHARDEV = /^chardev:/;
/** Where QEMU keeps a monitor or a line in a window of its own, or nowhere. */
const NOWHERE = /^(?:none|null|vc(?::.*)?)$/;

/** QEMU's devices at the end of which a backend is. Wherever it has its debug console, ours is at E9h and at 402h. */
const LINE_DEVICES = new Map([
  ["isa-serial", "serial"],
  ["isa-parallel", "parallel"],
  ["isa-debugcon", "debugcon"],
] as const) as ReadonlyMap<string, "serial" | "parallel" | "debugcon">;

interface Backend {
  /** As `--serial` and `--monitor` name it. */
  readonly place: string;
  /** Shared by several. */
  readonly isShared: boolean;
}

/** `socket,id=c,host=127.0.0.1,port=4444,server=on,wait=off`. */
function socket(said: ReadonlyMap<string, string>): string {
  const path = said.get("path");
  const place = path === undefined ? `tcp:${said.get("host") ?? ""}:${said.get("port") ?? ""}` : `unix:${path}`;
  const isServer = said.has("server") && said.get("server") !== "off";
  const waits = !said.has("nowait") && said.get("wait") !== "off";
  return `${place}${isServer ? ",server" : ""}${waits ? "" : ",wait=off"}`;
}

function backend(text: string): [id: string, Backend] {
  const [kind = "", ...words] = text.split(",");
  const said = new Map(words.map((word) => [word.replace(/=.*/, ""), word.replace(/^[^=]*=?/, "")]));
  const place = { stdio: "stdio", null: "null", file: `file:${said.get("path") ?? ""}`, socket: socket(said) }[kind];
  if (place === undefined) throw new UsageError(`-chardev ${text}: there are stdio, null, file and socket`);
  return [said.get("id") ?? "", { place, isShared: said.get("mux") === "on" }];
}

export class QemuLines {
  readonly #backends: ReadonlyMap<string, Backend>;
  readonly #hasSerial: boolean;

  /** All words, for a line may be named before its backend. */
  constructor(given: readonly string[]) {
    const texts = given.flatMap((word, index) => (word === "-chardev" ? [given[index + 1] ?? ""] : []));
    this.#backends = new Map(texts.map(backend));
    this.#hasSerial = given.some((word) => /^--?serial$/.test(word));
  }

  #backend(id: string, word: string): Backend {
    const found = this.#backends.get(id);
    if (found === undefined) throw new UsageError(`${word}: there is no -chardev with id=${id}`);
    return found;
  }

  /** What stands for `-serial`, `-parallel` and `-debugcon`. */
  line(word: "serial" | "parallel" | "debugcon", text: string): readonly string[] {
    if (CHARDEV.test(text)) return [`--${word}`, this.#backend(text.replace(CHARDEV, ""), `-${word} ${text}`).place];
    const place = text.replace(/^mon:/, "");
    return [`--${word}`, NOWHERE.test(place) ? "null" : place];
  }

  /** What stands for `-device isa-serial,chardev=ID` and its like; null for devices that are no lines. */
  device(text: string): readonly string[] | null {
    const [model = "", ...properties] = text.split(",");
    const word = LINE_DEVICES.get(model);
    if (word === undefined) return null;
    const id = properties.find((property) => property.startsWith("chardev="))?.slice("chardev=".length);
    return this.line(word, `chardev:${id ?? ""}`);
  }

  /** What stands for `-nographic`. */
  noGraphic(): readonly string[] {
    return this.#hasSerial ? [] : ["--serial", "stdio"];
  }

  /** What stands for `-monitor`. */
  monitor(text: string): readonly string[] {
    if (NOWHERE.test(text)) return [];
    return [
      "--monitor",
      CHARDEV.test(text) ? this.#backend(text.replace(CHARDEV, ""), `-monitor ${text}`).place : text,
    ];
  }

  /** What stands for `-mon chardev=ID,mode=control`. */
  mon(text: string): readonly string[] {
    const id = /(?:^|,)chardev=([^,]*)/.exec(text)?.[1] ?? text.replace(/,.*/, "");
    const { place, isShared } = this.#backend(id, `-mon ${text}`);
    if (isShared || place === "null") return [];
    return [/(?:^|,)mode=control(?:,|$)/.test(text) ? "--qmp" : "--monitor", place];
  }
}
