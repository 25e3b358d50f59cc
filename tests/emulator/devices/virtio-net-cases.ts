import { hex } from "./places.ts";
import type { Case } from "./script.ts";
import { descriptorAt, NEXT, WRITE, words } from "./virtio-script.ts";

/** The card is in slot 3: its ports go to C000h, and it may use the bus. */
const OPEN = "outl cf8 80001810; outl cfc c000; outl cf8 80001804; outw cfc 5";
/** Where the tables of descriptors are; available and used ring follow. */
const RECEIVE = 0x10000;
const SEND = 0x14000;
const COMMAND = 0x18000;
/** A driver that knows all features but one: that a chain's layout says nothing. */
const DRIVER = [
  `${OPEN}; out c012 0; out c012 3; outl c004 70020`,
  ...[RECEIVE, SEND, COMMAND].map((table, queue) => `outw c00e ${queue}; outl c008 ${(table >> 12).toString(16)}`),
  "out c012 7",
].join("; ");
/** One that has the card add up checksums, too. */
const SUMMING = DRIVER.replace("70020", "70023");
/** And cut packets into segments. */
const CUTTING = DRIVER.replace("70020", "70823");
/** Makes the chain at descriptor 0 available as the n-th one, and notifies. */
const submit = (queue: number, available: number, count: number): string =>
  `ram ${hex(available + 4 + 2 * (count - 1))} 0 0; ram ${hex(available + 2)} ${hex(count)} 0; outw c010 ${queue}`;

/** The header at 20000h, the frame at 20010h: sent as the n-th one. */
const send = (bytes: number, count = 1): string =>
  [
    `ram 20010 52 54 0 0 0 9 2 0 0 0 0 1 8 0 ${hex(0xa0 + count)}`,
    descriptorAt(SEND, 0, 0x20000, 10, NEXT, 1),
    descriptorAt(SEND, 1, 0x20010, bytes, 0, 0),
    submit(1, 0x15000, count),
  ].join("; ");
/** Room for a header at 30000h and for so many bytes at 30010h, as the n-th one. */
const offer = (bytes: number, count = 1): string =>
  [
    descriptorAt(RECEIVE, 0, 0x30000, 10, WRITE | NEXT, 1),
    descriptorAt(RECEIVE, 1, 0x30010, bytes, WRITE, 0),
    submit(0, 0x11000, count),
  ].join("; ");
/** Descriptors for a command at 40000h with so many bytes of data; its answer comes to 40400h. */
const commandOf = (dataBytes: number): string =>
  [
    "ram 40400 ee",
    descriptorAt(COMMAND, 0, 0x40000, 2, NEXT, 1),
    descriptorAt(COMMAND, 1, 0x40002, dataBytes, NEXT, 2),
    descriptorAt(COMMAND, 2, 0x40400, 1, WRITE, 0),
  ].join("; ");
const command = (count: number, bytes: string, answer: number): string =>
  `ram 40000 ${bytes}; ${commandOf(bytes.split(" ").length - 2)}; ${submit(2, 0x18400, count)}; ram 40400 = ${answer}`;
const arrive = (address: string): string => `frame 40 ${address}; wait 1us`;
const used = (count: number): string => `ram 12002 = ${count}`;
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 f1; out 4d1 0e; outl cf8 80000860; outl cfc b0b0b0b";
/** Room for many frames, each in the same place. */
const ROOM = `${descriptorAt(RECEIVE, 0, 0x30000, 1600, WRITE, 0)}; ram 11004 ${"0 ".repeat(64).trim()}; ram 11002 20 0; outw c010 0`;
const OWN = "52 54 0 12 34 56";
const OTHER = "52 54 0 99 99 99";
const GROUP = "1 0 5e 0 0 fb";
const ALL = "ff ff ff ff ff ff";

/** A datagram of no bytes to the card, up to its checksum, which is FFDB. */
const DATAGRAM = `${OWN} 2 0 0 0 0 9 8 0 45 0 0 1c 0 0 0 0 40 11 0 0 0 0 0 0 0 0 0 0 0 1 0 2 0 8`;

