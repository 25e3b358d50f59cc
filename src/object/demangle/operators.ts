/** Operators by their codes (Itanium C++ ABI, 5.1.3 "Operator Encodings" and 5.1.6 "Expressions"). */

/** What an operator in an expression is followed by, beyond so many operands. */
export type OperatorShape =
  | "operands"
  | "call"
  | "new"
  | "named-cast"
  | "type"
  | "member"
  | "increment"
  | "braces"
  | "fold"
  | "pack-size"
  | "no-name";

export interface OperatorRow {
  readonly symbol: string;
  readonly operands: number;
  readonly shape: OperatorShape;
}

type Row = readonly [code: string, symbol: string, operands: number, shape?: OperatorShape];

const ROWS: readonly Row[] = [
  ["aN", "&=", 2],
  ["aS", "=", 2],
  ["aa", "&&", 2],
  ["ad", "&", 1],
  ["an", "&", 2],
  ["at", "alignof ", 1, "type"],
  ["aw", "co_await ", 1],
  ["az", "alignof ", 1],
  ["cc", "const_cast", 2, "named-cast"],
  ["cl", "()", 2, "call"],
  ["cm", ",", 2],
  ["co", "~", 1],
  ["dV", "/=", 2],
  ["dX", "[...]=", 3],
  ["da", "delete[] ", 1],
  ["dc", "dynamic_cast", 2, "named-cast"],
  ["de", "*", 1],
  ["di", "=", 2],
  ["dl", "delete ", 1],
  ["ds", ".*", 2],
  ["dt", ".", 2, "member"],
  ["dv", "/", 2],
  ["dx", "]=", 2],
  ["eO", "^=", 2],
  ["eo", "^", 2],
  ["eq", "==", 2],
  ["fL", "...", 3, "fold"],
  ["fR", "...", 3, "fold"],
  ["fl", "...", 2, "fold"],
  ["fr", "...", 2, "fold"],
  ["ge", ">=", 2],
  ["gs", "::", 1],
  ["gt", ">", 2],
  ["ix", "[]", 2],
  ["lS", "<<=", 2],
  ["le", "<=", 2],
  ["li", 'operator"" ', 1],
  ["ls", "<<", 2],
  ["lt", "<", 2],
  ["mI", "-=", 2],
  ["mL", "*=", 2],
  ["mi", "-", 2],
  ["ml", "*", 2],
  ["mm", "--", 1, "increment"],
  ["na", "new[]", 3, "new"],
  ["ne", "!=", 2],
  ["ng", "-", 1],
  ["nt", "!", 1],
  ["nw", "new", 3, "new"],
  ["oR", "|=", 2],
  ["oo", "||", 2],
  ["or", "|", 2],
  ["pL", "+=", 2],
  ["pl", "+", 2],
  ["pm", "->*", 2],
  ["pp", "++", 1, "increment"],
  ["ps", "+", 1],
  ["pt", "->", 2, "member"],
  ["qu", "?", 3],
  ["rM", "%=", 2],
  ["rS", ">>=", 2],
  ["rc", "reinterpret_cast", 2, "named-cast"],
  ["rm", "%", 2],
  ["rs", ">>", 2],
  ["sP", "sizeof...", 1, "pack-size"],
  ["sZ", "sizeof...", 1, "pack-size"],
  ["sc", "static_cast", 2, "named-cast"],
  ["ss", "<=>", 2],
  ["st", "sizeof ", 1, "type"],
  ["sz", "sizeof ", 1],
  ["tr", "throw", 0],
  ["tw", "throw ", 1],
];

export const OPERATORS: ReadonlyMap<string, OperatorRow> = new Map(
  ROWS.map(([code, symbol, operands, shape = "operands"]): [string, OperatorRow] => [
    code,
    { symbol, operands, shape },
  ]),
);
