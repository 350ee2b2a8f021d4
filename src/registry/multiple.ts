/** `multipleOf` on decimal numbers as written: 0.3 is a multiple of 0.1, although their doubles are not. */
import type { Steps } from "./steps.ts";

/**
 * @param divisor greater than 0.
 * @param steps the budget, spent by the number of digits. When it is used up, the result is false.
 */
export function divides(divisor: number, value: number, steps: Steps): boolean {
  const [mine, mineExponent] = decimalOf(divisor);
  const [other, otherExponent] = decimalOf(value);
  if (!steps.spend(Math.abs(mineExponent - otherExponent))) return false;
  const least = Math.min(mineExponent, otherExponent);
  // The exponent of a double is at most 308, so the numbers have a few hundred digits at most.
  const scaled = (digits: bigint, exponent: number): bigint => digits * 10n ** BigInt(exponent - least);
  return scaled(other, otherExponent) % scaled(mine, mineExponent) === 0n;
}

function decimalOf(value: number): readonly [digits: bigint, exponent: number] {
  const [coefficient = "0", exponent = "0"] = String(Math.abs(value)).split("e");
  const [whole = "0", fraction = ""] = coefficient.split(".");
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}
