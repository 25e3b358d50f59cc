/**
 * An owner's part in its cluster's protocol: it hears who lives, asks for what people want changed, and gives the key
 * to machines that are invited. It is no member.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Outcome } from "../../cloud/changes.ts";
import { type ClusterKey, codeBytes, INVITATION_BYTES, NONCE_BYTES } from "../../cloud/invitation.ts";
import { type Member, Observer } from "../../cloud/observer.ts";
import type { PushOutcome } from "../../cloud/pushes.ts";
import { folderName } from "../name.ts";
import type { CloudRequest, CloudStatus, PushStatus } from "../protocol.ts";
import { keyStamp, readKey, writeKey } from "./cluster-key.ts";
import { type Home, MachineError } from "./home.ts";

/** The observer's place on the Ethernet, below the gateway's leases; and the second host's. */
const STATION = "10.0.2.9";
const SECOND_STATION = "10.0.2.8";
const SESSION_BYTES = 8;

export class OwnerCloud {
  readonly #home: Home;
  readonly #send: (frame: Uint8Array) => void;
  #observer: Observer;
  /** Of the file that the observer's key is from. */
  #stamp: string;
  #name: string | null = null;
  #address = STATION;

  constructor(home: Home, send: (frame: Uint8Array) => void) {
    this.#home = home;
    this.#send = send;
    this.#stamp = keyStamp(home);
    this.#observer = this.#listen();
  }

  #listen(): Observer {
    const given = readKey(this.#home);
    this.#name = given?.name ?? null;
    const session = randomBytes(SESSION_BYTES);
    // No session begins with zeros.
    session[0]! |= 1;
    return new Observer({
      ...given,
      session,
      station: { mac: Uint8Array.from([0x52, 0x54, 0, ...randomBytes(3)]), address: this.#address, name: "owner" },
      send: this.#send,
      now: () => performance.now(),
    });
  }

  /** With the key that its file has now. */
  #current(): Observer {
    const stamp = keyStamp(this.#home);
    if (stamp !== this.#stamp) {
      this.#observer = this.#listen();
      this.#stamp = stamp;
    }
    return this.#observer;
  }

  /** Of two hosts whose owners are on the Ethernet this is the second. */
  setSecond(isSecond: boolean): void {
    this.#address = isSecond ? SECOND_STATION : STATION;
    this.#observer = this.#listen();
  }

  receive(frame: Uint8Array): void {
    this.#observer.receive(frame);
  }

  tick(): void {
    this.#observer.tick();
  }

  async do(request: CloudRequest): Promise<unknown> {
    const observer = this.#current();
    switch (request.verb) {
      case "cloud":
        return this.#status(observer);
      case "set":
        return this.#asked((done) => observer.set(request.name, request.value, done));
      case "move": {
        const { id } = memberCalled(observer, request.node);
        return this.#asked((done) => observer.move(request.address, id, done));
      }
      case "invite":
        return { code: this.#invite(observer) };
      case "join":
        return this.#join(observer, request.code);
      case "pushed":
        return this.#pushed(observer, request.nodes, (id, done) => observer.pushes.look(id, done));
      case "push": {
        const { nodes, name, path, keeps } = request;
        const content = readFileSync(path);
        return this.#pushed(observer, nodes, (id, done) => observer.pushes.push(id, name, content, keeps, done));
      }
      case "unpush":
        return this.#pushed(observer, request.nodes, (id, done) => observer.pushes.undo(id, request.name, done));
    }
  }

  #status(observer: Observer): CloudStatus {
    const { parts, services, settings, events, isOutdated, blank } = observer;
    const told = settings && Object.fromEntries(settings);
    return { parts, services, settings: told, events, isOutdated, blank, name: this.#name };
  }

  #asked(begin: (done: (outcome: Outcome) => void) => void): Promise<true> {
    return new Promise((agreed, fail) => {
      try {
        begin((outcome) => {
          if (outcome.result === "agreed") agreed(true);
          else fail(new MachineError(outcome.result === "refused" ? outcome.why : `no answer: ${outcome.why}`));
        });
      } catch (error) {
        fail(new MachineError((error as Error).message));
      }
    });
  }

  /** Has something done at each of these members at once. */
  async #pushed(
    observer: Observer,
    names: readonly string[],
    begin: (id: string, done: (outcome: PushOutcome) => void) => void,
  ): Promise<PushStatus> {
    if (this.#name === null)
      throw new MachineError(
        `this host has no key of cluster ${this.#home.cluster}, without which nothing is pushed: "qure cloud join" gets it from a member`,
      );
    const named = names.flatMap((name) => (name === "all" ? observer.members : [memberCalled(observer, name)]));
    const members = [...new Map(named.map((member) => [member.id, member])).values()];
    if (members.length === 0) throw new MachineError('no member is heard: "qure cloud nodes" lists them');
    const at = ({ id, name, revision }: Member): Promise<PushStatus["nodes"][number]> =>
      new Promise((answered, fail) => {
        try {
          begin(id, (outcome) => answered({ node: name, id, revision, outcome }));
        } catch (error) {
          fail(new MachineError((error as Error).message));
        }
      });
    const nodes = Promise.all(members.map(at));
    observer.tick();
    return { nodes: await nodes };
  }

  #invite(observer: Observer): string {
    const code = observer.invite(randomBytes(INVITATION_BYTES), randomBytes(NONCE_BYTES));
    if (code !== null) return code;
    throw new MachineError(
      observer.isOutdated
        ? `the key of cluster ${this.#home.cluster} was replaced: "qure cloud join" gets the new one`
        : `this host has no key of cluster ${this.#home.cluster}: "qure cloud join" gets it from a member`,
    );
  }

  #join(observer: Observer, text: string): Promise<{ readonly name: string }> {
    const code = codeBytes(text);
    if (code === null) throw new MachineError(`${text}: expected a code of 16 characters, as "cloud invite" shows it`);
    return new Promise((joined, fail) => {
      observer.join(code, randomBytes(NONCE_BYTES), (given) => {
        if (given === null)
          fail(
            new MachineError("nobody who has given this code in the last ten minutes answers, or it was used before"),
          );
        else
          try {
            this.#keep(given);
            joined({ name: given.name });
          } catch (error) {
            fail(error as Error);
          }
      });
    });
  }

  #keep(given: ClusterKey): void {
    writeKey(this.#home, given);
    this.#current();
  }
}

function memberCalled({ members }: Observer, text: string): Member {
  const found = members.find(
    ({ id, name, address }) => [id, name, address].includes(text) || name === folderName(text),
  );
  if (found) return found;
  throw new MachineError(`no member has the name, address or id ${text}: "qure cloud nodes" lists them`);
}
