/** Loads, stores and moves in the x87 unit: between registers and the formats of memory, and among registers. */
import { C1, FPU_EMPTY, FPU_STATUS } from "../../cpu/fpu/fpu.ts";
import { type Code, I32, I64, OP } from "../wasm.ts";
import {
  BIAS,
  EXPONENT,
  HEAD,
  loadStatus,
  OPERAND,
  pushSign,
  type Routines,
  refuseIf,
  refuseUnlessPlain,
  SIGN,
  TOP_BIT,
} from "./common.ts";

const EXPORTED = { isExported: true };

/** A memory format of floating point: where its parts are, and how far its exponents lie from the registers'. */
interface Format {
  readonly name: "Single" | "Double";
  readonly fractionBits: number;
  readonly largest: number;
  readonly bias: number;
}
const FORMATS: readonly Format[] = [
  { name: "Single", fractionBits: 23, largest: 0xff, bias: 127 },
  { name: "Double", fractionBits: 52, largest: 0x7ff, bias: 1023 },
];
const INTEGER_BYTES = [2, 4, 8] as const;

/** Adds `operandNAME` (host address) that converts into the operand, and `loadNAME` that pushes it. */
function addLoads(r: Routines, name: string): void {
  r.add(
    `operand${name}`,
    [I32, I32],
    [],
    (c) =>
      c
        .get(0)
        .const(OPERAND)
        .call(r.number("register"))
        .call(r.number(`from${name}`)),
    EXPORTED,
  );
  r.add(
    `load${name}`,
    [I32, I32],
    [],
    (c) => {
      refuseIf(c.const(7).call(r.number("isEmpty")).op(OP.eqz));
      refuseIf(
        c
          .get(0)
          .const(7)
          .call(r.number("register"))
          .call(r.number(`from${name}`)),
      );
      c.call(r.number("push")).const(0);
    },
    EXPORTED,
  );
}

function loads(r: Routines): void {
  const [address, bits, exponent] = [1, 2, 3] as const;
  for (const { name, fractionBits, largest, bias } of FORMATS) {
    // (host address, register's address)
    r.add(`from${name}`, [I32, I32], [I64, I32], (c) => {
      if (name === "Single") c.get(0).load(4, 0).op(OP.extend_u);
      else c.get(0).load64(0);
      c.tee(bits).const64(fractionBits).op(OP.shr_u64).op(OP.wrap).const(largest).op(OP.and).set(exponent);
      refuseIf(c.get(exponent).const(largest).op(OP.eq));
      const pushSignBit = (): Code =>
        c
          .get(bits)
          .const64(name === "Single" ? 31 : 63)
          .op(OP.shr_u64)
          .op(OP.wrap)
          .const(15)
          .op(OP.shl);
      c.get(exponent).op(OP.eqz).if();
      // A denormal raises something.
      refuseIf(
        c
          .get(bits)
          .const64(64 - fractionBits)
          .op(OP.shl64)
          .op(OP.eqz64)
          .op(OP.eqz),
      );
      c.get(address).const64(0).store64(0).get(address);
      pushSignBit().store(4, HEAD).else();
      c.get(address)
        .get(bits)
        .const64(63 - fractionBits)
        .op(OP.shl64)
        .constBig(TOP_BIT)
        .op(OP.or64)
        .store64(0);
      c.get(address)
        .get(exponent)
        .const(BIAS - bias)
        .op(OP.add);
      pushSignBit().op(OP.or).store(4, HEAD).end().const(0);
    });
    addLoads(r, name);
  }
  r.add("fromExtended", [I32, I32], [], (c) => {
    c.get(address).get(0).load64(0).store64(0);
    c.get(address).get(0).load(2, 8).store(4, HEAD).const(0);
  });
  addLoads(r, "Extended");
  for (const bytes of INTEGER_BYTES) {
    const [value, magnitude, places] = [2, 3, 4] as const;
    r.add(`fromInteger${bytes}`, [I32, I32], [I64, I64, I64], (c) => {
      c.get(0);
      if (bytes === 8) c.load64(0);
      else {
        c.load(bytes, 0);
        if (bytes === 2) c.op(OP.extend16_s);
        c.op(OP.extend_s);
      }
      c.tee(value).op(OP.eqz64).if();
      c.get(address).const64(0).store64(0).get(address).const(0).store(4, HEAD).else();
      c.const64(0).get(value).op(OP.sub64).get(value).get(value).const64(0).op(OP.lt_s64).op(OP.select).tee(magnitude);
      c.op(OP.clz64).set(places);
      c.get(address).get(magnitude).get(places).op(OP.shl64).store64(0);
      c.get(address)
        .const(BIAS + 63)
        .get(places)
        .op(OP.wrap)
        .op(OP.sub);
      c.get(value).const64(63).op(OP.shr_u64).op(OP.wrap).const(15).op(OP.shl).op(OP.or).store(4, HEAD).end().const(0);
    });
    addLoads(r, `Integer${bytes}`);
  }
}

