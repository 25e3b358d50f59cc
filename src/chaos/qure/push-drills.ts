/**
 * What is pushed into machines while one of them loses its power, its cable or packets (docs/protocols/push.md): each
 * has what it had or all of it, and what it said that it has is there after a start.
 */
import type { Random } from "../../../emulator/state/random.ts";
import { assemble } from "../../assembler/assemble.ts";
import { sha256 } from "../../bytes/sha256.ts";
import { Observer } from "../../cloud/observer.ts";
import type { PushOutcome } from "../../cloud/pushes.ts";
import { FileSystemError } from "../../disk/oofs/index.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import { nodeId } from "../../wire/cluster.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Drill } from "../drill.ts";
import type { WireFrame, World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { type ClusterKey, keysOf } from "./keys.ts";
import { objectOn } from "./remembered.ts";
import { type DrillStep, staged } from "./staged.ts";

const MS = 1e6;
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x78);
const ADDRESS = "10.0.2.8";
/** The host has heard all members. */
const HEARD_NS = 8000 * MS;
/** A push, its trial, and a host that gives up after silence. */
const PUSH_NS = 25_000 * MS;
/** A machine has started, and is a member again. */
const STARTED_NS = 25_000 * MS;
const TYPED_NS = 8000 * MS;
/** The trouble begins within this, so before, in or after each step of a push, and lasts so long. */
const TROUBLE_WITHIN_MS = 1600;
/** All pieces have come some 100 ms after the beginning: half of the troubles begin before. */
const PIECES_MS = 50;
const TROUBLE_MS = [200, 2500] as const;
const LOST_PERCENT = 40;
/** Why it fails where pieces are put together wrong. */
const TORN = "its content is not what was announced";

/** The words of a trouble, and of its end. */
const TROUBLES = [
  { begins: ["cut"], ends: ["power"] },
  { begins: ["reset"], ends: [] },
  { begins: ["unplug"], ends: ["plug"] },
  { begins: ["lose", LOST_PERCENT], ends: ["heal"] },
  { begins: ["reorder", LOST_PERCENT, 5 * MS], ends: ["heal"] },
] as const;

interface Pushed {
  readonly name: string;
  readonly content: Uint8Array;
  /** What it prints, if it is a program. */
  readonly prints: string | null;
}

/** Where programs lie (asm/programs.ld), and what of the file is before the code (System V ABI, chapters 4 and 5). */
const [PROGRAM_AT, HEADERS_BYTES] = [0x08048000, 52 + 32];
const CODE_BYTES = 28;
/** That follow, so that a push has several pieces. */
const MORE_BYTES = 6000;

/** A program that prints a word: one segment, the system calls 2, write, and 0, exit (asm/system-calls.json). */
function programThat(word: string): Pushed {
  const text = new TextEncoder().encode(`${word}\n`);
  const content = new Uint8Array(HEADERS_BYTES + CODE_BYTES + text.length + MORE_BYTES);
  for (let at = 0; at < content.length; at++) content[at] = at;
  content.fill(0, 0, HEADERS_BYTES);
  const view = new DataView(content.buffer);
  const words = (at: number, ...values: readonly number[]): void =>
    values.forEach((value, index) => void view.setUint32(at + 4 * index, value, true));
  // ELF: 32 bits, an executable file for the 80386; entry, program headers, none of sections, sizes.
  words(0, 0x464c457f, 0x00010101, 0, 0, 0x00030002, 1, PROGRAM_AT + HEADERS_BYTES, 52, 0, 0, 52 | (32 << 16), 1);
  // All of the file, to be read and executed.
  words(52, 1, 0, PROGRAM_AT, PROGRAM_AT, content.length, content.length, 5, 0x1000);
  // mov eax, 2; mov ebx, 1; mov ecx, text; mov edx, its bytes; int 0x80; xor eax, eax; xor ebx, ebx; int 0x80
  [0xb8, 0xbb, 0xb9, 0xba].forEach((code, index) => void content.set([code], HEADERS_BYTES + 5 * index));
  [2, 1, PROGRAM_AT + HEADERS_BYTES + CODE_BYTES, text.length].forEach((value, index) =>
    view.setUint32(HEADERS_BYTES + 5 * index + 1, value, true),
  );
  content.set([0xcd, 0x80, 0x31, 0xc0, 0x31, 0xdb, 0xcd, 0x80], HEADERS_BYTES + 20);
  content.set(text, HEADERS_BYTES + CODE_BYTES);
  return { name: "drawn", content, prints: word };
}

