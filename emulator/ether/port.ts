/** The plug of a network card. */

/** Without preamble and FCS: 14 to 1518 bytes. Never changed after it was sent, so it may be shared. */
export type EthernetFrame = Uint8Array;

/** The card's side: what it hands to the wire. */
export interface EthernetPort {
  /** Hands a frame to the wire at the machine's current virtual time. */
  transmit(frame: EthernetFrame): void;
  /** The wire's side fills this: link pulses are seen, that is, the cable is plugged in at both ends. */
  readonly linkUp: boolean;
}

/** The wire's side: what it hands to the card, at the machine's virtual time at which the frame arrives. */
export interface EthernetReceiver {
  receive(frame: EthernetFrame): void;
  linkChanged(up: boolean): void;
  /**
   * Another card of this model is in its place, with the address that it was made with and set up by nobody. What the
   * driver had given to the one before goes nowhere; the interrupt that it allowed says that the link has changed.
   */
  becomeAnother?(): void;
}
