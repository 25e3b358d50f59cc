/**
 * Writes `ar` archives in the System V / GNU layout, as GNU ar does with its deterministic headers (the default of
 * Debian's): the symbol index first, then the table of long names, then the members at even offsets.
 */
import { SHN_UNDEF, STB_LOCAL } from "./elf.ts";
import { ElfError, readElf } from "./elf-reader.ts";
import { elf64Names } from "./elf64-names.ts";

const MAGIC = "!<arch>\n";
const THIN_MAGIC = "!<thin>\n";
const HEADER_BYTES = 60;
/** Longer names go to the table of names. */
const MAXIMUM_NAME_BYTES = 15;
const DEFAULT_MODE = 0o644;

export interface NewMember {
  /** In a thin archive the path of the file from the archive's folder. */
  readonly name: string;
  /** In a thin archive, of a member of another archive: where its header is in that file. */
  readonly origin?: number | null;
  readonly content: Uint8Array;
  readonly mode?: number;
}

/**
 * `withIndex`: with the symbols of the members that are objects, if there are any objects. A thin archive has the names
 * of its members' files in place of their contents.
 */
export function writeArchive(members: readonly NewMember[], withIndex: boolean, isThin = false): Uint8Array {
  const defined = withIndex ? members.map(definedNames) : [];
  const symbols = defined.flatMap((names, index) => names?.map((name) => ({ name, index })) ?? []);
  let longNames = "";
  let previous: { readonly name: string; readonly at: number } | null = null;
  const names = members.map(({ name, origin = null }) => {
    if (name.length <= MAXIMUM_NAME_BYTES && !isThin) return `${name}/`;
    // Members of one archive follow each other in a thin one, and share its name.
    if (origin === null || previous?.name !== name) {
      previous = { name, at: longNames.length };
      longNames += `${name}/\n`;
    }
    const number = `/${previous.at}${origin === null ? "" : `:${origin}`}`;
    // GNU ar leaves the end of a name that the header would just have held.
    return name.length === MAXIMUM_NAME_BYTES && origin === null ? `${number.padEnd(MAXIMUM_NAME_BYTES)}/` : number;
  });
  const storedBytes = ({ content }: NewMember): number => (isThin ? 0 : content.length + (content.length % 2));
  // The table of names is padded to an even length with a newline.
  if (longNames.length % 2 === 1) longNames += "\n";
  const indexBytes = 4 + symbols.length * 4 + symbols.reduce((sum, { name }) => sum + name.length + 1, 0);
  const hasIndex = defined.some((names) => names !== null);
  const paddedIndexBytes = indexBytes + (indexBytes % 2);
  let at =
    MAGIC.length +
    (hasIndex ? HEADER_BYTES + paddedIndexBytes : 0) +
    (longNames === "" ? 0 : HEADER_BYTES + longNames.length);
  const offsets = members.map((member) => {
    const offset = at;
    at += HEADER_BYTES + storedBytes(member);
    return offset;
  });
  const out = new Uint8Array(at);
  const view = new DataView(out.buffer);
  let position = text(out, 0, isThin ? THIN_MAGIC : MAGIC);
  if (hasIndex) {
    position = header(out, position, "/", paddedIndexBytes, "0", "0", "0", "0");
    view.setUint32(position, symbols.length);
    symbols.forEach(({ index }, i) => view.setUint32(position + 4 + i * 4, offsets[index]!));
    let nameAt = position + 4 + symbols.length * 4;
    for (const { name } of symbols) nameAt = text(out, nameAt, `${name}\0`);
    position += paddedIndexBytes;
  }
  if (longNames !== "") {
    position = header(out, position, "//", longNames.length, "", "", "", "");
    position = text(out, position, longNames);
  }
  members.forEach(({ content, mode }, i) => {
    position = header(out, position, names[i]!, content.length, "0", "0", "0", (mode ?? DEFAULT_MODE).toString(8));
    if (isThin) return;
    out.set(content, position);
    position += content.length;
    if (content.length % 2 === 1) out[position++] = 0x0a;
  });
  return out;
}

/** What a member defines for others; null when it is no object. */
function definedNames({ name, content }: NewMember): string[] | null {
  try {
    return readElf(content, name)
      .symbols.filter(({ binding, section }) => binding !== STB_LOCAL && section !== SHN_UNDEF)
      .map((symbol) => symbol.name);
  } catch (error) {
    if (error instanceof ElfError) return elf64Names(content);
    throw error;
  }
}

function header(
  out: Uint8Array,
  at: number,
  name: string,
  sizeBytes: number,
  time: string,
  user: string,
  group: string,
  mode: string,
): number {
  return text(
    out,
    at,
    `${name.padEnd(16)}${time.padEnd(12)}${user.padEnd(6)}${group.padEnd(6)}${mode.padEnd(8)}${String(sizeBytes).padEnd(10)}\`\n`,
  );
}

function text(out: Uint8Array, at: number, value: string): number {
  for (let i = 0; i < value.length; i++) out[at + i] = value.charCodeAt(i);
  return at + value.length;
}