/** Locals of a store after (host address, whether to pop), and of FRNDINT. */
const STORE = { place: 2, head: 3, exponent: 4, inexact: 5, a: 6, rounded: 7, low: 8 } as const;
const STORE_TYPES = [I32, I32, I32, I32, I64, I64, I64];

/** Takes the top apart, unless it is empty or not a plain number. */
function beginStore(r: Routines, c: Code): void {
  const { place, head, exponent, a } = STORE;
  refuseIf(c.const(0).call(r.number("isEmpty")));
  c.const(0).call(r.number("register")).set(place);
  refuseUnlessPlain(r, c, place);
  c.get(place).load64(0).set(a).get(place).load(4, HEAD).tee(head).const(EXPONENT).op(OP.and).set(exponent);
}

function popIfAsked(r: Routines, c: Code): void {
  c.get(1).if().call(r.number("pop")).end().const(0);
}

/** Rounds A under a mask, with LOW below it, and notes what was lost. */
function roundStored(r: Routines, c: Code, mask: number): void {
  const { head, inexact, a, rounded, low } = STORE;
  c.get(a).get(low);
  pushSign(c, head).const64(mask).call(r.number("round")).set(rounded);
  c.get(a).const64(mask).op(OP.and64).get(low).op(OP.or64).op(OP.eqz64).op(OP.eqz).set(inexact);
}

function settleStored(r: Routines, c: Code, mask: number): void {
  const { inexact, a, rounded } = STORE;
  c.get(inexact).get(rounded).get(a).const64(~mask).op(OP.and64).op(OP.ne64).call(r.number("settle"));
  refuseIf(c);
}

/** Stores of the top: (host address, whether to pop). */
function stores(r: Routines): void {
  for (const format of FORMATS) storeFloat(r, format);
  storeExtended(r);
  for (const bytes of INTEGER_BYTES) storeInteger(r, bytes);
}

function storeFloat(r: Routines, { name, fractionBits, largest, bias }: Format): void {
  const { place, head, exponent, inexact, a, rounded, low } = STORE;
  r.add(
    `store${name}`,
    [I32, I32],
    STORE_TYPES,
    (c) => {
      beginStore(r, c);
      c.get(a).op(OP.eqz64).if();
      c.const(0).const(0).call(r.number("settle")).op(OP.drop);
      c.else();
      // The bits that do not fit, as a mask of 11 or of 40.
      const isSingle = name === "Single";
      c.get(a).get(low).get(head).const(15).op(OP.shr_u);
      const pushMask = (): Code => c.constBig((1n << BigInt(63 - fractionBits)) - 1n);
      pushMask().call(r.number("round")).set(rounded);
      c.get(a);
      pushMask().op(OP.and64).op(OP.eqz64).op(OP.eqz).set(inexact);
      c.get(exponent)
        .const(BIAS - bias)
        .op(OP.sub)
        .tee(exponent)
        .const(1)
        .op(OP.lt_s);
      refuseIf(c);
      c.get(rounded).get(a);
      pushMask().const64(-1).op(OP.xor64).op(OP.and64).op(OP.ne64).set(place);
      c.get(rounded).op(OP.eqz64).if();
      c.constBig(TOP_BIT).set(rounded).get(exponent).const(1).op(OP.add).set(exponent).end();
      refuseIf(c.get(exponent).const(largest).op(OP.ge_s));
      c.get(inexact).get(place).call(r.number("settle"));
      refuseIf(c);
      c.get(rounded)
        .const64(1)
        .op(OP.shl64)
        .const64(64 - fractionBits)
        .op(OP.shr_u64);
      c.get(exponent).op(OP.extend_u).const64(fractionBits).op(OP.shl64).op(OP.or64).set(a);
      c.end();
      c.get(0).get(a);
      pushSign(c, head)
        .op(OP.extend_u)
        .const64(isSingle ? 31 : 63)
        .op(OP.shl64)
        .op(OP.or64);
      if (isSingle) c.op(OP.wrap).store(4, 0);
      else c.store64(0);
      popIfAsked(r, c);
    },
    EXPORTED,
  );
}

