/**
 * What an observer asks a cluster for: that a value be another one, or that a service address move. It proposes nothing
 * itself; a member does so for it, and answers (docs/protocols/cluster-values.md, "Asked for from outside").
 */
import { CHANGE, type CHANGED, MOVE } from "../wire/cluster-layout.ts";
import { type Packet, VALUE_BYTES } from "../wire/cluster-packet.ts";

/** What became of a change. */
export type Outcome =
  | { readonly result: "agreed" }
  /** The cluster said no, and why. */
  | { readonly result: "refused"; readonly why: string }
  /** Nobody said anything in time: what was waited for. It may come to count yet. */
  | { readonly result: "no answer"; readonly why: string };

/** A member, as it is asked. */
export interface Asked {
  readonly id: string;
  readonly session: string;
  /** The highest number of its packets that was heard. */
  readonly sequence: number;
  readonly valuesNumber: number;
  readonly valuesDigest: number;
}

/** What there is to say to a member, without the head. */
export type Ask =
  | Pick<Packet & { readonly kind: typeof CHANGE }, "kind" | "fields" | "tail">
  | Pick<Packet & { readonly kind: typeof MOVE }, "kind" | "fields" | "tail">;

/** The cluster as the observer hears it. */
export interface Heard {
  /** Who coordinates most of its members; null: nobody who is believed. */
  coordinator(): Asked | null;
  /** Who holds a service address. */
  holderOf(address: string): Asked | null;
  say(ask: Ask, to: Asked, request: number): void;
}

/** A proposal takes 4 s, and begins again where the coordinator died. */
const PATIENCE_MS = 8_000;
const AGAIN_MS = 500;
/** After an answer that says that nothing was proposed. */
const SOON_MS = 100;
const MOST_WAITING = 16;

const RESULTS: readonly ("agreed" | "again" | string)[] = [
  "agreed",
  "it is no value that a cluster can have",
  "the cluster's values have no room for it",
  "again",
  "again",
];
const FEW = 5;

interface Waiting {
  readonly ask: Ask;
  readonly whom: () => Asked | null;
  /** Whether it has come to be: not known by an answer. */
  readonly isDone: () => boolean;
  /** What is waited for, where somebody is there, and where nobody is. */
  readonly waitsFor: readonly [answer: string, somebody: string];
  readonly done: (outcome: Outcome) => void;
  untilMs: number | null;
  nextMs: number;
  /** Whom it was asked last, with what request and for which values. */
  last: Asked | null;
  request: number;
}

export class Changes {
  readonly #heard: Heard;
  readonly #waiting: Waiting[] = [];
  #requests = 0;

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  /** Asks for a value; null: that there be none of this name. Throws for what no cluster can have. */
  set(name: string, value: string | null, done: (outcome: Outcome) => void): void {
    if (!/^[\x21-\x7e]{1,31}$/.test(name))
      throw new RangeError(`${name}: a value's name has 1 to 31 printable characters without blanks`);
    if (value !== null && !/^[\x20-\x7e]{0,127}$/.test(value))
      throw new RangeError(`the value of ${name} has at most 127 printable characters of ASCII`);
    const text = new Uint8Array(VALUE_BYTES);
    text.set(Uint8Array.from(value ?? "", (letter) => letter.charCodeAt(0)));
    const fields = { removes: value === null ? 1 : 0, valueName: name, value: text };
    this.#add({
      ask: { kind: CHANGE, fields, tail: null },
      whom: () => this.#heard.coordinator(),
      isDone: () => false,
      waitsFor: ["its coordinator's answer", "a coordinator that has this host's key"],
      done,
    });
  }

  /** Asks that a node hold a service address. */
  move(address: string, target: string, done: (outcome: Outcome) => void): void {
    this.#add({
      ask: { kind: MOVE, fields: { target, address, unused: 0 }, tail: null },
      whom: () => this.#heard.holderOf(address),
      isDone: () => this.#heard.holderOf(address)?.id === target,
      waitsFor: [`that node to hold ${address}`, `somebody who holds ${address}`],
      done,
    });
  }

  #add(wanted: Pick<Waiting, "ask" | "whom" | "isDone" | "waitsFor" | "done">): void {
    if (this.#waiting.length >= MOST_WAITING) throw new RangeError(`${MOST_WAITING} changes are asked for already`);
    this.#waiting.push({ ...wanted, untilMs: null, nextMs: Number.NEGATIVE_INFINITY, last: null, request: 0 });
  }

  /** One after the other, as a member proposes one at a time. */
  tick(nowMs: number): void {
    const [first] = this.#waiting;
    if (!first) return;
    first.untilMs ??= nowMs + PATIENCE_MS;
    if (first.isDone()) this.#end({ result: "agreed" });
    else if (nowMs >= first.untilMs)
      this.#end({
        result: "no answer",
        why: `waited ${PATIENCE_MS / 1000} s for ${first.waitsFor[first.last ? 0 : 1]}`,
      });
    else if (nowMs >= first.nextMs) this.#ask(first, nowMs);
  }

  #ask(first: Waiting, nowMs: number): void {
    const whom = first.whom();
    if (whom === null) return;
    const { last } = first;
    // The same request is answered again, if the answer was lost; about other values, or of another, it is a new one.
    const isSame =
      last?.session === whom.session &&
      last.valuesNumber === whom.valuesNumber &&
      last.valuesDigest === whom.valuesDigest;
    if (!isSame || first.request === 0) first.request = ++this.#requests;
    first.last = whom;
    first.nextMs = nowMs + AGAIN_MS;
    this.#heard.say(first.ask, whom, first.request);
  }

  /** A believed member's answer to this observer. */
  answered({ head, fields }: Packet & { readonly kind: typeof CHANGED }, nowMs: number): void {
    const [first] = this.#waiting;
    if (first?.request !== head.request || first.last?.session !== head.session) return;
    const { result, answers, asked } = fields;
    const said = RESULTS[result];
    if (result === FEW)
      this.#end({
        result: "refused",
        why: `it is not changed, or not yet: of the ${asked} members that agreed last ${answers} answer`,
      });
    else if (said === "agreed") this.#end({ result: "agreed" });
    else if (said === "again") {
      first.request = 0;
      first.nextMs = nowMs + SOON_MS;
    } else this.#end({ result: "refused", why: said ?? `result ${result}` });
  }

  #end(outcome: Outcome): void {
    this.#waiting.shift()!.done(outcome);
  }
}
