/** gdb's remote protocol at the level of bytes: framing, every packet that is answered, and peers that mean no good. */
import { describe, expect, test } from "vitest";
import {
  framePacket,
  fromHex,
  fromLatin1,
  latin1,
  PACKET_BYTES,
  PacketReader,
  toHex,
} from "../../../emulator/debug/packet.ts";
import { Random } from "../../../emulator/state/random.ts";
import { atLength, thoroughly } from "../../setup/thoroughly.ts";
import { Peer } from "./peer.ts";

/** A ROM of 64 KiB: counts in EAX, writes it to 500h, reads 504h, calls a subroutine at 20h, again and again. */
function rom(): Uint8Array {
  const bytes = new Uint8Array(0x10000).fill(0xf4);
  // xor bx, bx; mov ds, bx; mov ss, bx; mov sp, 1000h
  bytes.set([0x31, 0xdb, 0x8e, 0xdb, 0x8e, 0xd3, 0xbc, 0x00, 0x10], 0);
  // 9: inc eax; mov [500h], eax; mov bx, [504h]; call 22h; jmp 9
  bytes.set([0x66, 0x40, 0x66, 0xa3, 0x00, 0x05, 0x8b, 0x1e, 0x04, 0x05, 0xe8, 0x0c, 0x00, 0xeb, 0xf1], 9);
  bytes.set([0x90, 0xc3], 0x22); // nop; ret
  bytes.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0);
  return bytes;
}

const LOOP = 0xf0009;
const STORE = 0xf000b;
const SUBROUTINE = 0xf0022;

describe("framing", () => {
  const packets = (...pieces: (string | Uint8Array)[]): string[] => {
    const reader = new PacketReader();
    return pieces
      .flatMap((piece) => reader.read(typeof piece === "string" ? latin1(piece) : piece))
      .map((input) => (input.kind === "packet" ? `packet ${fromLatin1(input.data)}` : input.kind));
  };

  test("packets in any pieces, with escapes, between other bytes", () => {
    expect(packets("+$g#67")).toEqual(["packet g"]);
    expect(packets("$", "m", "0,", "4#f", "d")).toEqual(["packet m0,4"]);
    expect(packets("\x03-$?#3f")).toEqual(["interrupt", "again", "packet ?"]);
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(packets(framePacket(all))).toEqual([`packet ${fromLatin1(all)}`]);
    expect(packets("$cut off$g#67")).toEqual(["packet g"]);
  });

  test("what is broken is named so, and the next packet is read again", () => {
    expect(packets("$g#00$g#67")).toEqual(["broken", "packet g"]);
    expect(packets("$g#xy$g#67")).toEqual(["broken", "packet g"]);
    expect(packets(framePacket(new Uint8Array(PACKET_BYTES + 1)), "$g#67")).toEqual(["broken", "packet g"]);
    expect(packets(framePacket(new Uint8Array(PACKET_BYTES)))[0]).toMatch(/^packet/);
  });

  test("acknowledges until told not to, and repeats its last answer", () => {
    const peer = new Peer(rom(), { nodes: 2 });
    const sent: Uint8Array[] = [];
    const stub = peer.connect(1, sent);
    const take = (): string => sent.splice(0).map(fromLatin1).join("");
    stub.receive(latin1("$qC#b4"));
    expect(take()).toBe("+$QC1#c5");
    stub.receive(latin1("-"));
    expect(take()).toBe("$QC1#c5");
    stub.receive(latin1("$qC#00"));
    expect(take()).toBe("-");
    stub.receive(framePacket(latin1("QStartNoAckMode")));
    expect(take()).toBe("+$OK#9a");
    stub.receive(latin1("$qC#b4$qC#00-"));
    expect(take()).toBe("$QC1#c5");
  });
});

