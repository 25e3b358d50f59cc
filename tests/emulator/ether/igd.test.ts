/**
 * UPnP's Internet gateway device (IGD:1 and :2) in an emulated home gateway: searches, descriptions, each action, what
 * gateways say that is not so, and what strangers send.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PcapngWriter } from "../../../emulator/ether/capture.ts";
import { ACK, RST, SYN } from "../../../emulator/ether/nat/segment.ts";
import { NO_TROUBLE } from "../../../emulator/ether/trouble.ts";
import type { RouterLies } from "../../../emulator/ether/wide/lies.ts";
import { HTTP_PORT } from "../../../emulator/ether/wide/upnp/gateway-device.ts";
import { actionsOf, type DeviceVersion } from "../../../emulator/ether/wide/upnp/services.ts";
import { parseXml, type XmlElement } from "../../../emulator/ether/wide/upnp/xml.ts";
import { addressNumber } from "../../../emulator/ether/wide/wide-net.ts";
import { Random } from "../../../emulator/state/random.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { requireOracle, withFolder } from "../../oracle.ts";
import { casesOf } from "../../setup/tier.ts";
import {
  Conversation,
  childrenOf,
  exchange,
  GATEWAY,
  get,
  post,
  type Reply,
  resultsOf,
  soapRequest,
} from "./igd-client.ts";
import { SECOND_NS, type Site, type Station, World } from "./wide-world.ts";

const PUBLIC = "198.51.100.7";
const GROUP = "239.255.255.250:1900";
const WAIT_NS = 100e6;

interface Options {
  readonly version?: DeviceVersion;
  readonly permanentLeasesOnly?: boolean;
  readonly lies?: RouterLies;
}

type Values = Readonly<Record<string, string | number>>;

interface Asked {
  readonly world: World;
  readonly site: Site;
  readonly station: Station;
  /** The answers to a search, and the ports they came from. */
  search(target: string, change?: (text: string) => string, to?: string): { text: string; from: string }[];
  call(action: string, values?: Values, from?: Station): ReturnType<typeof resultsOf>;
  ask(request: string | Uint8Array): Reply | null;
  /** Whether host 1 gets through to the station by a port. */
  reaches(port: number): boolean;
}

function asking({ version = 1, ...more }: Options = {}): Asked {
  const world = new World();
  const portMapping = { natPmp: true, pcp: true };
  const site = world.site("port-restricted", PUBLIC, { portMapping, upnp: { version, ...more } });
  const station = site.station("192.168.1.100");
  const type = `urn:schemas-upnp-org:service:WANIPConnection:${version}`;
  return {
    world,
    site,
    station,
    search(target, change = (text) => text, to = GROUP) {
      station.heard.length = 0;
      station.say(40000, to, change(searchFor(target)));
      world.pass(WAIT_NS);
      return station.heard.map(({ text, from }) => ({ text, from }));
    },
    call: (action, values = {}, from = station) => resultsOf(exchange(world, from, soapRequest(action, values, type))),
    ask: (request) => exchange(world, station, request),
    reaches(port) {
      station.heard.length = 0;
      world.hosts[0]!.say(7000, `${PUBLIC}:${port}`, "call");
      world.pass(WAIT_NS);
      return station.heard.length === 1;
    },
  };
}

const searchFor = (target: string): string =>
  `M-SEARCH * HTTP/1.1\r\nHOST: ${GROUP}\r\nMAN: "ssdp:discover"\r\nMX: 2\r\nST: ${target}\r\n\r\n`;

const wish = (more: Values = {}): Values => ({
  NewRemoteHost: "",
  NewExternalPort: 8000,
  NewProtocol: "UDP",
  NewInternalPort: 20818,
  NewInternalClient: "192.168.1.100",
  NewEnabled: 1,
  NewPortMappingDescription: "a cluster",
  NewLeaseDuration: 3600,
  ...more,
});
const name = (port = 8000, protocol = "UDP"): Values => ({
  NewRemoteHost: "",
  NewExternalPort: port,
  NewProtocol: protocol,
});
const range = (first: number, last: number, more: Values = {}): Values => ({
  ...{ NewStartPort: first, NewEndPort: last, NewProtocol: "UDP", NewManage: 1 },
  ...more,
});

const device = (what: string, version = 1): string => `urn:schemas-upnp-org:device:${what}:${version}`;
const service = (what: string, version = 1): string => `urn:schemas-upnp-org:service:${what}:${version}`;

