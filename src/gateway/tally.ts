/** The size and the digest of bytes, as outcomes record them. */
import { toHex } from "../kernel/bytes.ts";
import { runningSha256 } from "../kernel/digest.ts";

export interface Tallied {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Of bytes that come in pieces. */
export class Tally {
  readonly #hash = runningSha256();
  #tallied: Tallied | null = null;
  bytes = 0;

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.#hash.update(piece);
  }

  /** Ends it. */
  end(): Tallied {
    return (this.#tallied ??= { bytes: this.bytes, sha256: toHex(this.#hash.digest()) });
  }
}

export function tallied(bytes: Uint8Array): Tallied {
  const tally = new Tally();
  tally.add(bytes);
  return tally.end();
}
