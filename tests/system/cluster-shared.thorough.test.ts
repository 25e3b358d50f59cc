/** A service address that is shared: its holder hands each client to one of the members, which answers by itself. */
import { describe, expect, test } from "vitest";
import { SERVICE, ServiceClient } from "../../bench/network/service-client.ts";
import { echo, type Frame, filler, icmp, icmpBytes, ip, pieces, udp, udpDatagram } from "../guest/net/packet-wire.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { agreed, withService } from "./cluster-service.ts";
import { PROMPT } from "./images.ts";
import { clientsOf, type Served, SharedClients } from "./shared-clients.ts";

const SERVICE_MAC = "02:51:0a:00:02:fa";

/** Who serves whom, as one object to compare. */
const map = (served: ReadonlyMap<string, Served>): Record<string, string> =>
  Object.fromEntries([...served].map(([client, { by }]) => [client, by]));

/** The clients that a node serves. */
const clientsOfNode = (served: ReadonlyMap<string, Served>, name: string): string[] =>
  [...served].filter(([, { by }]) => by === name).map(([client]) => client);

describe("a shared address", () => {
  test("has its clients served by all nodes, each by one, and one that answers for it", async () => {
    const lab = await withService(3, SERVICE, " shared");
    const clients = new SharedClients(lab);
    expect(await clients.resolve()).toEqual([SERVICE_MAC]);
    const first = await clients.ask(clientsOf(12));
    expect(first.size).toBe(12);
    for (const node of lab.nodes) expect(clientsOfNode(first, node.name).length).toBeGreaterThan(0);
    expect(Math.max(...[...first.values()].map(({ tries }) => tries))).toBe(1);
    // Only the holder sends from the address's station; the others do from their own, so no switch learns a wrong way.
    const stations = new Map([...first.values()].map(({ by, from }) => [by, from]));
    expect([...stations.values()].filter((from) => from === SERVICE_MAC)).toHaveLength(1);
    expect(new Set(stations.values()).size).toBe(3);
  });

  thoroughly("has each client served by the node that it was served by before", async () => {
    const lab = await withService(3, SERVICE, " shared");
    const clients = new SharedClients(lab);
    await clients.resolve();
    const first = await clients.ask(clientsOf(100));
    for (const node of lab.nodes) expect(clientsOfNode(first, node.name).length).toBeGreaterThan(20);
    expect(map(await clients.ask(clientsOf(100)))).toEqual(map(first));
  });

  thoroughly("loses nobody else's clients when a member dies, and moves none back when it returns", async () => {
    const lab = await withService(5, SERVICE, " shared");
    const holder = new ServiceClient(lab).holder();
    const clients = new SharedClients(lab);
    await clients.resolve();
    const first = await clients.ask(clientsOf(60));
    const dead = lab.nodes.find((node) => node !== holder)!;
    const moved = clientsOfNode(first, dead.name);
    expect(moved.length).toBeGreaterThan(3);
    dead.powerOff();
    const second = await clients.ask(clientsOf(60), 5000);
    for (const [client, { by, tries }] of first) {
      if (by === dead.name) continue;
      expect([client, second.get(client)]).toEqual([client, { by, tries, from: first.get(client)!.from }]);
    }
    // Where they go depends on who they are: not all to one.
    expect(new Set(moved.map((client) => second.get(client)?.by)).size).toBeGreaterThan(1);
    dead.powerOn();
    await agreed(lab);
    await lab.advance("2s");
    // Those of the last minutes stay where they are; of new ones the node that came gets its part.
    const all = clientsOf(100);
    const third = await clients.ask(all);
    for (const [client, { by }] of second) expect([client, third.get(client)?.by]).toEqual([client, by]);
    expect(clientsOfNode(third, dead.name).length).toBeGreaterThan(1);
    expect(Math.max(...[...third.values()].map(({ tries }) => tries))).toBe(1);
  });

  thoroughly(
    "costs a client one try when its holder dies, and leaves the others' clients where they were",
    async () => {
      const lab = await withService(4, SERVICE, " shared");
      const neighbour = new ServiceClient(lab);
      const holder = neighbour.holder();
      const clients = new SharedClients(lab);
      await clients.resolve();
      const first = await clients.ask(clientsOf(60));
      const diedMs = lab.nowNs / 1e6;
      holder.powerOff();
      const second = await clients.ask(clientsOf(60));
      expect(second.size).toBe(60);
      expect(Math.max(...[...second.values()].map(({ tries }) => tries))).toBe(2);
      for (const [client, { by }] of first)
        if (by !== holder.name) expect([client, second.get(client)!.by]).toEqual([client, by]);
      await lab.advance("1s");
      expect(neighbour.holder()).not.toBe(holder);
      expect(neighbour.answersPerQuestion(diedMs + 500)).toEqual(new Set([1]));
      expect(await clients.resolve()).toEqual([SERVICE_MAC]);
    },
  );

  thoroughly("is served by the others while a member is stopped, and by one while it is not shared", async () => {
    const lab = await withService(3, SERVICE, " shared");
    const holder = new ServiceClient(lab).holder();
    const [stopped, other] = lab.nodes.filter((node) => node !== holder) as [typeof holder, typeof holder];
    await other.enter("cloud address", /^10\.0\.2\.250 mask 255\.255\.255\.0 shared by 3, held by /m);
    const clients = new SharedClients(lab);
    await clients.resolve();
    await stopped.enter("cloud stop", PROMPT);
    await lab.advance("500ms");
    const served = await clients.ask(clientsOf(30));
    expect(clientsOfNode(served, stopped.name)).toEqual([]);
    expect(Math.max(...[...served.values()].map(({ tries }) => tries))).toBe(1);
    await other.enter(`cloud address add ${SERVICE} 255.255.255.0 common`, /common is not the word shared/);
    await other.enter(`cloud address add ${SERVICE}`, PROMPT);
    await lab.advance("500ms");
    await other.enter("cloud address", /^10\.0\.2\.250 mask 255\.255\.255\.0 held by /m);
    const alone = await clients.ask(clientsOf(30));
    expect(new Set([...alone.values()].map(({ by }) => by))).toEqual(new Set([holder.name]));
  });
});

