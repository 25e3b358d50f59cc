/** A real Ceph behind its S3 gateway (tests/judges/radosgw/ceph), one for each file that asks for it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";

const SCRIPT = join(import.meta.dirname, "../judges/radosgw/ceph");
export const CEPH_KEYS = { accessKeyId: "ACCESS", secretAccessKey: "SECRET" };

/** The first of three ports that nobody has. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const servers = [0, 1, 2].map((offset) => createServer().listen(first + offset, "127.0.0.1"));
    const listening = await Promise.all(
      servers.map(
        (server) =>
          new Promise<boolean>((done) => server.on("listening", () => done(true)).on("error", () => done(false))),
      ),
    );
    for (const server of servers) if ((server.address() as AddressInfo | null) !== null) server.close();
    if (listening.every((isFree) => isFree)) return first;
  }
}

export class Ceph {
  readonly #folder = mkdtempSync(join(tmpdir(), "qure-ceph-"));
  readonly #port: number;
  readonly #started = new Set<string>();

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<Ceph> {
    const ceph = new Ceph(await freePorts());
    ceph.#run("start");
    return ceph;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Makes a bucket, if it is not there yet. */
  async bucket(name: string): Promise<string> {
    if (this.#started.has(name)) return name;
    const client = new AwsClient({ ...CEPH_KEYS, service: "s3", region: "us-east-1" });
    const { status } = await client.fetch(`${this.endpoint}/${name}`, { method: "PUT" });
    if (status !== 200) throw new Error(`Ceph makes no bucket: ${status}`);
    this.#started.add(name);
    return name;
  }

  kill(): void {
    this.#run("kill");
  }

  again(): void {
    this.#run("again");
  }

  stop(): void {
    this.#run("stop");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(action: string): void {
    execFileSync(SCRIPT, [action, this.#folder, `${this.#port}`], { stdio: ["ignore", "ignore", "pipe"] });
  }
}
