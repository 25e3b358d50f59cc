/**
 * The network beside Linux's: two machines of one system on the emulator's e1000 cards and cables run
 * bench/network/stream.s, a program for both; requests go to a web server of each: ours, busybox', nginx. Times are
 * virtual, at 100 million instructions a second and gigabit Ethernet, so a run repeats exactly.
 *
 *     npm run bench -- network
 *
 * Beside QEMU, which counts nothing, time is wall time: bench/network/wall.ts.
 *
 * Linux, busybox and nginx come from `tests/systems/fetch`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NO_TROUBLE } from "../emulator/ether/trouble.ts";
import { listOf, oneOf, workshopCommand } from "../scripts/command.mjs";
import { buildFirmware, folderTree, LabCluster, type LabNode } from "../src/index.ts";
import { linuxIso, type RootFile } from "../tests/systems/linux.ts";
import { measureWall } from "./network/wall.ts";
import { emptyDisk, PUT_FILE, prepareQure, qureIso, ROOT, SERVER_ADDRESS, streamProgram } from "./network/work.ts";
import { encode, NOBODY_SKIPS, programFiles } from "./peers/programs.ts";

const PORT = 5001;
const HTTP_PORT = 80;
/** A program of QuRe's has 16 handles, so many connections are several programs'. */
const CONNECTIONS_OF_ONE = 8;

interface Row {
  readonly name: string;
  /** What `stream` does on either end; no server where it is the system's web server. */
  readonly client: string;
  readonly server?: string;
  readonly connections: number;
  /** Bytes, round trips or requests of each connection. */
  readonly count: number;
  readonly unit: "byte" | "request" | "round trip";
  readonly lostPercent?: number;
  /** Those of SYSTEMS that can do it. */
  readonly systems: readonly string[];
}

/** What nginx answers is Linux' otherwise. */
const STACKS = ["qure", "linux"];

const ROWS: Readonly<Record<string, Row>> = {
  one: {
    name: "one connection",
    client: "s",
    server: "t",
    connections: 1,
    count: 16_000_000,
    unit: "byte",
    systems: STACKS,
  },
  many: {
    name: "32 connections",
    client: "s",
    server: "t",
    connections: 32,
    count: 500_000,
    unit: "byte",
    systems: STACKS,
  },
  loss: {
    name: "one connection, 1 % lost",
    client: "s",
    server: "t",
    connections: 1,
    count: 8_000_000,
    unit: "byte",
    lostPercent: 1,
    systems: STACKS,
  },
  much: {
    name: "one connection, 10 % lost",
    client: "s",
    server: "t",
    connections: 1,
    count: 8_000_000,
    unit: "byte",
    lostPercent: 10,
    systems: STACKS,
  },
  ping: {
    name: "a byte there and back",
    client: "p",
    server: "e",
    connections: 1,
    count: 1000,
    unit: "round trip",
    systems: STACKS,
  },
  kept: {
    name: "1 KiB by HTTP, connection kept",
    client: "k",
    connections: 1,
    count: 2000,
    unit: "request",
    systems: ["qure", "nginx"], // busybox closes after each answer
  },
  anew: {
    name: "1 KiB by HTTP, a connection each",
    client: "c",
    connections: 1,
    count: 150,
    unit: "request",
    systems: ["qure", "linux", "nginx"],
  },
};

interface System {
  readonly title: string;
  readonly prompt: string;
  readonly ramMegabytes: number;
  /** What is typed on each machine; `host` is the last part of its address. */
  readonly prepare: (host: number) => readonly string[];
  readonly iso: (folder: string) => Uint8Array;
}

const NGINX_CONFIGURATION = `user root root;
worker_processes 1;
pid /nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  open_file_cache max=16;
  client_body_temp_path /tmp;
  proxy_temp_path /tmp;
  fastcgi_temp_path /tmp;
  uwsgi_temp_path /tmp;
  scgi_temp_path /tmp;
  server {
    listen 80;
    root /www;
  }
}
`;

