/**
 * The order of test files. Those that start other programs come first: a process that has had hundreds of machines is
 * large, and each program that it starts costs it the copying of its page tables. Then those that take longest, so that
 * no worker is left alone with one at the end.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const STARTS_PROGRAMS = /\/tests\/(assembler|binutils|cli|docs|fat|image|isa|linker|object)\//;
const LONG = /\/tests\/(chaos|page|systems)\/|\/devices\/state|\/system\/packetdrill/;

const GROUPS = [STARTS_PROGRAMS, LONG, /./];

function place({ moduleId }: TestSpecification): number {
  return GROUPS.findIndex((pattern) => pattern.test(moduleId));
}

export default class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    return bySize.sort((a, b) => place(a) - place(b));
  }
}
