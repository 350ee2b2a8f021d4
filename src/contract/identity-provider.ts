/** Identity providers: the issuers whose ID tokens a workspace accepts, and the agents that may present them. */
import { z } from "zod";
import { SIGNATURES, SUBJECT_CLAIMS } from "./id-token.ts";
import { id, list, name, page, proseLine, time, version } from "./words.ts";

const algorithm = z.enum(SIGNATURES);

const issuer = z
  .string()
  .max(512)
  .regex(/^https?:\/\/[\w.~!$&'()*+,;=:%/{}[\]-]+$/, "must be the issuer's URL, without query or fragment")
  .meta({
    description:
      "as the provider's tokens have it, byte for byte; `{tenantid}` in it stands for `tenant` (Entra)",
    example: "https://login.example.com",
  });
/** RFC 6749 appendix A.1: visible ASCII and spaces. */
const clientId = z.string().regex(/^[\x20-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters");
const audience = clientId.meta({
  description: "the client id of an application at the provider",
  example: "support-app",
});
const claim = z.string().regex(/^[\w.:/-]{1,128}$/, "must be the name of a claim");

const idpAudienceInput = z.strictObject({
  audience,
  agent: z.string().min(1).max(63).nullable().default(null).meta({
    description:
      "id or name: only this agent may present tokens for the audience; null: any agent, with audience_scope `workspace`",
  }),
});

export const identityProviderCreate = z
  .strictObject({
    name,
    workspace: name.optional().meta({ description: "default: the token's only workspace, else `default`" }),
    description: proseLine(1000).nullable().default(null),
    issuer,
    audiences: z.array(idpAudienceInput).min(1).max(50),
    audience_scope: z.enum(["agent", "workspace"]).default("agent").meta({
      description:
        "`workspace`: every agent of the workspace may present tokens for audiences without an agent",
    }),
    authorized_parties: z
      .array(clientId)
      .max(20)
      .default([])
      .meta({ description: "values of `azp` that are accepted beside the bound audiences" }),
    algorithms: z
      .array(algorithm)
      .min(1)
      .default([...SIGNATURES]),
    subject_claim: z
      .enum(SUBJECT_CLAIMS, "must be sub or oid: a claim that can change hands identifies nobody")
      .default("sub")
      .meta({ description: "which claim identifies the user; oid together with `tid` (Entra)" }),
    email_claim: claim.default("email"),
    groups_claim: claim.nullable().default(null),
    tenant: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, "must be the id of a tenant")
      .nullable()
      .default(null)
      .meta({ description: "compared with the claim `tid`" }),
    max_age_seconds: z
      .int()
      .min(30)
      .max(3600)
      .default(600)
      .meta({ description: "the longest time since `iat` when the token is presented" }),
    acr_values: z.array(clientId).max(20).default([]).meta({
      description: "how the user must have signed in: one of these values in `acr`; empty: not checked",
    }),
    max_auth_age_seconds: z
      .int()
      .min(30)
      .max(31_536_000)
      .nullable()
      .default(null)
      .meta({ description: "the longest time since `auth_time`; null: not checked" }),
  })
  .meta({ id: "IdentityProviderCreate" });
export type IdentityProviderCreate = z.output<typeof identityProviderCreate>;

export const identityProvider = z
  .strictObject({
    id: id("idp"),
    name,
    workspace_id: id("wsp"),
    description: z.string().nullable(),
    issuer: z.string(),
    test: z.boolean().meta({
      description:
        "its users are made up: they are accepted only while `npm start -- --test-users` offers them",
    }),
    audiences: z.array(
      z.strictObject({
        audience: z.string(),
        agent: id("agt").nullable(),
        agent_name: z.string().nullable(),
      }),
    ),
    audience_scope: z.enum(["agent", "workspace"]),
    authorized_parties: z.array(z.string()),
    algorithms: z.array(z.string()),
    subject_claim: z.string(),
    email_claim: z.string(),
    groups_claim: z.string().nullable(),
    tenant: z.string().nullable(),
    max_age_seconds: z.int(),
    max_auth_age_seconds: z.int().nullable(),
    acr_values: z.array(z.string()),
    created_at: time,
    version,
  })
  .meta({ id: "IdentityProvider" });
export type IdentityProviderView = z.output<typeof identityProvider>;

export const identityProviderList = list(identityProvider).meta({ id: "IdentityProviderList" });
export const identityProviderQuery = z.strictObject({ ...page, workspace: name.optional() });

export const identityProviderRemoved = z
  .strictObject({ name, removed: z.literal(true) })
  .meta({ id: "IdentityProviderRemoved" });
export type IdentityProviderRemoved = z.output<typeof identityProviderRemoved>;

export const identityProviderTestRequest = z
  .strictObject({
    token: z
      .string()
      .max(16_384)
      .optional()
      .meta({ description: "an ID token of the provider; neither stored nor shown" }),
    agent: z.string().min(1).max(63).optional().meta({
      description: "id or name of an agent: the verdict for this agent; default: for each bound agent",
    }),
  })
  .meta({ id: "IdentityProviderTestRequest" });
export type IdentityProviderTestRequest = z.output<typeof identityProviderTestRequest>;

/** The provider's current documents, and the result of verifying a token. */
export const identityProviderTest = z
  .strictObject({
    name,
    issuer: z.string(),
    ok: z.boolean().meta({
      description: "true: the documents were read, at least one key is usable, and no verdict is negative",
    }),
    discovery: z.strictObject({
      url: z.string(),
      ok: z.boolean(),
      detail: z.string().meta({ description: "`ok`, or a word for the fault" }),
    }),
    keys: z.strictObject({
      url: z.string().nullable(),
      ok: z.boolean(),
      detail: z.string(),
      usable: z.array(z.strictObject({ kid: z.string().nullable(), algorithms: z.array(z.string()) })),
      ignored: z.int().meta({ description: "keys in the document that Dome cannot use" }),
    }),
    verdicts: z
      .array(
        z.strictObject({
          agent: id("agt").nullable().meta({ description: "null: any agent of the workspace" }),
          agent_name: z.string().nullable(),
          ok: z.boolean(),
          detail: z.string().meta({
            description:
              "`ok`; `groups_overage`: the token is good, but the user has too many groups for it, so none is known; " +
              "else why it is refused",
          }),
          audience: z.string().nullable(),
          user: z.string().nullable().meta({ description: "the id that Dome gives the user here" }),
        }),
      )
      .meta({ description: "empty without a token" }),
  })
  .meta({ id: "IdentityProviderTest" });
export type IdentityProviderTest = z.output<typeof identityProviderTest>;
