/**
 * What a build makes, as `build.json` says it: each key once. Types, checks, the page (docs/formats/spec.md) and the
 * schema for editors (vm/build.schema.json) come from these tables.
 */
import { MOST_TRUSTED } from "../image/key-list.ts";
import { PRODUCT } from "../image/signature.ts";
import {
  choice,
  type Field,
  type FieldValues,
  flag,
  group,
  type JsonSchema,
  listOf,
  mapOf,
  optional,
  PlanError,
  path,
  schemaOf,
  text,
  wholeNumber,
  withInitial,
} from "../plan/fields.ts";

const OUTPUTS = ["iso", "raw", "vmdk", "vmx", "usb", "tgz"] as const;

const DEFAULT_OUTPUTS: readonly (typeof OUTPUTS)[number][] = ["iso", "raw"];
const MOST_NUMBER = 2 ** 32 - 1;
const LINE = /^[^\x00-\x1f\x7f]+$/;
/** 16M to 2T, as a pattern, so that an editor knows it too. */
const DISK_SIZE =
  /^(?:(?:1(?:638[4-9]|639\d|6[4-9]\d\d|[7-9]\d{3})|[2-9]\d{4}|[1-9]\d{5,8})K|(?:1[6-9]|[2-9]\d|[1-9]\d{2,5})M|(?:[1-9]\d{0,2}|1\d{3}|20[0-3]\d|204[0-8])G|[12]T)$/;
const MEMORY_SIZE = /^(?:(?:[4-9]|[1-9]\d{1,2}|1\d{3}|20[0-3]\d|204[0-8])M|[12]G)$/;
/** Of a source: no pattern reaches above a folder that it names. */
const SOURCE = /^(?!\/)(?!.*\.\.)(?!.*\\)[^*\x00-\x1f]+(?:\/[^\x00-\x1f]*\*[^\x00-\x1f]*)?$/;
const BELOW = /^(?!\/)(?!.*\.\.)[^\x00-\x1f]+$/;
const IN_VOLUME = /^(?:\/[^/\x00-\x1f]{1,255})+$/;
const SERVICE_ADDRESS =
  /^(?:(?:[1-9]|1?\d\d|2[0-4]\d|25[0-5])\.)(?:(?:\d|1?\d\d|2[0-4]\d|25[0-5])\.){2}(?:\d|1?\d\d|2[0-4]\d|25[0-5])(?:\/(?:[89]|[12]\d|30))?(?: shared)?$/;
const MOST_ADDRESSES = 8;
const PROGRAM = /^[a-z\d][a-z\d-]{0,31}$/;
const MODULE = /^[a-z][a-z\d-]{0,31}$/;

/** What a module is: in, left out, or made of the sources of another folder. */
function moduleField(): Field<boolean | string> {
  const kind = "true, false, or the folder of its sources";
  const read = (value: unknown, place: string): boolean | string => {
    if (typeof value === "boolean" || (typeof value === "string" && value !== "")) return value;
    throw new PlanError(place, `expected ${kind}, and got ${JSON.stringify(value)}`);
  };
  const schema = { anyOf: [{ type: "boolean" }, { type: "string", minLength: 1 }] };
  return { help: "a module", kind, schema, initial: true, read, write: (value) => value };
}

const FILE = {
  path: text({ help: "where it is in the volume", kind: "path such as /letters/hello.txt", pattern: IN_VOLUME }),
  from: optional(path({ help: "the file with its content, relative to the folder of the system" })),
  text: optional(text({ help: "its content, if it is no file", kind: "text", pattern: /^[^\0]*$/, initial: "" })),
};

const SERVICE = {
  program: text({ help: "path and words of its program", kind: "line", pattern: LINE }),
  need: listOf(text({ help: "services that are started before it", kind: "name", pattern: PROGRAM }), 16),
  restart: choice({ help: "when it is started again", choices: ["failure", "always", "never"], initial: "failure" }),
};

const C = {
  compiler: text({ help: "a gcc that takes `-m32`", kind: "program", pattern: /^[^\x00-\x1f]+$/, initial: "gcc" }),
  options: listOf(text({ help: "what it is told more", kind: "option", pattern: /^-[^\x00-\x1f]*$/ })),
};

const DISK = {
  size: text({
    help: "at most 1G with a volume",
    kind: "size from 16M to 2T",
    pattern: DISK_SIZE,
    initial: "32M",
  }),
  files: listOf(group({ help: "files of the volume at the first boot", table: FILE })),
  settings: mapOf({
    help: "variables of the shell, as `save` keeps them",
    names: /^[A-Za-z_][\w.-]{0,62}$/,
    item: text({ help: "a value", kind: "line", pattern: LINE }),
  }),
  services: mapOf({ help: "services", names: PROGRAM, item: group({ help: "a service", table: SERVICE }) }),
  init: listOf(text({ help: "lines of `/net/init.rc`, which runs at each start", kind: "line", pattern: LINE })),
};

const CONSOLE = {
  columns: optional(wholeNumber({ help: "of the serial terminal", least: 20, most: 500, initial: 80 })),
  rows: optional(wholeNumber({ help: "of the serial terminal", least: 5, most: 200, initial: 24 })),
  history: flag({ help: "the lines that were typed are kept on the disk", initial: false }),
};

