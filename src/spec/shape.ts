/** What a spec means for a build: which sources, which files, and what is on the disk. */
import type { Module } from "../build/modules.ts";
import type { SystemShape } from "../build/shape.ts";
import type { VolumeFile } from "../build/volume.ts";
import { crc32 } from "../bytes/crc32.ts";
import { PlanError } from "../plan/fields.ts";
import { parseTemplate } from "../vm/configuration.ts";
import { formatVmdk } from "../vm/vmdk.ts";
import { formatVmx } from "../vm/vmx.ts";
import type { Spec } from "./schema.ts";

const FIRST_SCRIPT = "/first.rc";
const CLUSTER_SCRIPT = "/cluster.rc";
/** What the kernel keeps of them at most (asm/include/cluster.inc, VALUES_TEXT_MAXIMUM). */
const MOST_VALUE_BYTES = 1020;
const KEYS_FILE = "/ssh/authorized_keys";
/** Shorter lines of the shell than it takes. */
const IN_VOLUME = "/net";

/** Reads a file that the spec names; throws what tells of it. */
export type ReadNamed = (path: string) => Uint8Array;

export function shapeOf(spec: Spec, left: readonly Module[], read: ReadNamed): SystemShape {
  const files = volumeFiles(spec, read);
  const { name, product, layout, sources, includes, script, defines, programs, outputs } = spec;
  return {
    ...{ name, product, layout, sources, includes, script, defines, programs, outputs },
    machine: {
      vmx: vmxOf(spec),
      vmdk: (sizeBytes, contentId) => formatVmdk({ sizeBytes, extent: `${name}.img` }, contentId),
    },
    leavesOut: (path) => left.some((module) => module.owns(path)),
    made: spec.hostName === null ? new Map() : new Map([[HOST_NAME_FILE, hostNameSource(spec.hostName)]]),
    volume: files.length === 0 ? null : files,
  };
}

const HOST_NAME_FILE = "asm/include/host-name.inc";

/** As the file of that path in QuRe's sources. */
function hostNameSource(pattern: string): string {
  const format = pattern.replace("{mac}", "%06x");
  return [
    "HOST_NAME_FIXED = 1",
    ".macro HOST_NAME_WRITE buffer:req, size:req, digits:req",
    `    SNPRINTF \\buffer, \\size, "${format}", \\digits`,
    ".endm",
    "",
  ].join("\n");
}

function volumeFiles(spec: Spec, read: ReadNamed): VolumeFile[] {
  const { disk, keymap, console, cluster, authorizedKeys } = spec;
  const encoder = new TextEncoder();
  const file = (path: string, lines: readonly string[]): VolumeFile[] =>
    lines.length === 0 ? [] : [{ path, content: encoder.encode(`${lines.join("\n")}\n`) }];
  const settings = {
    ...(keymap === null ? {} : { keymap }),
    ...(console.columns === null ? {} : { columns: `${console.columns}` }),
    ...(console.rows === null ? {} : { rows: `${console.rows}` }),
    ...(console.history ? { history: `${IN_VOLUME}/history` } : {}),
    ...(cluster.reboot ? {} : { "cloud.reboot": "no" }),
    ...disk.settings,
  };
  const first = cluster.key === null ? [] : [`cloud key set ${new TextDecoder().decode(read(cluster.key)).trim()}`];
  const path = `${IN_VOLUME}${FIRST_SCRIPT}`;
  // The key goes with the script: what runs at the first boot is not there at the second.
  const begin = first.length === 0 ? [] : [`if test -f ${path}; then shell ${path}; rm ${path}; fi`];
  const agreed = clusterScript(cluster);
  if (agreed.length > 0) begin.push(`if test -f ${AGREED}; then`, `shell ${AGREED} &`, "fi");
  const services = Object.entries(disk.services).flatMap(([name, { program, need, restart }]) =>
    file(`/services/${name}`, [
      `program ${program}`,
      ...need.map((other) => `need ${other}`),
      ...(restart === "failure" ? [] : [`restart ${restart}`]),
    ]),
  );
  return [
    ...file(
      "/settings",
      Object.entries(settings).map(([key, value]) => `${key} = ${value}`),
    ),
    ...file(FIRST_SCRIPT, first),
    ...file(CLUSTER_SCRIPT, agreed),
    ...file("/init.rc", [...begin, ...disk.init]),
    ...services,
    ...(authorizedKeys === null ? [] : [{ path: KEYS_FILE, content: keysIn(authorizedKeys, read(authorizedKeys)) }]),
    ...disk.files.map(({ path: place, from, text }) => ({
      path: place,
      content: from === null ? encoder.encode(text ?? "") : read(from),
    })),
  ];
}

