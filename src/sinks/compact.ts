import { isObject, type Json, type JsonObject } from '../base/json.ts';

/** An object under construction: what is not there is undefined. */
export type Sparse = { readonly [name: string]: Json | Sparse | undefined };

/** The object without members that are undefined, and without objects and lists that have nothing left in them. */
export const compact = (object: Sparse): JsonObject =>
  Object.fromEntries(
    Object.entries(object)
      .map(([name, value]): [string, Json | undefined] => [name, isSparse(value) ? compact(value) : value])
      .filter((member): member is [string, Json] => !isEmpty(member[1])),
  );

const isSparse = (value: Json | Sparse | undefined): value is Sparse => isObject(value);

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);
