/** Monitors do to a machine what their commands say, in people's language and in programs'. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runMonitorCommand } from "../../../emulator/debug/monitor.ts";
import { KEYS } from "../../../emulator/devices/scancodes.ts";
import { formatAction, recordActions, replay } from "../../../src/lab/actions.ts";
import { answerDebuggers, HUMAN_ROWS, HumanMonitor, INFO_ROWS } from "../../../src/lab/monitor/human.ts";
import { PROGRAM_ROWS } from "../../../src/lab/monitor/qmp.ts";
import { generatedPart, wrapped } from "../../docs/page.ts";
import { codeOf } from "../../emulator/cpu/assembled.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { images } from "../../system/images.ts";
import { guest } from "../../systems/guest.ts";
import { bootDisk, Monitored } from "./monitored.ts";

/** Counts NMIs at 600h, and scan codes at 602h, which follow. */
const ECHO = `
    cli
    xor   ax, ax
    mov   ds, ax
    mov   dword ptr ds:[0x600], 0
    mov   word ptr ds:[8], 0x7c00 + offset nmi
    mov   word ptr ds:[10], 0
    mov   word ptr ds:[0x24], 0x7c00 + offset key
    mov   word ptr ds:[0x26], 0
    mov   al, 0xfd
    out   0x21, al
    sti
1:  hlt
    jmp   1b
nmi:
    inc   word ptr ds:[0x600]
    iret
key:
    in    al, 0x60
    mov   bx, ds:[0x602]
    mov   [bx + 0x604], al
    inc   word ptr ds:[0x602]
    mov   al, 0x20
    out   0x20, al
    iret`;

let echo: Uint8Array;
beforeAll(() => {
  echo = bootDisk(codeOf(ECHO, 16));
  echo.set([0x55, 0xaa], 510);
});

async function started(): Promise<Monitored> {
  const one = new Monitored([{ disk: echo }]);
  await one.lab.advance("1s");
  return one;
}

const names = (events: Monitored["events"]): string[] => events.map(({ name }) => name);
/** The scan codes that came. */
function pressed({ lab }: Monitored): number[] {
  const [low = 0, high = 0, ...codes] = lab.nodes[0]!.readMemory(0x602, 66);
  return codes.slice(0, low | (high << 8));
}

