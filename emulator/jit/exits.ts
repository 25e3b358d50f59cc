/** How compiled code comes back: the result of a region's function. State, EIP and JIT_BUDGET are up to date then. */

/** Execution goes on at EIP, for which the jump cache has nothing. */
export const EXIT_LOOKUP = 0;
/** The instruction at EIP is one for the interpreter. */
export const EXIT_INTERPRET = 1;
/** The budget does not reach for the block at EIP. */
export const EXIT_BUDGET = 2;
/** A helper has ended the run: budget and state are where it left them. */
export const EXIT_STOPPED = 3;
/** A helper has ended the run: only the budget is where it left it. */
export const EXIT_ATTENTION = 4;
// Of the interpreter (threaded/).
/** The instruction at EIP is one for the handlers of cpu/. */
export const EXIT_UNKNOWN = 5;
/** EIP lies in a page that it does not know. */
export const EXIT_PAGE = 6;
