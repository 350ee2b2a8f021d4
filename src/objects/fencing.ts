/**
 * The two ways to block a batch whose outcome is unknown: the owner's fence, and a claim while there is no owner yet.
 */
import { guardFence, moveFence, readFence, type FencedOwner } from "../storage/fence.ts";
import { guardClaim, releaseClaim, type Claim } from "../storage/idempotency.ts";
import type { Fencing } from "./configuration.ts";

/** @param moved called with the fence after it was moved. */
export const ownerFencing = (owner: FencedOwner, fence: number, moved: (fence: number) => void): Fencing => ({
  guard: (db) => guardFence(db, owner, fence),
  advance: (db) => moveFence(db, owner, fence),
  landed: async (db, change) => {
    const row = await readFence(db, owner);
    if (row === undefined) throw new Error(`the registry does not have ${owner.id}`);
    moved(row.fence);
    return row.lastChange === change;
  },
});

/**
 * An object that is being created has no row to fence yet; the claim of its request replaces it. Releasing the claim
 * blocks a late batch: the guard requires exactly this claim, and a new claim under the same key has another target.
 */
export const creationFencing = (owner: FencedOwner, claim: Claim): Fencing => ({
  guard: (db) => guardClaim(db, claim),
  advance: (db) => releaseClaim(db, claim),
  landed: async (db, change) => (await readFence(db, owner))?.lastChange === change,
});