/** A module that takes the place of a service that nothing in a campaign asks for, and does nothing. */
function moduleThat(number: number): Pushed {
  const source = `
    .intel_syntax noprefix
    .data
owner:  .long 0, 0, name, 0
never:  .long 0, ${number}
    .set    value, 0
    .rept   ${MORE_BYTES / 4}
    .long   value
    .set    value, value + 1
    .endr
    .section .rodata.str, "a", @progbits
name:   .asciz "mdns"
task:   .asciz "names"
text:   .asciz "kernel mdns\\nneed network\\nrestart always\\n"
    .section .parts, "a", @progbits
    .long   name, owner, task, main, 0, 0, text, 0, 0, 0
    .text
main:
    mov     eax, offset owner
    call    owner_join
1:  mov     eax, offset never
    or      edx, -1
    call    event_wait
    jmp     1b
`;
  const path = "drawn.s";
  const { object } = assemble({ path, files: { read: () => ({ path, bytes: new TextEncoder().encode(source) }) } });
  if (object === null) throw new Error("the module of a drill cannot be assembled");
  return { name: "mdns", content: object, prints: null };
}

/** A host with the cluster's key, at the gateway's port of the switch. */
class PushingHost {
  readonly observer: Observer;
  readonly #world: World;
  readonly #said: Uint8Array[] = [];

  constructor(world: World, { name, secret }: ClusterKey, random: Random) {
    this.#world = world;
    this.observer = new Observer({
      ...{ key: secret, name, station: { mac: MAC, address: ADDRESS } },
      session: Uint8Array.from({ length: 8 }, () => 1 + random.below(255)),
      send: (frame) => this.#said.push(frame),
      now: () => world.nowNs / MS,
    });
  }

  /** What machines send: it hears the whole switch. */
  frame({ cable, toSwitch, arrivalNs, bytes }: WireFrame): void {
    if (toSwitch && arrivalNs !== null && this.#world.nodes[cable]) this.observer.receive(bytes);
  }

  /** To be called at each look. */
  step(): void {
    const { network, gateway } = this.#world.lab.cluster;
    this.observer.tick();
    this.#world.heardStranger = true;
    for (const frame of this.#said.splice(0)) network.send(gateway, 0, frame);
  }

  hears(ids: readonly string[]): boolean {
    return ids.every((id) => this.observer.members.some((member) => member.id === id));
  }
}

/** What is pushed at nodes: the digest of an entry of the desired state (asm/include/pushed.inc), or null. */
function desired(world: World, layout: KernelLayout) {
  const of = (name: string): number => layout.constant(name);
  const find = (bytes: Uint8Array | null, name: string): string | null => {
    if (bytes === null) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let index = 0; index < view.getUint32(of("PUSHED_COUNT"), true); index++) {
      const at = of("PUSHED_ENTRIES") + index * of("DESIRED_SIZE");
      const end = bytes.indexOf(0, at);
      if (String.fromCharCode(...bytes.subarray(at, end)) === name)
        return packetHex(bytes, at + of("DESIRED_SHA256"), 4);
    }
    return null;
  };
  return {
    inMemory: (index: number, name: string): string | null =>
      find(world.nodes[index]!.memory.bytes(layout.address("pushed_state"), of("PUSHED_SIZE")), name),
    /** Undefined: the volume cannot be read. */
    onDisk: (index: number, name: string): string | null | undefined => {
      try {
        return find(objectOn(world.lab.nodes[index]!.disk!, "pushed_modules"), name);
      } catch (error) {
        if (error instanceof FileSystemError) return undefined;
        throw error;
      }
    },
  };
}

/** What one drill pushes, and how one of the machines is in trouble meanwhile. */
interface Drawn extends Pushed {
  readonly digest: string;
  readonly victim: number;
  readonly trouble: (typeof TROUBLES)[number];
  readonly troubleMs: number;
  readonly lastsMs: number;
  /** Loses its power when all is well. */
  readonly restarted: number;
}

function draw(random: Random, nodes: readonly number[]): Drawn {
  const number = random.below(1_000_000);
  const pushed = random.chance(50) ? programThat(`drawn${number}`) : moduleThat(number);
  return {
    ...pushed,
    digest: packetHex(sha256(pushed.content), 0, 4),
    victim: random.pick(nodes),
    trouble: random.pick(TROUBLES),
    troubleMs: random.below(random.chance(50) ? PIECES_MS : TROUBLE_WITHIN_MS),
    lastsMs: TROUBLE_MS[0] + random.below(TROUBLE_MS[1] - TROUBLE_MS[0]),
    restarted: random.pick(nodes),
  };
}

const action = (node: number, [word, ...values]: readonly [FaultAction["word"], ...number[]]): FaultAction => ({
  ...{ word, node, values },
});

/** The steps of a drill, and what they look at. */
class Pushing {
  readonly #world: World;
  readonly #drawn: Drawn;
  readonly #host: PushingHost;
  readonly #nodes: readonly number[];
  readonly #ids: readonly string[];
  readonly #desired: ReturnType<typeof desired>;
  readonly #wellNot: () => string | null;
  #outcomes: (PushOutcome | null)[] = [];

