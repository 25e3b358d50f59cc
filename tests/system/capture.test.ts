/** The capture of a cluster's first seconds is read by tshark without a malformed frame. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { oracle } from "../oracle.ts";
import { boot, CLOUD, images } from "./images.ts";

const tshark = oracle("tshark");

test("tshark finds DHCP, ARP, IGMP and the cluster's packets, and nothing malformed", async (context) => {
  if (!tshark) return context.skip("tshark is not installed");
  const pieces: Uint8Array[] = [];
  const lab = boot({
    nodes: [{ cdrom: images().iso }, { cdrom: images().iso }],
    capture: (bytes) => void pieces.push(bytes.slice()),
  });
  await lab.until(
    () =>
      lab.nodes.every((node) =>
        /peers 1/.test(
          CLOUD.exec(
            node.console.text
              .split("\n")
              .filter((line) => CLOUD.test(line))
              .at(-1) ?? "",
          )?.[0] ?? "",
        ),
      ),
    "no cluster",
    { within: "60s" },
  );
  const folder = mkdtempSync(join(tmpdir(), "qure-pcap-"));
  try {
    const path = join(folder, "cluster.pcapng");
    writeFileSync(path, Buffer.concat(pieces));
    const { stdout } = await execa(tshark, [
      "-r",
      path,
      "-T",
      "fields",
      "-e",
      "frame.interface_name",
      "-e",
      "frame.protocols",
      "-e",
      "_ws.malformed",
      "-e",
      "_ws.expert.severity",
      "-o",
      "ip.check_checksum:TRUE",
      "-o",
      "udp.check_checksum:TRUE",
    ]);
    const rows = stdout.split("\n").map((line) => line.split("\t"));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(([, , malformed]) => malformed !== undefined && malformed !== "")).toEqual([]);
    const protocols = new Set(rows.flatMap(([, names]) => (names ?? "").split(":")));
    for (const name of ["arp", "dhcp", "igmp", "udp"]) expect(protocols).toContain(name);
    expect(new Set(rows.map(([name]) => name)).size).toBeGreaterThanOrEqual(2);
    const { stdout: bad } = await execa(tshark, [
      "-r",
      path,
      "-Y",
      "ip.checksum.status == 0 || udp.checksum.status == 0 || _ws.malformed",
      "-o",
      "ip.check_checksum:TRUE",
      "-o",
      "udp.check_checksum:TRUE",
    ]);
    expect(bad).toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
