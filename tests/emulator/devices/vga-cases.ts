import type { Case } from "./script.ts";

const seq = (index: string, value: string): string => `out 3c4 ${index}; out 3c5 ${value}`;
const gfx = (index: string, value: string): string => `out 3ce ${index}; out 3cf ${value}`;
/** Colour addresses, memory enabled. */
const COLOUR = "out 3c2 67";
/** Planes one by one at A0000h, as for loading a font. */
const PLANAR = [
  COLOUR,
  seq("2", "4"),
  seq("4", "6"),
  gfx("4", "2"),
  gfx("5", "0"),
  gfx("6", "4"),
  gfx("8", "ff"),
  gfx("1", "0"),
  gfx("3", "0"),
].join(";");
const TEXT = [
  COLOUR,
  seq("2", "3"),
  seq("4", "2"),
  gfx("4", "0"),
  gfx("5", "10"),
  gfx("6", "e"),
  gfx("8", "ff"),
  gfx("1", "0"),
  gfx("3", "0"),
].join(";");

export const vgaCases: readonly Case[] = [
  {
    name: "index and data registers",
    script: `${COLOUR}; ${seq("1", "21")}; in 3c4 = 1; in 3c5 = 21; ${gfx("8", "5a")}; in 3ce = 8; in 3cf = 5a; out 3d4 e; out 3d5 7; in 3d4 = e; in 3d5 = 7`,
  },
  {
    name: "the palette's registers have six bits, the attribute controller's others eight",
    script: `${COLOUR}; in 3da; out 3c0 5; out 3c0 ff; out 3c0 5; in 3c1 = 3f; in 3da; out 3c0 11; out 3c0 ff; out 3c0 11; in 3c1 = ff`,
  },
  {
    name: "the palette cannot be written while the screen uses it",
    script: `${COLOUR}; in 3da; out 3c0 5; out 3c0 2a; out 3c0 25; out 3c0 1; out 3c0 25; in 3c1 = 2a`,
    ours: "QEMU takes it at any time",
  },
  { name: "16-bit access writes index and data", script: `${COLOUR}; outw 3d4 0b0e; out 3d4 e; in 3d5 = b` },
  {
    name: "protected CRTC registers",
    script: `${COLOUR}; out 3d4 11; out 3d5 0; out 3d4 0; out 3d5 5f; out 3d4 11; out 3d5 80; out 3d4 0; out 3d5 12; in 3d5 = 5f`,
  },
  {
    name: "DAC",
    script: `${COLOUR}; out 3c8 10; out 3c9 3f; out 3c9 15; out 3c9 2a; out 3c7 10; in 3c9 = 3f; in 3c9 = 15; in 3c9 = 2a; in 3c8 & ff = 11`,
  },
  {
    name: "attribute flip-flop",
    script: `${COLOUR}; in 3da; out 3c0 10; out 3c0 c; in 3da; out 3c0 30; in 3c1 = c; in 3da; in 3c0 = 30`,
  },
  { name: "miscellaneous output", script: "out 3c2 67; in 3cc = 67" },
  { name: "monochrome addresses", script: "out 3c2 66; out 3b4 e; out 3b5 5; in 3b5 = 5; in 3d4 = ff" },
  {
    name: "text memory, odd and even",
    script: `${TEXT}; write b8000 41; write b8001 1f; read b8000 = 41; read b8001 = 1f; writel b8ffc 07420743; readl b8ffc = 7420743`,
  },
  {
    name: "planes: text lies in planes 0 and 1",
    script: `${TEXT}; write b8000 48; write b8001 2e; ${PLANAR}; ${gfx("4", "0")}; read a0000 = 48; ${gfx("4", "1")}; read a0000 = 2e`,
  },
  {
    name: "plane 2 holds the font",
    script: `${PLANAR}; write a0020 81; read a0020 = 81; ${gfx("4", "0")}; read a0020 = 20`,
    ours: "memory of a fresh QEMU is not blank text",
  },
  {
    name: "write mode 1 copies latches",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 c3; ${gfx("5", "1")}; read a0000 = c3; write a0100 00; ${gfx("5", "0")}; read a0100 = c3`,
  },
  {
    name: "write mode 2 and the bit mask",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 0; read a0000 = 0; ${gfx("5", "2")}; ${gfx("8", "f0")}; write a0000 4; ${gfx("5", "0")}; read a0000 = f0; ${gfx("4", "1")}; read a0000 = 0`,
  },
  {
    name: "write mode 2 and exclusive or",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 f; read a0000 = f; ${gfx("5", "2")}; ${gfx("3", "18")}; write a0000 4; ${gfx("5", "0")}; ${gfx("4", "2")}; read a0000 = f0; ${gfx("4", "0")}; read a0000 = f`,
  },
  {
    name: "write mode 3: what is written, rotated, masks beside the bit mask",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 f; read a0000 = f; ${gfx("5", "3")}; ${gfx("0", "a")}; ${gfx("3", "4")}; ${gfx("8", "f6")}; write a0000 3c; ${gfx("4", "1")}; read a0000 = cf; ${gfx("4", "2")}; read a0000 = d`,
  },
  {
    name: "write mode 3 and exclusive or",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 f; read a0000 = f; ${gfx("5", "3")}; ${gfx("0", "a")}; ${gfx("3", "1c")}; ${gfx("8", "f6")}; write a0000 3c; ${gfx("4", "1")}; read a0000 = cd; ${gfx("4", "2")}; read a0000 = f`,
  },
  {
    name: "set/reset and exclusive or",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 ff; read a0000 = ff; ${gfx("3", "18")}; write a0000 0f; read a0000 = f0; ${gfx("3", "0")}; ${gfx("0", "4")}; ${gfx("1", "f")}; write a0000 0; read a0000 = ff`,
  },
  {
    name: "read mode 1 compares colours",
    script: `${PLANAR}; ${seq("2", "4")}; write a0000 f0; ${gfx("5", "8")}; ${gfx("2", "4")}; ${gfx("7", "4")}; read a0000 = f0`,
  },
  {
    name: "of the protected registers only bit 4 of the overflow register takes what is written",
    script: `${COLOUR}; out 3d4 11; out 3d5 0; out 3d4 6; out 3d5 12; out 3d4 7; out 3d5 2; out 3d4 11; out 3d5 80; out 3d4 6; out 3d5 ff; in 3d5 = 12; out 3d4 7; out 3d5 fd; in 3d5 = 12; out 3d5 0; in 3d5 = 2`,
  },
  {
    name: "the DAC stores a colour with its third component",
    script: `${COLOUR}; out 3c8 fe; out 3c9 11; out 3c9 12; out 3c9 13; out 3c8 fe; out 3c9 1; out 3c9 2; out 3c7 fe; in 3c9 = 11; in 3c9 = 12; in 3c9 = 13; out 3c8 fe; out 3c9 1; out 3c9 2; out 3c9 3; out 3c7 fe; in 3c9 = 1; in 3c9 = 2; in 3c9 = 3`,
  },
  {
    name: "an address of either port begins a colour of the DAC anew",
    script: `${COLOUR}; out 3c8 20; out 3c9 1; out 3c9 2; out 3c7 20; out 3c9 3; out 3c9 4; out 3c9 5; out 3c7 20; in 3c9 = 3; out 3c8 20; in 3c9 = 3; in 3c9 = 4; in 3c9 = 5`,
  },
  { name: "the DAC's mask", script: "in 3c6 = ff; out 3c6 5a; in 3c6 = 5a", ours: "QEMU has none" },
  {
    name: "AND and OR with the latches",
    script: `${PLANAR}; ${seq("2", "f")}; write a0000 0f; read a0000 = f; ${gfx("3", "10")}; write a0000 c5; read a0000 = cf; ${gfx("3", "8")}; write a0000 3c; read a0000 = c`,
  },
  {
    name: "chained planes: the lower two bits name the plane, and the map mask holds for each",
    script: `${PLANAR}; ${seq("4", "e")}; ${seq("2", "f")}; writel a0000 0; ${seq("2", "5")}; writel a0000 44332211; readl a0000 = 330011; ${seq("2", "a")}; writel a0000 88776655; readl a0000 = 88336611`,
  },
  {
    name: "odd and even: the map mask holds for each plane",
    script: `${TEXT}; writew b8000 0; ${seq("2", "1")}; writew b8000 1f41; readw b8000 = 41; ${seq("2", "2")}; writew b8000 2e48; readw b8000 = 2e41`,
  },
  {
    name: "the window begins and ends where register 6 says, for each access of several bytes",
    script: [
      `${TEXT}; ${gfx("6", "c")}; writel bfffc 44332211; readl bfffc = 44332211; writel b7ffc 99999999; readl b7ffc = ffffffff`,
      `${gfx("6", "8")}; writel b0000 12345678; readl b0000 = 12345678; readl b8000 = ffffffff; writew b7fff 7755; read b7fff = 55`,
    ].join("; "),
  },
  {
    name: "a depth that was chosen but not enabled leaves the planes what they are",
    script: `${PLANAR}; outw 1ce 3; outw 1cf 8; write a0000 5a; ${gfx("4", "0")}; read a0000 = 20`,
    ours: "memory of a fresh QEMU is not blank text",
  },
  {
    name: "outside of the window there is nothing",
    script: `${TEXT}; write b8000 41; write b8001 1f; write a0000 55; writew affff 5555; read a0000 = ff; read affff = ff; read b8000 = 41; read b8001 = 1f`,
  },
  {
    name: "vertical retrace comes 70 times a second",
    script: `${COLOUR}; in 3da & 8 = 0; wait 13.1ms; in 3da & 8 = 8; wait 100us; in 3da & 8 = 0; wait 14.2ms; in 3da & 8 = 8`,
    ours: "QEMU toggles at each read",
  },
  {
    name: "reset brings the palette back",
    script:
      "out 3c8 7; out 3c9 1; out 3c9 2; out 3c9 3; out 3c8 c8; out 3c9 1; out 3c9 2; out 3c9 3; reset; out 3c7 7; in 3c9 = 2a; in 3c9 = 2a; in 3c9 = 2a; out 3c7 3f; in 3c9 = 3f; in 3c9 = 3f; in 3c9 = 3f; in 3c9 = 0; out 3c7 c8; in 3c9 = 0; in 3c9 = 0; in 3c9 = 0",
  },
];
