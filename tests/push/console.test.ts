/** A push over the console of a machine that has no network, and what may go wrong with it there. */
import { expect, test } from "vitest";
import { sha256 } from "../../src/bytes/sha256.ts";
import { type ConsoleAsk, ConsolePush } from "../../src/cloud/console-push.ts";
import type { PushOutcome } from "../../src/cloud/pushes.ts";
import type { LabNode } from "../../src/index.ts";
import { packetHex } from "../../src/wire/hex.ts";
import { keptForAll } from "../setup/cache.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { spreadSample } from "../setup/tier.ts";
import { diskWith } from "../system/disk-with.ts";
import { boot, isoOf } from "../system/images.ts";
import { output } from "../system/output.ts";
import { digestOf, httpNamed, treeWithChange } from "./scene.ts";

/** A kernel that knows no network card. */
const withoutCards = (): Promise<Uint8Array> =>
  keptForAll("ISO that knows no network card", () =>
    isoOf(treeWithChange("asm/cards/e1000.s", "0x100E << 16", "0x100D << 16")),
  );

/** Lines at which a push is cut. */
const CUTS = { count: 5, firstSeed: 1 };

type Line = (typed: string) => string;

/** A machine without a network, and a host at its console. */
class Alone {
  readonly node: LabNode;
  readonly #advance: (time: string) => Promise<void>;
  readonly #nowMs: () => number;

  static async boot(): Promise<Alone> {
    const lab = boot({ nodes: [{ cdrom: await withoutCards(), disk: diskWith(new Map()), bootOrder: "d" }] });
    const alone = new Alone(
      lab.nodes[0]!,
      async (time) => void (await lab.advance(time)),
      () => lab.nowNs / 1e6,
    );
    await alone.started();
    return alone;
  }

  constructor(node: LabNode, advance: (time: string) => Promise<void>, nowMs: () => number) {
    this.node = node;
    this.#advance = advance;
    this.#nowMs = nowMs;
  }

  async started(): Promise<void> {
    await this.node.waitFor(/there is no network card\n[^\n]*> $/, { within: "30s" });
    await this.#advance("3s");
  }

  /** Asks at the console, over a line that may change or lose what is typed. */
  async ask(asked: ConsoleAsk, line: Line = (typed) => typed): Promise<PushOutcome> {
    let seen = this.node.console.text.length;
    const push = new ConsolePush(asked, (typed) => {
      this.node.send(Uint8Array.from(line(typed), (sign) => sign.charCodeAt(0)));
    });
    while (!push.outcome) {
      await this.#advance("20ms");
      const { text } = this.node.console;
      push.heard(text.slice(seen), this.#nowMs());
      seen = text.length;
      push.tick(this.#nowMs());
    }
    return push.outcome;
  }

  push(content: Uint8Array, line?: Line): Promise<PushOutcome> {
    return this.ask({ verb: "push", name: "http", content, keeps: false }, line);
  }

  /** The word with which the web server begins its page, and what is pushed. */
  async state(): Promise<string> {
    const page = await output(this.node, "wget http://127.0.0.1/status");
    const looked = await this.ask({ verb: "look" });
    const modules = looked.result === "done" ? looked.modules : [];
    return [/^(\S+) \S+\naddress/m.exec(page)?.[1] ?? page, ...modules.map(({ digest }) => digest)].join(" ");
  }

  async reboot(): Promise<void> {
    this.node.powerOff();
    this.node.powerOn();
    await this.started();
  }
}

test("a machine without a network takes a module at its console", async () => {
  const alone = await Alone.boot();
  const content = httpNamed("titled");
  const done = { result: "done", modules: [{ name: "http", digest: digestOf(content), sizeBytes: content.length }] };
  let lines = 0;
  // A sign is another one, a line is lost, one comes twice, and one has something before it.
  const noisy: Line = (typed) => {
    lines++;
    return lines === 3
      ? typed.replace("A", "B")
      : lines === 5
        ? ""
        : lines === 8
          ? typed + typed
          : lines === 11
            ? `x${typed}`
            : typed;
  };
  expect(await alone.push(content, noisy)).toMatchObject(done);
  expect(await alone.state()).toBe(`titled ${digestOf(content)}`);
});

thoroughly(
  "it is there after a start, until it is undone; one that is cut at any line, or is not what was announced, leaves all as it was",
  async () => {
    const alone = await Alone.boot();
    const content = httpNamed("titled");
    expect(await alone.push(content)).toMatchObject({ result: "done" });
    await alone.reboot();
    expect(await alone.state()).toBe(`titled ${digestOf(content)}`);
    expect(await alone.ask({ verb: "undo", name: "http" })).toMatchObject({ result: "done", modules: [] });
    expect(await alone.ask({ verb: "undo", name: "http" })).toMatchObject({ why: "nothing of this name was pushed" });
    expect(await alone.state()).toBe("name");
    const lines = Math.ceil(content.length / 712) + 1;
    for (const cut of spreadSample(
      Array.from({ length: lines - 1 }, (_, index) => index + 1),
      CUTS,
    )) {
      let said = 0;
      const outcome = alone.push(content, (typed) => (typed !== "\x03" && said++ >= cut ? typed.slice(0, 100) : typed));
      expect(await outcome, `cut at line ${cut}`).toMatchObject({ result: "no answer" });
    }
    expect(await alone.state()).toBe("name");
    const digest = packetHex(sha256(content), 0, 32).replace(/^./, (sign) => (sign === "0" ? "1" : "0"));
    const wrong = (typed: string): string => typed.replace(/[0-9a-f]{64}/, digest);
    expect(await alone.push(content, wrong)).toEqual({
      result: "failed",
      why: "its content is not what was announced",
    });
    expect(await alone.ask({ verb: "push", name: "nobody", content, keeps: true })).toMatchObject({
      why: "no service of the kernel has this name (service list)",
    });
    const usage = /^usage: module .*\n$/;
    const sum = "0".repeat(64);
    for (const words of ["", "http", "http 0", `http 0 ${sum}`, `http 1048577 ${sum}`, `http 9x ${sum}`, `_ 9 ${sum}`])
      expect(await output(alone.node, `module push ${words}`), words).toMatch(usage);
    for (const words of [`${sum}0`, sum.slice(1), `g${sum.slice(1)}`, `${sum} keeps`, `${sum} keep keep`, "''"])
      expect(await output(alone.node, `module push http 9 ${words}`), words).toMatch(usage);
    expect(await output(alone.node, `module push abcdefghijklm 9 ${sum}`)).toMatch(usage);
    // Nobody types: it ends by itself, and by Ctrl-C at once.
    expect(await output(alone.node, `module push http 9 ${sum}`)).toContain("the rest did not come for ten seconds");
    alone.node.type(`module push http 9 ${sum}\n`);
    await alone.node.waitFor(/of 9 bytes/);
    alone.node.type("\x03");
    await alone.node.waitFor(/it was stopped\n/, { within: "1s" });
    expect(await alone.state()).toBe("name");
    expect(await output(alone.node, "ls /net/modules; mem check")).toMatch(/^[^\n]*all headers agree/);
  },
);
