/** Two agents of a workspace, and an identity provider whose audiences are bound to the first or the second. */
import { userIdOf } from "../../src/contract/user-id.ts";
import type { TestIdp } from "../support/test-idp.ts";
import { freshWorkspace, operator, type Registered } from "../support/worker-api.ts";
import { catalogOf, peers } from "./exchange.fixture.ts";

const api = operator();

export interface UserHome {
  readonly home: string;
  readonly workspace: string;
  readonly a: Registered;
  readonly b: Registered;
  readonly c: Registered;
  /** The id of the provider. */
  readonly provider: string;
  readonly userOf: (subject: string) => string;
  /** An ID token of `ada` for agent a, made now. */
  readonly idToken: (claims?: Readonly<Record<string, unknown>>) => Promise<string>;
}

/** `app-a` is bound to agent a, `app-b` to agent b. */
export async function userHome(idp: TestIdp, name = "okta"): Promise<UserHome> {
  const home = await freshWorkspace("users");
  await catalogOf(home);
  const { a, b, c } = await peers(home, ["a", "b", "c"]);
  const { id: workspace } = await api.showWorkspace(home);
  const provider = await addProvider(home, idp, name);
  return {
    home,
    workspace,
    a,
    b,
    c,
    provider,
    userOf: (subject) => userIdOf(workspace, idp.issuer, null, subject),
    idToken: (claims = {}) => idp.sign({ sub: "ada", aud: "app-a", ...claims }),
  };
}

/** @returns its id. */
export async function addProvider(
  workspace: string,
  idp: TestIdp,
  name: string,
  change: object = {},
): Promise<string> {
  const { status, body } = await api.call("POST", "/identity-providers", {
    body: {
      name,
      workspace,
      issuer: idp.issuer,
      audiences: [
        { audience: "app-a", agent: "a" },
        { audience: "app-b", agent: "b" },
      ],
      groups_claim: "groups",
      ...change,
    },
  });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return (body as { readonly id: string }).id;
}
