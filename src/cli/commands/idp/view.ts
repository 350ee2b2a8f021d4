/** The text forms of identity providers. */
import type { IdentityProviderView } from "../../../contract/identity-provider.ts";
import { fields, several, type Cell } from "../../output.ts";
import type { Session } from "../../session.ts";

/** `support-app → support-triage, portal → any agent` */
export const audiencesOf = ({ audiences }: IdentityProviderView): Cell =>
  several(
    audiences.map(
      ({ audience, agent, agent_name: name }) =>
        `${audience} → ${agent === null ? "any agent" : (name ?? agent)}`,
    ),
  );

/** A test provider is marked in every list, because its users have not signed in. */
export const issuerOf = ({ issuer, test }: IdentityProviderView): string =>
  test ? `${issuer} (test)` : issuer;

export function tellProvider(session: Session, provider: IdentityProviderView): void {
  const { output } = session;
  output.show({
    body: provider,
    ids: [provider.id],
    text: () =>
      fields(output.style, [
        ["name", provider.name],
        ["issuer", issuerOf(provider)],
        ["audiences", audiencesOf(provider)],
        ["audience scope", provider.audience_scope],
        ["other azp", several(provider.authorized_parties)],
        ["algorithms", several(provider.algorithms)],
        ["claims", claimsOf(provider)],
        ["tenant", provider.tenant],
        ["max age", `${provider.max_age_seconds} s`],
        [
          "max auth age",
          provider.max_auth_age_seconds === null ? null : `${provider.max_auth_age_seconds} s`,
        ],
        ["acr", several(provider.acr_values)],
        ["description", provider.description],
        ["created", output.style.at(provider.created_at)],
        ["id", provider.id],
      ]),
  });
}

const claimsOf = (provider: IdentityProviderView): string =>
  [
    `subject ${provider.subject_claim}`,
    `email ${provider.email_claim}`,
    ...(provider.groups_claim === null ? [] : [`groups ${provider.groups_claim}`]),
  ].join(", ");
