/**
 * Volumes that processes of this host serve over NBD. Each listens at a second socket as well, where others ask it for
 * its state, to end, or for a snapshot: what it answers there is true, and what files say is not asked.
 */

import { createHash } from "node:crypto";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { makeOwnFolder } from "./folder.ts";
import { listenAt, socketFolder } from "./unix-socket.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface MapStatus {
  readonly volume: string;
  readonly uri: string;
  readonly pid: number;
  readonly isReadOnly: boolean;
}

/** Asked of whoever serves a volume. */
export type MapRequest =
  | { readonly verb: "status" | "stop" }
  | { readonly verb: "snapshot" | "clone"; readonly name: string };

const MOST_BYTES = 65_536;
const ANSWER_MS = 60_000;
const STATUS_MS = 3_000;

/** Sockets have short paths, so that is not where the volumes are. Of several machines on a host each has its own. */
function fileOf(env: Environment, place: string, volume: string, suffix: string): string {
  const asked = `${place}\n${env["QURE_MACHINE"] ?? ""}\n${volume}`;
  const name = createHash("sha256").update(asked).digest("hex").slice(0, 16);
  const folder = socketFolder(env, "qure-maps", `${name}.control`);
  makeOwnFolder(folder);
  return join(folder, `${name}.${suffix}`);
}

/** What whoever serves it in the background says. */
export const mapLog = (env: Environment, place: string, volume: string): string => fileOf(env, place, volume, "log");

export const nbdSocket = (env: Environment, place: string, volume: string): string => fileOf(env, place, volume, "nbd");

/** Answers others. The result ends it. */
export async function serveMap(
  env: Environment,
  place: string,
  volume: string,
  answer: (request: MapRequest) => Promise<unknown>,
): Promise<() => void> {
  const path = fileOf(env, place, volume, "control");
  const server: Server = createServer((socket) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece: string) => {
      text += piece;
      if (text.length > MOST_BYTES) socket.destroy();
      if (!text.includes("\n")) return;
      const line = text.slice(0, text.indexOf("\n"));
      text = "";
      void Promise.resolve()
        .then(() => answer(JSON.parse(line) as MapRequest))
        .then(
          (result) => socket.end(`${JSON.stringify({ result })}\n`),
          (error: Error) => socket.end(`${JSON.stringify({ error: error.message })}\n`),
        );
    });
  });
  const own = await listenAt(server, path, `${volume} is served on this host already`);
  return () => {
    own.remove();
    server.close();
  };
}

/** Null: nobody serves it. Throws what it answers as an error, and when it does not answer. */
export function askMap(env: Environment, place: string, volume: string, request: MapRequest): Promise<unknown> {
  return new Promise((done, fail) => {
    const socket = connect(fileOf(env, place, volume, "control"));
    const mute = (): void =>
      fail(new Error(`${volume}: whoever serves it does not answer: look for its process, and end it`));
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(request.verb === "status" ? STATUS_MS : ANSWER_MS, () => {
      socket.destroy();
      mute();
    });
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (piece: string) => (text += piece));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" || error.code === "ECONNREFUSED" ? done(null) : fail(error),
    );
    socket.on("close", () => {
      if (!text.includes("\n")) {
        mute();
        return;
      }
      const { result, error } = JSON.parse(text) as { result?: unknown; error?: string };
      if (error === undefined) done(result ?? true);
      else fail(new Error(error));
    });
  });
}
