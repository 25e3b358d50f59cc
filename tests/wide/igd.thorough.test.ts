/** Gateways that give ports by UPnP alone, what they say that is not so, and answers that are made to harm. */
import { afterEach, expect, test } from "vitest";
import { formatIpv4, get16, parseIpv4 } from "../../emulator/ether/packet.ts";
import type { HttpResponse } from "../../emulator/ether/wide/upnp/http.ts";
import { HttpServer } from "../../emulator/ether/wide/upnp/http-server.ts";
import type { PortMappingOptions } from "../../src/lab/sites.ts";
import { delegateOf, FORWARDED, link, listen, MUTE, said, type World, worldOf } from "./worlds.ts";

const HUB = "198.51.100.1";
const GATEWAY = "192.168.1.1";
const SILENT = { pcp: false, natPmp: false };
let open: World[] = [];

afterEach(() => {
  for (const { lab } of open) lab.close();
  open = [];
});

/** A hub with a door, and a den whose gateway is asked. */
async function denBehind(portMapping: PortMappingOptions): Promise<World> {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "den", nodes: 1, portMapping: { ...SILENT, ...portMapping } },
  ]);
  open.push(world);
  return world;
}

const REACHED = /hub sees 198\.51\.100\.2, and reached it \d+ s ago/;
const NOT_REACHED = /hub sees 198\.51\.100\.2, and has not reached it/;
const ONLY = /its port 20819 leads here, and that it is 198\.51\.100\.2\n {2}so it is the only gateway/;

test.each<[string, PortMappingOptions, readonly RegExp[]]>([
  ["its second version gives ports to whoever asks alone", { igd: 2 }, [REACHED, ONLY]],
  [
    "mappings for ever alone, another address",
    { permanentLeasesOnly: true, lies: { publicAddress: "203.0.113.5" } },
    [REACHED, /that it is 203\.0\.113\.5\n {2}so there is another gateway/],
  ],
  ["a dead mapping, answers from another port", { lies: { deadMappings: true, answersFromPort: 9999 } }, [NOT_REACHED]],
  ["mappings that it forgets every minute", { lies: { forgetsEvery: "60s" } }, [REACHED]],
])("a gateway that has UPnP alone: %s", async (_, portMapping, patterns) => {
  const world = await denBehind(portMapping);
  expect(await link(world, "hub", "den", HUB)).toContain("linked with");
  await world.lab.advance(portMapping.lies?.forgetsEvery === undefined ? "40s" : "115s");
  const seen = await said(delegateOf(world, "den"), "cloud public");
  for (const pattern of patterns) expect(seen).toMatch(pattern);
});

interface Answers {
  readonly location?: string;
  readonly description?: Partial<HttpResponse>;
  readonly control?: Partial<HttpResponse>;
}

const ELSEWHERE = "203.0.113.9";
const described = (controlUrl: string): Partial<HttpResponse> => ({
  body: `<root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>${controlUrl}</controlURL></service></root>`,
});

const HOSTILE: readonly Answers[] = [
  { location: `http://${ELSEWHERE}:5000/d` },
  { location: `http://${GATEWAY}:5000/${"d".repeat(400)}` },
  { description: { status: 302 as 200, headers: { Location: `http://${ELSEWHERE}/d` } } },
  { description: { body: "<service>".repeat(5000) } },
  { description: described(`http://${ELSEWHERE}/c`) },
  { description: described("/c"), control: { status: 500, body: "<errorCode>718</errorCode>" } },
  { description: described("c"), control: { body: "<NewExternalIPAddress>1.2.3.4.5.6" } },
];

test("a gateway that means harm has nobody else asked, and one that does not is believed after it", async () => {
  const world = await denBehind({});
  const router = world.lab.cluster.world!.routers[1]!;
  const device = router.upnp!;
  const { search, http } = device;
  let searches = 0;
  const answers = (): Answers => HOSTILE[Math.floor((searches - 1) / 2) % HOSTILE.length]!;
  device.search = (message, isForAll) => {
    searches++;
    const { location } = answers();
    return search.call(device, message, isForAll).map((answer) => {
      const text = new TextDecoder().decode(answer);
      return new TextEncoder().encode(location === undefined ? text : text.replace(/http:\S+/, location));
    });
  };
  const asked: string[] = [];
  const hostile = new HttpServer(parseIpv4(GATEWAY), 5000, ({ method, target }) => {
    asked.push(`${method} ${target}`);
    const { description, control } = answers();
    return { status: 200, ...(method === "POST" ? control : description) };
  });
  Object.defineProperty(device, "http", { value: hostile, configurable: true });
  const heard = listen(world, 1);
  expect(await link(world, "hub", "den", HUB)).toContain("linked with");
  for (let round = 0; round < HOSTILE.length && searches < 2 * HOSTILE.length; round++) await world.lab.advance("80s");
  const tcp = heard.out.filter((frame) => get16(frame, 12) === 0x0800 && frame[23] === 6);
  expect(new Set(tcp.map((frame) => formatIpv4(frame.subarray(30, 34))))).toEqual(new Set([GATEWAY]));
  expect(asked).toContain("GET /rootDesc.xml");
  expect(asked.filter((line) => line === "POST /c")).toHaveLength(7);
  const den = delegateOf(world, "den");
  expect(await said(den, "cloud public")).toMatch(NOT_REACHED);
  Object.defineProperty(device, "http", { value: http });
  device.search = search;
  await world.lab.advance("100s");
  expect(await said(den, "cloud public")).toMatch(REACHED);
});
