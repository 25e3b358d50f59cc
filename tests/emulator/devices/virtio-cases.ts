import type { Case } from "./script.ts";
import { descriptorAt, words } from "./virtio-script.ts";

/** The disk is in slot 3: its ports go to C000h, and it may use the bus. */
const CONFIG = "outl cf8 80001810; outl cfc c000; outl cf8 80001804; outw cfc 5";
/** A driver that knows everything begins: status, features, the queue at page 10h. */
const QUEUE_PAGE = "10";
const DRIVER = `${CONFIG}; out c012 0; out c012 3; outl c004 200; outw c00e 0; outl c008 ${QUEUE_PAGE}; out c012 7`;
/** The ring of 256 descriptors: the available ring follows them, the used ring has a page of its own. */
const AVAILABLE = "11000";
const USED = "12000";
const descriptor = (index: number, address: number, bytes: number, flags: number, next: number): string =>
  descriptorAt(0x10000, index, address, bytes, flags, next);
/** Header at 20000h, data at 21000h, status at 22000h. */
const request = (kind: number, sector: number, bytes: number, dataFlags: number): string =>
  [
    `ram 20000 ${words(kind, 0, sector, 0)}`,
    "ram 22000 ee",
    descriptor(0, 0x20000, 16, 1, bytes > 0 ? 1 : 2),
    descriptor(1, 0x21000, bytes, 1 | dataFlags, 2),
    descriptor(2, 0x22000, 1, 2, 0),
  ].join("; ");
/** Makes the chain at descriptor 0 available as the n-th one, and notifies. */
const submit = (count: number): string =>
  `ram ${(0x11004 + 2 * (count - 1)).toString(16)} 0 0; ram 11002 ${count} 0; outw c010 0`;
const READ = 2;
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 f1; out 4d1 0e; outl cf8 80000860; outl cfc b0b0a0a";

