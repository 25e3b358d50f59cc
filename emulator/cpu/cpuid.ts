/** CPUID: what the model says of itself (SDM 2, CPUID). */
import type { Core } from "./core.ts";
import { EAX, EBX, ECX, EDX } from "./layout.ts";

/** Four ASCII characters as a register holds them. */
function ascii(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);
}

const VENDOR = [ascii("Genu"), ascii("ineI"), ascii("ntel")] as const;
const HIGHEST_LEAF = 2;
const HIGHEST_EXTENDED_LEAF = 0x80000001;
const LEAF2_NO_CACHES = 0x01;
/** Bits 15-8 of leaf 1's EBX: what CLFLUSH flushes, in units of 8 bytes. */
const CACHE_LINE = 8 << 8;
/** Bits 31-24 of it: the number of the local APIC. */
const APIC_NUMBER_SHIFT = 24;
const APIC_BIT = 1 << 9;

/** Answers the leaf in EAX. Leaves beyond the highest are answered as the highest is. */
export function cpuid({ s, model, bus }: Core): void {
  const leaf = s[EAX]! >>> 0;
  if (model.extendedEdx !== 0 && leaf >= 0x80000000 && leaf <= HIGHEST_EXTENDED_LEAF) {
    s[EAX] = leaf === 0x80000000 ? HIGHEST_EXTENDED_LEAF | 0 : 0;
    s[EBX] = 0;
    s[ECX] = 0;
    s[EDX] = leaf === HIGHEST_EXTENDED_LEAF ? model.extendedEdx : 0;
    return;
  }
  switch (leaf) {
    case 0:
      s[EAX] = HIGHEST_LEAF;
      s[EBX] = VENDOR[0];
      s[EDX] = VENDOR[1];
      s[ECX] = VENDOR[2];
      break;
    case 1:
      s[EAX] = model.signature;
      s[EBX] = (model.features.has("clflush") ? CACHE_LINE : 0) | ((bus.apic?.number ?? 0) << APIC_NUMBER_SHIFT);
      s[ECX] = model.featuresEcx;
      // An APIC that is switched off is not there (SDM 3A 10.4.3).
      s[EDX] = bus.apic?.isEnabled ? model.featuresEdx : model.featuresEdx & ~APIC_BIT;
      break;
    default:
      s[EAX] = LEAF2_NO_CACHES;
      s[EBX] = 0;
      s[ECX] = 0;
      s[EDX] = 0;
  }
}
