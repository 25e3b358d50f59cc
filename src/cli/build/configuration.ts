/** The spec of a build, from its folder's files, the environment and the command line; and where each value is from. */
import { join, relative, resolve } from "node:path";
import { type Module, modulesOf } from "../../build/modules.ts";
import { type Diagnostic, formatDiagnostic } from "../../diagnostic/diagnostic.ts";
import { nearest } from "../../diagnostic/suggestion.ts";
import { listFiles, readIfPresent } from "../../host/files.ts";
import { packageRoot } from "../../host/package.ts";
import { type Replacement, SourceLayers } from "../../host/source-layers.ts";
import {
  isKey,
  LAYERS,
  type Layer,
  type Resolved,
  readAssignment,
  readEnvironment,
  readFile,
  resolve as resolveLayers,
  type Said,
  type Setting,
  SpecError,
} from "../../spec/layers.ts";
import type { Spec } from "../../spec/schema.ts";
import { bytesOf } from "../../vm/configuration.ts";
import { CommandError } from "../fail.ts";

const SPEC_FILE = "build.json";
const LOCAL_FILE = "build.local.json";
const MOST_SPEC_BYTES = 1 << 20;
/** A volume is made in memory. */
const MOST_VOLUME_BYTES = 2 ** 30;

export interface Asked {
  /** The folder of the system. */
  readonly root: string;
  /** In the place of the files of the folder. */
  readonly config?: string;
  readonly assignments: readonly { readonly text: string; readonly option: string }[];
}

export interface Configuration extends Resolved {
  /** Whether any layer said anything: without, a build is as it was before there were specs. */
  readonly isSaid: boolean;
  readonly sources: SourceLayers;
  readonly modules: ReadonlyMap<string, Module>;
  /** Those that are left out. */
  readonly left: readonly Module[];
}

/** Ends the command after it has shown what is wrong. */
export function configurationOf(asked: Asked): Configuration {
  try {
    const said = saidOf(asked);
    const { spec, settings } = resolveLayers(said);
    const roots = [asked.root, ...(spec.base === "qure" ? [packageRoot()] : [])];
    const plain = new SourceLayers(roots);
    const modules = modulesOf(plain.list("asm"));
    check(spec, settings, modules, asked.root);
    const chosen = Object.entries(spec.modules).map(([name, value]) => ({ module: modules.get(name)!, value }));
    const left = chosen.flatMap(({ module, value }) => (value === false ? [module] : []));
    const replacements = chosen.flatMap(({ module, value }) =>
      typeof value === "string" ? [replacement(module, plain, baseOf(settings, module.name, asked.root), value)] : [],
    );
    const sources = replacements.length === 0 ? plain : new SourceLayers(roots, replacements);
    return { spec, settings, isSaid: said.length > 0, sources, modules, left };
  } catch (error) {
    if (error instanceof SpecError) throw refused(error.diagnostics);
    throw error;
  }
}

/** What each layer says, the weakest first. */
function saidOf({ root, config, assignments }: Asked): Said[] {
  const files: readonly (readonly [Layer, string])[] =
    config === undefined
      ? [
          ["build.json", join(root, SPEC_FILE)],
          ["build.local.json", join(root, LOCAL_FILE)],
        ]
      : [["build.json", config]];
  const read = files.flatMap(([layer, path]) => {
    const bytes = readIfPresent(path);
    if (bytes === null && config !== undefined) throw new CommandError(`--config ${config}: no such file`);
    if (bytes === null) return [];
    const name = relative(process.cwd(), path) || path;
    if (bytes.length > MOST_SPEC_BYTES) throw new CommandError(`${name}: larger than a spec can be, which is 1 MiB`);
    return readFile(layer, name, new TextDecoder().decode(bytes));
  });
  return [
    ...read,
    ...readEnvironment(process.env),
    ...assignments.map(({ text, option }) => readAssignment(text, option)),
  ];
}

