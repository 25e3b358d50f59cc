/**
 * The zone that a member makes of what its cluster knows (docs/protocols/dns.md, "The cluster's domain"), with members
 * and values as they come over the wire.
 */
import { describe, expect, test } from "vitest";
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { addressOf, founded, HIGH, HIGHEST, LOW, nowMs, report, type Scene, SELF } from "./agreement-scene.ts";
import { regionDigest, VIEW } from "./cluster-wire.ts";
import { ask } from "./dig.ts";
import { nameBytes, readMessage, TYPES } from "./dns-wire.ts";
import { PacketScene } from "./packet-wire.ts";
import { regionOf, VALUES } from "./values-scene.ts";

const BUSY = 128;
const DISKLESS = 1;
const LOOK_MS = 1000;

interface Member {
  readonly id: string;
  readonly name: string;
  readonly flags?: number;
}

const ALPHA: Member = { id: LOW, name: "alpha" };
const BETA: Member = { id: HIGH, name: "beta" };

class Names {
  readonly s: Scene;
  #region = regionOf({});
  #number = 0;
  constructor(s: Scene) {
    this.s = s;
  }

  /** These members live for so long, and know the values. */
  async live(members: readonly Member[], ms = LOOK_MS + 200): Promise<void> {
    const values = { number: this.#number, digest: regionDigest(this.#region) };
    for (let left = ms; left > 0; left -= 200) {
      for (const { id, name, flags = 0 } of members)
        this.s.wire.say({ ...report(id, 1, SELF), name, flags: flags | DISKLESS, values });
      await this.s.lab.advance("200ms");
    }
  }

  /** A member tells these values. */
  async set(values: Readonly<Record<string, string>>, { id, name }: Member = ALPHA): Promise<void> {
    this.#region = regionOf(values);
    this.#number++;
    const told = { number: this.#number, digest: regionDigest(this.#region) };
    this.s.wire.say({ ...report(id, 1, SELF), name, flags: DISKLESS, kind: VALUES, rest: this.#region, values: told });
    await this.s.lab.advance("20ms");
  }

  /** The node's records as it shows them. */
  async records(): Promise<string[]> {
    return (await outputAmong(this.s.node, "dns")).replace(/ +/g, " ").trim().split("\n");
  }

  /** The names of records, and their addresses. */
  async addresses(): Promise<string[]> {
    return (await this.records()).flatMap((row) => /^(\S+) 5 A (\S+)$/.exec(row)?.slice(1, 3).join(" ") ?? []);
  }
}

async function scene(members: readonly Member[] = [ALPHA, BETA]): Promise<Names> {
  const names = new Names(await founded());
  await names.s.node.waitFor(PROMPT);
  await names.live(members, 400);
  return names;
}

/** What the node answers about a name: its records. */
async function answered(peer: PacketScene, name: string, type: number): Promise<readonly string[] | null> {
  const question = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...nameBytes(name), 0, type, 0, 1];
  const message = await ask(peer, Uint8Array.from(question));
  return message && readMessage(message).sections[1]!;
}

const DOMAIN = { "dns.domain": "cloud.example" };
const [NODE_AT, ALPHA_AT, BETA_AT] = ["10.0.2.15", "10.0.2.97", "10.0.2.99"];
const both = (name: string, address: string): string[] => [
  `${name}.cloud.example 5 A ${address}`,
  `*.${name}.cloud.example 5 A ${address}`,
];
const srv = (name: string): string => `${name}.cloud.example 5 SRV`;

describe("the zone", () => {
  thoroughly("holds the domain, each member and what is below it, and each service on its members", async () => {
    const n = await scene();
    await n.set({ ...DOMAIN, "service.www": "tcp 80", "service.db.shop.far": "udp 5432 beta qure-1" });
    await n.live([ALPHA, BETA]);
    const service = (name: string, record: string, address: string): string[] => [...both(name, address), srv(record)];
    expect(await n.records()).toEqual([
      "cloud.example 5 NS",
      "cloud.example 5 SOA",
      ...[...both("qure-1", NODE_AT!), ...both("alpha", ALPHA_AT!), ...both("beta", BETA_AT!)],
      ...[NODE_AT, ALPHA_AT, BETA_AT].map((address) => `cloud.example 5 A ${address}`),
      ...[NODE_AT, ALPHA_AT, BETA_AT].flatMap((address) => service("www", "_www._tcp", address!)),
      ...[NODE_AT, BETA_AT].flatMap((address) => service("db.shop.far", "_db._udp.shop.far", address!)),
      "26 records",
    ]);
  });

  test("tells ports, names and order, and counts its changes", async () => {
    const n = await scene();
    await n.set({ ...DOMAIN, "service.www": "tcp 80", "service.db": "udp 65535 beta" });
    await n.live([ALPHA, BETA]);
    const peer = new PacketScene(n.s.lab);
    const www = (rank: number, node: string): string =>
      `_www._tcp.cloud.example 33 1 5 0 ${rank} 0 1 0 80 ${node}.cloud.example`;
    expect(await answered(peer, "_www._tcp.cloud.example", TYPES.SRV)).toEqual(
      ["qure-1", "alpha", "beta"].map((node) => www(0, node)),
    );
    expect(await answered(peer, "_db._udp.cloud.example", TYPES.SRV)).toEqual([
      "_db._udp.cloud.example 33 1 5 0 0 0 1 255 255 beta.cloud.example",
    ]);
    /** The zone's serial; what it says besides. */
    const serial = async (): Promise<number> => {
      const [row] = (await answered(peer, "cloud.example", TYPES.SOA))!;
      const [high, low, ...more] = row!.split(" ").slice(-18).map(Number);
      expect(row).toMatch(/^cloud\.example 6 1 5 6 113 117 114 101 45 49 /); // qure-1
      expect(more).toEqual([...[0, 0, 0, 60], ...[0, 0, 0, 10], ...[0, 0, 2, 88], ...[0, 0, 0, 5]]);
      return high! * 256 + low!;
    };
    const first = await serial();
    expect(first).toBeGreaterThan(0);
    await n.live([ALPHA, BETA], 2400);
    expect(await serial()).toBe(first);
    // Who is busy comes last.
    const busy = { ...ALPHA, flags: BUSY };
    await n.live([busy, BETA]);
    expect(await serial()).toBe(first + 1);
    expect(await answered(peer, "_www._tcp.cloud.example", TYPES.SRV)).toEqual([
      www(0, "qure-1"),
      www(0, "beta"),
      www(1, "alpha"),
    ]);
    expect(await answered(peer, "www.cloud.example", TYPES.A)).toEqual(
      ["10 0 2 15", "10 0 2 99", "10 0 2 97"].map((address) => `www.cloud.example 1 1 5 ${address}`),
    );
    expect((await n.addresses()).filter((row) => row.startsWith("cloud.example"))).toEqual(
      [NODE_AT, BETA_AT, ALPHA_AT].map((address) => `cloud.example ${address}`),
    );
    await n.live([ALPHA, BETA]);
    expect(await serial()).toBe(first + 2);
    expect(await answered(peer, "_www._tcp.cloud.example", TYPES.SRV)).toEqual(
      ["qure-1", "alpha", "beta"].map((node) => www(0, node)),
    );
  });

  thoroughly("takes no more memory while nothing changes", async () => {
    const n = await scene();
    await n.set({ ...DOMAIN, "service.www": "tcp 80" });
    await n.live([ALPHA, BETA], 2400);
    await n.s.node.enter("mem mark", PROMPT);
    await n.live([ALPHA, BETA], 3600);
    expect(await outputAmong(n.s.node, "mem leaks")).not.toContain("names_compose");
  });

  thoroughly("has the service addresses as its own, where there are any", async () => {
    const n = await scene();
    const masks = { "address.10.0.2.50": "255.255.255.0", "address.10.0.2.51": "255.255.255.0 shared" };
    await n.set({ ...DOMAIN, ...masks });
    await n.live([ALPHA, BETA]);
    expect((await n.addresses()).filter((row) => row.startsWith("cloud.example"))).toEqual([
      "cloud.example 10.0.2.50",
      "cloud.example 10.0.2.51",
    ]);
  });

  thoroughly("leaves out whose name the DNS cannot have, and who is no member", async () => {
    const n = await scene([ALPHA, { id: HIGHEST, name: "a!b" }]);
    await n.set({ ...DOMAIN, "service.www": "tcp 80" });
    await n.live([ALPHA, { id: HIGHEST, name: "a!b" }]);
    const rows = await n.addresses();
    expect(rows.filter((row) => row.startsWith("www."))).toEqual([
      `www.cloud.example ${NODE_AT}`,
      `www.cloud.example ${ALPHA_AT}`,
    ]);
    expect(rows.filter((row) => row.startsWith("cloud."))).toEqual([
      `cloud.example ${NODE_AT}`,
      `cloud.example ${ALPHA_AT}`,
    ]);
    // A second after a member has left it is there no more.
    n.s.wire.say({ ...report(LOW, 1, SELF), name: "alpha", kind: 4 });
    await n.live([{ id: HIGHEST, name: "a!b" }]);
    expect((await n.addresses()).filter((row) => row.startsWith("www."))).toEqual([`www.cloud.example ${NODE_AT}`]);
  });

  thoroughly("has no service that a value does not name rightly", async () => {
    const n = await scene();
    const wrong = ["what 80", "tcp", "tcp 80x", "tcp80", "tcp 65536", "tcp x", "udpx 80", "tcp 80,beta", "ud 80"];
    const values = Object.fromEntries(wrong.map((value, index) => [`service.w${index}`, value]));
    await n.set({
      ...DOMAIN,
      ...values,
      "service.a!b": "tcp 80",
      "service.": "tcp 80",
      "services.x": "tcp 80",
      "service.z0": "tcp 0",
      "service.z1": "tcp 80 nobody",
      "service.z2": "tcp 80 alph bet",
      "service.z3": "tcp 80 alphabet xbeta",
      "service.z4": "tcp 80 x beta",
      "service.z5": "udp 80 qure-1 alpha beta",
    });
    await n.live([ALPHA, BETA]);
    const rows = (await n.addresses()).filter(
      (row) => !/^(\*\.)?((qure-1|alpha|beta)\.)?cloud/.test(row) && !row.startsWith("*"),
    );
    expect(rows).toEqual([
      ...[NODE_AT, ALPHA_AT, BETA_AT].map((address) => `z0.cloud.example ${address}`),
      `z4.cloud.example ${BETA_AT}`,
      ...[NODE_AT, ALPHA_AT, BETA_AT].map((address) => `z5.cloud.example ${address}`),
    ]);
  });
});

thoroughly("a node whose own name the DNS cannot have is not in its zone, which another name serves", async () => {
  const n = await scene();
  n.s.node.machine.memory.dma.write(addressOf("hostname"), new TextEncoder().encode("a!b\0"));
  await n.set({ ...DOMAIN, "service.www": "tcp 80" });
  await n.live([ALPHA, BETA]);
  const peer = new PacketScene(n.s.lab);
  // Behind its two labels the name goes on with the one that was asked for.
  const served = [...nameBytes("dns.domain").slice(0, -1), 192, 12].join(" ");
  expect(await answered(peer, "cloud.example", 2)).toEqual([`cloud.example 2 1 5 ${served}`]);
  const [soa] = (await answered(peer, "cloud.example", TYPES.SOA))!;
  expect(soa!.startsWith(`cloud.example 6 1 5 ${served} `)).toBe(true);
  expect((await n.addresses()).filter((row) => row.startsWith("www."))).toEqual([
    `www.cloud.example ${ALPHA_AT}`,
    `www.cloud.example ${BETA_AT}`,
  ]);
});

describeThoroughly("the name server", () => {
  thoroughly("is on as long as there is a domain, which may be another one", async () => {
    const n = await scene();
    const peer = new PacketScene(n.s.lab);
    expect(await answered(peer, "cloud.example", TYPES.A)).toBe(null);
    await n.set(DOMAIN);
    await n.live([ALPHA, BETA]);
    expect(await answered(peer, "alpha.cloud.example", TYPES.A)).toEqual(["alpha.cloud.example 1 1 5 10 0 2 97"]);
    await n.set({ "dns.domain": "other.example" });
    await n.live([ALPHA, BETA]);
    expect(await answered(peer, "alpha.other.example", TYPES.A)).toEqual(["alpha.other.example 1 1 5 10 0 2 97"]);
    expect((await n.records()).filter((row) => row.includes("cloud"))).toEqual([]);
    await n.set({ "dns.domain": "no..name" });
    await n.live([ALPHA, BETA]);
    expect(await n.records()).toEqual(["0 records"]);
    expect(await answered(peer, "alpha.other.example", TYPES.A)).toBe(null);
    await n.set(DOMAIN);
    await n.live([ALPHA, BETA]);
    expect(await answered(peer, "beta.cloud.example", TYPES.A)).toEqual(["beta.cloud.example 1 1 5 10 0 2 99"]);
    await n.set({});
    await n.live([ALPHA, BETA]);
    expect(await answered(peer, "beta.cloud.example", TYPES.A)).toBe(null);
    expect(await n.records()).toEqual(["0 records"]);
  });

  thoroughly("stays on where it was on before the domain came", async () => {
    const n = await scene();
    const peer = new PacketScene(n.s.lab);
    await outputAmong(n.s.node, "dns on; dns add example 60 SOA a.example b.example 1 2 3 4 5");
    await outputAmong(n.s.node, "dns add a.example 60 A 10.9.9.9");
    await n.set(DOMAIN);
    await n.live([ALPHA, BETA]);
    await n.set({});
    await n.live([ALPHA, BETA]);
    expect(await answered(peer, "a.example", TYPES.A)).toEqual(["a.example 1 1 60 10 9 9 9"]);
  });

  thoroughly("is off when the cluster's service is", async () => {
    const n = await scene();
    const peer = new PacketScene(n.s.lab);
    await n.set(DOMAIN);
    await n.live([ALPHA, BETA]);
    await outputAmong(n.s.node, "service stop cluster");
    await n.s.lab.advance("500ms");
    expect(await answered(peer, "alpha.cloud.example", TYPES.A)).toBe(null);
    expect(await n.records()).toEqual(["0 records"]);
  });
});

thoroughly("a member finds names of its cluster, with the domain and without it, and no others", async () => {
  const n = await scene();
  const found = async (name: string): Promise<string> => (await outputAmong(n.s.node, `host ${name}`)).trim();
  expect(await found("alpha")).toContain(ALPHA_AT);
  await n.set({ ...DOMAIN, "service.www": "tcp 80 beta", "service.db.shop": "tcp 80 alpha" });
  await n.live([ALPHA, BETA]);
  for (const [name, address] of [
    ["alpha", ALPHA_AT],
    ["beta.cloud.example", BETA_AT],
    ["www", BETA_AT],
    ["www.cloud.example", BETA_AT],
    ["db.shop", ALPHA_AT],
    ["db.shop.cloud.example", ALPHA_AT],
  ] as const)
    expect(await found(name), name).toContain(address);
  n.s.wire.say({ ...report(LOW, 1, SELF), name: "alpha", kind: 4 });
  await n.live([BETA]);
  for (const name of ["alpha.cloud.example", "db.shop.cloud.example"])
    expect(await found(name), name).not.toContain(ALPHA_AT);
});

thoroughly("a member whose processor computes is busy, says so, and is so until it rests", async () => {
  const n = await scene();
  await n.set(DOMAIN);
  await n.live([ALPHA, BETA]);
  const flags = (): number => n.s.wire.heard.at(-1)!.flags & BUSY;
  expect(flags()).toBe(0);
  await n.s.node.enter("seq 100000000 | wc &", PROMPT);
  await n.live([ALPHA, BETA], 2400);
  expect(flags()).toBe(BUSY);
  expect((await n.addresses()).filter((row) => row.startsWith("cloud."))[2]).toBe(`cloud.example ${NODE_AT}`);
  await n.s.node.enter("kill seq", PROMPT);
  await n.live([ALPHA, BETA], 2600);
  expect(flags()).toBe(0);
  expect((await n.addresses()).filter((row) => row.startsWith("cloud."))[0]).toBe(`cloud.example ${NODE_AT}`);
});

describeThoroughly("how much of its time makes a member busy", () => {
  const BUSY = 128;
  const WORDS = 8;
  /** Of a task: the time that it has had. */
  const TASK_CYCLES = 48;

  class Load {
    readonly s: Scene;
    constructor(s: Scene) {
      this.s = s;
    }

    #read(place: string | number): bigint {
      const address = typeof place === "string" ? addressOf(place) : place;
      return new DataView(this.s.node.readMemory(address, WORDS).slice().buffer).getBigUint64(0, true);
    }

    #write(place: string | number, value: bigint): void {
      const bytes = new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer);
      this.s.node.machine.memory.dma.write(typeof place === "string" ? addressOf(place) : place, bytes);
    }

    /** The next look, a second after the last one. */
    async look(): Promise<void> {
      const before = this.#read("time_then");
      await this.s.lab.until(() => this.#read("time_then") !== before, "it does not look", { within: "2s" });
    }

    /** Whether it is busy when so much of so long a time, in thousandths, was used since the last look. */
    async isBusy(used: number, cycles: bigint): Promise<boolean> {
      this.#write("time_then", this.#read("time_then") - cycles);
      this.#write("idle_then", this.#read("idle_then") - (cycles / 1000n) * BigInt(1000 - used));
      return this.#looks();
    }

    async #looks(): Promise<boolean> {
      await this.look();
      const fromMs = nowMs(this.s);
      const { flags } = await this.s.lab.until(() => this.s.wire.of(VIEW, fromMs)[0], "it says no view");
      return (flags & BUSY) !== 0;
    }

    /** Whether it is busy when its idle task had so many percent less of the time that really passes until it looks. */
    async isBusyNow(used: bigint): Promise<boolean> {
      const idle = Number(this.#read("task_idle") & 0xffffffffn) - KERNEL_SPACE + TASK_CYCLES;
      const before = this.#read("idle_then");
      await this.look();
      const second = this.#read("idle_then") - before;
      this.#write(idle, this.#read(idle) - (second * used) / 100n);
      return this.#looks();
    }
  }

  async function scene(): Promise<Load> {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud set dns.domain cloud.example", PROMPT);
    const load = new Load(s);
    await load.look();
    return load;
  }

  describeThoroughly("of times in cycles of", () => {
    // What really passes meanwhile, a second, is less than a thousandth of these.
    test.each(rowsOf([41n, 48n, 56n, 61n], 0))(
      "%i bits a member is busy above 50 percent, until below 30",
      async (bits) => {
        const load = await scene();
        const found: boolean[] = [];
        const rows = [495, 505, 305, 295, 285, 305, 495, 990, 10] as const;
        for (const used of rows) found.push(await load.isBusy(used, 1n << bits));
        expect(found).toEqual([false, true, true, true, false, false, false, true, false]);
      },
    );
  });

  test("a member is busy when more than half of the time was used", async () => {
    const load = await scene();
    expect([await load.isBusy(505, 1n << 44n), await load.isBusy(285, 1n << 44n)]).toEqual([true, false]);
  });

  test("of the time that passes between two looks it may use half", async () => {
    const load = await scene();
    const found: boolean[] = [];
    for (const used of [40n, 60n, 40n]) found.push(await load.isBusyNow(used));
    expect(found).toEqual([false, true, false]);
  });
});
