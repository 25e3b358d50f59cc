/**
 * The services of an Internet gateway device as tables: their state variables, and what each action takes and gives.
 * Descriptions are made of them, and messages are checked by them. Sources: WANIPConnection:1 and :2,
 * WANCommonInterfaceConfig:1 and Layer3Forwarding:1 of the UPnP Forum.
 */
export type DeviceVersion = 1 | 2;

/** Of UPnP Device Architecture 1.0, table 3-3, and WANIPConnection:2, 2.6. */
const ACTION_ERRORS = {
  401: "Invalid Action",
  402: "Invalid Args",
  501: "Action Failed",
  606: "Action not authorized",
  713: "SpecifiedArrayIndexInvalid",
  714: "NoSuchEntryInArray",
  716: "WildCardNotPermittedInExtPort",
  718: "ConflictInMappingEntry",
  725: "OnlyPermanentLeasesSupported",
  726: "RemoteHostOnlySupportsWildcard",
  728: "NoPortMapsAvailable",
  729: "ConflictWithOtherMechanisms",
  730: "PortMappingNotFound",
  732: "WildCardNotPermittedInIntPort",
  733: "InconsistentParameters",
} as const;

export type ActionErrorCode = keyof typeof ACTION_ERRORS;

export class ActionError extends Error {
  readonly code: ActionErrorCode;

  constructor(code: ActionErrorCode) {
    super(ACTION_ERRORS[code]);
    this.code = code;
  }
}

export interface ActionForm {
  readonly takes: readonly string[];
  readonly gives: readonly string[];
  /** 1 when absent. */
  readonly since?: DeviceVersion;
}

interface Variable {
  readonly type: "ui2" | "ui4" | "string" | "boolean";
  readonly values?: readonly string[];
}

export interface ServiceForm {
  /** Null: that of the device. */
  readonly version: DeviceVersion | null;
  readonly id: string;
  readonly path: string;
  readonly actions: Readonly<Record<string, ActionForm>>;
}

const ENTRY = ["NewInternalPort", "NewInternalClient", "NewEnabled", "NewPortMappingDescription", "NewLeaseDuration"];
const NAME = ["NewRemoteHost", "NewExternalPort", "NewProtocol"];
const RANGE = ["NewStartPort", "NewEndPort", "NewProtocol", "NewManage"];

export const SERVICES = {
  Layer3Forwarding: {
    version: 1,
    id: "L3Forwarding1",
    path: "L3F",
    actions: { GetDefaultConnectionService: { takes: [], gives: ["NewDefaultConnectionService"] } },
  },
  WANCommonInterfaceConfig: {
    version: 1,
    id: "WANCommonIFC1",
    path: "WANCfg",
    actions: {
      GetCommonLinkProperties: {
        takes: [],
        gives: [
          "NewWANAccessType",
          "NewLayer1UpstreamMaxBitRate",
          "NewLayer1DownstreamMaxBitRate",
          "NewPhysicalLinkStatus",
        ],
      },
    },
  },
  WANIPConnection: {
    version: null,
    id: "WANIPConn1",
    path: "WANIPCn",
    actions: {
      GetConnectionTypeInfo: { takes: [], gives: ["NewConnectionType", "NewPossibleConnectionTypes"] },
      GetStatusInfo: { takes: [], gives: ["NewConnectionStatus", "NewLastConnectionError", "NewUptime"] },
      GetNATRSIPStatus: { takes: [], gives: ["NewRSIPAvailable", "NewNATEnabled"] },
      GetExternalIPAddress: { takes: [], gives: ["NewExternalIPAddress"] },
      AddPortMapping: { takes: [...NAME, ...ENTRY], gives: [] },
      AddAnyPortMapping: { takes: [...NAME, ...ENTRY], gives: ["NewReservedPort"], since: 2 },
      DeletePortMapping: { takes: NAME, gives: [] },
      DeletePortMappingRange: { takes: RANGE, gives: [], since: 2 },
      GetGenericPortMappingEntry: { takes: ["NewPortMappingIndex"], gives: [...NAME, ...ENTRY] },
      GetSpecificPortMappingEntry: { takes: NAME, gives: ENTRY },
      GetListOfPortMappings: { takes: [...RANGE, "NewNumberOfPorts"], gives: ["NewPortListing"], since: 2 },
    },
  },
} as const satisfies Readonly<Record<string, ServiceForm>>;

export type ServiceName = keyof typeof SERVICES;

/** The state variable that an argument is of, where that is not its name without "New". */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  NewProtocol: "PortMappingProtocol",
  NewEnabled: "PortMappingEnabled",
  NewLeaseDuration: "PortMappingLeaseDuration",
  NewReservedPort: "ExternalPort",
  NewStartPort: "ExternalPort",
  NewEndPort: "ExternalPort",
  NewPortMappingIndex: "PortMappingNumberOfEntries",
  NewNumberOfPorts: "PortMappingNumberOfEntries",
  NewManage: "A_ARG_TYPE_Manage",
  NewPortListing: "A_ARG_TYPE_PortListing",
};

/** Those that are not just text. */
const VARIABLES: Readonly<Record<string, Variable>> = {
  Layer1UpstreamMaxBitRate: { type: "ui4" },
  Layer1DownstreamMaxBitRate: { type: "ui4" },
  WANAccessType: { type: "string", values: ["Ethernet"] },
  PhysicalLinkStatus: { type: "string", values: ["Up", "Down"] },
  ConnectionStatus: { type: "string", values: ["Connected", "Disconnected"] },
  LastConnectionError: { type: "string", values: ["ERROR_NONE"] },
  Uptime: { type: "ui4" },
  RSIPAvailable: { type: "boolean" },
  NATEnabled: { type: "boolean" },
  ExternalPort: { type: "ui2" },
  InternalPort: { type: "ui2" },
  PortMappingProtocol: { type: "string", values: ["TCP", "UDP"] },
  PortMappingEnabled: { type: "boolean" },
  PortMappingLeaseDuration: { type: "ui4" },
  PortMappingNumberOfEntries: { type: "ui2" },
  A_ARG_TYPE_Manage: { type: "boolean" },
};
const TEXT: Variable = { type: "string" };

export const variableOf = (argument: string): string => VARIABLE_OF[argument] ?? argument.slice("New".length);

export const formOf = (variable: string): Variable => VARIABLES[variable] ?? TEXT;

/** Its actions, by name, as a device of a version has them. */
export const actionsOf = (name: ServiceName, version: DeviceVersion): readonly (readonly [string, ActionForm])[] =>
  Object.entries<ActionForm>(SERVICES[name].actions).filter(([, { since = 1 }]) => since <= version);

export const serviceType = (name: ServiceName, version: DeviceVersion): string =>
  `urn:schemas-upnp-org:service:${name}:${SERVICES[name].version ?? version}`;

/** What a message says, by the names of arguments. */
export class Arguments {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new ActionError(402);
    return value;
  }

  /** Of ui2, or of ui4. */
  number(name: string): number {
    const text = this.text(name).trim();
    const most = formOf(variableOf(name)).type === "ui4" ? 0xffffffff : 0xffff;
    if (!/^\d{1,10}$/.test(text) || Number(text) > most) throw new ActionError(402);
    return Number(text);
  }

  /** UPnP Device Architecture 1.0, 2.3. */
  bool(name: string): boolean {
    const text = this.text(name).trim();
    if (!/^(?:0|1|true|false|yes|no)$/.test(text)) throw new ActionError(402);
    return /^(?:1|true|yes)$/.test(text);
  }
}
