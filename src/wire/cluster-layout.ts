/**
 * Where a packet of the cluster has what, in bytes from its beginning, and its numbers: docs/protocols/cluster.md,
 * "Packet".
 */

export const VERSION = 4;
export const KIND = 5;
export const STATE = 6;
export const FLAGS = 7;
export const ERA = 8;
export const AGE = 12;
/** The sender's id. */
export const SENDER = 24;
export const FOUNDER = 32;
export const SESSION = 72;
export const SEQUENCE = 80;
export const ADDRESS = 84;
/** The first half of a session, and a number of it. */
export const ECHO = 88;
export const ECHO_BYTES = 4;
export const ECHO_NUMBER = 92;
export const CODE = 96;
export const VALUES_NUMBER = 112;
/** All packets begin with so many. */
export const HEAD_BYTES = 128;
/** Of whom a packet speaks that speaks of somebody. */
export const TARGET = 128;
/** Which address of a service a release and a move are of. */
export const SERVICE = 136;

/** Of nodes, founders and sessions. */
export const ID_BYTES = 8;
export const NAME_BYTES = 32;
export const CODE_BYTES = 16;
/** Of a view. */
export const ENTRY_BYTES = 68;
/** Of the history. */
export const EVENT_BYTES = 72;
/** Of a piece of a module, at most. */
export const PIECE_BYTES = 1024;
/** Before the text of values: how many members agree, and their ids. */
export const VOTERS_BYTES = 132;

/** Kinds. */
export const HELLO = 1;
export const VIEW = 2;
export const REPORT = 3;
export const BYE = 4;
export const PROBE = 7;
export const HOLD = 8;
export const RELEASE = 9;
export const MOVE = 10;
export const VALUES = 11;
export const SUSPECT = 12;
/** Coded with an invitation's key: no member counts it as heard from its sender. */
export const JOIN = 13;
export const WELCOME = 14;
export const EVENTS = 15;
export const PROMISE = 19;
export const VOTED = 20;
export const OFFER = 21;
export const SHOW = 22;
export const GIVE = 23;
export const HAVE = 24;
export const OUTDATED = 25;
export const TURN = 26;
export const CHANGE = 27;
export const CHANGED = 28;
/** Whoever holds this one leads the upgrade of the cluster; it is no service address. */
export const LEADER_ADDRESS = "127.81.82.0";
export const UPGRADE = 29;
export const WITNESS = 30;
export const PUSH = 31;
export const PUSHED = 32;

/** States of senders. */
export const JOINING = 1;
export const MEMBER = 2;
/** And of entries: the node said bye, */
export const LEFT = 4;
/** or is told that the sender speaks now. */
export const NAMED = 5;

/** Flags. */
export const DISKLESS = 0x01;
export const OPEN = 0x04;
/** The sender founded its era alone. */
export const ALONE = 0x08;
export const VALUES_KEPT = 0x20;
/** It has more to do than most. */
export const BUSY = 0x80;
