import { describe, expect, it } from "vitest";
import { Cedar } from "../../../src/policy/cedar.ts";
import { splitPolicies } from "../../../src/policy/split-policies.ts";
import { testCedar } from "../../support/cedar-module.ts";
import { AT_THE_BOUNDS } from "../../support/policy-bounds.ts";

const OPEN = "permit(principal, action, resource);";
const uid = (id: string) => ({ type: "Dome::Agent", id });
const ASKED = { principal: uid("a"), action: { type: "Dome::Action", id: "x" }, resource: uid("b") };

describe("the engine", () => {
  it("is not made before it is asked, because an installation without policies must pay nothing", () => {
    let made = 0;
    const cedar = new Cedar(() => {
      made += 1;
      throw new Error("not here");
    });
    expect([cedar.isLoaded, cedar.isBroken, made]).toEqual([false, false, 0]);
  });

  it("answers a failure, and is not asked again, once it cannot be made (P9)", () => {
    let asked = 0;
    const unmade = new Cedar(() => {
      asked += 1;
      throw new Error("not here");
    });
    expect(unmade.policyJson(OPEN)).toMatchObject({ type: "failure" });
    expect(unmade.isBroken).toBe(true);
    expect(unmade.policyJson(OPEN)).toMatchObject({ type: "failure" });
    expect(asked).toBe(1);
  });

  it.each(AT_THE_BOUNDS)("survives a policy at the bounds: %s", (_what, text) => {
    const cedar = testCedar();
    expect(splitPolicies(text).ok).toBe(true);
    cedar.policyJson(text);
    cedar.format(text);
    cedar.keep("bounds", { p: text });
    cedar.authorize({ ...ASKED, context: {}, entities: [], preparsedPolicySetId: "bounds" });
    cedar.validate({}, { p: text });
    expect(cedar.isBroken).toBe(false);
    expect(cedar.policyJson(OPEN)).toMatchObject({ type: "success" });
  });
});
