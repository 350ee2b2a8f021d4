/**
 * The engine's answers that may be asked for again. An answer depends on nothing but the set of policies and what is
 * asked, and of the context only what the set reads is asked (cedarContext). So most calls of an agent repeat a question,
 * and Cedar takes longer to read one than to decide on it.
 */
import type { AuthorizationAnswer, StatefulAuthorizationCall } from "@cedar-policy/cedar-wasm/web";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Cedar } from "./cedar.ts";
import type { KeptSet } from "./policy-sets.ts";

/** How many answers are kept, and the longest question that is, in characters: together about 4 MB. */
const MOST_ANSWERS = 1_000;
const LONGEST_QUESTION = 4_000;

type Question = Omit<StatefulAuthorizationCall, "preparsedPolicySetId">;

export class PolicyAnswers {
  readonly #cedar: Cedar;
  readonly #answers = new BoundedMap<string, AuthorizationAnswer>(MOST_ANSWERS);

  constructor(cedar: Cedar) {
    this.#cedar = cedar;
  }

  /** Decides on a set. A question that could not be answered is asked again. */
  to({ name, reading }: KeptSet, question: Question): AuthorizationAnswer {
    const key = `${reading} ${JSON.stringify(question)}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#cedar.authorize({ ...question, preparsedPolicySetId: name });
    if (answer.type === "success" && key.length <= LONGEST_QUESTION) this.#answers.set(key, answer);
    return answer;
  }
}
