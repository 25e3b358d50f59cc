/**
 * The monitor prints what QEMU's prints: the same commands on the same boot sector, where nothing is left to firmware.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requireOracle, type SkippableContext } from "../../oracle.ts";
import { guest } from "../../systems/guest.ts";
import { bootDisk, Monitored } from "./monitored.ts";

/** Lines that must be equal to the letter. */
const SAME = [
  "info registers",
  "info registers -a",
  "info mem",
  "info tlb",
  "info lapic",
  "info pic",
  "info status",
  "x /8xb 0x7c00",
  "x /9xb 0x7c03",
  "x /5xh 0x7c00",
  "x /4xw 0x7c00",
  "x /3xg 0x7c00",
  "x /4dw 0x7c00",
  "x /4dg 0x7c00",
  "x /6dh 0x7c00",
  "x /8db 0x7c00",
  "x /4uw 0x7c00",
  "x /4ow 0x7c00",
  "x /3ob 0x7c00",
  "x /12cb 0x7dee",
  "xp /4xw 0x7c00",
  "x 0x7c00",
  "x /4xw 0x1ffff8",
  "x /4xw 0x7fffffff",
  "xp /2xw 0x11000",
  "p $eax",
  "p /x $edx",
  "p /u $edi",
  "p $edi",
  "p $pc",
  "p $cs",
  "p /x $eflags",
  "p /o 8",
  "p /c 65",
  "p /c 10",
  "p 'a'",
  "p /d 1+2*3",
  "p (1+2)*3",
  "p 3&1|4^1",
  "p 1+3&1",
  "p -5/2",
  "p -5%3",
  "p ~0",
  "p 0x80000000",
  "p 0xffffffffffffffff",
  "p 010+1",
  "p /x 0",
  "p 1 2",
  "p (1",
  "p 1/0",
  "p $foo",
  "p $eax+",
  "p",
  "x",
  "x /zz",
  "x /4xw 0xzz",
  "sendkey",
  "sendkey zz",
  "set_link",
  "set_link nothing on",
  "set_link e1000.0 up",
  "stop now",
  "foo",
  "info foo",
  "help stop",
  "help cont",
  "help info status",
  "help sendkey",
  "gva2gpa 0x7c00",
  "gva2gpa 0x300000",
  "gva2gpa 0x500123",
  "cpu 7",
  "info status",
];
const GUEST_ADDRESSES = ["0x7c00", "0x300123", "0x512345", "0xc0207c00", "0xc0300000", "0xffe00123", "0x40000000"];
/** Instructions: addresses and bytes are the same, the syntax is not. */
const CODE = ["x /12i $eip", "xp /4i 0x7c00", "x /2i 0x7c40"];
const PROMPT = "(qemu) ";

/** QEMU's monitor at a boot sector. */
class Qemu {
  readonly #child: ChildProcess;
  #heard = "";
  #wake = (): void => {};

  constructor(program: string, disk: string) {
    const machine = [
      "-M",
      "pc",
      "-cpu",
      "qemu32,+nx",
      "-m",
      "32",
      "-display",
      "none",
      "-vga",
      "std",
      "-serial",
      "null",
      "-parallel",
      "none",
    ];
    const parts = [
      "-drive",
      `file=${disk},format=raw,snapshot=on`,
      "-nic",
      "none",
      "-device",
      "e1000",
      "-monitor",
      "stdio",
    ];
    this.#child = spawn(program, [...machine, ...parts], { stdio: ["pipe", "pipe", "ignore"] });
    this.#child.stdout!.on("data", (data: Buffer) => {
      this.#heard += data.toString("latin1");
      this.#wake();
    });
  }

  async #upToPrompt(): Promise<string> {
    for (let at = this.#heard.indexOf(PROMPT); ; at = this.#heard.indexOf(PROMPT)) {
      if (at >= 0) {
        const text = this.#heard.slice(0, at);
        this.#heard = this.#heard.slice(at + PROMPT.length);
        return text;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async start(): Promise<void> {
    await this.#upToPrompt();
    // It stands still once it has the flags that it gives itself, and the timer has ticked since.
    for (let text = ""; !/EAX=11223344(?:.|\n)*HLT=1/.test(text); ) text = await this.ask("info registers");
    for (let text = ""; !/pic0: irr=[01]1/.test(text); ) text = await this.ask("info pic");
    await this.ask("stop");
  }

  /** What comes after the echo of the line. */
  async ask(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    const text = await this.#upToPrompt();
    const echoEnd = text.indexOf("\n");
    return text.slice(echoEnd + 1).replaceAll("\r", "");
  }

  close(): void {
    this.#child.kill();
  }
}

/** Both monitors at a boot sector, ours stopped. */
async function withBoth(
  source: string,
  context: SkippableContext,
  action: (ours: Monitored, qemu: Qemu) => Promise<void>,
): Promise<void> {
  const program = requireOracle("qemu-system-i386", context);
  const code = bootDisk(guest(source));
  const folder = mkdtempSync(join(tmpdir(), "qure-monitor-"));
  const path = join(folder, "disk.img");
  writeFileSync(path, code);
  const ours = new Monitored([{ disk: code }]);
  await ours.lab.advance("2s");
  ours.ask("stop");
  const qemu = new Qemu(program, path);
  try {
    await qemu.start();
    await action(ours, qemu);
  } finally {
    qemu.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the monitor's answers are QEMU's", { timeout: 60_000 }, async (context) => {
  await withBoth("tests/guest/monitor.s", context, async (ours, qemu) => {
    for (const line of SAME) {
      // QEMU's task register does not know that LTR marks its descriptor as busy (SDM 2A, LTR).
      const answer = ours.ask(line).replace(/^(TR =.*)8b00 DPL=0 TSS32-busy$/gm, "$18900 DPL=0 TSS32-avl");
      expect.soft(answer, line).toBe(await qemu.ask(line));
    }
    for (const line of CODE) {
      const bytes = (text: string): string => text.replace(/^(0x\w{8}: {2}.{23}).*$/gm, "$1");
      expect.soft(bytes(ours.ask(line)), line).toBe(bytes(await qemu.ask(line)));
    }
  });
});

test("the monitor's answers are QEMU's with PAE paging", { timeout: 60_000 }, async (context) => {
  await withBoth("tests/guest/monitor-pae.s", context, async (ours, qemu) => {
    for (const line of ["info mem", "info tlb", "x /4xw 0xc0207c00", ...GUEST_ADDRESSES.map((at) => `gva2gpa ${at}`)])
      expect.soft(ours.ask(line), line).toBe(await qemu.ask(line));
    const registers = (text: string): string => text.match(/^(CR0|EFER)=.*$/gm)!.join("\n");
    expect(registers(ours.ask("info registers"))).toBe(registers(await qemu.ask("info registers")));
  });
});
