/** The programs of dist/bin, as Makefiles and gcc find them: archives byte for byte, and options that scripts try. */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { requireOracle, withFolder } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";

const BIN = resolve("dist/bin");
const PATH = `${BIN}${delimiter}${process.env["PATH"] ?? ""}`;

const shell = (folder: string, script: string): string =>
  execFileSync("sh", ["-ec", script], { cwd: folder, encoding: "utf8", env: { ...process.env, PATH } });

const SOURCES: Readonly<Record<string, string>> = {
  "a.s": " .globl f\nf: call g\n movl $l, %eax\nl: nop\nlocal: nop\n",
  "a-member-with-a-long-name.s": " .globl g, h\ng: nop\nh: ret\n",
};

const writeSources = (folder: string): void => {
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(folder, name), text);
};

describe("programs by the names of GNU's", () => {
  thoroughly("archives are GNU ar's, byte for byte", (context) => {
    const ar = requireOracle("ar", context);
    withFolder((folder) => {
      writeSources(folder);
      shell(
        folder,
        "for f in a a-member-with-a-long-name; do as $f.s -o $f.o; done; ar rcs ours.a a.o a-member-with-a-long-name.o",
      );
      execFileSync(ar, ["rcsD", "theirs.a", "a.o", "a-member-with-a-long-name.o"], { cwd: folder });
      expect(readFileSync(join(folder, "ours.a"))).toEqual(readFileSync(join(folder, "theirs.a")));
      shell(
        folder,
        "ar d ours.a a.o; ranlib ours.a; ar q ours.a a.o; mkdir out; cd out; ar x ../ours.a; cmp a.o ../a.o",
      );
      expect(shell(folder, "ar t ours.a")).toBe("a-member-with-a-long-name.o\na.o\n");
    });
  });

  thoroughly("files of one name from two folders are both archived, as GNU ar does", (context) => {
    const ar = requireOracle("ar", context);
    withFolder((folder) => {
      writeSources(folder);
      const lists = "first() { $1 r $2 a.o sub/a.o; }; again() { $1 r $2 sub/a.o a.o; }";
      shell(folder, "mkdir sub; as a.s -o a.o; as a-member*.s -o sub/a.o");
      for (const [program, archive] of [
        ["ar", "ours.a"],
        [ar, "theirs.a"],
      ] as const)
        shell(folder, `${lists}; first ${program} ${archive} 2>&1; again ${program} ${archive}`);
      expect(readFileSync(join(folder, "ours.a"))).toEqual(readFileSync(join(folder, "theirs.a")));
    });
  });

  thoroughly("an archive of objects that define nothing has an index, as GNU ar's has", (context) => {
    const ar = requireOracle("ar", context);
    withFolder((folder) => {
      writeSources(folder);
      shell(folder, "as /dev/null -o none.o; ar rc ours.a none.o a.s; ar rc plain.a a.s");
      shell(folder, `${ar} rcD theirs.a none.o a.s; ${ar} rcD plain-theirs.a a.s`);
      for (const [ours, theirs] of [
        ["ours.a", "theirs.a"],
        ["plain.a", "plain-theirs.a"],
      ] as const)
        expect(readFileSync(join(folder, ours))).toEqual(readFileSync(join(folder, theirs)));
    });
  });

  thoroughly("thin archives are GNU ar's, of files, of thin archives and of plain ones", (context) => {
    const ar = requireOracle("ar", context);
    withFolder((folder) => {
      writeSources(folder);
      shell(
        folder,
        "mkdir sub; sed -i '1i .file \"a.c\"' *.s; as a.s -o a.o; as a-member*.s -o sub/a-member-with-a-long-name.o; ar rc plain.a a.o",
      );
      for (const program of ["ar", ar]) {
        const made = program === "ar" ? "ours" : "theirs";
        const lists = `${program} rcT sub/in.a sub/*.o; ${program} rcTP ${made}.a a.o sub/in.a; ${program} rcST ${made}2.a sub/in.a plain.a`;
        shell(folder, `${lists}; ${program} rT ${made}.a a.o; ${program} t ${made}.a > ${made}.list; rm sub/in.a`);
      }
      for (const suffix of [".a", "2.a", ".list"])
        expect(readFileSync(join(folder, `ours${suffix}`)), suffix).toEqual(
          readFileSync(join(folder, `theirs${suffix}`)),
        );
      const ld = requireOracle("ld", context);
      shell(folder, "ld -r --whole-archive ours2.a -o ours.o");
      shell(folder, `${ld} -m elf_i386 -r --whole-archive ours2.a -o theirs.o`);
      expect(readFileSync(join(folder, "ours.o"))).toEqual(readFileSync(join(folder, "theirs.o")));
      expect(() => shell(folder, "ar x ours.a 2> said")).toThrow();
      expect(readFileSync(join(folder, "said"), "utf8")).toContain("a thin archive");
      expect(() => shell(folder, "ar r ours.a a.o 2> said")).toThrow();
    });
  });

  test("objcopy hands formats that there are none of here to the next one on PATH", (context) => {
    requireOracle("objcopy", context);
    withFolder((folder) => {
      writeSources(folder);
      shell(folder, "as a.s -o a.o; objcopy -O srec a.o a.srec; objcopy -I srec -O ihex a.srec a.hex");
      expect(readFileSync(join(folder, "a.hex"), "latin1")).toMatch(/^:/);
    });
  });

  test("gcc finds the assembler by -B", (context) => {
    const gcc = requireOracle("gcc", context);
    withFolder((folder) => {
      writeFileSync(join(folder, "a.c"), "int f(int a) { return a + 1; }\n");
      for (const [name, options] of Object.entries({ theirs: [], ours: ["-B", `${BIN}/`] }))
        execFileSync(gcc, ["-m32", "-O2", "-g", ...options, "-c", "a.c", "-o", `${name}.o`], { cwd: folder });
      expect(readFileSync(join(folder, "ours.o"))).toEqual(readFileSync(join(folder, "theirs.o")));
    });
  });

  test("objcopy links to its own output before that is there, as Makefiles of a teaching system ask", () => {
    withFolder((folder) => {
      writeSources(folder);
      const made = shell(folder, "as a.s -o a.o; objcopy --add-gnu-debuglink=b.o a.o b.o; readelf -S b.o");
      expect(made).toMatch(/ \.gnu_debuglink +PROGBITS/);
    });
  });

  thoroughly("strip takes symbols away in place, and ld -r -s leaves those that relocations need", () => {
    withFolder((folder) => {
      writeSources(folder);
      const names = shell(
        folder,
        "as a.s -o a.o; ld -r -s a.o -o b.o; nm b.o; as -g a-member*.s -o g.o; strip g.o; nm g.o 2>&1",
      );
      expect(names).toMatch(/T f\n +U g\n/);
      expect(names).toContain("no symbols");
    });
  });

  test("ld -b binary makes data of any file, --wrap replaces references", () => {
    withFolder((folder) => {
      writeSources(folder);
      writeFileSync(join(folder, "data.txt"), "0123456789");
      const names = shell(
        folder,
        "as a.s -o a.o; ld -e f --defsym __wrap_g=0x1234 --wrap g a.o -b binary data.txt -o p; nm p",
      );
      expect(names).toMatch(/_binary_data_txt_start/);
      expect(names).toMatch(/00001234 A __wrap_g/);
    });
  });

  thoroughly("what configure scripts ask for", () => {
    withFolder((folder) => {
      expect(shell(folder, "ld -V")).toMatch(/^GNU ld .*2\.40\n {2}Supported emulations:\n {3}elf_i386\n$/);
      for (const name of ["as", "ld", "ar", "ranlib", "nm", "objcopy", "objdump", "readelf", "size", "strip"])
        expect(shell(folder, `${name} --version`)).toMatch(new RegExp(`^GNU ${name} .*2\\.40\\n`));
      for (const name of ["ar", "nm", "objcopy", "objdump", "ranlib", "size", "strip"])
        expect(shell(folder, `${name} -V`)).toContain("GNU");
      writeSources(folder);
      shell(folder, "as -divide a.s -o a.o");
      for (const option of ["-shared", "-pie"]) {
        const run = spawnSync(process.execPath, [join(BIN, "ld"), option, "a.o"], {
          cwd: folder,
          encoding: "utf8",
          env: { ...process.env, PATH: BIN },
        });
        expect([run.status, run.stderr]).toEqual([2, expect.stringContaining("not supported")]);
      }
    });
  });

  test("ar takes names from a file", () => {
    withFolder((folder) => {
      writeSources(folder);
      writeFileSync(join(folder, "list"), "a.o\nb.o\n");
      expect(shell(folder, "as a.s -o a.o; cp a.o b.o; ar cr lib.a @list; ranlib lib.a; ar t lib.a")).toBe(
        "a.o\nb.o\n",
      );
    });
  });

  test("libtool is told of shared libraries where another linker makes them, and only there", (context) => {
    requireOracle("ld", context);
    const named = ": supported targets: elf32-i386";
    withFolder((folder) => expect(shell(folder, "ld --help")).toContain(named));
    const alone = spawnSync(process.execPath, [join(BIN, "ld"), "--help"], { encoding: "utf8", env: { PATH: BIN } });
    expect(alone.stdout).not.toContain(named);
    expect(alone.status).toBe(0);
  });

  thoroughly("gcc links a kernel with all that it asks for by itself", (context) => {
    const gcc = requireOracle("gcc", context);
    withFolder((folder) => {
      writeFileSync(join(folder, "k.c"), "int counter; void _start(void) { counter++; }\n");
      writeFileSync(
        join(folder, "k.ld"),
        "SECTIONS { . = 0xc0100000; .text : AT(ADDR(.text) - 0xc0000000) { *(.text) } .data : { *(.data) } .bss : { *(.bss) } }",
      );
      const options = ["-m32", "-O2", "-fno-pie", "-no-pie", "-ffreestanding", "-nostdlib", "-T", "k.ld", "k.c", "-o"];
      for (const [name, own] of Object.entries({ theirs: [], ours: ["-B", `${BIN}/`] }))
        execFileSync(gcc, [...own, "-w", ...options, name], { cwd: folder, stdio: "pipe" });
      expect(readFileSync(join(folder, "ours"))).toEqual(readFileSync(join(folder, "theirs")));
    });
  });

  test("a shared library goes to the next linker on PATH", (context) => {
    requireOracle("ld", context);
    withFolder((folder) => {
      writeSources(folder);
      shell(folder, "as a.s -o a.o; ld -m elf_i386 -shared -z notext a.o -o lib.so");
      // ET_DYN
      expect(readFileSync(join(folder, "lib.so"))[16]).toBe(3);
    });
  });

  thoroughly(
    "a program that would be dynamic goes to the next linker on PATH, one without shared libraries does not",
    (context) => {
      requireOracle("ld", context);
      withFolder((folder) => {
        writeSources(folder);
        const script = `as a.s -o a.o; as a-member*.s -o g.o; ar rc libg.a g.o; ld -m elf_i386 -shared -z notext g.o -o libg.so
        link() { out=$1; shift; ld -m elf_i386 -e f -o $out a.o "$@"; }
        link found -L. -lg; link given libg.so; link static -L. -static -lg; link archive -L. -Bstatic -lg
        mkdir only; cp libg.a only; link elsewhere -L only -L . -lg; link named -L. -l:libg.a
        printf 'GROUP(%s/libg.so)' "$PWD" > libh.so; link script -L. -lh
        for f in found given static archive elsewhere named script; do
          if readelf -l $f | grep -q DYNAMIC; then echo $f; fi
        done`;
        expect(shell(folder, script)).toBe("found\ngiven\nscript\n");
      });
    },
  );

  test("a source for another processor goes to the next assembler on PATH", (context) => {
    requireOracle("as", context);
    withFolder((folder) => {
      writeFileSync(join(folder, "a.s"), " movq %rax, %rbx\n");
      shell(folder, "as --64 a.s -o a.o");
      expect(readFileSync(join(folder, "a.o"))[4]).toBe(2);
    });
  });

  test("64-bit objects go to the next linker on PATH when no emulation is named", (context) => {
    requireOracle("ld", context);
    withFolder((folder) => {
      writeFileSync(join(folder, "a.s"), " movq %rax, %rbx\n");
      shell(folder, "as --64 a.s -o a.o; ld -o b.o -r a.o; ld -e 0 b.o -o a");
      expect(readFileSync(join(folder, "a"))[4]).toBe(2);
    });
  });
});
