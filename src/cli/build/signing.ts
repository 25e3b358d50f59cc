/** What the spec and the options of `qure build` say of product, keys and signature. */
import { relative, resolve } from "node:path";
import type { BuildOptions } from "../../build/build.ts";
import { nodeCrypto } from "../../host/signing-key.ts";
import { MOST_TRUSTED } from "../../image/key-list.ts";
import { hexOf } from "../../image/signature.ts";
import type { Spec } from "../../spec/schema.ts";
import { KERNEL_REVISION } from "../../version.ts";
import { CommandError, say, UsageError } from "../fail.ts";
import { signerIn, trustedKey } from "../key-files.ts";

interface Asked {
  readonly trust: readonly string[];
  readonly sign?: string;
}

export type SigningOptions = Pick<BuildOptions, "product" | "trusted" | "signing">;

/** Throws a UsageError. */
export function revisionOf(text: string, option: string): number {
  const revision = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isInteger(revision) || revision > 0xffffffff)
    throw new UsageError(`${option} ${text}: not a number from 0 to 4294967295`);
  return revision;
}

/** Throws a UsageError or a CommandError. `root`: what the files that the spec names are relative to. */
export function signingOf({ trust, sign }: Asked, { signing, revision }: Spec, root: string): SigningOptions {
  const { product, floor } = signing;
  const next = revision ?? KERNEL_REVISION;
  if (sign !== undefined && floor > next)
    throw new CommandError(`signing.floor is ${floor}: higher than the revision, which is ${next}`);
  const said = signing.trust.map((text) => (isDigits(text) ? text : relative(process.cwd(), resolve(root, text))));
  if (said.length + trust.length > MOST_TRUSTED)
    throw new UsageError(`--trust: at most ${MOST_TRUSTED} keys, with those of signing.trust`);
  const trusted = [...said, ...trust].map(trustedKey);
  const signer = sign === undefined ? null : signerIn(sign);
  if (signer && !trusted.some((key) => hexOf(key) === hexOf(signer.key)))
    say("note", `this kernel does not trust the key that signs it: --trust ${sign} has it install the next one`);
  return {
    ...(product === null ? {} : { product }),
    trusted,
    signing: signer && { floor, signer, sha512: nodeCrypto.sha512 },
  };
}

const isDigits = (text: string): boolean => /^[\da-f]{64}$/i.test(text);
