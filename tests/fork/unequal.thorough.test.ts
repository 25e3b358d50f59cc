/** Kernels and programs move to machines that have all that theirs has, and more; others say what they lack. */
import { expect } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images } from "../system/images.ts";
import { output } from "../system/output.ts";
import { emptyVolume } from "./migrate-disk-scene.ts";
import { MoveScene } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";

/** The second has more memory and a newer processor; the third one of these. */
const MACHINES = [
  { processor: "pentium3", ramBytes: 12 << 20 },
  { processor: "max", ramBytes: 24 << 20 },
  { processor: "max", ramBytes: 12 << 20 },
] as const;
const LINES = 150_000;
const PROCESSOR = "its processor lacks what this machine's has";
const DRIVES = "it has other drives: as many as this machine, of the same sizes, must be at the same places";
const DEVICES = "it is another kind of machine: devices must be the same";
const MEMORY = "it has too little free memory, or not all that this machine has";

thoroughly(
  "a kernel and a program move to a machine with more memory and a newer processor, and not back",
  async () => {
    const nodes = NODES(images().iso).map((node, index) => ({ ...node, ...MACHINES[index] }));
    const s = new MoveScene(await joined(boot({ nodes })));
    const { lab, source, target, other } = s;
    for (const [less, why] of [
      [source, PROCESSOR],
      [other, MEMORY],
    ] as const) {
      await less.enter("cloud fork accept", /^For a minute, .*$/m);
      expect(await output(target, `cloud migrate ${less === source ? "m1" : "m3"}`)).toContain(
        `: ${why}; this kernel goes on here\n`,
      );
      await less.waitFor(
        /^fork: a source has failed: it is refused, and its console says why; this machine goes on as it is$/m,
      );
      await output(less, "\x03");
    }
    target.type("counter 100 &\n");
    await target.waitFor(/^counter: 3$/m);
    expect(await output(target, "cloud job move counter m1")).toContain(`job: counter: ${PROCESSOR}\n`);
    // Memory is no matter for what fits.
    expect(await output(target, "cloud job move counter m3")).toMatch(/^counter goes on at m3: /m);
    source.type("counter 100 &\n");
    await source.waitFor(/^counter: 3$/m);
    expect(await output(source, "cloud job move counter m2")).toMatch(/^counter goes on at m2: /m);
    await output(target, "kill counter");
    await s.accept();
    await s.talk(LINES);
    await s.move();
    expect(s.hasArrived).toBe(true);
    expect(await s.problems(LINES)).toEqual([]);
    await lab.advance("2s");
    expect(await output(target, "counter 100 | head -1")).toMatch(/^counter: 1$/m);
  },
);

/** An empty volume on a disk with so many sectors behind it. */
function larger(id: number, sectors: number): SparseDisk {
  const disk = emptyVolume(id);
  const content = new Uint8Array(disk.sizeBytes);
  disk.read(0, content);
  return new SparseDisk(disk.sizeBytes + sectors * 512, { content });
}

thoroughly("what moves with files or makes a twin erases nothing where drives or cards are others", async () => {
  const [first, second] = NODES(images().iso);
  const others = [
    ["smaller", { disk: emptyVolume(2) }, DRIVES],
    ["larger", { disk: larger(3, 2) }, DRIVES],
    ["two", { disk: larger(4, 1), drives: [{ kind: "disk", medium: emptyVolume(5) }] }, DRIVES],
    ["none", {}, DRIVES],
    ["card", { disk: larger(6, 1), nic: "rtl8139" }, DEVICES],
  ] as const;
  const nodes = [
    { ...first!, disk: larger(1, 1) },
    ...others.map(([hostName, parts]) => ({ ...second!, ...parts, hostName })),
  ];
  const { nodes: machines } = await joined(boot({ nodes }));
  const source = machines[0]!;
  await output(source, "echo of the source > /net/mine");
  for (const [index, [name, , why]] of others.entries()) {
    const target = machines[index + 1]!;
    await output(target, "echo theirs > /net/theirs; sync");
    for (const command of ["fork", "migrate"]) {
      await target.enter("cloud fork accept --erase", /^What moves here .*$/m);
      expect(await output(source, `cloud ${command} ${name}`)).toContain(
        `${command}: ${name}: ${why}; this kernel goes`,
      );
      target.type("\x03");
      await target.waitFor(/> $/);
    }
    if (name !== "none")
      expect(await output(target, "cat /net/theirs; fsck /net")).toBe("theirs\n/net: no problem was found\n");
  }
  expect(await output(source, "cat /net/mine")).toBe("of the source\n");
});
