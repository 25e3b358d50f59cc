/**
 * What POST leaves behind: our firmware's chips, vectors, data areas, CMOS and PCI functions beside those of SeaBIOS
 * and its video BIOS on the same board, byte by byte. What differs is in the table below, each with its reason; a row
 * that no longer differs is an error, too.
 */
import { expect, test } from "vitest";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { MIB, System, type SystemConfig } from "./system.ts";

const MARK = Buffer.alloc(16, 2);
const FUNCTION_BYTES = 256;
/** In the order in which the guest sends them: name, bytes. */
const BLOCKS = [
  ["registers", 26],
  ["chips", 15],
  ["vectors", 1024],
  ["code", 512],
  ["bda", 256],
  ["ebda", 1024],
  ["cmos", 128],
] as const;
const CHIPS = [
  "mask 1",
  "mask 2",
  "requests 1",
  "requests 2",
  "levels 1",
  "levels 2",
  "port 61",
  "port 92",
  "keyboard",
].concat(["counter 0", "counter 1", "counter 2", "keyboard command", "keyboard output", "line 20"]);
const REGISTERS = ["di", "si", "bp", "sp", "bx", "dx", "cx", "ax", "cs", "ds", "es", "ss", "flags"];

/** Places whose value is another one each time, or says nothing. */
const NOT_COMPARED = [
  /^chips: (port 61|keyboard|counter \d)$/, // refresh and retrace toggle, who spoke last, what a counter is at
  /^registers: (sp|flags)$/, // each BIOS's stack; arithmetic flags
  /^bda: (6c|6d|6e|6f)$/, // ticks
  /^cmos: (0[0-9c])$/, // date and time, what the clock has told of
];

/** What differs, and why it is to stay so. */
const DIFFERENCES: readonly (readonly [places: RegExp, why: string])[] = [
  [
    /^chips: keyboard command 65 61$/,
    "the system flag says that the test was good, as on the AT; SeaBIOS leaves it out",
  ],
  [/^bda: 51 /, "row of the cursor: the BIOSes say different things"],
  [/^bda: a[89ab] /, "each has its own place for the table of video parameters, which is compared below"],
  [/^bda: (b9|ba|bc|bd) 00 /, "SeaBIOS' video BIOS keeps its own notes here"],
  [/^ebda: (3d|3f|4[0-9a-f]) 00 /, "the disk's table of INT 41h is in RAM that programs do not load over"],
  [
    /^ebda: 3f[0-9a-f] .. 00$/,
    "the floating pointer of the MP tables; SeaBIOS has it in the F segment, which here is ROM",
  ],
  [/^vector: (00|06) routine IRET$/, "a program that divides by zero is told so, instead of doing it again for ever"],
  [/^vector: 05 IRET routine$/, "nobody prints the screen"],
  [/^pci 2\.0: 3[0-3] (?!00).. (?!00)..$/, "each has its own addresses for expansion ROMs; both have one"],
  [/^pci 0\.0: 59 00 10$/, "the F segment is ROM, not its copy in RAM"],
  [/^pci 1\.3: 41 /, "where the power management ports are"],
  [/^pci 1\.3: (90|91|d2) 00 /, "there is nothing on the SMBus"],
];

/** Where a vector leads, as a program would notice it. */
function kindOf(blocks: ReadonlyMap<string, Buffer>, number: number): string {
  const [offset, segment] = [0, 2].map((at) => blocks.get("vectors")!.readUInt16LE(number * 4 + at));
  if (offset === 0 && segment === 0) return "nothing";
  if (offset === 0xff53 && segment === 0xf000) return "IRET";
  return [0x1e, 0x1f, 0x41, 0x43, 0x46].includes(number) ? "table" : "routine";
}

type Firmware = Pick<SystemConfig, "firmware" | "videoRom">;

function machineOf(config: Firmware): System {
  const diskettes = [new Uint8Array(1_474_560)];
  const disk = guest("tests/guest/post-state.s");
  return new System({ ...config, disk, diskBytes: 16 * MIB, cd: new Uint8Array(MIB), diskettes });
}

