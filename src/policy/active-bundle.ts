/** A bundle in force, from its row. */
import type { ActiveRow } from "./bundle-reads.ts";
import type { ActiveBundle, CompiledBundle, PolicyScope } from "./shape.ts";

/** @throws Error for a form that a newer version of Dome wrote: without its policies nothing may be decided. */
export function activeBundle({ bundle, scope, name, number, digest, compiled }: ActiveRow): ActiveBundle {
  return {
    scope: scopeOf(bundle, scope, name),
    version: number,
    digest,
    compiled: compiledBundle(bundle, compiled),
  };
}

/** @throws Error as above. */
export function compiledBundle(bundle: string, json: string): CompiledBundle {
  const parsed = JSON.parse(json) as CompiledBundle;
  if ((parsed.format as number) === 1) return parsed;
  throw new Error(`the policies of ${bundle} have a form that this version does not read`);
}

function scopeOf(id: string, scope: PolicyScope["kind"], name: string | null): PolicyScope {
  switch (scope) {
    case "organization":
      return { kind: scope };
    case "tier":
      return { kind: scope, name: name ?? "" };
    case "workspace":
    case "agent":
      return { kind: scope, id };
  }
}
