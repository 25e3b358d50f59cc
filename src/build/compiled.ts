/**
 * Sources in C. A build has no compiler: where it reads the name of such a source with this ending, the tree gives what
 * a compiler made of it, as assembly in AT&T syntax.
 */
export const COMPILED = ".s";
