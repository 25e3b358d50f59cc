/** QEMU's names of keys (its QKeyCode) for `sendkey` and `send-key`, and the set 1 codes that they are. */
import { KEYS, keystrokeOf } from "../../emulator/devices/input/scancodes.ts";

const NAMED: Readonly<Record<string, number>> = {
  shift: KEYS.shift,
  shift_r: 0x36,
  alt: KEYS.alt,
  alt_r: 0xe038,
  ctrl: KEYS.control,
  ctrl_r: 0xe01d,
  menu: 0xe05d,
  meta_l: 0xe05b,
  meta_r: 0xe05c,
  esc: KEYS.escape,
  minus: 0x0c,
  equal: 0x0d,
  backspace: KEYS.backspace,
  tab: KEYS.tab,
  bracket_left: 0x1a,
  bracket_right: 0x1b,
  ret: KEYS.enter,
  semicolon: 0x27,
  apostrophe: 0x28,
  grave_accent: 0x29,
  backslash: 0x2b,
  comma: 0x33,
  dot: 0x34,
  slash: 0x35,
  spc: KEYS.space,
  caps_lock: 0x3a,
  num_lock: 0x45,
  scroll_lock: 0x46,
  less: 0x56,
  sysrq: 0x54,
  print: 0xe037,
  pause: KEYS.pause,
  home: KEYS.home,
  up: KEYS.up,
  pgup: KEYS.pageUp,
  left: KEYS.left,
  right: KEYS.right,
  end: KEYS.end,
  down: KEYS.down,
  pgdn: KEYS.pageDown,
  insert: KEYS.insert,
  delete: KEYS.delete,
  kp_divide: 0xe035,
  kp_multiply: 0x37,
  asterisk: 0x37,
  kp_subtract: 0x4a,
  kp_add: 0x4e,
  kp_enter: 0xe01c,
  kp_decimal: 0x53,
  ...Object.fromEntries(
    [0x52, 0x4f, 0x50, 0x51, 0x4b, 0x4c, 0x4d, 0x47, 0x48, 0x49].map((code, n) => [`kp_${n}`, code]),
  ),
  ...Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`f${n + 1}`, KEYS.f1 + n])),
  f11: KEYS.f11,
  f12: KEYS.f12,
};

/** The code of a key, null for a name that is none. */
export function keyCode(name: string): number | null {
  if (Object.hasOwn(NAMED, name)) return NAMED[name]!;
  return /^[a-z0-9]$/.test(name) ? keystrokeOf(name)!.key : null;
}

/** `ctrl-alt-f1`; a number is a code as the keyboard controller gives it. A text names what is no key. */
export function parseKeys(text: string): number[] | string {
  const codes: number[] = [];
  for (const name of text.split("-")) {
    const code = /^0x[0-9a-f]{1,2}$/i.test(name) ? extended(Number(name)) : keyCode(name);
    if (code === null) return name;
    codes.push(code);
  }
  return codes;
}

/** QEMU's numbers of keys have bit 7 set where the scan code has E0h in front. */
export function extended(number: number): number {
  return (number & 0x80) !== 0 ? 0xe000 | (number & 0x7f) : number;
}
