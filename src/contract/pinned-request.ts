/** How an operation of an HTTP tool is called, as its pinned definition says (`definition.request`). */
import { z } from "zod";

const textForm = {
  form: z.enum(["value", "list", "object", "json"]),
  style: z.enum(["simple", "form", "spaceDelimited", "pipeDelimited", "deepObject"]),
  explode: z.boolean(),
};
const forms = z.record(z.string(), z.object(textForm));

export const pinnedRequest = z.object({
  method: z.string(),
  path: z.string(),
  refused: z.string().optional(),
  parameters: z.array(z.object({ in: z.enum(["path", "query", "header"]), name: z.string(), ...textForm })),
  body: z
    .object({
      types: z.record(z.string(), z.enum(["json", "form", "parts", "stream"])),
      fields: forms,
      parts: forms,
    })
    .nullable(),
});
export type PinnedRequest = z.output<typeof pinnedRequest>;
