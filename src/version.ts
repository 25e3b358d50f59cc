/** The package's version, put in by the bundler. */
declare const QURE_VERSION: string | undefined;

export const VERSION = typeof QURE_VERSION === "string" ? QURE_VERSION : "0.0.0-dev";

/** The kernel's revision as the cluster protocol carries it: 1.2.3 is 1002003. */
export const KERNEL_REVISION = VERSION.split("-")[0]!
  .split(".")
  .reduce((revision, part) => revision * 1000 + Number(part), 0);
