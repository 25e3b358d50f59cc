/** Model-specific registers (SDM 4): time stamp, APIC base, SYSENTER, and those that firmware probes. */
import type { Core } from "./core.ts";
import { GENERAL_PROTECTION, raise } from "./exceptions.ts";
import { EAX, ECX, EDX, EFER, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP } from "./layout.ts";
import { EFER_NXE } from "./state.ts";

const IA32_TIME_STAMP_COUNTER = 0x10;
const IA32_PLATFORM_ID = 0x17;
const IA32_APIC_BASE = 0x1b;
const IA32_BIOS_UPDT_TRIG = 0x79;
const IA32_BIOS_SIGN_ID = 0x8b;
const IA32_SYSENTER_CS = 0x174;
const IA32_SYSENTER_ESP = 0x175;
const IA32_SYSENTER_EIP = 0x176;
const IA32_MISC_ENABLE = 0x1a0;
const IA32_EFER = 0xc0000080 | 0;

/** Of IA32_MISC_ENABLE: fast strings. XD is not disabled, and nothing here can be switched. */
const MISC_ENABLE = 1;

/** Bits of IA32_APIC_BASE that exist: boot processor, enabled, address. */
const APIC_BASE_BITS = 0xfffff900;

const SLOTS: Readonly<Record<number, number>> = {
  [IA32_SYSENTER_CS]: SYSENTER_CS,
  [IA32_SYSENTER_ESP]: SYSENTER_ESP,
  [IA32_SYSENTER_EIP]: SYSENTER_EIP,
};

/** RDMSR: ECX names the register. #GP(0) for one that does not exist. */
export function readMsr(core: Core): void {
  const { s } = core;
  const slot = SLOTS[s[ECX]!];
  if (slot !== undefined) {
    s[EAX] = s[slot]!;
    s[EDX] = 0;
    return;
  }
  switch (s[ECX]) {
    case IA32_TIME_STAMP_COUNTER: {
      const value = core.timestamp;
      s[EAX] = value | 0;
      s[EDX] = Math.floor(value / 2 ** 32) | 0;
      break;
    }
    case IA32_APIC_BASE:
      if (!core.bus.apic) raise(GENERAL_PROTECTION, 0);
      s[EAX] = core.bus.apic.base | 0;
      s[EDX] = 0;
      break;
    case IA32_EFER:
    case IA32_MISC_ENABLE:
      if (!core.model.hasNoExecute) raise(GENERAL_PROTECTION, 0);
      s[EAX] = s[ECX] === IA32_EFER ? s[EFER]! : MISC_ENABLE;
      s[EDX] = 0;
      break;
    case IA32_PLATFORM_ID:
    case IA32_BIOS_SIGN_ID:
      s[EAX] = 0;
      s[EDX] = 0;
      break;
    default:
      raise(GENERAL_PROTECTION, 0);
  }
}

/** WRMSR. The counter is written as a difference to the board's, which nothing can set. */
export function writeMsr(core: Core): void {
  const { s } = core;
  const slot = SLOTS[s[ECX]!];
  if (slot !== undefined) {
    s[slot] = s[EAX]!;
    return;
  }
  switch (s[ECX]) {
    case IA32_TIME_STAMP_COUNTER:
      core.timestamp = (s[EDX]! >>> 0) * 2 ** 32 + (s[EAX]! >>> 0);
      break;
    case IA32_APIC_BASE:
      if (!core.bus.apic || s[EDX] !== 0 || (s[EAX]! & ~APIC_BASE_BITS) !== 0) raise(GENERAL_PROTECTION, 0);
      core.bus.apic.base = s[EAX]! >>> 0;
      core.leaveBlock();
      break;
    case IA32_EFER:
      if (!core.model.hasNoExecute || s[EDX] !== 0 || (s[EAX]! & ~EFER_NXE) !== 0) raise(GENERAL_PROTECTION, 0);
      s[EFER] = s[EAX]!;
      core.mmu.flush();
      core.leaveBlock();
      break;
    case IA32_MISC_ENABLE:
      if (!core.model.hasNoExecute) raise(GENERAL_PROTECTION, 0);
      break;
    case IA32_BIOS_UPDT_TRIG:
    case IA32_BIOS_SIGN_ID:
      break;
    default:
      raise(GENERAL_PROTECTION, 0);
  }
}
