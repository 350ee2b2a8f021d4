/** Days in UTC, counted from 1970-01-01. */

export const DAY_MS = 86_400_000;

/** @param at in milliseconds since the epoch. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** `2026-11-29` */
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

export const dateOrNull = (day: number | null): string | null => (day === null ? null : dateOf(day));
