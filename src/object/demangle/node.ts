/**
 * What a mangled name says, as a tree (Itanium C++ ABI, 5.1 "External Names"). A substitution is the very node that it
 * stands for, so the tree is a graph without cycles, and a template parameter means what the template around the place
 * where it is printed gives it.
 */

/** A list of parameters or template arguments; within template arguments, the argument of a parameter pack. */
export interface Arguments {
  readonly kind: "arguments";
  readonly items: readonly Node[];
}

export interface FunctionType {
  readonly kind: "function";
  /** Null where the mangling, or the place, leaves it out. */
  readonly returns: Node | null;
  readonly parameters: Arguments;
  /** What stands after the parameters, in order: ` const`, ` &`, ` noexcept`. */
  readonly qualifiers: readonly Qualifier[];
}

/** A word after a type or a function's parameters, with an argument or none: `const`, `noexcept(x)`, `throw(int)`. */
export interface Qualifier {
  readonly word: string;
  readonly argument: Node | null;
}

export interface Template {
  readonly kind: "template";
  readonly name: Node;
  readonly args: Arguments;
}

export interface Encoding {
  readonly kind: "encoding";
  readonly name: Node;
  readonly signature: FunctionType;
}

/** How a literal of a builtin type is written: with a suffix, as a word, or behind the type's name. */
export type LiteralStyle = "plain" | "u" | "l" | "ul" | "ll" | "ull" | "bool" | "float" | "cast";

type Names =
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "nested"; readonly scope: Node; readonly member: Node }
  | { readonly kind: "local"; readonly scope: Node; readonly member: Node }
  /** An entity in the default argument of a function's parameter; the last parameter is number 1. */
  | { readonly kind: "default-argument"; readonly number: number; readonly member: Node }
  | Template
  | Encoding
  /** A member function's name, with what is said of `*this`. */
  | { readonly kind: "method"; readonly name: Node; readonly qualifiers: readonly Qualifier[] }
  | { readonly kind: "constructor"; readonly of: Node }
  | { readonly kind: "destructor"; readonly of: Node }
  | { readonly kind: "operator"; readonly symbol: string; readonly operands: number }
  | { readonly kind: "conversion"; readonly type: Node }
  | { readonly kind: "literal-operator"; readonly name: Node }
  | { readonly kind: "vendor-operator"; readonly name: Node; readonly operands: number }
  | { readonly kind: "tagged"; readonly name: Node; readonly tag: Node }
  | {
      readonly kind: "lambda";
      readonly templateHead: readonly Node[];
      readonly parameters: Arguments;
      readonly number: number;
    }
  | { readonly kind: "unnamed"; readonly number: number }
  | { readonly kind: "bindings"; readonly names: readonly Node[] }
  | { readonly kind: "module"; readonly parent: Node | null; readonly name: Node; readonly isPartition: boolean }
  | { readonly kind: "in-module"; readonly name: Node; readonly module: Node }
  /** `vtable for A`: what the compiler makes of an entity. */
  | { readonly kind: "special"; readonly words: string; readonly entity: Node }
  | { readonly kind: "construction-table"; readonly base: Node; readonly derived: Node }
  | { readonly kind: "reference-temporary"; readonly entity: Node; readonly number: string }
  | { readonly kind: "clone"; readonly entity: Node; readonly suffix: string };

type Types =
  | { readonly kind: "builtin"; readonly text: string; readonly literals: LiteralStyle }
  | FunctionType
  /** `const`, `_Complex` and a vendor's own words, after the type. */
  | { readonly kind: "qualified"; readonly qualifier: Qualifier; readonly type: Node }
  | { readonly kind: "vendor-qualified"; readonly qualifier: Node; readonly type: Node }
  | { readonly kind: "pointer"; readonly mark: "*" | "&" | "&&"; readonly type: Node }
  | { readonly kind: "member-pointer"; readonly scope: Node; readonly type: Node }
  | { readonly kind: "array"; readonly bound: Node | null; readonly type: Node }
  | { readonly kind: "vector"; readonly size: Node; readonly type: Node }
  | { readonly kind: "decltype"; readonly expression: Node }
  | { readonly kind: "expansion"; readonly pattern: Node }
  | { readonly kind: "parameter"; readonly index: number };

/** A parameter of a lambda's own template: `typename $T0`. */
type TemplateHeads =
  | { readonly kind: "head-type"; readonly number: number }
  | { readonly kind: "head-value"; readonly type: Node; readonly number: number }
  | { readonly kind: "head-template"; readonly parameters: readonly Node[]; readonly number: number }
  | { readonly kind: "head-pack"; readonly parameter: Node };

type Expressions =
  | Arguments
  | { readonly kind: "literal"; readonly type: Node; readonly digits: string; readonly isNegative: boolean }
  /** Number 0 is `this`. */
  | { readonly kind: "function-parameter"; readonly number: number }
  | { readonly kind: "global"; readonly name: Node }
  | { readonly kind: "unary"; readonly operator: Node; readonly operand: Node; readonly isPostfix: boolean }
  | { readonly kind: "binary"; readonly operator: Node; readonly left: Node; readonly right: Node }
  | { readonly kind: "conditional"; readonly parts: readonly [Node, Node, Node] }
  | { readonly kind: "call"; readonly callee: Node; readonly args: Arguments }
  | { readonly kind: "cast"; readonly type: Node; readonly operand: Node }
  | { readonly kind: "named-cast"; readonly word: string; readonly type: Node; readonly operand: Node }
  | { readonly kind: "vendor-call"; readonly name: Node; readonly args: Arguments }
  | {
      readonly kind: "new";
      readonly word: string;
      readonly placement: Arguments;
      readonly type: Node;
      readonly initializer: Node | null;
    }
  | { readonly kind: "initializers"; readonly type: Node | null; readonly items: Arguments }
  | {
      readonly kind: "fold";
      readonly isRight: boolean;
      readonly operator: string;
      readonly pattern: Node;
      readonly initial: Node | null;
    }
  | {
      readonly kind: "designator";
      readonly marks: readonly [string, string];
      readonly parts: readonly Node[];
      readonly value: Node;
    }
  /** The number of elements of packs: of one parameter's, or of a list of arguments. */
  | { readonly kind: "pack-size"; readonly of: Node };

export type Node = Names | Types | TemplateHeads | Expressions;
export type NodeOf<Kind extends Node["kind"]> = Extract<Node, { readonly kind: Kind }>;

export const nameNode = (text: string): Node => ({ kind: "name", text });
export const list = (items: readonly Node[]): Arguments => ({ kind: "arguments", items });
