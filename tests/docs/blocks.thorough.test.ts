/** The code of the pages that boot clusters, or call gdb and QEMU: of those at the doors, and at length of all. */
import { isAtLength } from "../setup/tier.ts";
import { FAST_PAGES, testPage } from "./blocks.ts";
import { pages } from "./page.ts";

const DOORS = ["README.md", "docs/tutorial.md", "docs/machines.md", "docs/volumes.md", "docs/formats/spec.md"];

for (const page of pages) {
  const isOurs = page === "README.md" || page.startsWith("docs/");
  if (isOurs && !FAST_PAGES.includes(page) && (isAtLength || DOORS.includes(page))) testPage(page);
}
