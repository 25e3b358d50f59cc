/** The commands of `qure` as commander knows them, for tests that are about all of their options. */
import { Command } from "commander";
import { COMMANDS, type CommandModule } from "../../src/cli/commands.ts";

/** The leaves of the tree of commands: `emu`, `snapshot save`, ... */
export async function leaves(): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  for (const name of COMMANDS.keys()) {
    const command = new Command(name);
    ((await import(`../../src/cli/${name}.ts`)) as CommandModule).declare(command);
    if (command.commands.length === 0) found.set(name, command);
    const add = (above: string, { commands }: Command): void => {
      for (const inner of commands) {
        const here = `${above} ${inner.name()}`;
        if (inner.commands.length === 0) found.set(here, inner);
        else add(here, inner);
      }
    };
    add(name, command);
  }
  return found;
}
