/** `link`: one Ethernet for the machines of two hosts. */
import { makeFolder } from "../../host/folder.ts";
import { MachineError } from "../../vm/host/home.ts";
import { type Link, readLink, uplinkOf, writeLink } from "../../vm/host/link.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import { UsageError } from "../fail.ts";
import type { Common, Context, Result, Verb } from "./context.ts";

interface LinkOptions extends Common {
  readonly local?: string;
  readonly vni: string;
  readonly second?: boolean;
  readonly off?: boolean;
}

function linkOf(remote: string, { local, vni, second = false }: LinkOptions): Link {
  const way = `vxlan,vni=${vni}${local === undefined ? "" : `,local=${local}`},remote=${remote}`;
  try {
    uplinkOf({ way, isSecond: second });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return { way, isSecond: second };
}

const described = ({ way, isSecond }: Link): string =>
  `${way}${isSecond ? "; this is the second host, with addresses from 10.0.2.128 on" : ""}`;

/** What has an address of the first host's would keep it. */
async function nothingRuns({ home, owner }: Context): Promise<void> {
  const machines = home.machines();
  const { statuses } = await owner.states(machines);
  const on = machines.find(({ key }) => isMachineOn(statuses.get(key)!));
  if (on) throw new MachineError(`machine ${on.key} runs, with an address of the first host's: stop it first`);
}

async function link(context: Context, [remote]: readonly string[], options: LinkOptions): Promise<Result> {
  const { home, owner } = context;
  const isChange = remote !== undefined || options.off === true;
  if (remote !== undefined && options.off) throw new UsageError(`link ${remote} --off: write one of the two`);
  if (isChange) {
    if (options.second) await nothingRuns(context);
    makeFolder(home.folder, 0o700);
    const before = options.off ? null : readLink(home);
    writeLink(home, remote === undefined ? null : linkOf(remote, options));
    const open = (): Promise<unknown> => owner.ask({ verb: "link" }, context.timeoutMs);
    await open().catch(async (error: unknown) => {
      // What cannot be opened is no link.
      writeLink(home, before);
      await open().catch(() => {});
      throw error;
    });
  }
  const now = readLink(home);
  return { json: { link: now }, text: now ? described(now) : "the cluster's Ethernet is this host's alone" };
}

export const LINK_VERB: Verb = {
  usage: "link [host]",
  summary: "carry the Ethernet to another host, or say to which",
  example: "link 10.9.0.2",
  options: (command) =>
    command
      .option("--local <place>", "address and port of this host (default: any, port 4789)")
      .option("--vni <number>", "which VXLAN", "1")
      .option("--second", "this is the second of the two hosts: its addresses begin with 10.0.2.128")
      .option("--off", "end the link"),
  run: link,
};
