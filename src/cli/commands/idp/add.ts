/** `dome idp add`: adds an identity provider, which then decides which users agents act for. */
import { Option, type Command } from "commander";
import { SIGNATURES, SUBJECT_CLAIMS } from "../../../contract/id-token.ts";
import { defined } from "../../../kernel/defined.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { collect, wholeNumber, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellProvider } from "./view.ts";

interface AddOptions {
  readonly workspace?: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly audienceScope: "agent" | "workspace";
  readonly azp?: readonly string[];
  readonly algorithm?: readonly Algorithm[];
  readonly subjectClaim?: (typeof SUBJECT_CLAIMS)[number];
  readonly emailClaim?: string;
  readonly groupsClaim?: string;
  readonly tenant?: string;
  readonly maxAge?: number;
  readonly maxAuthAge?: number;
  readonly acr?: readonly string[];
  readonly description?: string;
}

type Algorithm = (typeof SIGNATURES)[number];

export const addCommand = (session: Session): Command =>
  verb({
    name: "add",
    summary: "Add an identity provider, so that agents may act for its users",
    description:
      "Add an identity provider, so that agents may act for its users. Each audience is the client id of an application at the " +
      "provider; only the agent after = may present tokens for that application.",
    examples: [
      "dome idp add okta --issuer https://acme.okta.com --audience 0oa1b2c3=support-triage",
      "dome idp add portal --issuer https://login.example.com --audience portal --audience-scope workspace",
    ],
  })
    .argument("<name>", "its name, unique in the workspace")
    .addOption(workspaceOption())
    .requiredOption("--issuer <url>", "its issuer, exactly as its tokens have it")
    .requiredOption(
      "--audience <audience=agent>",
      "a client id at the provider, and the agent that presents its tokens; repeat for more",
      collect,
    )
    .addOption(
      new Option(
        "--audience-scope <scope>",
        "workspace: an audience without an agent is open to all agents of the workspace",
      )
        .choices(["agent", "workspace"])
        .default("agent"),
    )
    .option("--azp <client>", "an authorized party that is accepted beside the audiences; repeat", collect)
    .addOption(
      new Option("--algorithm <name>", `how it signs; repeat (default: ${SIGNATURES.join(", ")})`).argParser(
        collectAlgorithm,
      ),
    )
    .addOption(
      new Option("--subject-claim <claim>", "the claim that identifies the user (default: sub)").choices(
        SUBJECT_CLAIMS,
      ),
    )
    .option("--email-claim <claim>", "the claim with the e-mail address (default: email)")
    .option("--groups-claim <claim>", "the claim with the user's groups (default: none)")
    .option("--tenant <id>", "only users of this tenant (tid); stands for {tenantid} in the issuer")
    .option("--max-age <seconds>", "how old a token may be when it is presented (default: 600)", wholeNumber)
    .option("--max-auth-age <seconds>", "how long ago the user may have logged in", wholeNumber)
    .option(
      "--acr <value>",
      "how the user must have logged in (acr); repeat for others that do, too",
      collect,
    )
    .option("--description <text>", "what it is for")
    .action((name: string, options: AddOptions) => add(session, name, options));

async function add(session: Session, name: string, options: AddOptions): Promise<void> {
  const audiences = options.audience.map((text) => audienceOf(text, options.audienceScope));
  const service = await session.controlPlane();
  const provider = await service.identityProviders.add({
    name,
    workspace: options.workspace,
    description: options.description ?? null,
    issuer: options.issuer,
    audiences,
    audience_scope: options.audienceScope,
    authorized_parties: [...(options.azp ?? [])],
    groups_claim: options.groupsClaim ?? null,
    tenant: options.tenant ?? null,
    acr_values: [...(options.acr ?? [])],
    ...defined({
      algorithms: options.algorithm && [...options.algorithm],
      subject_claim: options.subjectClaim,
      email_claim: options.emailClaim,
      max_age_seconds: options.maxAge,
      max_auth_age_seconds: options.maxAuthAge,
    }),
  });
  tellProvider(session, provider);
}

/** The agent is after the last `=`: a client id may contain one, the name of an agent never does. */
function audienceOf(text: string, scope: AddOptions["audienceScope"]) {
  const at = text.lastIndexOf("=");
  if (at > 0 && at < text.length - 1) return { audience: text.slice(0, at), agent: text.slice(at + 1) };
  if (at === -1 && text !== "" && scope === "workspace") return { audience: text, agent: null };
  throw usage(
    "each audience needs an agent",
    "--audience CLIENT_ID=AGENT, or --audience-scope workspace to open it to all agents",
  );
}

function collectAlgorithm(value: string, previous: readonly Algorithm[] | undefined): Algorithm[] {
  const known = SIGNATURES.find((each) => each === value);
  if (known === undefined) throw usage(`${value} is not an algorithm for ID tokens`, SIGNATURES.join(", "));
  return [...(previous ?? []), known];
}