const AGREED = `${IN_VOLUME}${CLUSTER_SCRIPT}`;
const SAID = `${AGREED}.said`;

/**
 * Lines that have the cluster agree on what it does not have yet: a machine that joins a cluster changes nothing there.
 * They wait until this machine is a member and a majority answers, and the script goes when all counts.
 */
function clusterScript({ domain, addresses, unsigned, values }: Spec["cluster"]): string[] {
  const given = {
    ...(domain === null ? {} : { "dns.domain": domain }),
    ...(unsigned ? { "upgrade.unsigned": "yes" } : {}),
    ...values,
  };
  const words = addresses.map((text) => {
    const [, address = "", bits, shared = ""] = /^([\d.]+)(?:\/(\d+))?( shared)?$/.exec(text)!;
    return { address, mask: bits === undefined ? "" : ` ${maskOf(Number(bits))}`, shared };
  });
  const twice = words.find(({ address }, at) =>
    words.some((other, before) => before < at && other.address === address),
  );
  if (twice) throw new PlanError("cluster.addresses", `${twice.address} is there twice`);
  // As the kernel writes it: name, NUL, value, NUL; of an address with its mask.
  const [perAddress, perMask] = ["address.255.255.255.255".length + 2, "255.255.255.255 shared".length];
  const valueBytes = Object.entries(given).reduce((sum, [name, value]) => sum + name.length + value.length + 2, 0);
  const sizeBytes = valueBytes + words.length * (perAddress + perMask);
  if (sizeBytes > MOST_VALUE_BYTES)
    throw new PlanError("cluster", `its values and addresses take ${sizeBytes} bytes, and ${MOST_VALUE_BYTES} can be`);
  const until = (name: string, act: string): string =>
    `until cloud get ${name} > ${SAID} || ${act} > ${SAID}; do sleep 1000; done`;
  const lines = [
    ...words.map(({ address, mask, shared }) =>
      until(`address.${address}`, `cloud address add ${address}${mask}${shared}`),
    ),
    ...Object.entries(given).map(([name, value]) => until(name, `cloud set ${name} '${value}'`)),
  ];
  return lines.length === 0 ? [] : [...lines, `rm ${SAID} ${AGREED}`];
}

const maskOf = (bits: number): string =>
  [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - from)))).join(".");

/** What QuRe reads of a key: `ssh-ed25519`, its 51 bytes in Base64, and a note. */
const KEY_LINE = /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z\d+/]{43}(?:\s.*)?$/;
const MOST_KEYS = 32;

/** A file of keys, when every line of it is one, a comment, or empty. */
function keysIn(path: string, content: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(content).split(/\r?\n/);
  const isKey = (line: string): boolean => KEY_LINE.test(line);
  const wrong = lines.findIndex((line) => !isKey(line) && !/^\s*(?:#.*)?$/.test(line));
  if (wrong >= 0)
    throw new PlanError(
      "authorizedKeys",
      `${path}:${wrong + 1}: expected a line of a file id_ed25519.pub, without options`,
    );
  const count = lines.filter(isKey).length;
  if (count === 0 || count > MOST_KEYS)
    throw new PlanError("authorizedKeys", `${path}: expected 1 to ${MOST_KEYS} keys, and it has ${count}`);
  return new TextEncoder().encode(`${lines.join("\n").trimEnd()}\n`);
}

/** The same spec describes the same machine. */
function vmxOf({ name, product, machine }: Spec): string {
  const digits = (text: string): string => crc32(new TextEncoder().encode(text)).toString(16).padStart(8, "0");
  const id = ["a", "b", "c", "d"].map((part) => digits(`${part} ${name} ${product}`)).join("");
  const mac = `52:54:00:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}`;
  const { disk: _, ...template } = parseTemplate("the built-in template", "{}");
  const configuration = {
    ...template,
    ...{ version: 1, id, number: 1, name, mac, disk: null, hostname: name, displayName: product },
    ...{ memory: machine.memory, cpus: machine.processors },
  };
  return formatVmx(configuration, { disk: `${name}.vmdk`, console: null });
}
