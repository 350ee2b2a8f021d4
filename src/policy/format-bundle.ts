/** Formats the text of a bundle as Cedar's own formatter does; comments stay where they are. */
import { err, ok, type Result } from "../kernel/result.ts";
import { canonicalText } from "./bundle-digest.ts";
import type { Cedar } from "./cedar.ts";
import { faultOfCedar } from "./cedar-fault.ts";
import type { PolicyFault } from "./shape.ts";
import { splitPolicies } from "./split-policies.ts";

export function formatBundle(cedar: Cedar, text: string): Result<string, readonly PolicyFault[]> {
  const split = splitPolicies(text);
  if (!split.ok) return split;
  if (split.value.length === 0) return ok(canonicalText(text));
  const formatted = cedar.format(text);
  if (formatted.type === "success") return ok(canonicalText(formatted.formatted_policy));
  return err(formatted.errors.map((error) => faultOfCedar({ id: null, text, line: 1, column: 1 }, error)));
}
