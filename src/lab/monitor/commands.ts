/**
 * The commands of the monitors, by QEMU's names, once: `help`, docs/monitor.md, `query-commands` and both languages
 * come from this table and the one of `info` (info.ts).
 */
import type { Core } from "../../../emulator/cpu/core.ts";
import { readPhysical, toPhysical } from "../../../emulator/debug/linear-memory.ts";
import type { Values } from "./arguments.ts";
import type { Command } from "./command.ts";
import { MonitorError } from "./error.ts";
import { extended, keyCode, parseKeys } from "./keys.ts";
import { dumpCode, dumpMemory, linearReader, printNumber, type ReadMemory } from "./memory.ts";
import { MOUSE_COMMANDS } from "./mouse.ts";
import type { Session } from "./session.ts";

const DEFAULT_HOLD_MS = 100;
const MOST_HOLD_MS = 60_000;
const MOST_SAVED_BYTES = 2 ** 30;
const LINEAR_DIGITS = 8;
const PHYSICAL_DIGITS = 16;
const NOTHING = {};

/** An address as expressions give it: 32 bits of it. */
const address = (value: bigint | null): number => Number(BigInt.asUintN(32, value ?? 0n));

const physicalReader =
  (core: Core): ReadMemory =>
  (address, lengthBytes) =>
    readPhysical(core, address, lengthBytes);

function examine(session: Session, values: Values, digits: number, reader: (core: Core) => ReadMemory): string {
  const format = values.format("fmt");
  const at = values.number("addr") ?? 0n;
  return session.look((core) => {
    if (digits === PHYSICAL_DIGITS && BigInt.asUintN(64, at) >= 2n ** 32n)
      return `${BigInt.asUintN(64, at).toString(16).padStart(digits, "0")}: Cannot access memory\n`;
    const read = reader(core);
    return format.letter === "i"
      ? dumpCode(read, address(at), format.count, core.segments.code32 ? 32 : 16)
      : dumpMemory(read, address(at), format, digits);
  });
}

/** Writes memory into a file, in pieces, and says so when it ends before. */
function saveMemory(session: Session, values: Values, read: ReadMemory): void {
  const sizeBytes = Number(BigInt.asUintN(64, values.number("size")!));
  if (sizeBytes > MOST_SAVED_BYTES) throw new MonitorError(`more than ${MOST_SAVED_BYTES} bytes`);
  const first = address(values.number("val"));
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; ) {
    const length = Math.min(4096 - ((first + at) & 0xfff), sizeBytes - at);
    const piece = read((first + at) >>> 0, length);
    if (piece.length < length)
      throw new MonitorError(`Invalid addr 0x${first.toString(16).padStart(16, "0")}/size ${sizeBytes} specified`);
    bytes.set(piece, at);
    at += length;
  }
  session.control.host.writeFile(values.word("filename")!, bytes);
}

function holdMs(value: number): number {
  if (!(value >= 0 && value <= MOST_HOLD_MS)) throw new MonitorError(`a key is held for 0 to ${MOST_HOLD_MS} ms`);
  return value;
}

/** Keys as QMP writes them: `{"type": "qcode", "data": "ret"}` or `{"type": "number", "data": 28}`. */
function programKey(key: unknown): number {
  const { type, data } = (typeof key === "object" && key !== null ? key : {}) as { type?: unknown; data?: unknown };
  if (type === "number" && Number.isInteger(data) && Number(data) >= 0 && Number(data) <= 0xff)
    return extended(Number(data));
  if (type === undefined) throw new MonitorError("Parameter 'type' is missing");
  if (type !== "qcode") throw new MonitorError(`Parameter 'type' does not accept value '${String(type)}'`);
  const code = typeof data === "string" ? keyCode(data) : null;
  if (code === null) throw new MonitorError(`Parameter 'data' does not accept value '${String(data)}'`);
  return code;
}