const CLUSTER = {
  key: optional(path({ help: "file with the line `NAME KEY`, which each machine takes at its first boot" })),
  reboot: flag({ help: "whether members may restart it", initial: true }),
  unsigned: flag({ help: "whether it takes kernels of an upgrade that nobody has signed", initial: false }),
  domain: optional(
    text({
      help: "`dns.domain`, in which members answer for their names",
      kind: "domain such as cats.example",
      pattern: /^(?=.{1,63}$)[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/,
    }),
  ),
  addresses: listOf(
    text({
      help: "which it has",
      kind: "service address such as 10.0.2.100, 10.0.2.100/24 or 10.0.2.100 shared",
      pattern: SERVICE_ADDRESS,
    }),
    MOST_ADDRESSES,
  ),
  values: mapOf({
    help: "others that it keeps together",
    names: /^[A-Za-z\d][\w.-]{0,30}$/,
    item: text({ help: "a value", kind: "text of at most 127 characters, without '", pattern: /^[ -&(-~]{1,127}$/ }),
  }),
};

const SIGNING = {
  product: optional(
    text({
      help: "no upgrade changes it; when absent, `name`",
      kind: "name of 1 to 31 letters a to z, digits, . and -",
      pattern: PRODUCT,
    }),
  ),
  floor: wholeNumber({
    help: "lowest revision that may install the signed kernel",
    least: 0,
    most: MOST_NUMBER,
    initial: 0,
  }),
  trust: listOf(
    text({
      help: "public keys whose kernels it installs, with `--trust`'s",
      kind: "64 hex digits or a file",
      pattern: LINE,
    }),
    MOST_TRUSTED,
  ),
};

const MACHINE = {
  memory: text({ help: "of its RAM", kind: "size from 4M to 2G", pattern: MEMORY_SIZE, initial: "32M" }),
  processors: wholeNumber({ help: "how many", least: 1, most: 8, initial: 1 }),
};

export const SPEC = {
  $schema: optional(text({ help: "for editors", kind: "text" })),
  name: text({
    help: "of the files: `NAME.iso`, `NAME.img`",
    kind: "name of small letters, digits and -",
    pattern: /^[a-z\d][a-z\d-]{0,31}$/,
    initial: "qure",
  }),
  product: text({
    help: "first word of the kernel image's label, and what VMware shows",
    kind: "name of at most 15 characters",
    pattern: /^[!-~](?:[ -~]{0,13}[!-~])?$/,
    initial: "QuRe",
  }),
  version: optional(
    text({ help: "second word; when absent, this package's", kind: "version", pattern: /^[\w.+-]{1,15}$/ }),
  ),
  revision: optional(
    wholeNumber({ help: "in the kernel image; when absent, of the package", least: 0, most: MOST_NUMBER, initial: 0 }),
  ),
  base: choice({ help: "whose sources lie under those of this folder", choices: ["none", "qure"], initial: "none" }),
  layout: choice({
    help: "QuRe's boot image, or one flat program that begins with the boot sector",
    choices: ["qure", "flat"],
    initial: "qure",
  }),
  sources: listOf(
    text({
      help: "paths and patterns; none: all of `asm/`",
      kind: "path or pattern such as asm/**/*.s",
      pattern: SOURCE,
    }),
  ),
  includes: withInitial(listOf(text({ help: "folders for `.include`", kind: "folder", pattern: BELOW })), [
    "asm/include",
  ]),
  script: text({ help: "linker script", kind: "path", pattern: BELOW, initial: "asm/kernel.ld" }),
  defines: mapOf({
    help: "symbols that each source has",
    names: /^[A-Za-z_]\w{0,62}$/,
    item: wholeNumber({ help: "a value", least: -(2 ** 31), most: MOST_NUMBER, initial: 0 }),
  }),
  c: group({ help: "sources in C", table: C }),
  modules: mapOf({ help: "parts of `asm/`, [by name](#modules)", names: MODULE, item: moduleField() }),
  programs: listOf(text({ help: "those of `asm/programs` that are in; none: all", kind: "name", pattern: PROGRAM })),
  hostName: optional(
    text({
      help: "name of each machine; {mac}: six digits of its card's address",
      kind: "name such as web-{mac}",
      pattern: /^[a-z][a-z\d-]{0,8}\{mac\}$|^[a-z](?:[a-z\d-]{0,13}[a-z\d])?$/,
    }),
  ),
  keymap: optional(choice({ help: "layout of the keyboard", choices: ["us", "uk", "de", "fr"], initial: "us" })),
  console: group({ help: "the console", table: CONSOLE }),
  cluster: group({ help: "its cluster", table: CLUSTER }),
  authorizedKeys: optional(
    path({ help: "file of the keys that may enter by [SSH](../protocols/ssh.md), as OpenSSH has it" }),
  ),
  disk: group({ help: "the disk", table: DISK }),
  signing: group({ help: "[signatures](signature.md)", table: SIGNING }),
  machine: group({ help: "the machine of `vmx`", table: MACHINE }),
  outputs: withInitial(
    listOf(choice({ help: "images, besides kernel and lists", choices: OUTPUTS, initial: "iso" })),
    DEFAULT_OUTPUTS,
  ),
};

export type Spec = FieldValues<typeof SPEC>;

/** The schema for editors. */
export function specSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "build.json of qure",
    ...schemaOf(SPEC, true),
  };
}
