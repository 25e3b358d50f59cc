/** What a build puts into the kernel and beside it so that kernels can be trusted: docs/formats/signature.md. */
import { assert } from "../diagnostic/invariant.ts";
import { MOST_TRUSTED } from "../image/key-list.ts";
import {
  KEY_BYTES,
  makeSignature,
  PRODUCT,
  PRODUCT_BYTES,
  type SignatureCrypto,
  type Signer,
  type Versions,
} from "../image/signature.ts";

/** The source that verifies signatures: a kernel without it has no list of keys. */
export const SIGNATURE_READER = "asm/kernel/signature.s";

export interface Signing {
  readonly floor: number;
  readonly signer: Signer;
  readonly sha512: SignatureCrypto["sha512"];
}

/** Product and trusted keys as data of the kernel. */
export function trustSource(product: string, trusted: readonly Uint8Array[]): string {
  assert(PRODUCT.test(product), "a product has a name that no signature can have");
  assert(
    trusted.length <= MOST_TRUSTED && trusted.every((key) => key.length === KEY_BYTES),
    "the kernel cannot hold these keys",
  );
  const bytes = (key: Uint8Array): string => `    .byte   ${[...key].join(", ")}\n`;
  return `.section .rodata
.balign 4
.global kernel_product
kernel_product:
    .ascii  "${product}"
    .space  ${PRODUCT_BYTES - product.length}
.global kernel_keys
kernel_keys:
    .long   ${trusted.length}
${trusted.map(bytes).join("")}    .space  ${(MOST_TRUSTED - trusted.length) * KEY_BYTES}
`;
}

/** Where the sources say their versions; 0 in those of a system that has none. */
const WIRE = { path: "asm/include/cluster.inc", own: "CLOUD_VERSION_VALUE", oldest: "CLOUD_VERSION_OLDEST" };
const DISK = { path: "asm/include/oofs.inc", own: "OOFS_VERSION", oldest: "OOFS_VERSION_OLDEST" };

/** The signature of a kernel image. `read` gives the sources that it was made of. */
export function signImage(
  image: Uint8Array,
  { product, revision, signing }: { product: string; revision: number; signing: Signing },
  read: (path: string) => Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  const versions = ({ path, own, oldest }: typeof WIRE): Versions => {
    const text = new TextDecoder().decode(read(path) ?? new Uint8Array(0));
    const value = (name: string): number | null => {
      const found = new RegExp(`^${name}\\s*=\\s*(\\d+)`, "m").exec(text)?.[1];
      return found === undefined ? null : Number(found);
    };
    const ownVersion = value(own) ?? 0;
    return { oldest: value(oldest) ?? ownVersion, own: ownVersion };
  };
  const terms = { product, revision, floor: signing.floor, wire: versions(WIRE), disk: versions(DISK) };
  return makeSignature(image, terms, signing.signer, signing);
}
