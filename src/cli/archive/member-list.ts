/** The members of an archive that is being changed, in their order, and the archive that comes of them. */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import { makeFolder } from "../../host/folder.ts";
import { type ArchiveMember, isArchive, readArchive } from "../../object/archive.ts";
import { type NewMember, writeArchive } from "../../object/archive-writer.ts";
import { ElfError } from "../../object/elf-reader.ts";
import { isSlimObject } from "../../object/slim-objects.ts";
import { CommandError, say } from "../fail.ts";
import { memberReader, readBytes } from "../object-input.ts";

/** A member of the archive as it was, or a file that becomes one. */
export interface Member extends NewMember {
  /** What its header says; null for a file that is not in an archive yet. */
  readonly old: ArchiveMember | null;
}

export interface Place {
  readonly side: "before" | "after";
  readonly name: string;
}

export interface NamingOptions {
  /** P: with the folders of the files. */
  readonly wholeNames: boolean;
  /** f: as much of a name as a header holds. */
  readonly cutNames: boolean;
}

/** What a header of an archive holds of a name. */
const HEADER_NAME_BYTES = 15;

export class MemberList {
  readonly path: string;
  readonly isThin: boolean;
  readonly exists: boolean;
  members: Member[];
  readonly #naming: NamingOptions;

  /** `isThin` counts where there are no members yet. Throws `CommandError`. */
  constructor(path: string, naming: NamingOptions, isThin: boolean) {
    this.path = path;
    this.exists = existsSync(path);
    const found = this.exists ? readMembers(path) : { members: [], isThin };
    this.isThin = found.members.length > 0 ? found.isThin : isThin;
    this.members = found.members;
    this.#naming = naming;
  }

  /** What a file is called as a member. */
  nameOf(file: string): string {
    if (this.isThin) return isAbsolute(file) ? file : relative(dirname(this.path), file);
    const name = this.#naming.wholeNames ? file : basename(file);
    return this.#naming.cutNames ? name.slice(0, HEADER_NAME_BYTES) : name;
  }

  /** How a list names a member: one of a thin archive by its path from here, or as the archive does that has it. */
  shownName({ name, origin = null }: NewMember): string {
    if (!this.isThin) return name;
    const path = isAbsolute(name) ? name : join(dirname(this.path), name);
    if (origin === null) return path;
    return readMembers(path).members.find(({ old }) => old?.offset === origin)?.name ?? path;
  }

  /** The member that a file's name means, the `count`th of several; -1 for none. */
  find(file: string, count = 1): number {
    const name = this.nameOf(file);
    let seen = 0;
    return this.members.findIndex((member) => member.name === name && ++seen === count);
  }

  /** Where a new member goes: at the end unless a place is named that is there. */
  placeFor(place: Place | null): number {
    const at = place === null ? -1 : this.members.findIndex(({ name }) => name === place.name);
    return at < 0 ? this.members.length : place?.side === "after" ? at + 1 : at;
  }

  /** The members that a file becomes: a thin archive has those of an archive rather than the archive. */
  membersOf(file: string): Member[] {
    const content = readBytes(file);
    const name = this.nameOf(file);
    if (!this.isThin || !isArchive(content)) return [{ name, content, old: null }];
    const inner = readMembers(file);
    return inner.members.map((member) =>
      inner.isThin
        ? {
            ...member,
            old: null,
            name: this.nameOf(isAbsolute(member.name) ? member.name : join(dirname(file), member.name)),
          }
        : { name, origin: member.old!.offset, content: member.content, old: null },
    );
  }

  write(withIndex: boolean): void {
    // GNU ar with its default D has neither dates nor owners, and every member readable.
    const plain = this.members.map(({ name, content, origin = null }) => ({ name, content, origin }));
    // Linux makes thin archives of folders without objects: GNU ar writes those as plain ones.
    const isThin = this.isThin && (this.exists || plain.length > 0);
    for (const { name, content } of plain)
      if (isSlimObject(content, name))
        say("warning", `${name} is a slim LTO object (gcc -flto): the archive does not know what it will define`);
    writeFileAside(this.path, writeArchive(plain, withIndex, isThin));
  }
}

/** Throws `CommandError`. */
function readMembers(path: string): { members: Member[]; isThin: boolean } {
  const bytes = readBytes(path);
  if (!isArchive(bytes)) throw new CommandError(`${path}: not an archive`);
  try {
    const { members, isThin } = readArchive(bytes, path, memberReader(path));
    return {
      members: members.map((old) => ({ name: old.name, content: old.content, origin: old.origin, old })),
      isThin,
    };
  } catch (error) {
    if (error instanceof ElfError) throw new CommandError(error.message);
    throw error;
  }
}

/**
 * Writes a member's content to a file of its name in `folder`, with the folders of the name where `wholeNames` says so.
 */
export function extractMember(
  { name, content }: NewMember,
  archive: string,
  folder: string,
  wholeNames: boolean,
): void {
  // A member's name must not lead out of the folder at hand.
  const inside = wholeNames ? join(".", name.replace(/^\/+/, "")) : basename(name);
  if (inside.startsWith("..")) throw new CommandError(`${archive}: its member ${name} would be written elsewhere`);
  const target = join(folder, inside);
  if (dirname(inside) !== ".") makeFolder(dirname(target));
  writeFileAside(target, content);
}

const HEADER_BYTES = 60;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A line of `t`, and of scripts: `rw-r--r-- 0/0    123 Jan  1 00:00 1970 a.o`. */
export function listLine(member: Member, name: string, isVerbose: boolean, withOffset: boolean): string {
  const { old, content } = member;
  const offset = withOffset && old !== null ? ` 0x${(old.offset + HEADER_BYTES).toString(16)}` : "";
  if (!isVerbose || old === null) return `${name}${offset}\n`;
  const rights = [..."rwxrwxrwx"].map((letter, at) => (((old.mode >> (8 - at)) & 1) === 1 ? letter : "-")).join("");
  const date = new Date(old.time * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${MONTHS[date.getMonth()]!} ${String(date.getDate()).padStart(2)}`;
  const time = `${day} ${two(date.getHours())}:${two(date.getMinutes())} ${date.getFullYear()}`;
  return `${rights} ${old.user}/${old.group} ${String(content.length).padStart(6)} ${time} ${name}${offset}\n`;
}