describeThoroughly("what is handed on", () => {
  test("goes one step, and only if it came for the address's own station", async () => {
    const lab = await withService(3, SERVICE, " shared");
    const holder = new ServiceClient(lab).holder();
    const member = lab.nodes.find((node) => node !== holder)!;
    const clients = new SharedClients(lab);
    const [mac] = await clients.resolve();
    expect(mac).toBe(SERVICE_MAC);
    const first = [...(await clients.ask(clientsOf(30))).values()];
    const counted = async (node: typeof holder): Promise<number> => {
      const [, count] = await node.enter("netstat -a", /(\d+) +ip +packets handed to who serves their sender/);
      return Number(count);
    };
    expect(await counted(holder)).toBeGreaterThan(30);
    // Who sends to a member itself is served by it, as at the address that is its own.
    clients.sendTo(first.find(({ by }) => by === member.name)!.from);
    const served = await clients.ask(clientsOf(30));
    expect(new Set([...served.values()].map(({ by }) => by))).toEqual(new Set([member.name]));
    expect(await counted(member)).toBe(0);
  });

  thoroughly("is nothing by a holder that has stood still, which counts it", async () => {
    const lab = await withService(3, SERVICE, " shared");
    const holder = new ServiceClient(lab).holder();
    const clients = new SharedClients(lab);
    await clients.resolve();
    holder.freeze("1s");
    const client = "10.0.2.130";
    expect(await clients.stations(client, [udp({ port: 9, data: filler(8) }, { from: client })])).toEqual([]);
    await lab.advance("1s");
    await holder.enter("netstat -a", /^ *1 {2}ip +packets for a shared address after a standstill$/m);
  });

  thoroughly(
    "are a client's datagrams and their pieces, and errors about what it was sent; no echo requests",
    async () => {
      const lab = await withService(3, SERVICE, " shared");
      const clients = new SharedClients(lab);
      await clients.resolve();
      const served = await clients.ask(clientsOf(12));
      for (const [client, { by, from }] of served) {
        const packet = { from: client };
        // Nobody listens there: who serves the client tells it so.
        expect([by, await clients.stations(client, [udp({ port: 9, data: filler(8) }, packet)])]).toEqual([by, [from]]);
        const whole = udpDatagram({ port: 9, data: filler(600) }, client, SERVICE);
        expect([by, await clients.stations(client, pieces(17, whole, 400, packet))]).toEqual([by, [from]]);
        expect(await clients.stations(client, [icmp(echo(1, 1, filler(8)), packet)])).toEqual([SERVICE_MAC]);
      }
      // A router says that less fits its way to a client: who serves that one hears it.
      const [client, { by }] = [...served].find(([, { from }]) => from !== SERVICE_MAC)!;
      const node = lab.nodes.find(({ name }) => name === by)!;
      const quoted = ip({ from: SERVICE, to: client, protocol: 17, payload: filler(8) });
      const tooLong: Frame = (station) =>
        icmp(icmpBytes(3, 4, [0, 0, 2, 200], quoted(station).subarray(14)), { from: "10.0.2.98" })(station);
      await clients.stations(client, [tooLong]);
      await node.enter("netstat -a", /^ *1 {2}icmp +errors received$/m);
    },
  );
});
