/**
 * What an observer pushes into nodes: a module each, in pieces, and what became of it (docs/protocols/push.md). One
 * thing a node at a time, any number of nodes at once. Time comes in with `tick`, packets with `answered`.
 */
import { sha256 as sha256Of } from "../bytes/sha256.ts";
import { PIECE_BYTES, PUSH, type PUSHED } from "../wire/cluster-layout.ts";
import { isModuleName, MOST_MODULE_BYTES, type Packet, PUSH_VERBS, type PushedEntry } from "../wire/cluster-packet.ts";
import { packetHex } from "../wire/hex.ts";
import { text } from "../wire/record.ts";
import type { Asked } from "./changes.ts";

/** A module or a program that a node runs in the place of its image's own. */
export interface PushedModule {
  readonly name: string;
  /** The first eight digits of its SHA-256. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Of the kernel for which it was pushed. */
  readonly revision: number;
  readonly checksum: number;
  /** Seconds since 2000, by the node's clock. */
  readonly since: number;
  /** Other kernels take it too. */
  readonly isKept: boolean;
  /** An undo brings back another one, not the image's own. */
  readonly hasBefore: boolean;
  /** It is in /bin. */
  readonly isProgram: boolean;
}

/** What became of it. */
export type PushOutcome =
  /** `awayUs`: for how long the service was away, by the node; null: not known. `modules`: what is pushed there. */
  | { readonly result: "done"; readonly awayUs: number | null; readonly modules: readonly PushedModule[] }
  /** The node said no, and why. What was there before goes on. */
  | { readonly result: "failed"; readonly why: string }
  /** Nobody said anything in time. */
  | { readonly result: "no answer"; readonly why: string };

export type PushAsk = Pick<Packet & { readonly kind: typeof PUSH }, "kind" | "fields" | "tail">;

/** The cluster as the observer hears it. */
export interface PushTargets {
  /** A living member as it is asked; null: there is none of this id. */
  member(id: string): Asked | null;
  say(ask: PushAsk, to: Asked, request: number): void;
}

type Verb = "look" | "push" | "undo";
const STATES = ["idle", "receiving", "working", "done", "failed"] as const;

/** Pieces that are under way at once. */
const WINDOW_BYTES = 8 * PIECE_BYTES;
const AGAIN_MS = 200;
/** Without a word of the node. */
const PATIENCE_MS = 8_000;
const SHA256_BYTES = 32;

interface Job {
  readonly id: string;
  readonly verb: Verb;
  readonly name: string;
  readonly content: Uint8Array;
  readonly sha256: Uint8Array;
  readonly keeps: boolean;
  readonly done: (outcome: PushOutcome) => void;
  /** `asks`: for a fresh number. `begins`: until the node does. `sends`: pieces. `waits`: for what becomes of it. */
  phase: "asks" | "begins" | "sends" | "waits";
  session: string;
  request: number;
  /** What the node has, and what was sent. */
  received: number;
  sent: number;
  nextMs: number;
  untilMs: number | null;
}

const moduleOf = ({ name, flags, ...rest }: PushedEntry): PushedModule => ({
  ...rest,
  name: text(name),
  isKept: (flags & 1) !== 0,
  hasBefore: (flags & 2) !== 0,
  isProgram: (flags & 4) !== 0,
});

export class Pushes {
  readonly #targets: PushTargets;
  /** By the node's id. */
  readonly #jobs = new Map<string, Job>();
  #requests = 0;

  constructor(targets: PushTargets) {
    this.#targets = targets;
  }

  /** Asks what is pushed at a node. */
  look(id: string, done: (outcome: PushOutcome) => void): void {
    this.#add({ id, verb: "look", name: "", content: new Uint8Array(), keeps: false, done });
  }

  /** Throws a RangeError for what no node takes. */
  push(id: string, name: string, content: Uint8Array, keeps: boolean, done: (outcome: PushOutcome) => void): void {
    if (content.length === 0 || content.length > MOST_MODULE_BYTES)
      throw new RangeError(`a module has 1 to ${MOST_MODULE_BYTES} bytes, not ${content.length}`);
    this.#add({ id, verb: "push", name: checkedName(name), content, keeps, done });
  }

  /** Puts back what was there before the last push of a name. */
  undo(id: string, name: string, done: (outcome: PushOutcome) => void): void {
    this.#add({ id, verb: "undo", name: checkedName(name), content: new Uint8Array(), keeps: false, done });
  }

  #add(asked: Pick<Job, "id" | "verb" | "name" | "content" | "keeps" | "done">): void {
    if (this.#jobs.has(asked.id)) throw new RangeError(`something is pushed into node ${asked.id} already`);
    const sha256 = asked.verb === "push" ? sha256Of(asked.content) : new Uint8Array(SHA256_BYTES);
    const begun = { phase: "asks", session: "", received: 0, sent: 0, untilMs: null } as const;
    const nextMs = Number.NEGATIVE_INFINITY;
    this.#jobs.set(asked.id, { ...asked, ...begun, sha256, nextMs, request: ++this.#requests });
  }

