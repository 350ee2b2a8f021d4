/** Bodies that are larger than any buffer: made as they are sent, and the same each time. */
import { createHash } from "node:crypto";

const PART = 65_536;

/** So many bytes, in parts, no two of which are the same. */
export function* generated(size: number): Generator<Buffer> {
  for (let from = 0; from < size; from += PART) {
    const part = Buffer.alloc(Math.min(PART, size - from), `${from} bytes are behind. `);
    yield part;
  }
}

/** SHA-256, in hexadecimal. */
export function digestOf(size: number): string {
  const hash = createHash("sha256");
  for (const part of generated(size)) hash.update(part);
  return hash.digest("hex");
}
