/** What `cloud` says to words that it does not know, addresses that nobody can have, and values that there are not. */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { atPrompt, members } from "./booted.ts";
import { outputAmong } from "./output.ts";

/** The lines of the help about an action. */
const usageOf = (action: string): RegExp => new RegExp(`^( {2}cloud ${action} .*\\n( {4,}.*\\n)*)+status 1\\n$`);
const NO_ADDRESS = "is not an address that a machine can have";
const NOT_A_KEY = "cluster: expected a name of up to 31 printable characters, and a key of 64 hexadecimal digits";
const NOT_A_SERVICE = "is not one of the cluster's service addresses";

/**
 * Command -> what it prints, and whether it says by its status that it could not. The rows are typed one after the
 * other.
 */
const REFUSED: Readonly<Record<string, string>> = {
  nothing: "cluster: there is no cloud nothing; cloud help lists what there is",
  "status now|init x|register x|start x|stop x|help x": "usage",
  "history x|nodes x|graph x|events x|events -f 1": "usage",
  "get a b|set|set a b c": "usage",
  "address add|address add 10.0.2.40 255.255.255.0 shared more|address what|address move 10.0.2.40|address list x":
    "usage",
  "key what|key set a|key set a b c|key new|key new a b|key rotate x|key forget more|auto-answer off x": "usage",
  "invite x|join|join a b|expel|expel a b|reboot|reboot a b": "usage",
  "get none": "cluster: there is no value none",
  'set service.www "tcp 99999"|set service.www 80|set service.www "tcp 80x"':
    'cluster: service.www: expected tcp or udp, a port, and names of nodes or none: "tcp 80"',
  'set dns.domain "..."': "cluster: dns.domain: expected a domain: cloud.example",
  "address add 1.2.3.4.5": `cluster: 1.2.3.4.5 ${NO_ADDRESS}`,
  "address add 224.0.0.1": `cluster: 224.0.0.1 ${NO_ADDRESS}`,
  "address add 10.0.2.40 255.255.255.0 share": "cluster: share is not the word shared",
  "address add 10.0.2.40 mask": "cluster: mask is not a mask",
  "address add 10.0.2.40 255.255.0.255": "cluster: 255.255.0.255 is not a mask",
  "address remove 10.0.2.41": `cluster: 10.0.2.41 ${NOT_A_SERVICE}`,
  "address remove 300.1.1.1": `cluster: 300.1.1.1 ${NO_ADDRESS}`,
  "address move 10.0.2.41 qure-2": `cluster: 10.0.2.41 ${NOT_A_SERVICE}`,
  'key new ""': NOT_A_KEY,
  [`key set a b|key set ${"n".repeat(32)} ${"0".repeat(64)}|key set "a b" ${"0".repeat(64)}|key set "" ${"0".repeat(64)}`]:
    NOT_A_KEY,
  "join ABC": "cluster: expected a code of 16 characters, as `cloud invite` shows it",
  invite: "An open cluster has no key to give: whoever is on this network is in it (cloud key new NAME).",
  "expel nobody": "cluster: An open cluster has no key (cloud key new NAME)",
  "reboot nobody": "cluster: no other node that is alive has the name or address nobody",
  "auto-answer x": "cluster: x is not a mask, nor the word off",
  "auto-answer 255.0.255.0": "cluster: 255.0.255.0 is not a mask, nor the word off",
};

thoroughly("cloud refuses what it does not know, with the reason and the status 1, and changes nothing", async () => {
  const [node] = (await members(2)).nodes;
  const before = await outputAmong(node!, "cloud get; cloud address; cloud key");
  for (const [commands, answer] of Object.entries(REFUSED))
    for (const command of commands.split("|")) {
      const said = await outputAmong(node!, `cloud ${command}; echo status $?`);
      if (answer === "usage") expect(said, command).toMatch(usageOf(command.split(" ")[0]!));
      else expect(said, command).toBe(`${answer}\nstatus 1\n`);
    }
  expect(await outputAmong(node!, "cloud get; cloud address; cloud key")).toBe(before);
});

test("cloud set, get and address say what there is", async () => {
  const [node] = (await members(2)).nodes;
  const rows: readonly (readonly [string, string])[] = [
    ["cloud get", "Nothing has been set (cloud set NAME VALUE).\n"],
    ["cloud set a 1", "a is set.\n"],
    ["cloud get a", "1\n"],
    ["cloud set a", "a is gone.\n"],
    ["cloud address add 10.0.2.40 255.255.255.0 shared", ""],
    ["cloud address move 10.0.2.40 nobody", "cluster: no node that is alive has the name or address nobody\n"],
    ["cloud auto-answer", "No service addresses are learned (cloud auto-answer NETMASK).\n"],
    ["cloud register", ""],
  ];
  for (const [command, answer] of rows) {
    const said = await outputAmong(node!, `${command}; echo status $?`);
    const status = answer.startsWith("cluster:") ? 1 : 0;
    expect(said.replace(/^\d+\.\d+ .*\n/gm, ""), command).toBe(`${answer}status ${status}\n`);
  }
});

test("cloud help stops after each page", async () => {
  const lab = await members(2);
  const node = lab.nodes[0]!;
  await outputAmong(node, "cloud");
  node.type("cloud help\n");
  await node.waitFor(/^show the cluster, or act on it\n {2}cloud status[\s\S]*-- more/m);
  expect(node.console.text).not.toMatch(/cloud key forget/);
  for (let page = 2; page <= 5 && !/cloud key forget/.test(node.console.text); page++) {
    node.type(" ");
    await lab.advance("100ms");
  }
  await node.waitFor(/cloud key forget/);
  node.type("  ");
  expect(await outputAmong(node, "cloud help | grep 'cloud key forget' | wc -l")).toBe("      1\n");
});

test("cloud says why it does nothing without an address, or stopped", async () => {
  const [node] = (await atPrompt({ gateway: false })).nodes;
  expect(await outputAmong(node!, "cloud register; echo status $?")).toMatch(
    /^cluster: hello could not be sent: .+\nstatus 1\n$/,
  );
  expect(await outputAmong(node!, "service stop cluster; cloud nodes; echo status $?")).toMatch(
    /^cluster: the service is stopped\nstatus 1\n$/m,
  );
});

test("a name that two nodes have names neither; an address does", async () => {
  const lab = await members(2);
  const [asked, namesake] = lab.nodes;
  const address = /^cloud: \S+ (\S+) era /m.exec(namesake!.console.text)![1]!;
  await outputAmong(asked!, "cloud address add 10.0.2.40 255.255.255.0");
  await outputAmong(namesake!, "hostname same");
  await lab.advance("3s");
  await outputAmong(asked!, "hostname same");
  for (const command of ["reboot same", "address move 10.0.2.40 same"])
    expect(await outputAmong(asked!, `cloud ${command}; echo status $?`), command).toBe(
      "cluster: same: several nodes have this name: give an address\nstatus 1\n",
    );
  expect(await outputAmong(asked!, `cloud reboot ${address}`)).toMatch(/^same refuses/m);
});