/** nginx with its libraries, as tests/systems/fetch leaves them, and a configuration that keeps connections. */
function nginxFiles(): readonly RootFile[] {
  return [
    ...programFiles("nginx", ["nginx"]),
    ["tmp", null],
    ["etc", null],
    ["etc/passwd", encode("root:x:0:0::/:/bin/sh\n")],
    ["etc/group", encode("root:x:0:\n")],
    ["nginx.conf", encode(NGINX_CONFIGURATION)],
  ];
}

/** Debian's kernel and busybox with a web server; `files` are the server's. */
function linuxWith(title: string, server: string, files: () => readonly RootFile[]): System {
  return {
    title,
    prompt: " # ",
    ramMegabytes: 128,
    prepare: (host) => [
      "insmod /e1000.ko; ip link set lo up",
      `ip addr add 10.9.0.${host}/24 dev eth0; ip link set eth0 up; sleep 3`,
      `mkdir /www; ${PUT_FILE} /www/k; ${server}`,
    ],
    iso: (folder) =>
      linuxIso("console=ttyS0 quiet", NOBODY_SKIPS, [["bin/stream", streamProgram(folder, "linux")], ...files()]),
  };
}

const SYSTEMS: Readonly<Record<string, System>> = {
  qure: {
    title: "QuRe",
    prompt: "> ",
    ramMegabytes: 32,
    prepare: prepareQure,
    iso: qureIso,
  },
  linux: linuxWith("Linux", "httpd -h /www", () => []),
  nginx: linuxWith("Linux with nginx", "LD_LIBRARY_PATH=/lib nginx -c /nginx.conf -e /dev/null", nginxFiles),
};

/** What a row took. */
interface Cost {
  /** Virtual seconds from the first byte to the client's end. */
  readonly seconds: number;
  /** Instructions of the machine that sends or asks, and of the one that takes or answers. */
  readonly client: number;
  readonly server: number;
}

/** Has both machines do a row's work. */
async function measureRow(lab: LabCluster, row: Row, port: number): Promise<Cost> {
  const [client, server] = lab.nodes as readonly [LabNode, LabNode];
  const programs = Math.ceil(row.connections / CONNECTIONS_OF_ONE);
  const each = row.connections / programs;
  const line = (work: string, place: number): string => {
    const at = row.server ? port + place : HTTP_PORT;
    return `/bin/stream ${work} ${SERVER_ADDRESS} ${at} ${each} ${row.count}`;
  };
  const begin = async (node: LabNode, work: string, until: string): Promise<void> => {
    for (let place = 0; place < programs; place++) {
      node.type(`${line(work, place)} &\n`);
      if (until) await node.waitFor(until, { within: "forever" });
    }
  };
  const lose = (lostPercent: number): void => {
    for (const way of ["out", "in"] as const) lab.cluster.setTrouble(client.index, way, { ...NO_TROUBLE, lostPercent });
  };
  if (row.server) await begin(server, row.server, "ready");
  await lab.advance("200ms");
  lose(row.lostPercent ?? 0);
  const before = { ns: lab.nowNs, client: client.machine.instructions, server: server.machine.instructions };
  await begin(client, row.client, "");
  for (let place = 0; place < programs; place++) {
    const [said] = await client.waitFor(new RegExp(`<${row.client}>|failed`), { within: "forever" });
    if (said === "failed") throw new Error(`${row.name}: ${client.console.text.slice(-500)}`);
  }
  const cost = {
    seconds: (client.outputNs - before.ns) / 1e9,
    client: client.machine.instructions - before.client,
    server: server.machine.instructions - before.server,
  };
  lose(0);
  await lab.advance("500ms");
  return cost;
}

