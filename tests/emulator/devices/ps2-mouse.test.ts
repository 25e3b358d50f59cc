/** The mouse at its plug: what it tells of motion, buttons and wheel. How it answers commands: keyboard-cases.ts. */
import { describe, expect, test } from "vitest";
import { Ps2Mouse } from "../../../emulator/devices/input/ps2-mouse.ts";

const SAMPLES = 0xf3;
const ENABLE = 0xf4;
const POLL = 0xeb;
const REMOTE = 0xf0;
const STATUS = 0xe9;

function taken(mouse: Ps2Mouse): number[] {
  const bytes: number[] = [];
  while (mouse.hasByte) bytes.push(mouse.takeByte());
  return bytes;
}

/** A mouse that has taken these bytes; its answers are forgotten. */
function told(...bytes: number[]): Ps2Mouse {
  const mouse = new Ps2Mouse();
  mouse.reset();
  for (const byte of bytes) {
    mouse.receive(byte);
    taken(mouse);
  }
  return mouse;
}

const knock = (...rates: number[]): number[] => rates.flatMap((rate) => [SAMPLES, rate]);

describe("a mouse", () => {
  test("tells motion as it is: to the right and upwards are positive", () => {
    const mouse = told(ENABLE);
    mouse.move(5, 3);
    expect(taken(mouse)).toEqual([0x28, 5, 0xfd]);
    mouse.move(-1, -127);
    expect(taken(mouse)).toEqual([0x18, 0xff, 127]);
  });

  test("tells each change of the buttons, and none that is none", () => {
    const mouse = told(ENABLE);
    for (const buttons of [1, 5, 5, 2, 0]) mouse.hold(buttons);
    expect(taken(mouse)).toEqual([9, 0, 0, 13, 0, 0, 10, 0, 0, 8, 0, 0]);
    mouse.hold(1);
    taken(mouse);
    mouse.receive(STATUS);
    expect(taken(mouse).slice(0, 2)).toEqual([0xfa, 0x24]);
  });

  test("is silent until it is enabled, and forgets what happened before", () => {
    const mouse = told();
    mouse.move(50, 50);
    mouse.receive(ENABLE);
    expect(taken(mouse)).toEqual([0xfa]);
  });

  test("tells of fast motion in several packets, all of it", () => {
    const mouse = told(ENABLE);
    mouse.move(1000, -300);
    const bytes = taken(mouse);
    expect(bytes.length % 3).toBe(0);
    const sum = (at: number): number => bytes.reduce((all, byte, index) => all + (index % 3 === at ? byte : 0), 0);
    expect([sum(1), sum(2)]).toEqual([1000, 300]);
  });

  test("does not grow while nobody takes its bytes", () => {
    const mouse = told(ENABLE);
    for (let step = 0; step < 100_000; step++) mouse.move(1000, 1000, 1);
    expect(taken(mouse).length).toBeLessThan(1000);
  });

  test("has a wheel for drivers that knock, and five buttons for those that knock in another way", () => {
    const plain = told(ENABLE);
    plain.move(0, 0, 1);
    expect(taken(plain)).toEqual([]);
    const wheel = told(...knock(200, 100, 80), ENABLE);
    wheel.move(1, 0, -1);
    expect(taken(wheel)).toEqual([8, 1, 0, 0xff]);
    const five = told(...knock(200, 200, 80), ENABLE);
    five.hold(0x18);
    five.move(0, 0, 2);
    expect(taken(five)).toEqual([8, 0, 0, 0x30, 8, 0, 0, 0x32]);
  });

  test("tells only when it is asked in remote mode", () => {
    const mouse = told(REMOTE);
    mouse.move(7, 0);
    expect(taken(mouse)).toEqual([]);
    mouse.receive(POLL);
    expect(taken(mouse)).toEqual([0xfa, 8, 7, 0]);
  });

  test("a command ends what it was telling", () => {
    const mouse = told(ENABLE);
    mouse.move(5, 0);
    mouse.takeByte();
    mouse.receive(0xf2);
    expect(taken(mouse)).toEqual([0xfa, 0]);
  });
});
