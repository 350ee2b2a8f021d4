/** What an agent declares and does not use, as a narrower surface and as policies. */
import { z } from "zod";
import { surface } from "./agent.ts";
import { id, name, timeInput } from "./words.ts";

/** The query of `GET /api/v1/agents/{agent}/suggestion`. */
export const suggestionQuery = z.strictObject({
  workspace: name.optional(),
  since: timeInput
    .optional()
    .meta({ description: "what was not used on this day or later counts as unused; default: 30 days ago" }),
});
export type SuggestionQuery = z.output<typeof suggestionQuery>;

const suggestedItem = z.strictObject({
  kind: z.enum(["tool", "pool", "integration"]),
  name: z.string(),
  declared_on: z.iso.date().nullable().meta({ description: "uses are known from this day on" }),
  last_used_on: z.iso.date().nullable(),
});
export type SuggestedItem = z.output<typeof suggestedItem>;

export const policySuggestion = z
  .strictObject({
    agent: id("agt"),
    name,
    workspace: name,
    since: z.iso.date(),
    known_from: z.iso
      .date()
      .nullable()
      .meta({ description: "the first day from which on uses of a declared item are known; null: of none" }),
    unused: z.array(suggestedItem).meta({ description: "declared by then, and not used since" }),
    young: z.array(suggestedItem).meta({
      description:
        "not used, and declared later than `since`, or before uses were kept: nothing is suggested",
    }),
    surface: surface.meta({ description: "without what is unused" }),
    command: z
      .string()
      .nullable()
      .meta({ description: "makes the surface narrower; null: nothing is unused" }),
    policy: z.string().nullable().meta({
      description: "policies of the agent that forbid what is unused; null: nothing of it is in the catalog",
    }),
    would_deny: z.array(suggestedItem).meta({
      description: "what the suggestion denies although it was used since: none, or it is no suggestion",
    }),
  })
  .meta({ id: "PolicySuggestion" });
export type PolicySuggestion = z.output<typeof policySuggestion>;
