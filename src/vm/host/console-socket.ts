/** A Unix socket of the owner's that a machine of another process has for its console. */
import { createServer, type Server, type Socket } from "node:net";
import { listenAt, type OwnSocket } from "../../host/unix-socket.ts";

export class ConsoleSocket {
  readonly #server: Server;
  #place: OwnSocket | null = null;
  #machine: Socket | null = null;

  /** `heard` has what the machine says. Of several connections the last one counts. */
  constructor(heard: (bytes: Uint8Array) => void) {
    this.#server = createServer((socket) => {
      this.#machine?.destroy();
      this.#machine = socket;
      socket.on("data", heard);
      socket.on("error", () => socket.destroy());
    });
  }

  async listen(path: string): Promise<void> {
    this.#place = await listenAt(this.#server, path, `${path} is another machine's console`);
  }

  write(bytes: Uint8Array): void {
    this.#machine?.write(bytes);
  }

  close(): void {
    this.#machine?.destroy();
    this.#server.close();
    this.#place?.remove();
  }
}
