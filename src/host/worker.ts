/**
 * A worker thread's program: a group of machines that does what the main thread asks for (worker-group.ts), one request
 * after the other.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { LocalGroup } from "../../emulator/cluster/local-group.ts";
import type { MachineHost } from "../../emulator/cluster/machine-host.ts";
import { FRAME, LOG, SERIAL } from "../../emulator/cluster/records.ts";
import { MediaOpener } from "./media.ts";
import { shareModules } from "./module-exchange.ts";
import { CALL, DONE, END, FAILED, OUTBOX_FULL, RUN, WorkerChannel } from "./worker-channel.ts";
import type { Call, CallResult, WorkerSetup } from "./worker-protocol.ts";

const { setup, port } = workerData as { setup: WorkerSetup; port: MessagePort };
const channel = new WorkerChannel(setup.channel);
const positions = new Map(setup.machines.map(({ index }, position) => [index, position]));
let request = 0;

/** Hands a record over; when the outbox is full, the main thread empties it first. */
function put(kind: number, machine: number, serialPort: number, timeNs: number, bytes: Uint8Array): void {
  if (channel.outbox.put(kind, machine, serialPort, timeNs, bytes)) return;
  channel.reply(request, OUTBOX_FULL, 0);
  request = channel.awaitRequest(request).number;
  channel.outbox.put(kind, machine, serialPort, timeNs, bytes);
}

function makeGroup(): LocalGroup {
  const media = new MediaOpener();
  const machines = setup.machines.map((machine) => ({
    ...machine,
    disk: machine.disk && media.open(machine.disk),
    cdrom: machine.cdrom && media.openShared(machine.cdrom),
  }));
  const byte = new Uint8Array(1);
  return new LocalGroup(
    machines,
    {
      firmware: setup.firmware,
      startSeconds: setup.startSeconds,
      jit: setup.jit,
      reboot: setup.reboot,
      serialOutput: (index, serialPort, value) => {
        byte[0] = value;
        put(SERIAL, positions.get(index)!, serialPort, 0, byte);
      },
      log: (index, line) => put(LOG, positions.get(index)!, 0, 0, new TextEncoder().encode(line)),
    },
    setup.machines.map(({ index }) => index),
  );
}

shareModules();
const group = makeGroup();
/** Machines that have sent frames. */
const senders: number[] = [];
group.cables.forEach((cable, position) => (cable.onOutgoing = () => void senders.push(position)));

function takeInbox(): void {
  channel.inbox.take(({ machine, timeNs, bytes }) => group.cables[machine]!.deliver([{ timeNs, frame: bytes }]));
}

function run(endNs: number): void {
  group.start(endNs);
  for (const position of senders)
    for (const { timeNs, frame } of group.cables[position]!.takeOutgoing()) put(FRAME, position, 0, timeNs, frame);
  senders.length = 0;
}

function call(nowNs: number): void {
  const { machine, method, args } = receiveMessageOnPort(port)!.message as Call;
  let result: CallResult;
  try {
    group.settle(nowNs);
    const host: MachineHost = group.hosts[machine]!;
    const parameters = args as never[];
    let value: unknown;
    if (method === "setLink") group.cables[machine]!.setLink(args[0] as boolean);
    else if (method === "digests") value = group.finishDigests();
    else if (method === "readDisk") value = readDisk(machine, args[0] as number, args[1] as number);
    else value = (host[method] as (...all: never[]) => unknown)(...parameters);
    result = { value };
  } catch (error) {
    result = { error: (error as Error).message };
  }
  group.refresh();
  port.postMessage(result);
}

function readDisk(machine: number, offsetBytes: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  group.disks[machine]?.read(offsetBytes, bytes);
  return bytes;
}

function publish(): void {
  group.hosts.forEach(({ power, exitStatus, instructions }, position) =>
    channel.publish(position, power === "off", exitStatus, instructions),
  );
}

publish();
for (;;) {
  const { number, command, endNs } = channel.awaitRequest(request);
  request = number;
  if (command === END) break;
  try {
    takeInbox();
    if (command === RUN) run(endNs);
    else if (command === CALL) call(endNs);
    publish();
    channel.reply(request, DONE, group.nextEventNs);
  } catch (error) {
    port.postMessage({ error: (error as Error).stack ?? String(error) } satisfies CallResult);
    channel.reply(request, FAILED, Infinity);
  }
}
port.close();