/** `change`, and what programs say instead. An image is read as it is. */
function changeMedium(session: Session, drive: string, path: string, format: string | null, isForced: boolean): void {
  if (format !== null && format !== "raw") throw new MonitorError(`Unknown driver '${format}'`);
  session.control.insert(session.node, drive, path, isForced);
}

/** Rows in the order of their names. */
export const COMMANDS: readonly Command[] = [
  {
    human: {
      name: "change",
      takes: "device:B,force:-f,target:F,format:s?",
      parameters: "device [-f] filename [format]",
      does: "change a removable medium, optional format, use -f to force the operation",
      run: (session, values) =>
        changeMedium(
          session,
          values.word("device")!,
          values.word("target")!,
          values.word("format"),
          values.isOn("force"),
        ),
    },
    program: {
      name: "blockdev-change-medium",
      takes: { device: "string", filename: "string", format: "string?", force: "boolean?" },
      run(session, values) {
        const [device, file] = [values.text("device"), values.text("filename")];
        changeMedium(session, device, file, values.textOrNull("format"), values.isTrue("force"));
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "cont|c",
      takes: "",
      parameters: "",
      does: "resume emulation",
      run: ({ control }) => control.cont(),
    },
    program: {
      name: "cont",
      takes: {},
      run({ control }) {
        control.cont();
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "cpu",
      takes: "index:i",
      parameters: "index",
      does: "set the default CPU",
      run(session, values) {
        return session.chooseCpu(Number(values.number("index"))) ? "" : "invalid CPU index\n";
      },
    },
  },
  {
    human: {
      name: "delvm",
      takes: "name:s",
      parameters: "tag",
      does: "delete a VM snapshot from its tag",
      run: ({ control }, values) => control.host.snapshots.delete(values.word("name")!),
    },
  },
  {
    human: {
      name: "eject",
      takes: "force:-f,device:B",
      parameters: "[-f] device",
      does: "eject a removable medium (use -f to force it)",
      run: ({ control, node }, values) => control.eject(node, values.word("device")!, values.isOn("force")),
    },
    program: {
      name: "eject",
      takes: { device: "string", force: "boolean?" },
      run({ control, node }, values) {
        control.eject(node, values.text("device"), values.isTrue("force"));
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "gva2gpa",
      takes: "addr:i",
      parameters: "addr",
      does: "print the guest physical address corresponding to a guest virtual address",
      run: (session, values) => {
        const physical = session.look((core) => toPhysical(core, address(values.number("addr"))));
        return physical === null ? "Unmapped\n" : `gpa: 0x${physical.toString(16)}\n`;
      },
    },
  },
  {
    human: {
      name: "loadvm",
      takes: "name:s",
      parameters: "tag",
      does: "restore a VM snapshot from its tag",
      run: ({ control }, values) => control.load(values.word("name")!),
    },
  },
  {
    human: {
      name: "memsave",
      takes: "val:i,size:i,filename:s",
      parameters: "addr size file",
      does: "save to disk virtual memory dump starting at 'addr' of size 'size'",
      run: (session, values) => session.look((core) => saveMemory(session, values, linearReader(core))),
    },
  },
  ...MOUSE_COMMANDS,
  {
    human: {
      name: "nmi",
      takes: "",
      parameters: "",
      does: "inject an NMI",
      run: ({ node }) => node.pressNmiButton(),
    },
    program: {
      name: "inject-nmi",
      takes: {},
      run({ node }) {
        node.pressNmiButton();
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "node",
      takes: "number:i",
      parameters: "number",
      does: "speak of another machine of the cluster from now on; not in QEMU",
      run: (session, values) => session.chooseNode(Number(values.number("number")) - 1),
    },
  },
  {
    human: {
      name: "pmemsave",
      takes: "val:i,size:i,filename:s",
      parameters: "addr size file",
      does: "save to disk physical memory dump starting at 'addr' of size 'size'",
      run: (session, values) => session.look((core) => saveMemory(session, values, physicalReader(core))),
    },
  },
  {
    human: {
      name: "print|p",
      takes: "fmt:/,val:i",
      parameters: "/fmt expr",
      does: "print expression value (use $reg for CPU register access)",
      run: (_, values) => printNumber(values.number("val")!, values.format("fmt").letter),
    },
  },
  {
    human: {
      name: "quit|q",
      takes: "",
      parameters: "",
      does: "quit the emulator",
      run: ({ control }) => control.quit(),
    },
    program: {
      name: "quit",
      takes: {},
      run({ control }) {
        control.quit();
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "savevm",
      takes: "name:s",
      parameters: "tag",
      does: "save a VM snapshot, of all machines of the cluster",
      run: ({ control }, values) => control.save(values.word("name")!),
    },
  },
  {
    human: {
      name: "screendump",
      takes: "filename:F,format:-f,formatName:s?",
      parameters: "filename [-f format]",
      does: "save screen into image 'filename' in format 'format' (ppm, png)",
      run({ control, node }, values) {
        const given = values.word("formatName");
        control.screendump(node, values.word("filename")!, values.isOn("format") && given !== null ? given : "ppm");
      },
    },
    program: {
      name: "screendump",
      takes: { filename: "string", format: "string?" },
      run({ control, node }, values) {
        control.screendump(node, values.text("filename"), values.textOrNull("format") ?? "ppm");
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "sendkey",
      takes: "keys:s,hold-time:i?",
      parameters: "keys [hold_ms]",
      does: `send keys to the VM (e.g. 'sendkey ctrl-alt-f1', default hold time=${DEFAULT_HOLD_MS} ms)`,
      run({ control, node }, values) {
        const codes = parseKeys(values.word("keys")!);
        if (typeof codes === "string") return `invalid parameter: ${codes}\n`;
        control.sendKeys(node, codes, holdMs(Number(values.number("hold-time") ?? DEFAULT_HOLD_MS)));
        return "";
      },
    },
    program: {
      name: "send-key",
      takes: { keys: "array", "hold-time": "integer?" },
      run({ control, node }, values) {
        const codes = values.list("keys").map(programKey);
        control.sendKeys(node, codes, holdMs(values.number("hold-time", DEFAULT_HOLD_MS)));
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "set_link",
      takes: "name:s,up:b",
      parameters: "name on|off",
      does: "change the link status of a network adapter",
      run: ({ control, node }, values) => control.setLink(node, values.word("name")!, values.isOn("up")),
    },
    program: {
      name: "set_link",
      takes: { name: "string", up: "boolean" },
      run({ control, node }, values) {
        control.setLink(node, values.text("name"), values.isTrue("up"));
        return NOTHING;
      },
    },
  },
  {
    human: { name: "stop|s", takes: "", parameters: "", does: "stop emulation", run: ({ control }) => control.stop() },
    program: {
      name: "stop",
      takes: {},
      run({ control }) {
        control.stop();
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "system_powerdown",
      takes: "",
      parameters: "",
      does: "send system power down event",
      run: ({ control, node }) => control.powerDown(node),
    },
    program: {
      name: "system_powerdown",
      takes: {},
      run({ control, node }) {
        control.powerDown(node);
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "system_reset",
      takes: "",
      parameters: "",
      does: "reset the system",
      run: ({ control, node }) => control.reset(node),
    },
    program: {
      name: "system_reset",
      takes: {},
      run({ control, node }) {
        control.reset(node);
        return NOTHING;
      },
    },
  },
  {
    human: {
      name: "x",
      takes: "fmt:/,addr:i",
      parameters: "/fmt addr",
      does: "virtual memory dump starting at 'addr'",
      run: (session, values) => examine(session, values, LINEAR_DIGITS, linearReader),
    },
  },
  {
    human: {
      name: "xp",
      takes: "fmt:/,addr:i",
      parameters: "/fmt addr",
      does: "physical memory dump starting at 'addr'",
      run: (session, values) => examine(session, values, PHYSICAL_DIGITS, physicalReader),
    },
  },
];