describe("SSDP", () => {
  test.each([
    ["ssdp:all", 10],
    ["upnp:rootdevice", 1],
    [device("InternetGatewayDevice"), 1],
    [device("WANConnectionDevice"), 1],
    [service("WANIPConnection"), 1],
    [service("WANIPConnection", 2), 0],
    [service("WANPPPConnection"), 0],
    ["uuid:51755265-0000-4000-8000-5256c6336407", 1],
    ["uuid:none", 0],
  ])("a search for %s has %i answers", (target, count) => {
    expect(asking().search(target)).toHaveLength(count);
  });

  test("says where the description is, and by which name the device is known", () => {
    const [answer] = asking().search(device("InternetGatewayDevice"));
    expect(answer!.from).toBe(`${GATEWAY}:1900`);
    expect(answer!.text.split("\r\n")).toEqual([
      "HTTP/1.1 200 OK",
      "CACHE-CONTROL: max-age=1800",
      "EXT:",
      `LOCATION: http://${GATEWAY}:${HTTP_PORT}/rootDesc.xml`,
      expect.stringMatching(/^SERVER: \S+ UPnP\/1\.1 \S+$/),
      `ST: ${device("InternetGatewayDevice")}`,
      `USN: uuid:51755265-0000-4000-8000-5256c6336407::${device("InternetGatewayDevice")}`,
      "BOOTID.UPNP.ORG: 1",
      "CONFIGID.UPNP.ORG: 1",
      "",
      "",
    ]);
  });

  test("a newer device is found as an older one, by the type that was asked for", () => {
    const answers = asking({ version: 2 }).search(service("WANIPConnection"));
    expect(answers.map(({ text }) => /^ST: (.*)\r$/m.exec(text)![1])).toEqual([service("WANIPConnection")]);
    expect(asking({ version: 2 }).search(service("WANIPConnection", 2))).toHaveLength(1);
  });

  test("a search of the gateway itself needs no time to wait", () => {
    const { search } = asking();
    const withoutWait = (text: string) => text.replace("MX: 2\r\n", "");
    expect(search("upnp:rootdevice", withoutWait, `${GATEWAY}:1900`)).toHaveLength(1);
    expect(search("upnp:rootdevice", withoutWait)).toHaveLength(0);
  });

  test.each<readonly [string, (text: string) => string]>([
    ["another word in MAN", (text) => text.replace("ssdp:discover", "ssdp:alive")],
    ["no wait", (text) => text.replace("MX: 2", "MX: 0")],
    ["no target", (text) => text.replace(/ST: .*\r\n/, "")],
    ["another method", (text) => text.replace("M-SEARCH", "NOTIFY")],
    ["half a message", (text) => text.slice(0, 60)],
    ["a line that is no header", (text) => text.replace("MAN:", "MAN")],
    ["headers without end", (text) => text.replace("MX", `${"A: 1\r\n".repeat(65)}MX`)],
  ])("%s is not answered", (_what, change) => {
    expect(asking().search("upnp:rootdevice", change)).toHaveLength(0);
  });

  test("who is on another net, or says so, is not answered", () => {
    const { world, site } = asking();
    world.hosts[0]!.say(40000, `${PUBLIC}:1900`, searchFor("ssdp:all"));
    const other = site.station("10.9.9.9");
    other.say(40000, GROUP, searchFor("ssdp:all"));
    world.pass(WAIT_NS);
    expect([world.hosts[0]!.heard, other.heard]).toEqual([[], []]);
  });

  test("a gateway without UPnP is not found, and has no such port", () => {
    const world = new World();
    const station = world.site("full-cone", PUBLIC).station("192.168.1.100");
    station.say(40000, GROUP, searchFor("ssdp:all"));
    world.pass(WAIT_NS);
    expect(station.heard).toEqual([]);
    expect(new Conversation(world, station, 1).open()).toBe(false);
  });
});

/** A description is larger than a message may be, and `parseXml` refuses it: its elements of a name, each alone. */
const pieces = (body: string, wanted: string): XmlElement[] =>
  [...body.matchAll(new RegExp(`<${wanted}>.*?</${wanted}>`, "gs"))].map(([piece]) => parseXml(piece)!);

