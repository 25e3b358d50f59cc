/** CPUID: a processor of the P6 family with exactly the features that this one has (SDM 2, CPUID). */
import { EAX, EBX, ECX, EDX } from "./layout.ts";
import { CPU_SIGNATURE } from "./state.ts";

const FEATURE_FPU = 1 << 0;
const FEATURE_VME = 1 << 1;
const FEATURE_DE = 1 << 2;
const FEATURE_PSE = 1 << 3;
const FEATURE_TSC = 1 << 4;
const FEATURE_MSR = 1 << 5;
const FEATURE_CX8 = 1 << 8;
const FEATURE_SEP = 1 << 11;
const FEATURE_PGE = 1 << 13;
const FEATURE_CMOV = 1 << 15;
const FEATURE_FXSR = 1 << 24;

const FEATURES =
  FEATURE_FPU |
  FEATURE_VME |
  FEATURE_DE |
  FEATURE_PSE |
  FEATURE_TSC |
  FEATURE_MSR |
  FEATURE_CX8 |
  FEATURE_SEP |
  FEATURE_PGE |
  FEATURE_CMOV |
  FEATURE_FXSR;

/** Four ASCII characters as a register holds them. */
function ascii(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);
}

const VENDOR = [ascii("Genu"), ascii("ineI"), ascii("ntel")] as const;
const HIGHEST_LEAF = 2;
const LEAF2_NO_CACHES = 0x01;

/** Answers the leaf in EAX. Leaves beyond the highest are answered as the highest is. */
export function cpuid(s: Int32Array): void {
  switch (s[EAX]) {
    case 0:
      s[EAX] = HIGHEST_LEAF;
      s[EBX] = VENDOR[0];
      s[EDX] = VENDOR[1];
      s[ECX] = VENDOR[2];
      break;
    case 1:
      s[EAX] = CPU_SIGNATURE;
      s[EBX] = 0;
      s[ECX] = 0;
      s[EDX] = FEATURES;
      break;
    default:
      s[EAX] = LEAF2_NO_CACHES;
      s[EBX] = 0;
      s[ECX] = 0;
      s[EDX] = 0;
  }
}
