/**
 * The files of a link, in the order of the command line: objects are taken as they are, archives give the members that
 * define what is undefined so far (GNU ld 2.40, "Options", -l and --start-group).
 */
import { type Archive, isArchive, type MemberReader, readArchive } from "../object/archive.ts";
import type { ByteSource } from "../object/byte-source.ts";
import { ET_REL, SHN_COMMON, SHN_UNDEF, STB_LOCAL, STB_WEAK } from "../object/elf.ts";
import { ElfError, type ElfObject, readElf, SymbolArray, withChanges } from "../object/elf-reader.ts";
import { isSlim, SLIM_MARK } from "../object/slim-objects.ts";
import { AssignedNames, type AssignmentInput } from "./assigned-names.ts";
import { type Inflate, withoutCompression } from "./compressed-sections.ts";
import { InputObject } from "./input-section.ts";
import { LinkOnce } from "./link-once.ts";
import type { Assignment } from "./script/tree.ts";
import { SymbolTable } from "./symbols.ts";

/** Something that the command line, or a script, wants to be linked. */
export type LinkInput =
  | {
      readonly kind: "file";
      readonly path: string;
      /** How the command line or a script names it, where that is not the path. */
      readonly name?: string;
      /** An archive is in memory. */
      readonly bytes: Uint8Array | ByteSource;
      readonly wholeArchive?: boolean;
      readonly readMember?: MemberReader;
      /** Names of `--wrap`. */
      readonly wrapped?: ReadonlySet<string>;
    }
  | { readonly kind: "object"; readonly elf: ElfObject }
  | AssignmentInput
  | NamedInput
  /** Archives in it are searched until nothing more is found. */
  | { readonly kind: "group"; readonly inputs: readonly LinkInput[] };

/** Files that a script names in full: they are linked where the script stands, wherever they are given. */
export interface NamedInput {
  readonly kind: "named";
  readonly inputs: readonly LinkInput[];
}

/** The archive that a file is; null for any other. */
function archiveIn({ bytes }: Extract<LinkInput, { readonly kind: "file" }>): Uint8Array | null {
  return bytes instanceof Uint8Array && isArchive(bytes) ? bytes : null;
}

export interface IncludedMember {
  /** `lib.a(member.o)` */
  readonly member: string;
  readonly reference: string | null;
  readonly symbol: string;
}

export interface InputOptions {
  /** Of several definitions of a name the first counts. */
  readonly isRelocatable?: boolean;
  /** Without it, objects with compressed sections are refused. */
  readonly inflate?: Inflate;
  readonly pageBytes?: number;
  readonly commonPageBytes?: number;
}

export class Inputs {
  readonly symbols: SymbolTable;
  readonly objects: InputObject[] = [];
  /** Why each member of an archive was linked: the object that refers to a symbol first, null for the command line. */
  readonly included: IncludedMember[] = [];
  readonly #linkOnce = new LinkOnce();
  #wrapped: ReadonlySet<string> = new Set();
  readonly #archives = new Map<string, ArchiveState>();
  readonly #taken = new Set<LinkInput>();

  readonly #inflate: Inflate | undefined;
  readonly #assigned: AssignedNames;

  constructor({ isRelocatable = false, inflate, pageBytes = 4096, commonPageBytes = 4096 }: InputOptions) {
    this.symbols = new SymbolTable(isRelocatable);
    this.#inflate = inflate;
    this.#assigned = new AssignedNames(this.symbols, { max: pageBytes, common: commonPageBytes });
  }

  /** PROVIDE statements that take effect whatever objects define later. */
  get provided(): ReadonlySet<Assignment> {
    return this.#assigned.provided;
  }

