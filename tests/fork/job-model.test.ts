/**
 * Who may run a program that moves (docs/protocols/job.md), in all orders. A message that was sent can be
 * heard at any time after that, any number of times, or never; each machine may die once, and the target boots again.
 */
import { expect, test } from "vitest";
import { copyOf, type Explored, explore } from "../volume/explore.ts";

type Message = "ready" | "done" | "live" | "gave up" | "ask";

interface Job {
  source: "stands" | "runs" | "given" | "gone" | "dead";
  /** "blank": it has booted since, and knows of nothing. */
  target: "ready" | "runs" | "ended" | "gave up" | "dead" | "blank";
  sent: Message[];
  kills: number;
}

interface Faults {
  /** The source goes on without an answer, though it has said DONE. */
  readonly goesOn?: boolean;
  /** It does not ask. */
  readonly asksNot?: boolean;
  /** The target answers a question while it waits for DONE. */
  readonly answersEarly?: boolean;
  /** It remembers no try. */
  readonly forgets?: boolean;
  /** It begins at DONE after it gave up. */
  readonly beginsLate?: boolean;
  /** It waits for DONE for ever. */
  readonly noLease?: boolean;
  /** It remembers only what runs still. */
  readonly forgetsEnded?: boolean;
}

const beginning: Job = { source: "stands", target: "ready", sent: ["ready"], kills: 2 };

function say(job: Job, message: Message): void {
  if (!job.sent.includes(message)) job.sent = [...job.sent, message].sort();
}

const isTargets = (message: Message): boolean => message === "done" || message === "ask";

function hear(job: Job, message: Message, faults: Faults): void {
  const { source, target } = job;
  switch (message) {
    case "ready":
      if (source !== "stands") return;
      job.source = "given";
      return say(job, "done");
    case "done":
      if (target !== "ready" && !(faults.beginsLate && target === "gave up")) return;
      job.target = "runs";
      return say(job, "live");
    case "ask":
      if (target === "ready" && !faults.answersEarly) return;
      if ((target === "runs" && !faults.forgets) || (target === "ended" && !faults.forgetsEnded))
        return say(job, "live");
      return say(job, "gave up");
    case "live":
      if (source === "given") job.source = "gone";
      return;
    case "gave up":
      if (source === "given") job.source = "runs";
  }
}

function patience(job: Job, faults: Faults): void {
  if (job.source === "stands") job.source = "runs";
  else if (job.source === "given" && faults.goesOn) job.source = "runs";
  else if (job.source === "given" && !faults.asksNot) say(job, "ask");
}

function lease(job: Job, faults: Faults): void {
  if (job.target !== "ready" || faults.noLease) return;
  job.target = "gave up";
  say(job, "gave up");
}

function nextOf(now: Job, faults: Faults): Job[] {
  const found: Job[] = [];
  const step = (act: (job: Job) => void): void => {
    const job = copyOf(now);
    act(job);
    found.push(job);
  };
  for (const message of now.sent)
    if (now[isTargets(message) ? "target" : "source"] !== "dead") step((job) => hear(job, message, faults));
  step((job) => patience(job, faults));
  step((job) => lease(job, faults));
  if (now.target === "runs") step((job) => void (job.target = "ended"));
  if (now.target === "dead") step((job) => void (job.target = "blank"));
  if (now.kills > 0)
    for (const who of ["source", "target"] as const)
      if (now[who] !== "dead")
        step((job) => {
          job[who] = "dead";
          job.kills--;
        });
  return found;
}

/**
 * Nothing more goes wrong, though what was sent so far is lost with its connection or not, and still nobody has the
 * program, though no machine died that had it.
 */
function isLost(from: Job, faults: Faults, isBroken: boolean): boolean {
  const job = copyOf(from);
  if (isBroken) job.sent = [];
  for (let round = 0; round < 6; round++) {
    lease(job, faults);
    patience(job, faults);
    if (job.target === "dead") job.target = "blank";
    for (const message of [...job.sent])
      if (job[isTargets(message) ? "target" : "source"] !== "dead") hear(job, message, faults);
  }
  return job.source === "stands" || job.source === "given";
}

function all(faults: Faults = {}): Explored {
  const step = (job: Job): Job[] => nextOf(job, faults);
  return explore(beginning, [{ name: "step", step, hasEnded: () => false }], (job) => {
    if (job.source === "runs" && job.target === "runs") return "both run";
    if (job.source === "runs" && job.target === "ended") return "it runs again";
    return [true, false].some((isBroken) => isLost(job, faults, isBroken)) ? "nobody runs" : null;
  });
}

test("a program that moves runs at one end, and at one again after any message was lost", () => {
  const { broken, states } = all();
  expect(broken).toBeNull();
  expect(states).toBeGreaterThan(80);
});

test.each<[keyof Faults, string]>([
  ["goesOn", "both run"],
  ["answersEarly", "both run"],
  ["forgets", "both run"],
  ["beginsLate", "both run"],
  ["forgetsEnded", "it runs again"],
  ["asksNot", "nobody runs"],
  ["noLease", "nobody runs"],
])("without a rule: %s", (fault, why) => {
  expect(all({ [fault]: true }).broken?.why).toBe(why);
});