  /** Says again what was not answered, and gives up at last. */
  tick(nowMs: number): void {
    for (const job of [...this.#jobs.values()]) {
      job.untilMs ??= nowMs + PATIENCE_MS;
      if (nowMs >= job.untilMs)
        this.#end(job, { result: "no answer", why: `the node said nothing for ${PATIENCE_MS / 1000} s` });
      else if (nowMs >= job.nextMs) this.#say(job, nowMs);
    }
  }

  /** A node's answer to this observer, which is believed. */
  answered({ head, fields, tail }: Packet & { readonly kind: typeof PUSHED }, nowMs: number): void {
    const job = this.#jobs.get(head.id);
    if (!job || head.request !== job.request) return;
    job.untilMs = nowMs + PATIENCE_MS;
    const modules = tail.map(moduleOf);
    if (job.phase === "asks") {
      if (job.verb === "look") return this.#end(job, { result: "done", awayUs: null, modules });
      job.phase = "begins";
      job.session = head.session;
      job.request = ++this.#requests;
      return this.#say(job, nowMs);
    }
    if (head.session !== job.session)
      return this.#end(job, { result: "failed", why: "the node has started anew meanwhile" });
    const state = STATES[fields.pushState] ?? "idle";
    const isOurs = packetHex(fields.about, 0, 8) === packetHex(job.sha256, 0, 8);
    const awayUs = isOurs && fields.awayUs > 0 ? fields.awayUs : null;
    if (isOurs && state === "done") this.#end(job, { result: "done", awayUs, modules });
    else if (isOurs && state === "failed") this.#end(job, { result: "failed", why: text(fields.reason) });
    else if (isOurs && state === "receiving") this.#taken(job, fields.received, nowMs);
    else if (isOurs && state === "working") {
      if (job.phase !== "waits") job.nextMs = nowMs + AGAIN_MS;
      job.phase = "waits";
    } else if (job.phase === "begins") this.#end(job, { result: "failed", why: "it is busy with another push" });
    else this.#forgotten(job, modules);
  }

  /** The node has more of the content than before. */
  #taken(job: Job, received: number, nowMs: number): void {
    if (job.phase === "sends" && received <= job.received) return;
    job.phase = "sends";
    job.received = received;
    job.sent = Math.max(job.sent, received);
    this.#send(job, nowMs);
  }

  /** The node knows nothing of it any more: the push may have replaced whoever would have answered. */
  #forgotten(job: Job, modules: readonly PushedModule[]): void {
    if (job.phase === "sends") return this.#end(job, { result: "failed", why: "another push took its place" });
    const digest = packetHex(job.sha256, 0, 4);
    const isThere = modules.some((one) => one.name === job.name && one.digest === digest);
    this.#end(
      job,
      job.verb === "push" && isThere
        ? { result: "done", awayUs: null, modules }
        : { result: "failed", why: "the node does not know any more what became of it" },
    );
  }

  #say(job: Job, nowMs: number): void {
    job.nextMs = nowMs + AGAIN_MS;
    if (job.phase === "sends") {
      job.sent = job.received;
      return this.#send(job, nowMs);
    }
    const { name, content, sha256, keeps, verb, phase } = job;
    if (phase === "begins" && verb !== "look") {
      const fields = { verb: verb === "undo" ? PUSH_VERBS.undo : PUSH_VERBS.begin, sha256, moduleName: name };
      this.#tell(job, { ...fields, number: content.length, keeps: Number(keeps) });
    } else
      this.#tell(job, {
        ...{ verb: PUSH_VERBS.ask, number: 0, keeps: 0, moduleName: "" },
        sha256: new Uint8Array(SHA256_BYTES),
      });
  }

  /** As many pieces as may be under way. */
  #send(job: Job, nowMs: number): void {
    job.nextMs = nowMs + AGAIN_MS;
    const { content, sha256 } = job;
    const end = Math.min(content.length, job.received + WINDOW_BYTES);
    for (; job.sent < end; job.sent += PIECE_BYTES) {
      const bytes = content.subarray(job.sent, job.sent + PIECE_BYTES);
      const piece = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
      piece.set(bytes);
      this.#tell(job, { verb: PUSH_VERBS.piece, sha256, number: job.sent, keeps: 0, moduleName: "" }, piece);
    }
  }

  #tell(job: Job, fields: PushAsk["fields"], tail = new Uint8Array()): void {
    const to = this.#targets.member(job.id);
    if (to) this.#targets.say({ kind: PUSH, fields, tail }, to, job.request);
  }

  #end(job: Job, outcome: PushOutcome): void {
    this.#jobs.delete(job.id);
    job.done(outcome);
  }
}

function checkedName(name: string): string {
  if (isModuleName(name)) return name;
  throw new RangeError(`${name}: a module that is pushed has a name of 1 to 12 letters, digits and -`);
}
