/** Who comes to a place at which a run listens. */
import { connect, type Socket } from "node:net";

/** A client that says the next thing when the one before is answered. */
export class Client {
  readonly #socket: Socket;
  #heard = "";
  #wake = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#heard += data.toString("latin1");
      this.#wake();
    });
    socket.on("error", () => {});
  }

  /** Connects as soon as somebody listens. */
  static async at(where: () => string | null): Promise<Client> {
    for (let place = where(); ; place = where()) {
      if (place !== null) {
        const [, host, port] = /^([\d.]+):(\d+)$/.exec(place) ?? [];
        const socket = host === undefined ? connect(place) : connect(Number(port), host);
        return new Client(socket);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  say(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Goes. */
  close(): void {
    this.#socket.end();
  }

  /** All up to what matches. */
  async hear(pattern: RegExp): Promise<string> {
    for (let found = pattern.exec(this.#heard); ; found = pattern.exec(this.#heard)) {
      if (found) {
        const end = found.index + found[0].length;
        const text = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end);
        return text;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
