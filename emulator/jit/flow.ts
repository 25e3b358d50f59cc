/**
 * Control flow of a region as nested blocks and loops, which is all that WebAssembly has. Node 0 is the dispatcher: it
 * leads to each entry, and edges that would enter a loop in its middle go through it. What remains is reducible, and
 * the dominator tree says where each block and loop begins and ends (Norman Ramsey, "Beyond Relooper", ICFP 2022).
 */

export interface FlowGraph {
  /** Successors of each node; those of node 0 are the entries. Grows when an edge has to go through the dispatcher. */
  readonly successors: readonly number[][];
}

export interface Structure {
  /** Position in reverse postorder; -1 for what cannot be reached. */
  readonly order: readonly number[];
  readonly isLoopHeader: readonly boolean[];
  /** Nodes that more than one forward edge, or the dispatcher, leads to: they need a label. */
  readonly isMerge: readonly boolean[];
  /** Children in the dominator tree that are merges, in reverse postorder. */
  readonly mergeChildren: readonly (readonly number[])[];
  /** The only predecessor, or -1. */
  readonly onlyPredecessor: readonly number[];
}

/**
 * Finds the structure of a graph. Edges into the middle of loops are redirected: `redirect(from, to)` is called for
 * each and has to give the node that the dispatcher reaches `to` by.
 */
export function structure(graph: FlowGraph, redirect: (from: number, to: number) => void): Structure {
  for (;;) {
    const order = reversePostorder(graph);
    const dominators = immediateDominators(graph, order);
    const irreducible = findIrreducible(graph, order, dominators);
    if (irreducible === null) return describe(graph, order, dominators);
    redirect(irreducible[0], irreducible[1]);
  }
}

function reversePostorder({ successors }: FlowGraph): number[] {
  const order = new Array<number>(successors.length).fill(-1);
  const seen = new Array<boolean>(successors.length).fill(false);
  const post: number[] = [];
  const stack: [number, number][] = [[0, 0]];
  seen[0] = true;
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const next = successors[top[0]]![top[1]++];
    if (next === undefined) {
      post.push(top[0]);
      stack.pop();
    } else if (!seen[next]) {
      seen[next] = true;
      stack.push([next, 0]);
    }
  }
  post.reverse().forEach((node, position) => {
    order[node] = position;
  });
  return order;
}

/** Cooper, Harvey and Kennedy's iteration. */
function immediateDominators({ successors }: FlowGraph, order: readonly number[]): number[] {
  const nodes = successors
    .map((_, node) => node)
    .filter((node) => order[node]! >= 0)
    .sort((a, b) => order[a]! - order[b]!);
  const predecessors: number[][] = successors.map(() => []);
  for (const node of nodes) for (const next of successors[node]!) predecessors[next]!.push(node);
  const dominator = new Array<number>(successors.length).fill(-1);
  dominator[0] = 0;
  const meet = (first: number, second: number): number => {
    let a = first;
    let b = second;
    while (a !== b) {
      while (order[a]! > order[b]!) a = dominator[a]!;
      while (order[b]! > order[a]!) b = dominator[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of nodes) {
      if (node === 0) continue;
      let found = -1;
      for (const predecessor of predecessors[node]!) {
        if (dominator[predecessor]! >= 0) found = found < 0 ? predecessor : meet(found, predecessor);
      }
      if (found !== dominator[node]) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return dominator;
}

function dominates(a: number, b: number, dominators: readonly number[]): boolean {
  let node = b;
  while (node !== a && node !== 0) node = dominators[node]!;
  return node === a;
}

/** An edge that goes back to a node which does not dominate its source. */
function findIrreducible(
  { successors }: FlowGraph,
  order: readonly number[],
  dominators: readonly number[],
): [number, number] | null {
  for (let from = 0; from < successors.length; from++) {
    if (order[from]! < 0) continue;
    for (const to of successors[from]!)
      if (order[to]! <= order[from]! && !dominates(to, from, dominators)) return [from, to];
  }
  return null;
}

function describe({ successors }: FlowGraph, order: readonly number[], dominators: readonly number[]): Structure {
  const count = successors.length;
  const forward = new Array<number>(count).fill(0);
  const isLoopHeader = new Array<boolean>(count).fill(false);
  const onlyPredecessor = new Array<number>(count).fill(-1);
  const edges = new Array<number>(count).fill(0);
  isLoopHeader[0] = true;
  for (let from = 0; from < count; from++) {
    if (order[from]! < 0) continue;
    for (const to of successors[from]!) {
      edges[to]!++;
      onlyPredecessor[to] = edges[to] === 1 ? from : -1;
      if (order[to]! <= order[from]!) isLoopHeader[to] = true;
      else forward[to]!++;
    }
  }
  const isMerge = forward.map((edgesIn, node) => edgesIn > 1 || onlyPredecessor[node] === 0);
  const mergeChildren: number[][] = successors.map(() => []);
  for (let node = 1; node < count; node++)
    if (order[node]! >= 0 && isMerge[node]) mergeChildren[dominators[node]!]!.push(node);
  for (const children of mergeChildren) children.sort((a, b) => order[a]! - order[b]!);
  return { order, isLoopHeader, isMerge, mergeChildren, onlyPredecessor };
}

/** What the nodes of the lightest way from a node back to itself weigh together; Infinity if none leads back. */
export function cycleWeight({ successors }: FlowGraph, node: number, weightOf: (node: number) => number): number {
  const ways = new Array<number>(successors.length).fill(Infinity);
  const waiting: [at: number, before: number][] = [[node, 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const way = next[1] + weightOf(next[0]);
    for (const to of successors[next[0]]!) {
      if (way >= ways[to]!) continue;
      ways[to] = way;
      if (to !== node) waiting.push([to, way]);
    }
  }
  return ways[node]!;
}
