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
  /** The text of a file of `--sites`; in one room when absent. */
  readonly sites?: string;
  readonly actions: readonly Action[];
  readonly endNs: number;
  readonly captions: readonly Caption[];
  /** The editor of sources is a part of it. */
  readonly hasEditor?: boolean;
}

function at(seconds: number, word: ActionWord, node: number, ...values: (number | string)[]): Action {
  return { atNs: Math.round(seconds * 1e9), word, node: node - 1, values };
}

/** A sentence at a moment, and for how many real seconds it is to be read and seen. */
type Said = readonly [atSeconds: number, seenSeconds: number, text: string];

/** The captions up to a story's end, each with the speed at which virtual time takes so long from it to the next. */
function paced(endSeconds: number, said: readonly Said[]): Pick<Story, "endNs" | "captions"> {
  const captions = said.map(([at, seen, text], index): Caption => {
    const span = (said[index + 1]?.[0] ?? endSeconds) - at;
    return { atNs: Math.round(at * 1e9), speed: Number((span / seen).toPrecision(2)), text };
  });
  return { endNs: endSeconds * 1e9, captions };
}

/** Public numbers of the clusters of these names, whose keys follow from the seed (tests/page/stories.test.ts). */
const BERLIN = "a75e5205c6d4038663564d58aeb465eada04b2bf8f80bdfea10f6ad5a70f4f68";
const LAGOS = "12ed58ed04d25bccbb0508e9269564693634c37997d702f915ddc331f30de723";

