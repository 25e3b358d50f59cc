/**
 * The order of test files. Those that start other programs come first: a process that has had hundreds of machines is
 * large, and each program that it starts costs it the copying of its page tables. So do those that make thousands of
 * boards, for what collecting their garbage costs grows with all that is kept. Then come those that take longest, so
 * that no worker is left alone with one at the end.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const MAKES_BOARDS = /\/devices\/(state|fields|registers|hostile)/;
const STARTS_PROGRAMS =
  /\/tests\/(assembler|binutils|cli|disk\/fat|docs|image|isa|linker|object|vm)\/|\/guest\/boot\.|\/cpu\/differential|\/text-programs/;
const LONG = /\/tests\/(chaos|page|systems)\/|\/system\/packetdrill/;

const GROUPS = [MAKES_BOARDS, STARTS_PROGRAMS, LONG, /./];

function place({ moduleId }: TestSpecification): number {
  return GROUPS.findIndex((pattern) => pattern.test(moduleId));
}

export default class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    return bySize.sort((a, b) => place(a) - place(b));
  }
}