  /** Throws `ElfError`. */
  add(input: LinkInput): void {
    if (input.kind === "file" && input.wrapped !== undefined) this.#wrapped = input.wrapped;
    if (input.kind === "file" && this.#taken.has(input) && archiveIn(input) === null) return;
    this.#taken.add(input);
    if (input.kind === "object") this.#addObject(input.elf, input.elf.path, null, input.elf.path);
    else if (input.kind === "assignments") this.#assigned.take(input.statements);
    else if (input.kind === "named") for (const inner of input.inputs) this.add(inner);
    else if (input.kind === "group") {
      let before: number;
      do {
        before = this.objects.length;
        for (const inner of input.inputs)
          if (
            inner.kind !== "file" ||
            archiveIn(inner) !== null ||
            !this.objects.some(({ path }) => path === inner.path)
          )
            this.add(inner);
      } while (this.objects.length !== before);
    } else {
      const archive = archiveIn(input);
      const from = this.objects.length;
      if (archive !== null) this.#addArchive(archive, input.path, input.wholeArchive ?? false, input.readMember);
      else this.#addObject(readElf(input.bytes, input.path), input.path, null, input.path);
      if (input.name !== undefined) for (const object of this.objects.slice(from)) object.givenName = input.name;
    }
  }

  #addObject(elf: ElfObject, path: string, archive: string | null, fileName: string): void {
    if (elf.type !== ET_REL) throw new ElfError(path, "an executable cannot be linked into another program");
    refuseSlim(elf, path);
    const plain = withoutCompression(elf, this.#inflate);
    const object = new InputObject(withWrappers(plain, this.#wrapped), path, archive, fileName);
    this.#linkOnce.enter(object);
    this.objects.push(object);
    this.symbols.addObject(object);
  }

  #addArchive(bytes: Uint8Array, path: string, whole: boolean, readMember?: MemberReader): void {
    let state = this.#archives.get(path);
    if (!state) this.#archives.set(path, (state = new ArchiveState(readArchive(bytes, path, readMember))));
    if (whole) {
      for (const { offset } of state.archive.members) this.#addMember(state, offset, null, "--whole-archive");
      return;
    }
    const { index } = state;
    // No symbol index knows what slim objects will define, but it has the name by which they are known.
    for (const { symbol, offset } of index)
      if (symbol === SLIM_MARK) refuseSlim(state.elf(offset), state.elf(offset).path);
    let again: boolean;
    do {
      again = false;
      for (const { symbol: name, offset } of index) {
        if (state.included.has(offset)) continue;
        const symbol = this.symbols.get(name);
        if (!symbol || this.#assigned.has(symbol)) continue;
        const isWanted = symbol.state === "undefined" || (symbol.state === "common" && state.defines(offset, name));
        if (!isWanted) continue;
        const before = this.symbols.undefinedCount;
        this.#addMember(state, offset, symbol.firstReference?.path ?? null, name);
        if (this.symbols.undefinedCount !== before) again = true;
      }
    } while (again);
  }

  #addMember(state: ArchiveState, offset: number, reference: string | null, symbol: string): void {
    if (state.included.has(offset)) return;
    state.included.add(offset);
    const elf = state.elf(offset);
    const { name } = state.member(offset);
    const { path, isThin } = state.archive;
    const shown = isThin ? path.slice(0, path.lastIndexOf("/") + 1) + name : `${path}(${name})`;
    this.included.push({ member: shown, reference, symbol });
    this.#addObject(elf, shown, path, name);
  }
}

function refuseSlim(elf: ElfObject, path: string): void {
  if (isSlim(elf))
    throw new ElfError(
      path,
      "a slim LTO object (gcc -flto), in which there is no machine code yet: compile with -fno-lto or -ffat-lto-objects",
    );
}

/** An archive that is being searched. */
class ArchiveState {
  readonly archive: Archive;
  readonly index: readonly { readonly symbol: string; readonly offset: number }[];
  /** Offsets of members that were linked. */
  readonly included = new Set<number>();
  readonly #elfs = new Map<number, ElfObject>();

  readonly #members: ReadonlyMap<number, Archive["members"][number]>;

  constructor(archive: Archive) {
    this.archive = archive;
    this.#members = new Map(archive.members.map((member) => [member.offset, member]));
    this.index = archive.index ?? this.#makeIndex();
  }

  member(offset: number): Archive["members"][number] {
    const member = this.#members.get(offset);
    if (!member)
      throw new ElfError(this.archive.path, `the symbol index points to byte ${offset}, where no member begins`);
    return member;
  }

  elf(offset: number): ElfObject {
    let elf = this.#elfs.get(offset);
    if (!elf) {
      const { name, content } = this.member(offset);
      this.#elfs.set(offset, (elf = readElf(content, `${this.archive.path}(${name})`)));
    }
    return elf;
  }

  /** Whether the member has a definition of the name that is not a common symbol. */
  defines(offset: number, name: string): boolean {
    return this.elf(offset).symbols.some(
      (symbol) =>
        symbol.name === name &&
        symbol.binding !== STB_LOCAL &&
        symbol.section !== SHN_UNDEF &&
        symbol.section !== SHN_COMMON,
    );
  }

  #makeIndex(): { symbol: string; offset: number }[] {
    return this.archive.members.flatMap(({ offset }) =>
      this.elf(offset)
        .symbols.filter(({ binding, section }) => (binding === 1 || binding === STB_WEAK) && section !== SHN_UNDEF)
        .map(({ name }) => ({ symbol: name, offset })),
    );
  }
}

/** References under `--wrap`: `f` means `__wrap_f`, and `__real_f` means `f`. */
function withWrappers(elf: ElfObject, wrapped: ReadonlySet<string>): ElfObject {
  if (wrapped.size === 0) return elf;
  const nameOf = (name: string): string =>
    wrapped.has(name) ? `__wrap_${name}` : /^__real_/.test(name) && wrapped.has(name.slice(7)) ? name.slice(7) : name;
  return withChanges(elf, {
    table: new SymbolArray(
      elf.symbols.map((symbol) =>
        symbol.section === SHN_UNDEF && symbol.binding !== STB_LOCAL
          ? { ...symbol, name: nameOf(symbol.name) }
          : symbol,
      ),
    ),
  });
}
