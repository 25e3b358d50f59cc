/**
 * The file that configures a machine of VMware's (`.vmx`): a line for each value, `KEY = "VALUE"`, in which `#` begins
 * a comment and `|22` is a character by its number. Keys are the same in capital and small letters.
 */
import { bytesOf, type Configuration, ConfigurationError, parseTemplate, type Template } from "./configuration.ts";

interface Value {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

export type Vmx = ReadonlyMap<string, Value>;

const ENTRY = /^(\s*)([A-Za-z_.][\w.:-]*)(\s*=\s*)("[^"]*"|[^\s"#;]+)\s*(.*)$/;
const COMMENT = 'a comment begins with "#", not with ";": VMware refuses this file, too';
/** What `bios.bootOrder` calls what has a letter in ours. */
const BOOT: Readonly<Record<string, string>> = { a: "floppy", c: "hdd", d: "cdrom", n: "ethernet0" };
const DISK = /^(?:ide|scsi|sata|nvme)\d+:\d+$/;

/** Throws a ConfigurationError at the first line that is none. */
export function parseVmx(path: string, content: string): Vmx {
  const found = new Map<string, Value>();
  for (const [index, line] of content
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const indent = line.search(/\S/);
    if (indent < 0 || line[indent] === "#") continue;
    const wrong = (column: number, message: string): ConfigurationError =>
      new ConfigurationError(`${path}:${index + 1}:${column}`, message);
    if (line[indent] === ";") throw wrong(indent + 1, COMMENT);
    const match = ENTRY.exec(line);
    if (!match) throw wrong(indent + 1, 'expected KEY = "VALUE"');
    const [, before, key, equals, value, rest] = match as unknown as [string, string, string, string, string, string];
    if (rest !== "" && rest[0] !== "#")
      throw wrong(line.length - rest.length + 1, rest[0] === ";" ? COMMENT : "expected the end of the line");
    const name = key.toLowerCase();
    const first = found.get(name);
    if (first) throw wrong(indent + 1, `${key} is there already, in line ${first.line}`);
    const isQuoted = value.startsWith('"');
    const text = (isQuoted ? value.slice(1, -1) : value).replace(/\|([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    const column = before.length + key.length + equals.length + 1 + Number(isQuoted);
    found.set(name, { text, line: index + 1, column });
  }
  return found;
}

export interface VmxTemplate {
  /** Without a disk. */
  readonly template: Template;
  /** The first disk that is there, as the file names it. */
  readonly disk: { readonly file: string; readonly place: string } | null;
}

/** What each key says of a machine, as a template has it; null: nothing that it may say. */
const MEANINGS: Readonly<Record<string, { readonly means: string; read(text: string): object | null }>> = {
  displayname: { means: "a line", read: (text) => (/^[^\p{Cc}]{1,120}$/u.test(text) ? { displayName: text } : null) },
  "guestinfo.hostname": {
    means: "a host name",
    read: (text) => (/^(?:[A-Za-z0-9-]|\{key\}){1,32}$/.test(text) ? { hostname: text } : null),
  },
  memsize: {
    means: "MiB from 4 to 2048",
    read: (text) => (/^\d{1,4}$/.test(text) && +text >= 4 && +text <= 2048 ? { memory: `${+text}M` } : null),
  },
  numvcpus: { means: "processors, 1 to 8", read: (text) => (/^[1-8]$/.test(text) ? { cpus: Number(text) } : null) },
};

function bootOf(values: Vmx, fail: (value: Value, message: string) => never): Partial<Template["boot"]> {
  const order = values.get("bios.bootorder");
  const delay = values.get("bios.bootdelay");
  const letters = order?.text.split(",").map((one) => {
    const name = one.trim().toLowerCase();
    const letter = Object.keys(BOOT).find((key) => name === BOOT[key] || (key === "n" && /^ethernet\d$/.test(name)));
    return (
      letter ?? fail(order, `bios.bootOrder: there is no ${one.trim()}: there are ${Object.values(BOOT).join(", ")}`)
    );
  });
  if (delay && !/^\d{1,5}$/.test(delay.text)) fail(delay, "bios.bootDelay is a number of milliseconds, such as 2000");
  return {
    ...(letters ? { order: [...new Set(letters)].join("") } : {}),
    ...(delay ? { delay: Number(delay.text) % 1000 === 0 ? `${Number(delay.text) / 1000}s` : `${delay.text}ms` } : {}),
  };
}

/** A machine as such a file describes it. Throws a ConfigurationError. */
export function templateOfVmx(path: string, content: string): VmxTemplate {
  const values = parseVmx(path, content);
  const fail = ({ line, column }: Value, message: string): never => {
    throw new ConfigurationError(`${path}:${line}:${column}`, message);
  };
  const said: Record<string, unknown> = {};
  for (const [key, { means, read }] of Object.entries(MEANINGS)) {
    const value = values.get(key);
    if (value) Object.assign(said, read(value.text) ?? fail(value, `${key} is ${means}`));
  }
  const plain = parseTemplate(path, "{}");
  const drives = [...values.keys()]
    .flatMap((key) => (key.endsWith(".filename") ? [key.slice(0, -".filename".length)] : []))
    .filter((drive) => DISK.test(drive) && values.get(`${drive}.present`)?.text.toLowerCase() !== "false");
  const isCd = (drive: string): boolean => /^cdrom/.test(values.get(`${drive}.devicetype`)?.text.toLowerCase() ?? "");
  const cd = drives.find((drive) => values.get(`${drive}.devicetype`)?.text.toLowerCase() === "cdrom-image");
  const disk = drives.find((drive) => !isCd(drive));
  const file = disk === undefined ? undefined : values.get(`${disk}.filename`)!;
  return {
    template: {
      ...plain,
      ...said,
      cdrom: cd === undefined ? null : values.get(`${cd}.filename`)!.text,
      boot: { ...plain.boot, ...bootOf(values, fail) },
    },
    disk: file ? { file: file.text, place: `${path}:${file.line}:${file.column}` } : null,
  };
}

export interface VmxFiles {
  /** Of its disk, beside the file itself; null: it has none. */
  readonly disk: string | null;
  /** A socket, at which the owner listens for its first serial line; null: nobody does. */
  readonly console: string | null;
}

/** The file for a machine of ours. */
export function formatVmx(configuration: Configuration, files: VmxFiles): string {
  const { id, displayName, hostname, memory, cpus, mac, boot, cdrom } = configuration;
  const delayMs = Number.parseInt(boot.delay, 10) * (boot.delay.endsWith("ms") ? 1 : 1000);
  const bytes = id.match(/../g)!;
  const uuid = `${bytes.slice(0, 8).join(" ")}-${bytes.slice(8).join(" ")}`;
  const drive = (name: string, type: string, file: string): [string, string][] => [
    [`${name}.present`, "TRUE"],
    [`${name}.deviceType`, type],
    [`${name}.fileName`, file],
  ];
  const values: readonly (readonly [string, string])[] = [
    [".encoding", "UTF-8"],
    ["config.version", "8"],
    ["virtualHW.version", "8"],
    ["guestOS", "other"],
    ["displayName", displayName],
    ["guestinfo.hostname", hostname],
    ["uuid.bios", uuid],
    // It is the machine that it was, wherever its folder lies.
    ["uuid.action", "keep"],
    ["msg.autoAnswer", "TRUE"],
    ["memsize", `${bytesOf(memory) >> 20}`],
    ["numvcpus", `${cpus}`],
    ["bios.bootDelay", `${delayMs}`],
    ["bios.bootOrder", [...boot.order].map((letter) => BOOT[letter]!).join(",")],
    ...(files.disk === null ? [] : drive("ide0:0", "ata-hardDisk", files.disk)),
    ...(cdrom === null ? [] : drive("ide1:0", "cdrom-image", cdrom)),
    ["ethernet0.present", "TRUE"],
    ["ethernet0.virtualDev", "e1000"],
    ["ethernet0.connectionType", "nat"],
    ["ethernet0.addressType", "static"],
    ["ethernet0.address", mac],
    // Otherwise VMware takes none but its own, 00:50:56.
    ["ethernet0.checkMACAddress", "FALSE"],
    ...(files.console === null ? [] : serialLine(files.console)),
  ];
  return `${values.map(([key, value]) => `${key} = "${escaped(value)}"`).join("\n")}\n`;
}

const serialLine = (socket: string): [string, string][] => [
  ["serial0.present", "TRUE"],
  ["serial0.fileType", "pipe"],
  ["serial0.fileName", socket],
  ["serial0.pipe.endPoint", "client"],
  ["serial0.tryNoRxLoss", "TRUE"],
];

const escaped = (text: string): string =>
  text.replace(/[|"\p{Cc}]/gu, (one) => `|${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