  constructor(world: World, layout: KernelLayout, wellNot: () => string | null, host: PushingHost, drawn: Drawn) {
    [this.#world, this.#drawn, this.#host, this.#wellNot] = [world, drawn, host, wellNot];
    this.#nodes = world.core;
    this.#ids = this.#nodes.map((index) => nodeId(world.lab.cluster.macAddresses[index]!));
    this.#desired = desired(world, layout);
  }

  #name(index: number): string {
    return this.#world.nodes[index]!.name;
  }

  #go = (): FaultAction[] => {
    this.#host.step();
    return [];
  };

  #ask(verb: "push" | "undo"): void {
    this.#outcomes = this.#nodes.map(() => null);
    const { pushes } = this.#host.observer;
    const { name, content } = this.#drawn;
    this.#ids.forEach((id, at) => {
      const done = (outcome: PushOutcome): void => {
        this.#outcomes[at] = outcome;
      };
      if (verb === "push") pushes.push(id, name, content, false, done);
      else pushes.undo(id, name, done);
    });
  }

  #unanswered(): string | null {
    const silent = this.#outcomes.indexOf(null);
    return silent < 0 ? null : `${this.#name(this.#nodes[silent]!)} does not say what became of a push`;
  }

  /** A sentence where a machine or its disk does not have this digest. */
  #isNot(index: number, wanted: string | null): string | null {
    const { name } = this.#drawn;
    const [has, keeps] = [this.#desired.inMemory(index, name), this.#desired.onDisk(index, name)];
    if (has === wanted && keeps === wanted) return null;
    return `${this.#name(index)} has ${has}, its disk ${keeps}, in the place of ${wanted}`;
  }

  #notAll(wanted: string | null): string | null {
    const index = this.#nodes.find((one) => this.#isNot(one, wanted) !== null);
    return index === undefined ? null : this.#isNot(index, wanted);
  }

  #notWell(): string | null {
    return this.#wellNot() ?? (this.#host.hears(this.#ids) ? null : "a host with the key does not hear all members");
  }

  heard(): DrillStep {
    return { withinNs: HEARD_NS, go: this.#go, missing: () => this.#notWell() };
  }

  /** It is pushed while one is in trouble. */
  troubled(): DrillStep {
    const { victim, trouble, troubleMs, lastsMs } = this.#drawn;
    let beganNs = Infinity;
    const left = [
      { atMs: troubleMs, words: trouble.begins },
      { atMs: troubleMs + lastsMs, words: trouble.ends },
    ];
    return {
      withinNs: PUSH_NS,
      begin: () => {
        beganNs = this.#world.nowNs;
        this.#ask("push");
        return this.#go();
      },
      go: () => {
        this.#go();
        if (left.length === 0 || this.#world.nowNs < beganNs + left[0]!.atMs * MS) return [];
        const { words } = left.shift()!;
        return words.length === 0 ? [] : [action(victim, words)];
      },
      wrong: () => {
        const torn = this.#outcomes.findIndex((outcome) => outcome?.result === "failed" && outcome.why === TORN);
        return torn < 0 ? null : `${this.#name(this.#nodes[torn]!)} has put a push together wrong`;
      },
      missing: () => this.#unanswered() ?? (left.length > 0 ? "the trouble is not over" : null),
    };
  }

  /** Once all is well again, what was done is there, and what was not is there or is not. */
  settled(): DrillStep {
    const missing = (): string | null => {
      const problem = this.#notWell();
      if (problem !== null) return problem;
      for (const [at, index] of this.#nodes.entries()) {
        const isFree = this.#outcomes[at]?.result !== "done" && this.#isNot(index, null) === null;
        const wrong = isFree ? null : this.#isNot(index, this.#drawn.digest);
        if (wrong !== null) return wrong;
      }
      return null;
    };
    return { withinNs: STARTED_NS, go: this.#go, missing };
  }

  /** All do as they are asked. */
  asked(verb: "push" | "undo"): DrillStep {
    return {
      withinNs: PUSH_NS,
      begin: () => {
        this.#ask(verb);
        return this.#go();
      },
      go: this.#go,
      wrong: () => {
        const at = this.#outcomes.findIndex((outcome) => outcome !== null && outcome.result !== "done");
        const outcome = this.#outcomes[at];
        if (!outcome || outcome.result === "done") return null;
        return `${this.#name(this.#nodes[at]!)} was asked for one ${verb}: ${outcome.why}`;
      },
      missing: () => this.#unanswered() ?? this.#notAll(verb === "push" ? this.#drawn.digest : null),
    };
  }

  /** One loses its power, and has it after the start. */
  restarts(): DrillStep {
    const { restarted, digest } = this.#drawn;
    let isOff = false;
    return {
      withinNs: STARTED_NS,
      begin: () => {
        isOff = true;
        this.#go();
        return [action(restarted, ["cut"])];
      },
      go: () => {
        this.#go();
        const actions = isOff ? [action(restarted, ["power"])] : [];
        isOff = false;
        return actions;
      },
      missing: () => (isOff ? `${this.#name(restarted)} is off` : (this.#notWell() ?? this.#notAll(digest))),
    };
  }

  /** A program is typed at all. */
  runs(): DrillStep {
    const { name, prints } = this.#drawn;
    const said = `\n${prints}`;
    const { nodes } = this.#world.lab;
    return {
      withinNs: TYPED_NS,
      begin: () => this.#nodes.map((node) => ({ word: "type", node, values: [`${name}\r`] })),
      go: this.#go,
      missing: () => {
        const silent = this.#nodes.find((index) => !nodes[index]!.console.text.includes(said));
        return silent === undefined ? null : `${this.#name(silent)} does not run what was pushed`;
      },
    };
  }
}

export function pushDrill(world: World, layout: KernelLayout, wellNot: () => string | null): Drill {
  const facts = factsOf(world, layout);
  const isAble = (index: number): boolean => facts.of(index).hasDisk && !world.nodes[index]!.diskWasBad;
  return {
    name: "push",
    rule: "what is pushed while one loses power, cable or packets is as before or whole; what was done outlasts a start",
    begin: (random) => {
      const [first] = world.core;
      const key = first === undefined ? null : keysOf(world, layout).whole(first);
      if (!key || !world.core.every(isAble)) return null;
      const host = new PushingHost(world, key, random);
      const drawn = draw(random, world.core);
      const pushing = new Pushing(world, layout, wellNot, host, drawn);
      const steps = [pushing.heard(), pushing.troubled(), pushing.settled(), pushing.asked("push"), pushing.restarts()];
      if (drawn.prints !== null) steps.push(pushing.runs());
      const trial = staged(world, [...steps, pushing.asked("undo")]);
      return { ...trial, frame: (frame) => host.frame(frame) };
    },
  };
}
