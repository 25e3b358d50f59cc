/** What a node that was put out gives up as soon as it knows, and takes up again once it is in again. */
import { describe, expect, test } from "vitest";
import { SERVICE, ServiceClient } from "../../bench/network/service-client.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { clusterStage } from "../chaos/images.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { agreed, withService } from "./cluster-service.ts";
import { outputAmong } from "./output.ts";

const TOLD = /^cluster: the key was replaced while this node was away, or it was put out/m;
const GIVEN_UP = /^cluster: 10\.0\.2\.250 is given up$/m;

interface Expelled {
  readonly lab: LabCluster;
  readonly client: ServiceClient;
  readonly holder: LabNode;
  readonly member: LabNode;
  readonly expelledMs: number;
}

/** Three members of which the one that holds the address is put out by another. */
async function expelled(before: (holder: LabNode) => Promise<unknown> = async () => {}): Promise<Expelled> {
  const lab = await withService(3);
  const client = new ServiceClient(lab);
  await lab.advance("500ms");
  const holder = client.holder();
  const member = lab.nodes.find((node) => node !== holder)!;
  await before(holder);
  await member.enter(`cloud expel ${holder.name}`, /^The cluster seed-1 has a new key\.$/m);
  return { lab, client, holder, member, expelledMs: lab.nowNs / 1e6 };
}

describe("who is put out while it holds a service address", () => {
  test("gives it up at once, and another member has it alone from then on", async () => {
    const { lab, client, holder, expelledMs } = await expelled();
    await holder.waitFor(TOLD, { within: "500ms" });
    await holder.waitFor(GIVEN_UP, { within: "50ms" });
    await lab.advance("5s");
    expect(client.answersPerQuestion(expelledMs + 1500)).toEqual(new Set([1]));
    expect(client.holder()).not.toBe(holder);
    expect(await outputAmong(holder, "cloud address")).toMatch(
      /^10\.0\.2\.250 mask \S+ held by nobody that is heard$/m,
    );
  });

  thoroughly(
    "does not claim it when nobody has it any more, nor after it has tried in vain to replace the key",
    async () => {
      const { lab, client, holder } = await expelled();
      await holder.waitFor(GIVEN_UP, { within: "1s" });
      for (const node of lab.nodes) if (node !== holder) node.powerOff();
      await lab.advance("5s");
      expect(client.silenceMs(lab.nowNs / 1e6 - 4000)).toBeGreaterThan(3900);
      expect(await outputAmong(holder, "cloud key rotate")).toContain("most of the members that agreed");
      await lab.advance("5s");
      expect(client.silenceMs(lab.nowNs / 1e6 - 4000)).toBeGreaterThan(3900);
    },
  );

  thoroughly("holds it again once it is in again", async () => {
    const { lab, client, holder, member } = await expelled();
    await lab.advance("3s");
    const [, code] = await member.enter("cloud invite", /cloud join (\S+)$/m);
    await holder.enter(`cloud join ${code}`, /This node has the key of the cluster seed-1 now/, { within: "10s" });
    await agreed(lab);
    await lab.advance("2s");
    await member.enter(`cloud address move ${SERVICE} ${holder.name}`, new RegExp(`held by ${holder.name}$`, "m"));
    expect(client.holder()).toBe(holder);
  });

  thoroughly("answers for the cluster's names no longer", async () => {
    const { lab, holder, member } = await expelled(async (node) => {
      await node.enter("cloud set dns.domain cloud.example", /^dns\.domain is set\.$/m);
      await node.enter("sleep 2; host cloud.example", /10\.0\.2\.250/);
    });
    await lab.advance("4s");
    expect(await outputAmong(holder, "dns")).not.toContain("cloud.example");
    expect(await outputAmong(member, "dns")).toContain("cloud.example");
  });
});

test("once whoever was put out is in again, no member with a disk takes that for an older copy", async () => {
  const stage = await clusterStage(3);
  stage.rewind();
  const [member, other, out] = stage.lab.nodes as unknown as readonly [LabNode, LabNode, LabNode];
  await member.enter("cloud expel qure-3", /^The cluster seed-1 has a new key\.$/m);
  const [, code] = await member.enter("cloud invite", /cloud join (\S+)$/m);
  await out.enter(`cloud join ${code}`, /This node has the key of the cluster seed-1 now/, { within: "10s" });
  await stage.lab.advance("1s");
  for (const { console } of [member, other, out]) expect(console.text).not.toContain("older copy");
  // Name, address, id, era, age.
  const seen = await outputAmong(other, "cloud");
  expect(seen.match(/^qure-\d +\S+ +\S+ +1 +1 /gm)).toHaveLength(3);
});
