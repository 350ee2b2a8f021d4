/**
 * What of a record is hashed: its committed form, in which each personal member is replaced by
 * `{"sha256": SHA-256(salt ‖ path ‖ 0x00 ‖ value)}`. A member that is already replaced stays as it is; so replacing
 * the members in the ledger and dropping the salt erases the person and leaves every hash valid.
 * Each record has a salt of its own: without it a digest cannot be turned back by guessing.
 */
import type { PersonalPath, StoredRecord } from "../contract/audit.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { canonical } from "./canonical.ts";

export const SALT_BYTES = 32;
const END_OF_PATH = new Uint8Array([0]);

type Personal = NonNullable<StoredRecord["operator"]>["subject"];

/** True when a personal member stands in clear text: then the record needs a salt. */
export function isPersonal({ operator, user, request }: StoredRecord): boolean {
  return (
    typeof operator?.subject === "string" ||
    typeof user?.subject === "string" ||
    typeof user?.email === "string" ||
    typeof request?.ip === "string" ||
    typeof request?.user_agent === "string"
  );
}

/**
 * The form that is hashed. The record itself is left as it is.
 * @param salt `null` only when nothing personal stands in clear text.
 * @throws Error when a clear personal member has no salt.
 */
export function committed(record: StoredRecord, salt: Uint8Array | null): StoredRecord {
  if (!isPersonal(record)) return record;
  if (salt === null) throw new Error("personal data cannot be committed without a salt");
  const hidden = (path: PersonalPath, value: Personal): Personal =>
    typeof value === "string"
      ? { sha256: toHex(sha256Sync(salt, utf8(path), END_OF_PATH, utf8(value))) }
      : value;
  const form: StoredRecord = { ...record };
  if (form.operator !== undefined) {
    form.operator = { ...form.operator, subject: hidden("operator.subject", form.operator.subject) };
  }
  if (form.user?.subject !== undefined) {
    form.user = { ...form.user, subject: hidden("user.subject", form.user.subject) };
  }
  if (form.user?.email !== undefined) {
    form.user = { ...form.user, email: hidden("user.email", form.user.email) };
  }
  if (form.request?.ip !== undefined) {
    form.request = { ...form.request, ip: hidden("request.ip", form.request.ip) };
  }
  if (form.request?.user_agent !== undefined) {
    form.request = { ...form.request, user_agent: hidden("request.user_agent", form.request.user_agent) };
  }
  return form;
}

/** The bytes of the committed form. */
export const committedBytes = (record: StoredRecord, salt: Uint8Array | null): Uint8Array<ArrayBuffer> =>
  utf8(canonical(committed(record, salt)));

/** The record without its personal data. The caller drops the salt together with the clear record. */
export function erase(record: StoredRecord, salt: Uint8Array | null): StoredRecord {
  return committed(record, salt);
}
