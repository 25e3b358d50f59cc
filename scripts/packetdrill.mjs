/**
 * Has packetdrill judge the guest's TCP: `node scripts/packetdrill.mjs [--verbose] [--archive google|freebsd] [--every
 * N] [PATTERN]`. The judge and its scripts are unpacked from QURE_JUDGES (../shared/judges if that is not set) into a
 * temporary folder; what is excluded, and why, is in tests/judges/packetdrill/exclusions.mjs. Every script that fails
 * is named, and the exit status is 0 when they are those of failing.mjs.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { buildSystem, folderTree, LabCluster, loadFirmware, restoreCluster, serveSwitch } from "../dist/index.js";
import { ARCHIVES, excludedBecause, prepared } from "../tests/judges/packetdrill/exclusions.mjs";
import { FAILING } from "../tests/judges/packetdrill/failing.mjs";
import { oneOf, wholeNumber, workshopCommand } from "./command.mjs";

const root = resolve(import.meta.dirname, "..");
const judges = process.env.QURE_JUDGES ?? join(root, "../shared/judges");
const PEER = "10.0.2.77";
const AGENT = "tests/judges/packetdrill/agent.s";
const SCRIPT_MS = 60_000;

const command = workshopCommand(
  "node scripts/packetdrill.mjs",
  "packetdrill judges the guest's TCP; exit code 0 when the scripts that fail are those of failing.mjs",
  "--archive freebsd rto",
)
  .argument("[pattern]", "part of the scripts' paths", "")
  .option("--verbose", "print what packetdrill says")
  .option("--every <n>", "of the scripts one of so many", wholeNumber(1), 1)
  .option("--archive <name>", "of one archive only", oneOf(Object.keys(ARCHIVES)))
  .parse();
const [pattern] = command.processedArgs;
const { verbose, every, archive: onlyArchive = null } = command.opts();

if (!existsSync(judges)) {
  console.log(`packetdrill: no judges at ${judges}; QURE_JUDGES says where they are`);
  process.exit(0);
}

for (const tool of ["gcc", "make", "bison", "flex", "tar"])
  if (spawnSync(tool, ["--version"]).error) {
    console.error(`packetdrill: ${tool} is not installed; the judge is built with it`);
    process.exit(1);
  }

const place = mkdtempSync(join(tmpdir(), "qure-packetdrill-"));
for (const file of readdirSync(judges).filter((name) => name.endsWith(".tar.xz")))
  execFileSync("tar", ["xf", join(judges, file), "-C", place]);
const tool = join(place, "packetdrill/gtests/net/packetdrill");
fillAddresses(join(tool, "run_packet.c"));
execFileSync("sh", ["-c", "./configure >/dev/null && make -j2 packetdrill >/dev/null 2>&1"], { cwd: tool });
const plugin = join(place, "qure.so");
const source = join(root, "tests/judges/packetdrill/plugin.c");
execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-I", tool, "-o", plugin, source, "-lpthread"]);

const tree = folderTree(root);
const built = buildSystem(
  {
    list: (folder) =>
      "asm/net/agent.s".startsWith(`${folder}/`) ? [...tree.list(folder), "asm/net/agent.s"].sort() : tree.list(folder),
    read: (path) => tree.read(path === "asm/net/agent.s" ? AGENT : path),
  },
  { version: "0.1.0", revision: 1 },
);
const iso = built.files?.find(({ name }) => name === "qure.iso")?.content;
if (!iso) throw new Error(JSON.stringify(built.diagnostics[0]));
const lab = new LabCluster({
  nodes: [{ cdrom: iso, ramBytes: 16 << 20 }],
  firmware: loadFirmware(),
  linkLatency: "1us",
});
const CLOUD = /cloud: \S+ (\S+) era/;
await lab.nodes[0].waitFor(CLOUD, { within: "30s" });
await lab.advance("5s");
const console_ = lab.nodes[0].console.text;
const mac = /82540EM, ([0-9a-f:]+)/.exec(console_)[1];
const address = CLOUD.exec(console_)[1];
// Each script gets a cluster that is restored from here.
const saved = lab.save();
lab.close();
const path = join(place, "switch");
const server = await serveSwitch(path, () => restoreCluster(saved));

/**
 * Has the judge fill in the addresses of a TCP socket that neither listens nor connects, as it does for UDP and ICMP:
 * what it sends in state CLOSED went from 0.0.0.0 to 0.0.0.0.
 */
