/** `qure emu` under odd circumstances: wrong files, impatient people, readers that leave, sudden ends. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { provideBuild } from "../system/images.ts";
import { bundle, qure as inProcess } from "./in-process.ts";

let folder: string;

interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function qure(args: readonly string[], input: { stdin?: string } = {}): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa("node", [bundle, ...args], {
    cwd: folder,
    reject: false,
    timeout: 120_000,
    ...(input.stdin === undefined ? { stdin: "ignore" } : { input: input.stdin }),
  });
  return { exitCode, stdout, stderr };
}

/** What ends before a machine starts needs no process of its own. */
async function refused(...args: readonly string[]): Promise<Ended> {
  const { status, stdout, stderr } = await inProcess(["emu", ...args], { cwd: folder });
  return { exitCode: status, stdout, stderr };
}

interface Report {
  readonly nodes: readonly { name: string; address: string; era: number; age: number; peers: number }[];
  readonly reached: boolean;
}

async function emulate(...args: readonly string[]): Promise<Report> {
  const { stdout, stderr, exitCode } = await qure(["emu", "--json", ...args]);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as Report;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-emu-"));
  provideBuild(folder);
  // A boot sector that stops at once, where it does not matter what the machine does.
  const halt = new Uint8Array(1 << 20);
  halt.set([0xfa, 0xf4]);
  halt.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "halt.img"), halt);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a kernel that is a file", () => {
  /** `mov ax, 0xB800 / hlt` and more of nothing: what matters is that it runs at 7C00h and halts. */
  const KERNEL = Uint8Array.of(0xb8, 0x34, 0x12, 0xfa, 0xf4);

  beforeAll(() => writeFileSync(join(folder, "kernel.bin"), KERNEL));

  thoroughly("is booted, is held by a link as any image, and a link knows another one apart", async () => {
    writeFileSync(
      join(folder, "other.bin"),
      KERNEL.map((byte) => byte ^ 1),
    );
    const run = await qure(["emu", "--kernel", "kernel.bin", "--for", "200ms", "--link"]);
    expect(run.exitCode, run.stderr).toBe(0);
    const [link = ""] = /r=\S+/.exec(run.stdout) ?? [];
    const again = await qure(["emu", "--kernel", "kernel.bin", "--replay", link]);
    expect(again.exitCode, again.stderr).toBe(0);
    const other = await qure(["emu", "--kernel", "other.bin", "--replay", link]);
    expect(other.stderr).toMatch(/the link runs the image \w+, and what --kernel makes is \w+/);
    const standing = await qure(["emu", "--kernel", "kernel.bin"]);
    expect(standing.exitCode).toBe(4);
    expect(standing.stderr).toContain("the processor has halted with interrupts off");
  });

  test.each<[readonly string[], RegExp]>([
    [["--kernel", "none.elf"], /none\.elf: no such file/],
    [["--kernel", "kernel.bin", "--initrd", "none.img"], /none\.img: no such file/],
    [["--kernel", "kernel.bin", "--initrd", "kernel.bin"], /nothing is loaded beside it/],
    [["--kernel", "kernel.bin", "--cdrom", "build/qure.iso"], /--kernel/],
    [["--append", "x"], /--append/],
  ])("%j", async (args, problem) => {
    const { exitCode, stderr } = await refused("--for", "1ms", ...args);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(problem);
  });
});

describe("ways out that cannot be opened", () => {
  const taken = createServer();
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    port = (taken.address() as AddressInfo).port;
  });
  afterAll(() => void taken.close());

  test.each([
    [["--forward", "0:3:80"], 2, "--forward: there is no machine 3 to forward to"],
    [["--forward", "PORT:80"], 1, "--forward: 127.0.0.1:PORT: in use already"],
    [["--forward", "192.0.2.1:0:80"], 1, "--forward: 192.0.2.1: no address of this machine"],
    [["--netdev", "stream,listen=127.0.0.1:PORT"], 1, "--netdev: 127.0.0.1:PORT: in use already"],
    [["--netdev", "stream,connect=./nobody.sock"], 1, "--netdev: ./nobody.sock: no such file"],
    [["--gdb", "PORT"], 1, "--gdb PORT: cannot listen at ports PORT to PORT: 127.0.0.1:PORT: in use already"],
    [["--netdev", "user,hostfwd="], 2, "--netdev nothing: write HOSTPORT:PORT, HOSTPORT:NODE:PORT, or "],
  ] as const)("%j ends with %i and a sentence", async (args, code, text) => {
    const here = (word: string): string => word.replaceAll("PORT", String(port));
    const common = ["--hda", "halt.img", "--realtime", "--for", "1ms"];
    const { exitCode, stderr } = await refused(...common, ...args.map(here));
    expect(stderr).toContain(`qure emu: error: ${text.startsWith("--netdev nothing") ? text : here(text)}`);
    expect(exitCode).toBe(code);
  });

  test("a socket that a killed run left behind is taken over", async () => {
    const leave = "net.createServer().listen('left.sock', () => process.kill(process.pid, 'SIGKILL'))";
    await execa("node", ["-e", leave], { cwd: folder, reject: false });
    expect(statSync(join(folder, "left.sock")).isSocket()).toBe(true);
    const common = ["--hda", "halt.img", "--realtime", "--for", "1ms"];
    const { exitCode, stderr } = await qure(["emu", ...common, "--netdev", "stream,listen=./left.sock"]);
    expect(stderr).not.toContain("error");
    expect(exitCode).toBe(0);
  });
});