describe("packets", () => {
  test("registers: read and write one and all, EIP as a linear address", () => {
    const peer = new Peer(rom());
    expect(peer.ask("?")).toMatch(/^T02thread:1;04:00000000;08:f0ffffff;$/);
    expect(peer.pc).toBe(0xfffffff0);
    expect(peer.ask("P0=78563412")).toBe("OK");
    expect(peer.register(0)).toBe(0x12345678);
    const all = peer.ask("g");
    expect(all.startsWith("78563412")).toBe(true);
    expect(all.length).toBe(2 * (16 * 4 + 8 * 10 + 8 * 4 + 25 * 4));
    // st0 = 1.0, and the control word.
    expect(peer.ask("P10=0000000000000080ff3f")).toBe("OK");
    expect(peer.ask("p10")).toBe("0000000000000080ff3f");
    expect(peer.ask("P18=7f020000")).toBe("OK");
    expect(peer.register(0x18)).toBe(0x27f);
    expect(peer.ask("P1b=01000000")).toBe("E01");
    expect(peer.ask("P8=00ff0f00")).toBe("E01");
    expect(peer.ask("P8=00000000")).toBe("E01");
    expect(peer.ask("p999")).toBe("E16");
    expect(peer.ask("P0=1234")).toBe("E01");
    expect(peer.ask("Gzz")).toBe("E01");
    expect(peer.ask("G01000000")).toBe("OK");
    expect(peer.register(0)).toBe(1);
    expect(peer.ask("P9=ffff0200")).toBe("E01");
  });

  test("memory: RAM and ROM are read, RAM is written in hexadecimal digits and in binary, devices are left alone", () => {
    const peer = new Peer(rom());
    expect(peer.ask("mffff0,5")).toBe("ea000000f0");
    expect(peer.ask("M500,4:01020304")).toBe("OK");
    expect(peer.ask("m500,4")).toBe("01020304");
    expect(peer.ask("X504,3:$}#")).toBe("OK");
    expect(peer.ask("m504,3")).toBe(toHex(latin1("$}#")));
    expect(peer.ask("X504,0:")).toBe("OK");
    expect(peer.ask("me0000000,4")).toBe("E0e");
    expect(peer.ask("Mf0000,1:00")).toBe("E0e");
    expect(peer.ask("Mb8000,1:00")).toBe("E0e");
    expect(peer.ask("m9fffe,4")).toMatch(/^0000[0-9a-f]{4}$/);
    expect(peer.ask("m500,ffffffff").length).toBeLessThan(PACKET_BYTES);
    for (const wrong of [
      "m",
      "m500",
      "m,",
      "mzz,1",
      "m500,1000000000000",
      "M500,4:0102",
      "M500",
      "M500,1:zz",
      "X500,4:a",
    ])
      expect(peer.ask(wrong)).toBe("E16");
  });

  test("breakpoints stop in front of the instruction, each time it is reached", () => {
    const peer = new Peer(rom());
    expect(peer.ask(`Z0,${LOOP.toString(16)},1`)).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05thread:1;/);
    expect(peer.pc).toBe(LOOP);
    const count = peer.register(0);
    expect(peer.ask("c")).toMatch(/^T05/);
    expect(peer.register(0)).toBe(count + 1);
    expect(peer.ask("qSupported:swbreak+;hwbreak+")).toBe(
      `PacketSize=${PACKET_BYTES.toString(16)};QStartNoAckMode+;qXfer:features:read+;swbreak+;hwbreak+;vContSupported+;ReverseStep+;ReverseContinue+`,
    );
    expect(peer.ask("vCont;c")).toMatch(/^T05swbreak:;/);
    expect(peer.ask(`z0,${LOOP.toString(16)},1`)).toBe("OK");
    expect(peer.ask(`Z1,${SUBROUTINE.toString(16)},1`)).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05hwbreak:;/);
    expect(peer.pc).toBe(SUBROUTINE);
    // No byte of the guest's has changed.
    expect(peer.ask(`m${SUBROUTINE.toString(16)},2`)).toBe("90c3");
    for (const wrong of ["Z0", "Z0,", "Z0,1", "Z0,g,1", "Z1,10"]) expect(peer.ask(wrong)).toBe("E16");
    expect(peer.ask("Z7,1,1")).toBe("");
  });

  test("watchpoints stop after the access, of the kind that was asked for", () => {
    const peer = new Peer(rom());
    expect(peer.ask("Z2,500,4")).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05watch:500;/);
    expect(peer.pc).toBe(STORE + 4);
    expect(peer.ask("z2,500,4")).toBe("OK");
    expect(peer.ask("Z3,505,1")).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05rwatch:505;/);
    // One of another kind at the same place comes and goes by itself.
    for (const other of ["Z2,505,1", "z2,505,1", "Z3,505,2", "z3,505,2"]) expect(peer.ask(other)).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05rwatch:505;/);
    expect(peer.ask("z3,505,1")).toBe("OK");
    expect(peer.ask("Z4,500,8")).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05awatch:500;/);
    expect(peer.ask("z4,500,8")).toBe("OK");
    expect(peer.ask("Z2,0,ffffffff")).toBe("E01");
    expect(peer.ask("Z2,500,0")).toBe("E01");
    // The stack is watched too: CALL writes its return address.
    expect(peer.ask("Z2,ffe,2")).toBe("OK");
    expect(peer.ask("c")).toMatch(/^T05watch:ffe;/);
    expect(peer.pc).toBe(SUBROUTINE);
  });

  test("steps: one instruction, or out of a range", () => {
    const peer = new Peer(rom());
    expect(peer.ask("s")).toMatch(/^T05/);
    expect(peer.pc).toBe(0xf0000);
    expect(peer.ask("vCont;s:1")).toMatch(/^T05/);
    expect(peer.pc).toBe(0xf0002);
    expect(peer.ask("vCont;rf0002,f0013:1")).toMatch(/^T05/);
    expect(peer.pc).toBe(0xf0013);
    expect(peer.ask("vCont?")).toBe("vCont;c;C;s;S;r");
    expect(peer.ask(`s${LOOP.toString(16)}`)).toMatch(/^T05/);
    expect(peer.pc).toBe(STORE);
    for (const wrong of ["s;", "Czz", "cxyz"]) expect(peer.ask(wrong)).toBe("E16");
    for (const wrong of ["x", "xC05", "C0", "xS05", "r1"]) expect(peer.ask(`vCont;${wrong}`), wrong).toBe("E16");
    expect(peer.ask("vMustReplyEmpty")).toBe("");
  });

  test("backwards: the same registers at every instruction, breakpoints, and the beginning", () => {
    const peer = new Peer(rom());
    const forwards: string[] = [peer.ask("g")];
    for (let step = 0; step < 40; step++) {
      peer.ask("s");
      forwards.push(peer.ask("g"));
    }
    for (let step = 39; step >= 0; step--) {
      expect(peer.ask("bs")).toMatch(/^T05thread/);
      expect(peer.ask("g")).toBe(forwards[step]);
    }
    expect(peer.ask("bs")).toMatch(/^T05replaylog:begin;/);
    peer.ask(`Z0,${SUBROUTINE.toString(16)},1`);
    for (let hit = 0; hit < 3; hit++) peer.ask("c");
    const third = peer.ask("g");
    peer.ask("c");
    peer.ask("s");
    expect(peer.ask("bc")).toMatch(/^T05/);
    expect(peer.pc).toBe(SUBROUTINE);
    expect(peer.ask("bc")).toMatch(/^T05/);
    expect(peer.ask("g")).toBe(third);
    peer.ask(`z0,${SUBROUTINE.toString(16)},1`);
    peer.ask("Z2,500,4");
    const value = Number(peer.ask("m500,1"));
    expect(peer.ask("bc")).toMatch(/^T05watch:500;/);
    // In front of the store, so that the old value is seen.
    expect(peer.pc).toBe(STORE);
    expect(Number(peer.ask("m500,1"))).toBe(value - 1);
  });

  test("what a debugger writes in the past replaces the future", () => {
    const peer = new Peer(rom());
    peer.ask(`Z0,${LOOP.toString(16)},1`);
    for (let hit = 0; hit < 5; hit++) peer.ask("c");
    peer.ask("bc");
    peer.ask("bc");
    expect(peer.register(0)).toBe(2);
    expect(peer.ask("P0=00010000")).toBe("OK");
    peer.ask("c");
    expect(peer.register(0)).toBe(0x101);
    // Back after the write, it is gone.
    peer.ask("bc");
    peer.ask("bc");
    expect(peer.register(0)).toBe(1);
    peer.ask("c");
    peer.ask("c");
    expect(peer.register(0)).toBe(3);
  });

  test("a running guest is interrupted, detached from and killed", () => {
    const peer = new Peer(rom(), { nodes: 2 });
    const other: Uint8Array[] = [];
    const second = peer.connect(1, other);
    peer.raw(framePacket(latin1("c")));
    peer.debuggers.runUntil(1_000_000);
    // The other node is held: time stands still.
    expect(peer.cluster.nowNs).toBe(0);
    second.receive(framePacket(latin1("D")));
    peer.debuggers.runUntil(1_000_000);
    expect(peer.cluster.nowNs).toBe(1_000_000);
    expect(peer.taken()).toBe("");
    peer.raw(Uint8Array.of(3));
    expect(peer.taken()).toMatch(/^\$T02/);
    peer.debuggers.runUntil(2_000_000);
    expect(peer.cluster.nowNs).toBe(1_000_000);
    peer.raw(framePacket(latin1("k")));
    expect(peer.closed).toBe(true);
    expect(peer.cluster.machines.map(({ power }) => power)).toEqual(["off", "on"]);
    expect(peer.debuggers.held).toBe(false);
  });

  test("a machine that switches itself off can be looked at; to go on ends its session", () => {
    const peer = new Peer(rom());
    peer.raw(framePacket(latin1("c")));
    peer.debuggers.runUntil(1_000_000);
    peer.cluster.machines[0]!.powerOff();
    peer.debuggers.runUntil(2_000_000);
    expect(peer.taken()).toMatch(/^\$T03/);
    expect(peer.ask("m7c00,1")).toMatch(/^[0-9a-f]{2}$/);
    expect(peer.ask("c")).toBe("W00");
  });

  test("the description of the target, in pieces, and questions that gdb asks", () => {
    const peer = new Peer(rom());
    let text = "";
    for (let reply = "m"; reply.startsWith("m"); text += reply.slice(1))
      reply = peer.ask(`qXfer:features:read:target.xml:${text.length.toString(16)},100`);
    expect(text).toMatch(/^<\?xml[\s\S]*<architecture>i8086<[\s\S]*org\.gnu\.gdb\.i386\.core[\s\S]*<\/target>\n$/);
    expect(peer.ask("qXfer:features:read:other.xml:0,100")).toBe("E00");
    expect(peer.ask("qfThreadInfo")).toBe("m1");
    expect(peer.ask("qsThreadInfo")).toBe("l");
    expect(peer.ask("qAttached")).toBe("1");
    expect(fromLatin1(fromHex(peer.ask("qThreadExtraInfo,1"))!)).toMatch(/^n0: real mode/);
    expect(peer.ask("Hg0")).toBe("OK");
    expect(peer.ask("QUnknown")).toBe("");
  });

  test("monitor commands", () => {
    const peer = new Peer(rom());
    const monitor = (line: string): string =>
      peer
        .ask(`qRcmd,${toHex(latin1(line))}`)
        .split(" ")
        .filter((reply) => reply.startsWith("O") && reply !== "OK")
        .map((reply) => fromLatin1(fromHex(reply.slice(1))!))
        .join("");
    expect(monitor("help")).toMatch(/^help +this list[\s\S]*^phys ADDRESS \[BYTES\]/m);
    expect(monitor("")).toMatch(/^help/);
    expect(monitor("time")).toMatch(/^n0: \d+ ns, 0 instructions/);
    expect(monitor("digest")).toContain(peer.cluster.machines[0]!.digest());
    expect(monitor("phys 0xffff0 5")).toMatch(/^000ffff0 {2}ea 00 00 00 f0/);
    expect(monitor("phys 1e99 5")).toMatch(/^usage/);
    expect(monitor("interrupts enter")).toMatch(/go into/);
    expect(monitor("stats")).toMatch(/translation/);
    expect(monitor("nodes")).toMatch(/n0 +running +real mode/);
    expect(monitor("constructor")).toMatch(/no such command/);
    expect(peer.ask("qRcmd,zz")).toBe("E16");
  });
});

