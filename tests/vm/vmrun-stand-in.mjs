/**
 * Behaves as VMware's vmrun does, as far as its manual says, and notes each call in `calls` beside `QURE_VMRUN`. Its
 * machine is a process that speaks over the serial pipe of its .vmx, and writes into its disk when it is told to.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";

const here = dirname(process.env.QURE_VMRUN);
const running = join(here, "running.json");
const read = () => (existsSync(running) ? JSON.parse(readFileSync(running, "utf8")) : {});
const write = (all) => writeFileSync(running, JSON.stringify(all));

function fail(message) {
  process.stdout.write(`Error: ${message}\n`);
  process.exit(255);
}

function be(path) {
  const vmx = readFileSync(path, "utf8");
  const value = (key) => new RegExp(`^${key} = "(.*)"$`, "m").exec(vmx)?.[1];
  const memory = path.replace(/\.vmx$/, ".vmss");
  const socket = connect(value("serial0\\.fileName"));
  socket.write(existsSync(memory) ? "goes on\r\n" : `boots ${value("guestinfo\\.hostname")}\r\n`);
  rmSync(memory, { force: true });
  socket.on("data", (bytes) => {
    const text = bytes.toString();
    if (text === "write") {
      const file = openSync(join(dirname(path), value("ide0:0\\.fileName").replace(".vmdk", "-flat.vmdk")), "r+");
      writeSync(file, "by the guest", 4096);
      socket.write("written\r\n");
    } else if (text === "halt") {
      const all = read();
      delete all[path];
      write(all);
      process.exit(0);
    } else socket.write(`heard ${text}\r\n`);
  });
}

function end(path) {
  const all = read();
  if (!all[path]) fail(`The virtual machine is not powered on: ${path}`);
  try {
    process.kill(all[path], "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
  delete all[path];
  write(all);
}

const verbs = {
  list: () => {
    const paths = Object.keys(read());
    process.stdout.write([`Total running VMs: ${paths.length}`, ...paths, ""].join("\n"));
  },
  start(path) {
    if (!existsSync(path)) fail(`Cannot open VM: ${path}, The virtual machine cannot be found`);
    const child = spawn(process.execPath, [import.meta.filename, "be", path], { detached: true, stdio: "ignore" });
    write({ ...read(), [path]: child.pid });
    child.unref();
  },
  stop(path, how) {
    if (how === "soft") fail("VMware Tools are not running in the guest");
    end(path);
  },
  suspend(path) {
    end(path);
    writeFileSync(path.replace(/\.vmx$/, ".vmss"), "memory");
  },
  reset() {},
  pause() {},
  unpause() {},
};

const args = process.argv.slice(2);
if (args[0] === "be") be(args[1]);
else {
  const [option, product, verb, path, how] = args;
  if (verb !== "list") appendFileSync(join(here, "calls"), `${args.join(" ")}\n`);
  if (option !== "-T" || product !== "player" || !verbs[verb]) fail(`Unrecognized command: ${verb}`);
  verbs[verb](path, how);
}