describe("files that are not what they should be", () => {
  beforeAll(() => {
    mkdirSync(join(folder, "a-folder"));
    writeFileSync(join(folder, "a-file"), "x");
    writeFileSync(join(folder, "cut.iso"), readFileSync(join(folder, "build/qure.iso")).subarray(0, 40_000));
    writeFileSync(join(folder, "script.txt"), "@3 ps\n");
  });

  const mistakes: readonly [args: readonly string[], code: number, text: RegExp][] = [
    [["--hda", "a-folder"], 1, /a-folder: is a folder/],
    [["--cdrom", "a-folder"], 1, /a-folder: is a folder/],
    [["--image", "a-folder"], 1, /a-folder: is a folder/],
    [["--hda", "halt.img", "--log", "a-file", "--for", "1ms"], 1, /a-file: exists, and is not a folder/],
    [["--hda", "halt.img", "--dir", "a-file/machines", "--for", "1ms"], 1, /not a folder/],
    [["--cdrom", "cut.iso"], 1, /does not answer as QuRe does[\s\S]*cannot be read, status/],
    [["--disk", "3T", "--for", "1ms"], 2, /--disk 3T: write a size from 16M to 2T/],
    [["--memory", "2G"], 2, /--memory 2G: write a size from 1M to 1G in steps of 64K/],
    [["--forward", "8080:80", "--for", "1ms"], 2, /--forward: give --realtime too/],
    [["--netdev", "tap", "--realtime", "--for", "1ms"], 2, /--netdev tap: tap is none of user, vxlan, dgram/],
    [["--nodes", "2", "--script", "script.txt"], 2, /script\.txt:1:1: error: there is no node 3/],
  ];
  test.each(rowsOf(mistakes, 3))("emu %j ends with %i and a sentence", async (args, code, text) => {
    const { exitCode, stderr } = await refused(...args);
    expect(stderr).toMatch(text);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(exitCode).toBe(code);
  });

  for (const sizeBytes of [0, 1, 777_777])
    thoroughly(`a disk of ${sizeBytes} bytes is a disk: the machine boots from CD beside it`, async () => {
      writeFileSync(join(folder, "odd.img"), "");
      truncateSync(join(folder, "odd.img"), sizeBytes);
      const { exitCode } = await qure([
        "emu",
        "--cdrom",
        "build/qure.iso",
        "--hda",
        "odd.img",
        "--until",
        "text:cloud: .* era 1 age 1 peers 0",
      ]);
      expect(exitCode).toBe(0);
    });
});

thoroughly("--hda with --dir starts from a copy, and goes on with that", async () => {
  const { exitCode } = await qure(["emu", "--hda", "build/qure.img", "--dir", "copies", "--until", "text:cloud: "]);
  expect(exitCode).toBe(0);
  expect(statSync(join(folder, "copies/qure-1.img")).size).toBe(statSync(join(folder, "build/qure.img")).size);
  expect(readdirSync(join(folder, "copies"))).toEqual(["qure-1.img"]);
});

thoroughly("a --dir that another run uses is refused, and one that a killed run left is not", async () => {
  mkdirSync(join(folder, "shared"));
  writeFileSync(join(folder, "shared/.in-use"), `${process.pid}\n`);
  const taken = await qure(["emu", "--hda", "halt.img", "--dir", "shared", "--for", "1ms"]);
  expect([taken.exitCode, taken.stderr]).toEqual([1, expect.stringMatching(/shared is in use by process \d+/)]);
  writeFileSync(join(folder, "shared/.in-use"), "99999999\n");
  expect((await qure(["emu", "--hda", "halt.img", "--dir", "shared", "--for", "1ms"])).exitCode).toBe(0);
  expect(readdirSync(join(folder, "shared"))).toEqual(["qure-1.img"]);
});