describe("hostile peers", () => {
  atLength(
    "random bytes and random packets neither crash nor hang the stub, nor touch the guest while it is held",
    () => {
      const random = new Random(20261120, "hostile packets");
      const letters = "?gGpPmMXcCsSbHTDkqQvZz!RrBit";
      const bodies = [
        "",
        "0",
        "0,0",
        "ffffffff,ffffffff",
        "500,4:",
        "8=",
        ";",
        ":",
        "Cont;s",
        "Cont;r1,2",
        "Xfer:features:read:target.xml:0,ffffffff",
        "Rcmd,",
        "Supported:",
        "0,500,4",
        "2,0,1000",
        "-1",
        "1,,;",
      ];
      for (let round = 0; round < 1500; round++) {
        const peer = round % 50 === 0 ? (current = new Peer(rom())) : current;
        const letter = letters[random.below(letters.length)]!;
        // Packets that end the session, or change registers and memory as asked, are for the tests above.
        const junk = Array.from({ length: random.below(12) }, () => String.fromCharCode(random.below(256))).join("");
        const text = `${letter}${bodies[random.below(bodies.length)]!}${random.below(2) === 0 ? junk : ""}`;
        if (random.below(3) === 0) peer.raw(Uint8Array.from({ length: random.below(64) }, () => random.below(256)));
        peer.raw(framePacket(latin1(text)));
        peer.debuggers.runUntil(peer.cluster.nowNs + 10_000);
        peer.raw(Uint8Array.of(3));
        peer.taken();
        if (peer.closed) current = new Peer(rom());
      }
    },
  );
  let current = new Peer(rom());

  test("a second debugger is refused, and the first one keeps its node", () => {
    const peer = new Peer(rom());
    expect(() => peer.connect(0)).toThrow(/n0 has a debugger already/);
    expect(peer.ask("qC")).toBe("QC1");
  });

  thoroughly("a connection that breaks leaves no trace", () => {
    const peer = new Peer(rom());
    peer.ask(`Z0,${LOOP.toString(16)},1`);
    peer.ask("Z2,500,4");
    peer.ask("c");
    peer.stub.close();
    peer.debuggers.runUntil(50_000_000);
    const alone = new Peer(rom());
    alone.stub.close();
    alone.debuggers.runUntil(50_000_000);
    expect(peer.cluster.digest()).toBe(alone.cluster.digest());
  });
});
