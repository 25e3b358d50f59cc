/**
 * Sockets of this host at another one, by ssh: a machine at a libvirt elsewhere finds its disk, its console and the
 * cluster's Ethernet there, and nobody else does. They lie in a folder that is taken away when the connection ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Environment, MachineError } from "./home.ts";
import { ask } from "./program.ts";

const ANSWER_MS = 30_000;
const MOST_SAID = 4_096;
const MISSING = "ssh is not installed: install OpenSSH's client, or set uri=qemu:///system";

/** Another host, and how ssh finds it. */
export interface FarHost {
  readonly host: string;
  readonly options: readonly string[];
}

/** Null: the URI is one of this host. Throws a MachineError for what ssh does not lead to. */
export function farHostOf(uri: string): FarHost | null {
  const [, transport, authority, query] = /^\w+(?:\+(\w+))?:\/\/([^/?]*)[^?]*(?:\?(.*))?$/.exec(uri) ?? [];
  if (authority === "") return null;
  const [, user, host, port] = /^(?:(\w[\w.-]*)@)?(\w[\w.-]*)(?::(\d{1,5}))?$/.exec(authority ?? "") ?? [];
  if (transport !== "ssh" || host === undefined)
    throw new MachineError(`uri=${uri}: another host is named by qemu+ssh://[USER@]HOST[:PORT]/system`);
  const parameters = new URLSearchParams(query ?? "");
  const keyFile = parameters.get("keyfile");
  return {
    host,
    options: [
      ...["-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15"],
      ...(user === undefined ? [] : ["-l", user]),
      ...(port === undefined ? [] : ["-p", port]),
      ...(keyFile === null ? [] : ["-i", keyFile]),
      ...(parameters.get("no_verify") === "1" ? ["-o", "StrictHostKeyChecking=no"] : []),
    ],
  };
}

export class Tunnel {
  readonly #folder: string;
  readonly #child: ChildProcess;
  /** As whom ssh comes there. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Its end, with what ssh said. */
  readonly ended: Promise<string>;

  private constructor(folder: string, child: ChildProcess, user: Tunnel["user"], ended: Promise<string>) {
    this.#folder = folder;
    this.#child = child;
    this.user = user;
    this.ended = ended;
  }

  /** Has each of these sockets be at the other host, by its name. Rejects with a MachineError. */
  static async open(
    { host, options }: FarHost,
    sockets: Readonly<Record<string, string>>,
    env: Environment,
  ): Promise<Tunnel> {
    const told = await ask("ssh", [...options, "--", host, "mktemp -d /tmp/qure-vm.XXXXXXXX && id -u && id -g"], {
      ...{ env, withinMs: ANSWER_MS, missing: MISSING },
      reason: lastLine,
    });
    const [, folder, uid, gid] = /^(\/tmp\/qure-vm\.\w+)\n(\d+)\n(\d+)\n$/.exec(told) ?? [];
    if (folder === undefined) throw new MachineError(`ssh: ${host} says ${lastLine(told)}, and gives no folder`);
    const ways = Object.entries(sockets).flatMap(([name, path]) => ["-R", `${folder}/${name}:${path}`]);
    const child = spawn(
      "ssh",
      // Without a word from here, when this process is dead, it ends as well.
      [...options, "-o", "ExitOnForwardFailure=yes", ...ways, "--", host, `echo ready; cat; rm -rf ${folder}`],
      { stdio: ["pipe", "pipe", "pipe"], env: { ...env } },
    );
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      said = (said + piece).slice(-MOST_SAID);
    });
    child.stdin.on("error", () => {});
    const ended = new Promise<string>((done) => {
      child.once("error", (error) => done(error.message));
      child.once("close", () => done(lastLine(said) || `the connection to ${host} has ended`));
    });
    await Promise.race([
      new Promise<void>((done) => child.stdout.once("data", () => done())),
      ended.then((reason) => Promise.reject(new MachineError(`ssh: ${reason}`))),
    ]);
    return new Tunnel(folder, child, { uid: Number(uid), gid: Number(gid) }, ended);
  }

  /** Where a socket is there. */
  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

const lastLine = (text: string): string => text.trim().split(/\r?\n/).at(-1)!;
