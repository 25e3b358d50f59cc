/**
 * A kernel with a mounted volume moves from m1 to m2, while a script there writes files and synchronises each. Which
 * machine has the files after that is told in sentences, so that tests and the proof share it (docs/protocols/fork.md).
 */
import { format } from "../../src/disk/oofs/index.ts";
import { UNKNOWN_TIME } from "../../src/disk/oofs/layout.ts";
import { type LabCluster, type LabNode, type NodeOptions, SparseDisk } from "../../src/index.ts";
import { output, outputAmong } from "../system/output.ts";
import { PARTITION_LBA, partitioned, SECTOR_BYTES, volumeOn } from "../system/recording-disk.ts";
import { type MoveFrame, type MoveMark, MoveScene, type MoveTrouble } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";

/** A trouble at a frame, or the power of a machine goes before a write or a flush of its disk. */
export type DiskTrouble = MoveTrouble | "source cut" | "target cut";
/** What is written to the first sector of a volume, and the flush after that. */
export type Sector = "away" | "away flushed" | "superblock" | "superblock flushed";
export const DISK_TROUBLES: readonly DiskTrouble[] = [
  "target cut",
  "source cut",
  "target dies",
  "source dies",
  "lost",
  "doubled",
];

/** By the number of the machine. */
const CUTS: readonly DiskTrouble[] = ["source cut", "target cut"];
const SCRIPT = "/net/script";
const FILES = 30;
const MINE = "mine it is";
const THEIRS = "theirs it is";
const FOUND_WELL = "/net: no problem was found";
const AWAY = /in memory only: hda0: its files moved to another machine, /;
const PEERS = /^cloud: .* peers (\d+)\s*$/gm;
/** Of the sectors that were written and not flushed, so many are as before when the power goes. */
const LOST_PERCENT = 50;
const GONE = 1;
const KIND_AT = 22;

/** A disk of which no write arrives any more once its machine is to die. */
class Drive {
  /** Writes and flushes so far. */
  events = 0;
  isDead = false;
  /** Before which of them the machine dies, by its number or name. */
  diesAt: MoveFrame | Sector = Infinity;
  /** What was written to the first sector since the last flush. */
  #first: "away" | "superblock" | null = null;

