/**
 * A SATA disk: an ATA disk whose host may hand over up to 32 commands at a time, each with a tag (native command
 * queuing), and ask for the one that has failed. It does them one after the other; their order is its host's, an AHCI
 * port. Source: ATA8-ACS (T13 1699D), 4.16, 7.34 (READ LOG EXT), 7.63 and A.10.
 */
import type { StateVisitor } from "../../state/state.ts";
import { AtaDisk, type MediumCommand } from "./ata-disk.ts";
import { ERROR_ABORTED, STATUS_ERROR, STATUS_READY, STATUS_SEEK_COMPLETE } from "./ide-drive.ts";

const QUEUED_COMMANDS: ReadonlyMap<number, MediumCommand> = new Map([
  [0x60, { action: "read dma", extended: true, queued: true }],
  [0x61, { action: "write dma", extended: true, queued: true }],
]);

const READ_LOG_EXT = 0x2f;
const LOG_BYTES = 512;
const LOG_DIRECTORY = 0x00;
const LOG_QUEUED_ERROR = 0x10;
/** The page tells of no queued command. */
const NOT_QUEUED = 0x80;

export class SataDisk extends AtaDisk {
  /** The first bytes of the log of the queued command that failed last. */
  readonly #failed = Uint8Array.of(NOT_QUEUED, ...new Array<number>(13).fill(0));

  protected override mediumCommand(command: number): MediumCommand | undefined {
    return QUEUED_COMMANDS.get(command) ?? super.mediumCommand(command);
  }

  override isQueued(command: number): boolean {
    return QUEUED_COMMANDS.has(command);
  }

  protected override execute(command: number): void {
    if (command === READ_LOG_EXT) this.#readLog();
    else super.execute(command);
  }

  protected override fail(error: number): void {
    if (this.isQueued(this.command)) {
      const { previous } = this;
      const status = STATUS_READY | STATUS_SEEK_COMPLETE | STATUS_ERROR;
      this.#failed.set([this.sectorCount >> 3, 0, status, error]);
      this.#failed.set([this.sectorNumber, this.cylinderLow, this.cylinderHigh, this.device], 4);
      this.#failed.set([previous.sectorNumber, previous.cylinderLow, previous.cylinderHigh], 8);
      this.#failed.set([this.sectorCount, previous.sectorCount], 12);
    }
    super.fail(error);
  }

  /** Logs have one page each. */
  #readLog(): void {
    const isOnePage = this.sectorCount === 1 && this.previous.sectorCount === 0;
    const isFirstPage = this.cylinderLow === 0 && this.previous.cylinderLow === 0;
    const log = isOnePage && isFirstPage ? this.#log(this.sectorNumber) : null;
    if (log === null) this.fail(ERROR_ABORTED);
    else this.offerLast(log);
  }

  #log(address: number): Uint8Array | null {
    const page = new Uint8Array(LOG_BYTES);
    if (address === LOG_DIRECTORY) {
      page[0] = 1;
      page[2 * LOG_QUEUED_ERROR] = 1;
      return page;
    }
    if (address !== LOG_QUEUED_ERROR) return null;
    page.set(this.#failed);
    page[LOG_BYTES - 1] = -this.#failed.reduce((sum, byte) => sum + byte, 0);
    return page;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("SATA disk", 1);
    visitor.bytes(this.#failed);
  }
}
