/** Faults as options: what is written is read again, and the same seed gives the same run, drawn or said. */
import { expect, test } from "vitest";
import { drawFaults, formatFault, type LabCluster, parseFault, planFaults } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { members } from "../system/booted.ts";
import { boot, CLOUD, DISK_BYTES, images, PROMPT } from "../system/images.ts";

const SPAN_NS = 4e9;

test("what is drawn is printed as it is read, lies within the time, and ends", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const faults = drawFaults(seed, 20, 3, SPAN_NS);
    expect(drawFaults(seed, 20, 3, SPAN_NS)).toEqual(faults);
    expect(faults.map((fault) => parseFault(formatFault(fault)))).toEqual(faults);
    expect(faults.every(({ at }) => Number(at) >= 0 && Number(at) < SPAN_NS)).toBe(true);
    const count = (word: string): number => faults.filter(({ action }) => action.word === word).length;
    expect(count("plug")).toBe(count("unplug"));
    // What takes the power away gives it back.
    expect(count("power")).toBe(count("cut") + count("older"));
    expect(count("unflushed") % 2).toBe(0);
  }
});

test.each([
  ["5s lose 2 30%", "5000ms lose 2 30%"],
  ["on:/era \\d+/ cut 1", "on:/era \\d+/ cut 1"],
  ["on:/a \\/ b/ lose 2 30%", "on:/a \\/ b/ lose 2 30%"],
  ["1.5min rate 3 10M", "90000ms rate 3 10M"],
  ["7ns corrupt 1 2%", "7ns corrupt 1 2%"],
  ["0s reorder 1", "0ms reorder 1 10% 2ms"],
])("%s", (text, formatted) => expect(formatFault(parseFault(text))).toBe(formatted));

test.each([
  ["lose 2", "lose is not a span of time"],
  ["5s", 'write TIME WORD NODE, such as "5s lose 2 30%"'],
  ["5s melt 1", "melt is none of type, keys"],
  ["5s lose", "lose is followed by the number of a machine"],
  ["5s rate 1 fast", "fast is not a rate"],
  ["on:/(/ cut 1", "Invalid regular expression"],
])("%s is refused with a sentence", (text, message) => expect(() => parseFault(text)).toThrow(message));

function three(): Promise<LabCluster> {
  return members(3);
}

async function digestAfter(faults: Parameters<typeof planFaults>[1], steps: number): Promise<string> {
  const lab = await three();
  planFaults(lab, faults);
  for (let step = 0; step < steps; step++) await lab.advance(SPAN_NS / steps);
  return lab.digest();
}

thoroughly("drawn faults and the same faults read from their text give the same run, however time is cut", async () => {
  const { nowNs } = await three();
  const faults = drawFaults(3, 12, 3, SPAN_NS).map(({ at, action }) => ({ at: nowNs + Number(at), action }));
  const drawn = await digestAfter(faults, 1);
  expect(await digestAfter(faults.map(formatFault), 8)).toBe(drawn);
  expect(await digestAfter([], 1)).not.toBe(drawn);
});

thoroughly("a fault on an event happens once, in the millisecond after the words came", async () => {
  const run = async (): Promise<string> => {
    const lab = await three();
    planFaults(lab, ["on:/fire/ unplug 2"]);
    lab.nodes[0]!.type("echo fire\n");
    await lab.until(() => !lab.cluster.isPlugged(1), "the cable stayed", { within: "2s" });
    lab.nodes[1]!.connect();
    lab.nodes[0]!.type("echo fire\n");
    await lab.advance("1s");
    expect(lab.cluster.isPlugged(1)).toBe(true);
    return lab.digest();
  };
  expect(await run()).toBe(await run());
});

thoroughly("a machine that is deaf to another one is heard by it, until it hears again", async () => {
  const lab = await three();
  const heard = (): number[][] => [0, 1, 2].map((index) => lab.cluster.deafTo(index));
  const [first, second] = lab.nodes;
  const ping = `ping -c 1 ${CLOUD.exec(first!.console.text)![2]}`;
  await second!.enter(ping, "1 sent, 1 received", { within: "5s" });
  planFaults(lab, ["0s deaf 1 2", "0s deaf 3 4"]);
  expect(heard()).toEqual([[1], [], [3]]);
  await second!.enter(ping, "1 sent, 0 received", { within: "10s" });
  planFaults(lab, ["0s hear 1 2", "0s heal 3"]);
  expect(heard()).toEqual([[], [], []]);
  await second!.enter(ping, "1 sent, 1 received", { within: "5s" });
});

thoroughly("a clock that is put forward shows in the date after the next boot", async () => {
  const lab = await three();
  const [node] = lab.nodes;
  planFaults(lab, ["0s clock 1 1h", "10ms reset 1"]);
  await node!.waitFor(/eth0: address [\s\S]*:\/> $/, { within: "10s" });
  await node!.enter("date", /01:00:\d\d/, { within: "5s" });
});

thoroughly("machines that are not there have no faults", async () => {
  const lab = await three();
  expect(() => planFaults(lab, ["1s cut 4"])).toThrow("1000ms cut 4: there is no machine 4");
  expect(() => planFaults(lab, ["1s deaf 1 5"])).toThrow("1000ms deaf 1 5: there is no machine 5");
  expect(() => planFaults(lab, ["1s deaf 1 4"])).not.toThrow();
  expect(() => planFaults(lab, ["1s cut-site 1"])).toThrow("1000ms cut-site 1: these machines are at no sites");
});

thoroughly("a guest is told when its disk fails, and goes on when it is right again", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso, disk: new Uint8Array(DISK_BYTES) }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  await node.enter("fdisk hda init", /Yes/);
  await node.enter("Yes", /Yes/);
  await node.enter("Yes", PROMPT, { within: "20s" });
  planFaults(lab, [`${lab.nowNs}ns full 1`]);
  await node.enter("mkfs -t oofs hda0", /Yes|rror|annot|ail/, { within: "20s" });
  lab.nodes[0]!.failDisk(0, 0);
  expect(node.isOff).toBe(false);
  await node.enter("echo alive", /^alive/m);
});
