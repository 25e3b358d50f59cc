/**
 * The text of a mangled name's tree, as GNU's tools write it. Template parameters are looked up while they are written:
 * they mean the arguments of the template around the place, and those the arguments of the template around that one.
 */
import {
  asArray,
  asFunction,
  type Declarator,
  declaratorOf,
  declared,
  NO_DECLARATOR,
  withMark,
  withWord,
} from "./declarator.ts";
import { type ExpressionNode, expressionText, operandText } from "./expression-text.ts";
import type { Arguments, Encoding, FunctionType, Node, NodeOf, Qualifier, Template } from "./node.ts";
import { MALFORMED } from "./reader.ts";

/** Parts within each other; more than a name can have when it is read, as parameters lead further. */
const MAX_DEPTH = 512;
/** Of all parts that are written: a short name can stand for a text that doubles again and again. */
const MAX_PARTS = 100_000;
/** The longest name of real programs that was seen has 8,358. */
const MAX_CHARACTERS = 65_536;

/** The arguments that parameters stand for, innermost template first. */
interface Scope {
  readonly args: Arguments;
  readonly outer: Scope | null;
}

/** Words that are said of a type once, however often its parts say them. */
const TYPE_WORDS: ReadonlySet<string> = new Set(["const", "volatile", "restrict"]);

