/**
 * A service address that goes from a machine that dies to another one: QuRe's cluster beside keepalived (VRRP, RFC
 * 5798) on Debian's kernel, on the same virtual network. A neighbour asks by ARP each 5 ms whose the address is; what
 * counts is how long nobody answers, in virtual time.
 *
 *     npm run bench -- takeover
 *
 * Linux comes from `tests/systems/fetch`, keepalived with its libraries from `tests/systems/fetch keepalived`.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listOf, oneOf, wholeNumber, workshopCommand } from "../scripts/command.mjs";
import { LabCluster, type LabNode, loadFirmware } from "../src/index.ts";
import { LINUX_PROMPT, linuxIso, type RootFile } from "../tests/systems/linux.ts";
import { LOW, ServiceClient } from "./network/service-client.ts";
import { encode, NOBODY_SKIPS, programFiles } from "./peers/programs.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const NODES = 3;
const MIB = 1 << 20;
/** The moments of faults are spread over a beat by so much from run to run. */
const STEP_MS = 137;

/** A cluster of three with the address, and how its machines come and go. */
interface System {
  readonly title: string;
  begin(): Promise<LabCluster>;
  /** The machine that has the address. */
  holder(lab: LabCluster, client: ServiceClient): Promise<LabNode>;
  /** Has a machine leave with a word. */
  leave(node: LabNode): Promise<void>;
  /** Has one that is off, or has left, come back; it ends when it has. */
  join(lab: LabCluster, node: LabNode, wasOff: boolean): Promise<void>;
}

const QURE_PROMPT = /\S+:\/\S*> $/;

const qure: System = {
  title: "QuRe",
  async begin() {
    const cdrom = new Uint8Array(readFileSync(join(ROOT, "build/qure.iso")));
    const nodes = Array.from({ length: NODES }, () => ({ cdrom, ramBytes: 8 * MIB }));
    const lab = new LabCluster({ firmware: loadFirmware(), nodes });
    for (const node of lab.nodes) await node.waitFor(/^cloud: .* peers 2\s*$/m);
    await lab.advance("2s");
    await lab.nodes[0]!.enter(`cloud address add ${LOW.service}`, QURE_PROMPT);
    return lab;
  },
  holder: (_lab, client) => Promise.resolve(client.holder()),
  leave: (node) => Promise.resolve(node.type("cloud stop\n")),
  async join(_lab, node, wasOff) {
    if (wasOff) node.powerOn();
    else node.type("cloud start\n");
    await node.waitFor(/^cloud: .* peers 2\s*$/m);
  },
};

/** Nobody is master from the beginning on, and priorities differ, as keepalived's own examples have it. */
const configuration = (number: number, interval: string): string => `global_defs {
  vrrp_version 3
}
vrrp_instance service {
  state BACKUP
  interface eth0
  virtual_router_id 5
  priority ${100 - 10 * number}
  advert_int ${interval}
  virtual_ipaddress {
    ${LOW.service}/24
  }
}
`;

/** keepalived with advertisements so many seconds apart; 1 is what it has by itself. */
function keepalived(interval: string): System {
  const start = "keepalived -P -f /keepalived.conf";
  async function begin(node: LabNode): Promise<void> {
    await node.waitFor(LINUX_PROMPT, { within: "300s" });
    for (const line of [
      "insmod /e1000.ko; ip link set lo up",
      `ip addr add 10.0.2.${20 + node.index}/24 dev eth0; ip link set eth0 up; sleep 3`,
      `cp /keepalived.${node.index} /keepalived.conf; chmod 644 /keepalived.conf; export LD_LIBRARY_PATH=/lib; ${start}`,
    ])
      await node.enter(line, LINUX_PROMPT, { within: "60s" });
  }
  return {
    title: `keepalived, advertisements each ${interval} s`,
    async begin() {
      const cdrom = linuxIso("console=ttyS0 quiet", NOBODY_SKIPS, [
        ...["run", "var", "var/run", "tmp", "etc"].map((name): RootFile => [name, null]),
        ...programFiles("keepalived", ["keepalived"]),
        ...[0, 1, 2].map((number): RootFile => [`keepalived.${number}`, encode(configuration(number, interval))]),
      ]);
      const nodes = Array.from({ length: NODES }, (_, index) => ({
        name: `linux-${index}`,
        cdrom,
        ramBytes: 256 * MIB,
      }));
      const lab = new LabCluster({ firmware: loadFirmware(), nodes });
      await Promise.all(lab.nodes.map(begin));
      await lab.advance("10s");
      return lab;
    },
    async holder(lab) {
      for (const node of lab.nodes) {
        const [, count] = await node.enter(`ip addr show eth0 | grep -c ${LOW.service}/`, /^(\d)\s*$/m);
        if (count === "1") return node;
      }
      throw new Error("nobody holds the address");
    },
    leave: (node) => Promise.resolve(node.type("killall keepalived\n")),
    async join(lab, node, wasOff) {
      if (wasOff) {
        node.powerOn();
        await begin(node);
      } else await node.enter(start, LINUX_PROMPT);
      await lab.advance("10s");
    },
  };
}

const SYSTEMS: Readonly<Record<string, () => System>> = {
  qure: () => qure,
  "keepalived-1": () => keepalived("1"),
  "keepalived-0.1": () => keepalived("0.1"),
};
const { runs, only } = workshopCommand(
  "npm run bench -- takeover",
  "QuRe's service address beside keepalived's",
  "--only qure,keepalived-1",
)
  .option("--runs <number>", "deaths and goodbyes of each", wholeNumber(1), 3)
  .option(
    "--only <names>",
    `of ${Object.keys(SYSTEMS).join(", ")}`,
    listOf(oneOf(Object.keys(SYSTEMS))),
    Object.keys(SYSTEMS),
  )
  .parse()
  .opts<{ readonly runs: number; readonly only: readonly string[] }>();

const ms = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(", ");

for (const name of only) {
  const system = SYSTEMS[name]!();
  const lab = await system.begin();
  const client = new ServiceClient(lab, LOW);
  const deathMs: number[] = [];
  const goodbyeMs: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (const [times, isDeath] of [
      [deathMs, true],
      [goodbyeMs, false],
    ] as const) {
      await lab.advance(`${1000 + run * STEP_MS}ms`);
      const holder = await system.holder(lab, client);
      const fromMs = lab.nowNs / 1e6;
      if (isDeath) holder.powerOff();
      else await system.leave(holder);
      await lab.advance("10s");
      times.push(client.silenceMs(fromMs));
      await system.join(lab, holder, isDeath);
      await lab.advance("5s");
    }
  }
  lab.close();
  process.stdout.write(
    `${system.title}: nobody answers for ${ms(deathMs)} ms after a death, ${ms(goodbyeMs)} ms after a goodbye\n`,
  );
}
