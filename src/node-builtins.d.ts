/**
 * The parts of Node's library that the Worker uses, because WebCrypto has no hash and no MAC without a promise, and no CRC.
 * workerd provides them (`nodejs_compat`). Declared by hand so that Node's globals (`process`, `Buffer`, …) stay out
 * of the Worker's types.
 */
declare module "node:crypto" {
  interface Hash {
    update(data: Uint8Array): this;
    digest(): Uint8Array<ArrayBuffer>;
  }
  export function createHash(algorithm: "sha256"): Hash;
  export function createHmac(algorithm: "sha256", key: Uint8Array): Hash;
}

declare module "node:zlib" {
  /** CRC-32 (IEEE) as an unsigned integer; `value` continues an earlier sum. */
  export function crc32(data: Uint8Array | string, value?: number): number;
}