function fillAddresses(source) {
  const text = readFileSync(source, "utf8");
  const filled = text.replace(
    /(\w+->config->is_anyip) && \((packet->udp)/,
    "($1 || packet->tcp) && (packet->tcp || $2",
  );
  if (filled === text) throw new Error(`${source} has no place where addresses are filled in`);
  writeFileSync(source, filled);
}

function scriptsOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = join(folder, entry.name);
    return entry.isDirectory() ? scriptsOf(full) : entry.name.endsWith(".pkt") ? [full] : [];
  });
}

function judge(file, archive) {
  return new Promise((done) => {
    const ready = join(place, `${basename(file, ".pkt")}.${process.pid}.pkt`);
    writeFileSync(ready, prepared(readFileSync(file, "utf8"), place));
    const child = spawn(
      join(tool, "packetdrill"),
      [
        `--so_filename=${plugin}`,
        `--so_flags=${[path, mac, address, ...ARCHIVES[archive].flags].join(",")}`,
        `--local_ip=${address}`,
        `--remote_ip=${PEER}`,
        "--gateway_ip=10.0.2.2",
        "--netmask_ip=255.255.255.0",
        ...ARCHIVES[archive].options,
        ready,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LD_PRELOAD: plugin } }, // for sendfile and system
    );
    let said = "";
    child.stdout.on("data", (bytes) => (said += bytes));
    child.stderr.on("data", (bytes) => (said += bytes));
    const timer = setTimeout(() => child.kill("SIGKILL"), SCRIPT_MS);
    child.on("close", (status) => {
      clearTimeout(timer);
      done({ passed: status === 0, said: said.replaceAll(`${place}/`, "").trim() });
    });
  });
}

let surprises = 0;
for (const archive of Object.keys(ARCHIVES).filter((name) => !onlyArchive || name === onlyArchive)) {
  const folder = join(place, ARCHIVES[archive].folder);
  const all = scriptsOf(folder).sort();
  const excluded = new Map();
  const failures = [];
  let passed = 0;
  let judged = 0;
  let looked = 0;
  for (const file of all) {
    const name = relative(folder, file);
    if (!name.includes(pattern)) continue;
    if (looked++ % every !== 0) continue;
    const exclusion = excludedBecause(archive, name, readFileSync(file, "utf8"));
    if (exclusion) {
      excluded.set(exclusion, (excluded.get(exclusion) ?? 0) + 1);
      continue;
    }
    judged++;
    const { passed: good, said } = await judge(file, archive);
    const reason = FAILING[archive].get(name);
    if (good) passed++;
    else failures.push(`${name}: ${reason && !verbose ? reason : verbose ? said : (said.split("\n").at(0) ?? "")}`);
    if (good !== (reason === undefined)) {
      surprises++;
      failures.push(
        good ? `${name}: passes now, and is on the list of those that do not` : `${name}: is not on the list`,
      );
    }
  }
  console.log(
    `\n${archive}: ${passed} of ${judged} scripts pass (${((100 * passed) / judged).toFixed(1)} %), of ${all.length}`,
  );
  for (const [exclusion, count] of excluded) console.log(`  ${count} excluded: ${exclusion}`);
  for (const failure of failures) console.log(`  FAIL ${failure}`);
}
server.close();
rmSync(place, { recursive: true, force: true });
process.exit(surprises === 0 ? 0 : 1);
