/** Live screens: pictures of those that have changed, a few at a time, and their text for those who do not see. */
import type { LabCluster } from "../../lab/cluster.ts";
import type { Report } from "../protocol.ts";

/** As many pictures are made at once; the rest has its turn a moment later. */
const AT_ONCE = 4;
/** A graphics screen is made anew this often, in milliseconds. */
const GRAPHICS_MS = 120;
/** After pictures were made there are none for so many times as long: the machines have most of the worker's time. */
const REST = 5;

type Post = (report: Report, transfer?: Transferable[]) => void;

export class Screens {
  readonly #lab: LabCluster;
  readonly #post: Post;
  readonly #shown: string[];
  readonly #consoles: number[];
  #graphicsMs = 0;
  #next = 0;
  /** Until then there are no pictures. */
  #restUntilMs = 0;

  constructor(lab: LabCluster, post: Post) {
    this.#lab = lab;
    this.#post = post;
    this.#shown = lab.nodes.map(() => "");
    this.#consoles = lab.nodes.map(() => -1);
  }

  wentBack(): void {
    this.#shown.fill("");
    this.#consoles.fill(-1);
  }

  /** `all`: not only a few of them. */
  show(all: boolean): void {
    const startMs = performance.now();
    if (startMs < this.#restUntilMs && !all) return;
    const count = this.#lab.nodes.length;
    const isGraphicsDue = all || performance.now() - this.#graphicsMs > GRAPHICS_MS;
    if (isGraphicsDue) this.#graphicsMs = performance.now();
    let made = 0;
    for (let step = 0; step < count && (all || made < AT_ONCE); step++) {
      const index = (this.#next + step) % count;
      if (this.#showOne(index, isGraphicsDue)) made++;
      if (made === AT_ONCE && !all) this.#next = index + 1;
    }
    this.#restUntilMs = performance.now() + REST * (performance.now() - startMs);
    this.#lab.nodes.forEach(({ console }, index) => {
      if (console.length === this.#consoles[index]) return;
      this.#consoles[index] = console.length;
      this.#post({ kind: "console", node: index, text: console.text.slice(-8000) });
    });
  }

  #showOne(index: number, isGraphicsDue: boolean): boolean {
    const node = this.#lab.nodes[index]!;
    const screen = this.#lab.cluster.hosts[index]!.screen();
    const isText = screen.rows > 0;
    if (!isText && !isGraphicsDue && !node.isOff) return false;
    const { cursor, lines } = screen;
    const key = node.isOff ? "off" : isText ? `${cursor?.row},${cursor?.column}\n${lines.join("\n")}` : "";
    if (key !== "" && key === this.#shown[index]) return false;
    this.#shown[index] = key;
    const { width, height, rgba } = node.screenshot();
    // A picture is made anew each time: it may be given away.
    const given = new Uint8ClampedArray(rgba.buffer as ArrayBuffer, rgba.byteOffset, rgba.length);
    if (node.isOff) for (let at = 0; at < given.length; at++) given[at] = at % 4 === 3 ? 255 : 0;
    this.#post({ kind: "screen", node: index, width, height, rgba: given, text: node.isOff ? [] : lines }, [
      given.buffer,
    ]);
    return true;
  }
}
