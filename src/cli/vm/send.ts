/**
 * A file into a machine that runs: its shell fetches it from this host, and says by a hash that it has all of it,
 * before it gets its name there.
 */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, posix } from "node:path";
import { Readable } from "node:stream";
import { type Machine, MachineError } from "../../vm/host/home.ts";
import { folderName } from "../../vm/name.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { Context } from "./context.ts";
import { runIn } from "./wait.ts";

/** Where machines have this host's loopback: the cluster's gateway. */
const HOST = "10.0.2.2";
const TOKEN_BYTES = 8;

/** One file at a path that nobody can guess, at this host's loopback. */
class Offer {
  readonly #server: Server;
  readonly #token = randomBytes(TOKEN_BYTES).toString("hex");
  /** Of what was sent last. */
  digest = "";

  /** One that grows meanwhile is sent as long as it was. */
  constructor(file: string, size: number) {
    this.#server = createServer((request, response) => {
      if (request.url !== `/${this.#token}`) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "Content-Length": size });
      const hash = createHash("sha256");
      const source = size === 0 ? Readable.from([]) : createReadStream(file, { end: size - 1 });
      source.on("data", (piece: Buffer) => hash.update(piece));
      source.on("end", () => (this.digest = hash.digest("hex")));
      source.on("error", () => response.destroy());
      source.pipe(response);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, "127.0.0.1", ready));
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}/${this.#token}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** What the shell of a machine takes for one word as it is. */
const PLAIN = /^[\w./+@%,=:-]+$/;

/** Puts a file into a machine that runs; where it is then. */
export async function sendFile(context: Context, { key }: Machine, file: string, target: string): Promise<string> {
  const status = statSync(file);
  if (!status.isFile()) throw new CommandError(`${file}: it is no file, but a folder or a device`);
  const run = async (command: string): Promise<{ readonly status: number; readonly output: string }> =>
    (await runIn(context, key, command)).json as { status: number; output: string };
  const must = async (command: string): Promise<string> => {
    const { status, output } = await run(command);
    if (status === 0) return output;
    throw new MachineError(
      `${folderName(key)} has not taken ${file}: ${output.trim() || `${command}: status ${status}`}`,
    );
  };
  const named = posix.join(target, basename(file));
  for (const path of [target, named])
    if (!PLAIN.test(path))
      throw new UsageError(`cp: ${path}: while a machine runs, names have letters, digits and . _ - + @ % , = :`);
  const isDirectory = target.endsWith("/") || (await run(`test -d ${target}`)).status === 0;
  const path = isDirectory ? named : target;
  const aside = posix.join(posix.dirname(path), `.${randomBytes(4).toString("hex")}.part`);
  const offer = new Offer(file, status.size);
  try {
    await must(`wget ${await offer.open()} > ${aside}`);
    const [found] = (await must(`sha256sum ${aside}`)).split(" ");
    if (found !== offer.digest)
      throw new MachineError(`${folderName(key)} has got ${file} with the hash ${found}, and it has ${offer.digest}`);
    await must(`mv ${aside} ${path}`);
  } catch (error) {
    await run(`rm ${aside}`).catch(() => {});
    throw error;
  } finally {
    offer.close();
  }
  await must("sync");
  return path;
}
