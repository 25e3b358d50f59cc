/** The numbers of the NBD protocol (https://github.com/NetworkBlockDevice/nbd, doc/proto.md). All are big-endian. */

export const NBD_MAGIC = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_MAGIC = 0x67446698;
export const STRUCTURED_MAGIC = 0x668e33ef;

/** Of the handshake, both ways. */
export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

export const REPLY = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  invalid: 0x80000003,
  unknown: 0x80000006,
  tooBig: 0x80000009,
} as const;

export const INFO = { export: 0, blockSize: 3 } as const;

/** What an export can do. */
export const CAN = {
  hasFlags: 1,
  readOnly: 2,
  flush: 4,
  fua: 8,
  trim: 32,
  writeZeroes: 64,
  doNotFragment: 128,
  multiConnection: 256,
} as const;

export const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6, blockStatus: 7 } as const;
export const FLAG = { fua: 1, noHole: 2, doNotFragment: 4, oneExtent: 8 } as const;
export const CHUNK = { none: 0, data: 1, blockStatus: 5, error: 0x8001 } as const;
export const CHUNK_DONE = 1;
export const STATUS = { hole: 1, zero: 2 } as const;
export const ERROR = { permission: 1, io: 5, invalid: 22, noSpace: 28, unsupported: 95, shutdown: 108 } as const;

export const ALLOCATION = "base:allocation";
