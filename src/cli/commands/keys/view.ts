/** The text forms of keys, and the one place where a new key is shown. */
import { Option } from "commander";
import type { ApiKey, ListedApiKey } from "../../../contract/key.ts";
import type { KeyFile } from "../../key-file.ts";
import { clean, type Style } from "../../output.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import type { SeenKey } from "../../unseen-key.ts";

export const newKeyFileOption = (): Option =>
  new Option("--key-file <path>", "write the key to this new file (mode 0600) instead of printing it");

export const forceOption = (): Option => new Option("--force", "replace the key file if it exists");

/**
 * Shows the key after the result: on stdout for people; on stderr with `--quiet`, where stdout has only ids. With
 * `--json` the key is in the body, and with a key file only there.
 */
export function tellKey(session: Session, key: SeenKey, file: KeyFile | null): void {
  const { output, io } = session;
  if (file !== null) {
    output.note(`The API key ${key.id} is in ${file.path} (mode 0600). It is not shown again.`);
    return;
  }
  if (output.mode === "quiet") output.warn(clean(key.secret));
  if (output.mode !== "text") return;
  const until = key.expires_at === null ? "" : `, valid until ${output.style.at(key.expires_at)}`;
  io.stdout.write(
    `\nAPI key ${key.id}${until}, shown this once:\n\n  ${clean(key.secret)}\n\n` +
      "Keep it where the agent's process finds it: as DOME_AGENT_KEY, or as the SDK's token. Dome keeps only a digest.\n",
  );
}

export const keyTable = (style: Style, keys: readonly ApiKey[]): string =>
  table(
    style,
    ["ID", "STATE", "LAST 4", "CREATED", "EXPIRES", "LAST USED"],
    keys.map((key) => [
      key.id,
      key.state,
      key.last4,
      style.ago(key.created_at),
      style.ago(key.expires_at),
      style.ago(key.last_used_at),
    ]),
  );

/** Keys of many agents; the first column is the agent. */
export const listedKeyTable = (style: Style, keys: readonly ListedApiKey[]): string =>
  table(
    style,
    ["AGENT", "KEY", "STATE", "CREATED", "EXPIRES", "LAST USED", "WORKSPACE"],
    keys.map((key) => [
      key.agent_name,
      key.id,
      listedState(key),
      style.ago(key.created_at),
      style.ago(key.expires_at),
      style.ago(key.last_used_at),
      key.workspace,
    ]),
  );

export const wideListedKeyTable = (style: Style, keys: readonly ListedApiKey[]): string =>
  table(
    style,
    [
      "AGENT",
      "AGENT STATE",
      "STEWARD",
      "KEY",
      "LAST 4",
      "STATE",
      "CREATED",
      "EXPIRES",
      "REVOKED",
      "LAST USED",
      "WORKSPACE",
    ],
    keys.map((key) => [
      key.agent_name,
      key.agent_state,
      key.steward,
      key.id,
      key.last4,
      key.state,
      style.ago(key.created_at),
      style.ago(key.expires_at),
      style.ago(key.revoked_at),
      style.ago(key.last_used_at),
      key.workspace,
    ]),
  );

/** A live key of a revoked agent is useless. */
const listedState = ({ state, agent_state: agent }: ListedApiKey): string =>
  state === "live" && agent === "revoked" ? "live, agent revoked" : state;