/** What a firmware leaves: values by the names of their places. */
function left(config: Firmware): Map<string, string> {
  const system = machineOf(config);
  let sent = Buffer.alloc(0);
  system.until("the end of what POST has left", () => {
    const debug = Buffer.from(system.debug, "latin1");
    const isOver = debug.length === sent.length && debug.includes(MARK);
    sent = debug;
    return isOver;
  });
  let rest = sent.subarray(sent.indexOf(MARK) + MARK.length);
  const blocks = new Map<string, Buffer>();
  for (const [name, bytes] of BLOCKS) {
    blocks.set(name, rest.subarray(0, bytes));
    rest = rest.subarray(bytes);
  }
  const places = new Map<string, string>();
  const put = (name: string, value: number): unknown => places.set(name, value.toString(16).padStart(2, "0"));
  REGISTERS.forEach((name, index) => put(`registers: ${name}`, blocks.get("registers")!.readUInt16LE(index * 2)));
  CHIPS.forEach((name, index) => put(`chips: ${name}`, blocks.get("chips")![index]!));
  for (const name of ["bda", "ebda", "cmos"])
    blocks.get(name)!.forEach((value, at) => put(`${name}: ${at.toString(16).padStart(2, "0")}`, value));
  for (let number = 0; number < 256; number++)
    places.set(`vector: ${number.toString(16).padStart(2, "0")}`, kindOf(blocks, number));
  for (; rest.length > FUNCTION_BYTES; rest = rest.subarray(1 + FUNCTION_BYTES)) {
    const name = `pci ${rest[0]! >> 3}.${rest[0]! & 7}`;
    rest
      .subarray(1, 1 + FUNCTION_BYTES)
      .forEach((value, at) => put(`${name}: ${at.toString(16).padStart(2, "0")}`, value));
  }
  return places;
}

thoroughly("POST leaves what SeaBIOS leaves, but for what is said here", (context) => {
  const [theirFirmware, videoRom] = [seabios("bios.bin"), seabios("vgabios-stdvga.bin")];
  if (theirFirmware === null || videoRom === null) return context.skip("seabios is not installed");
  const ours = left({ firmware: ourFirmware(), videoRom });
  const theirs = left({ firmware: theirFirmware, videoRom });
  const differing = [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((place) => ours.get(place) !== theirs.get(place) && !NOT_COMPARED.some((pattern) => pattern.test(place)))
    .map((place) => `${place} ${ours.get(place) ?? "-"} ${theirs.get(place) ?? "-"}`);
  expect(differing.filter((line) => !DIFFERENCES.some(([places]) => places.test(line)))).toEqual([]);
  expect(DIFFERENCES.filter(([places]) => !differing.some((line) => places.test(line)))).toEqual([]);
});

test("the interrupts that guests' own drivers of mouse, clock and disk wait for are open when it ends", () => {
  const places = left({ firmware: ourFirmware() });
  expect([places.get("chips: mask 1"), places.get("chips: mask 2")]).toEqual(["b8", "8e"]);
});

/** The bytes of the table that the first pointer at 40:A8 leads to, by entry and offset. */
function videoParameters(config: Firmware): Map<string, string> {
  const system = machineOf(config);
  system.until("the guest's first word", () => system.debug.includes(MARK.toString("latin1")));
  const read = (address: number, bytes: number): Buffer => Buffer.from(system.machine.readMemory(address, bytes));
  const follow = (address: number): number => {
    const pointer = read(address, 4);
    return pointer.readUInt16LE(2) * 16 + pointer.readUInt16LE(0);
  };
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  const table = read(follow(follow(0x4a8)), 29 * 64);
  return new Map([...table].map((value, at) => [`${hex(at >> 6)}: ${hex(at & 63)}`, hex(value)]));
}

thoroughly("the table of video parameters is that of SeaBIOS' video BIOS", (context) => {
  const [theirFirmware, videoRom] = [seabios("bios.bin"), seabios("vgabios-stdvga.bin")];
  if (theirFirmware === null || videoRom === null) return context.skip("seabios is not installed");
  const theirs = videoParameters({ firmware: theirFirmware, videoRom });
  const differing = [...videoParameters({ firmware: ourFirmware() })].filter(([at, value]) => theirs.get(at) !== value);
  const kinds = [
    /^(07|17|18|19): 3e$/, // "colour don't care", which text does not use
    /^(07|19): 1e$/, // the line under characters with attribute 1 (docs/boot.md)
    /^1c: 04$/, // what a page of 320 x 200 x 256 takes: all of it, or a CGA's 8 KiB
  ];
  expect(differing.filter(([at]) => !kinds.some((kind) => kind.test(at)))).toEqual([]);
  expect(differing).toHaveLength(7);
});

test("the table of video parameters says what modes are like", () => {
  const table = videoParameters({ firmware: ourFirmware() });
  const head = (entry: string): (string | undefined)[] => [0, 1, 2].map((at) => table.get(`${entry}: 0${at}`));
  expect([head("17"), head("18"), head("1b"), head("1c")]).toEqual([
    ["28", "18", "10"],
    ["50", "18", "10"],
    ["50", "1d", "10"],
    ["28", "18", "08"],
  ]);
});
