/**
 * What home gateways say and do not do, whatever the protocol by which programs ask them for ports. All that they grant
 * comes here on its way to the translation.
 */
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Forward, Translation } from "./translation.ts";

export interface RouterLies {
  /** A mapping is granted and listed, and nothing comes through it. */
  readonly deadMappings?: boolean;
  /** Every so often all mappings are forgotten, and nobody is told. */
  readonly forgetsEveryNs?: number;
  /** Answers come from this port, not from the one that was asked. */
  readonly answersFromPort?: number;
  /** It names this as its public address. */
  readonly publicAddress?: number;
  /** Mappings of UPnP that were granted for ever are lost with its power, as the others are. */
  readonly forgetsAtReboot?: boolean;
}

export class Liar implements Stateful {
  readonly lies: RouterLies;
  readonly #translation: Translation;
  #forgotten = 0;

  constructor(lies: RouterLies, translation: Translation) {
    this.lies = lies;
    this.#translation = translation;
  }

  /** Whether the time has come, since it was last asked, to forget what was granted. */
  forgets(nowNs: number): boolean {
    const times = Math.floor(nowNs / (this.lies.forgetsEveryNs ?? Infinity));
    const isDue = times > this.#forgotten;
    this.#forgotten = times;
    return isDue;
  }

  /** Opens a port, or does not. False: the port is another machine's, and it says so. */
  open(forward: Forward, isRenewed: boolean, nowNs: number): boolean {
    // One whose forward was forgotten is only renewed in the list: users have seen this for months.
    if (this.lies.deadMappings || (isRenewed && this.lies.forgetsEveryNs)) return true;
    return this.#translation.forward(forward, nowNs);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("liar", 1);
    this.#forgotten = visitor.integer(this.#forgotten);
  }
}
