/** Names of C++ and Rust as they were in the source: by hand, as c++filt has them, and with anything for a name. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { demangle, demangleSymbol } from "../../src/object/demangle/demangle.ts";
import { requireOracle } from "../oracle.ts";
import { casesOf } from "../setup/tier.ts";
import { DEMANGLE_CASES, NOT_MANGLED } from "./demangle-cases.ts";
import { NOT_RUST_V0, RUST_V0_CASES } from "./demangle-rust-cases.ts";

const ALL = Object.values(DEMANGLE_CASES).flat();

describe.each(Object.entries(DEMANGLE_CASES))("%s", (_, cases) => {
  test.each(cases)("%s", (mangled, demangled) => expect(demangle(mangled)).toBe(demangled));
});

test.each(NOT_MANGLED)("%s is no mangled name", (name) => expect(demangle(name)).toBeNull());

test("c++filt says the same", (context) => {
  const names = [...ALL.map(([mangled]) => mangled), ...NOT_MANGLED];
  const run = spawnSync(requireOracle("c++filt", context), ["-i"], {
    input: `${names.join("\n")}\n`,
    encoding: "utf8",
  });
  expect(run.stdout.trimEnd().split("\n")).toEqual([...ALL.map(([, demangled]) => demangled), ...NOT_MANGLED]);
});

test("c++filt says the same of Rust's names with the hashes of crates and the types of constants", (context) => {
  const names = [
    ...Object.values(RUST_V0_CASES)
      .flat()
      .map(([mangled]) => mangled),
    ...NOT_RUST_V0,
  ];
  const run = spawnSync(requireOracle("c++filt", context), ["-s", "rust"], {
    input: `${names.join("\n")}\n`,
    encoding: "utf8",
  });
  const ours = names.map((name) => demangle(name, { style: "rust", isVerbose: true }) ?? name);
  expect(ours).toEqual(run.stdout.trimEnd().split("\n"));
});

test("paths, types and constants of Rust nest as deep as in GNU's tools", (context) => {
  const names = [1022, 1023, 1024].flatMap((depth) => [
    `_RINvC3foo3bar${"P".repeat(depth)}lE`,
    `_RINvC3foo3bar${"A".repeat(depth)}l${"p".repeat(depth)}E`,
    `_R${"Nv".repeat(depth)}C1a${"1b".repeat(depth)}`,
    `_RINvC3foo3bar${"DINtC1a1b".repeat(depth >> 1)}l${"EEL_".repeat(depth >> 1)}E`,
  ]);
  const run = spawnSync(requireOracle("c++filt", context), ["-i"], {
    input: `${names.join("\n")}\n`,
    encoding: "utf8",
  });
  expect(names.map((name) => demangle(name) ?? name)).toEqual(run.stdout.trimEnd().split("\n"));
});

test("c++filt's own form has all of std::string and Rust's hashes", () => {
  expect(demangle("_Z1fSs", { isVerbose: true })).toBe(
    "f(std::basic_string<char, std::char_traits<char>, std::allocator<char> >)",
  );
  expect(demangle("_ZN3foo17h0123401230123012E", { isVerbose: true })).toBe("foo::h0123401230123012");
  expect(demangle("_RINvCs_3foo3barKj1_KpE", { isVerbose: true })).toBe("foo[1]::bar::<1: usize, _>");
});

test("a style takes names for those of one language", () => {
  expect(demangle("_Z1fv", { style: "rust" })).toBeNull();
  expect(demangle("_ZN3foo17h0123401230123012E", { style: "gnu-v3" })).toBe("foo::h0123401230123012");
  expect(demangle("_RNvC3foo3bar", { style: "gnu-v3" })).toBeNull();
  expect(demangle("_RNvC3foo3bar", { style: "rust" })).toBe("foo::bar");
  expect(demangle("_Z1fv", { style: "none" })).toBeNull();
});

test("what stands before and after a symbol's name stays, and letters are bytes", () => {
  expect(demangleSymbol("._Z1fv")).toBe(".f()");
  expect(demangleSymbol("_Z1fv@@V1")).toBe("f()@@V1");
  expect(demangleSymbol("main@plt")).toBe("main@plt");
  expect(demangleSymbol("_RNvC3foou8gdel_5qa@V")).toBe("foo::g\xc3\xb6del@V");
});

describe("names that ask for too much stay as they are", () => {
  test.each([
    ["types within types", `_Z1f${"P".repeat(60_000)}i`],
    ["names within names", `_Z${"Z".repeat(30_000)}1fvE1x`],
    ["arguments within arguments", `_Z1f${"1AI".repeat(20_000)}`],
    ["expressions within expressions", `_Z1fIiEDT${"ng".repeat(30_000)}fp_Ei`],
    ["a name of any length", `_Z${"1a".repeat(100_000)}`],
    // Each parameter is a function of the one before, twice.
    ["text that doubles", `_Z1fPFvvE${Array.from({ length: 30 }, (_, i) => `PFv${back(i)}${back(i)}E`).join("")}`],
    ["packs of packs", `_Z1fIJ${"J".repeat(200)}iE${"E".repeat(200)}EEv${"Dp".repeat(300)}T_`],
    ["arguments that may be read twice", `_ZN1A${"cvT_I1BN1C".repeat(60)}`],
    ["types of Rust within types", `_RINvC1a1b${"P".repeat(60_000)}lE`],
    ["types of Rust that double", `_RINvC1a1b${doubled(40)}E`],
    ["a name of Rust within itself", "_RINvC1a1bTB8_EE"],
    ["lifetimes of Rust", "_RINvC1a1bFGzzzzzzzz_EuE"],
    ["lifetimes of Rust that are not shown", `_RNvMINvC1a1bFGzzzzzzzz_EuEl1c`],
    ["Punycode without an end, again and again", `_RINvC1a1bNtC1au30000${"z".repeat(30_000)}${"Ba_".repeat(9000)}E`],
    ["letters beyond Unicode", "_RCu5b49ba"],
    ["half of a letter outside of the first plane", "_RCu4f29b"],
    ["hashes of Rust that never come", `_ZN${"1a17h".repeat(12_000)}`],
  ])("%s", (_, name) => expect(demangle(name)).toBeNull());

  /** Tuples, each of the one before, twice; they begin 8 characters after `_R`. */
  function doubled(count: number): string {
    let text = "TllE";
    for (let before = 0; count > 0; count--) {
      const reference = `B${base62(8 + before - 1)}_`;
      before = text.length;
      text += `T${reference}${reference}E`;
    }
    return text;
  }

  function base62(value: number): string {
    const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return `${value < 62 ? "" : base62(Math.floor(value / 62))}${digits[value % 62]}`;
  }

  /** The substitution for the pointer to the function before. */
  function back(index: number): string {
    const place = index * 2 + 1;
    return place === 0 ? "S_" : `S${(place - 1).toString(36).toUpperCase()}_`;
  }
});

const cases = casesOf("object/demangle");

test(`any change of a name gives a name of bounded length, or none: ${cases.title}`, () => {
  const letters = "_ZNKBYGHSTPRODtTXLIJEFvicbAMsrplfp0123456789abcdegstCUluVWQ.$@ ";
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    let name = random.pick(ALL)[0];
    for (let changes = 1 + random.below(6); changes > 0; changes--) {
      const at = 2 + random.below(name.length);
      const other = random.pick(ALL)[0];
      const put = random.chance(40)
        ? letters[random.below(letters.length)]!
        : random.chance(50)
          ? other.slice(random.below(other.length)).slice(0, 1 + random.below(10))
          : name.slice(at, at + 4);
      name = name.slice(0, at) + put + name.slice(at + (random.chance(50) ? 0 : random.below(4)));
    }
    const repeat = `${name}; ${cases.repeat(seed)}`;
    let text: string | null = null;
    expect(() => (text = demangle(name)), repeat).not.toThrow();
    expect((text ?? "").length, repeat).toBeLessThan(70_000);
  }
});
