/**
 * Turns laid-out sections into bytes and relocations: copies fragments, fills alignment, writes jumps, and gives every
 * field either its value or to the linker.
 */

import { assert } from "../../diagnostic/invariant.ts";
import { type NopChoice, writeNops } from "../../isa/nops.ts";
import { putSigned, putUnsigned } from "../../object/leb128.ts";
import { KEEPS_SYMBOL, plainRelocation, R, relocationBytes, THREAD_LOCAL } from "../../object/relocation-types.ts";
import { Op } from "../model/expression.ts";
import type { Fixup, Target } from "../model/fixup.ts";
import { type FragmentTable, Kind } from "../model/fragment.ts";
import { putAdvance } from "../model/frame-data.ts";
import type { Integer } from "../model/integer.ts";
import * as integer from "../model/integer.ts";
import { type Program, usesLongNops } from "../model/program.ts";
import { RelocationList } from "../model/relocations.ts";
import type { Section, Subsection } from "../model/section.ts";
import { SHF } from "../model/section.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import { STT } from "../model/symbol.ts";
import type { ResolvedValue, Resolver } from "./resolver.ts";
import { Unresolvable } from "./resolver.ts";

/** Fills in `section.contents` and returns the relocations. */
export function writeContents(program: Program, resolver: Resolver, section: Section): RelocationList {
  const out = new Uint8Array(section.hasContents ? section.sizeBytes : 0);
  const { fragments } = section;
  /** Jumps that are left to the linker: GNU as lists their relocations after all others. */
  const settled: number[] = [];
  if (section.hasContents) {
    const writer = new FragmentWriter(program, resolver, section, out, settled);
    for (const subsection of section.ordered) writer.write(subsection);
  }
  section.contents = out;
  const relocations = new RelocationList();
  const writer = new FixupWriter(program, resolver, section, out, relocations);
  const fixup = emptyFixup();
  for (const subsection of section.ordered) writeFixups(subsection, writer, fixup);
  for (const fragment of settled) {
    settledFixup(fragments, fragment, fixup);
    writer.write(
      fixup,
      fragments.addresses[fragment]! + fragments.fixedSizes[fragment]! + fragments.encoding(fragment).fixups[0]!.offset,
    );
  }
  return relocations;
}

function emptyFixup(): Fixup {
  return {
    symbol: null,
    addend: 0,
    expression: null,
    position: 0,
    sizeBytes: 0,
    pcRelative: false,
    pcBias: 0,
    signed: false,
    relocation: 0,
    keepsSymbol: false,
    frame: null,
    offset: 0,
  };
}

function writeFixups({ fixups, first, owner, fragments }: Subsection, writer: FixupWriter, fixup: Fixup): void {
  const { nexts, owners, starts, addresses } = fragments;
  let fragment = first;
  for (let i = 0; i < fixups.count; i++) {
    fixups.read(i, fixup);
    // The fragment that holds the field: the last one that begins at it or before.
    for (let next = nexts[fragment]!; next >= 0; next = nexts[next]!) {
      if (owners[next] !== owner || starts[next]! > fixup.position) break;
      fragment = next;
    }
    writer.write(fixup, addresses[fragment]! + fixup.position - starts[fragment]!);
  }
}

/** The field of a jump whose form layout has settled. */
function settledFixup(fragments: FragmentTable, i: number, into: Fixup): void {
  const { bytes, fixups } = fragments.encoding(i);
  const field = fixups[0]!;
  fragments.readTarget(i, into);
  into.position = 0;
  into.sizeBytes = field.sizeBytes;
  into.pcRelative = true;
  into.pcBias = bytes.length - field.offset;
  into.signed = field.sizeBytes === 1;
  into.relocation = fragments.relocation(i);
  into.keepsSymbol = false;
  into.frame = fragments.frame(i);
  into.offset = fragments.operandOffset(i);
}

/** Copies the fragments of a section to their places and fills in what stands between them. */
class FragmentWriter {
  readonly #program: Program;
  readonly #resolver: Resolver;
  readonly #section: Section;
  readonly #out: Uint8Array;
  readonly #settled: number[];
  readonly #target: Target = { symbol: null, addend: 0, expression: null };
  #end = 0;

  constructor(program: Program, resolver: Resolver, section: Section, out: Uint8Array, settled: number[]) {
    this.#program = program;
    this.#resolver = resolver;
    this.#section = section;
    this.#out = out;
    this.#settled = settled;
  }

