/** QEMU's machine protocol (QMP): lines of JSON over a Unix socket, one answer to each command. */
import { connect, type Socket } from "node:net";

const ANSWER_MS = 10_000;
const CONNECT_MS = 5_000;
const RETRY_MS = 10;

interface Waiting {
  readonly sinceMs: number;
  done(value: unknown): void;
  fail(error: Error): void;
}

export class Qmp {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #text = "";
  /** Hears of what happens: `SHUTDOWN`, `RESET`, `STOP`. */
  onEvent: (name: string, data: Readonly<Record<string, unknown>>) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (piece) => this.#take(String(piece)));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      for (const { fail } of this.#waiting.splice(0)) fail(new Error("QEMU has ended"));
    });
  }

  /** Waits until somebody listens at the path, for `withinMs`. */
  static async open(path: string, withinMs = CONNECT_MS): Promise<Qmp> {
    const qmp = new Qmp(await connectWithin(path, withinMs));
    try {
      await qmp.run("qmp_capabilities");
    } catch (error) {
      qmp.close();
      throw error;
    }
    return qmp;
  }

  #take(piece: string): void {
    this.#text += piece;
    const lines = this.#text.split("\n");
    this.#text = lines.pop()!;
    for (const line of lines) {
      if (line.trim() === "") continue;
      const message = JSON.parse(line) as {
        return?: unknown;
        error?: { desc: string };
        event?: string;
        data?: Readonly<Record<string, unknown>>;
      };
      if (message.event !== undefined) this.onEvent(message.event, message.data ?? {});
      else if (message.error) this.#waiting.shift()?.fail(new Error(`QEMU: ${message.error.desc}`));
      else if ("return" in message) this.#waiting.shift()?.done(message.return);
    }
  }

  run(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        // Its answer may come later, in its turn.
        fail(new Error(`QEMU does not answer ${command} within ${ANSWER_MS / 1000} s`));
      }, ANSWER_MS);
      this.#waiting.push({
        sinceMs: performance.now(),
        done: (value) => {
          clearTimeout(timer);
          done(value);
        },
        fail: (error) => {
          clearTimeout(timer);
          fail(error);
        },
      });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** For how long the oldest command has no answer; 0: each has. */
  get waitingMs(): number {
    const [oldest] = this.#waiting;
    return oldest ? performance.now() - oldest.sinceMs : 0;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A connection to a Unix socket, as soon as somebody listens there. */
export async function connectWithin(path: string, withinMs: number): Promise<Socket> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await new Promise<Socket>((done, fail) => {
        const socket = connect(path);
        socket.once("error", fail);
        socket.once("connect", () => {
          socket.off("error", fail);
          done(socket);
        });
      });
    } catch (error) {
      if (performance.now() >= untilMs) throw error;
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}