/** What keys cannot say alone. */
function check(spec: Spec, settings: readonly Setting[], modules: ReadonlyMap<string, Module>, root: string): void {
  const wrong = (key: string, message: string): never => {
    const setting = settings.find((one) => one.key === key || one.key.startsWith(`${key}.`));
    const place = setting?.said[0]?.place ?? "";
    throw new CommandError(/:\d+$/.test(place) ? `${place}: error: ${message}` : `${place || key}: ${message}`);
  };
  for (const name of Object.keys(spec.modules))
    if (!modules.has(name)) wrong(`modules.${name}`, unknown("module", name, [...modules.keys()]));
  const programs = [...modules.values()].filter(({ kind }) => kind === "program").map(({ name }) => name);
  for (const name of spec.programs) if (!programs.includes(name)) wrong("programs", unknown("program", name, programs));
  if (spec.layout === "flat" && spec.sources.length === 0)
    wrong("sources", `${relative(process.cwd(), join(root, SPEC_FILE))}: a flat system says which its sources are`);
  const isFormatted = ["disk.files", "disk.init", "disk.settings", "disk.services", "keymap", "console", "cluster"];
  const said = isFormatted.find((key) =>
    settings.some((one) => (one.key === key || one.key.startsWith(`${key}.`)) && one.said[0]?.layer !== "default"),
  );
  if (said !== undefined && spec.layout === "flat") wrong(said, `${said} is of a volume, which a flat system has not`);
  if (said !== undefined && bytesOf(spec.disk.size) > MOST_VOLUME_BYTES)
    wrong("disk.size", `a disk with a volume has at most 1G; ${said} asks for one`);
  for (const [index, { from, text, path }] of spec.disk.files.entries())
    if ((from === null) === (text === null))
      wrong("disk.files", `disk.files[${index}]: ${path} has either \`from\` or \`text\``);
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (known.length === 0) return `there is no ${what} ${name}: this system has none`;
  return `there is no ${what} ${name}${near === null ? `: there are ${known.join(", ")}` : `: did you mean ${near}?`}`;
}

/** The folder to which a path is relative: that of the file that says it, or where the command runs. */
function baseOf(settings: readonly Setting[], module: string, root: string): string {
  const layer = settings.find(({ key }) => key === `modules.${module}`)?.said[0]?.layer;
  return layer === "environment" || layer === "command line" ? process.cwd() : root;
}

function replacement(module: Module, plain: SourceLayers, base: string, value: string): Replacement {
  const from = resolve(base, value);
  const wrong = (problem: string): never => {
    throw new CommandError(`modules.${module.name}: ${problem}`);
  };
  const files = listFiles(from).map((path) => `${module.folder}/${path}`);
  if (!files.some((path) => /\.(?:s|elf)$/.test(path)))
    wrong(`${value} holds no source (*.s) of the module ${module.name}`);
  const others = new Set(plain.list(module.folder).filter((path) => !module.owns(path)));
  const taken = files.find((path) => others.has(path));
  if (taken !== undefined)
    wrong(`${value}/${taken.slice(module.folder.length + 1)}: ${taken} is there, and not of this module`);
  return { module: module.name, folder: module.folder, from, owns: (path) => module.owns(path) };
}

function refused(diagnostics: readonly Diagnostic[]): CommandError {
  const colour = process.stderr.isTTY === true && !process.env["NO_COLOR"];
  for (const diagnostic of diagnostics)
    process.stderr.write(`${formatDiagnostic(diagnostic, { colour, command: "qure build" })}\n`);
  return new CommandError("");
}

/** Ends the command where there is none of that name. */
export function moduleNamed({ modules }: Configuration, name: string): Module {
  const module = modules.get(name);
  if (module) return module;
  throw new CommandError(unknown("module", name, [...modules.keys()]));
}

/** `qure build --show-config`. */
export function showConfiguration({ settings }: Resolved, key: string | true, isJson: boolean): string {
  const wanted = key === true ? settings : settings.filter((one) => one.key === key || one.key.startsWith(`${key}.`));
  if (wanted.length === 0 && !isKey(String(key)))
    throw new CommandError(
      unknown(
        "key",
        String(key),
        settings.map((one) => one.key),
      ),
    );
  const origins = ({ said }: Setting): object[] => said.map(({ layer, place, value }) => ({ layer, place, value }));
  if (isJson) {
    const shown = wanted.map((one) => ({
      key: one.key,
      value: one.value,
      from: origins(one)[0],
      over: origins(one).slice(1),
    }));
    return `${JSON.stringify({ order: LAYERS, settings: shown }, null, 2)}\n`;
  }
  const lines = wanted.flatMap((one) => {
    const [first, ...others] = one.said;
    const where = ({ layer, place }: Said): string => (place === "" ? layer : `${place} (${layer})`);
    return [
      `${one.key} = ${JSON.stringify(one.value)}`,
      `    ${first!.isMore ? "added at" : "from"} ${where(first!)}`,
      ...others.map(
        (other, index) =>
          `    ${one.said[index]!.isMore ? "after" : "over"} ${where(other)}: ${JSON.stringify(other.value)}`,
      ),
    ];
  });
  if (wanted.length === 0) lines.push(`# ${key}: nothing says anything of it`);
  return `# ${LAYERS.join(" < ")}\n${lines.join("\n")}\n`;
}
