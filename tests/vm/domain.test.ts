/** Machines as libvirt's XML describes them, and its hosts. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Configuration, parseConfiguration } from "../../src/vm/configuration.ts";
import { type DomainPlace, formatDomain, securityModels } from "../../src/vm/domain.ts";
import { requireOracle } from "../oracle.ts";

const machine: Configuration = parseConfiguration(
  "machine.jsonc",
  JSON.stringify({
    ...{ version: 1, id: "00112233445566778899aabbccddeeff", number: 7, mac: "52:54:00:12:34:56", memory: "64M" },
    ...{ displayName: 'a <web> & "b"', boot: { order: "cdn", delay: "2s" }, driver: "libvirt", cdrom: "/a & b.iso" },
  }),
);
const place: DomainPlace = {
  ...{ name: "qure-00112233-7", disk: "/run/7.nbd", console: "/run/7.con", wire: "/run/wire" },
  ...{ user: { uid: 1000, gid: 100 }, models: ["apparmor"] },
};

test("a domain has the machine's parts, and libvirt's own schema takes it", (context) => {
  const validate = requireOracle("virt-xml-validate", context);
  requireOracle("xmllint", context);
  const folder = mkdtempSync(join(tmpdir(), "qure-domain-"));
  try {
    for (const [index, changed] of [
      machine,
      { ...machine, cdrom: null, boot: { order: "a", delay: "0s" } },
    ].entries()) {
      const path = join(folder, `${index}.xml`);
      writeFileSync(
        path,
        formatDomain(changed, index === 0 ? place : { ...place, disk: null, user: null, models: [] }),
      );
      const run = spawnSync(validate, [path, "domain"], { encoding: "utf8" });
      expect(`${run.stdout}${run.stderr}`).toBe(`${path} validates\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a domain is the user's, on the cluster's Ethernet, with what the configuration says", () => {
  const xml = formatDomain(machine, place);
  for (const part of [
    '<domain type="qemu" xmlns:qemu=',
    "<uuid>00112233-4455-6677-8899-aabbccddeeff</uuid>",
    "<title>a &lt;web&gt; &amp; &quot;b&quot;</title>",
    '<memory unit="KiB">65536</memory>',
    '<boot dev="hd"/>\n    <boot dev="cdrom"/>\n    <boot dev="network"/>',
    '<bootmenu enable="yes" timeout="2000"/>',
    '<host transport="unix" socket="/run/7.nbd"/>',
    '<source file="/a &amp; b.iso"/>',
    '<source mode="connect" path="/run/7.con"/>',
    '<seclabel type="none" model="apparmor"/>',
    "<label>+1000:+100</label>",
    'value="stream,id=ethernet,server=off,addr.type=unix,addr.path=/run/wire"',
    'value="e1000,netdev=ethernet,mac=52:54:00:12:34:56,bus=pci.0,addr=0x10"',
  ])
    expect(xml).toContain(part);
  expect(formatDomain({ ...machine, accelerator: "kvm" }, place)).toContain('<domain type="kvm"');
  expect(() => formatDomain({ ...machine, boot: { order: "c", delay: "90s" } }, place)).toThrow(
    "boot.delay: libvirt waits 65535 ms at most",
  );
});

test("the models of security of a host are read, whether it has none, one or several", () => {
  const host = (inside: string): string => `<capabilities><host><uuid>1</uuid>${inside}</host></capabilities>`;
  const model = (name: string): string => `<secmodel><model>${name}</model><doi>0</doi></secmodel>`;
  expect(securityModels(host(""))).toEqual([]);
  expect(securityModels(host(model("none")))).toEqual(["none"]);
  expect(securityModels(host(model("apparmor") + model("dac")))).toEqual(["apparmor", "dac"]);
  expect(() => securityModels("<capabilities>")).toThrow("its capabilities are no XML");
  expect(() => securityModels("<domain/>")).toThrow("it says nothing of its host");
});
