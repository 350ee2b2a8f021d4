/** What a version of a bundle changes, policy by policy. */
import type { CompiledBundle, CompiledPolicy } from "./shape.ts";

interface BundleDiff {
  readonly added: readonly CompiledPolicy[];
  readonly removed: readonly CompiledPolicy[];
  /** Policies of one `@id` whose text differs. */
  readonly changed: readonly { readonly before: CompiledPolicy; readonly after: CompiledPolicy }[];
}

/** @param from null: there was no version before. */
export function diffBundles(from: CompiledBundle | null, to: CompiledBundle): BundleDiff {
  const before = new Map((from?.policies ?? []).map((policy) => [policy.id, policy]));
  const after = new Map(to.policies.map((policy) => [policy.id, policy]));
  return {
    added: to.policies.filter(({ id }) => !before.has(id)),
    removed: [...before.values()].filter(({ id }) => !after.has(id)),
    changed: to.policies.flatMap((policy) => {
      const old = before.get(policy.id);
      return old === undefined || old.text === policy.text ? [] : [{ before: old, after: policy }];
    }),
  };
}
