/** What the options of `qure build` say of product, keys and signature. */
import type { BuildOptions } from "../../build/build.ts";
import { nodeCrypto } from "../../host/signing-key.ts";
import { MOST_TRUSTED } from "../../image/key-list.ts";
import { hexOf, PRODUCT } from "../../image/signature.ts";
import { say, UsageError } from "../fail.ts";
import { signerIn, trustedKey } from "../key-files.ts";

interface Asked {
  readonly product?: string;
  readonly trust: readonly string[];
  readonly sign?: string;
  readonly floor?: string;
}

export type SigningOptions = Pick<BuildOptions, "product" | "trusted" | "signing">;

/** Throws a UsageError. */
export function revisionOf(text: string, option: string): number {
  const revision = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isInteger(revision) || revision > 0xffffffff)
    throw new UsageError(`${option} ${text}: not a number from 0 to 4294967295`);
  return revision;
}

/** Throws a UsageError. */
export function signingOf({ product, trust, sign, floor }: Asked, revision: number): SigningOptions {
  if (product !== undefined && !PRODUCT.test(product))
    throw new UsageError(`--product ${product}: 1 to 31 letters a to z, digits, dots and hyphens`);
  if (floor !== undefined && sign === undefined) throw new UsageError("--floor: give --sign too");
  const lowest = floor === undefined ? 0 : revisionOf(floor, "--floor");
  if (lowest > revision) throw new UsageError(`--floor ${floor}: higher than the revision, which is ${revision}`);
  if (trust.length > MOST_TRUSTED) throw new UsageError(`--trust: at most ${MOST_TRUSTED} keys`);
  const trusted = trust.map(trustedKey);
  const signer = sign === undefined ? null : signerIn(sign);
  if (signer && !trusted.some((key) => hexOf(key) === hexOf(signer.key)))
    say("note", `this kernel does not trust the key that signs it: --trust ${sign} has it install the next one`);
  return {
    ...(product === undefined ? {} : { product }),
    trusted,
    signing: signer && { floor: lowest, signer, sha512: nodeCrypto.sha512 },
  };
}
