/** The Bochs display interface: index at 1CEh, data at 1CFh, the frame buffer in the PCI window of the VGA. */
import type { Case } from "./script.ts";

const set = (index: number, value: number): string => `outw 1ce ${index.toString(16)}; outw 1cf ${value.toString(16)}`;
const is = (index: number, value: number): string => `outw 1ce ${index.toString(16)}; inw 1cf = ${value.toString(16)}`;
/** Width, height, bits a pixel, then on. */
const mode = (width: number, height: number, bits: number, enable = 0x41): string =>
  [set(4, 0), set(1, width), set(2, height), set(3, bits), set(4, enable)].join("; ");
/** The frame buffer's window at E0000000h. */
const WINDOW = "outl cf8 80001010; outl cfc e0000000; outl cf8 80001004; outw cfc 3";

export const dispiCases: readonly Case[] = [
  { name: "says its version, and takes older ones", script: `${is(0, 0xb0c5)}; ${set(0, 0xb0c2)}; ${is(0, 0xb0c2)}` },
  {
    name: "versions that are none",
    script: `${set(0, 0xb0c6)}; ${is(0, 0xb0c5)}; ${set(0, 0xb0bf)}; ${is(0, 0xb0c5)}; ${set(0, 0xb0c0)}; ${is(0, 0xb0c0)}`,
  },
  { name: "the index can be read", script: "outw 1ce 7; inw 1ce = 7; outw 1ce 1; inw 1ce = 1" },
  { name: "memory in units of 64 KiB", script: is(10, 0x100) },
  {
    name: "its greatest mode",
    script: `${set(4, 2)}; ${is(3, 0x20)}; ${set(4, 0)}; ${is(3, 0)}; ${set(4, 2)}; outw 1ce 1; inw 1cf = 780; outw 1ce 2; inw 1cf = 4b0`,
    ours: "QEMU offers larger ones",
  },
  {
    name: "a mode's registers",
    script: `${mode(640, 480, 8)}; ${is(1, 640)}; ${is(2, 480)}; ${is(3, 8)}; ${is(4, 0x41)}; ${is(6, 640)}; ${is(8, 0)}; ${is(9, 0)}; ${is(5, 0)}`,
  },
  {
    name: "lines that fit into the memory",
    script: [4, 8, 15, 16, 24, 32]
      .map((bits) => {
        const lineBytes = bits === 4 ? 1024 / 2 : 1024 * ((bits + 7) >> 3);
        return `${mode(1024, 600, bits)}; ${is(7, Math.min(0xffff, Math.floor((16 << 20) / lineBytes)))}`;
      })
      .join("; "),
  },
  {
    name: "a virtual width, and where the picture begins in it",
    script: `${mode(800, 600, 16)}; ${set(6, 1600)}; ${is(6, 1600)}; ${is(7, 5242)}; ${set(8, 800)}; ${is(8, 800)}; ${set(9, 700)}; ${is(9, 700)}`,
  },
  {
    name: "values that no register takes",
    script: `${mode(800, 600, 16)}; ${set(6, 799)}; ${is(6, 800)}; ${set(8, 1)}; ${is(8, 0)}; ${set(9, 0xffff)}; ${is(9, 0)}; ${set(4, 0)}; ${set(1, 801)}; ${is(1, 800)}; ${set(1, 1928)}; ${is(1, 800)}; ${set(1, 1920)}; ${is(1, 1920)}; ${set(2, 1201)}; ${is(2, 600)}; ${set(2, 1200)}; ${is(2, 1200)}; ${set(3, 12)}; ${is(3, 16)}; ${set(3, 0)}; ${is(3, 8)}; ${set(5, 0x100)}; ${is(5, 0)}; ${set(7, 5)}; ${set(10, 5)}; ${is(10, 0x100)}; outw 1ce 20; outw 1cf 5; inw 1cf = 0`,
    ours: "QEMU rounds some of them instead",
  },
  {
    name: "the frame buffer, cleared when a mode is set, or not",
    script: `${WINDOW}; ${mode(640, 480, 32)}; writel e0000000 12345678; writel e0080000 9abcdef0; readl e0000000 = 12345678; readl e0080000 = 9abcdef0; readw e0080002 = 9abc; read e0080003 = 9a; ${set(4, 0)}; ${set(4, 0xc1)}; readl e0080000 = 9abcdef0; ${set(4, 0)}; ${set(4, 0x41)}; readl e0080000 = 0`,
    ours: "QEMU clears what is visible only",
  },
  {
    name: "banks in the window at A0000h",
    script: `${WINDOW}; ${mode(640, 480, 8)}; ${set(5, 3)}; ${is(5, 3)}; write a0010 77; read a0010 = 77; read e0030010 = 77; ${set(5, 0xff)}; ${is(5, 0xff)}; ${set(5, 7)}; writel a0000 11223344; readl e0070000 = 11223344; ${set(5, 0)}; read a0010 = 0; ${set(4, 0)}; ${is(5, 0)}`,
  },
  {
    name: "a mode that is set again keeps its picture",
    script: `${mode(640, 480, 8)}; ${set(6, 1280)}; ${set(8, 16)}; ${set(5, 2)}; write a0000 55; ${set(4, 0x41)}; ${is(6, 1280)}; ${is(8, 16)}; ${is(5, 2)}; read a0000 = 55`,
    ours: "QEMU begins anew",
  },
  {
    name: "colours of 8 bits",
    script: `${mode(640, 480, 8, 0x61)}; out 3c8 5; out 3c9 ff; out 3c9 81; out 3c9 40; out 3c7 5; in 3c9 = ff; in 3c9 = 81; in 3c9 = 40; ${set(4, 0x41)}; out 3c8 5; out 3c9 ff; out 3c9 41; out 3c9 3f; out 3c7 5; in 3c9 = 3f; in 3c9 = 1; in 3c9 = 3f`,
    ours: "QEMU keeps the upper bits",
  },
  {
    name: "a mode that ends takes its bank along",
    script: `${mode(640, 480, 8)}; ${set(5, 3)}; ${is(5, 3)}; ${set(4, 0)}; ${is(5, 0)}`,
    ours: "QEMU still shows the old bank, although it uses it no more",
  },
  {
    name: "what lies after the bank's window is the VGA's memory, whichever bank there is",
    script: `${mode(640, 480, 8)}; ${set(5, 1)}; write b8000 41; write b8001 1e; read b8000 = 41; ${set(5, 2)}; read b8000 = 41; read b8001 = 1e`,
    ours: "QEMU has the whole window in the bank",
  },
];
