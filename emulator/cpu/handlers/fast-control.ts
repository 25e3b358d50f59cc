/**
 * Jumps, calls and returns of flat 32-bit code, each condition written out (see fast-alu.ts for why). The flags they
 * read are described in flags.ts.
 */
import type { Handler, Link } from "../block.ts";
import type { Core } from "../core.ts";
import { getParity } from "../flags.ts";
import type { Builder } from "../instruction.ts";
import { linkTo } from "../instruction.ts";
import { EIP, ESP, FLAG_CARRIES, FLAG_RESULT } from "../layout.ts";
import { branchTarget } from "./control.ts";

/** Jcc by condition code, to a target within the segment. */
const JUMPS: readonly ((core: Core, link: Link) => Handler)[] = [
  // JO
  (core, link) => {
    const { s } = core;
    return () => {
      if ((s[FLAG_CARRIES]! ^ (s[FLAG_CARRIES]! << 1)) < 0) core.link = link;
    };
  },
  // JNO
  (core, link) => {
    const { s } = core;
    return () => {
      if ((s[FLAG_CARRIES]! ^ (s[FLAG_CARRIES]! << 1)) >= 0) core.link = link;
    };
  },
  // JB
  (core, link) => {
    const { s } = core;
    return () => {
      if (s[FLAG_CARRIES]! < 0) core.link = link;
    };
  },
  // JAE
  (core, link) => {
    const { s } = core;
    return () => {
      if (s[FLAG_CARRIES]! >= 0) core.link = link;
    };
  },
  // JE
  (core, link) => {
    const { s } = core;
    return () => {
      if (s[FLAG_RESULT]! === 0) core.link = link;
    };
  },
  // JNE
  (core, link) => {
    const { s } = core;
    return () => {
      if (s[FLAG_RESULT]! !== 0) core.link = link;
    };
  },
  // JBE
  (core, link) => {
    const { s } = core;
    return () => {
      if (s[FLAG_CARRIES]! < 0 || s[FLAG_RESULT]! === 0) core.link = link;
    };
  },
  // JA
  (core, link) => {
    const { s } = core;
    return () => {
      if (s[FLAG_CARRIES]! >= 0 && s[FLAG_RESULT]! !== 0) core.link = link;
    };
  },
  // JS
  (core, link) => {
    const { s } = core;
    return () => {
      if ((s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31)) < 0) core.link = link;
    };
  },
  // JNS
  (core, link) => {
    const { s } = core;
    return () => {
      if ((s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31)) >= 0) core.link = link;
    };
  },
  // JP
  (core, link) => {
    const { s } = core;
    return () => {
      if (getParity(s)) core.link = link;
    };
  },
  // JNP
  (core, link) => {
    const { s } = core;
    return () => {
      if (!getParity(s)) core.link = link;
    };
  },
  // JL
  (core, link) => {
    const { s } = core;
    return () => {
      if ((s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31) ^ s[FLAG_CARRIES]! ^ (s[FLAG_CARRIES]! << 1)) < 0)
        core.link = link;
    };
  },
  // JGE
  (core, link) => {
    const { s } = core;
    return () => {
      if ((s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31) ^ s[FLAG_CARRIES]! ^ (s[FLAG_CARRIES]! << 1)) >= 0)
        core.link = link;
    };
  },
  // JLE
  (core, link) => {
    const { s } = core;
    return () => {
      if (
        s[FLAG_RESULT]! === 0 ||
        (s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31) ^ s[FLAG_CARRIES]! ^ (s[FLAG_CARRIES]! << 1)) < 0
      )
        core.link = link;
    };
  },
  // JG
  (core, link) => {
    const { s } = core;
    return () => {
      if (
        s[FLAG_RESULT]! !== 0 &&
        (s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31) ^ s[FLAG_CARRIES]! ^ (s[FLAG_CARRIES]! << 1)) >= 0
      )
        core.link = link;
    };
  },
];

export const jumpConditional: Builder = (core, insn) =>
  JUMPS[insn.form.condition]!(core, linkTo(insn, branchTarget(insn)));

export const call: Builder = (core, insn) => {
  const { s, mmu } = core;
  const link = linkTo(insn, branchTarget(insn));
  const { next } = insn;
  return () => {
    const esp = (s[ESP]! - 4) | 0;
    mmu.write32(esp, next);
    s[ESP] = esp;
    core.link = link;
  };
};

export const ret: Builder = (core, insn) => {
  const { s, mmu } = core;
  const release = 4 + insn.immediate;
  return () => {
    s[EIP] = mmu.read32(s[ESP]!);
    s[ESP] = s[ESP]! + release;
    core.link = null;
  };
};

/** JMP to a register or a flat memory operand. */
export const jumpIndirect: Builder = (core, insn) => {
  const { s, mmu } = core;
  if (!insn.isMemory) {
    const register = insn.rm;
    return () => {
      s[EIP] = s[register]!;
      core.link = null;
    };
  }
  const { base, index, scale, displacement } = insn;
  return () => {
    s[EIP] = mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0);
    core.link = null;
  };
};

export const callIndirect: Builder = (core, insn) => {
  const { s, mmu } = core;
  const { base, index, scale, displacement, next, rm, isMemory } = insn;
  return () => {
    const target = isMemory ? mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0) : s[rm]!;
    const esp = (s[ESP]! - 4) | 0;
    mmu.write32(esp, next);
    s[ESP] = esp;
    s[EIP] = target;
    core.link = null;
  };
};