/** Headers of Ethernet, IPv4 and TCP and six bytes, at 20010h: what is sent as the n-th packet. */
const PACKET = "0 0 0 0 0 0 0 0 0 0 0 0 8 0 45 0 0 2e 0 0 0 0 40 6 0 0 0 0 0 0 0 0 0 0";
const SEGMENT = `${"0 ".repeat(12)}50 19 0 0 0 20 0 0 1 2 3 4 5 6`;
const cut = (header: string, count: number): string =>
  [
    `ram 20000 ${header}; ram 20010 ${PACKET} ${SEGMENT}`,
    descriptorAt(SEND, 0, 0x20000, 10, NEXT, 1),
    descriptorAt(SEND, 1, 0x20010, 0x36, NEXT, 2),
    descriptorAt(SEND, 2, 0x20046, 6, 0, 0),
    `${submit(1, 0x15000, count)}; wait 3us; ram 16002 = ${hex(count)}`,
  ].join("; ");

/** For a card with the address 52:54:00:12:34:56 in slot 3. */
export const virtioNetCases: readonly Case[] = [
  {
    name: "identity",
    script:
      "outl cf8 80001800; inl cfc = 10001af4; outl cf8 80001808; inl cfc = 2000000; outl cf8 8000182c; inl cfc = 11af4; outl cf8 8000183c; in cfd = 1",
  },
  { name: "size of the window", script: "outl cf8 80001810; outl cfc ffffffff; inl cfc = ffffffe1" },
  {
    name: "power on",
    script: `${OPEN}; inl c004 = 0; inl c008 = 0; inw c00e = 0; in c012 = 0; in c013 = 0; inw c00c = 100`,
  },
  {
    name: "features: address, status, commands, filter, any layout",
    script: `${OPEN}; inl c000 & 8070020 = 8070020`,
  },
  {
    name: "checksums and segments, and nothing else but moving frames",
    script: `${OPEN}; inl c000 = 8070823`,
    ours: "QEMU's does more",
  },
  {
    name: "three queues",
    script: `${OPEN}; outw c00e 1; inw c00c = 100; outw c00e 2; inw c00c = 40; outw c00e 3; inw c00c = 0`,
  },
  {
    name: "address and link, by bytes, words and all at once",
    script: `${OPEN}; inl c014 = 12005452; inl c018 = 15634; inw c01a = 1; in c015 = 54`,
  },
  {
    name: "the address can be changed until a reset, the link not",
    script: `${OPEN}; out c014 2; out c015 54; out c016 0; out c017 12; out c018 34; out c019 77; inl c014 = 12005402; inw c018 = 7734; outl c014 44332202; outl c018 6655; inl c014 = 44332202; inl c018 = 16655; outw c01a 0; inw c01a = 1; out c012 0; inl c014 = 12005452; inw c018 = 5634`,
  },
  {
    name: "a frame goes out after its time, and its buffer comes back",
    script: `${DRIVER}; ${PICS}; ${send(0x40)}; wait 1999ns; wire = 0; ram 16002 = 0; intr = 0; wait 1ns; wire = 40; byte 0 = 52; byte e = a1; ram 16002 = 1; ram 16004 = 0; ram 16008 = 0; intr = 1; ack = 73; in c013 = 1; in c013 = 0; out a0 20; out 20 20; intr = 0`,
  },
  {
    name: "a driver that polls gets no interrupt",
    script: `${DRIVER}; ram 15000 1; ${send(0x40)}; wait 3us; wire = 40; ram 16002 = 1; in c013 = 0`,
  },
  {
    name: "several frames at once go out in their order",
    script: `${DRIVER}; ${descriptorAt(SEND, 2, 0x21000, 10, NEXT, 3)}; ${descriptorAt(SEND, 3, 0x21010, 80, 0, 0)}; ram 15006 2 0; ${send(0x40).replace("ram 15002 1 0", "ram 15002 2 0")}; wait 3us; wire = 40; wire = 50; wire = 0; ram 16002 = 2; ram 1600c = 2`,
  },
  {
    name: "a checksum is put in where the header says, if it is in the frame, and 0 is FFFF",
    script: `${SUMMING}; ram 20000 1 0 0 0 0 0 e 0 2 0; ${send(0x40)}; wait 3us; wire = 40; byte e = a1; byte 10 = 5e; byte 11 = ff; ram 20020 5d ff; ${send(0x40, 2)}; wait 3us; wire = 40; byte 10 = ff; byte 11 = ff; ram 20006 3e 0 1 0; ${send(0x40, 3)}; wait 3us; wire = 40; byte 3e = 0; byte 3f = 0; ram 20006 e 0 2 0; ram 20000 0; ${send(0x40, 4)}; wait 3us; wire = 40; byte 10 = 5d; byte 11 = ff`,
    ours: "QEMU's offers it only on networks that carry such frames",
  },
  {
    name: "a packet of TCP is cut into segments, each with its length, number and checksums; FIN and PSH are the last one's",
    script: [
      `${CUTTING}; ${cut("1 1 36 0 4 0 22 0 10 0", 1)}`,
      "wire = 3a; byte 11 = 2c; byte 13 = 0; byte 18 = 7a; byte 19 = cd; byte 29 = 0; byte 2f = 10; byte 32 = ab; byte 33 = cb; byte 36 = 1; byte 39 = 4",
      "wire = 38; byte 11 = 2a; byte 13 = 1; byte 18 = 7a; byte 19 = ce; byte 29 = 4; byte 2f = 19; byte 32 = aa; byte 33 = c0; byte 36 = 5; byte 37 = 6",
    ].join("; "),
    ours: "QEMU's offers it only on networks that carry such frames",
  },
  {
    name: "segments of what is no TCP for IPv4, without a size or a checksum to put in, or with headers that are not there, go nowhere",
    script: `${CUTTING}; ${[
      "1 3 36 0 4 0 22 0 10 0",
      "1 4 36 0 4 0 22 0 10 0",
      "1 1 36 0 0 0 22 0 10 0",
      "0 1 36 0 4 0 22 0 10 0",
      "1 1 35 0 4 0 22 0 10 0",
      "1 1 3d 0 4 0 22 0 10 0",
      "1 1 36 0 ff ff 22 0 10 0",
      "1 1 36 0 4 0 22 0 6 0",
      "1 1 36 0 4 0 19 0 10 0",
    ]
      .map((header, index) => cut(header, index + 1))
      .join("; ")}; wire = 0`,
    ours: "QEMU's offers it only on networks that carry such frames",
  },
  {
    name: "no segments are cut for a driver that did not ask for that",
    script: `${SUMMING}; ${cut("1 1 36 0 4 0 22 0 10 0", 1)}; wire = 3c; wire = 0`,
  },
  {
    name: "no checksum is put in for a driver that did not ask for that",
    script: `${DRIVER}; ram 20000 1 0 0 0 0 0 e 0 2 0; ${send(0x40)}; wait 3us; wire = 40; byte 10 = 0; byte 11 = 0`,
  },
  {
    name: "of a frame that comes in it says whether the checksum is right",
    script: [
      `${SUMMING}; ${offer(1514)}; frame 3c ${DATAGRAM} ff db; ${used(1)}; ram 30000 = 2`,
      `${offer(1514, 2)}; frame 3c ${DATAGRAM} ff dc; ${used(2)}; ram 30000 = 0`,
      `${offer(1514, 3)}; frame 3c ${DATAGRAM} 0 0; ${used(3)}; ram 30000 = 0`,
      `${offer(1514, 4)}; frame 3c ${DATAGRAM.replace(" 8 0 45", " 8 1 45")} ff db; ${used(4)}; ram 30000 = 0`,
    ].join("; "),
    ours: "QEMU's offers it only on networks that carry such frames",
  },
  {
    name: "lengths that Ethernet does not have go nowhere, and their buffers come back",
    script: `${DRIVER}; ${[13, 14, 1518, 1519].map((bytes, index) => `${send(bytes, index + 1)}; wait 3us`).join("; ")}; wire = e; wire = 5ee; wire = 0; ram 16002 = 4`,
  },
  {
    name: "header and frame in one buffer, and a frame in pieces",
    script: `${DRIVER}; ram 2000a 1 2 3; ${descriptorAt(SEND, 0, 0x20000, 74, 0, 0)}; ${submit(1, 0x15000, 1)}; wait 3us; wire = 40; byte 0 = 1; byte 2 = 3; ${descriptorAt(SEND, 0, 0x20000, 12, NEXT, 1)}; ${descriptorAt(SEND, 1, 0x2000c, 62, 0, 0)}; ${submit(1, 0x15000, 2)}; wait 3us; wire = 40; byte 0 = 1; byte 2 = 3`,
  },
  {
    name: "nothing goes out without the bus, or before the driver is ready",
    script: `${DRIVER}; outl cf8 80001804; outw cfc 1; ${send(0x40)}; wait 3us; wire = 0; outw cfc 5; out c012 3; outw c010 1; wait 3us; wire = 0; out c012 7; outw c010 1; outl cf8 80001804; outw cfc 1; wait 3us; wire = 0`,
  },
  {
    name: "a frame comes in behind an empty header, and says so",
    script: `${DRIVER}; ${PICS}; ram 30000 ee ee; ram 30009 ee; ${offer(1514)}; intr = 0; frame 40 ${OWN} 2 0 0 0 0 9; ${used(1)}; ram 12004 = 0; ram 12008 = 4a; ram 30000 = 0; ram 30009 = 0; ram 30010 = 52; ram 30015 = 56; ram 3001b = 9; intr = 1; in c013 = 1`,
  },
  {
    name: "a frame without a buffer is lost",
    script: `${DRIVER}; ${arrive(OWN)}; ${offer(1514)}; wait 1ms; ${used(0)}; ${arrive(OWN)}; ${arrive(OWN)}; ${used(1)}`,
  },
  {
    name: "a buffer that is too short stays for a frame that it is long enough for",
    script: `${DRIVER}; ${offer(0x40)}; frame 41 ${OWN}; ${used(0)}; frame 40 ${OWN}; ${used(1)}; ram 12008 = 4a`,
  },
  {
    name: "nothing comes in without the bus, or before the driver is ready",
    script: `${DRIVER}; ${offer(1514)}; outl cf8 80001804; outw cfc 1; ${arrive(OWN)}; ${used(0)}; outw cfc 5; out c012 3; ${arrive(OWN)}; ${used(0)}; out c012 7; ${arrive(OWN)}; ${used(1)}`,
  },
  {
    name: "everything comes in until the driver says that not",
    script: `${DRIVER}; ${ROOM}; ${arrive(OTHER)}; ${arrive(GROUP)}; ${used(2)}; ${command(1, "0 0 0", 0)}; ram 19002 = 1; ram 19008 = 1; ${arrive(OTHER)}; ${arrive(GROUP)}; ${used(2)}; ${arrive(OWN)}; ${arrive(ALL)}; ${used(4)}; ${command(2, "0 0 1", 0)}; ${arrive(OTHER)}; ${used(5)}`,
  },
  {
    name: "all groups, on and off",
    script: `${DRIVER}; ${ROOM}; ${command(1, "0 0 0", 0)}; ${command(2, "0 1 1", 0)}; ${arrive(GROUP)}; ${used(1)}; ${arrive(OTHER)}; ${used(1)}; ${command(3, "0 1 0", 0)}; ${arrive(GROUP)}; ${used(1)}`,
  },
  {
    name: "further stations and groups, each of its kind; the last ones count",
    script: `${DRIVER}; ${ROOM}; ${command(1, "0 0 0", 0)}; ${command(2, `1 0 ${words(2)} 2 0 0 0 0 1 ${OTHER} ${words(1)} ${GROUP}`, 0)}; ${arrive(OTHER)}; ${arrive(GROUP)}; ${used(2)}; ${arrive("1 0 5e 0 0 fc")}; ${arrive("2 0 0 0 0 2")}; ${used(2)}; ${command(3, `1 0 ${words(0, 0)}`, 0)}; ${arrive(OTHER)}; ${arrive(GROUP)}; ${used(2)}; ${arrive(OWN)}; ${used(3)}`,
  },
  {
    name: "more addresses than it knows: all of their kind",
    script: `${DRIVER}; ${ROOM}; ${command(1, "0 0 0", 0)}; ram 40000 1 0 ${words(65)}; ram 4018c ${words(0)}; ${commandOf(8 + 65 * 6)}; ${submit(2, 0x18400, 2)}; ram 40400 = 0; ${arrive(OTHER)}; ${used(1)}; ${arrive(GROUP)}; ${used(1)}; ram 40000 1 0 ${words(0, 65)}; ${commandOf(8 + 65 * 6)}; ${submit(2, 0x18400, 3)}; ram 40400 = 0; ${arrive(OTHER)}; ${used(1)}; ${arrive(GROUP)}; ${used(2)}`,
  },
  {
    name: "64 addresses are not more than it knows",
    script: `${DRIVER}; ${ROOM}; ${command(1, "0 0 0", 0)}; ram 40000 1 0 ${words(64)}; ram 40180 ${OTHER} ${words(0)}; ${commandOf(8 + 64 * 6)}; ${submit(2, 0x18400, 2)}; ram 40400 = 0; ${arrive(OTHER)}; ${used(1)}; ${arrive("2 0 0 0 0 7")}; ${used(1)}`,
  },
  {
    name: "commands that do not exist, or are cut off, change nothing",
    script: [
      `${DRIVER}; ${ROOM}; ${command(1, "0 0 0", 0)}; ${command(2, `1 0 ${words(1)} ${OTHER} ${words(0)}`, 0)}`,
      ["0 2 1", "2 0 1", "1 1 1", `1 0 ${words(2)} 2 0 0 0 0 1 ${words(0)}`, `1 0 ${words(0)} 0 0 0`, "1 0 ff"]
        .concat(`1 0 ${words(0xffffffff, 0)}`)
        .map((bytes, index) => command(3 + index, bytes, 1))
        .join("; "),
      `ram 40400 ee; ${descriptorAt(COMMAND, 0, 0x40000, 1, NEXT, 2)}; ${submit(2, 0x18400, 10)}; ram 40400 = 1`,
      `ram 40000 0 0; ram 40400 ee; ${descriptorAt(COMMAND, 0, 0x40000, 2, NEXT, 2)}; ${submit(2, 0x18400, 11)}; ram 40400 = 1`,
      `${arrive(OTHER)}; ${used(1)}; ${arrive(GROUP)}; ${used(1)}`,
    ].join("; "),
  },
  {
    name: "a command without room for its answer is done all the same",
    script: `${DRIVER}; ${ROOM}; ram 40000 0 0 0; ${descriptorAt(COMMAND, 0, 0x40000, 3, 0, 0)}; ${submit(2, 0x18400, 1)}; ram 19002 = 1; ram 19008 = 0; ${arrive(OTHER)}; ${used(0)}`,
  },
  {
    name: "the cable: status and its interrupt, when the card has noticed",
    script: `${DRIVER}; ${PICS}; inw c01a = 1; cable 0; wait 999999ns; inw c01a = 1; intr = 0; wait 1ns; inw c01a = 0; intr = 1; in c013 = 3; in c013 = 0; cable 1; wait 2ms; inw c01a = 1; in c013 = 3`,
  },
  {
    name: "the cable, before the driver is ready",
    script: `${OPEN}; cable 0; wait 2ms; inw c01a = 0; in c013 = 0; cable 1; out c012 0; inw c01a = 1`,
  },
  {
    name: "a reset forgets what the driver said and what waits",
    script: `${DRIVER}; ${command(1, "0 0 0", 0)}; ${command(2, `1 0 ${words(1)} ${OTHER} ${words(0)}`, 0)}; ${command(3, "0 1 1", 0)}; ${send(0x40)}; out c012 0; wait 3us; wire = 0; ram 11002 0 0; ram 15002 0 0; ram 18402 0 0; ram 12002 0; ram 16002 0; ram 19002 0; ${DRIVER}; ${ROOM}; ${arrive("2 0 0 0 0 7")}; ${used(1)}; ${command(1, "0 0 0", 0)}; ${arrive(OTHER)}; ${arrive(GROUP)}; ${used(1)}`,
  },
  {
    name: "a queue with a loop is broken, the others are not",
    script: `${DRIVER}; ${descriptorAt(RECEIVE, 0, 0x30000, 10, WRITE | NEXT, 0)}; ${submit(0, 0x11000, 1)}; ${arrive(OWN)}; ${offer(1514)}; ${arrive(OWN)}; ${used(0)}; ${send(0x40)}; wait 3us; wire = 40`,
  },
];