async function measure(name: string, rows: readonly string[]): Promise<Map<string, Cost>> {
  const system = SYSTEMS[name]!;
  const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
  const measured = new Map<string, Cost>();
  let lab: LabCluster | null = null;
  try {
    const cdrom = system.iso(folder);
    const { files } = buildFirmware(folderTree(ROOT));
    const ramBytes = system.ramMegabytes << 20;
    lab = new LabCluster({
      nodes: [0, 1].map(() => ({ cdrom, disk: emptyDisk(), ramBytes })),
      gateway: false,
      firmware: files!.find(({ name: file }) => file === "firmware.bin")!.content,
    });
    for (const node of lab.nodes) {
      await node.waitFor(system.prompt, { within: "forever" });
      for (const line of system.prepare(node.index + 1)) {
        node.type(`${line}\n`);
        await node.waitFor("\n", { within: "forever" });
        await node.waitFor(system.prompt, { within: "forever" });
      }
    }
    await lab.advance("5s");
    let port = PORT;
    for (const key of rows) {
      const row = ROWS[key]!;
      if (!row.systems.includes(name)) continue;
      const started = performance.now();
      measured.set(key, await measureRow(lab, row, port));
      port += CONNECTIONS_OF_ONE;
      const wall = ((performance.now() - started) / 1000).toFixed(1);
      process.stderr.write(`${name}, ${row.name}: ${JSON.stringify(measured.get(key))}, ${wall} s\n`);
    }
  } finally {
    lab?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return measured;
}

/** How fast it was, in the row's own measure. */
function speed(row: Row, cost: Cost): string {
  const units = row.connections * row.count;
  switch (row.unit) {
    case "byte":
      return units / cost.seconds < 1e6
        ? `${Math.round(units / cost.seconds / 1e3)} kB/s`
        : `${(units / cost.seconds / 1e6).toFixed(1)} MB/s`;
    case "request":
      return `${Math.round(units / cost.seconds).toLocaleString("en")} /s`;
    case "round trip":
      return `${((cost.seconds / units) * 1e6).toFixed(1)} µs`;
  }
}

function instructions(row: Row, count: number): string {
  const one = count / (row.connections * row.count);
  return row.unit === "byte" ? one.toFixed(2) : Math.round(one).toLocaleString("en");
}

const BESIDE = ["linux", "qemu"];
const [ROW_NAMES, SYSTEM_NAMES] = [Object.keys(ROWS), Object.keys(SYSTEMS)];
const options = workshopCommand("npm run bench -- network", "the network beside others'", "--only qure --rows one,loss")
  .option(
    "--rows <names>",
    ROW_NAMES.map((name) => `${name}: ${ROWS[name]!.name}`).join("; "),
    listOf(oneOf(ROW_NAMES)),
    ROW_NAMES,
  )
  .option("--only <system>", SYSTEM_NAMES.join(" or "), oneOf(SYSTEM_NAMES))
  .option("--beside <what>", BESIDE.join(" or "), oneOf(BESIDE))
  .parse()
  .opts<{ readonly rows: readonly string[]; readonly only?: string; readonly beside?: string }>();

/** Measures beside Linux, in virtual time, and prints a table. */
async function measureVirtual(): Promise<void> {
  const systems = SYSTEM_NAMES.filter((name) => name === (options.only ?? name));
  const results = new Map<string, Map<string, Cost>>();
  for (const name of systems) results.set(name, await measure(name, options.rows));

  const heads = systems.map((name) => SYSTEMS[name]!.title);
  console.log(
    `| | ${heads.join(" | ")} | one | ${heads.map((head) => `${head}: client, server, instructions for one`).join(" | ")} |`,
  );
  console.log(`|---|${heads.map(() => "---:|").join("")}---|${heads.map(() => "---:|").join("")}`);
  for (const key of options.rows) {
    const row = ROWS[key]!;
    const cells = (show: (cost: Cost) => string): string =>
      systems
        .map((name) => results.get(name)!.get(key))
        .map((cost) => (cost ? show(cost) : ""))
        .join(" | ");
    const costs = cells((cost) => `${instructions(row, cost.client)}, ${instructions(row, cost.server)}`);
    console.log(`| ${row.name} | ${cells((cost) => speed(row, cost))} | ${row.unit} | ${costs} |`);
  }
}

if (options.beside !== "qemu") await measureVirtual();
if (options.beside !== "linux") await measureWall();
