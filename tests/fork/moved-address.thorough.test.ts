/** Two machines with one address: a kernel moved with it, and slept while its old machine asked for it again. */
import { afterEach, expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { boot, images, inState } from "../system/images.ts";
import { MoveScene } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";

const ADDRESS = /^eth0: address (\S+)\/24 by DHCP$/gm;

async function givenUp(): Promise<MoveScene> {
  const lab = await inState("three members with a key, one given up", async () => {
    const made = new MoveScene(await joined(boot({ nodes: NODES(images().iso) })));
    await made.accept();
    return made.lab;
  });
  return new MoveScene(lab);
}

let scene: MoveScene;
afterEach(() => scene.endWatch());

/** What a node has said of its cluster last. */
const lastOf = ({ console }: LabNode): string =>
  [...console.text.matchAll(/^cloud: \S+ \S+ (era \d+ age \d+ peers \d+)\s*$/gm)].at(-1)?.[1] ?? "";

test.each([3, 2])(
  "of two with the address that moved, the machine that started again takes another: %i machines",
  async (count) => {
    scene = await givenUp();
    const { lab, source, target, other } = scene;
    if (count === 2) other.powerOff();
    const nodes = lab.nodes.filter((node) => !node.isOff);
    const moved = scene.addressOf(source);
    await scene.move();
    expect(scene.hasArrived).toBe(true);
    await target.waitFor(/^cloud: m1 \S+ era \d+ age \d+ peers \d\s*$/m, { within: "20s" });
    target.freeze("8s");
    const had = (): string[] => [...source.console.text.matchAll(ADDRESS)].map(([, address]) => address!);
    await lab.until(() => had().length === 2, "the source has not started again", { within: "20s" });
    expect(had()[1]).toBe(moved);
    await lab.until(() => had().length === 3, "it keeps the address", { within: "40s" });
    expect(had()[2]).not.toBe(moved);
    await lab.advance("3s");
    const seen = nodes.map(({ console }) => console.text.length);
    await lab.advance("5s");
    for (const [at, node] of nodes.entries()) {
      expect(lastOf(node)).toMatch(new RegExp(`peers ${count - 1}$`));
      expect(node.console.text.slice(seen[at])).not.toMatch(/peers|address/);
    }
    expect(scene.addressOf(target)).toBe(moved);
  },
);
