/** Levels of `notifications/message` (RFC 5424 §6.2.1), and which a client has asked for. */
const LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] as const;

export type LogLevel = (typeof LEVELS)[number];

export const logLevelOf = (value: unknown): LogLevel | null =>
  LEVELS.find((level) => level === value) ?? null;

/** @param least null: the client has not asked for messages, so it gets none (2026-07-28, "Logging"). */
export const isWanted = (level: unknown, least: LogLevel | null): boolean => {
  const known = logLevelOf(level);
  return least !== null && known !== null && LEVELS.indexOf(known) >= LEVELS.indexOf(least);
};