  write({ first, owner, bytes, fragments }: Subsection): void {
    const { nexts, owners, starts, fixedSizes, addresses, kinds } = fragments;
    const out = this.#out;
    let end = this.#end;
    for (let i = first; i >= 0 && owners[i] === owner; i = nexts[i]!) {
      const address = addresses[i]!;
      const start = starts[i]!;
      const size = fixedSizes[i]!;
      assert(address >= end, "relaxation left two fragments on top of each other");
      end = address + size;
      if (size > 32) out.set(bytes.subarray(start, start + size), address);
      else for (let j = 0; j < size; j++) out[address + j] = bytes[start + j]!;
      if (kinds[i] !== Kind.NONE) this.#variable(fragments, i);
    }
    assert(end <= out.length, "relaxation left a fragment beyond the end of its section");
    this.#end = end;
  }

  #variable(fragments: FragmentTable, i: number): void {
    const out = this.#out;
    const at = fragments.addresses[i]! + fragments.fixedSizes[i]!;
    const size = fragments.variableSizes[i]!;
    switch (fragments.kinds[i]) {
      case Kind.BRANCH:
        this.#branch(fragments, i, at);
        break;
      case Kind.ALIGN: {
        const { fill, nops } = fragments.alignment(i);
        if (fill === null) this.#nops(at, size, nops);
        else {
          // What is left over after the last whole pattern is zero.
          const whole = size - (size % fill.length);
          for (let j = 0; j < whole; j++) out[at + j] = fill[j % fill.length]!;
        }
        break;
      }
      case Kind.FILL: {
        const { pattern, write } = fragments.filling(i);
        if (write !== undefined) write(out, at, size);
        else if (pattern.length === 1) out.fill(pattern[0]!, at, at + size);
        else for (let j = 0; j < size; j++) out[at + j] = pattern[j % pattern.length]!;
        break;
      }
      case Kind.ORG:
        out.fill(fragments.origin(i).fill, at, at + size);
        break;
      case Kind.LEB128: {
        const { isSigned } = fragments.leb128(i);
        fragments.readTarget(i, this.#target);
        const value = this.#resolver.targetNumber(this.#target, fragments.operandOffset(i)) ?? 0;
        const length = isSigned ? putSigned(out, at, value) : putUnsigned(out, at, value);
        // A number that layout made shorter again keeps its room.
        for (let j = length; j < size; j++) {
          out[at + j - 1]! |= 0x80;
          out[at + j] = isSigned && value < 0 ? 0x7f : 0;
        }
        break;
      }
      case Kind.ADVANCE:
        putAdvance(out, at, size, Number(this.#resolver.number(fragments.advance(i).value) ?? 0));
        break;
      case Kind.PADDING: {
        const { role, prefix, nops } = fragments.padding(i);
        if (role === "prefix") out.fill(prefix, at, at + size);
        else this.#nops(at, size, nops);
        break;
      }
      case Kind.COMPUTED:
        fragments.computed(i).write(out, at);
        break;
    }
  }

  #nops(at: number, size: number, choice: NopChoice): void {
    const { padding } = this.#program;
    writeNops(this.#out, at, size, padding.bits, usesLongNops(choice, padding));
  }

  #branch(fragments: FragmentTable, i: number, at: number): void {
    const { bytes, fixups } = fragments.encoding(i);
    const out = this.#out;
    for (let j = 0; j < bytes.length; j++) out[at + j] = bytes[j]!;
    if (fragments.isSettled(i)) {
      this.#settled.push(i);
      return;
    }
    const field = fixups[0]!;
    const target = this.#target;
    fragments.readTarget(i, target);
    const place = this.#resolver.placeIn(this.#resolver.target(target, fragments.operandOffset(i)), this.#section)!;
    integer.writeInteger(out, at + field.offset, integer.subtract(place, at + bytes.length), field.sizeBytes);
  }
}

class FixupWriter {
  readonly #program: Program;
  readonly #resolver: Resolver;
  readonly #section: Section;
  readonly #out: Uint8Array;
  readonly #relocations: RelocationList;

  constructor(program: Program, resolver: Resolver, section: Section, out: Uint8Array, relocations: RelocationList) {
    this.#program = program;
    this.#resolver = resolver;
    this.#section = section;
    this.#out = out;
    this.#relocations = relocations;
  }

