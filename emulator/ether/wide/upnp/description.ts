/** What a device says of itself: its description and that of its services (UPnP Device Architecture 1.0, 2). */
import {
  actionsOf,
  type DeviceVersion,
  formOf,
  SERVICES,
  type ServiceName,
  serviceType,
  variableOf,
} from "./services.ts";
import { xmlElement as element, escapeXml } from "./xml.ts";

const PROLOGUE = '<?xml version="1.0"?>\n';
export const DESCRIPTION_PATH = "/rootDesc.xml";

export interface DeviceForm {
  readonly name: string;
  readonly services: readonly ServiceName[];
}

/** One inside the other, the first the root. */
export const DEVICES: readonly DeviceForm[] = [
  { name: "InternetGatewayDevice", services: ["Layer3Forwarding"] },
  { name: "WANDevice", services: ["WANCommonInterfaceConfig"] },
  { name: "WANConnectionDevice", services: ["WANIPConnection"] },
];

export const deviceType = (name: string, version: DeviceVersion): string =>
  `urn:schemas-upnp-org:device:${name}:${version}`;

export const scpdPath = (name: ServiceName): string => `/${SERVICES[name].path}.xml`;
export const controlPath = (name: ServiceName): string => `/ctl/${SERVICES[name].path}`;

/** `names`: the unique name of each device, with its "uuid:". */
export function deviceDescription(version: DeviceVersion, title: string, names: readonly string[]): string {
  const inner = DEVICES.reduceRight((within, { name, services }, index) => {
    const list = services.map((service) =>
      element(
        "service",
        element("serviceType", serviceType(service, version)),
        element("serviceId", `urn:upnp-org:serviceId:${SERVICES[service].id}`),
        element("SCPDURL", scpdPath(service)),
        element("controlURL", controlPath(service)),
        element("eventSubURL"),
      ),
    );
    return element(
      "device",
      element("deviceType", deviceType(name, version)),
      element("friendlyName", escapeXml(title)),
      element("manufacturer", "QuRe"),
      element("modelName", "Emulated home gateway"),
      element("UDN", names[index]!),
      element("serviceList", ...list),
      ...(within === "" ? [] : [element("deviceList", within)]),
    );
  }, "");
  const body = element('root xmlns="urn:schemas-upnp-org:device-1-0"', SPEC_VERSION, inner);
  return `${PROLOGUE}${body}\n`;
}

const SPEC_VERSION = element("specVersion", element("major", "1"), element("minor", "0"));

export function serviceDescription(name: ServiceName, version: DeviceVersion): string {
  const actions = actionsOf(name, version);
  const argument = (direction: "in" | "out") => (argumentName: string) =>
    element(
      "argument",
      element("name", argumentName),
      element("direction", direction),
      element("relatedStateVariable", variableOf(argumentName)),
    );
  const list = actions.map(([action, { takes, gives }]) =>
    element(
      "action",
      element("name", action),
      element("argumentList", ...takes.map(argument("in")), ...gives.map(argument("out"))),
    ),
  );
  const variables = new Set(actions.flatMap(([, { takes, gives }]) => [...takes, ...gives].map(variableOf)));
  const table = [...variables].map((variable) => {
    const { type, values = [] } = formOf(variable);
    const allowed = values.map((value) => element("allowedValue", value));
    return element(
      'stateVariable sendEvents="no"',
      element("name", variable),
      element("dataType", type),
      ...(allowed.length === 0 ? [] : [element("allowedValueList", ...allowed)]),
    );
  });
  const body = element(
    'scpd xmlns="urn:schemas-upnp-org:service-1-0"',
    SPEC_VERSION,
    element("actionList", ...list),
    element("serviceStateTable", ...table),
  );
  return `${PROLOGUE}${body}\n`;
}
