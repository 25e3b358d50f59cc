/**
 * Who belongs to the cluster when coordinators die, cables come loose and packets are missed; and that nobody talks
 * more in a larger cluster.
 */
import { describe, expect, test } from "vitest";
import { ETHERTYPE_IPV4, get16, PROTOCOL_UDP, parseIpv4Packet, parseUdp } from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode, LabPlug } from "../../src/index.ts";
import { ClusterWire, ENTRY_BYTES, VIEW_BYTES } from "../guest/cluster/cluster-wire.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { isAtLength, isThorough, many, rowsOf } from "../setup/tier.ts";
import { members } from "./booted.ts";
import { CLOUD, inState, PROMPT } from "./images.ts";

const CLUSTER_PORT = 20818;
const [HELLO, VIEW] = [1, 2];
/** How many see one go. */
const FEW = many(3, 4);

/** Nodes that booted from CD and agree, and a plug that hears the group. */
async function cluster(count: number): Promise<{ lab: LabCluster; plug: LabPlug }> {
  const lab = await inState(String(count), async () => {
    const booted = await members(count);
    await agreed(booted, booted.nodes, 1);
    return booted;
  });
  return { lab, plug: lab.plug("listener") };
}

/** Waits until the nodes' last lines say that they are in this era and see each other, and nobody else. */
async function agreed(
  lab: LabCluster,
  nodes: readonly LabNode[],
  era: number,
  within: `${number}s` = "30s",
): Promise<void> {
  const isAgreed = (node: LabNode): boolean => {
    const match = CLOUD.exec(
      node.console.text
        .split("\n")
        .filter((line) => CLOUD.test(line))
        .at(-1) ?? "",
    );
    return match !== null && Number(match[3]) === era && Number(match[5]) === nodes.length - 1;
  };
  await lab.until(
    () => nodes.every(isAgreed),
    "the nodes did not agree",
    { within },
    () => nodes.map((node) => node.console.text.split("\n").slice(-4).join("\n")).join("\n---\n"),
  );
}

/** The cluster's packets that were heard, and the index of the node that sent each. */
function packets(
  lab: LabCluster,
  frames: readonly Uint8Array[],
): { sender: number; data: Uint8Array; toAll: boolean }[] {
  return frames.flatMap((frame) => {
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
    const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (datagram?.destinationPort !== CLUSTER_PORT) return [];
    const sender = lab.cluster.macAddresses.findIndex((address) =>
      address.every((byte, index) => byte === frame[6 + index]),
    );
    return [{ sender, data: datagram.data, toAll: (frame[0]! & 1) !== 0 }];
  });
}

/** The node whose views the group hears: exactly one. */
async function coordinator(lab: LabCluster, plug: LabPlug): Promise<LabNode> {
  const from = plug.received.length;
  await lab.advance("2s");
  const senders = new Set(
    packets(lab, plug.received.slice(from))
      .filter(({ data }) => data[5] === VIEW)
      .map(({ sender }) => sender),
  );
  expect(senders.size).toBe(1);
  return lab.nodes[[...senders][0]!]!;
}

thoroughly("a node that comes back is in the view for all within 100 ms of the answer that it gets", async () => {
  const { lab, plug } = await cluster(4);
  const first = await coordinator(lab, plug);
  const newcomer = lab.nodes.find((node) => node !== first)!;
  newcomer.powerOff();
  const others = lab.nodes.filter((node) => node !== newcomer);
  await agreed(lab, others, 1, "2s");
  await lab.advance("2s");
  const wire = new ClusterWire(lab);
  newcomer.powerOn();
  await agreed(lab, lab.nodes, 1);
  const mac = Buffer.from(lab.cluster.macAddresses[newcomer.index]!).toString("hex");
  const id = `${mac.slice(0, 6)}fffe${mac.slice(6)}`;
  const [NAMED, IN] = [5, 2];
  const told = (state: number): number =>
    wire.of(VIEW).find(({ data }) => {
      for (let entry = VIEW_BYTES; entry < data.length; entry += ENTRY_BYTES)
        if (Buffer.from(data.subarray(entry, entry + 8)).toString("hex") === id && data[entry + 17] === state)
          return true;
      return false;
    })!.atMs;
  expect(told(IN) - told(NAMED)).toBeLessThanOrEqual(100);
});

