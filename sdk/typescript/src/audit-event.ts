/** One audit event as it is sent, and what the service says became of it: docs/events.md. */
import { members, Mismatch, text, textOrNull, type Decoder } from "./decode.ts";
import { ConfigurationError } from "./errors.ts";

/** What an event belongs to, and what it is about. */
export interface Links {
  /** A decision that the agent took part in. */
  readonly decisionId?: string | null | undefined;
  /** The transaction of a decision. */
  readonly txn?: string | null | undefined;
  /** `Dome-Request-Id` of an answer. */
  readonly call?: string | null | undefined;
  /** At most one of `tool`, `model` and `integration`: what it was about, as a check names it. */
  readonly tool?: string | undefined;
  /** See `tool`. */
  readonly model?: string | undefined;
  /** See `tool`. */
  readonly integration?: string | undefined;
  /** For people, up to 2,000 characters. */
  readonly detail?: string | undefined;
}

export interface Outcome {
  readonly id: string | null;
  readonly outcome: string;
  readonly detail: string | null;
}

/** Per kind: the members of `data` that the event itself must have. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  "sdk.decision": ["decision", "reason"],
  "sdk.error": ["error"],
  "sdk.signal": ["signal"],
};
const CUSTOM = "sdk.custom.";
const CUSTOM_NAME = /^[a-z_]+(?:\.[a-z_]+)*$/;
const LONGEST_KIND = 64;
/** Bytes of one event as JSON. */
export const LARGEST_EVENT = 8_192;

/**
 * @returns the event as JSON.
 * @throws ConfigurationError when the service would refuse it.
 */
export function reportOf(
  id: string,
  time: string,
  kind: string,
  data: Readonly<Record<string, unknown>>,
  links: Links,
): string {
  const own = Object.hasOwn(OWN, kind) ? OWN[kind] : undefined;
  const full = own !== undefined || kind.startsWith(CUSTOM) ? kind : `${CUSTOM}${kind}`;
  if (own === undefined && (full.length > LONGEST_KIND || !CUSTOM_NAME.test(full.slice(CUSTOM.length))))
    throw new ConfigurationError("the kind of an event is words of a to z and _, with dots between");
  const missing = own?.find((member) => typeof data[member] !== "string");
  if (missing !== undefined) throw new ConfigurationError(`an event ${kind} needs ${missing} in its data`);
  const rest = Object.entries(data).filter(([member]) => own?.includes(member) !== true);
  const event = {
    event_id: id,
    kind: full,
    time,
    ...Object.fromEntries((own ?? []).map((member) => [member, data[member]])),
    ...linksOf(links),
    ...(rest.length === 0 ? {} : { data: Object.fromEntries(rest) }),
  };
  let json: string;
  try {
    json = JSON.stringify(event);
  } catch {
    throw new ConfigurationError("the data of an event cannot be written as JSON");
  }
  if (new TextEncoder().encode(json).length > LARGEST_EVENT)
    throw new ConfigurationError(`an event has at most ${LARGEST_EVENT} bytes of JSON`);
  return json;
}

function linksOf({ decisionId, txn, call, ...about }: Links): object {
  const links = { decision_id: decisionId, txn, call, ...about };
  return Object.fromEntries(
    Object.entries(links).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** @param count of the events that were sent: there is one outcome for each. */
export const readReport =
  (count: number): Decoder<readonly Outcome[]> =>
  (value) => {
    const { items } = members(value);
    if (!Array.isArray(items) || items.length !== count)
      throw new Mismatch("items: is not one outcome for each event");
    return items.map((item) => {
      const each = members(item, "items");
      return {
        id: textOrNull(each, "event_id"),
        outcome: text(each, "outcome"),
        detail: textOrNull(each, "detail"),
      };
    });
  };