/** A virtio disk of 2ABCh sectors. */
export const virtioCases: readonly Case[] = [
  {
    name: "identity",
    script:
      "outl cf8 80001800; inl cfc = 10011af4; outl cf8 80001808; inl cfc = 1000000; outl cf8 8000182c; inl cfc = 21af4; outl cf8 8000183c; in cfd = 1",
  },
  {
    name: "power on",
    script: `${CONFIG}; inl c004 = 0; inl c008 = 0; inw c00e = 0; in c012 = 0; in c013 = 0; inw c00c = 100`,
  },
  {
    name: "features of a disk: segments, geometry, block size, flush; not read only",
    script: `${CONFIG}; inl c000 & 274 = 254`,
  },
  {
    name: "accepted features are a part of those offered",
    script: `${CONFIG}; outl c004 210; inl c004 = 210; outl c004 8; inl c004 = 0`,
  },
  { name: "no queue beyond the first", script: `${CONFIG}; outw c00e 5; inw c00e = 5; inw c00c = 0; inl c008 = 0` },
  { name: "a queue that cannot be is not selected", script: `${CONFIG}; outw c00e 1; outw c00e 400; inw c00e = 1` },
  {
    name: "status 0 resets",
    script: `${CONFIG}; out c012 3; outl c004 200; outl c008 10; in c012 = 3; inl c008 = 10; out c012 0; in c012 = 0; inl c004 = 0; inl c008 = 0`,
  },
  { name: "address 0 resets", script: `${CONFIG}; out c012 3; outl c004 200; outl c008 0; in c012 = 0; inl c004 = 0` },
  {
    name: "capacity, most segments, block size",
    script: `${CONFIG}; inl c014 = 2abc; inl c018 = 0; inl c020 = fe; inl c028 = 200; in c015 = 2a; inw c014 = 2abc`,
  },
  { name: "what only the device writes", script: `${CONFIG}; outl c014 5; inl c014 = 2abc; out c013 5; in c013 = 0` },
  {
    name: "reads a sector after its time",
    script: `${DRIVER}; ${PICS}; ${request(0, 2, 512, READ)}; ${submit(1)}; wait 105119ns; ram ${USED} = 0; ram 12002 = 0; intr = 0; wait 1ns; ram 12002 = 1; ram 12004 = 0; ram 12008 = 1; ram 12009 = 2; ram 21000 = e; ram 21001 = f; ram 22000 = 0; intr = 1; ack = 73; in c013 = 1; in c013 = 0; out a0 20; out 20 20; intr = 0`,
  },
  {
    name: "writes sectors",
    script: `${DRIVER}; ${request(1, 5, 1024, 0)}; ram 21000 12 34; ram 213ff 56; ${submit(1)}; wait 1ms; ram 22000 = 0; ram 12008 = 1; ram 12009 = 0; in c013 = 1`,
  },
  {
    name: "one request after the other",
    script: `${DRIVER}; ${request(0, 2, 512, READ)}; ram 11004 0 0 0 0; ram 11002 2 0; outw c010 0; wait 105120ns; ram 12002 = 1; wait 105120ns; ram 12002 = 2`,
  },
  {
    name: "flush, serial number, what it does not know",
    script: `${DRIVER}; ${request(4, 0, 0, 0)}; ${submit(1)}; wait 1ms; ram 22000 = 0; ${request(8, 0, 20, READ)}; ${submit(2)}; wait 1ms; ram 22000 = 0; ram 21000 = 56; ram 21001 = 44; ${request(3, 0, 512, READ)}; ${submit(3)}; wait 1ms; ram 22000 = 2`,
  },
  {
    name: "sectors that are not there, and parts of sectors",
    script: `${DRIVER}; ${request(0, 0x2abb, 512, READ)}; ${submit(1)}; wait 1ms; ram 22000 = 0; ${request(0, 0x2abc, 512, READ)}; ${submit(2)}; wait 1ms; ram 22000 = 1; ${request(1, 0x2abb, 1024, 0)}; ${submit(3)}; wait 1ms; ram 22000 = 1; ${request(0, 0, 100, READ)}; ${submit(4)}; wait 1ms; ram 22000 = 1`,
  },
  {
    name: "a driver that polls gets no interrupt",
    script: `${DRIVER}; ram ${AVAILABLE} 1; ${request(0, 2, 512, READ)}; ${submit(1)}; wait 1ms; ram 12002 = 1; in c013 = 0`,
  },
  {
    name: "a chain with a loop breaks the queue until a reset",
    script: `${DRIVER}; ${request(0, 2, 512, READ)}; ${descriptor(1, 0x21000, 512, 3, 1)}; ${submit(1)}; wait 1ms; ram 12002 = 0; ${request(0, 2, 512, READ)}; ${submit(2)}; wait 1ms; ram 12002 = 0; ram 11002 0 0; ${DRIVER}; ${submit(1)}; wait 1ms; ram 12002 = 1`,
  },
  {
    name: "an index that the ring cannot hold breaks the queue",
    script: `${DRIVER}; ${request(0, 2, 512, READ)}; ram 11002 1 2; outw c010 0; wait 1ms; ram 12002 = 0`,
  },
  {
    name: "without the bus nothing moves",
    script: `${DRIVER}; outl cf8 80001804; outw cfc 1; ${request(0, 2, 512, READ)}; ${submit(1)}; wait 1ms; ram 12002 = 0`,
  },
  {
    name: "before the driver is ready nothing moves",
    script: `${DRIVER}; out c012 3; ${request(0, 2, 512, READ)}; ${submit(1)}; wait 1ms; ram 12002 = 0`,
  },
  {
    name: "data in pieces that are no whole sectors, read and written",
    script: [
      DRIVER,
      request(0, 2, 1024, READ),
      descriptor(1, 0x21000, 300, 1 | READ, 3),
      descriptor(3, 0x23000, 724, 1 | READ, 2),
      `${submit(1)}; wait 1ms; ram 22000 = 0; ram 12008 = 1; ram 12009 = 4`,
      "ram 21000 = e; ram 2112b = 39; ram 2112c = 0; ram 23000 = 3a; ram 230d3 = d; ram 230d4 = 15; ram 232d3 = 14; ram 232d4 = 0",
      request(1, 8, 1024, 0),
      descriptor(1, 0x21000, 300, 1, 3),
      descriptor(3, 0x23000, 724, 1, 2),
      `${submit(2)}; wait 1ms; ram 22000 = 0; ${request(0, 8, 1024, READ)}; ${submit(3)}; wait 1ms`,
      "ram 21000 = e; ram 2112b = 39; ram 2112c = 3a; ram 211ff = d; ram 21200 = 15; ram 213ff = 14",
    ].join("; "),
  },
  {
    name: "a reset forgets a request that is under way",
    script: `${DRIVER}; ${request(0, 2, 512, READ)}; ${submit(1)}; out c012 0; wait 1ms; ram 12002 = 0; ram 22000 = ee`,
  },
  {
    name: "a queue that was broken stays so for chains that are right",
    script: `${DRIVER}; ${request(0, 2, 512, READ)}; ${descriptor(0, 0x20000, 16, 1, 0x400)}; ${submit(1)}; wait 1ms; ram 12002 = 0; ${request(0, 2, 512, READ)}; outw c010 0; wait 1ms; ram 12002 = 0; ram 22000 = ee`,
  },
  {
    name: "the serial number says the number of sectors",
    script: `${DRIVER}; ${request(8, 0, 20, READ)}; ${submit(1)}; wait 1ms; ram 22000 = 0; ${Array.from("VD0000002ABC", (letter, index) => `ram ${(0x21000 + index).toString(16)} = ${letter.charCodeAt(0).toString(16)}`).join("; ")}; ram 2100c = 0; ram 21013 = 0`,
  },
  {
    name: "a chain is given back by the number of its first descriptor",
    script: `${DRIVER}; ${request(0, 2, 512, READ)}; ${descriptor(5, 0x20000, 16, 1, 1)}; ram 11004 5 0; ram 11002 1 0; outw c010 0; wait 1ms; ram 12002 = 1; ram 12004 = 5; ram 12005 = 0; ram 12006 = 0; ram 12007 = 0; ram 22000 = 0`,
  },
];