describe("the monitor for people", () => {
  test("takes lines as files and as terminals end them, and none before its end", async () => {
    const one = await started();
    const written: string[] = [];
    const monitor = new HumanMonitor(one.session, (text) => written.push(text));
    monitor.receive("info st");
    monitor.receive("atus\r\ninfo status\n\r\n");
    const [greeting, ...answers] = written;
    expect(greeting).toMatch(/^QuRe \S+ monitor - type 'help' for more information\n\(qemu\) $/);
    expect(answers).toEqual(["VM status: running\n(qemu) ", "VM status: running\n(qemu) ", "(qemu) "]);
  });

  test("stop and cont hold virtual time, and info status tells", async () => {
    const one = await started();
    expect(one.ask("info status")).toBe("VM status: running\n");
    expect(one.ask("stop")).toBe("");
    const { nowNs } = one.lab;
    let passed = false;
    const wait = one.lab.advance("1ms").then(() => (passed = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([passed, one.lab.nowNs, one.ask("info status")]).toEqual([false, nowNs, "VM status: paused\n"]);
    one.ask("c");
    await wait;
    expect(one.lab.nowNs).toBe(nowNs + 1e6);
    expect(names(one.events)).toEqual(["STOP", "RESUME"]);
  });

  test("sendkey holds keys for virtual time, and lets them up in the other order", async () => {
    const one = await started();
    one.ask("sendkey ctrl-ret");
    await one.lab.advance("99ms");
    expect(pressed(one)).toEqual([KEYS.control, KEYS.enter]);
    await one.lab.advance("10ms");
    expect(pressed(one)).toEqual([KEYS.control, KEYS.enter, KEYS.enter | 0x80, KEYS.control | 0x80]);
    expect(one.ask("sendkey ctrl-none")).toBe("invalid parameter: none\n");
    expect(one.ask("sendkey a 100000")).toMatch(/^Error: a key is held for 0 to 60000 ms/);
  });

  test("the mouse moves, and its buttons are held", async () => {
    const one = await started();
    const { mouse } = one.lab.nodes[0]!.machine.board;
    mouse.receive(0xf4);
    const packet = (): number[] => Array.from({ length: 3 }, () => mouse.takeByte());
    mouse.takeByte();
    expect(one.ask("mouse_move 4 -2")).toBe("");
    expect(packet()).toEqual([8, 4, 2]);
    expect(one.ask("mouse_button 4")).toBe("");
    expect(packet()).toEqual([10, 0, 0]);
    expect(one.ask("mouse_move right 1")).toMatch(/^Error: dx: right is no number/);
    expect(one.ask("info mice")).toBe("* Mouse #0: PS/2 Mouse\n");
  });

  test("nmi reaches the processor", async () => {
    const one = await started();
    one.ask("nmi");
    await one.lab.advance("1ms");
    expect(one.ask("xp /1xh 0x600")).toBe("0000000000000600: 0x0001\n");
  });

  test("system_reset, system_powerdown and quit say what happens", async () => {
    const one = await started();
    one.ask("system_reset");
    await one.lab.advance("2ms");
    expect(one.ask("x /2i $eip")).toMatch(/^0x/);
    one.ask("system_powerdown");
    one.ask("quit");
    one.ask("quit");
    expect(names(one.events)).toEqual(["RESET", "POWERDOWN", "SHUTDOWN"]);
    expect(one.hasQuit).toBe(true);
  });

  test("savevm and loadvm bring the machine back to the digest that it had, disks included", async () => {
    const one = await started();
    one.ask("savevm here");
    const digest = one.lab.digest();
    const at = one.lab.nowNs;
    one.ask("sendkey a");
    one.lab.nodes[0]!.disk!.write(4096, new Uint8Array(512).fill(7));
    await one.lab.advance("500ms");
    const later = one.lab.digest();
    expect(later).not.toBe(digest);
    // What was written past the machine, into its medium, is no part of the state.
    expect(one.ask("loadvm here")).toMatch(/^Error: qure-1: the snapshot is of a machine with other media/);
    expect([one.lab.digest(), one.lab.nowNs > at]).toEqual([later, true]);
    one.lab.nodes[0]!.disk!.write(4096, new Uint8Array(512));
    expect(one.ask("loadvm here")).toBe("");
    expect([one.lab.digest(), one.lab.nowNs]).toEqual([digest, at]);
    expect(one.ask("info snapshots")).toMatch(/^TAG .*\nhere +[\d.]+ MiB 1970-01-01 00:00:00 /);
    one.ask("delvm here");
    expect(one.ask("loadvm here")).toBe("Error: there is no snapshot here\n");
    const other = new Monitored([{ disk: echo, ramBytes: 16 << 20 }]);
    one.ask("savevm mine");
    other.snapshots.set("mine", one.snapshots.get("mine")!);
    expect(other.ask("loadvm mine")).toBe("Error: the snapshot is of other machines than these\n");
  });

  test("screendump, memsave and pmemsave write files", async () => {
    const one = await started();
    one.ask("screendump /a.ppm");
    const picture = one.files.get("/a.ppm")!;
    expect(new TextDecoder().decode(picture.subarray(0, 15))).toBe("P6\n720 400\n255\n");
    expect(picture.length).toBe(15 + 720 * 400 * 3);
    one.ask("screendump /a.png -f png");
    expect(one.files.has("/a.png")).toBe(true);
    expect(one.ask("screendump /a.bmp -f bmp")).toBe("Error: Parameter 'format' does not accept value 'bmp'\n");
    one.ask('pmemsave 0x7c00 512 "/sector"');
    expect(one.files.get("/sector")).toEqual(echo.slice(0, 512));
    one.ask('memsave 0x7dfe 2 "/mark"');
    expect(one.files.get("/mark")).toEqual(Uint8Array.of(0x55, 0xaa));
    one.ask('pmemsave 0xb8000 4 "/screen"');
    expect(one.files.get("/screen")!.length).toBe(4);
    expect(one.ask("xp /1xb 0xb8001")).toBe("00000000000b8001: 0x07\n");
    expect(one.ask("x /1xb 0xb8001")).toBe("000b8001: 0x07\n");
    expect(one.ask("pmemsave 0xe0000000 5000 x")).toMatch(/^Error: Invalid addr/);
  });

  test("set_link pulls the cable, and info network shows it", async () => {
    const one = await started();
    expect(one.ask("info network")).toMatch(
      /^e1000\.0: index=0,type=nic,model=e1000,macaddr=52:54:00:[\w:]+\n \\ net0: .*link=up\n$/,
    );
    one.ask("set_link e1000.0 off");
    expect(one.ask("info network")).toMatch(/link=down/);
    expect(one.lab.cluster.isPlugged(0)).toBe(false);
  });

  test("takes a CD out, puts another one in, and says what is in the drive", async () => {
    const one = new Monitored([{ disk: echo, cdrom: new Uint8Array(2048).fill(1) }]);
    await one.lab.advance("1s");
    const digest = one.lab.digest();
    expect(one.ask("eject cd")).toBe("Error: Device 'cd' not found\n");
    expect(one.ask("eject ide0-hd0")).toBe("Error: Device 'ide0-hd0' is not removable\n");
    expect(one.ask("change ide1-cd0 none.iso")).toBe("Error: Could not open 'none.iso': No such file or directory\n");
    expect(one.ask("change ide1-cd0 none.iso qcow2")).toBe("Error: Unknown driver 'qcow2'\n");
    one.files.set("empty.iso", new Uint8Array(0));
    expect(one.ask("change ide1-cd0 empty.iso")).toBe("Error: a CD without a single byte\n");
    expect(one.lab.digest()).toBe(digest);
    expect(one.ask("eject ide1-cd0")).toBe("");
    expect(one.ask("info block")).toContain(
      "ide1-cd0: [not inserted]\n    Attached to:      ide1 master\n    Removable device: not locked, tray open\n",
    );
    expect(one.lab.digest()).not.toBe(digest);
    one.files.set("other.iso", new Uint8Array(5000).fill(2));
    expect(one.ask("change ide1-cd0 other.iso")).toBe("");
    expect(one.ask("info block")).toMatch(/^ide1-cd0: other.iso \(raw, read-only\)\n.*\n.*tray closed$/m);
    expect(one.events).toEqual(
      [true, false].map((isOpen) => ({
        name: "DEVICE_TRAY_MOVED",
        data: { device: "ide1-cd0", "tray-open": isOpen, id: "" },
        node: 0,
      })),
    );
    expect(one.ask("savevm x")).toBe(
      "Error: qure-1 has been given another medium in ide1-cd0, which a snapshot cannot hold\n",
    );
  });

  thoroughly("puts a CD into a drive that was empty, from which the machine then boots", async () => {
    const one = new Monitored([{ drives: [null, { kind: "cd", medium: null }, null] }]);
    await one.lab.advance("1s");
    expect(one.ask("info block")).toBe(
      "ide1-cd0: [not inserted]\n    Attached to:      ide1 master\n    Removable device: not locked, tray closed\n",
    );
    one.files.set("qure.iso", images().iso);
    expect(one.ask("change ide1-cd0 qure.iso")).toBe("");
    expect(one.ask("system_reset")).toBe("");
    await one.lab.nodes[0]!.waitFor(/QuRe loader/, { within: "5s" });
  });

  thoroughly("refuses a diskette that its drive cannot read, and changes nothing", async () => {
    const one = new Monitored([{ disk: echo, floppies: [new Uint8Array(737_280), null] }]);
    await one.lab.advance("1ms");
    for (const sizeBytes of [1000, 1_474_560, 368_640]) one.files.set(`${sizeBytes}.img`, new Uint8Array(sizeBytes));
    expect(one.ask("change floppy0 1000.img")).toMatch(/^Error: a diskette of 1000 bytes: the sizes are 160, /);
    expect(one.ask("change floppy0 1474560.img")).toBe(
      "Error: a diskette of 1440 KiB: the drive is for 640, 720 KiB\n",
    );
    expect(one.ask("change floppy0 368640.img")).toMatch(/^Error: a diskette of 360 KiB: /);
    expect(one.ask("info block")).toMatch(/^floppy0: \(in memory\) \(raw\)$/m);
    one.files.set("b.img", new Uint8Array(737_280).fill(7));
    expect(one.ask("change floppy0 b.img")).toBe("");
    expect(one.ask("info block")).toMatch(/^floppy0: b.img \(raw\)$/m);
    expect(one.ask("eject floppy0")).toBe("");
    expect(one.ask("info block")).toMatch(/^floppy0: \[not inserted\]$/m);
    expect(one.events).toEqual([]);
  });

  thoroughly("records what was ejected, and puts nothing in that no link can hold", async () => {
    const cdrom = new Uint8Array(2048).fill(1);
    const one = new Monitored([{ disk: echo, cdrom }]);
    const done = recordActions(one.lab);
    await one.lab.advance("5ms");
    one.files.set("other.iso", cdrom);
    expect(one.ask("change ide1-cd0 other.iso")).toBe(
      "Error: the run is recorded, and a link holds no medium but the image\n",
    );
    one.ask("eject -f ide1-cd0");
    expect(done.map(formatAction)).toEqual(["eject 1 ide1-cd0 force"]);
    await one.lab.advance("5ms");
    const again = new Monitored([{ disk: echo, cdrom }]);
    await replay(again.lab, done, one.lab.nowNs);
    expect(again.lab.digest()).toBe(one.lab.digest());
  });

  test("speaks of each processor and each machine", async () => {
    const both = new Monitored([{ disk: echo, processors: 2 }, { disk: echo }]);
    await both.lab.advance("1s");
    const digest = both.lab.digest();
    const all = both.ask("info registers -a");
    expect(all.match(/^CPU#\d/gm)).toEqual(["CPU#0", "CPU#1"]);
    both.ask("cpu 1");
    expect(both.ask("info cpus")).toBe("  CPU #0: thread_id=42\n* CPU #1: thread_id=42\n");
    expect(all).toContain(both.ask("info registers"));
    both.ask("node 2");
    expect(both.ask("info nodes")).toMatch(/^ {2}1: qure-1 \w+\n\* 2: qure-2 \w+\n$/);
    expect(both.ask("info cpus")).toBe("* CPU #0: thread_id=42\n");
    expect(both.ask("node 3")).toBe("Error: there is no machine 3\n");
    both.ask("info tlb");
    both.ask("info lapic");
    both.ask("info pic");
    expect(both.lab.digest()).toBe(digest);
  });

  test("shows what QEMU shows of a machine whose registers are known", async () => {
    const one = new Monitored([{ disk: bootDisk(guest("tests/guest/monitor.s")) }]);
    await one.lab.advance("1s");
    const wanted = readFileSync(join(import.meta.dirname, "known.txt"), "utf8")
      .split(/^\(qemu\) /m)
      .slice(1);
    for (const part of wanted) {
      const line = part.slice(0, part.indexOf("\n"));
      expect.soft(one.ask(line), line).toBe(part.slice(line.length + 1));
    }
  });

  test("gdb's monitor command has its commands, of the node that gdb debugs", async () => {
    const both = new Monitored([{ disk: echo }, { disk: echo }]);
    await both.lab.advance("1ms");
    answerDebuggers(both.lab, both.control);
    const debuggers = both.lab.debug();
    const ask = (line: string, node: number): string => runMonitorCommand(line, debuggers, debuggers.nodes[node]!);
    expect(ask("info name", 1)).toBe("qure-2\n");
    expect(ask("info registers", 0)).toMatch(/^\nCPU#0\nEAX=/);
    expect(ask("nothing", 0)).toBe("unknown command: 'nothing'\n");
    expect(ask("mode", 0)).toMatch(/^real mode/);
    expect(ask("loadvm x", 0)).toBe("Error: there is no snapshot x\n");
  });

  thoroughly("hostile lines end in one sentence", async () => {
    const one = await started();
    const lines = [
      "x /99999999xb 0",
      "p ((((",
      `p ${"(".repeat(500)}`,
      'sendkey "',
      "x /-1 0",
      "info registers -z",
      "?? ?",
      "/",
    ];
    for (const line of lines) expect.soft(one.ask(line).length, line).toBeLessThan(8 << 20);
    expect(one.ask(`p ${"(".repeat(500)}1`)).toMatch(/^expression is nested too deeply\n/);
    expect(one.ask("x /99999999xb 0x1fffff0")).toMatch(/: Cannot access memory\n$/);
  });
});

describe("the monitor for programs", () => {
  test("greets, wants to be greeted, and answers in QEMU's form", async () => {
    const one = await started();
    const program = one.program();
    expect(program.heard()).toEqual([
      { QMP: { version: { qemu: { major: 1, minor: 2, micro: 3 }, package: "QuRe 1.2.3" }, capabilities: [] } },
    ]);
    expect(program.say({ execute: "query-status" })).toEqual([
      {
        error: {
          class: "CommandNotFound",
          desc: "Expecting capabilities negotiation with 'qmp_capabilities'",
        },
      },
    ]);
    expect(program.say({ execute: "qmp_capabilities", id: 7 })).toEqual([{ return: {}, id: 7 }]);
    expect(program.say({ execute: "query-status", id: "a" })).toEqual([
      { return: { running: true, singlestep: false, status: "running" }, id: "a" },
    ]);
    const error = (desc: string, name = "GenericError"): unknown[] => [{ error: { class: name, desc } }];
    for (const [value, answer] of [
      [{ execute: "nope" }, error("The command nope has not been found", "CommandNotFound")],
      [{ foo: 1 }, error("QMP input member 'foo' is unexpected")],
      [{}, error("QMP input lacks member 'execute'")],
      [[1], error("QMP input must be a JSON object")],
      ['"x"', error("QMP input must be a JSON object")],
      [{ execute: 1 }, error("QMP input member 'execute' must be a string")],
      [{ execute: "stop", arguments: { x: 1 } }, error("Parameter 'x' is unexpected")],
      [{ execute: "send-key" }, error("Parameter 'keys' is missing")],
      [
        { execute: "send-key", arguments: { keys: [{ type: "qcode", data: "zz" }] } },
        error("Parameter 'data' does not accept value 'zz'"),
      ],
      [{ execute: "set_link", arguments: { name: "zz", up: true } }, error("Device 'zz' not found", "DeviceNotFound")],
      [
        { execute: "set_link", arguments: { name: "net0", up: 1 } },
        error("Invalid parameter type for 'up', expected: boolean"),
      ],
      [
        { execute: "qmp_capabilities" },
        error("Capabilities negotiation is already complete, command ignored", "CommandNotFound"),
      ],
    ] as const)
      expect.soft(program.say(value), JSON.stringify(value)).toEqual(answer);
    expect(JSON.stringify(program.say('{"a":bad}'))).toMatch(/JSON parse error/);
    expect(program.say('{"execute":\n"query-name"}{"execute":"query-name"}')).toEqual([
      { return: { name: "qure-1" } },
      { return: { name: "qure-1" } },
    ]);
    expect(program.say("{".repeat(2000))).toEqual(error("JSON token size limit exceeded"));
  });

  test("a picture of the screen is in the format that is asked for", async () => {
    const one = await started();
    const program = one.program();
    program.say({ execute: "qmp_capabilities" });
    const first = (values: { filename: string; format?: string }): string => {
      program.say({ execute: "screendump", arguments: values });
      return Buffer.from(one.files.get(values.filename)!.subarray(0, 4)).toString("latin1");
    };
    expect(first({ filename: "/b.ppm" })).toBe("P6\n7");
    expect(first({ filename: "/b.png", format: "png" })).not.toBe("P6\n7");
  });

  test("events come in the order and the form of QEMU's, and tell the machines' time", async () => {
    const one = await started();
    const program = one.program();
    program.say({ execute: "qmp_capabilities" });
    const timestamp = { seconds: 1_767_225_601, microseconds: 0 };
    const say = (execute: string): unknown[] => program.say({ execute });
    expect(say("stop")).toEqual([{ timestamp, event: "STOP" }, { return: {} }]);
    expect(say("stop")).toEqual([{ return: {} }]);
    expect(say("system_reset")).toEqual([
      { timestamp, event: "RESET", data: { guest: false, reason: "host-qmp-system-reset" } },
      { return: {} },
    ]);
    expect(say("query-status")).toEqual([{ return: { running: false, singlestep: false, status: "prelaunch" } }]);
    expect(say("cont")).toEqual([{ timestamp, event: "RESUME" }, { return: {} }]);
    expect(say("system_powerdown")).toEqual([{ timestamp, event: "POWERDOWN" }, { return: {} }]);
    expect(say("quit")).toEqual([
      { timestamp, event: "SHUTDOWN", data: { guest: false, reason: "host-qmp-quit" } },
      { return: {} },
    ]);
    program.close();
    one.ask("stop");
    expect(program.heard()).toEqual([]);
  });

  test("a guest's reset and its end are events; without reboots a reset is the end", async () => {
    const reset = new Uint8Array(1 << 20);
    // mov al, 0FEh; out 64h, al; hlt
    reset.set([0xb0, 0xfe, 0xe6, 0x64, 0xf4]);
    reset.set([0x55, 0xaa], 510);
    const one = new Monitored([{ disk: reset }]);
    await one.lab.until(() => one.events.length > 0, "no event");
    expect(one.events[0]).toEqual({ name: "RESET", data: { guest: true, reason: "guest-reset" }, node: 0 });
    const last = new Monitored([{ disk: reset }], { reboot: false });
    await last.lab.until(() => last.events.length > 0, "no event");
    expect(last.events).toEqual([{ name: "SHUTDOWN", data: { guest: true, reason: "guest-reset" }, node: 0 }]);
  });

  test("queries, keys, NMI and people's commands", async () => {
    const one = await started();
    const program = one.program();
    program.say({ execute: "qmp_capabilities" });
    const ask = (execute: string, given?: unknown): unknown =>
      (program.say({ execute, ...(given === undefined ? {} : { arguments: given }) })[0] as { return: unknown }).return;
    expect(ask("query-block")).toMatchObject([
      {
        device: "ide0-hd0",
        removable: false,
        inserted: { file: "disk.img", ro: false, image: { "virtual-size": 1 << 20 } },
      },
    ]);
    expect(ask("query-cpus-fast")).toMatchObject([{ "cpu-index": 0, "thread-id": 42, target: "i386" }]);
    expect(ask("query-pci")).toMatchObject([{ bus: 0, devices: expect.arrayContaining([]) as unknown }]);
    expect(ask("query-commands")).toEqual(PROGRAM_ROWS.map(({ name }) => ({ name })));
    expect(ask("human-monitor-command", { "command-line": "info status" })).toBe("VM status: running\r\n");
    expect(program.say({ execute: "eject", arguments: { device: "ide1-cd0" } })).toEqual([
      { error: { class: "DeviceNotFound", desc: "Device 'ide1-cd0' not found" } },
    ]);
    ask("inject-nmi");
    ask("send-key", {
      keys: [
        { type: "qcode", data: "a" },
        { type: "number", data: 0x1c },
      ],
      "hold-time": 5,
    });
    await one.lab.advance("20ms");
    expect(pressed(one)).toEqual([0x1e, 0x1c, 0x9c, 0x9e]);
    expect(one.ask("xp /1xh 0x600")).toBe("0000000000000600: 0x0001\n");
  });
});

test("docs/monitor.md lists the commands", () => {
  const signature = (before: string, { name, parameters }: (typeof HUMAN_ROWS)[number]): string =>
    `\`${`${before}${name} ${parameters}`.trim()}\``;
  const people = (rows: typeof HUMAN_ROWS, before = ""): string =>
    wrapped(`${rows.map((row) => signature(before, row)).join(", ")}.`);
  const own = [...HUMAN_ROWS, ...INFO_ROWS.map((row) => ({ ...row, name: `info ${row.name}` }))]
    .filter(({ does }) => does.endsWith("; not in QEMU"))
    .map((row) => `- ${signature("", row)}: ${row.does.replace("; not in QEMU", "")}\n`);
  const listed = `${people(HUMAN_ROWS)}\n${people(INFO_ROWS, "info ")}\nNot in QEMU:\n\n${own.join("")}`;
  expect(generatedPart("docs/monitor.md", "commands", listed)).toBe(listed);
  const programs = PROGRAM_ROWS.filter(({ takes }) => Object.keys(takes).length > 0).map(({ name, takes }) => {
    const list = Object.entries(takes).map(([argument, kind]) => {
      const words = kind.replace("?", ", optional").replace(/^string(, )?/, "");
      return `\`${argument}\`${words === "" ? "" : ` (${words})`}`;
    });
    return `| \`${name}\` | ${list.join(", ")} |\n`;
  });
  const bare = PROGRAM_ROWS.filter(({ takes }) => Object.keys(takes).length === 0).map(({ name }) => `\`${name}\``);
  const table = `| command | arguments |\n|---|---|\n${programs.join("")}\n${wrapped(`Without arguments: ${bare.join(", ")}.`)}`;
  expect(generatedPart("docs/monitor.md", "programs", table)).toBe(table);
});
