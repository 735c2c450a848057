/**
 * Whether a stored alert is no `resolved` one, as SQL. PostgreSQL reads no JSON with an escaped NUL in it, or nested too
 * deeply for its stack, and an alert may hold such an event: its own first members say it, and only where they do not is the
 * whole of it read.
 */
export const IS_FIRING = {
  sqlite: "json ->> '$.status' = 'firing'",
  postgres: `CASE WHEN json ~ '^\\{"id":"[^"]*","kind":"[a-z]+","status":"[a-z]+"[,}]'
    THEN json ~ '^\\{"id":"[^"]*","kind":"[a-z]+","status":"firing"' ELSE json::json ->> 'status' = 'firing' END`,
};