describe("descriptions", () => {
  test.each<readonly [DeviceVersion, string]>([
    [1, "WANIPConnection:1"],
    [2, "WANIPConnection:2"],
  ])("of version %i name services whose descriptions and controls are there", (version, connection) => {
    const { ask } = asking({ version });
    const { body, head, status } = ask(get("/rootDesc.xml"))!;
    expect(status).toBe(200);
    expect(body).toMatch(/^<\?xml version="1\.0"\?>\n<root /);
    expect(head).toMatch(/^Content-Type: text\/xml; charset="utf-8"$/m);
    const services = pieces(body, "service").map(childrenOf);
    expect(services.map(({ serviceType }) => serviceType!.split(":").slice(-2).join(":"))).toEqual([
      "Layer3Forwarding:1",
      "WANCommonInterfaceConfig:1",
      connection,
    ]);
    for (const { SCPDURL, controlURL, serviceType } of services) {
      const { body: scpd } = ask(get(SCPDURL!))!;
      for (const action of pieces(scpd, "action").map(childrenOf))
        expect([402, 714, 713, 730]).toContain(
          toNumber(resultsOf(ask(soapRequest(action["name"]!, {}, serviceType!, controlURL!)))),
        );
      expect(resultsOf(ask(soapRequest("Reboot", {}, serviceType!, controlURL!)))).toBe(401);
    }
  });

  /** What gives something is as good as what lacks an argument. */
  const toNumber = (results: ReturnType<typeof resultsOf>): number | null =>
    typeof results === "object" && results !== null ? 402 : results;

  test("of each argument its variable is there", () => {
    const { body } = asking({ version: 2 }).ask(get("/WANIPCn.xml"))!;
    const known = pieces(body.replaceAll(' sendEvents="no"', ""), "stateVariable").map(
      (each) => childrenOf(each)["name"],
    );
    const used = pieces(body, "argument").map((each) => childrenOf(each)["relatedStateVariable"]);
    expect(new Set(used)).toEqual(new Set(known));
    expect(pieces(body, "action")).toHaveLength(actionsOf("WANIPConnection", 2).length);
  });
});

