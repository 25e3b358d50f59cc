/** The page's runs in Firefox are Node's, too. */
import { expect, test } from "vitest";
import { atLength } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { digestIn, emu, linkIn } from "./browser.ts";
import { withFirefox } from "./firefox.ts";

const LINKS = [
  { nodes: 3, jit: "on" },
  { nodes: 3, jit: "off" },
  { nodes: 10, jit: "on" },
];

test.for(rowsOf(LINKS, [0, 1]))(
  "$nodes machines, jit $jit: a link of the command line ends in Firefox at its digest",
  ({ nodes, jit }, context) =>
    withFirefox(context, async ({ open, evaluate, until }) => {
      const output = emu("--nodes", String(nodes), "--until", "cloud", "--link");
      await open(`?jit=${jit}#${linkIn(output)}`);
      await until("qure.checked !== null");
      expect(await evaluate("qure.checked")).toMatchObject({ isEqual: true, found: digestIn(output) });
      expect(await evaluate("qure.problem")).toBeNull();
    }),
);

atLength("time goes back in Firefox, and another future is begun", (context) =>
  withFirefox(context, async ({ open, evaluate, until }) => {
    await open("");
    await until("state.agreed");
    await evaluate(`qure.send({ kind: "runTo", timeNs: 5e9 })`);
    await until("!state.isRunning && state.nowNs === 5e9");
    const first = await evaluate(`qure.ask({ kind: "digest" })`);
    await evaluate(`qure.send({ kind: "seek", timeNs: 3e9 })`);
    await until("!state.isSeeking && state.nowNs === 3e9");
    await evaluate(`qure.send({ kind: "act", word: "unplug", node: 1, values: [] })`);
    await until("state.branches.length === 1");
    await evaluate(`qure.send({ kind: "switch", branch: 0 })`);
    await until("state.actions.length === 0 && !state.isSeeking");
    await evaluate(`qure.send({ kind: "seek", timeNs: 5e9 })`);
    await until("!state.isSeeking && state.nowNs === 5e9");
    expect(await evaluate(`qure.ask({ kind: "digest" })`)).toBe(first);
  }),
);