  constructor(disk: SparseDisk, onDeath: () => void) {
    const pass = (name: string | null, act: () => void): void => {
      const number = this.events++;
      const isDue = typeof this.diesAt === "number" ? number >= this.diesAt : name === this.diesAt;
      if (isDue && !this.isDead) onDeath();
      if (this.isDead) throw new Error("the power is gone");
      act();
    };
    const write = disk.write.bind(disk);
    disk.write = (offset, bytes) => {
      const isFirst = offset === PARTITION_LBA * SECTOR_BYTES;
      if (isFirst) this.#first = Buffer.from(bytes.subarray(0, 8)).toString() === "OOFSAWAY" ? "away" : "superblock";
      pass(isFirst ? this.#first : null, () => write(offset, bytes));
    };
    disk.flush = () => {
      pass(this.#first && `${this.#first} flushed`, () => {});
      this.#first = null;
    };
  }
}

export interface DiskMoveMark extends MoveMark {
  readonly events: readonly number[];
}

/** How many there were of that which a trouble counts. */
export const countOf = ({ frames, events }: DiskMoveMark, trouble: DiskTrouble): number =>
  events[CUTS.indexOf(trouble)] ?? frames;

/** A disk with an empty volume. */
export function emptyVolume(id: number): SparseDisk {
  const content = partitioned();
  const disk = new SparseDisk(content.length, { content });
  format(volumeOn(disk), { id: BigInt(id), time: UNKNOWN_TIME });
  return disk;
}

/** Two members with files, one given up with them, and a third one that has none. */
export async function givenUpWithFiles(
  boot: (nodes: readonly NodeOptions[]) => LabCluster,
  cdrom: Uint8Array,
): Promise<LabCluster> {
  const nodes = NODES(cdrom).map((node, index) => {
    return index === 2 ? node : { ...node, disk: emptyVolume(index + 1) };
  });
  const lab = await joined(boot(nodes));
  const { source, target } = new MoveScene(lab);
  const lines = [`for i in ${Array.from({ length: FILES }, (_, n) => n + 1).join(" ")}`];
  lines.push("do echo content-$i > /net/f$i", "sync", "echo synchronised $i", "done");
  await output(source, `set greeting hello; echo ${MINE} > /net/mine`);
  await output(source, `echo '${lines.join("; ")}' > ${SCRIPT}; sync`);
  await output(target, `echo ${THEIRS} > /net/theirs; sync`);
  await lab.advance("6s");
  for (const node of [source, target]) node.loseUnflushed(LOST_PERCENT);
  await target.enter("cloud fork accept --erase", /^What moves here .*$/m);
  return lab;
}

export class DiskMoveScene {
  readonly lab: LabCluster;
  readonly scene: MoveScene;
  readonly drives: readonly Drive[];
  /** When the power went, the source had said GONE: both may have the files. */
  #wasBetween = false;
  /** How much a machine had said when its power went; what it says until it is taken away counts for nothing. */
  readonly #saidAlive = new Map<LabNode, number>();
  /** No machine dies. */
  #mustMove = true;

  constructor(lab: LabCluster) {
    this.lab = lab;
    this.scene = new MoveScene(lab);
    this.drives = [this.scene.source, this.scene.target].map(
      (node) => new Drive(node.disk as SparseDisk, () => this.scene.die(node)),
    );
    this.scene.onDeath = (node) => {
      this.drives[node.index]!.isDead = true;
      this.#saidAlive.set(node, node.console.text.length);
      this.#wasBetween = this.scene.handovers.some((frame) => frame[KIND_AT] === GONE);
    };
    // What its cache had not written is lost now.
    this.scene.takePower = (node) => {
      Object.assign(this.drives[node.index]!, { isDead: false, diesAt: Infinity });
      node.powerOff();
    };
  }

  /** Moves, with a trouble at a frame, or at a write, of this number. */
  async move(trouble: DiskTrouble = "none", at: MoveFrame | Sector = -1): Promise<void> {
    await this.begin(trouble, at);
    await this.finish(trouble, at);
  }

  async begin(trouble: DiskTrouble = "none", at: MoveFrame | Sector = -1): Promise<void> {
    const { source } = this.scene;
    source.type(`shell ${SCRIPT} &\n`);
    await source.waitFor(/^synchronised 1$/m);
    for (const drive of this.drives) drive.events = 0;
    this.#plan(trouble, at);
    this.scene.begin(...this.#troubleOfFrames(trouble, at));
  }

  /** How far it has come: the scene's, and writes and flushes of each drive. */
  get mark(): DiskMoveMark {
    return { ...this.scene.mark, events: this.drives.map(({ events }) => events) };
  }

  /** Goes on where another one was, on a cluster in its state. */
  resume(mark: DiskMoveMark, trouble: DiskTrouble, at: MoveFrame | Sector): void {
    this.drives.forEach((drive, index) => void (drive.events = mark.events[index]!));
    this.#plan(trouble, at);
    this.scene.resume(mark, ...this.#troubleOfFrames(trouble, at));
  }

  async finish(trouble: DiskTrouble, at: MoveFrame | Sector): Promise<void> {
    await this.scene.finish(...this.#troubleOfFrames(trouble, at));
    await this.lab.advance("1s");
  }

  #plan(trouble: DiskTrouble, at: MoveFrame | Sector): void {
    this.#mustMove = ["none", "lost", "doubled"].includes(trouble);
    const which = CUTS.indexOf(trouble);
    if (which >= 0) this.drives[which]!.diesAt = at;
  }

  #troubleOfFrames(trouble: DiskTrouble, at: MoveFrame | Sector): [MoveTrouble, MoveFrame] {
    return trouble === "source cut" || trouble === "target cut" ? ["none", -1] : [trouble, at as MoveFrame];
  }

  /** What is wrong, in sentences, once each machine is on and has come to an end with what it did. */
  async problems(): Promise<string[]> {
    const { scene, lab } = this;
    const { source, target, other } = scene;
    const found: string[] = [];
    for (const node of [source, target]) if (!node.isOff) await this.#endWait(node);
    scene.endWatch();
    const dead = lab.nodes.filter(({ isOff }) => isOff);
    for (const node of dead) node.powerOn();
    for (const node of lab.nodes) {
      if (!(await scene.answers(node))) found.push(`${node.name} does not answer`);
      if (/PANIC|page fault/.test(node.console.text)) found.push(`${node.name} has panicked`);
      if (/damaged/.test(scene.said(node))) found.push(`${node.name} says that something is damaged`);
    }
    if (found.length > 0) return found;
    const peers = ({ console }: LabNode): string | undefined => [...console.text.matchAll(PEERS)].at(-1)?.[1];
    try {
      const isWhole = (): boolean => lab.nodes.every((node) => peers(node) === `${lab.nodes.length - 1}`);
      await lab.until(isWhole, "not all are members again", { within: "90s" });
    } catch (error) {
      found.push((error as Error).message.slice(0, 200));
    }
    const having: LabNode[] = [];
    const living: string[] = [];
    for (const node of [source, target]) {
      const text = await outputAmong(node, "echo greeting $greeting; cat /net/mine /net/theirs /net/f*; fsck /net");
      if (/^greeting hello$/m.test(text)) living.push(node.name);
      const hasMine = text.includes(`${MINE}\n`);
      if (hasMine) having.push(node);
      if ((hasMine || text.includes(THEIRS)) && !text.includes(FOUND_WELL))
        found.push(`${node.name} has files, and not all is well: ${text.slice(0, 300)}`);
      if (hasMine) found.push(...this.#missing(node, text));
      else if (!text.includes(THEIRS) && !AWAY.test(scene.said(node)))
        found.push(`${node.name} has no files, and does not say that they are away`);
    }
    if (this.#mustMove && !(scene.moved && scene.hasArrived)) found.push("it has not moved");
    if (having.length === 0) found.push("nobody has the files");
    if (having.length === 2 && !this.#wasBetween) found.push("both have the files");
    if (living.length > 1) found.push(`it lives at ${living.join(" and ")}`);
    if (living.length === 0 && !dead.includes(source) && !dead.includes(target)) found.push("it lives nowhere");
    if (scene.hasStayed && !dead.includes(source) && !living.includes(source.name))
      found.push("it stayed, and is gone");
    if (other.console.text.includes("has the id")) found.push("two have one id");
    return found;
  }

  /** Files that were synchronised, and are not there. */
  #missing(node: LabNode, text: string): string[] {
    const { scene } = this;
    const lived = node === scene.source ? [node] : [scene.source, node];
    const said = lived.flatMap((one) => {
      const text = one.console.text.slice(0, this.#saidAlive.get(one));
      return [...text.matchAll(/^synchronised (\d+)$/gm)].map(([, n]) => n!);
    });
    return said.filter((n) => !text.includes(`content-${n}\n`)).map((n) => `${node.name} lacks file ${n}`);
  }

  /** A person ends what waits for a machine that is off. */
  async #endWait(node: LabNode): Promise<void> {
    const { scene, lab } = this;
    const isWaiting = (): boolean =>
      !/> $/.test(node.console.text) && (node === scene.source ? scene.moved !== null : !scene.hasArrived);
    for (let tries = 0; tries < 20 && isWaiting(); tries++) {
      node.type("\x03");
      await lab.advance("1s");
    }
  }
}
