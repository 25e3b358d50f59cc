/** The short commands about interfaces, ways and pings. */
import { expect, test } from "vitest";
import { withAddress } from "./booted.ts";
import { outputAmong } from "./output.ts";

test("cards, ways, leases and steps are shown, and an interface goes off, on and looks for an address anew", async () => {
  const lab = await withAddress();
  const node = lab.nodes[0]!;
  const run = (line: string): Promise<string> => outputAmong(node, line);
  expect(await run("nics")).toMatch(/^eth0: MAC 52:54:00:[0-9a-f:]{8}, IRQ 11, link$/m);
  expect(await run("iproute 10.0.2.9; iproute 8.8.8.8")).toMatch(
    /^10\.0\.2\.9 by 10\.0\.2\.9 on eth0\n8\.8\.8\.8 by 10\.0\.2\.2 on eth0$/m,
  );
  for (const gateway of ["224.0.0.1", "10.0.2.255", "10.0.2.15"])
    expect(await run(`route add 10.5.0.0 255.255.0.0 ${gateway}`)).toContain("route: invalid argument");
  expect(await run("route add 10.5.0.0 255.255.0.0 10.9.9.9")).toContain("route: host does not answer");
  expect(
    await run("route add 10.5.0.0 255.255.0.0 10.0.2.9; iproute 10.5.1.1; route del 10.5.0.0 255.255.0.0"),
  ).toContain("10.5.1.1 by 10.0.2.9 on eth0");
  expect(await run("iproute here")).toContain("usage: iproute ADDRESS");
  expect(await run("dhcp -l")).toMatch(/^eth0: 10\.0\.2\.15 from 10\.0\.2\.2 for \d+ s, \d+ s ago$/m);
  expect(await run("ping -c 1 -ttl 1 10.0.2.2")).toMatch(/1 received/);
  expect(await run("ping -ttl 0 10.0.2.2; ping -ttl 256 10.0.2.2")).toMatch(/usage: ping[\s\S]*usage: ping/);
  expect(await run("traceroute -n 1 10.0.2.2")).toMatch(/^ 1 {2}10\.0\.2\.2, the machine itself$/m);
  expect(await run("traceroute -n 0 10.0.2.2")).toContain("usage: traceroute");
  // Two at once keep their own limits.
  const both = await run("traceroute -n 1 8.8.4.4 & sleep 500; traceroute -n 2 8.8.8.8; wait");
  expect(both.match(/^ \d {2}no answer$/gm)?.sort()).toEqual([" 1  no answer", " 1  no answer", " 2  no answer"]);
  expect(await run("ping -c 1 10.0.2.99 & sleep 100; icmp; wait")).toMatch(/^ping \d+: 56 bytes, ttl 64$/m);
  expect(await run("ifdown eth0; sleep 100; dhcp -l")).toContain("No interface has an address by DHCP.");
  expect(await run("ifup eth0; sleep 5000; dhcp -l")).toMatch(/^eth0: 10\.0\.2\.15 from/m);
  expect(await run("zconf; sleep 5000; dhcp -l")).toMatch(/^eth0: 10\.0\.2\.15 from/m);
  expect(await run("ifup eth7")).toContain("There is no interface eth7.");
});
