/**
 * Options and documents name each other: docs/commands.md lists what the commands declare, and no page speaks of an
 * option that nothing takes. After a change, `QURE_UPDATE=1 npx vitest run tests/docs/options.test.ts` writes the
 * lists.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { leaves } from "./commands.ts";
import { generatedPart, pages, root, wrapped } from "./page.ts";

const PAGE = "docs/commands.md";

/** One item for each option, after a line with the heading of its group. */
function list(command: Command): string {
  if (command.options.length === 0) return "No options.\n";
  const groups = new Map<string, string[]>();
  for (const { flags, description, helpGroupHeading = "", ...option } of command.options) {
    const [, text = "", noted] = /^(.*?)(?: \(default: (.*)\))?$/.exec(description) ?? [];
    const words =
      option.argChoices === undefined ? "" : `: ${option.argChoices.map((word) => `\`${word}\``).join(", ")}`;
    const given = typeof option.defaultValue === "string" ? option.defaultValue : "";
    const value = option.defaultValueDescription ?? noted ?? given;
    const item = `- \`${flags}\`: ${text}${words}${value === "" ? "" : ` (default: ${value})`}`;
    groups.set(helpGroupHeading, [...(groups.get(helpGroupHeading) ?? []), wrapped(item, "  ")]);
  }
  return [...groups]
    .map(([heading, items]) => `${heading === "" ? "" : `**${heading.replace(/:$/, "")}**\n\n`}${items.join("")}`)
    .join("\n");
}

/** The options of each group without what they do: the pages of `qure emu` and `qure chaos` say that. */
function signatures(command: Command): string {
  const groups = new Map<string, string[]>();
  for (const { flags, helpGroupHeading = "" } of command.options)
    groups.set(helpGroupHeading, [...(groups.get(helpGroupHeading) ?? []), `\`${flags}\``]);
  return [...groups]
    .map(([heading, list]) => wrapped(`- **${heading.replace(/:$/, "")}**: ${list.join(", ")}`, "  "))
    .join("");
}

describe("options and documents name each other", () => {
  test.each(
    [...COMMANDS.keys()].filter(
      (name) =>
        !["backup", "cloud", "key", "snapshot", "disk", "image", "storage", "vm", "volume", "vlmc"].includes(name),
    ),
  )("qure %s", async (name) => {
    const wanted = (["emu", "chaos"].includes(name) ? signatures : list)((await leaves()).get(name)!);
    expect(generatedPart(PAGE, `options of qure ${name}`, wanted)).toBe(wanted);
  });

  test.each(["backup", "cloud", "disk", "image", "key", "storage", "vm", "volume"])("qure %s", async (command) => {
    const rows = [...(await leaves())]
      .filter(([name]) => name.startsWith(`${command} `))
      .map(([name, leaf]) => {
        const places = leaf.registeredArguments.map((argument) => ` ${argument.name().toUpperCase()}`).join("");
        const own = leaf.options
          .map(({ long, flags }) => long ?? flags)
          .filter(
            (name) =>
              !["--json", "--store", "--cluster"].includes(name) &&
              !(["cloud", "vm"].includes(command) && name === "--timeout"),
          );
        const options = own.length === 0 ? "" : ` (${own.map((flags) => `\`${flags}\``).join(", ")})`;
        return `| \`qure ${name}${places}\` | ${leaf.description()}${options} |`;
      });
    const wanted = `${["| command | what it does |", "|---|---|", ...rows].join("\n")}\n`;
    expect(generatedPart(PAGE, `options of qure ${command}`, wanted)).toBe(wanted);
  });

  test("qure snapshot", async () => {
    const commands = await leaves();
    const emu = commands.get("emu")!.options;
    const names = (flags: readonly string[]): string => flags.map((text) => `\`${text}\``).join(", ");
    // Those that run machines are described by what they lack of `qure emu`: whole groups, and single ones.
    const lacking = (own: readonly string[]): string => {
      const missing = emu.filter(({ flags }) => !own.includes(flags));
      const groups = [...new Set(missing.map(({ helpGroupHeading = "" }) => helpGroupHeading))].filter((group) =>
        emu.every(({ helpGroupHeading, flags }) => helpGroupHeading !== group || !own.includes(flags)),
      );
      const single = missing.filter(({ helpGroupHeading = "" }) => !groups.includes(helpGroupHeading));
      return [
        ...groups.map((group) => `all of **${group.replace(/:$/, "")}**`),
        names(single.map(({ flags }) => flags)),
      ].join(", ");
    };
    const rows = [...commands]
      .filter(([name]) => name.startsWith("snapshot "))
      .map(([name, { options, registeredArguments }]) => {
        const own = options.map(({ flags }) => flags);
        const takes = own.length > 8 ? `those of \`qure emu\` except ${lacking(own)}` : names(own);
        const places = registeredArguments.map((argument) => ` ${argument.name().toUpperCase()}`).join("");
        return wrapped(`- \`qure ${name}${places}\`: ${takes}`, "  ");
      });
    const wanted = rows.join("");
    expect(generatedPart(PAGE, "options of qure snapshot", wanted)).toBe(wanted);
  });

  test("every option that a page names is one that something takes", async () => {
    const own = [...(await leaves()).values()].flatMap(({ options }) => options.flatMap(({ long }) => long ?? []));
    // The GNU tools' options are strings in their tables.
    const sources = ["src/cli", "src/cli/gnu"].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => /^(ar|as|ld)\.ts$|(-options|-tables)\.ts$/.test(name))
        .map((name) => `${folder}/${name}`),
    );
    const programs = [
      ...["bench", "scripts"].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
      "tests/chaos/prove.ts",
      "tests/corpora/main.ts",
      "tests/disk/oofs/prove.ts",
      "tests/fork/prove-fork.ts",
    ].filter((path) => /\.(mjs|ts)$/.test(path) && readFileSync(join(root, path), "utf8").includes("workshopCommand("));
    const taken = [...sources, ...programs].flatMap((path) =>
      [...readFileSync(join(root, path), "utf8").matchAll(/--[a-z][\w-]*/g)].map(([option]) => option),
    );
    const known = new Set([...own, ...taken, "--help", "--version", ...OTHERS]);
    const unknown = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/[` ](--[a-z][\w-]*)/g)]
        .map((match) => match[1]!)
        .filter(
          (option) => !known.has(option) && ![...known].some((name) => option.endsWith("-") && name.startsWith(option)),
        )
        .map((option) => `${page}: ${option}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** Options of programs by others, and those of GNU's that the pages say we do not have. */
const OTHERS = [
  "--accept-older", // formats/oofs.md: of fsck in QuRe's shell
  "--erase", // protocols/fork.md: of cloud fork accept in QuRe's shell
  "--name", // protocols/fork.md: of cloud fork in QuRe's shell
  "--unsigned", // formats/signature.md: of kernel install in QuRe's shell
  "--external", // api.md: of esbuild
  "--build-id", // linker.md: not there
  "--compress-debug-sections", // linker.md: without effect
];
