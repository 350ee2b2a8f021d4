/** The outcome of a configuration change as an owner object answers it. */
import { err, ok } from "../kernel/result.ts";
import type { Configured } from "../operations/owners.ts";
import type { ConfigurationOutcome } from "./configuration.ts";

export function configured(outcome: ConfigurationOutcome): Configured {
  switch (outcome.kind) {
    case "applied":
      return ok({ kind: "done" });
    case "refused":
      return err({ kind: "rule", rule: outcome.rule });
    case "unsettled":
      return err({ kind: "unsettled" });
  }
}
