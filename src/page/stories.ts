/**
 * Stories: runs that are known beforehand, with a sentence at each moment that is worth watching. They are data; each
 * can be left at any moment, and what is done then is another future of the same run.
 */
import type { Action, ActionWord } from "../lab/actions.ts";

export interface Caption {
  readonly atNs: number;
  readonly text: string;
  /** How fast virtual time passes from here on. */
  readonly speed: number;
}

export interface Story {
  readonly id: string;
  readonly title: string;
  readonly teaser: string;
  readonly nodes: number;
  readonly seed: number;
  readonly actions: readonly Action[];
  readonly endNs: number;
  readonly captions: readonly Caption[];
  /** The editor of sources is a part of it. */
  readonly hasEditor?: boolean;
}

function at(seconds: number, word: ActionWord, node: number, ...values: (number | string)[]): Action {
  return { atNs: Math.round(seconds * 1e9), word, node: node - 1, values };
}

function say(seconds: number, speed: number, text: string): Caption {
  return { atNs: Math.round(seconds * 1e9), speed, text };
}

export const STORIES: readonly Story[] = [
  {
    id: "birth",
    title: "The birth of a cluster",
    teaser: "Three PCs get power and agree on who they are.",
    nodes: 3,
    seed: 1,
    actions: [],
    endNs: 6e9,
    captions: [
      say(
        0,
        0.02,
        "Three PCs get power within 20 ms of each other. Each tests its memory and looks for something to boot.",
      ),
      say(0.04, 0.05, "The boot sector loads QuRe from the CD: a kernel written in assembly, read sector by sector."),
      say(
        0.2,
        0.06,
        "The kernel finds its disk and its network card, and asks the gateway for an address by DHCP. Watch the cables.",
      ),
      say(
        0.45,
        0.15,
        "With an address, each says hello to the others and listens for a second and a half. Coloured dots are frames of the cluster's own protocol.",
      ),
      say(
        1.9,
        0.1,
        "The one with the lowest id heard nobody better: qure-2 founds the cluster. Era 1 is on its disk before it says so.",
      ),
      say(
        2.1,
        0.25,
        "The others hear its view, write the era to their disks, and are members. Each now sees two others.",
      ),
      say(
        3,
        1,
        "From here on each member reports to the next in a ring, and so is watched by one other. Type cloud at any machine, or pull a cable.",
      ),
    ],
  },
  {
    id: "coordinator",
    title: "The death of the coordinator",
    teaser: "The one that speaks for all loses its power.",
    nodes: 3,
    seed: 1,
    actions: [at(4, "cut", 2), at(14, "power", 2)],
    endNs: 20e9,
    captions: [
      say(
        0,
        1,
        "Three machines boot and form a cluster. qure-2 founds it and coordinates: its view says who belongs to it.",
      ),
      say(3.2, 0.4, "Look at qure-2: its power is about to be cut, in the middle of whatever it does."),
      say(
        4,
        0.1,
        "No power. Its reports are missing: after 60 ms it is asked where it is, every 30 ms. Nobody answers.",
      ),
      say(
        4.62,
        0.1,
        "Silent for 650 ms, asked in vain, it is taken for dead. The lowest id that is left takes the role at once.",
      ),
      say(
        4.8,
        0.8,
        "Another one coordinates. It is the same cluster, in the same era: founder is a name, coordinator is a role.",
      ),
      say(14, 0.5, "Power again. qure-2 boots with what its disk remembers: its age is one higher."),
      say(14.5, 0.2, "It says hello, hears the cluster it once founded, and joins it as a member."),
      say(18, 1, "All three agree again. Drag the bar of time back, and cut another machine's power instead."),
    ],
  },
  {
    id: "split",
    title: "A split, and what heals it",
    teaser: "A cable is pulled; both sides live on.",
    nodes: 4,
    seed: 2,
    actions: [at(4, "unplug", 1), at(4.001, "unplug", 3), at(13, "plug", 1), at(16, "plug", 3)],
    endNs: 22e9,
    captions: [
      say(0, 1, "Four machines boot and form one cluster."),
      say(3.2, 0.4, "Two cables are about to be pulled: those of qure-1 and qure-3."),
      say(4, 0.1, "The switch drops what it has for them. Who is cut off cannot tell whether the others died."),
      say(4.9, 0.2, "Within a second each side takes the other for gone, and each has a coordinator of its own."),
      say(
        6,
        1,
        "So there are three parts with one name, the era and the founder. That makes healing easy: nobody has to give anything up.",
      ),
      say(
        13,
        0.3,
        "The first cable is plugged in. Of two coordinators of the same cluster the one with the lower id goes on.",
      ),
      say(16, 0.3, "And the second."),
      say(18, 1, "One cluster, one coordinator, four members. Try it with a cable that loses half its frames."),
    ],
  },
  {
    id: "address",
    title: "An address that does not die",
    teaser: "Three machines answer for one address; its holder loses its power.",
    nodes: 3,
    seed: 1,
    actions: [at(3, "type", 1, "cloud address add 10.0.2.100\r"), at(6, "cut", 3), at(12, "power", 3)],
    endNs: 16e9,
    captions: [
      say(
        0,
        1,
        "Three machines boot and form a cluster. Each has an address of its own; the world wants to know only one.",
      ),
      say(
        3,
        0.3,
        "At qure-1 somebody types cloud address add 10.0.2.100. A majority writes it down, then one of them holds it.",
      ),
      say(
        5,
        0.5,
        "The card says who. It asked first whether anybody else has the address, and tells the others ten times a second.",
      ),
      say(6, 0.05, "The holder loses its power. Nobody answers for the address now."),
      say(
        6.4,
        0.3,
        "After a quarter of a second of silence the next in the row asked three times for it, and holds it: with the same MAC address, so that routers notice nothing.",
      ),
      say(12, 0.5, "Power again. The address stays where it is: a move would only disturb who talks to it."),
      say(14, 1, "Drag the bar of time back to the cut, and pull cables instead."),
    ],
  },
  {
    id: "assembly",
    title: "Change a line of assembly",
    teaser: "Edit the kernel here, build it here, boot it here.",
    nodes: 3,
    seed: 1,
    actions: [],
    endNs: 0,
    captions: [
      say(
        0,
        1,
        "This is the kernel's first routine. Change the text in a PRINTF line and press Build and boot: the assembler, the linker and the machines all run in this page.",
      ),
    ],
    hasEditor: true,
  },
];
