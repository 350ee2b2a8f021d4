/** Resources for properties: few names and parts, so that they often meet. */
import * as fc from "fast-check";
import type { Resource } from "../../../src/contract/resource.ts";

const name = fc.constantFrom("a", "b", "a-b");

export const resource: fc.Arbitrary<Resource> = fc.oneof(
  fc.record({
    kind: fc.constant("tool" as const),
    name,
    part: fc.constantFrom(null, "x", "x.y", "GET /x", "GET /x/{id}", "GET /x/%20"),
  }),
  fc.record({ kind: fc.constant("pool" as const), name, part: fc.constantFrom(null, "x", "m:latest") }),
  fc.record({ kind: fc.constant("integration" as const), name, part: fc.constant(null) }),
);
