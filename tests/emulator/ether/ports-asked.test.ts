/**
 * Two machines ask their gateway for ports by UPnP and NAT-PMP, let time pass and cut its power, at random; a model
 * says what each answer is, and whom one reaches from outside. Now and then the gateway's state is saved and restored.
 */
import { expect, test } from "vitest";
import type { Protocol } from "../../../emulator/ether/wide/translation.ts";
import type { DeviceVersion } from "../../../emulator/ether/wide/upnp/services.ts";
import { Random } from "../../../emulator/state/random.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { casesOf } from "../../setup/tier.ts";
import { exchange, GATEWAY, resultsOf, soapRequest } from "./igd-client.ts";
import { SECOND_NS, type Site, type Station, World } from "./wide-world.ts";

const PUBLIC = "198.51.100.7";
const HOSTS = ["192.168.1.100", "192.168.1.101"] as const;
const STEPS = 60;
const WAIT_NS = 50e6;

interface Held {
  readonly by: "igd" | "pmp";
  readonly host: number;
  readonly inside: number;
  /** Infinity: until it is deleted. */
  readonly endsNs: number;
}

const PMP_OPCODE = { udp: 1, tcp: 2 } as const;
const be16 = (value: number): number[] => [value >> 8, value & 0xff];

class Campaign {
  readonly #random: Random;
  readonly #world = new World();
  readonly #site: Site;
  readonly #stations: readonly Station[];
  readonly #version: DeviceVersion;
  readonly #forgetsAtReboot: boolean;
  readonly #model = new Map<string, Held>();

  constructor(seed: number) {
    this.#random = new Random(seed, "ports asked");
    this.#version = this.#random.chance(50) ? 1 : 2;
    this.#forgetsAtReboot = this.#random.chance(50);
    const upnp = { version: this.#version, lies: { forgetsAtReboot: this.#forgetsAtReboot } };
    this.#site = this.#world.site("port-restricted", PUBLIC, { portMapping: { natPmp: true, pcp: true }, upnp });
    this.#stations = HOSTS.map((host) => this.#site.station(host));
  }

  get #nowNs(): number {
    return this.#world.network.nowNs;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }

  /** Who holds a port now. */
  #held(key: string): Held | null {
    const held = this.#model.get(key);
    return held && held.endsNs > this.#nowNs ? held : null;
  }

