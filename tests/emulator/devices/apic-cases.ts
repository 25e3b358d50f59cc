import { hex } from "./places.ts";
import type { Case } from "./script.ts";

const LOCAL = 0xfee00000;
const put = (offset: number, value: string): string => `writel ${hex(LOCAL + offset)} ${value}`;
const get = (offset: number, expected: string): string => `readl ${hex(LOCAL + offset)} = ${expected}`;

const EOI = put(0xb0, "0");
/** Software has enabled it, spurious vector FFh. */
const ENABLE = put(0xf0, "1ff");
/** An interrupt to itself. */
const self = (vector: string): string => put(0x300, `400${vector}`);

/** The 8259As as PC firmware programs them, and IRQ 0 after 100 us. */
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 0; out a1 0";
const ONCE = "out 43 30; out 40 78; out 40 00; wait 200us";

export const localApicCases: readonly Case[] = [
  {
    name: "registers after a reset: virtual wire mode",
    script: [
      [get(0x20, "0"), get(0x30, "50014"), get(0x80, "0"), get(0xa0, "0"), get(0xd0, "0"), get(0xe0, "ffffffff")],
      [get(0xf0, "ff"), get(0x280, "0"), get(0x300, "0"), get(0x310, "0"), get(0x320, "10000"), get(0x330, "10000")],
      [
        get(0x340, "10000"),
        get(0x350, "700"),
        get(0x360, "400"),
        get(0x370, "10000"),
        get(0x380, "0"),
        get(0x390, "0"),
      ],
      [get(0x3e0, "0"), get(0x90, "0"), get(0xc0, "0"), get(0xb0, "0")],
    ]
      .flat()
      .join(";"),
  },
  {
    name: "what can be written",
    script: [
      [put(0x20, "ff123456"), get(0x20, "ff000000"), put(0x30, "0"), get(0x30, "50014"), put(0x80, "1ff")],
      [
        get(0x80, "ff"),
        put(0xd0, "a5ffffff"),
        get(0xd0, "a5000000"),
        get(0xb0, "0"),
        put(0xe0, "0"),
        get(0xe0, "fffffff"),
      ],
      [put(0xf0, "ffffffff"), get(0xf0, "1ff"), put(0x310, "ffffffff"), get(0x310, "ff000000")],
      [put(0x320, "ffffffff"), get(0x320, "300ff"), put(0x330, "ffffffff"), get(0x330, "107ff")],
      [put(0x340, "ffffffff"), get(0x340, "107ff"), put(0x350, "ffffffff"), get(0x350, "1a7ff")],
      [put(0x360, "ffffffff"), get(0x360, "1a7ff"), put(0x370, "ffffffff"), get(0x370, "100ff")],
      [put(0x3e0, "ffffffff"), get(0x3e0, "b"), put(0x100, "ff"), get(0x100, "0"), put(0x200, "ff"), get(0x200, "0")],
    ]
      .flat()
      .join(";"),
  },
  {
    name: "only dwords count",
    script: `write fee00080 ff; writew fee00080 ffff; ${get(0x80, "0")}; ${put(0x80, "20")}; read fee00080 = 0; readw fee00080 = 0; readl fee00084 = 0`,
  },
  {
    name: "to itself it can send nothing but an interrupt; to all it is sent whatever their logical addresses are",
    script: `${ENABLE}; ${put(0x300, "44450")}; events = 0; ${get(0x250, "0")}; ${put(0x300, "44150")}; intr = 0; ${put(0x300, "84050")}; intr = 1; ack = 50; ${get(0x1a0, "0")}; ${EOI}; ${put(0x300, "c4050")}; intr = 0; ${put(0x300, "c4450")}; events = 0; ${put(0x300, "84450")}; event nmi`,
  },
  {
    name: "the lowest vectors that there are stand in the lowest words",
    script: `${ENABLE}; ${put(0x300, "4401f")}; ${get(0x200, "80000000")}; ack = 1f; ${get(0x200, "0")}; ${get(0x100, "80000000")}; ${EOI}; ${get(0x100, "0")}`,
  },
  {
    name: "a message that nobody accepts is an error, one that somebody does is none",
    script: `${ENABLE}; ${put(0x310, "0")}; ${put(0x300, "4041")}; ${put(0x280, "0")}; ${get(0x280, "0")}; ack = 41; ${EOI}; ${put(0x310, "5000000")}; ${put(0x300, "4041")}; ${put(0x280, "0")}; ${get(0x280, "4")}; intr = 0`,
  },
  {
    name: "virtual wire: the 8259As' interrupts come through LINT0, with their vectors",
    script: `${PICS}; ${ONCE}; intr = 1; ack = 8; intr = 0; out 20 20; ${PICS}; ${put(0x350, "10700")}; ${ONCE}; intr = 0; ${put(0x350, "700")}; intr = 1; ack = 8`,
  },
  {
    name: "LINT0 as an interrupt of its own: an edge, and a level",
    script: `${PICS}; ${ENABLE}; ${put(0x350, "55")}; ${ONCE}; intr = 1; ack = 55; intr = 0; ${EOI}; ${PICS}; ${put(0x350, "8055")}; ${ONCE}; intr = 1; out 21 1; intr = 0`,
  },
  {
    name: "an interrupt to itself goes from request to service to its end",
    script: `${ENABLE}; ${self("41")}; ${get(0x220, "2")}; intr = 1; ack = 41; intr = 0; ${get(0x220, "0")}; ${get(0x120, "2")}; ${get(0xa0, "40")}; ${EOI}; ${get(0x120, "0")}; ${get(0xa0, "0")}`,
  },
  {
    name: "the more urgent class comes first, and interrupts the less urgent one",
    script: `${ENABLE}; ${self("41")}; ${self("81")}; ${self("45")}; ack = 81; intr = 0; ${EOI}; ack = 45; intr = 0; ${self("91")}; intr = 1; ack = 91; ${EOI}; intr = 0; ${EOI}; intr = 1; ack = 41; ${EOI}; intr = 0`,
  },
  {
    name: "the task priority holds back its class and what is below",
    script: `${ENABLE}; ${put(0x80, "50")}; ${self("5f")}; intr = 0; ${get(0xa0, "50")}; ${self("60")}; ack = 60; ${get(0xa0, "60")}; ${EOI}; intr = 0; ${put(0x80, "4f")}; intr = 1; ack = 5f`,
  },
  {
    name: "disabled by software it takes no new interrupts and delivers none",
    script: `${self("41")}; ${get(0x220, "0")}; ${ENABLE}; ${self("41")}; intr = 1; ${put(0xf0, "ff")}; intr = 0; ${ENABLE}; intr = 1; ack = 41`,
  },
  {
    name: "vectors below 16 are errors: sent, received, and reported",
    script: `${ENABLE}; ${put(0x370, "fe")}; ${self("0f")}; intr = 1; ack = fe; ${EOI}; ${get(0x280, "0")}; ${put(0x280, "0")}; ${get(0x280, "20")}; ${put(0x280, "0")}; ${get(0x280, "0")}; readl fee00400; ${put(0x280, "0")}; ${get(0x280, "80")}; ${put(0x350, "5")}; ${PICS}; ${ONCE}; ${put(0x280, "0")}; ${get(0x280, "40")}`,
  },
  {
    name: "a message to nobody is an error",
    script: `${ENABLE}; ${put(0x310, "5000000")}; ${put(0x300, "4041")}; intr = 0; ${put(0x280, "0")}; ${get(0x280, "4")}`,
  },
  {
    name: "destinations: physical, flat logical, clusters, broadcast",
    script: [
      [ENABLE, put(0x310, "0"), put(0x300, "4041"), "ack = 41", EOI, put(0x310, "ff000000"), put(0x300, "4042")],
      ["ack = 42", EOI, put(0xd0, "6000000"), put(0x310, "4000000"), put(0x300, "4843"), "ack = 43", EOI],
      [put(0x310, "9000000"), put(0x300, "4843"), "intr = 0", put(0xe0, "0fffffff"), put(0xd0, "32000000")],
      [put(0x310, "32000000"), put(0x300, "4844"), "ack = 44", EOI, put(0x310, "22000000"), put(0x300, "4844")],
      ["intr = 0", put(0x310, "f2000000"), put(0x300, "4844"), "ack = 44", EOI, put(0x300, "84045"), "ack = 45", EOI],
      [put(0x300, "c4045"), "intr = 0", put(0x310, "0"), put(0x300, "4146"), "ack = 46"],
    ]
      .flat()
      .join(";"),
  },
  {
    name: "NMI, INIT and start-up as messages",
    script: `${ENABLE}; ${put(0x300, "4400")}; event nmi; ${put(0x300, "4608")}; event start up 8; ${put(0x300, "8500")}; events = 0; ${put(0x300, "c500")}; event init; ${get(0xf0, "ff")}; ${get(0x350, "10000")}; events = 0`,
  },
  { name: "LINT1 is NMI, where it is open", script: `nmi; event nmi; ${put(0x360, "10400")}; nmi; events = 0` },
  {
    name: "the timer counts down once, at the bus clock by its divisor",
    script: `${ENABLE}; ${put(0x3e0, "b")}; ${put(0x320, "60")}; ${put(0x380, "186a0")}; ${get(0x390, "186a0")}; wait 40us; ${get(0x390, "ea60")}; intr = 0; wait 60us; intr = 1; ack = 60; ${EOI}; ${get(0x390, "0")}; wait 1ms; intr = 0; ${put(0x3e0, "0")}; ${put(0x380, "186a0")}; wait 199us; intr = 0; ${get(0x390, "1f4")}; wait 1us; intr = 1`,
  },
  {
    name: "the timer's divisors",
    script: [
      ...["b 1", "0 2", "1 4", "2 8", "3 10", "8 20", "9 40", "a 80"].map((pair) => {
        const [divide = "", by = ""] = pair.split(" ");
        return `${put(0x3e0, divide)}; ${put(0x380, "100000")}; wait 40960ns; ${get(0x390, hex(0x100000 - 40960 / Number.parseInt(by, 16)))}`;
      }),
    ].join(";"),
  },
  {
    name: "the timer again and again, until it is masked, or its count is 0",
    script: `${ENABLE}; ${put(0x3e0, "b")}; ${put(0x320, "20060")}; ${put(0x380, "2710")}; wait 10us; ack = 60; ${EOI}; intr = 0; wait 10us; ack = 60; ${EOI}; wait 4us; ${get(0x390, "1770")}; ${put(0x320, "30060")}; wait 10us; intr = 0; ${get(0x390, "1770")}; ${put(0x320, "20060")}; wait 6us; ack = 60; ${EOI}; ${put(0x380, "0")}; wait 1ms; intr = 0; ${get(0x390, "0")}`,
  },
  {
    name: "a timer of the shortest period leaves time for other things",
    script: `${ENABLE}; ${put(0x3e0, "b")}; ${put(0x320, "20060")}; ${put(0x380, "1")}; wait 10ms; ack = 60; ${EOI}; intr = 0; wait 1us; intr = 1`,
  },
  {
    name: "a reset",
    script: `${ENABLE}; ${self("41")}; ${put(0x80, "30")}; ${put(0x380, "ffff")}; reset; ${get(0xf0, "ff")}; ${get(0x220, "0")}; ${get(0x80, "0")}; ${get(0x380, "0")}; ${get(0x350, "700")}; intr = 0`,
  },
];