function storeExtended(r: Routines): void {
  const { place } = STORE;
  r.add(
    "storeExtended",
    [I32, I32],
    STORE_TYPES,
    (c) => {
      refuseIf(c.const(0).call(r.number("isEmpty")));
      c.const(0).call(r.number("register")).set(place);
      c.get(0).get(place).load64(0).store64(0).get(0).get(place).load(4, HEAD).store(2, 8);
      c.const(0).const(0).call(r.number("settle")).op(OP.drop);
      popIfAsked(r, c);
    },
    EXPORTED,
  );
}

function storeInteger(r: Routines, bytes: (typeof INTEGER_BYTES)[number]): void {
  const { head, exponent, a, rounded, low } = STORE;
  r.add(
    `storeInteger${bytes}`,
    [I32, I32],
    STORE_TYPES,
    (c) => {
      beginStore(r, c);
      separate(c, a, low, exponent);
      roundStored(r, c, 0);
      // What does not fit is an invalid operation.
      const pushSigned = (): Code =>
        c.const64(0).get(rounded).op(OP.sub64).get(rounded).get(head).const(SIGN).op(OP.and).op(OP.select);
      if (bytes === 8) c.get(rounded).const64(0).op(OP.lt_s64);
      else {
        const places = 64 - 8 * bytes;
        pushSigned();
        pushSigned().const64(places).op(OP.shl64).const64(places).op(OP.shr_s64).op(OP.ne64);
      }
      refuseIf(c);
      settleStored(r, c, 0);
      c.get(0);
      pushSigned();
      if (bytes === 8) c.store64(0);
      else c.op(OP.wrap).store(bytes, 0);
      popIfAsked(r, c);
    },
    EXPORTED,
  );
}

/** FRNDINT: (0, 0) */
function roundToInteger(r: Routines): void {
  const { place, head, exponent, a, rounded, low } = STORE;
  r.add(
    "roundToInteger",
    [I32, I32],
    STORE_TYPES,
    (c) => {
      beginStore(r, c);
      c.get(exponent)
        .const(BIAS + 63)
        .op(OP.ge_u)
        .get(a)
        .op(OP.eqz64)
        .op(OP.or)
        .if();
      c.const(0).const(0).call(r.number("settle")).op(OP.return).end();
      separate(c, a, low, exponent);
      roundStored(r, c, 0);
      settleStored(r, c, 0);
      c.get(rounded).op(OP.eqz64).if();
      c.get(place).const64(0).store64(0);
      c.get(place).get(head).const(SIGN).op(OP.and).store(4, HEAD);
      c.else();
      c.get(place).get(rounded).get(rounded).op(OP.clz64).op(OP.shl64).store64(0);
      c.get(place)
        .const(BIAS + 63)
        .get(rounded)
        .op(OP.clz64)
        .op(OP.wrap)
        .op(OP.sub);
      c.get(head).const(SIGN).op(OP.and).op(OP.or).store(4, HEAD);
      c.end().const(0);
    },
    EXPORTED,
  );
}

/** Cuts the significand into its whole part, in its place, and the 64 bits below. Refuses 2^63 and more. */
function separate(c: Code, a: number, low: number, exponent: number): void {
  refuseIf(
    c
      .get(exponent)
      .const(BIAS + 63)
      .op(OP.ge_u),
  );
  c.get(exponent)
    .const(BIAS - 1)
    .op(OP.lt_u)
    .if();
  // Less than a half.
  c.get(a).op(OP.eqz64).op(OP.eqz).op(OP.extend_u).set(low).const64(0).set(a);
  c.else()
    .get(exponent)
    .const(BIAS - 1)
    .op(OP.eq)
    .if();
  c.get(a).set(low).const64(0).set(a);
  c.else();
  c.get(a)
    .get(exponent)
    .const(BIAS - 1)
    .op(OP.sub)
    .op(OP.extend_u)
    .tee(low)
    .op(OP.shl64);
  c.get(a).const64(64).get(low).op(OP.sub64).op(OP.shr_u64).set(a).set(low);
  c.end().end();
}

/** Locals of a move after its two parameters. */
const MOVE = { from: 2, to: 3 } as const;

function copyRegister(c: Code): void {
  const { from, to } = MOVE;
  c.get(to).get(from).load64(0).store64(0).get(to).get(from).load(4, HEAD).store(4, HEAD);
}