  step(): void {
    const steps = [this.#add, this.#add, this.#delete, this.#map, this.#map, this.#pass, this.#reboot, this.#restore];
    this.#pick(steps).call(this);
    for (const [key, { endsNs }] of this.#model) if (endsNs <= this.#nowNs) this.#model.delete(key);
    this.#check();
  }

  // ---- What is done

  #call(host: number, action: string, values: Readonly<Record<string, string | number>>): ReturnType<typeof resultsOf> {
    const type = `urn:schemas-upnp-org:service:WANIPConnection:${this.#version}`;
    return resultsOf(exchange(this.#world, this.#stations[host]!, soapRequest(action, values, type)));
  }

  /** What was granted ends by the gateway's clock, which is between that of the question and that of the answer. */
  #grant(key: string, held: Omit<Held, "endsNs">, seconds: number, askedNs: number): void {
    const forward = this.#site.router.translation.forwards.find(({ protocol, port }) => `${protocol} ${port}` === key);
    const endsNs = forward?.endsNs ?? 0;
    if (seconds === 0) expect(endsNs).toBe(Infinity);
    else expect(endsNs >= askedNs + seconds * SECOND_NS && endsNs <= this.#nowNs + seconds * SECOND_NS).toBe(true);
    this.#model.set(key, { ...held, endsNs });
  }

  #add(): void {
    const [host, inside, protocol] = [
      this.#random.below(2),
      this.#pick([5000, 5001]),
      this.#pick(["tcp", "udp"] as const),
    ];
    const [port, seconds] = [8000 + this.#random.below(4), this.#pick([0, 50, 500])];
    const key = `${protocol} ${port}`;
    const askedNs = this.#nowNs;
    const there = this.#held(key);
    const answer = this.#call(host, "AddPortMapping", {
      NewRemoteHost: "",
      NewExternalPort: port,
      NewProtocol: protocol.toUpperCase(),
      NewInternalPort: inside,
      NewInternalClient: HOSTS[host]!,
      NewEnabled: 1,
      NewPortMappingDescription: "",
      NewLeaseDuration: seconds,
    });
    if (there && (there.by === "pmp" || there.host !== host)) {
      expect(answer).toBe(there.by === "pmp" && this.#version === 2 ? 729 : 718);
      return;
    }
    expect(answer).toEqual({});
    this.#grant(key, { by: "igd", host, inside }, this.#version === 2 && seconds === 0 ? 604_800 : seconds, askedNs);
  }

  #delete(): void {
    const [host, protocol, port] = [this.#random.below(2), this.#pick(["tcp", "udp"]), 8000 + this.#random.below(4)];
    const key = `${protocol} ${port}`;
    const there = this.#held(key);
    const values = { NewRemoteHost: "", NewExternalPort: port, NewProtocol: protocol.toUpperCase() };
    const answer = this.#call(host, "DeletePortMapping", values);
    if (there?.by !== "igd") expect(answer).toBe(714);
    else if (this.#version === 2 && there.host !== host) expect(answer).toBe(606);
    else {
      expect(answer).toEqual({});
      this.#model.delete(key);
    }
  }

  /** By NAT-PMP (RFC 6886, 3.3): a port of its own, the wanted one or the next, or none any more. */
  #map(): void {
    const [host, inside, protocol] = [
      this.#random.below(2),
      this.#pick([5000, 5001]),
      this.#pick(["tcp", "udp"] as const),
    ];
    const [wanted, seconds] = [8000 + this.#random.below(4), this.#pick([0, 50, 500])];
    const own = [...this.#model].find(
      ([key, held]) =>
        key.startsWith(protocol) && this.#held(key)?.by === "pmp" && held.host === host && held.inside === inside,
    )?.[0];
    const askedNs = this.#nowNs;
    let port = own === undefined ? wanted : Number(own.split(" ")[1]);
    while (own === undefined && this.#held(`${protocol} ${port}`)) port++;
    const station = this.#stations[host]!;
    station.heard.length = 0;
    const message = [0, PMP_OPCODE[protocol], 0, 0, ...be16(inside), ...be16(wanted), 0, 0, ...be16(seconds)];
    station.say(40_000, `${GATEWAY}:5351`, Uint8Array.from(message));
    this.#world.pass(WAIT_NS);
    const answer = Array.from(station.heard[0]!.text, (letter) => letter.charCodeAt(0));
    expect(answer.slice(2, 4)).toEqual([0, 0]);
    if (seconds === 0) {
      if (own !== undefined) this.#model.delete(own);
      return;
    }
    expect(answer.slice(10, 12)).toEqual(be16(port));
    this.#grant(`${protocol} ${port}`, { by: "pmp", host, inside }, seconds, askedNs);
  }

  #pass(): void {
    this.#world.pass(this.#random.below(120) * SECOND_NS);
  }

  #reboot(): void {
    this.#site.router.reboot(this.#nowNs);
    for (const [key, { endsNs }] of this.#model)
      if (endsNs !== Infinity || this.#forgetsAtReboot) this.#model.delete(key);
  }

  #restore(): void {
    const { router } = this.#site;
    const writer = new StateWriter();
    router.visitState(writer);
    router.reboot(this.#nowNs);
    const reader = new StateReader(writer.result());
    router.visitState(reader);
    reader.end();
  }

  // ---- What must hold

  #check(): void {
    const { translation } = this.#site.router;
    const open = translation.forwards.filter(({ endsNs }) => endsNs > this.#nowNs);
    expect(open.map(({ protocol, port }) => `${protocol} ${port}`).sort()).toEqual([...this.#model.keys()].sort());
    const [protocol, port] = [this.#pick<Protocol>(["tcp", "udp"]), 8000 + this.#random.below(4)];
    const held = this.#held(`${protocol} ${port}`);
    if (protocol === "udp") this.#checkReached(port, held);
    const host = held?.by === "igd" ? held.host : 0;
    const values = { NewRemoteHost: "", NewExternalPort: port, NewProtocol: protocol.toUpperCase() };
    const listed = this.#call(host, "GetSpecificPortMappingEntry", values);
    if (this.#held(`${protocol} ${port}`) !== held) return;
    if (held?.by !== "igd") expect(listed).toBe(714);
    else expect(listed).toMatchObject({ NewInternalClient: HOSTS[held.host]!, NewInternalPort: String(held.inside) });
  }

  #checkReached(port: number, held: Held | null): void {
    for (const station of this.#stations) station.heard.length = 0;
    this.#world.hosts[0]!.say(7000, `${PUBLIC}:${port}`, "call");
    this.#world.pass(WAIT_NS);
    const heard = this.#stations.flatMap((station) => station.heard.map(({ to }) => to));
    expect(heard).toEqual(held ? [`${HOSTS[held.host]}:${held.inside}`] : []);
  }
}

const cases = casesOf("emulator/ether/ports-asked");

test(`the gateway does what the model does (${cases.title})`, { timeout: 600_000 }, () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const campaign = new Campaign(seed);
    let step = 0;
    try {
      while (step++ < STEPS) campaign.step();
    } catch (error) {
      throw new Error(`step ${step}: ${cases.repeat(seed)}`, { cause: error });
    }
  }
});
