/** Settings of a thing as one table: each with its form in a request, in a creation, and in an answer. */
import type { z } from "zod";

interface Setting<Asked extends z.ZodType, Shown extends z.ZodType> {
  /** The form in a request. */
  readonly asked: Asked;
  /** The form in a creation: members that are left out get default values. */
  readonly initial: z.ZodDefault<Asked>;
  /** The form in an answer. */
  readonly shown: Shown;
}

export const setting = <Asked extends z.ZodType, Shown extends z.ZodType>(
  asked: Asked,
  initial: z.ZodDefault<Asked>,
  shown: Shown,
): Setting<Asked, Shown> => ({ asked, initial, shown });

type Form = keyof Setting<z.ZodType, z.ZodType>;
type Table = Readonly<Record<string, Setting<z.ZodType, z.ZodType>>>;

/** The schema of each setting of a table, as the members of an object. */
export const membersIn = <T extends Table, F extends Form>(
  table: T,
  form: F,
): { -readonly [M in keyof T]: T[M][F] } =>
  Object.fromEntries(Object.entries(table).map(([member, forms]) => [member, forms[form]])) as {
    -readonly [M in keyof T]: T[M][F];
  };
