/**
 * The mixer of a Sound Blaster 16 (CT1745): registers behind an index. They remember how loud everything is to be, but
 * nothing is made softer by them, as few programs set them and most card's drivers do; which interrupt and channels the
 * card has, and what interrupts, are read here too. Source: Creative, Sound Blaster Series Hardware Programming Guide,
 * chapter 4.
 */
import type { StateVisitor } from "../../state/state.ts";

const RESET = 0x00;
const STEREO = 0x0e;
const STEREO_ON = 0x02;
const INTERRUPT_SETUP = 0x80;
const DMA_SETUP = 0x81;
const INTERRUPT_STATUS = 0x82;
/** What the status has before the processor was reset for the first time. */
const STATUS_AT_POWER_ON = 0x40;

/** Causes in the status. */
export const CAUSE_8BIT = 0x01;
export const CAUSE_16BIT = 0x02;

/** Levels of 3 bits for left and right in one register, and those of the Sound Blaster Pro's. */
const LEVELS_PRO = 0x88;
const AT_RESET: readonly (readonly [register: number, value: number])[] = [
  [0x02, 4],
  [0x04, LEVELS_PRO],
  [0x06, 4],
  [0x08, 0],
  [0x0a, 0],
  [0x0c, 0],
  [STEREO, 0],
  [0x22, LEVELS_PRO],
  [0x26, LEVELS_PRO],
  ...Array.from({ length: 0x18 }, (_, index) => [0x30 + index, 0x20] as const),
];

const INTERRUPT_BITS: ReadonlyMap<number, number> = new Map([
  [9, 0x01],
  [5, 0x02],
  [7, 0x04],
  [10, 0x08],
]);
const DMA_CHANNELS: readonly number[] = [0, 1, 3];
const DMA16_CHANNELS: readonly number[] = [5, 6, 7];
const PORTS: readonly number[] = [0x220, 0x240, 0x260, 0x280];

/** Where a card is: its first port, its interrupt, its DMA channels of 8 and of 16 bits. */
export interface Sb16Place {
  iobase: number;
  irq: number;
  dma: number;
  dma16: number;
}

/** What each of them may be. */
const PLACES: Readonly<Record<keyof Sb16Place, readonly number[]>> = {
  iobase: PORTS,
  irq: [...INTERRUPT_BITS.keys()],
  dma: DMA_CHANNELS,
  dma16: DMA16_CHANNELS,
};
const USUAL_PLACE: Sb16Place = { iobase: 0x220, irq: 5, dma: 1, dma16: 5 };

/** The usual place, but for what is said. Throws a RangeError for one where no card can be. */
export function sb16Place(said: Partial<Sb16Place> & { readonly model: string }): Sb16Place {
  const place = { ...USUAL_PLACE };
  for (const key of Object.keys(PLACES) as (keyof Sb16Place)[]) {
    place[key] = said[key] ?? place[key];
    if (!PLACES[key].includes(place[key]))
      throw new RangeError(`sb16: ${key} is ${place[key]}, expected ${PLACES[key].join(", ")}`);
  }
  return place;
}

export class Sb16Mixer {
  readonly #registers = new Uint8Array(256);
  readonly #place: Sb16Place;
  #index = 0;

  constructor(place: Sb16Place) {
    this.#place = place;
  }

  reset(): void {
    this.#index = 0;
    this.#registers[0x7f] = 0;
    this.#registers[INTERRUPT_SETUP] = INTERRUPT_BITS.get(this.#place.irq)!;
    this.#registers[DMA_SETUP] = (1 << this.#place.dma) | (1 << this.#place.dma16);
    this.#registers[INTERRUPT_STATUS] = STATUS_AT_POWER_ON;
    this.#resetLevels();
  }

  #resetLevels(): void {
    this.#registers.fill(0xff, 0, 0x7f);
    this.#registers.fill(0xff, INTERRUPT_STATUS + 1);
    for (const [register, value] of AT_RESET) this.#registers[register] = value;
  }

  set index(value: number) {
    this.#index = value;
  }

  get data(): number {
    return this.#registers[this.#index]!;
  }

  set data(value: number) {
    if (this.#index === INTERRUPT_STATUS) return;
    if (this.#index === RESET) this.#resetLevels();
    this.#registers[this.#index] = value;
  }

  /** What the commands of the Sound Blaster Pro play is stereo. */
  get isStereo(): boolean {
    return (this.#registers[STEREO]! & STEREO_ON) !== 0;
  }

  /** What interrupts. */
  get causes(): number {
    return this.#registers[INTERRUPT_STATUS]! & (CAUSE_8BIT | CAUSE_16BIT);
  }

  raise(cause: number): void {
    this.#registers[INTERRUPT_STATUS]! |= cause;
  }

  acknowledge(cause: number): void {
    this.#registers[INTERRUPT_STATUS]! &= ~cause;
  }

  /** The processor was reset. */
  forgetCauses(): void {
    this.#registers[INTERRUPT_STATUS] = 0;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("SB16 mixer", 1);
    visitor.bytes(this.#registers);
    this.#index = visitor.u8(this.#index);
  }
}
