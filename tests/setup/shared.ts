/**
 * What takes long to make, and what the tests of a file use one after the other: the first that asks makes it. Mutation
 * testing has it made anew for each fault, as otherwise no fault would be in it.
 */
import { keepForFile, memoriesOfTest } from "./memory-pool.ts";

const forgets: (() => void)[] = [];

async function keep<Thing>(make: () => Promise<Thing>): Promise<Thing> {
  const before = memoriesOfTest();
  try {
    return await make();
  } finally {
    keepForFile(before);
  }
}

export function shared<Thing>(make: () => Promise<Thing>): () => Promise<Thing> {
  let made: Promise<Thing> | null = null;
  forgets.push(() => {
    made = null;
  });
  return () => (made ??= keep(make));
}

export function forgetShared(): void {
  for (const forget of forgets) forget();
}
