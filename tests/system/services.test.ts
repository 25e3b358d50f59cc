/**
 * The network, the cluster and the log as services: stopped, started again, and what becomes of those that need them.
 */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { atPrompt, members } from "./booted.ts";
import { CLOUD, PROMPT } from "./images.ts";

async function agreed(): Promise<{ lab: LabCluster; first: LabNode; second: LabNode }> {
  const lab = await members(2);
  return { lab, first: lab.nodes[0]!, second: lab.nodes[1]! };
}

/** What a command prints, without its own line. */
async function output(node: LabNode, command: string): Promise<string> {
  const from = node.console.text.length;
  await node.enter(`${command}; echo that was all`, /^that was all\n[^\n]*> $/m);
  return node.console.text
    .slice(from)
    .split("\n")
    .slice(1, -2)
    .filter((line) => !/^(cloud|cluster|eth0): |> $/.test(line) || line === "cluster: the service is stopped")
    .join("\n");
}

describe("the network", () => {
  thoroughly("stops with the cluster, and nothing is left of them", async () => {
    const { lab, first, second } = await agreed();
    const from = second.console.text.length;
    await first.enter("service stop network", PROMPT);
    await lab.advance("500ms");
    // The cluster has said bye first.
    expect(second.console.text.slice(from)).toMatch(/^cloud: .* peers 0$/m);
    expect(await output(first, "service list")).toMatch(/^stopped +network\n(?:.*\n)?stopped +cluster$/m);
    expect(await output(first, "ps")).not.toMatch(/net$|address|http|mdns|cloud|cluster/m);
    expect(await output(first, "handles")).not.toMatch(/socket|stream|cloud|network/);
    expect(await output(first, "ifconfig")).not.toMatch(/10\.0\.2\./);
    expect(await output(first, "cloud")).toBe("cluster: the service is stopped");
  });

  test("is started for who needs it, and all is as before", async () => {
    const { lab, first, second } = await agreed();
    await first.enter("service stop mdns; service stop network", PROMPT);
    const from = first.console.text.length;
    await first.enter("service start cluster", PROMPT);
    await lab.until(() => /^cloud: .* era 1 age 1 peers 1$/m.test(first.console.text.slice(from)), "it is no member", {
      within: "20s",
    });
    expect(await output(first, "service list")).toMatch(/^running +network\n(?:.*\n)?running +cluster$/m);
    // So is what was stopped with the network, but for what a person had stopped.
    expect(await output(first, "service list")).toMatch(
      /^running +syslog\nrunning +ssh\nstopped +mdns\n.*\nrunning +http$/m,
    );
    const [, , address] = CLOUD.exec(first.console.text.slice(from))!;
    await second.enter(`ping -c 1 ${address}`, /1 received/);
  });

  thoroughly("is restarted with who needs it, and loses no memory", async () => {
    const { lab, first } = await agreed();
    const restart = async (): Promise<void> => {
      const from = first.console.text.length;
      await first.enter("service restart network", PROMPT);
      await lab.until(() => /^cloud: .* peers 1$/m.test(first.console.text.slice(from)), "it is no member");
      await lab.advance("6s");
    };
    await restart();
    await first.enter("mem mark", PROMPT);
    await restart();
    await restart();
    // The shell remembers the lines that were typed.
    expect((await output(first, "mem leaks")).split("\n").filter((line) => !line.includes("history_add"))).toEqual([]);
    expect(await output(first, "mem callers")).toMatch(/^ +\d+ blocks +\d+ bytes +\w+ +task_new\+0x/m);
  });

  thoroughly("whose task was killed is there again after a pause, and so is the cluster", async () => {
    const { lab, first } = await agreed();
    const from = first.console.text.length;
    await first.enter("kill net", PROMPT);
    await lab.until(() => /^cloud: .* era 1 age 1 peers 1$/m.test(first.console.text.slice(from)), "it is no member", {
      within: "20s",
    });
    expect(await output(first, "service status network")).toBe("running, restarts 1, last status 1, kernel network");
    expect(await output(first, "log network")).toMatch(/warning network: ended with status 1\n.* network: started$/);
  });
});

thoroughly(
  "what a machine sends to itself while the network is stopped takes memory for some packets only",
  async () => {
    const lab = await atPrompt({ gateway: false });
    const node = lab.nodes[0]!;
    await node.enter("service stop network", PROMPT);
    const blocks = async (): Promise<number> =>
      Number(/^ *(\d+) blocks .* packet_make\+/m.exec(await output(node, "mem leaks"))?.[1] ?? 0);
    await output(node, "mem mark");
    await node.enter("ping -c 100 127.0.0.1", /100 sent, 0 received/, { within: "200s" });
    expect(await blocks()).toBe(100);
    await node.enter("ping -c 200 127.0.0.1", /200 sent, 0 received/, { within: "400s" });
    expect(await blocks()).toBe(256);
    expect(await output(node, "netstat -a")).toMatch(/^ *44 {2}ip +packets to this machine itself dropped: /m);
    await node.enter("service start network", /^eth0: address 169\.254\./m);
    await node.enter("ping -c 1 127.0.0.1", /1 sent, 1 received/);
    expect(await blocks()).toBeLessThan(10);
  },
);

test("a connection is reset when the network stops", async () => {
  const { first, second } = await agreed();
  const [, , address] = CLOUD.exec(first.console.text)!;
  await first.enter("nc -l 4000 &", PROMPT);
  second.type(`nc ${address} 4000\n`);
  second.type("hello\n");
  await first.waitFor(/^hello$/m);
  await first.enter("service stop network", PROMPT);
  await second.waitFor(/reset/);
});

thoroughly("the log goes on in memory while its service is stopped", async () => {
  const { first } = await agreed();
  await first.enter("service stop log", PROMPT);
  await first.enter("service restart cluster", PROMPT);
  expect(await output(first, "log cluster")).toMatch(/cluster: stopped\n.* cluster: started$/);
});
