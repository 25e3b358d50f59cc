/** Kernels and programs move to machines that have all that theirs has, and more; others say what they lack. */
import { expect } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images } from "../system/images.ts";
import { output } from "../system/output.ts";
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
