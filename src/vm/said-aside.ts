/**
 * What a machine's serial line shows beside what its commands print: QuRe's shell has it marked (`console mark`, in
 * asm/console/console.s), with all that becomes of a line which is edited. One text may come into another.
 */
const BEGINS = "\x1b[?6510h";
const ENDS = "\x1b[?6510l";
const EITHER = /(\x1b\[\?6510[hl])/;

/** A console's text as if nothing had been said aside. A mark of which the beginning was not heard is none. */
export function withoutAsides(text: string): string {
  let depth = 0;
  let kept = "";
  for (const piece of text.split(EITHER)) {
    if (piece === BEGINS) depth++;
    else if (piece === ENDS) depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += piece;
  }
  return kept;
}
