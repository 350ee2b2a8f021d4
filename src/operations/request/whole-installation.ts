import { err, ok, type Result } from "../../kernel/result.ts";
import type { Refusal } from "../answer/refusal.ts";
import type { OperatorRequest } from "./ports.ts";

/** Refuses a token that is bound to some workspaces, for what belongs to no workspace. */
export const wholeInstallation = ({ operator }: Pick<OperatorRequest, "operator">): Result<void, Refusal> =>
  operator.workspaces === null
    ? ok(undefined)
    : err({
        code: "forbidden",
        detail: "This command affects all workspaces. Use a token for all workspaces.",
      });
