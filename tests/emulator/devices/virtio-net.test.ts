/** The virtio network card after a snapshot: what it lets through is what it was told before. */
import { expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { TestBoard } from "./harness.ts";
import { saveWith, successor } from "./relay.ts";
import { virtioNetCases } from "./virtio-net-cases.ts";

const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);

function after(name: string): TestBoard {
  const board = new TestBoard({ nic: "virtio", network: [{ macAddress: MAC, port: new CableEnd("eth0") }] });
  board.run(virtioNetCases.find((one) => one.name === name)!.script);
  const asIs = <Visitor>(visitor: Visitor): Visitor => visitor;
  return successor(board, saveWith(board, asIs), asIs);
}

/** Whether the card takes a frame for this address: it has buffers. */
function takes(board: TestBoard, address: string): boolean {
  const before = board.memory[0x12002];
  board.run(`frame 40 ${address}; wait 1us`);
  return board.memory[0x12002] !== before;
}

test("the filter is the same after a snapshot, also where it knows no single addresses", () => {
  const some = after("64 addresses are not more than it knows");
  expect(["52 54 0 99 99 99", "52 54 0 12 34 56", "2 0 0 0 0 7"].map((to) => takes(some, to))).toEqual([
    true,
    true,
    false,
  ]);
  const all = after("more addresses than it knows: all of their kind");
  expect(["1 0 5e 0 0 fb", "2 0 0 0 0 7"].map((to) => takes(all, to))).toEqual([true, false]);
});
