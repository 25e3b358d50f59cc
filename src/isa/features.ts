/**
 * Processors and their features by the names that GNU as gives them in `.arch` and `-march`. A form of the table
 * belongs to one feature; "mmx+sse" needs both. What is not limited may use everything.
 */

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** What `.arch` has no name for: SNP, INVLPGB and TLBSYNC. */
const NAMELESS = "snp";

const I386 = "i8086 i186 i286 i386";
const I486 = `${I386} i486`;
const I586 = `${I486} i586 387`;
const I686 = `${I586} i686 cmov 687 fxsr`;
const PENTIUM_PRO = `${I686} nop`;
const PENTIUM_II = `${PENTIUM_PRO} mmx`;
const PENTIUM_III = `${PENTIUM_II} sse`;
const PENTIUM_4 = `${PENTIUM_III} sse2 clflush`;
const PRESCOTT = `${PENTIUM_4} sse3 fisttp`;
const NOCONA = `${PRESCOTT} syscall`;
const CORE_2 = `${NOCONA} ssse3`;
const CORE_I7 = `${CORE_2} sse4.2 rdtscp`;
const K6 = `${I586} mmx syscall`;
const K8 = `${I586} i686 687 nop fxsr mmx sse2 syscall rdtscp 3dnowa`;
const AMD_2011 = `${I586} i686 687 cmov nop fxsr mmx sse4.2 fisttp popcnt lzcnt sse4a syscall rdtscp prfchw xsave clflush aes pclmul svme`;
const BULLDOZER = `${AMD_2011} lwp`;
const PILEDRIVER = `${BULLDOZER} bmi tbm`;
const STEAMROLLER = `${PILEDRIVER} xsaveopt fsgsbase`;
const EXCAVATOR = `${STEAMROLLER} movbe rdrnd mwaitx bmi2`;
const ZEN = `${AMD_2011} bmi xsaveopt fsgsbase movbe rdrnd mwaitx bmi2 clflushopt smap rdseed xsavec xsaves adx sha clzero`;
const ZEN_2 = `${ZEN} rdpid clwb wbnoinvd rdpru mcommit`;
const ZEN_3 = `${ZEN_2} invpcid ospke sev_es ${NAMELESS}`;
const BOBCAT = `${I586} i686 687 cmov nop fxsr mmx ssse3 sse4a fisttp popcnt lzcnt syscall rdtscp prfchw clflush svme`;
const JAGUAR = `${BOBCAT} sse4.2 bmi movbe xsaveopt aes pclmul`;
const AMDFAM10 = `${K8} sse4a fisttp popcnt lzcnt`;

/** `.arch NAME`: features of whole processors, without what those imply. */
const PROCESSORS: Readonly<Record<string, string>> = {
  i8086: "i8086",
  i186: "i8086 i186",
  i286: "i8086 i186 i286",
  i386: I386,
  generic32: I386,
  i486: I486,
  i586: I586,
  pentium: I586,
  iamcu: `${I486} i586`,
  generic64: `${PENTIUM_4} cmov`,
  i686: I686,
  pentiumpro: PENTIUM_PRO,
  pentiumii: PENTIUM_II,
  pentiumiii: PENTIUM_III,
  pentium4: PENTIUM_4,
  prescott: PRESCOTT,
  core: PRESCOTT,
  nocona: NOCONA,
  core2: CORE_2,
  corei7: CORE_I7,
  k6: K6,
  k6_2: `${K6} 3dnow`,
  athlon: `${K6} i686 687 nop 3dnowa`,
  opteron: K8,
  k8: K8,
  amdfam10: AMDFAM10,
  bdver1: BULLDOZER,
  bdver2: PILEDRIVER,
  bdver3: STEAMROLLER,
  bdver4: EXCAVATOR,
  znver1: ZEN,
  znver2: ZEN_2,
  znver3: ZEN_3,
  znver4: `${ZEN_3} gfni`,
  btver1: BOBCAT,
  btver2: JAGUAR,
};

/** What a feature brings along. A name that is only here stands for others. */
const IMPLIED: Readonly<Record<string, string>> = {
  "8087": "8087-only",
  "287": "8087 287-only",
  "387": "8087 287",
  "687": "387",
  sse: "fxsr",
  sse2: "sse",
  sse3: "sse2",
  ssse3: "sse3",
  "sse4.1": "ssse3",
  "sse4.2": "sse4.1 popcnt",
  sse4: "sse4.2",
  sse4a: "sse3",
  aes: "sse2",
  pclmul: "sse2",
  sha: "sse2",
  gfni: "sse2",
  abm: "popcnt lzcnt",
  "3dnow": "mmx",
  "3dnowa": "3dnow",
  xsaveopt: "xsave",
  xsavec: "xsave",
  xsaves: "xsave",
  ospke: "xsave",
  lwp: "xsave",
  tsx: "rtm hle",
  tsxldtrk: "rtm",
  mpx: "xsave",
  ept: "vmx",
  vmfunc: "vmx",
  kl: "sse2",
  widekl: "kl",
  avx: "sse4.2 xsave",
  avx2: "avx",
  f16c: "avx",
  fma: "avx",
  fma4: "avx",
  xop: "avx",
};