describe("a death", () => {
  test.each(
    rowsOf(
      [
        ["a member", false],
        ["the coordinator", true],
      ] as const,
      1,
    ),
  )("of %s is known to all within a second", async (_name, coordinates) => {
    const { lab, plug } = await cluster(FEW);
    const first = await coordinator(lab, plug);
    // At several moments of a beat.
    await lab.advance(coordinates ? "130ms" : "310ms");
    const victim = coordinates ? first : lab.nodes.find((node) => node !== first)!;
    victim.powerOff();
    await agreed(
      lab,
      lab.nodes.filter((node) => node !== victim),
      1,
      "1s",
    );
  });

  thoroughly("of two neighbours in the ring at once is known to all within two seconds", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    // In the order of their ids, which are those of their cards: the second watches the first.
    const members = lab.nodes
      .filter((node) => node !== first)
      .sort((a, b) => Buffer.compare(lab.cluster.macAddresses[a.index]!, lab.cluster.macAddresses[b.index]!));
    const dead = members.slice(0, 2);
    for (const node of dead) node.powerOff();
    await agreed(
      lab,
      lab.nodes.filter((node) => !dead.includes(node)),
      1,
      "2s",
    );
  });

  test.each(rowsOf([["a member"], ["the coordinator"]], 1))(
    "%s whose cable is out for a second sees that it is alone, and all meet again",
    async (who) => {
      const { lab, plug } = await cluster(FEW);
      const first = await coordinator(lab, plug);
      const node = who === "a member" ? lab.nodes.find((other) => other !== first)! : first;
      node.cut();
      await agreed(lab, [node], 1, "1s");
      node.connect();
      await agreed(lab, lab.nodes, 1, "2s");
    },
  );

  thoroughly("is not seen in a cable that was out for a tenth of a second", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    const node = lab.nodes.find((other) => other !== first)!;
    const from = node.console.text.length;
    node.cut();
    await lab.advance("100ms");
    node.connect();
    await lab.advance("3s");
    expect(node.console.text.slice(from)).not.toMatch(/peers/);
  });

  thoroughly("is not believed by a node that stood still itself", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    // From a view on, so that the others' patience outlasts it.
    const heard = plug.received.length;
    const isView = ({ data, toAll }: { data: Uint8Array; toAll: boolean }): boolean => toAll && data[5] === VIEW;
    await lab.until(() => packets(lab, plug.received.slice(heard)).some(isView), "no view was heard");
    const from = lab.nodes.map(({ console }) => console.text.length);
    first.freeze("750ms");
    await lab.advance("6s");
    for (const [index, node] of lab.nodes.entries()) expect(node.console.text.slice(from[index]!)).not.toMatch(/peers/);
  });

  thoroughly("is not seen where cables lose a tenth of their frames", async () => {
    const { lab } = await cluster(4);
    for (const index of lab.nodes.keys())
      for (const direction of ["in", "out"] as const)
        lab.cluster.setTrouble(index, direction, { ...lab.cluster.trouble(index, direction), lostPercent: 10 });
    const from = lab.nodes.map(({ console }) => console.text.length);
    await lab.advance(isAtLength ? "600s" : "60s");
    for (const [index, node] of lab.nodes.entries()) expect(node.console.text.slice(from[index]!)).not.toMatch(/peers/);
  });
});

