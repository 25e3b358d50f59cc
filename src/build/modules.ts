/**
 * Modules: the parts of asm/ that a spec can leave out or take from elsewhere, by name. A module is a program (NAME.s
 * or the folder NAME of asm/programs), a service (NAME.s and NAME-*.s of asm/services), or a layer (a folder of asm/).
 */

export interface Module {
  readonly name: string;
  readonly kind: "program" | "service" | "layer";
  /** Where the sources of another folder go. */
  readonly folder: string;
  owns(path: string): boolean;
}

const PROGRAMS = "asm/programs";
const SERVICES = "asm/services";
/** Folders that every module uses. */
const NO_LAYERS = ["include", "programs"];
const SHARED = ["lib", "c"];

/** The modules of a tree, whose files below asm/ these are. */
export function modulesOf(paths: readonly string[]): Map<string, Module> {
  const modules = new Map<string, Module>();
  // A program and a service go before a layer: they are the smaller part.
  const add = (module: Module): void => {
    if (!modules.has(module.name)) modules.set(module.name, module);
  };
  for (const path of paths) {
    const [, program] = /^asm\/programs\/([^/.]+)(?:\.s|\.elf|\/.*)$/.exec(path) ?? [];
    if (program !== undefined && !SHARED.includes(program)) add(programModule(program));
    const [, service] = /^asm\/services\/([^/.-]+)[^/]*\.s$/.exec(path) ?? [];
    if (service !== undefined) add(serviceModule(service));
  }
  for (const path of paths) {
    const [, layer] = /^asm\/([^/]+)\//.exec(path) ?? [];
    if (layer !== undefined && !NO_LAYERS.includes(layer)) add(layerModule(layer));
  }
  return modules;
}

function programModule(name: string): Module {
  const folder = `${PROGRAMS}/${name}`;
  const owns = (path: string): boolean =>
    path === `${folder}.s` || path === `${folder}.elf` || path.startsWith(`${folder}/`);
  return { name, kind: "program", folder, owns };
}

function serviceModule(name: string): Module {
  const owns = (path: string): boolean =>
    path === `${SERVICES}/${name}.s` || (path.startsWith(`${SERVICES}/${name}-`) && path.endsWith(".s"));
  return { name, kind: "service", folder: SERVICES, owns };
}

function layerModule(name: string): Module {
  const folder = `asm/${name}`;
  return { name, kind: "layer", folder, owns: (path) => path.startsWith(`${folder}/`) };
}
