/** What the keywords of -z say to `qure ld`, of those that have values. */
import type { CallFill } from "../../linker/got.ts";
import { UsageError } from "../fail.ts";

/** The byte beside a direct call that `-z call-nop=` gives: `prefix-` or `suffix-`, and `addr`, `nop` or its value. */
export function callFill(keywords: readonly string[]): { readonly callFill?: CallFill } {
  const text = keywords.findLast((keyword) => keyword.startsWith("call-nop="));
  if (text === undefined) return {};
  const match = /^call-nop=(prefix|suffix)-(0x[0-9a-f]{1,2}|[0-9]{1,3}|(?<=prefix-)addr|(?<=suffix-)nop)$/i.exec(text);
  const byte = { addr: 0x67, nop: 0x90 }[match?.[2] ?? ""] ?? Number(match?.[2]);
  if (!match || !(byte <= 0xff))
    throw new UsageError(`-z ${text}: it is prefix-addr, suffix-nop, prefix-BYTE or suffix-BYTE`);
  return { callFill: { isBefore: match[1] === "prefix", byte } };
}

/** `-z start-stop-visibility=`: of `__start_NAME` and `__stop_NAME`. */
export function boundsVisibility(keywords: readonly string[]): number {
  const text = keywords.findLast((keyword) => keyword.startsWith("start-stop-visibility="))?.replace(/.*=/, "");
  const visibility = ["default", "internal", "hidden", "protected"].indexOf(text ?? "protected");
  if (visibility < 0) throw new UsageError(`-z start-stop-visibility=${text}: default, internal, hidden or protected`);
  return visibility;
}

/** The size of pages that a keyword of -z gives. */
export function pageSize(keywords: readonly string[], name: string): number | null {
  const text = keywords.findLast((keyword) => keyword.startsWith(`${name}=`))?.slice(name.length + 1);
  if (text === undefined) return null;
  const value = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : NaN;
  if (!(value >= 1 && value <= 2 ** 30) || (value & (value - 1)) !== 0)
    throw new UsageError(`-z ${name}=${text}: it wants a power of two`);
  return value;
}
