/**
 * The API of the package: build images, boot them, and test what runs in them, in virtual time.
 *
 *     import { startCluster } from "qure";
 *     const lab = startCluster({ nodes: [{ disk: await readFile("my-os.img") }] });
 *     await lab.nodes[0].waitFor("login: ", { within: "10s" });
 */

export * from "./api/chaos.ts";
export * from "./api/lab.ts";
export * from "./api/tools.ts";
export { VERSION } from "./version.ts";
