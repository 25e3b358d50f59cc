/** A machine among the others: its name and role, its screen, its lamps, its cable. */
import type { NodeState } from "../protocol.ts";
import { Screen } from "./screen.tsx";
import type { Store } from "./store.ts";

const STATES: Readonly<Record<NodeState["state"], string>> = {
  off: "no power",
  starting: "starting",
  joining: "looking for a cluster",
  member: "member",
};

export function roleOf(node: NodeState): string {
  if (node.state !== "member") return STATES[node.state];
  if (node.isCoordinator) return node.isFounder ? "founded and coordinates" : "coordinates";
  return node.isFounder ? "founded the cluster" : "member";
}

interface CardProps {
  readonly store: Store;
  readonly node: NodeState;
  readonly index: number;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

export function Card({ store, node, index, isChosen, choose }: CardProps) {
  const role = roleOf(node);
  const isIdle = node.isOn && node.isHalted;
  return (
    <article
      class={`card ${node.state} ${isChosen ? "chosen" : ""} ${node.isCoordinator ? "leads" : ""}`}
      data-node={index}
    >
      <Cable index={index} node={node} />
      <button type="button" class="face" aria-pressed={isChosen} onClick={choose}>
        <span class="card-head">
          <strong>{node.name}</strong>
          <span class="role">{role}</span>
          <span class="lamps" aria-hidden="true">
            <i class={`lamp power ${node.isOn ? "lit" : ""}`} title="power" />
            <i class={`lamp work ${node.isOn && !isIdle ? "lit" : ""}`} title="processor" />
            <i class={`lamp net ${node.isOn && node.isPlugged ? "lit" : ""}`} title="network" />
          </span>
        </span>
        <Screen store={store} node={index} label={node.name} />
        <span class="card-foot">
          <span class="address">{node.address ?? (node.isOn ? "no address yet" : "off")}</span>
          {node.era !== null && <span>era {node.era}</span>}
          {node.peers !== null && <span>sees {node.peers}</span>}
          {node.holds.map((address) => (
            <span class="held" key={address}>
              holds {address}
            </span>
          ))}
          {node.trouble !== "" && <span class="trouble">{node.trouble}</span>}
        </span>
      </button>
    </article>
  );
}

/** From the switch above to the machine; frames move along it. */
function Cable({ index, node }: { index: number; node: NodeState }) {
  const state = !node.isPlugged ? "pulled" : node.trouble !== "" ? "troubled" : "whole";
  return (
    <svg class={`cable ${state}`} data-cable={index} viewBox="0 0 24 48" preserveAspectRatio="none" aria-hidden="true">
      <line x1="12" y1="0" x2="12" y2={node.isPlugged ? 48 : 18} />
      {!node.isPlugged && <line x1="12" y1="34" x2="12" y2="48" />}
      <rect x="8" y="42" width="8" height="6" rx="1" />
    </svg>
  );
}