describeThoroughly("a hello", () => {
  /** Which nodes send views in the time after one says hello. */
  async function answerers(lab: LabCluster, plug: LabPlug, asker: LabNode, time: `${number}ms`): Promise<Set<number>> {
    const from = plug.received.length;
    asker.type("cloud register\n");
    await lab.advance(time);
    const heard = packets(lab, plug.received.slice(from));
    const hello = heard.findIndex(({ sender, data }) => sender === asker.index && data[5] === HELLO);
    expect(hello).toBeGreaterThanOrEqual(0);
    const views = heard.slice(hello).filter(({ data }) => data[5] === VIEW);
    return new Set(views.map(({ sender }) => sender));
  }

  test("is answered by the first responder, who is the coordinator, and by nobody else", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    for (const asker of lab.nodes.filter((node) => node !== first))
      expect(await answerers(lab, plug, asker, "150ms")).toEqual(new Set([first.index]));
  });

  test("is answered by one of the others if that one fails, before its death is known", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    const others = lab.nodes.filter((node) => node !== first);
    first.powerOff();
    const answered = await answerers(lab, plug, others.at(-1)!, "600ms");
    expect(answered.size).toBe(1);
    expect(answered).not.toContain(first.index);
  });
});

describeThoroughly("the coordinator", () => {
  thoroughly("is followed by another when it loses power, and the era goes on", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    first.powerOff();
    const others = lab.nodes.filter((node) => node !== first);
    await agreed(lab, others, 1, "6s");
    expect(await coordinator(lab, plug)).not.toBe(first);
    first.powerOn();
    await first.waitFor(/^cloud: .* era 1 age 1 peers 3$/m, { within: "10s" });
    await agreed(lab, lab.nodes, 1);
    await coordinator(lab, plug);
  });

  test("that says bye is followed at once", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    first.type("cloud stop\n");
    const others = lab.nodes.filter((node) => node !== first);
    await agreed(lab, others, 1, "1s");
    const from = plug.received.length;
    expect(await coordinator(lab, plug)).not.toBe(first);
    // Not even the one that it watched does it ask whether it lives.
    expect(packets(lab, plug.received.slice(from)).filter(({ sender }) => sender === first.index)).toEqual([]);
    first.type("cloud start\n");
    await agreed(lab, lab.nodes, 1, "3s");
  });

  thoroughly("that was cut off meets its successor, and one of the two goes on", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    first.cut();
    await agreed(
      lab,
      lab.nodes.filter((node) => node !== first),
      1,
      "6s",
    );
    await agreed(lab, [first], 1, "10s");
    first.connect();
    await agreed(lab, lab.nodes, 1, "10s");
    await coordinator(lab, plug);
  });

  thoroughly("sends all of its view to a member that missed changes", async () => {
    const { lab, plug } = await cluster(4);
    const first = await coordinator(lab, plug);
    const [deaf, gone] = lab.nodes.filter((node) => node !== first) as [LabNode, LabNode];
    // Too short to be missed, long enough to miss a bye.
    deaf.cut();
    gone.type("cloud stop\n");
    await lab.advance("1s");
    deaf.connect();
    await agreed(
      lab,
      lab.nodes.filter((node) => node !== gone),
      1,
      "4s",
    );
  });
});

test.runIf(isThorough)("a settled cluster of twelve costs a node one packet a beat each way", async () => {
  const { lab, plug } = await cluster(12);
  const first = lab.nodes.indexOf(await coordinator(lab, plug));
  const from = plug.received.length;
  const before = lab.cluster.network.frames;
  await lab.advance("10s");
  const heard = packets(lab, plug.received.slice(from)).filter(({ toAll }) => toAll);
  expect(heard.every(({ sender }) => sender === first)).toBe(true);
  expect(heard.length).toBeLessThanOrEqual(26);
  // A view each beat passes 14 cables, and a report of each of the 11 others to the next one passes two; so does one of
  // each to the coordinator in 4.8 s.
  expect(lab.cluster.network.frames - before).toBeLessThanOrEqual(25 * (14 + 2 * 11) + 3 * 2 * 11 + 100);
  const table = lab.nodes[(first + 1) % 12]!;
  await table.enter("cloud", /11 other nodes are alive/);
  await table.waitFor(PROMPT);
  expect(table.console.text.match(/ member +\d\.\d s$/gm)).toHaveLength(11);
});
