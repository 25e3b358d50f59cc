/**
 * Keeps the clusters that tests made last. Each machine brings closures of its own for its instructions, and what V8
 * has compiled of them goes with the last machine that uses it: every collection, and a new machine's memory of 300
 * MB of addresses brings one about, would end with compiling the same handlers again.
 */
const KEPT = 4;
const last: object[] = [];

export function keepWarm<Cluster extends object>(cluster: Cluster): Cluster {
  last.push(cluster);
  if (last.length > KEPT) last.shift();
  return cluster;
}
