/**
 * The common part of `create` and `rotate`: a new operator token, which is shown once. When the answer with a token was
 * lost, the token exists and nobody has it (P12). It is replaced by another token, which revokes it, until an answer
 * arrives.
 */
import { Option, type Command } from "commander";
import type { OperatorRequest, Operators } from "../../../client/operators.ts";
import type { OperatorCreated } from "../../../contract/operator.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { reserveKeyFile, type KeyFile, type Kept } from "../../key-file.ts";
import { pointInTime } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { operatorFields } from "./view.ts";

export interface NewTokenOptions {
  readonly expires?: string;
  readonly tokenFile?: string;
  readonly force?: boolean;
}

const ATTEMPTS = 3;
const OPERATOR_TOKEN: Kept = {
  thing: "token",
  option: "--token-file",
  replace: (id) => `dome operators rotate ${id}`,
};

export const withNewTokenOptions = (session: Session, command: Command): Command =>
  command
    .option(
      "--expires <time>",
      "when it expires: a time, or a duration such as 30d (default: 90d, at most a year)",
      pointInTime(() => session.io.clock.now(), "ahead"),
    )
    .addOption(
      new Option(
        "--token-file <path>",
        "write the token to this new file (mode 0600) instead of printing it",
      ),
    )
    .addOption(new Option("--force", "replace the token file if it exists"));

/** @param said returns the line above the fields. */
export async function issue(
  session: Session,
  options: NewTokenOptions,
  request: OperatorRequest,
  said: (created: OperatorCreated) => string,
): Promise<void> {
  const { operators } = await session.controlPlane();
  const { tokenFile: path, expires } = options;
  const file =
    path === undefined
      ? null
      : await reserveKeyFile(session.io, path, options.force === true, OPERATOR_TOKEN);
  let created: OperatorCreated;
  let secret: string;
  try {
    ({ created, secret } = await seen(session, operators, { ...request, expires_at: expires }));
  } catch (fault) {
    await file?.abandon();
    throw fault;
  }
  await file?.write(secret, created.operator.id);
  const { output } = session;
  const shown = file === null ? secret : null;
  output.show({
    body: {
      ...created,
      operator_token: { ...created.operator_token, secret: shown },
      secret_shown: shown === null,
    },
    ids: [created.operator.id],
    text: () => `${said(created)}\n\n${operatorFields(output.style, created.operator)}`,
  });
  tell(session, created, secret, file);
}

/** The token with its secret: the first one, or the one that replaced it unseen. */
async function seen(
  session: Session,
  operators: Operators,
  request: OperatorRequest,
): Promise<{ readonly created: OperatorCreated; readonly secret: string }> {
  const first = await operators.create(request);
  let created = first;
  for (let attempt = 0; created.operator_token.secret === null && attempt < ATTEMPTS; attempt += 1) {
    const unseen = created.operator_token;
    created = await operators.create({ replaces: unseen.id, expires_at: unseen.expires_at });
    session.output.warn(
      `The answer with the token ${unseen.id} was lost. Nobody has seen that token; Dome has revoked it and replaced it by ${created.operator.id}.`,
    );
  }
  const { id, secret } = created.operator_token;
  if (secret !== null) return { created: { ...created, replaced: first.replaced }, secret };
  throw new CommandFailure(
    EXIT.failed,
    `the token ${id} was issued, but every answer with it was lost`,
    `dome operators rotate ${id}`,
  );
}

/**
 * Shows the token: on stdout for people; on stderr with `--quiet`. With `--json` the token is in the body, and with a
 * token file only there.
 */
function tell(session: Session, { operator }: OperatorCreated, secret: string, file: KeyFile | null): void {
  const { output, io } = session;
  if (file !== null) {
    output.note(`The token ${operator.id} is in ${file.path} (mode 0600). It is not shown again.`);
    return;
  }
  if (output.mode === "quiet") output.warn(clean(secret));
  if (output.mode !== "text") return;
  io.stdout.write(
    `\nOperator token ${operator.id}, valid until ${output.style.at(operator.expires_at)}, shown this once:\n\n  ${clean(secret)}\n\n` +
      "Give it to its holder over a channel you trust: `dome login` reads it from stdin or DOME_TOKEN. Dome keeps only a digest.\n",
  );
}
