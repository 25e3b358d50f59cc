/** A role, and connections to it that are memory: bytes arrive in other pieces than they were sent in. */
import { Patience } from "../../src/volume/patience.ts";
import { type Connect, openRemoteStore, type RemoteStore } from "../../src/volume/remote/client.ts";
import type { Link, LinkUser } from "../../src/volume/remote/frames.ts";
import { Role } from "../../src/volume/remote/server.ts";
import type { Store } from "../../src/volume/store.ts";
import { hostWithoutWaiting } from "./s3-stub.ts";

let instances = 0;

export class RoleInMemory {
  /** How long a piece is. */
  pieceBytes = 1000;
  /** How often the role asked a client to wait, and to go on. */
  readonly paused = { on: 0, off: 0 };
  readonly host = hostWithoutWaiting();
  #role: Role | null = null;
  readonly #cut = new Set<() => void>();

  constructor(store: Store) {
    this.start(store);
  }

  start(store: Store): void {
    this.#role = new Role(store, {
      name: "blocker",
      instance: `${++instances}`,
      mostRequests: 4,
      nowMs: () => 0,
      log: () => {},
      onStop: () => this.kill(),
    });
  }

  /** As `kill -9`: nothing more is answered, nor begun. */
  kill(): void {
    this.#role = null;
    this.cut();
  }

  /** Connections end; the role goes on. */
  cut(): void {
    for (const cut of [...this.#cut]) cut();
  }

  readonly connect: Connect = async (user) => {
    if (this.#role === null) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const role = this.#role;
    let isOpen = true;
    let server: LinkUser | null = null;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#cut.delete(end);
      user.closed("the connection ended");
      server?.closed("the connection ended");
    };
    const wire = (to: () => LinkUser | null): Link => {
      let line = Promise.resolve();
      return {
        send: (bytes) => {
          for (let at = 0; at < bytes.length; at += this.pieceBytes) {
            const piece = bytes.slice(at, at + this.pieceBytes);
            line = line.then(() => {
              if (isOpen) to()?.receive(piece);
            });
          }
        },
        pause: (isPaused) => this.paused[isPaused ? "on" : "off"]++,
        close: end,
      };
    };
    this.#cut.add(end);
    const link = wire(() => server);
    server = role.accept(wire(() => user));
    return link;
  };

  open(): Promise<RemoteStore> {
    return openRemoteStore("role blocker", this.connect, new Patience("role blocker", this.host, 20_000));
  }
}
