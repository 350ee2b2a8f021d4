/**
 * The committed form of a record, which is hashed: each personal member is replaced by `{"sha256": SHA-256(salt ‖
 * path ‖ 0x00 ‖ value)}`, where the value of a list is its canonical JSON. A member that is replaced already stays as it is. So replacing the members in the ledger
 * and deleting the salt erases the personal data and leaves every hash valid. Each record has its own salt; without
 * the salt nobody can find the value by guessing.
 */
import type { PersonalPath, StoredRecord } from "../contract/audit.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { canonical } from "../kernel/canonical.ts";

export const SALT_BYTES = 32;
const END_OF_PATH = new Uint8Array([0]);

type Personal = NonNullable<StoredRecord["operator"]>["subject"];

/** True when a personal member is in clear text, so that the record needs a salt. */
export function isPersonal({ operator, user, request }: StoredRecord): boolean {
  return (
    typeof operator?.subject === "string" ||
    typeof user?.subject === "string" ||
    typeof user?.email === "string" ||
    Array.isArray(user?.groups) ||
    typeof request?.ip === "string" ||
    typeof request?.user_agent === "string"
  );
}

/**
 * The form that is hashed. The record itself is not changed.
 * @param salt `null` only when no personal member is in clear text.
 * @throws Error when a clear personal member has no salt.
 */
export function committed(record: StoredRecord, salt: Uint8Array | null): StoredRecord {
  if (!isPersonal(record)) return record;
  if (salt === null) throw new Error("personal data cannot be committed without a salt");
  const digest = (path: PersonalPath, text: string) => ({
    sha256: toHex(sha256Sync(salt, utf8(path), END_OF_PATH, utf8(text))),
  });
  const hidden = (path: PersonalPath, value: Personal): Personal =>
    typeof value === "string" ? digest(path, value) : value;
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
  if (Array.isArray(form.user?.groups)) {
    form.user = { ...form.user, groups: digest("user.groups", canonical(form.user.groups)) };
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

/** The record without its personal data. The caller deletes the salt together with the clear record. */
export function erase(record: StoredRecord, salt: Uint8Array | null): StoredRecord {
  return committed(record, salt);
}
