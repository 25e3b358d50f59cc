/** Types of command.mjs, which benchmarks and proofs use too. */
import type { Command } from "commander";

export function workshopCommand(name: string, description: string, example: string): Command;
export function wholeNumber(least: number, most?: number): (text: string) => number;
export function positiveNumber(text: string): number;
export function listOf(): (text: string) => string[];
export function listOf<Value>(read: (text: string) => Value): (text: string) => Value[];
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word;
