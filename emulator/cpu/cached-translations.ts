/** Cached translations in a snapshot: those of the active address space, as entries of its list and their pages. */
import type { StateVisitor } from "../state/state.ts";
import { type AddressSpace, LIST_NO_EXECUTE, LIST_PAGE } from "./address-space.ts";
import { fromSavedPlace, toSavedPlace, VIDEO } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";

/** Saves, or restores into a space that is empty. @throws RangeError when one leads to no memory. */
export function visitTranslations(visitor: StateVisitor, memory: MachineMemory, active: AddressSpace): void {
  const tables = [active.readSupervisor, active.writeSupervisor, active.readUser, active.writeUser];
  const size = 1 + tables.length;
  const entries = new Int32Array(visitor.restoring ? 0 : active.filledCount * size);
  for (let i = 0; i * size < entries.length; i++) {
    const entry = active.filled[i]!;
    entries[i * size] = active.isNoExecute(entry & LIST_PAGE) ? entry | LIST_NO_EXECUTE : entry;
    // Where decoded code lies is not saved: nothing is decoded when a run goes on.
    tables.forEach(
      (table, column) => (entries[i * size + 1 + column] = toSavedPlace(Math.abs(table[entry & LIST_PAGE]!))),
    );
  }
  const bytes = visitor.blob(new Uint8Array(entries.buffer));
  if (!visitor.restoring) return;
  // Which tables they came from is not known: they go when CR3 is loaded.
  active.isStale = true;
  const restored = new Int32Array(bytes.slice().buffer);
  for (let i = 0; (i + 1) * size <= restored.length && !active.isFull; i++) {
    const entry = restored[i * size]!;
    active.list(entry);
    tables.forEach((table, column) => {
      const offset = fromSavedPlace(restored[i * size + 1 + column]!);
      if (!memory.isPlace(offset, VIDEO))
        throw new RangeError(`a cached translation leads to ${offset}, where no memory is`);
      const isWritten = table === active.writeSupervisor || table === active.writeUser;
      // Writes to a page that had code before the state was restored are still watched.
      table[entry & LIST_PAGE] = isWritten && memory.isWatched(offset) ? -offset : offset;
    });
  }
}
