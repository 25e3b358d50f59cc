/**
 * The Internet gateway device of UPnP (IGD:1, IGD:2): it is found by SSDP, describes itself by HTTP, and does what
 * messages of SOAP ask it for. Programs behind a home gateway get ports by it where there is neither NAT-PMP nor PCP.
 */
import type { Stateful, StateVisitor } from "../../../state/state.ts";
import { formatIpv4, get32, type Ipv4Address, type Ipv4Packet } from "../../packet.ts";
import { Liar, type RouterLies } from "../lies.ts";
import type { Endpoint, Translation } from "../translation.ts";
import {
  controlPath,
  DESCRIPTION_PATH,
  DEVICES,
  deviceDescription,
  deviceType,
  scpdPath,
  serviceDescription,
} from "./description.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { HttpServer } from "./http-server.ts";
import { addressText, PortMappings, type PortMappingsConfig, type Results } from "./port-mappings.ts";
import { ActionError, Arguments, actionsOf, SERVICES, type ServiceName, serviceType } from "./services.ts";
import { found, type SearchTarget, searchAnswer, searchTarget } from "./ssdp.ts";
import { escapeXml, parseXml, type XmlElement, xmlElement } from "./xml.ts";

export interface GatewayDeviceConfig extends PortMappingsConfig {
  readonly lies?: RouterLies;
}

/** Of the gateway that it is in. */
export interface GatewayDeviceHost {
  readonly name: string;
  /** On the LAN. */
  readonly address: Ipv4Address;
  /** By which its unique name differs from that of other gateways. */
  readonly mac: Uint8Array;
  readonly translation: Translation;
  publicAddress(): number;
  isLocal(address: number): boolean;
}

export const HTTP_PORT = 5000;
const SERVER = "QuRe/1 UPnP/1.1 gateway/1";
const SECOND_NS = 1e9;
const XML_TYPE = { "Content-Type": 'text/xml; charset="utf-8"', Server: SERVER };
const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
const ENVELOPE =
  's:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"';

type Run = (values: Arguments, caller: { readonly address: number; readonly nowNs: number }) => Results;

export class GatewayDevice implements Stateful {
  readonly mappings: PortMappings;
  readonly http: HttpServer;
  readonly #config: GatewayDeviceConfig;
  readonly #host: GatewayDeviceHost;
  readonly #liar: Liar;
  /** Of each of its devices, the outer first. */
  readonly #names: readonly string[];
  readonly #targets: readonly SearchTarget[];
  readonly #documents: ReadonlyMap<string, string>;
  readonly #run: Readonly<Record<string, Run>>;
  #boots = 1;
  #bornNs = 0;