  /** `at` is the field's offset in the section. */
  write(fixup: Fixup, at: number): void {
    const named =
      (fixup.symbol ?? (fixup.expression?.op === Op.SYMBOL ? fixup.expression.symbol : null))?.meant ?? null;
    if (named?.section.kind === "absolute" && (named.isExternal || KEEPS_SYMBOL.has(fixup.relocation))) {
      // What was used before it was given a number, and may be another file's, is left to the linker.
      const number = fixup.expression === null ? fixup.addend : fixup.expression.number;
      this.#relocate(
        fixup,
        at,
        named,
        fixup.pcRelative ? integer.subtract(number, fixup.pcBias) : number,
        fixup.pcRelative,
      );
      return;
    }
    let value: ResolvedValue;
    try {
      value = this.#resolver.field(fixup, fixup.offset);
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error;
      this.#error(fixup, error.id, error.message);
      return;
    }
    let { plus, number } = value;
    let pcRelative = fixup.pcRelative;
    // An alias of what is defined here is a symbol of its own, as the linker sees it.
    const alias = named !== null && plus !== null && plus !== named && plus.section.isReal ? named : null;
    // Which routine an indirect function is, only the start of the program finds out.
    const isExternal = (alias ?? plus)?.isExternal === true || plus?.type === STT.GNU_IFUNC;
    if (pcRelative) number = integer.subtract(number, fixup.pcBias);
    if (value.minus !== null) {
      const { minus } = value;
      if (pcRelative || minus.section !== this.#section || minus.expression !== null) {
        this.#error(fixup, "not-relocatable", this.#differenceMessage(plus, minus));
        return;
      }
      // The distance from this section to a symbol is its distance from the field, shifted.
      number = integer.add(number, integer.subtract(at, this.#resolver.address(minus)));
      pcRelative = true;
    }
    if (
      pcRelative &&
      plus !== null &&
      plus.section === this.#section &&
      !isExternal &&
      (fixup.relocation === 0 || fixup.relocation === R.PLT32)
    ) {
      this.#mention(plus);
      this.#store(fixup, at, integer.subtract(integer.add(this.#resolver.address(plus), number), at), true);
      return;
    }
    if (fixup.relocation === R.SIZE32 && plus !== null && plus.section.isReal && !plus.isExternal) {
      this.#store(fixup, at, integer.add(number, this.#sizeOf(plus)), false);
      return;
    }
    if (plus === null && !pcRelative && fixup.relocation === 0) {
      if (fixup.expression?.op === Op.SUBTRACT) this.#mention(fixup.expression.left!.symbol);
      this.#store(fixup, at, number, false);
      return;
    }
    this.#relocate(fixup, at, plus, number, pcRelative, alias);
  }

  /**
   * GNU as makes the symbol of a section at the first field that could name it, even of one that needs no relocation.
   * Only the second section of a name comes to its symbol in this way.
   */
  #mention(symbol: AssemblySymbol | null): void {
    if (symbol === null || symbol.type === STT.SECTION || symbol.isExternal) return;
    const { flags, symbol: ofSection } = symbol.section;
    if (ofSection !== null && !ofSection.isListed && !(flags & (SHF.MERGE | SHF.TLS)))
      this.#program.symbolList.needForRelocation(ofSection);
  }

  /** A name that is in no symbol table by itself. */
  #isLocal({ hasLocalName }: AssemblySymbol): boolean {
    return hasLocalName && this.#program.options.keepLocals !== true;
  }

  /** What `@SIZE` says of a symbol of this file. */
  #sizeOf({ type, section, size, commonSize }: AssemblySymbol): Integer {
    if (type === STT.SECTION) return section.sizeBytes;
    return size === null ? commonSize : (this.#resolver.number(size) ?? 0);
  }