/** Of the services' documents by the UPnP Forum: type and allowed values of each variable that is there. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  "/L3F.xml": ["DefaultConnectionService string"],
  "/WANCfg.xml": [
    "WANAccessType string Ethernet",
    "Layer1UpstreamMaxBitRate ui4",
    "Layer1DownstreamMaxBitRate ui4",
    "PhysicalLinkStatus string Up Down",
  ],
  "/WANIPCn.xml": [
    "ConnectionType string",
    "PossibleConnectionTypes string",
    "ConnectionStatus string Connected Disconnected",
    "LastConnectionError string ERROR_NONE",
    "Uptime ui4",
    "RSIPAvailable boolean",
    "NATEnabled boolean",
    "ExternalIPAddress string",
    "RemoteHost string",
    "ExternalPort ui2",
    "PortMappingProtocol string TCP UDP",
    "InternalPort ui2",
    "InternalClient string",
    "PortMappingEnabled boolean",
    "PortMappingDescription string",
    "PortMappingLeaseDuration ui4",
    "A_ARG_TYPE_Manage boolean",
    "PortMappingNumberOfEntries ui2",
    "A_ARG_TYPE_PortListing string",
  ],
};

test.each(Object.entries(VARIABLES))("the variables of %s have their types", (path, variables) => {
  const { body } = asking({ version: 2 }).ask(get(path))!;
  const found = pieces(body.replaceAll(' sendEvents="no"', ""), "stateVariable").map(({ children }) =>
    children
      .map(({ text, children: values }) => [text, ...values.map((value) => value.text)].join(" ").trim())
      .join(" "),
  );
  expect(found).toEqual(variables);
});

describe("actions", () => {
  test("of the other services say which connection there is, and how fast", () => {
    const { ask } = asking();
    const results = (action: string, what: string, path: string) =>
      resultsOf(ask(soapRequest(action, {}, service(what), path)));
    expect(results("GetDefaultConnectionService", "Layer3Forwarding", "/ctl/L3F")).toEqual({
      NewDefaultConnectionService: `uuid:51755265-0000-4000-8002-5256c6336407:${device("WANConnectionDevice")},urn:upnp-org:serviceId:WANIPConn1`,
    });
    expect(results("GetCommonLinkProperties", "WANCommonInterfaceConfig", "/ctl/WANCfg")).toEqual({
      NewWANAccessType: "Ethernet",
      NewLayer1UpstreamMaxBitRate: "100000000",
      NewLayer1DownstreamMaxBitRate: "100000000",
      NewPhysicalLinkStatus: "Up",
    });
  });

  test("say the public address, for how long it has been up, and what kind of connection it is", () => {
    const { call, world } = asking();
    world.pass(5 * SECOND_NS);
    expect(call("GetExternalIPAddress")).toEqual({ NewExternalIPAddress: PUBLIC });
    expect(call("GetStatusInfo")).toEqual({
      NewConnectionStatus: "Connected",
      NewLastConnectionError: "ERROR_NONE",
      NewUptime: expect.stringMatching(/^[5-9]$/),
    });
    expect(call("GetConnectionTypeInfo")).toEqual({
      NewConnectionType: "IP_Routed",
      NewPossibleConnectionTypes: "IP_Routed",
    });
    expect(call("GetNATRSIPStatus")).toEqual({ NewRSIPAvailable: "0", NewNATEnabled: "1" });
  });

  test("give a port, tell of it, and take it back", () => {
    const { call, reaches } = asking();
    expect(reaches(8000)).toBe(false);
    expect(call("AddPortMapping", wish())).toEqual({});
    expect(reaches(8000)).toBe(true);
    const entry = {
      NewInternalPort: "20818",
      NewInternalClient: "192.168.1.100",
      NewEnabled: "1",
      NewPortMappingDescription: "a cluster",
      NewLeaseDuration: expect.stringMatching(/^3(600|59\d)$/),
    };
    expect(call("GetSpecificPortMappingEntry", name())).toEqual(entry);
    expect(call("GetGenericPortMappingEntry", { NewPortMappingIndex: 0 })).toEqual({
      ...{ NewRemoteHost: "", NewExternalPort: "8000", NewProtocol: "UDP" },
      ...entry,
    });
    expect(call("GetGenericPortMappingEntry", { NewPortMappingIndex: 1 })).toBe(713);
    expect(call("DeletePortMapping", name())).toEqual({});
    expect(reaches(8000)).toBe(false);
    expect(call("GetSpecificPortMappingEntry", name())).toBe(714);
    expect(call("DeletePortMapping", name())).toBe(714);
  });

  test.each<readonly [string, Values, number]>([
    ["an argument that is missing", { NewExternalPort: 1 }, 402],
    ["no port", wish({ NewExternalPort: 0 }), 716],
    ["no port inside", wish({ NewInternalPort: 0 }), 402],
    ["a port that is none", wish({ NewExternalPort: 65536 }), 402],
    ["a port that is no number", wish({ NewExternalPort: "0x50" }), 402],
    ["a protocol without ports", wish({ NewProtocol: "GRE" }), 402],
    ["a client of another net", wish({ NewInternalClient: "10.0.0.1" }), 402],
    ["the gateway as a client", wish({ NewInternalClient: GATEWAY }), 402],
    ["all as a client", wish({ NewInternalClient: "192.168.1.255" }), 402],
    ["a client that is no address", wish({ NewInternalClient: "192.168.1.256" }), 402],
    ["a client with a name", wish({ NewInternalClient: "host" }), 402],
    ["neither on nor off", wish({ NewEnabled: "maybe" }), 402],
    ["a lease that is none", wish({ NewLeaseDuration: -1 }), 402],
    ["a lease beyond 32 bits", wish({ NewLeaseDuration: 4294967296 }), 402],
    ["a description that is a book", wish({ NewPortMappingDescription: "x".repeat(257) }), 402],
    ["a caller of one's own", wish({ NewRemoteHost: "203.0.113.1" }), 726],
  ])("refuse %s", (_what, values, error) => {
    const { call, site } = asking();
    expect(call("AddPortMapping", values)).toBe(error);
    expect(site.router.upnp!.mappings.entries).toEqual([]);
    expect(site.router.translation.forwards).toEqual([]);
  });

  test("keep a port for whoever has it, by whatever protocol", () => {
    const { call, site, station, world } = asking();
    const other = site.station("192.168.1.101");
    expect(call("AddPortMapping", wish())).toEqual({});
    expect(call("AddPortMapping", wish({ NewInternalClient: "192.168.1.101" }), other)).toBe(718);
    // NAT-PMP for UDP port 9000 (RFC 6886, 3.3).
    other.say(40000, `${GATEWAY}:5351`, Uint8Array.of(0, 1, 0, 0, 0x51, 0x52, 0x23, 0x28, 0, 0, 1, 0));
    world.pass(WAIT_NS);
    expect(call("AddPortMapping", wish({ NewExternalPort: 9000 }))).toBe(718);
    station.say(40000, "203.0.113.1:53", "query");
    expect(call("AddPortMapping", wish({ NewExternalPort: 40000 }))).toBe(718);
    expect(call("AddPortMapping", wish({ NewInternalPort: 1234 }))).toEqual({});
    expect(site.router.translation.forwards.map(({ port, to }) => `${port} ${to.port}`)).toEqual([
      "9000 20818",
      "8000 1234",
    ]);
  });

  test("a mapping that is not enabled is listed, and lets nothing in until it is", () => {
    const { call, reaches } = asking();
    call("AddPortMapping", wish({ NewEnabled: "false" }));
    expect(call("GetSpecificPortMappingEntry", name())).toMatchObject({ NewEnabled: "0" });
    expect(reaches(8000)).toBe(false);
    call("AddPortMapping", wish({ NewEnabled: "yes" }));
    expect(reaches(8000)).toBe(true);
    call("AddPortMapping", wish({ NewEnabled: 0 }));
    expect(reaches(8000)).toBe(false);
  });

  test("a mapping ends with its time, unless it is asked for again; one without a time stays", () => {
    const { call, reaches, world } = asking();
    call("AddPortMapping", wish({ NewLeaseDuration: 100 }));
    call("AddPortMapping", wish({ NewLeaseDuration: 0, NewExternalPort: 8001 }));
    world.pass(60 * SECOND_NS);
    call("AddPortMapping", wish({ NewLeaseDuration: 100 }));
    world.pass(60 * SECOND_NS);
    expect(reaches(8000)).toBe(true);
    world.pass(60 * SECOND_NS);
    expect(reaches(8000)).toBe(false);
    expect(call("GetSpecificPortMappingEntry", name())).toBe(714);
    expect(call("GetSpecificPortMappingEntry", name(8001))).toMatchObject({ NewLeaseDuration: "0" });
    expect(reaches(8001)).toBe(true);
  });

  test("what a gateway that knows no leases says", () => {
    const { call } = asking({ permanentLeasesOnly: true });
    expect(call("AddPortMapping", wish())).toBe(725);
    expect(call("AddPortMapping", wish({ NewLeaseDuration: 0 }))).toEqual({});
  });

  test("there is room for 128", () => {
    const { call, site } = asking();
    const { mappings } = site.router.upnp!;
    for (let port = 1; port <= 128; port++) expect(call("AddPortMapping", wish({ NewExternalPort: port }))).toEqual({});
    expect(call("AddPortMapping", wish({ NewExternalPort: 129 }))).toBe(501);
    expect(call("AddPortMapping", wish({ NewExternalPort: 128, NewEnabled: 0 }))).toEqual({});
    expect(mappings.entries).toHaveLength(128);
  });

  test("marks in a description come back as they were", () => {
    const { call } = asking();
    call("AddPortMapping", wish({ NewPortMappingDescription: "a &lt;b&gt; &amp; &#x63;&#233; <![CDATA[<d>]]>" }));
    expect(call("GetSpecificPortMappingEntry", name())).toMatchObject({
      NewPortMappingDescription: expect.stringMatching(/^a <b> & c.{1,2} <d>$/),
    });
  });

  test("a message whose header and body differ, or that is for another service, is refused", () => {
    const { ask, call } = asking();
    const message = soapRequest("GetStatusInfo", {});
    expect(resultsOf(ask(message.replace("#GetStatusInfo", "#GetExternalIPAddress")))).toBe(401);
    expect(resultsOf(ask(soapRequest("GetStatusInfo", {}, service("WANPPPConnection"))))).toBe(401);
    expect(resultsOf(ask(soapRequest("GetStatusInfo", {}, service("WANIPConnection", 2))))).toBe(401);
    expect(call("AddAnyPortMapping", wish())).toBe(401);
  });
});

describe("version 2", () => {
  const second = () => asking({ version: 2 });

  test("gives another port where the wanted one is taken", () => {
    const { call, site, reaches } = second();
    const other = site.station("192.168.1.101");
    expect(call("AddAnyPortMapping", wish({ NewInternalClient: "192.168.1.101" }), other)).toEqual({
      NewReservedPort: "8000",
    });
    expect(call("AddAnyPortMapping", wish())).toEqual({ NewReservedPort: "8001" });
    expect(call("AddAnyPortMapping", wish({ NewExternalPort: 8001 }))).toEqual({ NewReservedPort: "8001" });
    expect(reaches(8001)).toBe(true);
    expect(call("AddPortMapping", wish())).toBe(718);
  });

  test("lets a machine map ports to itself alone, and take back its own alone", () => {
    const { call, site } = second();
    const other = site.station("192.168.1.101");
    expect(call("AddPortMapping", wish({ NewInternalClient: "192.168.1.101" }))).toBe(606);
    expect(call("AddPortMapping", wish())).toEqual({});
    expect(call("DeletePortMapping", name(), other)).toBe(606);
    expect(call("DeletePortMappingRange", range(1, 65535), other)).toBe(730);
  });

  test.each([0, 604_801, 9_000_000])("a mapping for %i s is one for a week", (seconds) => {
    const { call } = second();
    call("AddPortMapping", wish({ NewLeaseDuration: seconds }));
    const { NewLeaseDuration: left } = call("GetSpecificPortMappingEntry", name()) as Record<string, string>;
    expect(Number(left)).toBeGreaterThan(604_780);
    expect(Number(left)).toBeLessThanOrEqual(604_800);
  });

  test("lists and takes back a range", () => {
    const { call, site } = second();
    for (const port of [8002, 8000, 8001, 9000]) call("AddPortMapping", wish({ NewExternalPort: port }));
    const listed = (most: number) => {
      const { NewPortListing: list } = call(
        "GetListOfPortMappings",
        range(1, 8999, { NewNumberOfPorts: most }),
      ) as Record<string, string>;
      return parseXml(list!)!.children.map((entry) => childrenOf(entry)["NewExternalPort"]);
    };
    expect(listed(0)).toEqual(["8000", "8001", "8002"]);
    expect(listed(2)).toEqual(["8000", "8001"]);
    expect(call("DeletePortMappingRange", range(9, 8))).toBe(733);
    expect(call("DeletePortMappingRange", range(8000, 8001))).toEqual({});
    expect(site.router.translation.forwards.map(({ port }) => port)).toEqual([8002, 9000]);
    expect(call("DeletePortMappingRange", range(8000, 8001))).toBe(730);
  });

  test.each<readonly [string, Values, number]>([
    ["no port inside", wish({ NewInternalPort: 0 }), 732],
    ["a port of NAT-PMP's", wish({ NewExternalPort: 9000 }), 729],
  ])("has an error of its own for %s", (_what, values, error) => {
    const { call, site, world } = second();
    site
      .station("192.168.1.101")
      .say(40000, `${GATEWAY}:5351`, Uint8Array.of(0, 1, 0, 0, 0x51, 0x52, 0x23, 0x28, 0, 0, 1, 0));
    world.pass(WAIT_NS);
    expect(call("AddPortMapping", values)).toBe(error);
  });
});

describe("a gateway that lies", () => {
  test("grants and lists what is dead", () => {
    const { call, reaches } = asking({ lies: { deadMappings: true } });
    expect(call("AddPortMapping", wish())).toEqual({});
    expect(call("GetSpecificPortMappingEntry", name())).toMatchObject({ NewEnabled: "1" });
    expect(reaches(8000)).toBe(false);
  });

  test("forgets every ten minutes; to add again does not help, to delete and add does", () => {
    const { call, reaches, world } = asking({ lies: { forgetsEveryNs: 600 * SECOND_NS } });
    call("AddPortMapping", wish({ NewLeaseDuration: 7200 }));
    expect(reaches(8000)).toBe(true);
    world.pass(600 * SECOND_NS);
    expect(call("GetSpecificPortMappingEntry", name())).toMatchObject({ NewEnabled: "1" });
    expect(call("AddPortMapping", wish({ NewLeaseDuration: 7200 }))).toEqual({});
    expect(reaches(8000)).toBe(false);
    call("DeletePortMapping", name());
    call("AddPortMapping", wish({ NewLeaseDuration: 7200 }));
    expect(reaches(8000)).toBe(true);
  });

  test("answers searches from another port", () => {
    expect(asking({ lies: { answersFromPort: 40001 } }).search("upnp:rootdevice")[0]!.from).toBe(`${GATEWAY}:40001`);
  });

  test("names another public address", () => {
    const { call } = asking({ lies: { publicAddress: addressNumber("10.1.2.3") } });
    expect(call("GetExternalIPAddress")).toEqual({ NewExternalIPAddress: "10.1.2.3" });
  });

  test.each([
    [false, true],
    [true, false],
  ])("with its power it loses what has a time, and, if it lies (%s), what has none", (forgetsAtReboot, isKept) => {
    const { call, reaches, search, site, world } = asking({ lies: { forgetsAtReboot } });
    call("AddPortMapping", wish());
    call("AddPortMapping", wish({ NewExternalPort: 8001, NewLeaseDuration: 0 }));
    site.router.reboot(world.network.nowNs);
    world.pass(3 * SECOND_NS);
    expect([reaches(8000), reaches(8001)]).toEqual([false, isKept]);
    expect(call("GetSpecificPortMappingEntry", name())).toBe(714);
    expect(typeof call("GetSpecificPortMappingEntry", name(8001))).toBe(isKept ? "object" : "number");
    expect(search("upnp:rootdevice")[0]!.text).toContain("BOOTID.UPNP.ORG: 2\r\n");
    expect(call("GetStatusInfo")).toMatchObject({ NewUptime: expect.stringMatching(/^[3-9]$/) });
  });
});

describe("strangers", () => {
  const envelope = (content: string): string => `<Envelope><Body>${content}</Body></Envelope>`;
  const head = (lines: string): string => `POST /ctl/WANIPCn HTTP/1.1\r\n${lines}\r\n\r\n`;

  test.each<readonly [string, string, number]>([
    ["no request", "what?\r\n\r\n", 400],
    ["another version", "GET / HTTP/2.0\r\n\r\n", 400],
    ["a folded header", "GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n", 400],
    ["a head without end", "GET /".padEnd(4096, "x"), 431],
    ["too many headers", `GET / HTTP/1.1\r\n${"A: 1\r\n".repeat(65)}\r\n`, 400],
    ["a path that is not there", get("/etc/passwd"), 404],
    ["another method", get("/rootDesc.xml").replace("GET", "PUT"), 405],
    ["a control that is read", get("/ctl/WANIPCn"), 405],
    ["a subscription", get("/evt").replace("GET", "SUBSCRIBE"), 501],
    ["no length", head("A: 1"), 411],
    ["pieces", head("Transfer-Encoding: chunked"), 411],
    ["a length that is none", head("Content-Length: -1"), 400],
    ["a length in words", head("Content-Length: 1e3"), 400],
    ["two lengths", head("Content-Length: 3\r\nContent-Length: 4"), 400],
    ["a length beyond bounds", head("Content-Length: 8193"), 413],
    ["a length beyond numbers", head(`Content-Length: ${"9".repeat(15)}`), 413],
    ["no action", post("<a/>", ""), 400],
    ["no XML", post("{}"), 400],
    ["two documents", post("<a/><a/>"), 400],
    ["tags that cross", post("<a><b></a></b>"), 400],
    ["a document that ends early", post(`<Envelope><Body><GetExternalIPAddress/>`), 400],
    ["an entity of one's own", post(`<!DOCTYPE a [<!ENTITY b "c">]>${envelope("<GetExternalIPAddress/>")}`), 400],
    ["an entity that is not there", post(envelope("<GetExternalIPAddress>&b;</GetExternalIPAddress>")), 400],
    ["a character that is none", post(envelope("<GetExternalIPAddress>&#0;</GetExternalIPAddress>")), 400],
    ["half a character", post(envelope("<GetExternalIPAddress>&#xd800;</GetExternalIPAddress>")), 400],
    ["a comment without end", post(`<!-- ${envelope("<GetExternalIPAddress/>")}`), 400],
    ["a deep document", post("<a>".repeat(9) + "</a>".repeat(9)), 400],
    ["a broad document", post(envelope("<a/>".repeat(63))), 400],
    ["an empty body", post(envelope("")), 400],
    ["no envelope", post("<Body><GetExternalIPAddress/></Body>"), 400],
    ["something else in the envelope", post(envelope("<Reboot/>")), 500],
  ])("%s is answered by an error", (_what, request, status) => {
    const { ask, call } = asking();
    expect(ask(request)?.status).toBe(status);
    expect(call("GetExternalIPAddress")).toEqual({ NewExternalIPAddress: PUBLIC });
  });

  test("bytes that are no UTF-8 are answered by an error", () => {
    const request = Buffer.from(post(envelope("<GetExternalIPAddress>??</GetExternalIPAddress>")));
    request.fill(0xff, request.indexOf("??"), request.indexOf("??") + 2);
    expect(asking().ask(request)?.status).toBe(400);
  });

  test("a message as long as there is room for is understood", () => {
    const { ask } = asking();
    const body = envelope("<GetExternalIPAddress/>");
    expect(resultsOf(ask(post(body.padEnd(8192))))).toEqual({ NewExternalIPAddress: PUBLIC });
    expect(ask(post(body.padEnd(8193)))!.status).toBe(413);
  });

  test("a message in another dress is understood", () => {
    const { ask } = asking();
    const body =
      "\n<!-- a --><SOAP-ENV:Envelope a='1'\n b = \"2\" >\n<SOAP-ENV:Body><m:GetExternalIPAddress xmlns:m='x'/>" +
      "</SOAP-ENV:Body></SOAP-ENV:Envelope >\n";
    const request = post(body).replace("SOAPACTION", "soapaction").replaceAll("\r\nHost", "\r\nA:\r\nHost");
    expect(resultsOf(ask(request))).toEqual({ NewExternalIPAddress: PUBLIC });
  });

  test("whoever says nothing, or half, is gone after half a minute, and eight of them keep others out no longer", () => {
    const { station, world, site, call } = asking();
    const idle = Array.from({ length: 8 }, (_, index) => new Conversation(world, station, 100 + index));
    for (const one of idle) expect(one.open()).toBe(true);
    idle[0]!.write(Buffer.from("GET /rootDesc"));
    const ninth = new Conversation(world, station, 108);
    expect(ninth.open()).toBe(false);
    expect(ninth.isReset).toBe(true);
    world.pass(30 * SECOND_NS);
    expect(site.router.upnp!.http.connections).toBe(0);
    expect(call("GetExternalIPAddress")).toEqual({ NewExternalIPAddress: PUBLIC });
  });

  test("connections that were never completed go by themselves", () => {
    const { station, world, site } = asking();
    for (let port = 1; port <= 20; port++) new Conversation(world, station, port).send(SYN);
    expect(site.router.upnp!.http.connections).toBe(8);
    world.pass(31 * SECOND_NS);
    expect(site.router.upnp!.http.connections).toBe(0);
    expect(world.network.nextEventNs).toBe(Infinity);
  });

  test("whoever ends before all is said gets an error; one that resets gets nothing", () => {
    const { station, world, site } = asking();
    const half = new Conversation(world, station, 1);
    half.open();
    half.write(Buffer.from("POST"));
    half.end();
    half.wait();
    expect(half.received).toMatch(/^HTTP\/1\.1 400 /);
    const gone = new Conversation(world, station, 2);
    gone.open();
    gone.send(RST | ACK);
    expect(gone.received).toBe("");
    expect(site.router.upnp!.http.connections).toBe(1);
  });

  test("a segment of no connection is refused, and other ports say nothing", () => {
    const { station, world } = asking();
    const stray = new Conversation(world, station, 1);
    stray.send(ACK);
    expect(stray.isReset).toBe(true);
    const other = new Conversation(world, station, 2);
    other.send(SYN, new Uint8Array(0), 1000, 22);
    expect(other.isReset).toBe(false);
  });

  test("from outside there is nothing", () => {
    const { world, site } = asking();
    const outside = new Conversation(world, world.hosts[0]!, 1, PUBLIC);
    expect(outside.open()).toBe(false);
    expect([outside.isReset, site.router.upnp!.http.connections]).toEqual([false, 0]);
  });

  test.each([7, 8, 9])("a cable that loses a fifth of all frames costs time alone (seed %i)", (turns) => {
    const { ask, call, site } = asking();
    for (const end of [0, 1] as const) site.cable.setTrouble(end, { ...NO_TROUBLE, lostPercent: 20 });
    for (let turn = 0; turn < turns - 6; turn++) call("GetExternalIPAddress");
    expect(ask(get("/WANIPCn.xml"))?.status).toBe(200);
    expect(call("AddPortMapping", wish())).toEqual({});
  });

  const cases = casesOf("emulator/ether/igd");

  test(`whatever is changed in a message, the device goes on (${cases.title})`, { timeout: 600_000 }, () => {
    const { ask, call, site } = asking({ version: 2 });
    const valid = soapRequest("AddPortMapping", wish(), service("WANIPConnection", 2));
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const random = new Random(seed, "hostile UPnP");
      const bytes = Buffer.from(valid);
      for (let change = random.below(6) + 1; change > 0; change--) {
        const at = random.below(bytes.length);
        if (random.chance(50)) bytes[at] = random.below(256);
        else bytes.copyWithin(at, random.below(bytes.length));
      }
      ask(bytes.subarray(0, random.chance(20) ? random.below(bytes.length) + 1 : bytes.length));
      expect(site.router.upnp!.http.connections, cases.repeat(seed)).toBeLessThanOrEqual(8);
    }
    expect(site.router.upnp!.mappings.entries.length).toBeLessThanOrEqual(128);
    expect(call("GetExternalIPAddress")).toEqual({ NewExternalIPAddress: PUBLIC });
  });
});

test("a state that is saved in the middle of a connection goes on as it would have", () => {
  const run = (isSaved: boolean): string => {
    const { world, station, site, call } = asking();
    call("AddPortMapping", wish());
    const conversation = new Conversation(world, station, 1);
    conversation.open();
    const request = Buffer.from(soapRequest("GetSpecificPortMappingEntry", name()));
    conversation.write(request.subarray(0, 100));
    if (isSaved) {
      const writer = new StateWriter();
      site.router.visitState(writer);
      const state = writer.result();
      site.router.reboot(world.network.nowNs);
      const reader = new StateReader(state);
      site.router.visitState(reader);
      reader.end();
      const again = new StateWriter();
      site.router.visitState(again);
      expect(Buffer.compare(again.result(), state)).toBe(0);
    }
    conversation.write(request.subarray(100));
    conversation.wait();
    return conversation.received;
  };
  expect(run(false)).toMatch(/^HTTP\/1\.1 200 /);
  expect(run(true)).toBe(run(false));
});

test("tshark reads searches, documents and messages, and finds nothing wrong with them", (context) => {
  const tshark = requireOracle("tshark", context);
  const { world, site, search, ask, call } = asking();
  const chunks: Uint8Array[] = [];
  world.network.captureTo(new PcapngWriter((bytes) => void chunks.push(bytes.slice())), [site.cable]);
  search("ssdp:all");
  for (const path of ["/rootDesc.xml", "/WANIPCn.xml"]) ask(get(path));
  call("AddPortMapping", wish());
  call("DeletePortMapping", name(9));
  withFolder((folder) => {
    const file = join(folder, "igd.pcapng");
    writeFileSync(file, Buffer.concat(chunks));
    const read = (filter: string, ...fields: string[]): string[] => {
      const all = ["-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", filter];
      const run = spawnSync(tshark, [...all, "-T", "fields", ...fields.flatMap((field) => ["-e", field])], {
        encoding: "utf8",
      });
      expect(run.status, run.stderr).toBe(0);
      return run.stdout.split("\n").filter(Boolean);
    };
    const wrong = "_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0";
    expect(read(wrong, "frame.number", "_ws.expert.message")).toEqual([]);
    expect(read("ssdp && http.response", "http.response.code")).toHaveLength(10);
    expect(read("http.response && !ssdp && xml", "http.response.code")).toEqual(["200", "200", "200", "500"]);
  });
});
