/** Any value JSON can express. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Keys come from outside and may be anything, `__proto__` included: read with {@link own}. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether `value` is a plain JSON object (not null, not an array). */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The own property `key` of `object`, or undefined. Never reads the prototype chain: keys are hostile input. */
export const own = (object: JsonObject, key: string): Json | undefined => {
  // Most names that are asked for are not there, and that is told sooner by the value.
  const value = object[key];
  return value !== undefined && Object.hasOwn(object, key) ? value : undefined;
};

/**
 * Text that is equal for JSON values of equal content: object keys sorted by code unit, no white space.
 * Used for identities (hashes), so its output must never change between releases.
 */
export const canonicalJson = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
};
