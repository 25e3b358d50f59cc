/**
 * A host's daemon: it starts machines that are to run, keeps a wanted number of them, resets those that their
 * cluster does not hear any more, and invites blank ones into a cluster whose key this host has. It owns nothing: what
 * it does, it asks the clusters' owners for, as people do.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { parseMac } from "../../../emulator/ether/packet.ts";
import { makeFolder, makeOwnFolder } from "../../host/folder.ts";
import { takeProcessLock } from "../../host/process-lock.ts";
import { nodeId } from "../../wire/cluster.ts";
import { Adoption, type Blank, type Named } from "../adoption.ts";
import { Care, type Seen } from "../care.ts";
import type { CloudStatus } from "../protocol.ts";
import { OwnerClient } from "./client.ts";
import { type Environment, Home, MachineError } from "./home.ts";

const LOOK_MS = 1_000;
const ASK_MS = 5_000;
const ELSEWHERE = 'it has no key, and no console here: type there what "qure cloud invite" prints';

export interface DaemonOptions {
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Told what it does, and what went wrong. */
  say(text: string): void;
  /** Makes machines, or takes them away, until a cluster has the number that is wanted of it; starts none. */
  scale(cluster: string): Promise<void>;
  /** Machines to be invited that were not made by `scale`. */
  readonly named: Named;
  /** Types the code of an invitation at a machine's console; what its shell said. Refuses one that has a key. */
  typeCode(cluster: string, key: string, code: string): Promise<string>;
}

interface Look {
  readonly seen: readonly Seen[];
  readonly blank: readonly Blank[];
  /** MAC addresses that a person has named, of blank machines without a console here. */
  readonly elsewhere: readonly string[];
}

export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { env, signal, say, scale, named } = options;
  makeFolder(Home.root(env), 0o700);
  const lock = Home.runFolder(env);
  makeOwnFolder(lock);
  const taken = takeProcessLock(`${lock}/daemon`);
  if (typeof taken !== "function") throw new MachineError(`process ${taken.pid} is this host's daemon already`);
  const care = new Care();
  const adoption = new Adoption();
  const troubles = new Troubles(say);
  try {
    say(`looks after ${Home.root(env)}`);
    while (!signal.aborted) {
      for (const cluster of Home.clusters(env))
        if (Home.of(cluster, env).wanted !== null) await troubles.of(`${cluster}: its number`, scale(cluster));
      const { seen, blank, elsewhere } = await look(options, troubles);
      for (const mac of named.cards) troubles.tell(mac, elsewhere.includes(mac) ? ELSEWHERE : null);
      // A boot and a shell that is busy take their time, in which the others are looked after.
      for (const key of adoption.look(performance.now(), blank))
        void adopt(options, key).finally(() => adoption.over(key));
      for (const { verb, key, why } of care.look(performance.now(), seen)) {
        say(`${key}: ${verb}, since ${why}`);
        await act(env, verb, key).catch((error: Error) => say(`${key}: ${error.message}`));
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    taken();
  }
}

/** What goes wrong at each look is said once, until it goes well or something else does. */
class Troubles {
  readonly #say: (text: string) => void;
  readonly #said = new Map<string, string>();

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  async of<Result>(what: string, work: Promise<Result>): Promise<Result | null> {
    try {
      const result = await work;
      this.tell(what, null);
      return result;
    } catch (error) {
      this.tell(what, (error as Error).message);
      return null;
    }
  }

  /** Null: it goes well. */
  tell(what: string, message: string | null): void {
    if (message === null) this.#said.delete(what);
    else {
      if (this.#said.get(what) !== message) this.#say(`${what}: ${message}`);
      this.#said.set(what, message);
    }
  }
}

async function look(options: DaemonOptions, troubles: Troubles): Promise<Look> {
  const looks: Look[] = [];
  for (const cluster of Home.clusters(options.env)) {
    const one = await troubles.of(cluster, lookAt(Home.of(cluster, options.env), options));
    if (one) looks.push(one);
  }
  return {
    seen: looks.flatMap(({ seen }) => seen),
    blank: looks.flatMap(({ blank }) => blank),
    elsewhere: looks.flatMap(({ elsewhere }) => elsewhere),
  };
}

async function lookAt(home: Home, { env, named }: DaemonOptions): Promise<Look> {
  const client = new OwnerClient(home, env);
  const machines = home.machines().filter(({ configuration }) => configuration !== null);
  const { owner, statuses } = await client.states(machines);
  const cloud = owner.kind === "here" ? ((await client.ask({ verb: "cloud" }, ASK_MS)) as CloudStatus | null) : null;
  const members = cloud && new Set(cloud.parts.flatMap((part) => part.members.map(({ id }) => id)));
  // Without a key that counts there is nothing to give.
  const open = new Set(cloud === null || cloud.isOutdated ? [] : cloud.blank);
  // Whoever wants fewer notes that before one goes off: that one is not started again.
  const scaled = machines.filter(({ configuration }) => configuration!.scaled).slice(0, home.wanted ?? 0);
  const seen = machines.map((machine) => ({
    key: `${home.cluster}/${machine.key}`,
    // What a dead owner has left is ended by the next one, which a start begins.
    state:
      owner.kind === "none" && statuses.get(machine.key)!.state === "no answer"
        ? "off"
        : statuses.get(machine.key)!.state,
    isWanted: machine.configuration!.autostart || scaled.includes(machine),
    isMember: members?.has(nodeOf(machine.configuration!.mac)) ?? null,
  }));
  const blank = machines.map(({ key, configuration }) => ({
    key: `${home.cluster}/${key}`,
    isOurs: configuration!.scaled || named.has(home.cluster, key, configuration!.mac),
    isBlank: statuses.get(key)!.state === "running" && open.has(nodeOf(configuration!.mac)),
  }));
  const own = machines.map(({ configuration }) => configuration!.mac);
  return { seen, blank, elsewhere: named.cards.filter((mac) => open.has(nodeOf(mac)) && !own.includes(mac)) };
}

/** Invites a machine. Whatever ends this, the machine is blank at the next look, or has the key. */
async function adopt({ env, say, typeCode }: DaemonOptions, name: string): Promise<void> {
  const [cluster = "", key = ""] = name.split("/");
  try {
    const client = new OwnerClient(Home.of(cluster, env), env);
    const invited = (await client.ask({ verb: "invite" }, ASK_MS)) as { readonly code: string } | null;
    if (invited === null) return;
    say(`${name}: invited, since it has no key`);
    say(`${name}: ${await typeCode(cluster, key, invited.code)}`);
  } catch (error) {
    say(`${name}: ${(error as Error).message}`);
  }
}

/** The id of a node by its network card. */
const nodeOf = (mac: string): string => nodeId(parseMac(mac));

async function act(env: Environment, verb: "start" | "reset", name: string): Promise<void> {
  const [cluster = "", key = ""] = name.split("/");
  const client = new OwnerClient(Home.of(cluster, env), env);
  if (verb === "start") await client.ensure();
  if ((await client.ask({ verb, key }, ASK_MS)) === null) throw new MachineError("its owner has ended meanwhile");
}
