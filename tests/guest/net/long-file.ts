/** A node whose HTTP server has a file of some 60 KiB, `/long`. */
import type { LabCluster } from "../../../src/index.ts";
import { inState } from "../../system/images.ts";
import { nodeWithVolume } from "../../system/volume.ts";

const PART = "0123456789abcdef".repeat(16);

export const withLongFile = (): Promise<LabCluster> =>
  inState("serves a long file", () =>
    nodeWithVolume([
      ...Array<string>(4).fill(`echo '${PART}' >> /a/part`),
      ...Array<string>(15).fill("cat /a/part /a/part /a/part /a/part >> /a/long"),
      "set http.root /a",
    ]),
  );