/** The local APIC is enabled, the 8259As are masked. */
const ALONE = `${ENABLE}; out 21 ff; out a1 ff`;
/** Register of the I/O APIC. */
const select = (register: number): string => `writel fec00000 ${hex(register)}`;
const set = (register: number, value: string): string => `${select(register)}; writel fec00010 ${value}`;
const is = (register: number, expected: string): string => `${select(register)}; readl fec00010 = ${expected}`;
const low = (input: number): number => 0x10 + 2 * input;
const high = (input: number): number => 0x11 + 2 * input;
/** COM2's and COM1's interrupts (3 and 4) up and down. */
const UP4 = "out 3fc 8; out 3f9 2";
const DOWN4 = "out 3f9 0";

export const ioApicCases: readonly Case[] = [
  {
    name: "registers after a reset",
    script: `${is(0, "0")}; ${is(1, "170020")}; ${is(2, "0")}; ${is(low(0), "10000")}; ${is(high(0), "0")}; ${is(low(23), "10000")}; ${is(0x40, "0")}; readl fec00000 = 40`,
  },
  {
    name: "what can be written",
    script: `${set(0, "ffffffff")}; ${is(0, "f000000")}; ${is(2, "f000000")}; ${set(1, "0")}; ${is(1, "170020")}; ${set(high(5), "ff000000")}; ${is(high(5), "ff000000")}; ${set(low(5), "1afff")}; ${is(low(5), "1afff")}; ${set(low(5), "15fff")}; ${is(low(5), "10fff")}`,
  },
  {
    name: "an edge becomes a message",
    script: `${ALONE}; ${set(low(4), "44")}; ${UP4}; intr = 1; ack = 44; ${EOI}; intr = 0; ${DOWN4}; ${UP4}; ack = 44`,
  },
  {
    name: "an edge at a masked input is lost",
    script: `${ALONE}; ${set(low(4), "10044")}; ${UP4}; ${set(low(4), "44")}; intr = 0; ${DOWN4}; ${UP4}; ack = 44`,
  },
  {
    name: "a level comes again until it has gone",
    script: `${ALONE}; ${set(low(4), "8044")}; ${UP4}; ${is(low(4), "c044")}; ack = 44; intr = 0; ${get(0x1a0, "10")}; ${EOI}; intr = 1; ${is(low(4), "c044")}; ack = 44; ${DOWN4}; ${EOI}; intr = 0; ${is(low(4), "8044")}`,
  },
  {
    name: "a level waits behind a mask",
    script: `${ALONE}; ${set(low(4), "18044")}; ${UP4}; intr = 0; ${set(low(4), "8044")}; intr = 1; ack = 44`,
  },
  {
    name: "as an edge an entry forgets that a processor works on it",
    script: `${ALONE}; ${set(low(4), "8044")}; ${UP4}; ack = 44; ${set(low(4), "10044")}; ${is(low(4), "10044")}; ${DOWN4}; ${EOI}; intr = 0`,
  },
  {
    name: "its own register for the end of an interrupt",
    script: `${ALONE}; ${set(low(4), "8044")}; ${UP4}; ack = 44; ${DOWN4}; writel fec00040 45; ${is(low(4), "c044")}; writel fec00040 44; ${is(low(4), "8044")}`,
  },
  {
    name: "the timer's interrupt comes in at input 2, and at the 8259A as well",
    script: `${PICS}; ${ALONE}; ${set(low(0), "40")}; ${set(low(2), "42")}; ${ONCE}; ack = 42; intr = 0; out 20 0a; in 20 & 1 = 1`,
  },
  {
    name: "power management's interrupt comes in at input 9, by its level",
    script: `${ALONE}; ${set(low(9), "8049")}; outl cf8 80000b40; outl cfc 600; outl cf8 80000b80; out cfc 1; out b2 f1; outw 602 100; button; intr = 1; ack = 49; outw 600 100; ${EOI}; intr = 0`,
  },
  {
    name: "lowest priority and logical destinations",
    script: `${ALONE}; ${put(0xd0, "1000000")}; ${set(high(4), "1000000")}; ${set(low(4), "944")}; ${UP4}; ack = 44; ${EOI}; ${DOWN4}; ${set(high(4), "2000000")}; ${UP4}; intr = 0`,
  },
  { name: "NMI", script: `${set(low(4), "400")}; ${UP4}; event nmi; ${DOWN4}; events = 0` },
  {
    name: "a reset leaves the lines as they are",
    script: `${ALONE}; ${set(low(4), "8044")}; ${UP4}; reset; out 21 ff; intr = 0; ${is(low(4), "10000")}; readl fec00000 = 18`,
  },
];