export const STORIES: readonly Story[] = [
  {
    id: "birth",
    title: "The birth of a cluster",
    teaser: "Three PCs get power and agree on who they are.",
    nodes: 3,
    seed: 1,
    actions: [],
    ...paced(6, [
      [0, 7, "Three PCs get power within 20 ms of each other. Each tests its memory and looks for something to boot."],
      [0.04, 7, "The boot sector loads QuRe from the CD: a kernel written in assembly, read sector by sector."],
      [
        0.2,
        8,
        "The kernel finds its disk and its network card, and asks the gateway for an address by DHCP. Watch the cables.",
      ],
      [
        0.45,
        13,
        "With an address, each says hello to the others and listens for a second and a half. Coloured dots are frames of the cluster's own protocol.",
      ],
      [
        1.9,
        8,
        "The one with the lowest id heard nobody better: qure-2 founds the cluster. Era 1 is on its disk before it says so.",
      ],
      [2.1, 8, "The others hear its view, write the era to their disks, and are members. Each now sees two others."],
      [
        3,
        9,
        "From here on each member reports to the next in a ring, and so is watched by one other. Type cloud at any machine, or pull a cable.",
      ],
    ]),
  },
  {
    id: "coordinator",
    title: "The death of the coordinator",
    teaser: "The one that speaks for all loses its power.",
    nodes: 3,
    seed: 1,
    actions: [at(4, "cut", 2), at(14, "power", 2)],
    ...paced(20, [
      [
        0,
        7,
        "Three machines boot and form a cluster. qure-2 founds it and coordinates: its view says who belongs to it.",
      ],
      [3.2, 6, "Look at qure-2: its power is about to be cut, in the middle of whatever it does."],
      [4, 8, "No power. Its reports are missing: after 60 ms it is asked where it is, every 30 ms. Nobody answers."],
      [
        4.62,
        7,
        "Silent for 650 ms, asked in vain, it is taken for dead. The lowest id that is left takes the role at once.",
      ],
      [
        4.8,
        10,
        "Another one coordinates. It is the same cluster, in the same era: founder is a name, coordinator is a role.",
      ],
      [14, 6, "Power again. qure-2 boots with what its disk remembers: its age is one higher."],
      [14.5, 10, "It says hello, hears the cluster it once founded, and joins it as a member."],
      [18, 6, "All three agree again. Drag the bar of time back, and cut another machine's power instead."],
    ]),
  },
  {
    id: "split",
    title: "A split, and what heals it",
    teaser: "A cable is pulled; both sides live on.",
    nodes: 4,
    seed: 2,
    actions: [at(4, "unplug", 1), at(4.001, "unplug", 3), at(13, "plug", 1), at(16, "plug", 3)],
    ...paced(22, [
      [0, 6, "Four machines boot and form one cluster."],
      [3.2, 6, "Two cables are about to be pulled: those of qure-1 and qure-3."],
      [4, 9, "The switch drops what it has for them. Who is cut off cannot tell whether the others died."],
      [4.9, 8, "Within a second each side takes the other for gone, and each has a coordinator of its own."],
      [
        6,
        9,
        "So there are three parts with one name, the era and the founder. That makes healing easy: nobody has to give anything up.",
      ],
      [
        13,
        9,
        "The first cable is plugged in. Of two coordinators of the same cluster the one with the lower id goes on.",
      ],
      [16, 7, "And the second."],
      [18, 6, "One cluster, one coordinator, four members. Try it with a cable that loses half its frames."],
    ]),
  },
  {
    id: "address",
    title: "An address that does not die",
    teaser: "Three machines answer for one address; its holder loses its power.",
    nodes: 3,
    seed: 1,
    actions: [at(3, "type", 1, "cloud address add 10.0.2.100\r"), at(6, "cut", 3), at(12, "power", 3)],
    ...paced(16, [
      [
        0,
        8,
        "Three machines boot and form a cluster. Each has an address of its own; the world wants to know only one.",
      ],
      [
        3,
        8,
        "At qure-1 somebody types cloud address add 10.0.2.100. A majority writes it down, then one of them holds it.",
      ],
      [
        5,
        8,
        "The card says who. It asked first whether anybody else has the address, and tells the others ten times a second.",
      ],
      [6, 8, "The holder loses its power. Nobody answers for the address now."],
      [
        6.4,
        12,
        "After a quarter of a second of silence the next in the row asked three times for it, and holds it: with the same MAC address, so that routers notice nothing.",
      ],
      [12, 8, "Power again. The address stays where it is: a move would only disturb who talks to it."],
      [14, 8, "Drag the bar of time back to the cut, and pull cables instead."],
    ]),
  },
  {
    id: "fork",
    title: "One machine becomes two",
    teaser: "A running kernel makes another machine its twin, and who talks to it notices nothing.",
    nodes: 3,
    seed: 1,
    actions: [
      at(3, "type", 1, "set greeting hello\r"),
      at(3, "type", 2, "ping -c 14 10.0.2.15\r"),
      at(5, "type", 3, "cloud fork accept\r"),
      at(8, "type", 1, "cloud fork qure-3\r"),
      at(16, "type", 3, "echo $greeting\r"),
    ],
    ...paced(20, [
      [0, 7, "Three machines boot and form a cluster. Each runs a kernel of its own, from its own disk."],
      [
        3,
        9,
        "qure-1 notes a word: set greeting hello. qure-2 is its client, and asks for an answer each second: ping.",
      ],
      [5, 8, "At qure-3 somebody types cloud fork accept: the machine gives itself up, for a minute, to a member."],
      [
        8,
        9,
        "qure-1: cloud fork qure-3. It copies its memory aside in three milliseconds, goes on, and sends the copy.",
      ],
      [
        8.8,
        9,
        "qure-3 puts that memory in place of its own, and lives: with its own card, id and disk, and other random numbers.",
      ],
      [12, 8, "It joins as a node of its own, older by one. qure-2 still hears qure-1, without a lost answer."],
      [16, 8, "echo $greeting at qure-3: hello. Nobody has typed that word there; the twin remembers it."],
      [17, 6, "14 asked, 14 answered. Drag the bar of time back, and cut a cable meanwhile."],
    ]),
  },
  {
    id: "sites",
    title: "Two clusters across the world",
    teaser: "Behind two home gateways, they find each other; one that speaks dies.",
    nodes: 4,
    seed: 1,
    sites: JSON.stringify({
      latency: "40ms",
      sites: [
        { name: "berlin", cluster: "berlin", nodes: 2, forwards: ["udp:20819:192.168.1.200:20819"] },
        { name: "lagos", cluster: "lagos", nodes: 2, nat: "symmetric" },
      ],
    }),
    actions: [
      at(4, "type", 1, "cloud address add 192.168.1.200\r"),
      at(4, "type", 3, "cloud address add 192.168.1.200\r"),
      at(7, "type", 1, `cloud set link.lagos "${LAGOS} 0.0.0.0 0"\r`),
      at(7, "type", 3, `cloud set link.berlin "${BERLIN} 198.51.100.1 20819"\r`),
      at(13, "type", 1, "cloud clusters\r"),
      at(16, "cut", 3),
      at(25, "type", 1, "cloud clusters\r"),
    ],
    ...paced(30, [
      [0, 8, "Two sites with two PCs each, behind a home gateway. Inside, both nets are the same: 192.168.1.0."],
      [
        4,
        9,
        "Each cluster gets a service address, 192.168.1.200 at both. Whoever holds it speaks for its cluster to others.",
      ],
      [
        7,
        10,
        "People tell each cluster the other's public number, by hand here; cloud link invite does it with a code. Only berlin's gateway leads a port inside.",
      ],
      [
        9,
        8,
        "So lagos says hello first. Each proves itself by a code, and by a number that it says back from where it is.",
      ],
      [13, 8, "cloud clusters at qure-1: lagos has two members. They are seen, and have no vote in berlin."],
      [16, 7, "qure-3 speaks for lagos. Its power is cut."],
      [
        17,
        10,
        "qure-4 takes the address over and speaks from it. Berlin hears that lagos has another list, and asks for it.",
      ],
      [25, 7, "One member is left in lagos. Drag the bar of time back, and cut another one."],
    ]),
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
      {
        atNs: 0,
        speed: 1,
        text: "This is the kernel's first routine. Change the text in a PRINTF line and press Build and boot: the assembler, the linker and the machines all run in this page.",
      },
    ],
    hasEditor: true,
  },
];
