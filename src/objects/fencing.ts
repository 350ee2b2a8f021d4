/** The two ways to keep out a batch whose outcome is unknown: by the owner's fence, and, before there is one, by a claim. */
import { guardFence, moveFence, readFence, type FencedOwner } from "../storage/fence.ts";
import { guardClaim, releaseClaim, type Claim } from "../storage/idempotency.ts";
import type { Fencing } from "./configuration.ts";

/** @param moved is told where the fence stands after it was moved. */
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
 * What is being created has no row to fence yet; the claim of its request stands in. Dropping the claim is what keeps
 * a late batch out: the guard wants this very claim, and one made anew under the same key has another target.
 */
export const creationFencing = (owner: FencedOwner, claim: Claim): Fencing => ({
  guard: (db) => guardClaim(db, claim),
  advance: (db) => releaseClaim(db, claim),
  landed: async (db, change) => (await readFence(db, owner))?.lastChange === change,
});