function clearC1(c: Code): void {
  c.const(0);
  loadStatus(c).const(~C1).op(OP.and).store(4, FPU_STATUS);
}

/** Loads and stores of registers, and of constants. */
function copies(r: Routines): void {
  const { from, to } = MOVE;
  // FLD st(i): (register, 0)
  r.add(
    "loadRegister",
    [I32, I32],
    [I32, I32],
    (c) => {
      refuseIf(c.const(7).call(r.number("isEmpty")).op(OP.eqz).get(0).call(r.number("isEmpty")).op(OP.or));
      c.get(0).call(r.number("register")).set(from).const(7).call(r.number("register")).set(to);
      copyRegister(c);
      c.call(r.number("push")).const(0);
    },
    EXPORTED,
  );
  // FLD1 and FLDZ: (1 or 0, 0)
  r.add(
    "loadConstant",
    [I32, I32],
    [I32, I32],
    (c) => {
      refuseIf(c.const(7).call(r.number("isEmpty")).op(OP.eqz));
      c.const(7).call(r.number("register")).tee(to).get(0).op(OP.extend_u).const64(63).op(OP.shl64).store64(0);
      c.get(to).get(0).const(BIAS).op(OP.mul).store(4, HEAD);
      c.call(r.number("push")).const(0);
    },
    EXPORTED,
  );
  // FST st(i): (register, whether to pop)
  r.add(
    "storeRegister",
    [I32, I32],
    [I32, I32],
    (c) => {
      refuseIf(c.const(0).call(r.number("isEmpty")));
      c.const(0).call(r.number("register")).set(from).get(0).call(r.number("register")).set(to);
      copyRegister(c);
      c.const(0).const(0).load(4, FPU_EMPTY).const(1);
      loadStatus(c).const(11).op(OP.shr_u).get(0).op(OP.add).const(7).op(OP.and).op(OP.shl);
      c.const(-1).op(OP.xor).op(OP.and).store(4, FPU_EMPTY);
      clearC1(c);
      c.get(1).if().call(r.number("pop")).end().const(0);
    },
    EXPORTED,
  );
}

/** FXCH and FCMOVcc. */
function exchanges(r: Routines): void {
  const { from, to } = MOVE;
  // FXCH: (register, 0)
  r.add(
    "exchange",
    [I32, I32],
    [I32, I32, I64, I32],
    (c) => {
      refuseIf(c.const(0).call(r.number("isEmpty")).get(0).call(r.number("isEmpty")).op(OP.or));
      c.const(0).call(r.number("register")).set(to).get(0).call(r.number("register")).set(from);
      c.get(to).load64(0).set(4).get(to).load(4, HEAD).set(5);
      copyRegister(c);
      c.get(from).get(4).store64(0).get(from).get(5).store(4, HEAD);
      clearC1(c);
      c.const(0);
    },
    EXPORTED,
  );
  // FCMOVcc: (register, whether the condition holds)
  r.add(
    "conditionalMove",
    [I32, I32],
    [I32, I32],
    (c) => {
      refuseIf(c.const(0).call(r.number("isEmpty")).get(0).call(r.number("isEmpty")).op(OP.or));
      c.get(1).if();
      c.const(0).call(r.number("register")).set(to).get(0).call(r.number("register")).set(from);
      copyRegister(c);
      c.end().const(0);
    },
    EXPORTED,
  );
}

/** FCHS and FABS: (what to keep of sign and exponent, what to invert) */
function changeSign(r: Routines): void {
  const { to } = MOVE;
  r.add(
    "changeSign",
    [I32, I32],
    [I32, I32],
    (c) => {
      refuseIf(c.const(0).call(r.number("isEmpty")));
      c.const(0).call(r.number("register")).tee(to).get(to).load(4, HEAD).get(0).op(OP.and).get(1).op(OP.xor);
      c.store(4, HEAD);
      clearC1(c);
      c.const(0);
    },
    EXPORTED,
  );
}

/** Adds the routines. */
export function addTransfers(r: Routines): void {
  loads(r);
  stores(r);
  roundToInteger(r);
  copies(r);
  exchanges(r);
  changeSign(r);
}

/** Names of the formats: each has a routine `operandNAME`, `loadNAME` and `storeNAME`. */
export const FORMAT_NAMES: readonly string[] = [
  ...FORMATS.map(({ name }) => name),
  "Extended",
  ...INTEGER_BYTES.map((bytes) => `Integer${bytes}`),
];
