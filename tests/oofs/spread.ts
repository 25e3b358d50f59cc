/**
 * A volume whose numbers do not fit in 16 bits: all content, all nodes and leaves, the object tables and a snapshot
 * list are in blocks whose numbers have a lower half of zero, and files and directories have ids that look like 0 and
 * like those of the root and the class directory there. Who looks at half of a number takes one thing for another.
 */
import { type BlockDevice, type FileSystem, format, mount } from "../../src/oofs/index.ts";

const BLOCK_BYTES = 4096;
const STEP = 65536;
/** Places that are multiples of STEP. */
const PLACES = 64;

export const SPREAD_BYTES = PLACES * STEP * BLOCK_BYTES;

/** `body` is to need fewer blocks than there are places. */
export function spreadVolume(disk: BlockDevice, body: (fs: FileSystem) => void): void {
  format(disk, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
  const fs = mount(disk);
  const { space, state } = fs.volume;
  const taken: number[] = [];
  let next = STEP;
  /** Has everything that is done get such places; the map itself, which has to know of them, does not. */
  const spread = (work: () => void): void => {
    space.allocate = () => {
      taken.push(next);
      next += STEP;
      space.used++;
      space.free--;
      return next - STEP;
    };
    work();
    Reflect.deleteProperty(space, "allocate");
    fs.volume.change(() => {
      for (const block of taken.splice(0)) {
        const { store, state: now } = fs.volume;
        // What was given back meanwhile is free; the snapshot list has a commit of its own, which counted without it.
        if (store.fresh(block)) space.used--;
        else if ([now.snapshots.block, now.snapshots2.block].includes(block)) space.free--;
        else continue;
        space.mark(block, true);
      }
    });
    fs.volume.commitAnew();
  };
  Object.assign(state, { slots: STEP, firstFree: STEP });
  spread(() => body(fs));
  spread(() => fs.createSnapshot("s"));
}