  constructor(config: GatewayDeviceConfig, host: GatewayDeviceHost) {
    const { version, lies = {} } = config;
    this.#config = config;
    this.#host = host;
    this.#liar = new Liar(lies, host.translation);
    this.mappings = new PortMappings(config, host.translation, this.#liar, host.isLocal);
    const digits = Array.from(host.mac, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#names = DEVICES.map((_, index) => `uuid:51755265-0000-4000-800${index}-${digits}`);
    this.#targets = [
      { type: "upnp:rootdevice", name: this.#names[0]! },
      ...DEVICES.flatMap(({ name, services }, index) =>
        [
          this.#names[index]!,
          deviceType(name, version),
          ...services.map((service) => serviceType(service, version)),
        ].map((type) => ({ type, name: this.#names[index]! })),
      ),
    ];
    this.#documents = new Map([
      [DESCRIPTION_PATH, deviceDescription(version, host.name, this.#names)],
      ...SERVICE_NAMES.map((name) => [scpdPath(name), serviceDescription(name, version)] as const),
    ]);
    this.#run = { ...this.#statusActions(), ...this.mappings.actions };
    this.http = new HttpServer(host.address, HTTP_PORT, (request, from, nowNs) => this.#request(request, from, nowNs));
  }

  /** The answers to a datagram to port 1900, of the group or of its own address. */
  search(message: Uint8Array, isForAll: boolean): readonly Uint8Array[] {
    const wanted = searchTarget(message, isForAll);
    if (wanted === null) return [];
    const location = `http://${formatIpv4(this.#host.address)}:${HTTP_PORT}${DESCRIPTION_PATH}`;
    const advertisement = { location, server: SERVER, boots: this.#boots };
    return found(this.#targets, wanted).map((target) => searchAnswer(target, advertisement));
  }

  /** What is to be sent for a packet to its address, by TCP. */
  packet(packet: Ipv4Packet, nowNs: number): readonly Ipv4Packet[] {
    return this.#host.isLocal(get32(packet.source, 0)) ? this.http.packet(packet, nowNs) : [];
  }

  tick(nowNs: number): void {
    this.mappings.tick(nowNs);
  }

  /** Its power fails and comes back. */
  reset(nowNs: number): void {
    this.#boots++;
    this.#bornNs = nowNs;
    this.http.reset();
    this.mappings.reset();
  }

  // ---- HTTP

  #request(request: HttpRequest, from: Endpoint, nowNs: number): HttpResponse {
    const { method, target } = request;
    const document = this.#documents.get(target);
    if (document !== undefined)
      return method === "GET"
        ? { status: 200, headers: XML_TYPE, body: document }
        : { status: 405, headers: { Allow: "GET" } };
    const service = SERVICE_NAMES.find((name) => controlPath(name) === target);
    if (service === undefined) return { status: method === "GET" || method === "POST" ? 404 : 501 };
    if (method !== "POST") return { status: 405, headers: { Allow: "POST" } };
    return this.#control(service, request, { address: from.address, nowNs });
  }

  /** UPnP Device Architecture 1.0, 3.2. */
  #control(service: ServiceName, request: HttpRequest, caller: Parameters<Run>[1]): HttpResponse {
    const asked = actionIn(request);
    if (asked === null) return { status: 400 };
    try {
      const results = this.#call(service, asked, caller);
      const type = asked.type;
      const values = Object.entries(results).map(([name, value]) => xmlElement(name, textOf(name, value)));
      return soap(200, xmlElement(`u:${asked.element.name}Response xmlns:u="${type}"`, ...values));
    } catch (error) {
      if (error instanceof ActionError) return soap(500, fault(error));
      throw error;
    }
  }

  #call(service: ServiceName, { type, action, element }: Asked, caller: Parameters<Run>[1]): Results {
    const { version } = this.#config;
    const isOurs = ([version, 1] as const).some((each) => type === serviceType(service, each));
    const form = actionsOf(service, version).find(([name]) => name === action)?.[1];
    if (!isOurs || !form || element.name !== action) throw new ActionError(401);
    const values = new Map(element.children.map(({ name, text }) => [name, text]));
    const results = this.#run[action]!(new Arguments(values), caller);
    return Object.fromEntries(form.gives.map((name) => [name, results[name]!]));
  }

  /** What is the same for each caller. */
  #statusActions(): Readonly<Record<string, Run>> {
    return {
      GetDefaultConnectionService: () => ({
        NewDefaultConnectionService: `${this.#names.at(-1)}:${deviceType("WANConnectionDevice", this.#config.version)},urn:upnp-org:serviceId:WANIPConn1`,
      }),
      GetCommonLinkProperties: () => ({
        NewWANAccessType: "Ethernet",
        NewLayer1UpstreamMaxBitRate: "100000000",
        NewLayer1DownstreamMaxBitRate: "100000000",
        NewPhysicalLinkStatus: "Up",
      }),
      GetConnectionTypeInfo: () => ({ NewConnectionType: "IP_Routed", NewPossibleConnectionTypes: "IP_Routed" }),
      GetStatusInfo: (_, { nowNs }) => ({
        NewConnectionStatus: "Connected",
        NewLastConnectionError: "ERROR_NONE",
        NewUptime: String(Math.floor((nowNs - this.#bornNs) / SECOND_NS)),
      }),
      GetNATRSIPStatus: () => ({ NewRSIPAvailable: "0", NewNATEnabled: "1" }),
      GetExternalIPAddress: () => ({
        NewExternalIPAddress: addressText(this.#liar.lies.publicAddress ?? this.#host.publicAddress()),
      }),
    };
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("gateway device", 1);
    this.#boots = visitor.integer(this.#boots);
    this.#bornNs = visitor.integer(this.#bornNs);
    this.#liar.visitState(visitor);
    this.mappings.visitState(visitor);
    this.http.visitState(visitor);
  }
}

/** What a message asks for: by its header, and by the element in its body. */
interface Asked {
  readonly type: string;
  readonly action: string;
  readonly element: XmlElement;
}

/** Null: it is no message of SOAP. */
function actionIn({ headers, body }: HttpRequest): Asked | null {
  const [, type, action] = /^"?([\w:.-]{1,128})#(\w{1,64})"?$/.exec(headers.get("soapaction") ?? "") ?? [];
  const text = decode(body);
  const envelope = text === null ? null : parseXml(text);
  const element = envelope?.children.find(({ name }) => name === "Body")?.children[0];
  if (type === undefined || action === undefined || envelope?.name !== "Envelope" || !element) return null;
  return { type, action, element };
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const soap = (status: 200 | 500, content: string): HttpResponse => ({
  status,
  headers: { ...XML_TYPE, EXT: "" },
  body: `<?xml version="1.0"?>\n${xmlElement(ENVELOPE, xmlElement("s:Body", content))}\n`,
});

/** MiniUPnPc reads a document within a message as CDATA alone. In a document no ">" of a description's is left. */
const textOf = (name: string, value: string): string =>
  name === "NewPortListing" ? `<![CDATA[${value}]]>` : escapeXml(value);

const fault = ({ code, message }: ActionError): string =>
  xmlElement(
    "s:Fault",
    xmlElement("faultcode", "s:Client"),
    xmlElement("faultstring", "UPnPError"),
    xmlElement(
      "detail",
      xmlElement(
        'UPnPError xmlns="urn:schemas-upnp-org:control-1-0"',
        xmlElement("errorCode", String(code)),
        xmlElement("errorDescription", message),
      ),
    ),
  );