/** What goes with a feature that is taken away, although it does not need it: the parts of one unit. */
const REMOVED_TOO: Readonly<Record<string, string>> = {
  "687": "fisttp",
  "387": "fisttp",
  "287": "fisttp 287-only",
  "8087": "fisttp 8087-only 287-only",
  sse4: "sse4.1 sse4.2",
  tsx: "rtm hle",
};

/** What goes too when a processor loses a unit: its x87 is the unit and all before it in one. */
const REMOVED_FROM_PROCESSOR: Readonly<Record<string, string>> = { "387": "8087 287", "287": "8087" };

/** Others bring these along and do not need them: they stay when these are taken away. */
const NEVER_NEEDED = new Set(["popcnt"]);

/** Features without a further meaning. */
const PLAIN = words(
  `cmov fisttp fxsr mmx nop popcnt lzcnt bmi movbe clflush clflushopt clwb rdtscp syscall xsave vmx smap smx rdrnd rdseed rdpid invpcid
  prfchw prefetchwt1 ibt serialize wbnoinvd se1 pconfig waitpkg ptwrite movdiri hreset rdpru mcommit
  wrmsrns clzero mwaitx svme adx shstk rtm tdx sev_es bmi2 fsgsbase cldemote movdir64b enqcmd rao_int hle tbm padlock`,
);

/** Extensions of later processors: names that GNU as knows, of instructions that are not in the table. */
const LATER = words(
  `avx512f avx512cd avx512er avx512pf avx512dq avx512bw avx512vl cx16 avx512ifma
  avx512vbmi avx512_4fmaps avx512_4vnniw avx512_vpopcntdq avx512_vbmi2 avx512_vnni avx512_bitalg avx_vnni vaes vpclmulqdq
  amx_int8 amx_bf16 amx_fp16 amx_tile avx512_bf16 avx512_vp2intersect uintr avx512_fp16 prefetchi
  avx_ifma avx_vnni_int8 cmpccxadd msrlist avx_ne_convert rmpquery`,
);

const FEATURES = new Set([...PLAIN, ...Object.keys(IMPLIED), ...LATER]);

/** The units of the x87, the last one first. */
const X87 = ["687", "387", "287", "8087"];

/** The features and all that they imply. */
const close = (features: Iterable<string>): Set<string> => {
  const closed = new Set<string>();
  const visit = (feature: string): void => {
    if (closed.has(feature)) return;
    closed.add(feature);
    for (const implied of words(IMPLIED[feature] ?? "")) visit(implied);
  };
  for (const feature of features) visit(feature);
  // The 8087's and the 287's own oddities are not in their successors.
  if (closed.has("287") || closed.has("387")) closed.delete("8087-only");
  if (closed.has("387")) closed.delete("287-only");
  return closed;
};

/** Whether a set of features suffices for a form's feature. */
export const hasFeature = (features: ReadonlySet<string>, feature: string): boolean =>
  features.has(feature) || feature.split("+").every((part) => features.has(part));

/** Names that `.arch` takes: processors, and features with a dot before them. */
export const ARCHITECTURE_NAMES: readonly string[] = [
  ...Object.keys(PROCESSORS),
  ...[...FEATURES].flatMap((feature) => [`.${feature}`, `.no${feature}`]),
];

/**
 * What is allowed after `.arch NAME`. A processor's name starts anew, `.feature` adds, `.nofeature` takes away (with
 * all that needs it), "default" allows everything again. Undefined stands for everything. Null when there is no such
 * name.
 */
export const selectArchitecture = (
  current: ReadonlySet<string> | undefined,
  name: string,
): ReadonlySet<string> | undefined | null => {
  if (name === "default") return undefined;
  const processor = PROCESSORS[name];
  if (processor !== undefined) return close(words(processor));
  if (!name.startsWith(".")) return null;
  const feature = name.slice(1);
  if (feature === "no87")
    return X87.reduce<ReadonlySet<string> | undefined | null>(
      (features, unit) => selectArchitecture(features ?? undefined, `.no${unit}`),
      current,
    );
  if (FEATURES.has(feature)) return current === undefined ? undefined : close([...current, feature]);
  if (!feature.startsWith("no") || !FEATURES.has(feature.slice(2))) return null;
  const removed = feature.slice(2);
  const left =
    current ??
    new Set([...close([...words(I386), "i486", "i586", "i686", NAMELESS, ...FEATURES]), "8087-only", "287-only"]);
  const unit = current === undefined ? "" : (REMOVED_FROM_PROCESSOR[removed] ?? "");
  const gone = new Set([removed, ...words(`${REMOVED_TOO[removed] ?? ""} ${unit}`)]);
  return new Set(
    [...left].filter(
      (other) =>
        !gone.has(other) &&
        (NEVER_NEEDED.has(removed) ||
          ![...close([other])].some((implied) => implied === removed || (removed === "sse4" && gone.has(implied)))),
    ),
  );
};

/** `-march=i686+sse2+nommx`. Null when a part of it is unknown. */
export const parseArchitecture = (text: string): ReadonlySet<string> | undefined | null => {
  const [processor, ...extensions] = text.split("+");
  // `+nosse` alone takes from everything.
  let features = processor === "" && extensions.length > 0 ? undefined : selectArchitecture(undefined, processor!);
  for (const extension of extensions) {
    if (features === null) return null;
    features = selectArchitecture(features, `.${extension}`);
  }
  return features;
};
