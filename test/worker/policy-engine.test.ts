import { describe, expect, it } from "vitest";
import { cedarModule } from "../../src/cedar-module.ts";
import { Cedar } from "../../src/policy/cedar.ts";
import { AT_THE_BOUNDS } from "../support/policy-bounds.ts";

const cedar = new Cedar(cedarModule);
const uid = (id: string) => ({ type: "Dome::Agent", id });
const ASKED = { principal: uid("a"), action: { type: "Dome::Action", id: "x" }, resource: uid("b") };

describe("the engine in a Worker", () => {
  it.each(AT_THE_BOUNDS)("survives a policy at the bounds: %s", (_what, text) => {
    cedar.policyJson(text);
    cedar.format(text);
    cedar.keep("bounds", { p: text });
    cedar.authorize({ ...ASKED, context: {}, entities: [], preparsedPolicySetId: "bounds" });
    cedar.validate({}, { p: text });
    expect(cedar.isBroken).toBe(false);
  });
});
