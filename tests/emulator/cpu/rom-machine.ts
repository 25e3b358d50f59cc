/** A machine that runs a few instructions of ours from its ROM, from power-on. */
import { Machine, type MachineConfig } from "../../../emulator/machine.ts";

const ROM_BYTES = 0x10000;
const RESET_AT = 0xfff0;
/** jmp F000h:0, where the code is. */
const JUMP = [0xea, 0, 0, 0, 0xf0];

/** A PC with 2 MiB and nothing attached. `code` is 16-bit code for offset 0 of segment F000h. */
export function romMachine(code: Uint8Array, config: Partial<MachineConfig> = {}): Machine {
  const firmware = new Uint8Array(ROM_BYTES);
  firmware.set(code);
  firmware.set(JUMP, RESET_AT);
  return new Machine({
    name: "test",
    ramBytes: 2 << 20,
    firmware,
    ide: [],
    network: [],
    rtcStartSeconds: 0,
    ...config,
  });
}
