/** Turns a schema of the contract into a decoder of answers. */
import type { z } from "zod";
import { Mismatch, type Decoder } from "../../sdk/typescript/src/decode.ts";
import { schemaWords } from "../contract/schema-words.ts";

/**
 * Parses the body of a success by the schema.
 * @throws Mismatch when the body does not match the contract.
 */
export const bySchema =
  <T>(schema: z.ZodType<T>): Decoder<T> =>
  (body) => {
    const first = schema.safeParse(body, { error: schemaWords });
    if (first.success) return first.data;
    const second = schema.safeParse(withoutNews(body, first.error), { error: schemaWords });
    if (second.success) return second.data;
    const [issue] = second.error.issues;
    throw new Mismatch(
      `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "is not in the contract"}`,
    );
  };

/**
 * The contract refuses unknown members, which is right for requests. In an answer, unknown members come from a later
 * version of the service: they are dropped, so that an older client works with a newer service.
 */
function withoutNews(body: unknown, error: z.ZodError): unknown {
  const known: unknown = structuredClone(body);
  for (const issue of error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    let holder: unknown = known;
    for (const step of issue.path) holder = isRecord(holder) ? holder[String(step)] : undefined;
    if (isRecord(holder)) for (const key of issue.keys) delete holder[key];
  }
  return known;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
