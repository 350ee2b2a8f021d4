/**
 * Public keys whose private half can be computed from published data. If a provider signs with such a key, anybody
 * can sign, so the key is refused (ID-2). Pure, and cheap enough for every key of a document.
 */
import { toHex } from "../kernel/bytes.ts";

/** The odd primes up to 167, which the ROCA fingerprint uses. */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const;
/** FIPS 186-5 §5.4: 2^16 < e < 2^256, odd. */
const LEAST_EXPONENT = 65_537n;
const MOST_EXPONENT_BITS = 256;
/** Steps of Fermat's method; primes that are this close were not drawn independently (CVE-2022-26320). */
const FERMAT_STEPS = 16;

/** @param n the modulus, big-endian. @param e the public exponent, big-endian. */
export function isWeakRsa(n: Uint8Array, e: Uint8Array): boolean {
  const exponent = integerOf(e);
  if (exponent < LEAST_EXPONENT || exponent % 2n === 0n || exponent >> BigInt(MOST_EXPONENT_BITS) > 0n)
    return true;
  const modulus = integerOf(n);
  if (modulus % 2n === 0n) return true;
  const residues = PRIMES.map((prime) => Number(modulus % BigInt(prime)));
  return residues.includes(0) || isRoca(residues) || hasCloseFactors(modulus);
}

/**
 * ROCA (CVE-2017-15361): the library drew primes of the form k·M + (65537^a mod M). So its moduli are a power of
 * 65537 modulo each small prime. Nemec, Sys, Svenda, Klinec, Matyas: "The Return of Coppersmith's Attack", CCS
 * 2017, §2.2. Any other modulus passes this test once in 2^27.
 */
const isRoca = (residues: readonly number[]): boolean =>
  PRIMES.every((prime, index) => powersOf65537(prime).has(residues[index] ?? 0));

const powers = new Map<number, ReadonlySet<number>>();

/** Kept by prime: at most as many as there are primes above. */
function powersOf65537(prime: number): ReadonlySet<number> {
  const known = powers.get(prime);
  if (known !== undefined) return known;
  const found = new Set<number>();
  for (let power = 1; !found.has(power); power = (power * 65_537) % prime) found.add(power);
  powers.set(prime, found);
  return found;
}

/** Fermat: n = a² − b² with a little above the root. A square is the first step. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = squareRoot(modulus);
  let a = root * root === modulus ? root : root + 1n;
  for (let step = 0; step < FERMAT_STEPS; step += 1, a += 1n) {
    if (isSquare(a * a - modulus)) return true;
  }
  return false;
}

function isSquare(value: bigint): boolean {
  // Most numbers are not a square modulo these, which saves the root of a large number.
  if (![0, 1, 4, 9].includes(Number(value & 15n))) return false;
  const root = squareRoot(value);
  return root * root === value;
}

/** Newton's method from above: the largest integer whose square is not more than `value`. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2) + 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

const integerOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`));

/**
 * Ed25519 points of small order, as encoded, without the sign: under such a key anybody can make up a signature
 * (RFC 8032 §5.1.7 does not check for them). Also those whose coordinate is not reduced.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);

/** @param point the public key, 32 bytes, little-endian with the sign in the top bit. */
export function isWeakEd25519(point: Uint8Array): boolean {
  const unsigned = point.map((byte, index) => (index === 31 ? byte & 0x7f : byte));
  return SMALL_ORDER.has(toHex(unsigned));
}