thoroughly("--no-gateway: link-local addresses, and one cluster", async () => {
  const { nodes } = await emulate("--hda", "build/qure.img", "--nodes", "2", "--no-gateway", "--until", "cloud");
  for (const { address, era, peers } of nodes)
    expect([address.startsWith("169.254."), era, peers]).toEqual([true, 1, 1]);
});

describe("sudden ends", () => {
  thoroughly("killed in the middle, machines in --dir find their disks whole", async () => {
    const args = ["--nodes", "2", "--dir", "survivors"];
    expect((await emulate(...args)).nodes[0]!.era).toBe(1);
    for (const milliseconds of rowsOf([700, 900, 1200], 1)) {
      await execa("node", [bundle, "emu", ...args, "--until", "text:never"], {
        cwd: folder,
        reject: false,
        stdin: "ignore",
        timeout: milliseconds,
        killSignal: "SIGKILL",
      });
    }
    const { nodes, reached } = await emulate(...args);
    expect(reached).toBe(true);
    // However far the others came, no age is lost and all agree.
    for (const { era, age } of nodes) {
      expect(era).toBe(nodes[0]!.era);
      expect(age).toBeGreaterThanOrEqual(2);
    }
  });

  test.each(
    rowsOf<[string, readonly string[]]>(
      [
        ["while a disk is prepared", ["--disk", "48M"]],
        ["while machines run", ["--hda", "build/qure.img", "--until", "text:never", "--for", "1h"]],
      ],
      1,
    ),
  )("SIGINT %s: status 130, no error", async (_, args) => {
    const process = execa("node", [bundle, "emu", "--nodes", "2", ...args], {
      cwd: folder,
      reject: false,
      stdin: "ignore",
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.kill("SIGINT");
    const { exitCode, signal, stderr } = await process;
    expect(stderr).not.toMatch(/qure:|\n\s+at /);
    // On a busy computer it may come before the command has begun.
    expect(signal === "SIGINT" ? 130 : exitCode).toBe(130);
  });

  thoroughly("a reader that leaves is no error", async () => {
    const { stdout, stderr } = await execa(`node ${JSON.stringify(bundle)} emu --serial stdio --for 5s | head -1`, {
      cwd: folder,
      shell: true,
      stdin: "ignore",
    });
    expect(stdout).toMatch(/QuRe firmware/);
    expect(stderr).not.toMatch(/EPIPE|\n\s+at /);
  });
});

thoroughly(
  "--serial stdio with a pipe: what comes is typed, and the end of the machine is the end of the command",
  async () => {
    // The first line may meet a machine that is still starting.
    const { exitCode, stdout } = await qure(["emu", "--serial", "stdio"], {
      stdin: "\n\necho from a pipe\nshutdown\n",
    });
    expect(stdout).toMatch(/^from a pipe/m);
    expect(stdout).toMatch(/switching off/);
    expect(exitCode).toBe(0);
  },
);

thoroughly("a run that fails prints its link, which ends where it failed", async () => {
  writeFileSync(join(folder, "never.txt"), "!wait 1s\n!expect this is never said\n");
  const options = ["emu", "--hda", "build/qure.img"];
  const drawn = ["--seed", "7", "--faults", "2", "--for", "3s", "--link"];
  for (const failing of [
    ["--until", "text:this is never said"],
    ["--script", "never.txt"],
  ]) {
    const { exitCode, stdout } = await qure([...options, ...drawn, ...failing]);
    expect(exitCode).not.toBe(0);
    const [link = ""] = /^http.*#(r=\S+)$/m.exec(stdout) ?? [];
    const again = await qure([...options, "--replay", link]);
    expect(again.exitCode, again.stderr).toBe(0);
  }
});

test("--disk none leaves QuRe's machines without a disk, in a link too", async () => {
  const { stdout } = await qure(["emu", "--nodes", "1", "--disk", "none", "--until", "text:in memory only", "--link"]);
  const [link = ""] = /^http.*#(r=\S+)$/m.exec(stdout) ?? [];
  const again = await qure(["emu", "--replay", link]);
  expect(again.exitCode, again.stderr).toBe(0);
});

thoroughly("a script's last commands end before the run does", async () => {
  writeFileSync(join(folder, "last.txt"), "!wait 3s\n@1 ping -c 2 10.0.2.2\n@2 shutdown\n");
  const { exitCode, stdout } = await qure([
    "emu",
    "--hda",
    "build/qure.img",
    "--nodes",
    "2",
    "--script",
    "last.txt",
    "--log",
    "last",
  ]);
  expect(exitCode).toBe(0);
  expect(readFileSync(join(folder, "last/qure-1.log"), "latin1")).toMatch(/2 sent, 2 received/);
  expect(stdout).toMatch(/^qure-2 .* off$/m);
});
