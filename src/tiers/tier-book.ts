/**
 * The tiers as an isolate has last read them, under a lease of `org`. Every call reads them, if they have changed,
 * before it looks at them. Before the first read there is no tier, and everything is denied (P1).
 */
import type { Tier } from "../contract/tier.ts";
import type { Tiers } from "./limits.ts";

export class TierBook implements Tiers {
  #version = -1;
  #tiers: Tiers = new Map();

  /** Whether the tiers were read under this configuration epoch of `org`. */
  isAsOf(version: number): boolean {
    return this.#version === version;
  }

  /** Keeps what was read under a configuration epoch of `org`. */
  put(version: number, tiers: Tiers): void {
    this.#version = version;
    this.#tiers = tiers;
  }

  get(name: string): Tier | undefined {
    return this.#tiers.get(name);
  }

  has(name: string): boolean {
    return this.#tiers.has(name);
  }

  keys(): Iterable<string> {
    return this.#tiers.keys();
  }

  values(): Iterable<Tier> {
    return this.#tiers.values();
  }
}
