/** The rules of docs/protocols/push.md in their model: cut, lost, doubled or heard again, nothing is half. */
import { expect, test } from "vitest";
import { CutError, Host, type Message, type Nature, Node } from "./model.ts";

const NATURES: ReadonlyMap<string, Nature> = new Map([
  ["a", "good"],
  ["b", "good"],
  ["bad", "faults"],
  ["torn", "torn"],
]);
const PIECES = 3;

/** A node that runs `first`, or its image's own. */
function nodeWith(first: string | null): { node: Node; host: Host } {
  const [node, host] = [new Node(NATURES), new Host()];
  if (first !== null) tell(node, host.push(node, first, PIECES));
  return { node, host };
}

function tell(node: Node, messages: readonly Message[], session = node.session): void {
  for (const message of messages) node.hear(message, session);
}

/** What must hold at each moment, and after each start. */
function check(node: Node, allowed: readonly (string | null)[], what: string): void {
  expect(allowed, what).toContain(node.disk.named);
  if (node.disk.named !== null) expect(node.disk.files.has(node.disk.named), what).toBe(true);
  node.restart();
  expect(node.running, what).toBe(node.disk.named ?? "image");
}

test.each([null, "a"])("a push after %s is there, at once and after a start, and an undo takes it back", (first) => {
  const { node, host } = nodeWith(first);
  tell(node, host.push(node, "b", PIECES));
  expect([node.state, node.running, node.disk.named]).toEqual(["done", "b", "b"]);
  node.restart();
  expect(node.running).toBe("b");
  tell(node, host.undo(node));
  expect([node.state, node.running, node.disk.named]).toEqual(["done", first ?? "image", first]);
  check(node, [first], "after the undo");
});

test.each(["bad", "torn"])("a module that is %s leaves what was there", (content) => {
  for (const first of [null, "a"]) {
    const { node, host } = nodeWith(first);
    tell(node, host.push(node, content, PIECES));
    expect([node.state, node.running, node.disk.named]).toEqual(["failed", first ?? "image", first]);
    check(node, [first], content);
  }
});

test("a push or an undo that is cut at any write leaves the one or the other, running and on the disk", () => {
  for (const first of [null, "a"])
    for (const act of ["push", "undo"] as const)
      for (let cut = 0; cut < 4; cut++) {
        const { node, host } = nodeWith(first);
        if (act === "undo") tell(node, host.push(node, "b", PIECES));
        const before = node.disk.named;
        const after = act === "push" ? "b" : first;
        node.writes = 0;
        node.cutAfter = cut;
        try {
          tell(node, act === "push" ? host.push(node, "b", PIECES) : host.undo(node));
        } catch (error) {
          expect(error).toBeInstanceOf(CutError);
        }
        check(node, [before, after], `${act} after ${first}, cut before write ${cut}`);
      }
});

test("any subset of its frames in any order, twice or late, is that push or none", () => {
  for (let chosen = 0; chosen < 4 ** (PIECES + 1); chosen++) {
    const { node, host } = nodeWith("a");
    const all = host.push(node, "b", PIECES);
    const heard = Array.from({ length: PIECES + 1 }, (_, index) => all[(chosen >> (2 * index)) & 3]!);
    tell(node, heard);
    check(node, ["a", "b"], `${chosen}`);
  }
});

test("a recording does nothing: not after an undo, not after another push, not after a start", () => {
  const { node, host } = nodeWith(null);
  const { session } = node;
  const push = host.push(node, "a", PIECES);
  tell(node, push);
  const undo = host.undo(node);
  tell(node, undo);
  tell(node, push);
  expect([node.running, node.disk.named]).toEqual(["image", null]);
  tell(node, host.push(node, "b", PIECES));
  tell(node, [...push, ...undo]);
  expect([node.running, node.disk.named]).toEqual(["b", "b"]);
  node.restart();
  tell(node, [...push, ...undo], session);
  expect([node.running, node.disk.named]).toEqual(["b", "b"]);
});

test("what another host begins takes the place of what was under way", () => {
  const { node, host } = nodeWith(null);
  const [first, ...rest] = host.push(node, "a", PIECES);
  tell(node, [first!, rest[0]!]);
  tell(node, host.push(node, "b", PIECES));
  tell(node, rest);
  expect([node.state, node.running, node.disk.named]).toEqual(["done", "b", "b"]);
});
