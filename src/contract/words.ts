/**
 * The small words of the wire: ids, names, times, lists. Every other schema is built from these.
 * Members are snake_case; unknown members are refused everywhere, so that a misspelt limit is never a silent one.
 */
import { z } from "zod";
import { idPattern, type Id, type IdPrefix } from "../kernel/ids.ts";

/** An id of one kind: its prefix, `_`, 26 lower-case ULID characters. */
export const id = <P extends IdPrefix>(prefix: P): z.ZodType<Id<P>> =>
  idText(prefix) as unknown as z.ZodType<Id<P>>;

/** The same, for an id that is only compared as text. */
export const idText = (prefix: IdPrefix): z.ZodString =>
  z
    .string()
    .regex(idPattern(prefix), `must be an id of the form ${prefix}_ and 26 lower-case ULID characters`)
    .meta({ example: `${prefix}_01k9v3m8q2x7n5r4t6w0y1z2a3` });

/** A name, as a part of a larger expression. */
export const NAME_PATTERN = "[a-z0-9][a-z0-9-]{0,62}";
const NAME = new RegExp(`^${NAME_PATTERN}$`);

/** A name: lower-case letters, digits and hyphens, 1 to 63 characters (it fits a DNS label). */
export const name = z
  .string()
  .regex(NAME, "must be 1 to 63 lower-case letters, digits or hyphens, and start with a letter or digit");

/** Names that agents may not have, because paths and commands use them. */
const RESERVED_AGENT_NAMES: readonly string[] = ["self", "org", "default"];

export const agentName = name.refine((text) => !RESERVED_AGENT_NAMES.includes(text), {
  message: `must not be one of the reserved names ${RESERVED_AGENT_NAMES.join(", ")}`,
});

/** True when `text` is a well-formed name. */
export const isName = (text: string): boolean => NAME.test(text);

/** Raised by every change; shown in `ETag` and compared by `If-Match`. */
export const version = z.int().min(1).meta({ description: "raised by every change: `ETag`, `If-Match`" });

/** RFC 3339 in UTC. */
export const time = z.iso.datetime({ precision: 3 }).meta({ example: "2026-11-23T09:00:00.000Z" });

/** Years have four digits in UTC: RFC 3339 cannot express any other year in the answer. */
const FIRST_TIME = Date.parse("1970-01-01T00:00:00Z");
const LAST_TIME = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * A time in a request: RFC 3339, any precision, any offset. An offset may move it past the end of the year 9999,
 * which no answer could express (RFC 3339 §1). Times before 1970 are refused, because nothing happened here before.
 */
export const timeInput = z.iso.datetime({ offset: true }).refine(
  (text) => {
    const at = Date.parse(text);
    return Number.isNaN(at) || (at >= FIRST_TIME && at <= LAST_TIME); // what is no time is said above
  },
  { message: "must be between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z" },
);

const NO_CONTROLS = /^[^\p{Cc}]*$/u;
const NO_CONTROLS_MESSAGE = "must not contain control characters";

/** A line that is compared byte for byte with the text of another system, and therefore stored unchanged. */
export const line = (max: number): z.ZodString =>
  z.string().min(1).max(max).regex(NO_CONTROLS, NO_CONTROLS_MESSAGE);

/**
 * A line for people. It is normalized (NFC), so that texts that look the same are the same, and its length is that
 * of the normalized text.
 */
const composed = (max: number) =>
  z.string().normalize("NFC").min(1).max(max).regex(NO_CONTROLS, NO_CONTROLS_MESSAGE);

/**
 * Invisible characters: format and direction characters, fillers, tags (Unicode: Cf, Zl, Zp,
 * Default_Ignorable_Code_Point).
 */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}\p{DI}]/u;
const UNSEEN_MESSAGE = "must not contain characters that nobody sees, or that turn the direction of others";

/** A line that names or describes somebody. It has no invisible characters, so that it is what it looks like. */
export const plainLine = (max: number) =>
  composed(max)
    .refine((text) => !UNSEEN.test(text), { message: UNSEEN_MESSAGE })
    .refine((text) => text.trim() === text, { message: "must not begin or end with a space" });

/** Emoji as Unicode lists them, joiners, variation selectors and tags included (UTS #51). */
const EMOJI = /\p{RGI_Emoji}/gv;
/** Joiners where a script uses them: within words, where they change the shape (RFC 5892 appendix A.1, A.2). */
const JOINED_SCRIPT =
  "[\\p{scx=Arab}\\p{scx=Beng}\\p{scx=Deva}\\p{scx=Gujr}\\p{scx=Guru}\\p{scx=Khmr}\\p{scx=Knda}\\p{scx=Mlym}" +
  "\\p{scx=Mong}\\p{scx=Mymr}\\p{scx=Orya}\\p{scx=Sinh}\\p{scx=Syrc}\\p{scx=Taml}\\p{scx=Telu}]";
const JOINER = new RegExp(`(?<=${JOINED_SCRIPT})[\\u200c\\u200d](?=${JOINED_SCRIPT})`, "gu");

/** A line of free text: a description or a reason. As `plainLine`, plus the joiners that scripts and emoji need. */
export const proseLine = (max: number) =>
  composed(max)
    .refine((text) => !UNSEEN.test(text.replace(EMOJI, "").replace(JOINER, "")), { message: UNSEEN_MESSAGE })
    .refine((text) => text === "" || text.trim() !== "", { message: "must not be blank" });

/**
 * The identity of a person or job on the control plane: the subject of an operator token, the owner of an agent. It
 * is both compared and read by people, so each has exactly one spelling: compatibility forms are folded (NFKC), and
 * letters are lower case. The result may use only an alphabet without invisible characters and without letters that
 * look like those of another script.
 */
export const principal = z
  .string()
  .normalize("NFKC")
  .toLowerCase()
  .min(1)
  .max(320)
  .regex(
    /^[a-z0-9][a-z0-9._@+:/-]*$/,
    "must be letters and digits of ASCII, and . _ @ + : / -, such as an e-mail address; it begins with a letter or digit",
  );

const LABEL_KEY = "[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?";
const labelValue = z
  .string()
  .max(128)
  .regex(NO_CONTROLS, NO_CONTROLS_MESSAGE)
  .refine((text) => !UNSEEN.test(text), { message: UNSEEN_MESSAGE });

export const labels = z
  .record(z.string().regex(new RegExp(`^${LABEL_KEY}$`), "must be a label key"), labelValue)
  .refine((map) => Object.keys(map).length <= 32, { message: "must have at most 32 labels" });

/** In a query: all workspaces that the token can see, instead of one. */
export const allWorkspaces = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .optional()
  .meta({ description: "`true`: in every workspace that the token may see; not together with `workspace`" });

/** One label in a query, `key=value`; the value may be empty. */
export const labelFilter = z
  .string()
  .regex(new RegExp(`^${LABEL_KEY}=[^\\p{Cc}]{0,128}$`, "u"), "must be a label: key=value")
  .refine((text) => !UNSEEN.test(text), { message: UNSEEN_MESSAGE });

/** A whole number in a query, in its one spelling: no sign, exponent, fraction or leading zero. */
export const countInput = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}, in digits`;
  return z.preprocess(
    (value) => (typeof value === "string" && /^(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value),
    z.int(message).min(least, message).max(most, message),
  );
};

/** The envelope of every list: `next_cursor` is null on the last page. */
export const list = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() });

/** The parameters of every list. */
export const page = {
  limit: countInput(1, 200).default(50),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,512}$/, "must be the next_cursor of the page before")
    .optional()
    .meta({ description: "`next_cursor` of the previous page; omitted for the first page" }),
};