/** Nodes whose text can end with that of a list. */
const LISTS: ReadonlySet<Node["kind"]> = new Set(["arguments", "parameter", "expansion"]);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export class Printer {
  #scope: Scope | null = null;
  /** The template whose name is written, which a conversion operator's type needs. */
  #template: Template | null = null;
  /** The lambda whose parameters are written: their types are its own template's. */
  #lambda: NodeOf<"lambda"> | null = null;
  /** The element of packs that is written; -1 for all of them. */
  #packIndex = 0;
  /** What a parameter behind a reference meant where it was written first. */
  readonly #firstScopes = new Map<Node, Scope | null>();
  /** Parameters and references that are being written. */
  readonly #open: Node[] = [];
  /** What was written last was followed by a comma that had to go again. */
  #lostComma = false;
  #depth = 0;
  #parts = 0;

  print(node: Node): string {
    return this.#declare(node, NO_DECLARATOR);
  }

  #fail(): never {
    throw MALFORMED;
  }

  #count(): void {
    if (++this.#parts > MAX_PARTS) this.#fail();
  }

  #declare(node: Node, declarator: Declarator): string {
    this.#count();
    if (++this.#depth > MAX_DEPTH) this.#fail();
    const text = this.#typeText(node, declarator);
    if (text.length > MAX_CHARACTERS) this.#fail();
    if (!LISTS.has(node.kind)) this.#lostComma = false;
    this.#depth--;
    return text;
  }

  /** Types, which stand around a declarator; everything else stands before it. */
  #typeText(node: Node, declarator: Declarator): string {
    switch (node.kind) {
      case "qualified": {
        const { word } = node.qualifier;
        const around = TYPE_WORDS.has(word)
          ? withWord(declarator, word)
          : withMark(declarator, this.#qualifier(node.qualifier));
        return this.#declare(node.type, around);
      }
      case "vendor-qualified":
        return this.#declare(node.type, withMark(declarator, ` ${this.print(node.qualifier)}`));
      case "pointer":
        return this.#pointer(node, declarator);
      case "member-pointer":
        return this.#declare(node.type, withMark(declarator, ` ${this.print(node.scope)}::*`, true));
      case "vector":
        return this.#declare(node.type, withMark(declarator, ` __vector(${this.print(node.size)})`));
      case "function":
        return this.#function(node, declarator);
      case "array":
        return this.#declare(node.type, asArray(declarator, node.bound === null ? "" : this.print(node.bound)));
      case "parameter":
        return this.#parameter(node, declarator);
      case "encoding":
        return this.#encoding(node);
      default:
        return declared(this.#text(node), declarator);
    }
  }

  #text(
    node: Exclude<
      Node,
      NodeOf<
        | "qualified"
        | "vendor-qualified"
        | "pointer"
        | "member-pointer"
        | "vector"
        | "function"
        | "array"
        | "parameter"
        | "encoding"
      >
    >,
  ): string {
    switch (node.kind) {
      case "name":
      case "builtin":
        return node.text;
      case "nested":
      case "local":
        return `${this.print(node.scope)}::${this.print(node.member)}`;
      case "default-argument":
        return `{default arg#${node.number}}::${this.print(node.member)}`;
      case "template":
        return this.#templateText(node);
      case "method":
        return this.print(node.name) + this.#qualifiers(node.qualifiers);
      case "constructor":
        return this.print(node.of);
      case "destructor":
        return `~${this.print(node.of)}`;
      case "operator":
        return `operator${/^[a-z]/.test(node.symbol) ? " " : ""}${node.symbol.trimEnd()}`;
      case "conversion":
        return `operator ${this.#conversionType(node.type)}`;
      case "literal-operator":
        return `operator"" ${this.print(node.name)}`;
      case "vendor-operator":
        return `operator ${this.print(node.name)}`;
      case "tagged":
        return `${this.print(node.name)}[abi:${this.print(node.tag)}]`;
      case "lambda":
        return this.#lambdaText(node);
      case "unnamed":
        return `{unnamed type#${node.number}}`;
      case "bindings":
        return `[${node.names.map((name) => this.print(name)).join(", ")}]`;
      case "module": {
        const mark = node.isPartition ? ":" : node.parent === null ? "" : ".";
        return `${node.parent === null ? "" : this.print(node.parent)}${mark}${this.print(node.name)}`;
      }
      case "in-module":
        return `${this.print(node.name)}@${this.print(node.module)}`;
      case "special":
        return node.words + this.print(node.entity);
      case "construction-table":
        return `construction vtable for ${this.print(node.base)}-in-${this.print(node.derived)}`;
      case "reference-temporary":
        return `reference temporary #${node.number} for ${this.print(node.entity)}`;
      case "clone":
        return `${this.print(node.entity)} [clone ${node.suffix}]`;
      case "decltype":
        return `decltype (${this.print(node.expression)})`;
      case "expansion":
        return this.#expansion(node.pattern);
      case "arguments":
        return this.#list(node.items);
      case "head-type":
      case "head-value":
      case "head-template":
      case "head-pack":
        return this.#head(node, true);
      default:
        return this.#expression(node);
    }
  }

  #expression(node: ExpressionNode): string {
    return expressionText(node, {
      print: (part) => this.print(part),
      printAllOfPacks: (part) => this.#withPackIndex(-1, () => this.print(part)),
      packSize: (part) => this.#packSize(part),
    });
  }

  /** With commas between; what follows an item and turns out empty, such as an empty pack, leaves none. */
  #list(items: readonly Node[]): string {
    const texts = items.map((item) => this.print(item));
    if (texts.length > 1 && texts.at(-1) === "") this.#lostComma = true;
    return texts.reduceRight((rest, text) => (rest === "" ? text : `${text}, ${rest}`), "");
  }

  #qualifier({ word, argument }: Qualifier): string {
    return argument === null ? ` ${word}` : ` ${word}(${this.print(argument)})`;
  }

  #qualifiers(qualifiers: readonly Qualifier[]): string {
    return qualifiers.map((qualifier) => this.#qualifier(qualifier)).join("");
  }

  #templateText(node: Template): string {
    const outer = this.#template;
    this.#template = node;
    const name = this.print(node.name);
    const args = this.print(node.args);
    this.#template = outer;
    // GNU's tools keep `>>` apart, but for one after an empty pack, where they take the comma's place for a space.
    const isApart = args.endsWith(">") && !this.#lostComma;
    return `${name}${name.endsWith("<") ? " " : ""}<${args}${isApart ? " " : ""}>`;
  }

  #conversionType(type: Node): string {
    if (this.#template === null) return this.print(type);
    return this.#withScope({ args: this.#template.args, outer: this.#scope }, () => this.print(type));
  }

  #withScope<Result>(scope: Scope | null, print: () => Result): Result {
    const outer = this.#scope;
    this.#scope = scope;
    const result = print();
    this.#scope = outer;
    return result;
  }

  #withPackIndex<Result>(index: number, print: () => Result): Result {
    const outer = this.#packIndex;
    this.#packIndex = index;
    const result = print();
    this.#packIndex = outer;
    return result;
  }

  #function({ returns, parameters, qualifiers }: FunctionType, declarator: Declarator): string {
    const around = asFunction(declarator, `(${this.print(parameters)})${this.#qualifiers(qualifiers)}`);
    return returns === null ? around.core : this.#declare(returns, around);
  }

  /** A function with its parameters, which may be those of its own template. */
  #encoding({ name, signature }: Encoding): string {
    const { plain, qualifiers } = withoutQualifiers(name);
    const own = lastPart(plain);
    const text = this.print(plain);
    const type = { ...signature, qualifiers: [...signature.qualifiers, ...qualifiers] };
    const scope = own.kind === "template" ? { args: own.args, outer: this.#scope } : this.#scope;
    return this.#withScope(scope, () => this.#function(type, declaratorOf(text)));
  }

  /** What a parameter stands for: the element of a pack that is being written. */
  #argument(index: number): Node {
    const found = this.#scope?.args.items[index];
    if (found?.kind !== "arguments" || this.#packIndex < 0) return found ?? this.#fail();
    return found.items[this.#packIndex] ?? this.#fail();
  }

  #parameter(node: NodeOf<"parameter">, declarator: Declarator): string {
    if (this.#lambda !== null) return declared(this.#lambdaParameter(this.#lambda, node.index), declarator);
    const argument = this.#argument(node.index);
    this.#open.push(node);
    const text = this.#withScope(this.#scope!.outer, () => this.#declare(argument, declarator));
    this.#open.pop();
    return text;
  }

  /** References to references become one. */
  #pointer(node: NodeOf<"pointer">, declarator: Declarator): string {
    const scope = this.#scope;
    let { mark, type } = node;
    if (mark !== "*" && type.kind === "parameter" && this.#lambda === null) {
      this.#scope = this.#scopeOf(node, type);
      const argument = this.#argument(type.index);
      if (argument.kind === "pointer" && argument.mark !== "*") {
        mark = argument.mark === "&" ? "&" : mark;
        type = argument.type;
      }
    } else if (mark !== "*" && type.kind === "pointer" && type.mark !== "*") {
      mark = type.mark === "&" ? "&" : mark;
      type = type.type;
    }
    this.#open.push(node);
    const text = this.#declare(type, withMark(declarator, mark));
    this.#open.pop();
    this.#scope = scope;
    return text;
  }

  /** A parameter that a substitution brings to another place means what it meant where it was written first. */
  #scopeOf(reference: Node, parameter: Node): Scope | null {
    const first = this.#firstScopes.get(parameter);
    if (first === undefined) this.#firstScopes.set(parameter, this.#scope);
    else if (!this.#open.includes(parameter) && !this.#open.includes(reference)) return first;
    return this.#scope;
  }

  #lambdaText(node: NodeOf<"lambda">): string {
    const outer = this.#lambda;
    const head = node.templateHead.map((part) => this.#head(part, true)).join(", ");
    this.#lambda = node;
    const parameters = this.print(node.parameters);
    this.#lambda = outer;
    return `{lambda${head === "" ? "" : `<${head}>`}(${parameters})#${node.number}}`;
  }

  #lambdaParameter({ templateHead }: NodeOf<"lambda">, index: number): string {
    let head = templateHead[index];
    if (head === undefined) return `auto:${index + 1}`;
    if (head.kind === "head-pack") head = head.parameter;
    return headName(head);
  }

  #head(node: Node, isNamed: boolean): string {
    const isPack = node.kind === "head-pack";
    const head = isPack ? node.parameter : node;
    const name = `${isPack ? "..." : ""}${isNamed ? ` ${headName(head)}` : ""}`;
    if (head.kind === "head-type") return `typename${name}`;
    if (head.kind === "head-value") return `${this.print(head.type)}${name}`;
    if (head.kind !== "head-template") return this.#fail();
    return `template<${head.parameters.map((part) => this.#head(part, false)).join(", ")}> class${name}`;
  }

  /** A pattern for each element of its packs; as it is, when only packs of a function's parameters are in it. */
  #expansion(pattern: Node): string {
    const pack = this.#packIn(pattern);
    if (pack === null) return `${operandText(pattern, this.print(pattern))}...`;
    const texts = pack.items.map((_, index) => this.#withPackIndex(index, () => this.print(pattern)));
    return texts.join(", ");
  }

  /** The first pack that a parameter in there stands for. */
  #packIn(node: Node): Arguments | null {
    this.#count();
    if (node.kind === "parameter") {
      const found = this.#scope?.args.items[node.index];
      return found?.kind === "arguments" ? found : null;
    }
    if (node.kind === "expansion" || node.kind === "lambda") return null;
    return this.#packInParts(Object.values(node));
  }

  #packInParts(parts: readonly unknown[]): Arguments | null {
    if (++this.#depth > MAX_DEPTH) this.#fail();
    let found: Arguments | null = null;
    for (const part of parts) {
      if (!isObject(part)) continue;
      if ("kind" in part) found = this.#packIn(part as Node);
      else found = this.#packInParts(Object.values(part));
      if (found !== null) break;
    }
    this.#depth--;
    return found;
  }

  #packSize(node: Node): number {
    if (node.kind !== "arguments") return this.#packIn(node)?.items.length ?? 0;
    const sizes = node.items.map((item) =>
      item.kind === "expansion" ? (this.#packIn(item.pattern)?.items.length ?? 0) : 1,
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

/** A name without what is said of `*this`, which stands behind the parameters. */
function withoutQualifiers(name: Node): { readonly plain: Node; readonly qualifiers: readonly Qualifier[] } {
  if (name.kind === "method") return { plain: name.name, qualifiers: name.qualifiers };
  if (name.kind === "local" || name.kind === "default-argument") {
    const { plain, qualifiers } = withoutQualifiers(name.member);
    return { plain: { ...name, member: plain }, qualifiers };
  }
  return { plain: name, qualifiers: [] };
}

/** The name itself of something in a function. */
function lastPart(name: Node): Node {
  return name.kind === "local" || name.kind === "default-argument" ? lastPart(name.member) : name;
}

function headName(head: Node): string {
  if (head.kind === "head-type") return `$T${head.number}`;
  if (head.kind === "head-value") return `$N${head.number}`;
  return head.kind === "head-template" ? `$TT${head.number}` : "";
}
