/** The code of the pages that boot clusters, or call gdb and QEMU. */
import { FAST_PAGES, testPage } from "./blocks.ts";
import { pages } from "./page.ts";

for (const page of pages) {
  const isOurs = page === "README.md" || page.startsWith("docs/");
  if (isOurs && !FAST_PAGES.includes(page)) testPage(page);
}
