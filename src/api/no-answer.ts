/** A call of a tool that the tool's server has not answered, as any door says it. */
import { NO_ANSWER, type Unanswered } from "../gateway/no-answer.ts";
import { WHO_FAILED } from "../gateway/who-failed.ts";
import { defined } from "../kernel/defined.ts";
import type { Refusal } from "../operations/answer/refusal.ts";

/** @param decision of the call; null: none was made. */
export const unansweredProblem = (
  { why, retryAfterSeconds }: Unanswered,
  decision: string | null,
): Refusal => ({
  ...NO_ANSWER[why],
  call: { who: WHO_FAILED[why], ...defined({ decision_id: decision ?? undefined }) },
  ...defined({ retryAfterSeconds }),
});
