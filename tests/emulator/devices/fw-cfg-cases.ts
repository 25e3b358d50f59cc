/**
 * The firmware's configuration device (QEMU's fw_cfg by ports): one setting `opt/a` with the text `xy`, and the
 * generation.
 */
import type { Case } from "./script.ts";

const bytes = (...values: readonly string[]): string => values.map((value) => `in 511 = ${value}`).join("; ");

export const fwCfgCases: readonly Case[] = [
  { name: "signature, and nothing after it", script: `outw 510 0; ${bytes("51", "45", "4d", "55", "0", "0")}` },
  { name: "a selector begins an item anew", script: `outw 510 0; ${bytes("51", "45")}; outw 510 0; ${bytes("51")}` },
  { name: "a selector is a word", script: `outw 510 0; ${bytes("51")}; out 510 1; ${bytes("45")}; in 510 = 0` },
  {
    name: "the directory: how many, size, key, name",
    script: `outw 510 19; ${bytes("0", "0", "0", "2", "0", "0", "0", "2", "0", "20", "0", "0", "6f", "70", "74", "2f", "61", "0")}`,
  },
  { name: "the setting", script: `outw 510 20; ${bytes("78", "79", "0")}` },
  { name: "an item that is not there", script: `outw 510 22; ${bytes("0", "0")}` },
];
