/** Words that stand before an instruction, or alone in a line, and are prefixes: all names that GNU as has for each. */

import type { Prefix } from "../../isa/instruction.ts";

export const PREFIXES: ReadonlyMap<string, Prefix> = new Map([
  ["lock", "lock"],
  ["rep", "rep"],
  ["repe", "repe"],
  ["repz", "repe"],
  ["repne", "repne"],
  ["repnz", "repne"],
  ["addr16", "addr16"],
  ["aword", "addr16"],
  ["addr32", "addr32"],
  ["adword", "addr32"],
  ["data16", "data16"],
  ["word", "data16"],
  ["data32", "data32"],
  ["dword", "data32"],
  ["cs", "cs"],
  ["ds", "ds"],
  ["es", "es"],
  ["fs", "fs"],
  ["gs", "gs"],
  ["ss", "ss"],
  // Branch hints by the names that GNU as has for them: taken and not taken.
  ["ht", "ds"],
  ["hnt", "cs"],
  ["notrack", "notrack"],
  ["bnd", "bnd"],
  ["xacquire", "xacquire"],
  ["xrelease", "xrelease"],
]);