  #relocate(
    fixup: Fixup,
    at: number,
    plus: AssemblySymbol | null,
    number: Integer,
    pcRelative: boolean,
    alias: AssemblySymbol | null = null,
  ): void {
    // What is defined in this file, and by no other, is called without a linkage table.
    const needsNoTable =
      fixup.relocation === R.PLT32 &&
      pcRelative &&
      plus?.section.isReal &&
      !(alias ?? plus).isExternal &&
      plus.type !== STT.GNU_IFUNC;
    const type =
      fixup.relocation !== 0 && !needsNoTable ? fixup.relocation : plainRelocation(fixup.sizeBytes, pcRelative);
    if (type === 0) {
      this.#error(
        fixup,
        "no-relocation",
        `ELF has no relocation for a field of ${fixup.sizeBytes} bytes: its value must be known here`,
      );
      return;
    }
    const bytes = relocationBytes(type, fixup.sizeBytes);
    if (bytes !== fixup.sizeBytes) {
      this.#error(
        fixup,
        "no-relocation",
        `this relocation fills ${bytes} bytes, and the field has ${fixup.sizeBytes}: the linker would write over what follows`,
      );
      return;
    }
    // What the field adds to the symbol that it names: of an alias, without the number that it adds to another itself.
    let added = number;
    if (alias !== null) {
      added = fixup.expression === null ? fixup.addend : fixup.expression.number;
      if (fixup.pcRelative) added = integer.subtract(added, fixup.pcBias);
    }
    if (plus !== null && !(alias ?? plus).isExternal && this.#isAdjustable(fixup, plus, type, pcRelative, added)) {
      number = integer.add(number, this.#resolver.address(plus));
      plus = plus.section.symbol!;
    } else if (alias !== null) {
      plus = alias;
      number = added;
    }
    if (plus !== null) {
      if (THREAD_LOCAL.has(type)) plus.type = STT.TLS;
      plus.usedInRelocation = true;
      this.#program.symbolList.needForRelocation(plus);
    }
    if (this.#section.hasContents) integer.writeInteger(this.#out, at, number, fixup.sizeBytes);
    this.#relocations.add(at, type, plus);
  }

  /** A symbol of this file only is named by its section and its offset. */
  #isAdjustable(fixup: Fixup, symbol: AssemblySymbol, type: number, pcRelative: boolean, number: Integer): boolean {
    const { section } = symbol;
    if (!section.isReal || section.symbol === null || KEEPS_SYMBOL.has(type)) return false;
    if ((fixup.keepsSymbol && fixup.relocation !== 0) || symbol.type === STT.GNU_IFUNC) return false;
    // The linker may drop the group with the symbol, and then tells of it by its name.
    if (section !== this.#section && isLinkedOnce(section) && !symbol.isTemporary && !this.#isLocal(symbol))
      return false;
    if (
      section.flags & SHF.MERGE &&
      (integer.add(number, fixup.pcRelative ? fixup.pcBias : 0) != 0 ||
        pcRelative !== fixup.pcRelative ||
        fixup.relocation !== 0)
    )
      return false;
    return (section.flags & SHF.TLS) === 0;
  }

  #store(fixup: Fixup, at: number, value: Integer, pcRelative: boolean): void {
    const { sizeBytes } = fixup;
    const limit = integer.FIELD_LIMITS[sizeBytes]!;
    // A sum of two addresses wraps around at 32 bits.
    const fits =
      sizeBytes === 4
        ? value < 2 ** 33 && value > -(2 ** 33)
        : fixup.signed && sizeBytes === 1
          ? value >= -128 && value <= 127
          : pcRelative && sizeBytes === 2
            ? true
            : sizeBytes >= 8 || (value < limit && value > -limit);
    if (!fits) {
      if (fixup.pcRelative)
        this.#error(
          fixup,
          "target-out-of-reach",
          `the target is ${value} bytes away, and this instruction reaches only ${sizeBytes === 1 ? "from -128 to 127" : `${sizeBytes * 8} bits`}`,
        );
      else this.#error(fixup, "value-range", `${value} does not fit in ${sizeBytes} byte${sizeBytes === 1 ? "" : "s"}`);
      return;
    }
    if (this.#section.hasContents) integer.writeInteger(this.#out, at, value, sizeBytes);
    else if (value != 0)
      this.#error(
        fixup,
        "no-contents",
        `section \`${this.#section.name}' holds no contents: only zeros can stand there`,
      );
  }

  #differenceMessage(plus: AssemblySymbol | null, minus: AssemblySymbol): string {
    const where = (symbol: AssemblySymbol): string =>
      symbol.section.isReal ? `which is in \`${symbol.section.name}'` : "which is not defined in this file";
    if (plus === null) return `no relocation subtracts a symbol: \`${minus.name || "."}', ${where(minus)}`;
    return `no relocation holds the difference of \`${plus.name || "."}', ${where(plus)}, and \`${minus.name || "."}', ${where(minus)}`;
  }

  #error(fixup: Fixup, id: string, message: string): void {
    this.#program.reporter.report("error", id, fixup.frame, fixup.offset, 1, message, {});
  }
}

/** Of several sections like it in a program the linker keeps one. */
function isLinkedOnce({ group, isComdat, name }: Section): boolean {
  return (group !== null && isComdat) || name.startsWith(".gnu.linkonce");
}
