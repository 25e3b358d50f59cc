/** Machines as libvirt describes them: its domains (Domain XML format, libvirt.org), and what its hosts can do. */
import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { bytesOf, type Configuration } from "./configuration.ts";

const ATTRIBUTE = "@";
const QEMU = "http://libvirt.org/schemas/domain/qemu/1.0";
/** Of its network card: libvirt gives out places from the lowest one. */
const CARD_ADDRESS = "0x10";
const BOOT: Readonly<Record<string, string>> = { a: "fd", c: "hd", d: "cdrom", n: "network" };
const MOST_DELAY_MS = 65_535;

export interface DomainPlace {
  /** Its name at libvirt, which is not all of what it is known by: the id is. */
  readonly name: string;
  /** Unix sockets: of its disk (NBD), its first serial line, and the cluster's Ethernet. */
  readonly disk: string | null;
  readonly console: string;
  readonly wire: string;
  /** Whose files these are: the domain runs as this user, where the host lets that be chosen. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** Models of security that would keep the domain from these sockets. */
  readonly models: readonly string[];
}

export const domainId = (id: string): string => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

type Xml = Readonly<Record<string, unknown>>;

/** Throws a RangeError for what libvirt cannot have. */
export function formatDomain(configuration: Configuration, place: DomainPlace): string {
  const { id, displayName, memory, cpus, mac, boot, cdrom, accelerator } = configuration;
  const delayMs = Number.parseInt(boot.delay, 10) * (boot.delay.endsWith("ms") ? 1 : 1000);
  if (delayMs > MOST_DELAY_MS) throw new RangeError(`boot.delay: libvirt waits ${MOST_DELAY_MS} ms at most`);
  const domain: Xml = {
    "@type": accelerator === "kvm" ? "kvm" : "qemu",
    "@xmlns:qemu": QEMU,
    name: place.name,
    uuid: domainId(id),
    title: displayName,
    memory: { "@unit": "KiB", "#text": bytesOf(memory) / 1024 },
    vcpu: cpus,
    os: {
      type: { "@arch": "i686", "@machine": "pc", "#text": "hvm" },
      boot: [...boot.order].map((letter) => ({ "@dev": BOOT[letter] })),
      ...(delayMs > 0 ? { bootmenu: { "@enable": "yes", "@timeout": delayMs } } : {}),
    },
    features: { acpi: "" },
    clock: { "@offset": "utc" },
    on_poweroff: "destroy",
    on_reboot: "restart",
    on_crash: "destroy",
    devices: {
      disk: [...(place.disk === null ? [] : [diskOf(place.disk)]), ...(cdrom === null ? [] : [cdromOf(cdrom)])],
      controller: { "@type": "usb", "@model": "none" },
      serial: {
        "@type": "unix",
        source: { "@mode": "connect", "@path": place.console },
        target: { "@port": 0 },
      },
      video: { model: { "@type": "vga" } },
      memballoon: { "@model": "none" },
    },
    ...securityOf(place),
    "qemu:commandline": {
      "qemu:arg": [
        ...["-netdev", `stream,id=ethernet,server=off,addr.type=unix,addr.path=${place.wire}`],
        ...["-device", `e1000,netdev=ethernet,mac=${mac},bus=pci.0,addr=${CARD_ADDRESS}`],
      ].map((value) => ({ "@value": value })),
    },
  };
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE,
    format: true,
    suppressEmptyNode: true,
  });
  return builder.build({ domain });
}

const diskOf = (socket: string): Xml => ({
  "@type": "network",
  "@device": "disk",
  driver: { "@name": "qemu", "@type": "raw" },
  source: { "@protocol": "nbd", "@name": "disk", host: { "@transport": "unix", "@socket": socket } },
  target: { "@dev": "hda", "@bus": "ide" },
});

const cdromOf = (file: string): Xml => ({
  "@type": "file",
  "@device": "cdrom",
  driver: { "@name": "qemu", "@type": "raw" },
  source: { "@file": file },
  target: { "@dev": "hdc", "@bus": "ide" },
  readonly: "",
});

function securityOf({ user, models }: DomainPlace): Xml {
  const labels: Xml[] = models.map((model) => ({ "@type": "none", "@model": model }));
  if (user) labels.push({ "@type": "static", "@model": "dac", "@relabel": "no", label: `+${user.uid}:+${user.gid}` });
  return labels.length === 0 ? {} : { seclabel: labels };
}

/** The models of security of a host, as `virsh capabilities` says them. Throws a RangeError for another document. */
export function securityModels(capabilities: string): string[] {
  if (XMLValidator.validate(capabilities) !== true) throw new RangeError("its capabilities are no XML");
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE,
    isArray: (name) => name === "secmodel",
  });
  const { capabilities: found } = parser.parse(capabilities) as {
    capabilities?: { host?: { secmodel?: readonly { readonly model?: unknown }[] } };
  };
  if (!found?.host) throw new RangeError("it says nothing of its host");
  return (found.host.secmodel ?? []).map(({ model }) => String(model));
}
